"""A caller joins, is greeted, asks three things, and is answered."""

import numpy as np
import soundfile

from caller import Report


def test_the_conversation_is_held_to_its_end(report: Report) -> None:
    assert report.error is None
    assert report.greeting is not None
    assert "Trinity" in report.greeting
    assert len(report.turns) == 3


def test_everything_that_has_to_hold_does(report: Report) -> None:
    held = {check.name for check in report.checks}
    assert held >= {"caller's words", "agent's voice", "messages in order", "Redis", "API"}
    assert [check for check in report.checks if not check.ok] == []
    assert report.ok


def test_each_turn_has_a_latency_with_its_stages(report: Report) -> None:
    for turn in report.turns:
        assert turn.answer
        assert 0 < turn.turn_latency_ms < 15_000
        assert turn.end_of_turn_ms is not None
        assert turn.llm_first_token_ms is not None
        assert turn.tts_first_audio_ms is not None
        assert turn.residual_ms is not None


def test_transcript_messages_are_complete(report: Report) -> None:
    assert {message.room for message in report.messages} == {report.room}
    assert all(message.turn_id and message.participant for message in report.messages)
    interims = [m for m in report.messages if not m.final]
    assert any(m.speaker == "user" for m in interims)
    for interim in interims:
        finals = [m for m in report.messages if m.final and m.turn_id == interim.turn_id]
        assert all(final.sequence > interim.sequence for final in finals)


def test_the_recording_has_both_voices(report: Report) -> None:
    assert report.recording is not None
    sound, rate = soundfile.read(report.recording)
    assert rate == 48000
    assert sound.shape[1] == 2
    assert (np.abs(sound).max(axis=0) > 0.05).all()
