import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caller.measure import (
    level_dbfs,
    percentile,
    speech_threshold_dbfs,
    stages,
    trim_to_speech,
    voiced_span,
)
from caller.messages import Latency
from caller.recorder import Samples, TimedFrame

RATE = 16000


def tone(seconds: float, dbfs: float = -20.0) -> Samples:
    n = np.arange(round(RATE * seconds))
    return np.round(
        32768 * np.sqrt(2) * 10 ** (dbfs / 20) * np.sin(2 * np.pi * 200 * n / RATE)
    ).astype(np.int16)


def silence(seconds: float) -> Samples:
    return np.zeros(round(RATE * seconds), np.int16)


def frames(samples: Samples, start_s: float = 0.0, frame_ms: int = 10) -> list[TimedFrame]:
    step = RATE * frame_ms // 1000
    return [
        TimedFrame(start_s + i / RATE, samples[i : i + step]) for i in range(0, len(samples), step)
    ]


def test_level_of_a_known_tone() -> None:
    assert level_dbfs(tone(1.0, -20)) == pytest.approx(-20, abs=0.05)
    assert level_dbfs(silence(1.0)) == -120
    assert level_dbfs(np.zeros(0, np.int16)) == -120


@given(
    lead_ms=st.integers(0, 500),
    tone_ms=st.integers(60, 500),
    tail_ms=st.integers(0, 300),
    frame_ms=st.sampled_from([10, 20]),
)
def test_voiced_span_finds_begin_and_end(
    lead_ms: int, tone_ms: int, tail_ms: int, frame_ms: int
) -> None:
    sound = np.concatenate([silence(lead_ms / 1000), tone(tone_ms / 1000), silence(tail_ms / 1000)])
    span = voiced_span(frames(sound, 100.0, frame_ms), RATE, -50)
    assert span is not None
    assert span.first_s == pytest.approx(100 + lead_ms / 1000, abs=0.011)
    assert span.last_s == pytest.approx(100 + (lead_ms + tone_ms) / 1000, abs=0.011)


def test_latency_of_a_late_answer_is_what_was_put_in() -> None:
    sent = frames(np.concatenate([tone(0.5), silence(1)]), start_s=50.0)
    received = frames(np.concatenate([silence(1.234), tone(0.3)]), start_s=50.0)
    spoken = voiced_span(sent, RATE, -50)
    answer = voiced_span(received, RATE, -50)
    assert spoken is not None
    assert answer is not None
    assert answer.first_s - spoken.last_s == pytest.approx(0.734, abs=0.003)


def test_late_frames_count_from_their_arrival() -> None:
    on_time = frames(np.concatenate([silence(0.1), tone(0.2)]), start_s=7.0)
    late = [TimedFrame(f.time_s + 0.4, f.samples) for f in on_time]
    span = voiced_span(late, RATE, -50)
    assert span is not None
    assert span.first_s == pytest.approx(7.5, abs=0.003)


def test_clicks_and_quiet_are_no_voice() -> None:
    click = np.concatenate([silence(0.2), tone(0.02), silence(0.2)])
    assert voiced_span(frames(click), RATE, -50) is None
    assert voiced_span(frames(tone(0.5, -60)), RATE, -50) is None
    assert voiced_span([], RATE, -50) is None


def test_threshold_follows_the_loudness_of_a_recording() -> None:
    assert speech_threshold_dbfs(tone(1, -10), RATE) == pytest.approx(-36, abs=0.1)
    assert speech_threshold_dbfs(tone(1, -40), RATE) == -50
    assert speech_threshold_dbfs(silence(0), RATE) == -50


def test_trimming_cuts_behind_the_last_voiced_sample() -> None:
    noisy_room = tone(1, -45)
    sound = np.concatenate([silence(0.2), tone(0.5, -10), noisy_room])
    assert len(trim_to_speech(sound, RATE)) / RATE == pytest.approx(0.75, abs=0.011)
    assert len(trim_to_speech(silence(0.3), RATE)) == RATE * 0.3


def test_stages_add_up_with_the_residual() -> None:
    measured = stages(
        1.0,
        Latency(
            end_of_turn_ms=500,
            transcription_ms=300,
            llm_first_token_ms=200,
            tts_first_audio_ms=150,
            end_to_end_ms=860,
        ),
    )
    assert measured.residual_ms == pytest.approx(150)
    assert measured.transcription_ms == 300
    assert measured.agent_end_to_end_ms == 860


def test_a_missing_stage_leaves_no_residual() -> None:
    assert stages(1.0, Latency(end_of_turn_ms=500)).residual_ms is None
    unknown = stages(1.0, None)
    assert (unknown.measured_ms, unknown.end_of_turn_ms) == (1000, None)


def test_percentile_of_pooled_values() -> None:
    assert percentile([1, 2, 3], 50) == 2
    assert percentile([], 50) is None
