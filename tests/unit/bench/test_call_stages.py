import pytest

from bench.calls.stages import STAGES, StageError, downlink_s, explained, stages_of

END = 100.0


def mark(t: float, e: str, **fields: object) -> dict[str, object]:
    return {"t": t, "e": e, **fields}


def early_reply() -> list[dict[str, object]]:
    """A reply that was begun on the preflight and waited for the end of the turn."""
    loud = [(END - 1 + n * 0.02 + 0.03, -20.0) for n in range(50)]
    quiet = [(END + 0.05 + n * 0.02, -70.0) for n in range(40)]
    return [
        mark(loud[0][0], "levels", levels=loud),
        mark(quiet[0][0], "levels", levels=quiet),
        mark(END + 0.30, "result", final=False, compute_ms=80.0),
        mark(END + 0.30, "preflight", words=4),
        mark(END + 0.31, "asked", n=1),
        mark(END + 0.52, "token", n=1),
        mark(END + 0.53, "text", n=2),
        mark(END + 0.60, "clause"),
        mark(END + 0.70, "frame", n=2),
        mark(END + 0.71, "lead", n=2, s=0.02),
        mark(END + 0.72, "final", words=4),
        mark(END + 0.73, "commit"),
        mark(END + 0.74, "playback"),
    ]


def test_the_stages_and_the_residual_are_the_latency() -> None:
    stages = stages_of(early_reply(), END, END + 0.85)
    assert sum(stages.values()) == pytest.approx(850, abs=0.6)
    found = explained(stages, 80.0)
    assert sum(found.values()) == pytest.approx(850, abs=0.6)
    assert set(found) == {*STAGES, "residual_ms"}
    assert found["uplink_ms"] == pytest.approx(10, abs=0.2)
    assert found["pause_ms"] == pytest.approx(210, abs=0.2)
    assert found["transcript_ms"] == pytest.approx(80)
    assert found["llm_first_token_ms"] == pytest.approx(220)
    assert found["first_clause_ms"] == pytest.approx(80)
    assert found["first_sound_ms"] == pytest.approx(100)
    assert found["end_of_turn_ms"] == pytest.approx(40)
    assert found["lead_ms"] == pytest.approx(20)
    assert found["residual_ms"] == pytest.approx(10)


def test_the_reply_that_was_played_counts_and_no_earlier_attempt() -> None:
    again = [
        mark(END + 0.40, "preflight", words=5),
        mark(END + 0.41, "asked", n=3),
        mark(END + 0.62, "token", n=3),
        mark(END + 0.62, "text", n=4),
        mark(END + 0.66, "clause"),
        mark(END + 0.72, "frame", n=4),
        mark(END + 0.73, "lead", n=4, s=0.0),
    ]
    marks = sorted([*early_reply(), *again], key=lambda one: float(str(one["t"])))
    found = stages_of(marks, END, END + 0.85)
    assert found["llm_first_token_ms"] == pytest.approx(220)
    assert found["end_of_turn_ms"] == pytest.approx(20)
    assert found["pause_ms"] == pytest.approx(
        390, abs=0.2
    )  # the second text has no result of its own


@pytest.mark.parametrize("missing", ["playback", "frame", "lead", "clause", "text", "token"])
def test_a_missing_moment_is_said(missing: str) -> None:
    marks = [one for one in early_reply() if one["e"] != missing]
    with pytest.raises(StageError):
        stages_of(marks, END, END + 0.85)


def test_an_answer_to_an_earlier_turn_explains_nothing() -> None:
    with pytest.raises(StageError, match=r"earlier turn|not noted"):
        stages_of(early_reply(), END + 3.0, END + 3.5)


def test_the_way_of_a_greeting_is_without_the_silence_at_its_begin() -> None:
    marks = [mark(5.0, "lead", n=1, s=0.05), mark(5.1, "playback")]
    assert downlink_s(marks, 5.25) == pytest.approx(0.1)
    late = [mark(5.1, "playback"), mark(5.2, "lead", n=1, s=0.05)]  # the voice was made late
    assert downlink_s(late, 5.25) == pytest.approx(0.05)
