"""Whole turns: the real session and adapters, with fakes over real connections.

A call takes real time and little work, so several are held at once: each `turn` is a test of its
own, begun together with the others of this module that are wanted.
"""

import asyncio
import time
from typing import Any

import pytest
from aiohttp import web

from agent.telemetry import metrics
from bench.scripted_ollama import Reply
from tests.support.conversation import BUSY, Conversation
from tests.support.fake_speech import WORD_SECONDS, Script
from tests.support.turns import Turn, held_at_once, turns_into

LONG_REPLY = " ".join(f"word{number}" for number in range(16)) + "."
"""Of two seconds, to be spoken over."""

TURNS: dict[str, Turn] = {}
turn = turns_into(TURNS)


async def until_answered(call: Conversation) -> None:
    """Ask, and wait for the agent's voice."""
    await call.say(0.3)
    await call.until(lambda: bool(call.loudspeaker.at("begin")), 5)


@turn
async def greeting_is_spoken_and_recorded() -> None:
    async with Conversation() as call:
        call.session.say("Hello, I am Trinity.")
        await call.until(lambda: call.finals("agent") == ["Hello, I am Trinity."], 4)
        interims = [m for m in call.messages if not m.final]
        assert interims
        assert {m.turn_id for m in call.messages} == {interims[0].turn_id}
        assert [m.sequence for m in call.messages] == list(range(1, len(call.messages) + 1))


@turn
async def a_turn_is_answered_soon_and_started_early() -> None:
    script = Script(heard=["What time is it?"])
    async with Conversation(script, lambda _: Reply("Ten past nine.", first_token_s=0.1)) as call:
        ended = await call.say()
        await call.until(lambda: len(call.finals("agent")) == 1, 5)
        assert call.loudspeaker.at("begin")[0] - ended < 2 * BUSY
        assert call.finals("user") == ["What time is it?"]
        assert call.finals("agent") == ["Ten past nine."]
        # The preflight started the only request; the final did not start another.
        assert len(call.ollama.requests) == 1
        latency = next(m.latency for m in call.messages if m.final and m.speaker == "agent")
        assert latency is not None
        assert latency.end_to_end_ms is not None and latency.end_to_end_ms < 2000 * BUSY
        assert latency.llm_first_token_ms is not None and latency.llm_first_token_ms >= 100


@turn
async def a_final_that_differs_in_punctuation_keeps_the_early_reply() -> None:
    script = Script(heard=["What time is it?"], preflights=["what time is it"])
    async with Conversation(script) as call:
        await call.say()
        await call.until(lambda: len(call.finals("agent")) == 1, 5)
        assert len(call.ollama.requests) == 1
        assert call.finals("user") == ["what time is it"]


@turn
async def a_final_with_other_words_starts_the_reply_anew() -> None:
    script = Script(heard=["What time is it in Oslo?"], preflights=["What time is it"])
    async with Conversation(script) as call:
        await call.say()
        await call.until(lambda: len(call.finals("agent")) == 1, 5)
        assert len(call.ollama.requests) == 2
        assert call.ollama.requests[-1]["messages"][-1]["content"] == "What time is it in Oslo?"


@turn
async def a_caller_who_goes_on_while_the_words_are_decoded_is_answered_once() -> None:
    script = Script(heard=["I want a bike.", "A red one."], preflight_ms=None)
    script.hold = asyncio.Event()
    async with Conversation(script) as call:
        await call.say(0.3)
        await call.until(lambda: call.speech.ended == 1, 10)
        script.final_ms = 1500  # the voice detector hears the end long before
        call.microphone.loud = True
        await call.until(lambda: call.speech.begun == 2, 10)
        script.hold.set()
        await call.until(lambda: call.finals("user") == ["I want a bike."], 10)
        call.microphone.loud = False
        await call.until(lambda: bool(call.finals("agent")), 15)
        assert call.finals("user") == ["I want a bike.", "A red one."]
        asked = [r["messages"][-1]["content"] for r in call.ollama.requests]
        assert asked[-1] == "I want a bike. A red one."
        assert [role for role, _ in call.history()] == ["user", "assistant"]


@turn
async def barge_in_stops_the_voice_and_keeps_only_what_was_heard() -> None:
    long = " ".join(f"word{number}" for number in range(30)) + "."
    script = Script(heard=["Tell me.", "Tell me the other one."])
    replies = iter([Reply(long), Reply("All right.")])
    async with Conversation(script, lambda _: next(replies)) as call:
        await call.say()
        await call.until(lambda: bool(call.loudspeaker.at("begin")), 5)
        await asyncio.sleep(0.5)
        onset = time.monotonic()
        await call.say(0.6)
        await call.until(lambda: len(call.finals("agent")) == 2, 5)
        stopped = min(call.loudspeaker.at("pause") + call.loudspeaker.at("clear"))
        assert stopped - onset < 1 * BUSY
        cut = call.finals("agent")[0]
        assert cut and long.startswith(cut.rstrip(".")) and len(cut) < len(long) / 2
        first = next(m for m in call.messages if m.final and m.speaker == "agent")
        assert first.interrupted
        # Word for word what was played: the fake's words take 0.12 s each.
        played_s = next(e.value for e in call.loudspeaker.events if e.name == "clear")
        assert abs(len(cut.split()) - played_s / WORD_SECONDS) <= 0.6
        assert call.finals("agent")[1] == "All right."
        assert ("assistant", cut) in [(role, text.strip()) for role, text in call.history()]


@turn
async def noise_over_the_voice_pauses_and_resumes() -> None:
    script = Script(heard=["Tell me.", ""])
    async with Conversation(script, lambda _: Reply(LONG_REPLY)) as call:
        await call.say()
        await call.until(lambda: bool(call.loudspeaker.at("begin")), 5)
        await asyncio.sleep(0.4)
        await call.say(0.3)
        await call.until(lambda: len(call.finals("agent")) == 1, 6)
        assert call.loudspeaker.at("pause") and call.loudspeaker.at("resume")
        assert call.finals("agent") == [LONG_REPLY]


@turn
async def a_nod_over_the_voice_is_no_interruption() -> None:
    script = Script(heard=["Tell me.", "Mm-hmm, right."])
    async with Conversation(script, lambda _: Reply(LONG_REPLY)) as call:
        await call.say()
        await call.until(lambda: bool(call.loudspeaker.at("begin")), 5)
        await asyncio.sleep(0.4)
        await call.say(0.3)
        await call.until(lambda: bool(call.finals("agent")), 8)
        assert call.finals("agent") == [LONG_REPLY]
        assert call.finals("user") == ["Tell me.", "Mm-hmm, right."]
        assert len(call.ollama.requests) == 1


@turn
async def a_question_sets_how_long_the_agent_waits() -> None:
    script = Script(heard=["Call me.", "Five five five."])
    replies = iter([Reply("What is your phone number?"), Reply("Thank you.")])
    async with Conversation(script, lambda _: next(replies)) as call:
        await call.say(0.3)
        await call.until(lambda: len(call.finals("agent")) == 1, 6)
        await call.until(lambda: call.patience_ms == [416, 416, 900])
        assert call.session.options.endpointing["max_delay"] == 1.8
        await call.say(0.3)
        await call.until(lambda: len(call.finals("agent")) == 2, 8)
        await call.until(lambda: call.patience_ms == [416, 416, 900, 416, 416, 416])
        assert call.session.options.endpointing["max_delay"] == 1.0


@turn
async def a_yes_or_no_is_waited_for_less_but_not_cut_off() -> None:
    answer = Reply("Shall I book it?")
    async with Conversation(Script(heard=["Tell me."]), lambda _: answer) as call:
        await call.say(0.3)
        await call.until(lambda: len(call.finals("agent")) == 1, 6)
        await call.until(lambda: call.patience_ms == [416, 416, 384])
        assert call.session.options.endpointing["max_delay"] == 0.64


@turn
async def who_was_cut_off_is_waited_for_longer() -> None:
    script = Script(heard=["I want a table.", "For two."])
    async with Conversation(script, lambda _: Reply(LONG_REPLY)) as call:
        await until_answered(call)
        await call.say(0.6)  # goes on as the reply begins
        # As long as may be for the rest of the turn, and longer than usual afterwards.
        assert call.patience_ms == [416, 416, 1376]
        await call.until(lambda: call.patience_ms == [416, 416, 1376, 896, 416, 896], 8)
        assert metrics().cut_offs._value.get() >= 1  # others are held at the same time


@turn
async def an_objection_to_a_reply_is_no_going_on() -> None:
    script = Script(heard=["I want a table.", "No, a chair."])
    async with Conversation(script, lambda _: Reply(LONG_REPLY)) as call:
        await until_answered(call)
        await asyncio.sleep(1.2)
        await call.say(0.6)
        await call.until(lambda: len(call.finals("agent")) == 2, 8)
        assert max(call.patience_ms) == 416


@turn
async def an_owners_shorter_wait_holds_whatever_was_asked() -> None:
    settings = {"stt_stop_silence_ms": 300, "stt_max_stop_silence_ms": 600}
    answer = Reply("Shall I book it?")
    async with Conversation(Script(heard=["Tell me."]), lambda _: answer, **settings) as call:
        await call.say(0.3)
        await call.until(lambda: len(call.finals("agent")) == 1, 6)
        await call.until(lambda: call.patience_ms == [300, 300, 300])
        assert call.session.options.endpointing["max_delay"] == 0.6


@turn
async def words_of_an_unspeakable_reply_become_an_apology() -> None:
    script = Script(heard=["Say nothing."])
    async with Conversation(script, lambda _: Reply("... 🙂 ...")) as call:
        ended = await call.say()
        await call.until(lambda: bool(call.finals("agent")), 6)
        assert call.settings.apology in call.finals("agent")[0]
        assert call.loudspeaker.at("begin")[0] - ended < 3 * BUSY


@turn
async def a_failing_model_is_apologised_for_and_the_next_turn_works() -> None:
    script = Script(heard=["First.", "Second."])
    replies = iter([Reply("broken", status=500), Reply("broken", status=500), Reply("Fine now.")])
    async with Conversation(script, lambda _: next(replies)) as call:
        await call.say()
        await call.until(lambda: call.finals("agent") == [call.settings.apology], 6)
        await call.say()
        await call.until(lambda: call.finals("agent")[-1] == "Fine now.", 6)
        # What was said in place of the model is not shown to it.
        assert all(call.settings.apology not in str(r) for r in call.ollama.requests)


@turn
async def a_slow_model_is_covered_by_a_filler() -> None:
    script = Script(heard=["Think."])
    answer = Reply("Here it is.", first_token_s=6.0)
    async with Conversation(script, lambda _: answer, filler_seconds=0.4) as call:
        ended = await call.say()
        await call.until(lambda: bool(call.finals("agent")), 10)
        assert call.loudspeaker.at("begin")[0] - ended < 6
        assert " ".join(call.finals("agent")[0].split()) == "One moment, please. Here it is."


@turn
async def a_tool_is_called_and_its_result_spoken() -> None:
    def answer(body: dict[str, object]) -> Reply:
        last = body["messages"][-1]  # type: ignore[index]
        if last["role"] == "user":
            return Reply(tool_calls=[("get_time", {"place": "Tokyo"})])
        return Reply(str(last["content"]))

    async with Conversation(Script(heard=["The time in Tokyo?"]), answer) as call:
        await call.say()
        await call.until(lambda: bool(call.finals("agent")), 6)
        assert "in Tokyo" in call.finals("agent")[0]
        message = call.ollama.requests[-1]["messages"][-2]
        assert message["tool_calls"][0]["function"]["arguments"] == {"place": "Tokyo"}


@turn
async def the_call_survives_a_restart_of_the_speech_server() -> None:
    script = Script(heard=["Before.", "After."])
    async with Conversation(script) as call:
        await call.say()
        await call.until(lambda: len(call.finals("agent")) == 1, 5)
        port = call.speech.port
        await call.speech.stop()
        await call.until(lambda: not call.engines.stt.connected)
        # The caller speaks while no server is there; the words are sent to the next one.
        await call.say(0.4)
        await call.speech.start(port)
        await call.until(lambda: call.finals("user") == ["Before.", "After."], 6)
        await call.until(lambda: len(call.finals("agent")) >= 2, 6)


@turn
async def a_caller_who_is_not_heard_is_told() -> None:
    script = Script(heard=["Hello."])
    async with Conversation(script) as call:
        call.rescue.start()
        call.session.say("Hello.")
        await call.until(lambda: call.finals("agent") == ["Hello."], 5)
        await call.until(call.rescue.is_recorded, 5)
        await call.speech.stop()
        await call.until(lambda: not call.engines.stt.connected)
        ended = await call.say(0.4)
        await call.until(lambda: len(call.loudspeaker.at("begin")) == 2, 4)
        assert call.loudspeaker.at("begin")[1] - ended < 2.5 * BUSY
        await call.until(lambda: call.finals("agent")[1:] == [call.settings.not_heard], 8)


@turn
async def a_slow_tool_is_covered_by_a_filler() -> None:
    async def weather(_: web.Request) -> web.Response:
        await asyncio.sleep(2)
        return web.Response(text="sunny")

    app = web.Application()
    app.add_routes([web.get("/{place}", weather)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/{{place}}"

    def answer(body: dict[str, Any]) -> Reply:
        if body["messages"][-1]["role"] == "user":
            return Reply(tool_calls=[("get_weather", {"place": "Rome"})])
        return Reply("It is sunny.")

    script = Script(heard=["The weather in Rome?"])
    async with Conversation(script, answer, weather_url=url) as call:
        await call.say()
        await call.until(lambda: len(call.finals("agent")) == 2, 8)
        assert call.finals("agent") == ["One moment, please.", "It is sunny."]
    await runner.cleanup()


@turn
async def a_lost_voice_is_told_from_a_recording() -> None:
    script = Script(heard=["Hello."])
    async with Conversation(script, tts_connect_seconds=0.2) as call:
        call.rescue.start()
        call.session.say("Hello.")
        await call.until(lambda: call.finals("agent") == ["Hello."], 5)
        await call.until(call.rescue.is_recorded, 5)
        await call.speech.stop()
        spoken = call.session.say("This cannot be spoken.")
        begin = time.monotonic()
        await call.until(lambda: len(call.loudspeaker.at("begin")) == 2, 3)
        assert call.loudspeaker.at("begin")[1] - begin < 2 * BUSY
        await call.until(lambda: call.finals("agent")[1:] == [call.settings.speech_lost], 8)
        assert spoken.done()


held = held_at_once(TURNS)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", list(TURNS))
async def test_turn(name: str, held: dict[str, asyncio.Task[None]]) -> None:
    await held[name]
