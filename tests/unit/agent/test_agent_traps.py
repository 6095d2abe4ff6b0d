"""The traps of livekit-agents 1.8.9 and Ollama that a voice agent falls into, each with its test.

`TRAPS` says where each is tested: here, or in the tests of the part that avoids it.
"""

import asyncio
import time
from pathlib import Path

import pytest
from livekit.agents import llm

from agent.llm import OllamaLLM, OllamaOptions
from agent.speech import GrpcSTT
from bench.scripted_ollama import Reply, ScriptedOllama
from tests.support.conversation import BUSY, Conversation
from tests.support.fake_speech import Script
from tests.support.turns import Turn, held_at_once, turns_into

TURNS: dict[str, Turn] = {}
turn = turns_into(TURNS)

TRAPS = {
    # Recognition
    "a stream that the server ends cleanly leaves the agent deaf": (
        "stt",
        "test_a_half_close_is_an_error_that_is_tried_again",
    ),
    "an error that is no APIError ends recognition for good": (
        "stt",
        "test_every_status_becomes_an_error_that_is_not_passed_over",
    ),
    "tries are used up by a restart while the caller is silent": (
        "traps",
        "a_restart_in_silence_is_survived",
    ),
    "status 499 is passed over in silence": (
        "stt",
        "test_every_status_becomes_an_error_that_is_not_passed_over",
    ),
    "a final that differs from its preflight starts the model anew": (
        "turns",
        "a_final_that_differs_in_punctuation_keeps_the_early_reply",
    ),
    "a fourth preflight cancels the early reply and starts none": (
        "traps",
        "many_pauses_in_a_turn_keep_the_head_start",
    ),
    "a noisy interim after the preflight cancels the early reply": (
        "stt",
        "test_results_that_are_out_of_date_are_dropped",
    ),
    "an utterance that the server holds open is never finished": (
        "stt",
        "test_flush_finishes_the_utterance",
    ),
    "times start from zero on a new stream": ("stt", "test_times_are_on_the_clock_of_the_call"),
    "resamplers are put in on the way in and out": (
        "session",
        "test_the_room_is_used_as_the_settings_say",
    ),
    "a language of auto is ignored": ("traps", "test_a_language_is_a_real_code"),
    "echo warm-up makes the agent deaf while it greets": (
        "traps",
        "a_caller_who_speaks_into_the_greeting_is_heard",
    ),
    # Synthesis
    "more than one segment on a stream is an error": (
        "tts",
        "test_text_in_pieces_becomes_one_segment_of_speech",
    ),
    "a failure before any sound is repeated, one after it is not": (
        "traps",
        "a_voice_that_breaks_off_is_not_begun_again",
    ),
    "text that cannot be spoken stalls four seconds": (
        "tts",
        "test_what_cannot_be_spoken_is_a_short_silence_at_once",
    ),
    "words that come after their sound are late": (
        "tts",
        "test_words_come_before_their_audio_with_their_space",
    ),
    "timings that are promised and do not come hold the text back": (
        "tts",
        "test_word_times_that_are_not_served_do_not_break_a_reply",
    ),
    "an interrupted reply is synthesised to its end": (
        "tts",
        "test_an_interruption_stops_the_server",
    ),
    "a pause of the voice loses what was queued": (
        "playout",
        "test_nothing_is_lost_or_said_twice_in_a_pause",
    ),
    # The model
    "arguments of a tool are text in one place and an object in the other": (
        "llm",
        "test_tool_messages_carry_objects_and_ids",
    ),
    "nested and optional parameters lose their schema": (
        "llm",
        "test_optional_and_nested_types_are_resolved",
    ),
    "a tool call that is written as text is spoken": (
        "llm",
        "test_a_call_that_is_written_as_text_is_made_and_not_spoken",
    ),
    "forbidding tools changes the prompt's beginning": (
        "traps",
        "test_words_are_asked_for_without_another_prompt",
    ),
    "thinking is spoken": ("llm", "test_thinking_is_switched_off_and_never_spoken"),
    "a request that was overtaken keeps the only slot": (
        "traps",
        "a_request_that_was_overtaken_is_given_up",
    ),
    "another window size loads the model again": (
        "llm",
        "test_warming_shows_the_model_the_same_beginning",
    ),
    "a reply that broke is begun again": ("llm", "test_a_failure_after_the_first_word_is_not"),
    # The session
    "a few failures close the call": ("traps", "many_failures_do_not_end_the_call"),
    "what is left out of the options is the cloud's": (
        "session",
        "test_a_call_connects_to_loopback_only",
    ),
    "an interruption has no head start": (
        "turns",
        "barge_in_stops_the_voice_and_keeps_only_what_was_heard",
    ),
    "an empty reply is silence": ("turns", "words_of_an_unspeakable_reply_become_an_apology"),
}


@pytest.mark.parametrize("trap", list(TRAPS))
def test_each_trap_has_its_test(trap: str) -> None:
    module, name = TRAPS[trap]
    text = (Path(__file__).parent / f"test_agent_{module}.py").read_text()
    assert f"def {name}(" in text


@turn
async def a_restart_in_silence_is_survived() -> None:
    async with Conversation(Script(heard=["Are you there?"])) as call:
        port = call.speech.port
        for _ in range(2):
            await call.speech.stop()
            await call.until(lambda: not call.engines.stt.connected)
            await asyncio.sleep(0.8)
            await call.speech.start(port)
            await call.until(lambda: call.engines.stt.connected, 6)
        await call.say(0.3)
        await call.until(lambda: bool(call.finals("agent")), 6)
        assert call.finals("user") == ["Are you there?"]


@turn
async def many_pauses_in_a_turn_keep_the_head_start() -> None:
    words = "I want a red bike and a blue one please"
    texts = [" ".join(words.split()[:count]) for count in (2, 4, 6, 8, 9)] + [words]
    script = Script(heard=[words], pauses=texts, final_ms=2000)
    async with Conversation(script, lambda _: Reply("Yes.", first_token_s=0.3)) as call:
        for _ in texts[1:]:
            await call.say(0.2)
            await asyncio.sleep(0.35)
        await call.say(0.2)
        # The last preflight begins the reply, long before the final.
        await call.until(
            lambda: [r["messages"][-1]["content"] for r in call.ollama.requests][-1:] == [words], 6
        )
        assert call.finals("user") == []
        await call.until(lambda: call.finals("agent") == ["Yes."], 6)
        asked = [request["messages"][-1]["content"] for request in call.ollama.requests]
        assert asked[-1] == words
        assert asked.count(words) == 1
        assert call.finals("user") == [words]


@turn
async def a_caller_who_speaks_into_the_greeting_is_heard() -> None:
    greeting = " ".join(f"word{number}" for number in range(40)) + "."
    async with Conversation(Script(heard=["I need a taxi."])) as call:
        call.session.say(greeting)
        await call.until(lambda: bool(call.loudspeaker.at("begin")), 5)
        await asyncio.sleep(0.2)
        onset = time.monotonic()
        await call.say(0.5)
        await call.until(lambda: len(call.finals("agent")) == 2, 6)
        assert call.finals("user") == ["I need a taxi."]
        assert min(call.loudspeaker.at("pause") + call.loudspeaker.at("clear")) - onset < BUSY


@turn
async def a_voice_that_breaks_off_is_not_begun_again() -> None:
    text = "One two three, four five six, seven eight nine."
    script = Script(breaks=[0, 99, 5])
    async with Conversation(script) as call:
        # Before any sound: tried again, and spoken once.
        call.session.say("Hello there.")
        await call.until(lambda: call.finals("agent") == ["Hello there."], 6)
        assert len(call.loudspeaker.at("begin")) == 1
        # In the middle: what was heard stays, and is not said twice.
        call.session.say(text)
        await call.until(lambda: len(call.finals("agent")) == 2, 8)
        await asyncio.sleep(0.5)
        heard = call.finals("agent")[1]
        assert text.startswith(heard.rstrip(" ,.")) and len(heard) < len(text)
        assert sum("One two" in spoken for spoken in call.speech.spoken) == 1


@turn
async def a_request_that_was_overtaken_is_given_up() -> None:
    script = Script(heard=["What time is it in Oslo?"], preflights=["What time is it"])
    answer = Reply("Noon.", first_token_s=0.5)
    async with Conversation(script, lambda _: answer) as call:
        await call.say(0.3)
        await call.until(lambda: call.finals("agent") == ["Noon."], 6)
        assert len(call.ollama.requests) == 2
        assert call.ollama.cancelled == 1


@turn
async def many_failures_do_not_end_the_call() -> None:
    async with Conversation(tts_connect_seconds=0.2) as call:
        port = call.speech.port
        await call.speech.stop()
        for _ in range(5):
            await call.session.say("Nobody hears this.")
        await call.speech.start(port)
        await call.until(lambda: call.engines.stt.connected, 6)
        call.session.say("Back again.")
        await call.until(lambda: call.finals("agent")[-1:] == ["Back again."], 8)


def test_a_language_is_a_real_code() -> None:
    assert [GrpcSTT.language_code(code) for code in ("", "auto", "de")] == ["en", "en", "de"]


async def test_words_are_asked_for_without_another_prompt() -> None:
    @llm.function_tool
    async def look_up() -> str:
        """Look up."""
        return ""

    server = ScriptedOllama(lambda _: Reply("Hello."))
    await server.start()
    model = OllamaLLM(server.url, OllamaOptions("m"))
    context = llm.ChatContext.empty()
    context.add_message(role="system", content="Be brief.")
    context.add_message(role="user", content="Hi")
    await model.chat(chat_ctx=context, tools=[look_up]).collect()
    await model.chat(chat_ctx=context, tools=[look_up], tool_choice="none").collect()
    first, second = server.requests
    assert second["tools"] == first["tools"]
    assert second["messages"][: len(first["messages"])] == first["messages"]
    await model.aclose()
    await server.stop()


held = held_at_once(TURNS)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", list(TURNS))
async def test_trap(name: str, held: dict[str, asyncio.Task[None]]) -> None:
    await held[name]
