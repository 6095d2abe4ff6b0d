"""Where the time of a turn went: the moments of the agent's process set against the caller's.

All moments are on one clock. The stages follow one another on the way that the reply really took
(a reply that was begun early waits for the end of the turn), so their sum and the residual are the
measured latency. Of the way from the agent to the caller, `transport_ms` is what the greetings of
the same run took at the median, which are measured alone, and the residual is the rest.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

__all__ = ["STAGES", "StageError", "downlink_s", "explained", "stages_of"]

STAGES: Mapping[str, str] = {
    "uplink_ms": "the caller's last sound on its way to the agent",
    "pause_ms": "silence until the text was asked for",
    "transcript_ms": "recognition of it, queueing too",
    "llm_first_token_ms": "text to the model's first word",
    "first_clause_ms": "first word to the clause that is spoken first",
    "first_sound_ms": "clause to its first sound",
    "end_of_turn_ms": "sound ready, waiting for the end of the turn",
    "lead_ms": "silence at the beginning of the voice, and what was not made in time",
    "transport_ms": "the agent's first sound on its way to the caller",
}

_BELOW_PEAK_DB = 26.0
_EARLY_S = 0.06
"""A frame of the agent may count as quiet which the caller's finer cells count as voiced."""

Mark = Mapping[str, Any]


class StageError(ValueError):
    """The moments do not tell the way of a turn; the text says which is missing."""


def downlink_s(marks: Sequence[Mark], first_voice_s: float) -> float:
    """Give the way of a greeting from the agent to the caller, in seconds."""
    playback = _last(marks, "playback", first_voice_s)
    lead = _last(marks, "lead", first_voice_s)
    # The voice leaves when its silent beginning was played, and not before it is made.
    return first_voice_s - max(float(playback["t"]) + float(lead["s"]), float(lead["t"]))


def stages_of(marks: Sequence[Mark], caller_end_s: float, agent_begin_s: float) -> dict[str, float]:
    """Give the stages of a turn in milliseconds; the last one, `downlink_ms`, is the rest.

    Args:
        marks: Of the call, in order.
        caller_end_s: The caller's last voiced sample.
        agent_begin_s: The agent's first voiced sample, as the caller heard it.

    Raises:
        StageError: A moment is missing.
    """
    playback_s = float(_last(marks, "playback", agent_begin_s)["t"])
    frame = _last(marks, "frame", playback_s)
    number = frame["n"]
    lead = _one(marks, "lead", number)
    voice_s = max(playback_s + float(lead["s"]), float(lead["t"]))
    frame_s = float(frame["t"])
    clause_s = float(_last(marks, "clause", frame_s)["t"])
    said_s = float(_one(marks, "text", number)["t"])
    token_s = float(_last(marks, "token", said_s)["t"])
    asked_s = float(_last(marks, "asked", token_s)["t"])
    text = _last(marks, ("preflight", "final"), asked_s)
    text_s = float(text["t"])
    heard_s = _last_heard(marks, caller_end_s)
    if text_s < caller_end_s - 1.0:
        raise StageError("the text is of an earlier turn")
    compute_s = _compute_s(marks, text_s, text_s - heard_s)
    moments = [
        ("uplink_ms", caller_end_s),
        ("pause_ms", heard_s),
        ("transcript_ms", text_s - compute_s),
        ("llm_first_token_ms", text_s),
        ("first_clause_ms", token_s),
        ("first_sound_ms", max(clause_s, token_s)),
        ("end_of_turn_ms", frame_s),
        ("lead_ms", playback_s),
        ("downlink_ms", voice_s),
        ("", agent_begin_s),
    ]
    return {
        name: round((after - before) * 1000, 1) for (name, before), (_, after) in pairwise(moments)
    }


def explained(stages: Mapping[str, float], transport_ms: float) -> dict[str, float]:
    """Part the way to the caller into what the greetings took, and the residual."""
    found = {name: value for name, value in stages.items() if name != "downlink_ms"}
    residual_ms = round(stages["downlink_ms"] - transport_ms, 1)
    return {**found, "transport_ms": transport_ms, "residual_ms": residual_ms}


def _compute_s(marks: Sequence[Mark], text_s: float, most_s: float) -> float:
    """Time of recognition that the server reports with the result, if it reports one."""
    results = [m for m in marks if m["e"] == "result" and text_s - 0.1 <= m["t"] <= text_s + 0.01]
    if not results:
        return 0.0
    return max(0.0, min(float(results[-1]["compute_ms"]) / 1000, most_s))


def _last_heard(marks: Sequence[Mark], caller_end_s: float) -> float:
    """When the last voiced frame of the caller reached the agent."""
    frames = [
        (float(t), float(level))
        for mark in marks
        if mark["e"] == "levels" and mark["t"] > caller_end_s - 5 and mark["t"] < caller_end_s + 2
        for t, level in mark["levels"]
    ]
    near = [(t, level) for t, level in frames if caller_end_s - 4 <= t <= caller_end_s + 0.5]
    if not near:
        raise StageError("the agent's input was not noted")
    limit = max(-50.0, max(level for _, level in near) - _BELOW_PEAK_DB)
    voiced = [t for t, level in near if level >= limit]
    return max(voiced[-1], caller_end_s - _EARLY_S) if voiced else caller_end_s


def _last(marks: Sequence[Mark], event: str | tuple[str, ...], until_s: float) -> Mark:
    names = (event,) if isinstance(event, str) else event
    found = [mark for mark in marks if mark["e"] in names and mark["t"] <= until_s + 0.002]
    if not found:
        raise StageError(f"no {' or '.join(names)} was noted")
    return found[-1]


def _one(marks: Sequence[Mark], event: str, number: int) -> Mark:
    for mark in marks:
        if mark["e"] == event and mark["n"] == number:
            return mark
    raise StageError(f"no {event} of what was spoken was noted")
