"""What must be reached, from the raw lines."""

import numpy as np

from bench.agent.records import Records
from bench.result import Target, target

SILENCE_S = 2.0
STOP_S = 0.3
RESUMED = 0.9
LOST = 0.05
WORDS = 1
CUT_OFF = 0.15
NOTHING = "nothing"
"""The failure in which nothing fails, for comparison."""
_NEVER_S = 99.0


def targets(records: Records) -> list[Target]:
    """Hold what was measured against what must be reached."""
    return [
        *_failures(records),
        *_interruptions(records),
        *_sounds(records),
        *_pauses(records),
    ]


def silences(records: Records, kind: str) -> list[float]:
    """Silences of a kind of failure, in seconds, shortest first."""
    return sorted(
        _NEVER_S if one.seconds is None else one.seconds
        for one in records.failures
        if one.kind == kind
    )


def kinds(records: Records) -> list[str]:
    """Kinds of failures, in the order in which they were measured."""
    return list(dict.fromkeys(one.kind for one in records.failures))


def stops_ms(records: Records) -> list[float]:
    """How long the agent went on over an interruption, shortest first."""
    return sorted(cut.stop_ms for cut in records.cuts)


def off(records: Records) -> list[int]:
    """Words by which the history differs from the recording, fewest first."""
    return sorted(abs(cut.history - cut.heard) for cut in records.cuts)


def resumed(records: Records) -> dict[str, tuple[int, int]]:
    """Of each kind of sound, how often the speech went on, and how often it was made."""
    found: dict[str, tuple[int, int]] = {}
    for one in records.sounds:
        went_on, made = found.get(one.kind, (0, 0))
        found[one.kind] = (went_on + one.resumed, made + 1)
    return dict(sorted(found.items()))


def percentile(values: list[float], share: float) -> float:
    """Percentile of values that are there."""
    return float(np.percentile(values, share))


def _failures(records: Records) -> list[Target]:
    waits = [s for kind in kinds(records) if kind != NOTHING for s in silences(records, kind)]
    if not waits:
        return []
    covered = sum(wait <= SILENCE_S for wait in waits) / len(waits)
    return [
        target("failures that are covered within 2 s", covered, "ratio", ">=", 1),
        target("longest silence after a failure", max(waits), "s", "<=", SILENCE_S),
    ]


def _interruptions(records: Records) -> list[Target]:
    if not records.cuts:
        return []
    exact = sum(words <= WORDS for words in off(records)) / len(records.cuts)
    stop_s = percentile(stops_ms(records), 95) / 1000
    return [
        target("barge-in: speech onset to last audible sample, p95", stop_s, "s", "<=", STOP_S),
        target("history equals the recording, within one word", exact, "ratio", ">=", 1),
    ]


def _sounds(records: Records) -> list[Target]:
    found = [
        target(f"{kind}: speech goes on", went_on / made, "ratio", ">=", RESUMED)
        for kind, (went_on, made) in resumed(records).items()
    ]
    if whole := sum(story.words for story in records.stories):
        lost = sum(story.missing for story in records.stories) / whole
        found.append(
            target("words of whole stories that a recogniser misses", lost, "ratio", "<=", LOST)
        )
    return found


def _pauses(records: Records) -> list[Target]:
    if not records.pauses:
        return []
    share = sum(one.latency_s < 0 for one in records.pauses) / len(records.pauses)
    return [target("cut off in a pause of 0.5 s or more", share, "ratio", "<=", CUT_OFF)]
