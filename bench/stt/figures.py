"""From raw figures to those that are held against what must be reached."""

import random
from collections.abc import Callable, Sequence
from statistics import fmean

import numpy as np

from bench.result import Target, target
from bench.stt.records import Heard, Records
from caller.score import normalise, score

SAMPLES = 1000
HEADLINE = "librispeech_test_other"
LONG_PAUSE_S = 0.5
TOO_LATE_S = 1.5
LOST_SHARE = 0.01
"""Share of the words that may be missing beyond those that are at low load; words that are heard
as others are not lost, and change by chance with the moments of the interims."""

BEAM5 = "beam 5"
PEER = "WhisperLive"
ENDPOINT = "ENDPOINT"


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Give a percentile; None of nothing."""
    return float(np.percentile(values, percent)) if values else None


def wer_interval(pairs: Sequence[tuple[str, str]]) -> tuple[float, float, float]:
    """Give the WER and its 95 % bootstrap interval over recordings, in percent."""
    if not pairs:
        return (0.0, 0.0, 0.0)
    rng = random.Random(0)
    each = [score([pair]) for pair in pairs]
    rates = []
    for _ in range(SAMPLES):
        drawn = [rng.choice(each) for _ in each]
        rates.append(sum(s.errors for s in drawn) / max(1, sum(s.words for s in drawn)))
    low, high = np.percentile(rates, [2.5, 97.5])
    return (100 * score(pairs).wer, 100 * float(low), 100 * float(high))


def pairs_of(heard: Sequence[Heard]) -> list[tuple[str, str]]:
    """Give reference and text of each whose words are known."""
    return [(one.reference, one.text) for one in heard if one.reference]


def wer(heard: Sequence[Heard]) -> float | None:
    """Give the WER of recordings in percent; None of nothing."""
    pairs = pairs_of(heard)
    return 100 * score(pairs).wer if pairs else None


def delays(heard: Sequence[Heard]) -> list[float]:
    """Give the delays of the texts that came."""
    return [one.final_delay_s for one in heard if one.final_delay_s is not None]


def shown(heard: Sequence[Heard]) -> list[float]:
    """Give the delays after which the words of the texts were shown, final or not."""
    return [one.shown_delay_s for one in heard if one.shown_delay_s is not None]


def first_interims(heard: Sequence[Heard]) -> list[float]:
    """Give the times from the onset of speech to the first interim."""
    return [one.first_interim_s - one.start_s for one in heard if one.first_interim_s is not None]


def unstable_ratio(heard: Sequence[Heard]) -> float:
    """Give the words of interims that changed, through the words of the finals (UPWR)."""
    words = sum(len(normalise(one.text).split()) for one in heard)
    return sum(one.unstable_words for one in heard) / words if words else 0.0


def recall(heard: Sequence[Heard]) -> float | None:
    """Give the share of isolated words that were heard as what they are."""
    if not heard:
        return None
    return fmean(normalise(one.text) == normalise(one.reference) for one in heard)


def held(heard: Sequence[Heard]) -> float | None:
    """Give the share of endpoints whose final had been published as a preflight."""
    finals = [f for one in heard for f in one.finals if f.reason == ENDPOINT and f.text]
    return fmean(final.held for final in finals) if finals else None


def after_endpoint(heard: Sequence[Heard]) -> list[float]:
    """Give the times from the endpoint to the final where the preflight held."""
    finals = [f for one in heard for f in one.finals if f.reason == ENDPOINT and f.held]
    return [final.after_endpoint_s for final in finals if final.after_endpoint_s is not None]


def premature(heard: Sequence[Heard]) -> float | None:
    """Give the share of recordings with a long pause that got a final before their end."""
    paused = [one for one in heard if one.pause_s >= LONG_PAUSE_S]
    return fmean(one.premature for one in paused) if paused else None


def paired(ours: Sequence[Heard], theirs: Sequence[Heard]) -> tuple[list[Heard], list[Heard]]:
    """Give the recordings that both have, in the same order."""
    other = {one.clip: one for one in theirs}
    both = [one for one in ours if one.clip in other]
    return both, [other[one.clip] for one in both]


def keeps_up(heard: Sequence[Heard], reference: Sequence[Heard]) -> bool:
    """Whether streams at once were served in time and without losing words."""
    late = percentile(delays(heard), 95)
    ours, quiet = paired(heard, reference)
    here, there = score(pairs_of(ours)), score(pairs_of(quiet))
    lost = here.lost - there.lost > LOST_SHARE * here.words
    missing = any(one.error or not one.finals for one in heard)
    return late is not None and late <= TOO_LATE_S and not lost and not missing


def capacity(records: Records, scene: str) -> int | None:
    """Most streams up to which every point of the sweep kept up; None if none was measured."""
    counts = sorted({one.streams for one in records.heard if one.scene == scene and _ours(one)})
    if not counts:
        return None
    best = 0
    for streams in counts:
        if not keeps_up(records.of(scene, streams=streams), records.of("words")):
            break
        best = streams
    return best


def cpu_ratio(records: Records, scene: str, system: str = "ours") -> float | None:
    """Give the CPU-seconds for a second of speech of a scene."""
    used = records.use_of(scene, system)
    speech = sum(one.speech_s for one in used)
    return sum(one.cpu_s for one in used) / speech if speech else None


def growth(records: Records) -> tuple[float | None, float | None]:
    """Give the MB that one open stream adds, and the MB that the second half of many added."""
    many = sorted(records.use_of("many streams"), key=lambda one: one.done)
    opened = {one.streams: one.memory_mb for one in records.use_of("open streams")}
    count = max(opened, default=0)
    each = (opened[count] - opened[0]) / count if count and 0 in opened else None
    half = many[len(many) // 2 :]
    return each, half[-1].memory_mb - half[0].memory_mb if len(half) > 1 else None


def targets(records: Records) -> list[Target]:
    """Hold the figures against what must be reached."""
    ended, forced = records.of("endpoint"), records.of("forced")
    peer, beam5 = records.of("endpoint", PEER), records.of("finished", BEAM5)
    said = records.of("words")
    ended_s, forced_s = percentile(delays(ended), 50), percentile(delays(forced), 50)
    _, alike = paired(forced, beam5)
    ours, plain = paired([one for one in said if one.source == HEADLINE], beam5)
    spoken = [*ended, *said]
    each_mb, grown_mb = growth(records)
    beyond = records.of("beyond")
    lost = [one for one in beyond if not one.refused and (one.error or not one.text)]
    streamed = [one for one in records.heard if one.scene not in ("finished",) and _ours(one)]
    complete = len(delays(ended)) / len(ended) if ended else None
    invented = [one for one in records.of("negative") if one.text]
    return [
        target("final after speech, p50", ended_s, "s", "<=", 0.6),
        target("final after speech, p95", percentile(delays(ended), 95), "s", "<=", 1.1),
        target("finals that came", complete, "", ">=", 1),
        target(
            "times sooner than WhisperLive",
            _ratio(percentile(delays(peer), 50), ended_s),
            "",
            ">=",
            3,
        ),
        target("forced final, p50", forced_s, "s", "<=", 0.45),
        target(
            "times faster than plain beam 5",
            _ratio(percentile(delays(alike), 50), forced_s),
            "",
            ">=",
            4,
        ),
        target(
            "final after its endpoint, preflight held, p95",
            _times(percentile(after_endpoint(ended), 95), 1000),
            "ms",
            "<=",
            20,
        ),
        target("preflights that held", held(ended), "", ">=", 0.85),
        target(
            "first interim after onset, p50", percentile(first_interims(ended), 50), "s", "<=", 0.7
        ),
        target(
            f"WER above plain beam 5, {HEADLINE}", _less(wer(ours), wer(plain)), "points", "<=", 0.5
        ),
        target("CPU a second of speech, interims", cpu_ratio(records, "endpoint"), "", "<=", 0.45),
        target(
            "CPU a second of speech, finals only", cpu_ratio(records, "finals only"), "", "<=", 0.12
        ),
        target("streams of continuous speech", capacity(records, "continuous"), "", ">=", 4),
        target("streams like calls", capacity(records, "calls"), "", ">=", 8),
        target("lost beyond capacity", len(lost) if beyond else None, "streams", "<=", 0),
        target("invented finals", len(invented) if records.of("negative") else None, "", "<=", 0),
        target("recall of isolated words", recall(records.of("isolated")), "", ">=", 0.98),
        target("premature finals at long pauses", premature(said), "", "<=", 0.15),
        target(
            "stable words that changed",
            sum(one.broken_promises for one in streamed) if spoken else None,
            "",
            "<=",
            0,
        ),
        target("memory, one stream", _memory(records), "MB", "<=", 600),
        target("memory, a further stream", each_mb, "MB", "<=", 15),
        target("memory, growth over the later streams", grown_mb, "MB", "<=", 5),
    ]


def scenes(
    records: Records, keep: Callable[[Heard], bool]
) -> dict[tuple[str, str, int], list[Heard]]:
    """Group recordings by scene, system and streams."""
    found: dict[tuple[str, str, int], list[Heard]] = {}
    for one in records.heard:
        if keep(one):
            found.setdefault((one.scene, one.system, one.streams), []).append(one)
    return found


def _ours(one: Heard) -> bool:
    return one.system == "ours"


def _memory(records: Records) -> float | None:
    used = records.use_of("endpoint")
    return max((one.memory_mb for one in used), default=None)


def _ratio(theirs: float | None, ours: float | None) -> float | None:
    return theirs / ours if theirs is not None and ours else None


def _less(ours: float | None, theirs: float | None) -> float | None:
    return None if ours is None or theirs is None else ours - theirs


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
