"""Turn latency: from the last voiced sample sent to the first voiced sample received.

Both moments come from the energy of what was really sent and received, on one clock, so that no
detector of anybody's takes part in the measurement.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from caller.messages import Latency
from caller.recorder import Samples, TimedFrame

__all__ = [
    "AGENT_THRESHOLD_DBFS",
    "Stages",
    "VoicedSpan",
    "level_dbfs",
    "percentile",
    "speech_threshold_dbfs",
    "stages",
    "trim_to_speech",
    "voiced_span",
]

AGENT_THRESHOLD_DBFS = -50.0

_CELL_MS = 10
# Agrees best with the listed ends of the shared recordings (mean difference 73 ms at 26 dB, 96 ms
# at 32 dB, 110 ms at 20 dB).
_SPEECH_BELOW_PEAK_DB = 26.0
_CLICK_MS = 30  # shorter than any phoneme: a click is no voice
_FLOOR_DBFS = -120.0


@dataclass(frozen=True)
class VoicedSpan:
    """Moments of the first and the last voiced sample."""

    first_s: float
    last_s: float


@dataclass(frozen=True)
class Stages:
    """Where the time of one turn went, in milliseconds; None where it is not known.

    `residual_ms` is what the stages leave of the measured latency: the way to the agent and back
    with its jitter buffers, the first clause of the LLM after its first token, and whatever is not
    measured. `transcription_ms` is part of `end_of_turn_ms` and not added again.
    """

    measured_ms: float
    end_of_turn_ms: float | None
    transcription_ms: float | None
    llm_first_token_ms: float | None
    tts_first_audio_ms: float | None
    agent_end_to_end_ms: float | None
    residual_ms: float | None


def level_dbfs(samples: Samples) -> float:
    """Root mean square of the samples in decibels of full scale."""
    if len(samples) == 0:
        return _FLOOR_DBFS
    rms = float(np.sqrt(np.mean(np.square(samples.astype(np.float64) / 32768))))
    return max(_FLOOR_DBFS, 20 * float(np.log10(rms))) if rms > 0 else _FLOOR_DBFS


def speech_threshold_dbfs(samples: Samples, rate_hz: int) -> float:
    """Level above which a recording counts as voiced: relative to its own loud parts.

    A fixed level would take the room of a noisy recording for speech.
    """
    levels = [level for level, _, _ in _cells([TimedFrame(0.0, samples)], rate_hz)]
    if not levels:
        return AGENT_THRESHOLD_DBFS
    loud = float(np.percentile(levels, 95))
    return max(AGENT_THRESHOLD_DBFS, loud - _SPEECH_BELOW_PEAK_DB)


def voiced_span(
    frames: Iterable[TimedFrame], rate_hz: int, threshold_dbfs: float
) -> VoicedSpan | None:
    """First and last voiced sample of some frames; None when there is no voice.

    A voiced stretch is at least 30 ms of 10 ms cells at or above the threshold; in its outermost
    cells the first and the last sample at the threshold count.
    """
    runs: list[list[TimedFrame]] = []
    run: list[TimedFrame] = []
    for level, time_s, samples in _cells(frames, rate_hz):
        if level >= threshold_dbfs:
            run.append(TimedFrame(time_s, samples))
            continue
        if len(run) * _CELL_MS >= _CLICK_MS:
            runs.append(run)
        run = []
    if len(run) * _CELL_MS >= _CLICK_MS:
        runs.append(run)
    if not runs:
        return None
    first, last = runs[0][0], runs[-1][-1]
    loud_first = _loud(first.samples, threshold_dbfs)
    loud_last = _loud(last.samples, threshold_dbfs)
    return VoicedSpan(
        first.time_s + float(loud_first[0]) / rate_hz,
        last.time_s + float(loud_last[-1] + 1) / rate_hz,
    )


def trim_to_speech(samples: Samples, rate_hz: int, tail_ms: int = 50) -> Samples:
    """Cuts a recording a moment behind its last voiced sample."""
    threshold = speech_threshold_dbfs(samples, rate_hz)
    span = voiced_span([TimedFrame(0.0, samples)], rate_hz, threshold)
    if span is None:
        return samples
    return samples[: round(span.last_s * rate_hz) + rate_hz * tail_ms // 1000]


def stages(measured_s: float, latency: Latency | None) -> Stages:
    """Sets the agent's own figures against the measured latency."""
    measured_ms = measured_s * 1000
    if latency is None:
        return Stages(measured_ms, None, None, None, None, None, None)
    parts = (latency.end_of_turn_ms, latency.llm_first_token_ms, latency.tts_first_audio_ms)
    known = [part for part in parts if part is not None]
    residual = measured_ms - sum(known) if len(known) == len(parts) else None
    return Stages(
        measured_ms=measured_ms,
        end_of_turn_ms=latency.end_of_turn_ms,
        transcription_ms=latency.transcription_ms,
        llm_first_token_ms=latency.llm_first_token_ms,
        tts_first_audio_ms=latency.tts_first_audio_ms,
        agent_end_to_end_ms=latency.end_to_end_ms,
        residual_ms=residual,
    )


def percentile(values: Sequence[float], share: float) -> float | None:
    """Percentile (0 to 100) of pooled raw values; None without any."""
    return float(np.percentile(values, share)) if values else None


def _cells(frames: Iterable[TimedFrame], rate_hz: int) -> list[tuple[float, float, Samples]]:
    """Cuts frames into cells of 10 ms: level, moment of the first sample, samples.

    All levels at once: one by one in Python they would hold up the microphone's schedule.
    """
    size = rate_hz * _CELL_MS // 1000
    cells = [
        (frame.time_s + start / rate_hz, frame.samples[start : start + size])
        for frame in frames
        for start in range(0, len(frame.samples), size)
    ]
    padded = np.zeros((len(cells), size), np.float32)
    lengths = np.array([len(samples) for _, samples in cells], np.float32)
    for row, (_, samples) in zip(padded, cells, strict=True):
        row[: len(samples)] = samples
    power = np.square(padded / 32768).sum(axis=1) / np.maximum(lengths, 1)
    levels = 10 * np.log10(np.maximum(power, 10 ** (_FLOOR_DBFS / 10)))
    return [
        (float(level), time_s, samples)
        for level, (time_s, samples) in zip(levels, cells, strict=True)
    ]


def _loud(samples: Samples, threshold_dbfs: float) -> npt.NDArray[np.intp]:
    """Indices of the samples at the threshold; never empty for a voiced cell.

    A cell whose RMS reaches the threshold has at least one sample that reaches it.
    """
    limit = int(32768 * 10 ** (threshold_dbfs / 20))
    return np.flatnonzero(np.abs(samples.astype(np.int32)) >= limit)
