"""What an assistant does besides answering: tools, chat, sight, memory, silence, languages."""

import asyncio
from typing import Any

import pytest
from livekit import rtc
from livekit.agents import room_io

from agent.chat import Chat
from agent.telephone import SilenceWatch
from bench.scripted_ollama import Body, Reply
from tests.support.conversation import Conversation
from tests.support.fake_speech import Script
from tests.support.turns import Turn, held_at_once, turns_into

TURNS: dict[str, Turn] = {}
turn = turns_into(TURNS)


def calls_tool(name: str, arguments: dict[str, Any], then: str) -> Any:
    """A model that uses a tool, then says something."""

    def answer(body: Body) -> Reply:
        if body["messages"][-1]["role"] == "user":
            return Reply(tool_calls=[(name, arguments)])
        return Reply(then)

    return answer


@turn
async def the_call_ends_once_goodbye_is_said() -> None:
    answer = calls_tool("end_call", {}, "Goodbye, then.")
    async with Conversation(Script(heard=["That is all."]), answer, use=("end_call",)) as call:
        await call.say(0.3)
        await call.until(lambda: ("hang_up", "") in call.actions.done, 8)
        assert call.finals("agent") == ["Goodbye, then."]
        assert "Say goodbye" in call.ollama.requests[-1]["messages"][-1]["content"]


@turn
async def a_caller_who_speaks_into_the_goodbye_keeps_the_call() -> None:
    long = " ".join(f"word{number}" for number in range(30)) + "."
    answer = calls_tool("end_call", {}, long)
    script = Script(heard=["That is all.", "Wait, one more thing."])
    async with Conversation(script, answer, use=("end_call",)) as call:
        await call.say(0.3)
        await call.until(lambda: bool(call.loudspeaker.at("begin")), 5)
        await asyncio.sleep(0.4)
        call.ollama.answer = lambda _: Reply("Yes?")
        await call.say(0.6)
        await call.until(lambda: call.finals("agent")[-1:] == ["Yes?"], 6)
        assert call.actions.done == []


@turn
async def a_caller_is_put_through() -> None:
    answer = calls_tool("transfer_call", {}, "You are through.")
    async with Conversation(
        Script(heard=["A person, please."]),
        answer,
        use=("transfer_call",),
        handover_number="+15550100",
    ) as call:
        await call.say(0.3)
        await call.until(lambda: call.finals("agent") == ["You are through."], 6)
        assert call.actions.done == [("transfer", "+15550100")]


@turn
async def a_tool_that_fails_is_told_the_model() -> None:
    answer = calls_tool("add_participant", {"phone_number": "Bob"}, "Which number?")
    async with Conversation(Script(heard=["Call Bob."]), answer, use=("add_participant",)) as call:
        await call.say(0.3)
        await call.until(lambda: call.finals("agent") == ["Which number?"], 6)
        assert "no telephone number" in call.ollama.requests[-1]["messages"][-1]["content"]


def typed(text: str) -> room_io.TextInputEvent:
    return room_io.TextInputEvent(text=text, info=None, participant=None)  # type: ignore[arg-type]


@turn
async def what_is_typed_is_answered_in_text() -> None:
    async with Conversation(answer=lambda _: Reply("It opens at nine.")) as call:
        chat = Chat(call.session, call.recorder, call.actions.send_text, in_voice=False)
        await chat.answer(call.session, typed("When do you open?"))
        await call.until(lambda: bool(call.finals("agent")), 5)
        assert call.actions.done == [("send_text", "It opens at nine.")]
        assert call.finals("user") == ["When do you open?"]
        assert call.finals("agent") == ["It opens at nine."]
        assert call.loudspeaker.events == []
        assert call.speech.spoken == []
        # The voice is there again.
        call.session.say("Hello.")
        await call.until(lambda: bool(call.loudspeaker.at("begin")), 5)
        assert ("assistant", "It opens at nine.") in call.history()


@turn
async def what_is_typed_is_answered_in_voice_where_that_is_set() -> None:
    async with Conversation(answer=lambda _: Reply("It opens at nine.")) as call:
        chat = Chat(call.session, call.recorder, call.actions.send_text, in_voice=True)
        await chat.answer(call.session, typed("When do you open?"))
        await call.until(lambda: call.finals("agent") == ["It opens at nine."], 5)
        assert call.loudspeaker.at("begin")
        assert call.actions.done == []


@turn
async def the_model_is_shown_what_the_caller_shows() -> None:
    script = Script(heard=["What do you see?", "And now?"])
    sees = ("completion", "tools", "vision")
    async with Conversation(script, capabilities=sees) as call:
        width, height = 64, 48
        call.frame = rtc.VideoFrame(
            width, height, rtc.VideoBufferType.RGBA, bytes(4 * width * height)
        )
        await call.say(0.3)
        await call.until(lambda: len(call.finals("agent")) == 1, 6)
        assert len(call.ollama.requests) == 1  # the early reply is kept
        assert call.ollama.requests[0]["messages"][-1]["images"]
        call.frame = None
        await call.say(0.3)
        await call.until(lambda: len(call.finals("agent")) == 2, 6)
        # A frame is for its turn; the history does not grow by it.
        assert all("images" not in message for message in call.ollama.requests[-1]["messages"])


@turn
async def a_long_conversation_is_summed_up() -> None:
    said = iter(range(100))

    def answer(body: Body) -> Reply:
        if "Sum up" in body["messages"][0]["content"]:
            return Reply("The caller is Ann and wants blue paint.")
        return Reply(f"Answer {next(said)}.")

    # What is heard fills the window and, unlike what is spoken, takes no time.
    goes_on = "This goes on for a while. " * 12
    script = Script(heard=[f"Question {number} about blue paint. {goes_on}" for number in range(9)])
    async with Conversation(script, answer, llm_num_ctx=700, use=()) as call:
        for number in range(9):
            await call.say(0.25)
            await call.until(lambda n=number: len(call.finals("agent")) == n + 1, 12)  # type: ignore[misc]
            if any(
                "wants blue paint" in str(m.content) for m in call.assistant.chat_ctx.messages()
            ):
                break
            await asyncio.sleep(0.4)
        messages = call.assistant.chat_ctx.messages()
        assert [m.role for m in messages][:2] == ["system", "system"]
        assert "wants blue paint" in (messages[1].text_content or "")
        assert messages[2].role == "user"
        assert len(messages) <= 11
        # The transcript has it all.
        assert len(call.finals("user")) == len(call.finals("agent"))


@turn
async def a_long_turn_is_read_while_it_is_spoken() -> None:
    words = "I would like to know when the shop in the old town opens on a Sunday"
    script = Script(heard=[words], interims=[words])
    async with Conversation(script) as call:
        await call.say(0.6)
        await call.until(lambda: bool(call.finals("agent")), 6)
        warm = [body["messages"][-1] for body in call.ollama.warmed]
        assert any(
            message["role"] == "user" and words.startswith(message["content"]) for message in warm
        )
        assert len(call.ollama.requests) == 1


@turn
async def a_silent_caller_is_asked_and_then_left() -> None:
    async with Conversation(user_away_seconds=0.6) as call:
        watch = SilenceWatch(
            call.session,
            call.actions.hang_up,
            still_there="Are you there?",
            goodbye="Goodbye.",
            hang_up_s=0.5,
            hold_s=5,
        )
        call.session.say("Hello.")
        await call.until(lambda: ("hang_up", "") in call.actions.done, 10)
        assert call.finals("agent") == ["Hello.", "Are you there?", "Goodbye."]
        await watch.aclose()


@turn
async def a_caller_who_asked_to_wait_is_not_asked() -> None:
    script = Script(heard=["Hold on, please."])
    async with Conversation(
        script, lambda _: Reply("Sure."), user_away_seconds=0.5, hold_seconds=60
    ) as call:
        watch = SilenceWatch(
            call.session,
            call.actions.hang_up,
            still_there="Are you there?",
            goodbye="Goodbye.",
            hang_up_s=0.5,
            hold_s=60,
        )
        await call.say(0.3)
        await call.until(lambda: call.finals("agent") == ["Sure."], 6)
        await asyncio.sleep(2)
        assert call.finals("agent") == ["Sure."]
        assert call.actions.done == []
        await watch.aclose()


@turn
async def the_voice_follows_the_language() -> None:
    script = Script(heard=["Guten Tag zusammen.", "And hello again."], languages=["de", "en"])
    async with Conversation(script, language="auto", voice="en_x", voices={"de": "de_x"}) as call:
        await call.say(0.3)
        await call.until(lambda: len(call.finals("agent")) == 1, 6)
        assert call.engines.tts.voice == "de_x"
        assert [m.language for m in call.messages if m.final] == ["de", "de"]
        await call.say(0.3)
        await call.until(lambda: len(call.finals("agent")) == 2, 6)
        assert call.engines.tts.voice == "en_x"


@turn
async def another_protocol_holds_the_same_conversation() -> None:
    answer = calls_tool("get_time", {"place": "Tokyo"}, "Late.")
    async with Conversation(Script(heard=["The time?"]), answer, llm_provider="openai") as call:
        await call.say(0.3)
        await call.until(lambda: call.finals("agent") == ["Late."], 6)
        messages = call.ollama.requests[-1]["messages"]
        assert messages[-1]["role"] == "tool" and "in Tokyo" in messages[-1]["content"]


held = held_at_once(TURNS)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", list(TURNS))
async def test_ability(name: str, held: dict[str, asyncio.Task[None]]) -> None:
    await held[name]
