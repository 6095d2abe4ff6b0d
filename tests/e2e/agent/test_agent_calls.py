"""A call over the real LiveKit, as the caller hears it: greeting, tool, interruption, nod, chat."""

import asyncio
import time

from bench.agent.scene import Scene, said
from bench.scripted_ollama import Body, Reply

STORY = (
    "There was a king who had three daughters and a garden with a thousand trees, and each of the "
    "trees carried apples of silver until the winter came and the wind took them all away, so the "
    "king sent for a gardener from a far country who knew how to speak with the wind."
)


async def test_a_tool_is_used_and_its_result_heard(scene: Scene) -> None:
    def answer(body: Body) -> Reply:
        if body["messages"][-1]["role"] == "tool":
            return Reply(said(body), rate=60)
        return Reply(tool_calls=[("get_time", {"place": "Tokyo"})], first_token_s=0.1)

    scene.ollama.answer = answer
    scene.write("clock")
    async with scene.call("clock") as guest:
        assert await guest.hear(1) == "Hello, this is a test."
        await guest.participant.microphone.play(await scene.say("What time is it in Tokyo?"))
        assert "in Tokyo" in await guest.hear(2)
        assert "tokyo" in guest.texts("user")[0].lower()
        latency = guest.finals("agent")[1].latency
        assert latency is not None and latency.end_to_end_ms is not None
    # The file is read anew: the next call has another greeting.
    scene.write("clock", greeting="Good day.")
    async with scene.call("clock") as guest:
        assert await guest.hear(1) == "Good day."


async def test_words_stop_the_voice_and_a_nod_does_not(scene: Scene) -> None:
    scene.ollama.answer = lambda body: Reply(
        "Of course, stopped." if "stop" in said(body).lower() else STORY, rate=60
    )
    scene.write("story")
    stop = await scene.say("Stop, please stop now.")
    nod = await scene.say("Okay.")
    async with scene.call("story") as guest:
        await guest.hear(1)
        asked = await guest.participant.microphone.play(await scene.say("Tell me a story, please."))
        await guest.voice_within(asked.end_s, 20, "the story")
        await asyncio.sleep(1.5)
        await guest.participant.microphone.play(nod)
        await asyncio.sleep(2.5)
        # It goes on after the nod, in the same reply.
        assert not guest.participant.silent_for(1.0)
        assert len(guest.texts("agent")) == 1
        spoken = await guest.participant.microphone.play(stop)
        await guest.hear(3)
        stopped_s = guest.last_voice_before(time.monotonic(), 0.4, spoken.start_s)
        # `bench` has the figure; here it only must not talk on.
        assert stopped_s - spoken.start_s < 1.5
        story = guest.finals("agent")[1]
        assert story.interrupted
        assert STORY.startswith(story.text.rstrip(" ,.")[:40])
        assert len(story.text) < len(STORY) * 0.8
        # What was not heard is not in the model's history.
        history = scene.ollama.requests[-1]["messages"]
        told = next(m["content"] for m in history if m["role"] == "assistant" and "king" in str(m))
        assert told.strip() == story.text.strip()


async def test_what_is_typed_is_answered_in_the_chat_or_in_voice(scene: Scene) -> None:
    scene.write("writer")
    scene.ollama.answer = lambda _: Reply("We open at nine.", rate=60)
    async with scene.call("writer") as guest:
        await guest.hear(1)
        before_s = time.monotonic()
        await guest.participant.type("When do you open?")
        await guest.until(lambda: bool(guest.participant.chat), "an answer in the chat")
        assert guest.participant.chat == ["We open at nine."]
        await guest.until(lambda: len(guest.texts("agent")) == 2, "the transcript of it")
        assert guest.texts("user") == ["When do you open?"]
        assert (guest.participant.last_voice_s or 0.0) < before_s + 0.3
    scene.write("writer", first='text_replies = "voice"')
    async with scene.call("writer") as guest:
        await guest.hear(1)
        typed_s = time.monotonic()
        await guest.participant.type("When do you open?")
        await guest.voice_within(typed_s, 20, "a spoken answer")
        assert guest.participant.chat == []
