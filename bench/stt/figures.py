"""From raw figures to those that are held against what must be reached."""

import random
from collections.abc import Sequence

import numpy as np

from bench.result import Target, target
from bench.stt.caller import Heard
from bench.stt.measure import HEADLINE, SHORT_WORDS, TOO_LATE_S, Run
from caller.score import normalise, score

SAMPLES = 1000
CAPACITY_WER = 0.06
"""Points of WER above one stream at which words are being lost."""


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


def delays(heard: Sequence[Heard]) -> list[float]:
    """Give the delays of the finals that came."""
    return [one.final_delay_s for one in heard if one.final_delay_s is not None]


def recall(heard: Sequence[Heard]) -> tuple[int, int]:
    """Count isolated short words that were said, and those that were heard."""
    said = [one for one in heard if normalise(one.reference) in SHORT_WORDS]
    right = [one for one in said if normalise(one.text) == normalise(one.reference)]
    return len(said), len(right)


def capacity(run: Run) -> int:
    """Most streams with p95 final in time, no error and no words lost."""
    alone = run.sweep.get(min(run.sweep, default=0), [])
    limit = score(pairs_of(alone)).wer + CAPACITY_WER if alone else 1.0
    best = 0
    for streams, heard in sorted(run.sweep.items()):
        late = percentile(delays(heard), 95)
        lost = score(pairs_of(heard)).wer > limit or any(one.error for one in heard)
        if late is None or late > TOO_LATE_S or lost:
            break
        best = streams
    return best


def targets(run: Run) -> list[Target]:
    """Hold the figures against what must be reached."""
    ended, forced = delays(run.endpoint), delays(run.forced)
    firsts = [
        one.first_interim_s - one.start_s for one in run.endpoint if one.first_interim_s is not None
    ]
    beam5_s = percentile(run.plain_s.get("beam 5", []), 50)
    forced_s = percentile(forced, 50)
    finals = sum(len(one.finals) for one in run.endpoint)
    hits = sum(one.hits for one in run.endpoint)
    ours = wer_interval(pairs_of(run.endpoint))[0]
    plain = wer_interval(run.plain.get("beam 5", []))[0]
    said, right = recall(run.tagged)
    complete = len(ended) / max(1, len(run.endpoint))
    invented = sum(bool(one.text) for one in run.negatives)
    premature = sum(one.premature for one in run.paused) / max(1, len(run.paused))
    broken = sum(one.broken_promises for one in (*run.endpoint, *run.paused))
    return [
        target("final after speech, p50", percentile(ended, 50), "s", "<=", 0.6),
        target("final after speech, p95", percentile(ended, 95), "s", "<=", 1.1),
        target("finals that came", complete, "", ">=", 1),
        target("forced final, p50", forced_s, "s", "<=", 0.45),
        target(
            "times faster than plain beam 5",
            beam5_s / forced_s if beam5_s and forced_s else None,
            "",
            ">=",
            4,
        ),
        target("finals ready at their endpoint", hits / max(1, finals), "", ">=", 0.85),
        target("first interim, p50", percentile(firsts, 50), "s", "<=", 0.7),
        target(f"WER above plain beam 5, {HEADLINE}", ours - plain, "points", "<=", 0.5),
        target("CPU a second of speech, interims", run.cpu.get("interims"), "s/s", "<=", 0.45),
        target("CPU a second of speech, finals", run.cpu.get("finals only"), "s/s", "<=", 0.12),
        target("streams of continuous speech", capacity(run), "", ">=", 4),
        target("invented finals", invented, "", "<=", 0),
        target("recall of short words", right / said if said else None, "", ">=", 0.98),
        target("premature finals at long pauses", premature, "", "<=", 0.15),
        target("stable words that changed", broken, "", "<=", 0),
        target("memory, one stream", run.memory.get("one stream"), "MB", "<=", 600),
    ]
