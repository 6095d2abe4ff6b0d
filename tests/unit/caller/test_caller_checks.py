import io
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import caller
from caller.checks import Check, order_check, storage_checks, turn_checks, user_check
from caller.conversation import AgentTurn, Turn
from caller.measure import stages
from caller.messages import Latency, TranscriptMessage, parse_message
from caller.report import Report, print_report, turn_report
from caller.speech import Clip


def message(
    number: int, speaker: str, text: str = "words", final: bool = True
) -> TranscriptMessage:
    return TranscriptMessage.model_validate(
        {
            "type": "transcript",
            "speaker": speaker,
            "text": text,
            "room": "r",
            "timestamp": datetime.now(UTC),
            "participant": "p",
            "turn_id": f"t{number}",
            "sequence": number,
            "final": final,
        }
    )


def turn(reference: str | None = "what is it", heard: str = "What is it?", ms: float = 900) -> Turn:
    latency = Latency(end_of_turn_ms=500, llm_first_token_ms=150, tts_first_audio_ms=120)
    return Turn(
        clip=Clip("clip", np.zeros(1, np.int16), 16000, reference, "recorded"),
        heard=heard,
        agent=AgentTurn("It is nothing.", np.zeros(1, np.int16), 1.0, 2.0, False),
        stages=stages(ms / 1000, latency),
        send_lag_p99_ms=1.5,
    )


TALK = [
    message(0, "agent"),
    message(1, "user", "wor", final=False),
    message(2, "user"),
    message(3, "agent"),
]


def test_words_that_arrive_pass_and_others_do_not() -> None:
    assert user_check([turn(), turn()], 0.25).ok
    failed = user_check([turn(), turn(heard="something else entirely")], 0.25)
    assert not failed.ok
    assert "WER" in failed.detail
    assert not user_check([turn(heard="")], 0.25).ok


def test_clips_without_a_reference_need_words_at_least() -> None:
    assert user_check([turn(reference=None)], 0.25).ok
    assert not user_check([turn(reference=None, heard="")], 0.25).ok


def test_order_of_the_messages() -> None:
    assert order_check(TALK, 1).ok
    assert not order_check(TALK, 2).ok
    assert not order_check(TALK, 1, malformed=1).ok
    assert not order_check(TALK[1:], 1).ok
    assert not order_check([TALK[0], TALK[3], TALK[2]], 1).ok
    assert not order_check([], 1).ok


def test_storage_has_to_hold_what_was_published_in_order() -> None:
    finals = [m for m in TALK if m.final]
    assert all(c.ok for c in storage_checks(TALK, finals, finals))
    redis, api = storage_checks(TALK, finals[:-1], [finals[1], finals[0], finals[2]])
    assert (redis.ok, api.ok) == (False, False)
    assert not any(c.ok for c in storage_checks([], [], []))


def test_false_starts_and_cut_recordings_fail() -> None:
    assert all(c.ok for c in turn_checks([turn()], False))
    early, whole = turn_checks([turn(ms=-20)], True)
    assert (early.ok, whole.ok) == (False, False)
    assert "clip" in early.detail


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"type":"other"}', b"\xff\xfe", b'{"type":"transcript"}']
)
def test_what_is_no_transcript_message_is_not_taken_for_one(data: bytes) -> None:
    assert parse_message(data) is None


def test_the_report_has_both_sides_and_every_stage(tmp_path: Path) -> None:
    report = Report(
        room="demo-1",
        ok=False,
        error=None,
        greeting="Hello.",
        turns=[turn_report(turn())] * 2,
        messages=TALK,
        send_lag_p99_ms=1.0,
        checks=[Check(name="Redis", ok=False, detail="2 of 3")],
        recording=None,
    )
    out = io.StringIO()
    print_report(Console(file=out, width=200), report)
    text = out.getvalue()
    for expected in (
        "demo-1",
        "caller",
        "Trinity",
        "900",
        "500",
        "150",
        "120",
        "130",
        "p50",
        "FAILED Redis: 2 of 3",
    ):
        assert expected in text
    report.write(tmp_path / "sub" / "report.json")
    read = json.loads((tmp_path / "sub" / "report.json").read_text())
    assert read["turns"][0]["turn_latency_ms"] == 900
    assert read["turns"][0]["wer"] == 0
    assert read["checks"][0]["ok"] is False


def test_public_names_are_the_documented_ones() -> None:
    assert sorted(caller.__all__) == list(caller.__all__)
    assert all(hasattr(caller, name) for name in caller.__all__)
