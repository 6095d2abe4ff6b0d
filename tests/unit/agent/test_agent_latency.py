"""The stages of a turn."""

from agent.transcripts import HeardFinal, TurnClock

AGENT = {"llm_node_ttft": 0.2, "tts_node_ttfb": 0.1, "started_speaking_at": 101.0}


def test_the_frameworks_own_times_are_taken() -> None:
    clock = TurnClock(lambda: HeardFinal(99.0, 99.5))
    clock.user_turn(
        {"stopped_speaking_at": 100.0, "end_of_turn_delay": 0.4, "transcription_delay": 0.3}, 100.4
    )
    latency = clock.reply({**AGENT, "e2e_latency": 1.0})
    assert latency is not None
    assert latency.model_dump() == {
        "end_of_turn_ms": 400,
        "transcription_ms": 300,
        "llm_first_token_ms": 200,
        "tts_first_audio_ms": 100,
        "end_to_end_ms": 1000,
    }


def test_the_servers_times_stand_in_for_missing_ones() -> None:
    clock = TurnClock(lambda: HeardFinal(100.0, 100.6))
    clock.user_turn({}, 100.7)
    latency = clock.reply(dict(AGENT))
    assert latency is not None
    assert latency.end_of_turn_ms == 700
    assert latency.transcription_ms == 600
    assert latency.end_to_end_ms == 1000


def test_typed_turns_and_further_words_have_none() -> None:
    clock = TurnClock(lambda: HeardFinal(100.0, 100.6))
    clock.user_turn({}, 100.7)
    assert clock.reply({"started_speaking_at": 100.9}) is None  # not by the model: a rescue
    assert clock.reply(dict(AGENT)) is not None
    assert clock.reply(dict(AGENT)) is None
    clock.user_turn({}, 120.0)  # typed: nothing new was heard
    assert clock.reply(dict(AGENT)) is None


def test_a_greeting_has_none() -> None:
    assert TurnClock(lambda: None).reply({"started_speaking_at": 1.0}) is None
