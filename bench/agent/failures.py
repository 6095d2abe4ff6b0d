"""How long a caller hears nothing when a part of the system is killed in the middle of a call."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from bench.agent.figures import NOTHING
from bench.agent.records import Silence
from bench.agent.scene import Guest, Scene
from bench.agent.settings import AgentBenchSettings
from bench.agent.texts import STORIES
from bench.scripted_ollama import Body, Reply, ScriptedOllama

QUESTION = "What time is it in Tokyo?"
LONGEST_S = 20.0


class Failures:
    """Kills one part after the other.

    Args:
        scene: Calls.
        settings: How often.
        tell: Takes what is going on.
    """

    def __init__(
        self, scene: Scene, settings: AgentBenchSettings, tell: Callable[[str], None]
    ) -> None:
        self._scene = scene
        self._settings = settings
        self._tell = tell

    async def measure(self) -> list[Silence]:
        """Measure every kind of failure."""
        kinds: dict[str, Callable[[Guest], Awaitable[float]]] = {
            NOTHING: lambda guest: self._answer(guest, self._reply("It is noon there.")),
            "model fails": lambda guest: self._answer(guest, Reply("broken", status=500)),
            "model is empty": lambda guest: self._answer(guest, Reply("")),
            "model is slow": lambda guest: self._answer(guest, Reply("Now.", first_token_s=6.0)),
            "model breaks off at once": lambda guest: self._answer(
                guest, Reply("It is noon there.", fails_after=0)
            ),
            "model is gone": self._model_gone,
            "tool fails": self._tool,
            "Redis is gone": self._redis_gone,
            "speech server dies while the caller speaks": self._deaf,
            "speech server dies before the answer": self._mute,
            "speech server dies in the answer": self._breaks_off,
            "the agent's process dies": self._agent_dies,
        }
        found = []
        for kind, run in kinds.items():
            for _ in range(self._settings.failures):
                found.append(await self._one(kind, run))
                self._tell(f"{kind}: {found[-1].seconds} s, {found[-1].said!r}")
        return found

    async def _one(self, kind: str, run: Callable[[Guest], Awaitable[float]]) -> Silence:
        scene = self._scene
        await scene.say(QUESTION)
        scene.write("failing", _TOOL)
        async with scene.call("failing") as guest:
            await guest.hear(1)
            await asyncio.sleep(3)  # the phrases are recorded by then
            count = len(guest.texts("agent"))
            try:
                since_s = await run(guest)
                seconds: float | None = round(await guest.voice_within(since_s, LONGEST_S, kind), 3)
                await guest.until(lambda: len(guest.texts("agent")) > count, "its words", 15)
            except Exception as error:
                self._tell(f"{kind}: {error}")
                seconds = None
            said = " / ".join(guest.texts("agent")[count:])
        await self._mend()
        return Silence(kind=kind, seconds=seconds, said=said)

    async def _mend(self) -> None:
        scene = self._scene
        if not scene.ollama.url:
            scene.ollama = ScriptedOllama(lambda _: Reply("Very well."))
            await scene.ollama.start()
        await asyncio.to_thread(scene.stack.wait_ready)

    def _reply(self, text: str) -> Reply:
        settings = self._settings
        return Reply(text, first_token_s=settings.first_token_s, rate=settings.rate)

    async def _ask(self, guest: Guest) -> float:
        question = await self._scene.say(QUESTION)
        return (await guest.participant.microphone.play(question)).end_s

    async def _answer(self, guest: Guest, reply: Reply) -> float:
        self._scene.ollama.answer = lambda _: reply
        return await self._ask(guest)

    async def _model_gone(self, guest: Guest) -> float:
        await self._scene.ollama.stop()
        self._scene.ollama.url = ""
        return await self._ask(guest)

    async def _tool(self, guest: Guest) -> float:
        def answer(body: Body) -> Reply:
            if body["messages"][-1]["role"] == "tool":
                return self._reply("That does not work just now.")
            return Reply(tool_calls=[("look_up", {})], first_token_s=self._settings.first_token_s)

        self._scene.ollama.answer = answer
        return await self._ask(guest)

    async def _redis_gone(self, guest: Guest) -> float:
        stack = self._scene.stack
        await asyncio.to_thread(stack.stop_service, "redis")
        try:
            return await self._answer(guest, self._reply("It is noon there."))
        finally:
            await asyncio.to_thread(stack.start_service, "redis")

    async def _deaf(self, guest: Guest) -> float:
        asking = asyncio.create_task(self._ask(guest))
        await asyncio.sleep(0.5)
        self._scene.stack.kill("speech_server")
        return await asking

    async def _mute(self, guest: Guest) -> float:
        # The model answers late enough that the words are understood and nothing is spoken yet.
        self._scene.ollama.answer = lambda _: Reply("It is noon there.", first_token_s=0.9)
        end_s = await self._ask(guest)
        await guest.until(lambda: bool(guest.texts("user")), "the caller's words")
        self._scene.stack.kill("speech_server")
        return end_s

    async def _breaks_off(self, guest: Guest) -> float:
        end_s = await self._answer(guest, self._reply(STORIES[0]))
        await guest.voice_within(end_s, LONGEST_S, "the answer")
        await asyncio.sleep(2)
        count = len(guest.texts("agent"))
        self._scene.stack.kill("speech_server")
        killed_s = time.monotonic()
        # What was made already is played; then comes the excuse, with or without a gap before it.
        await guest.until(lambda: len(guest.texts("agent")) > count + 1, "an excuse", LONGEST_S)
        return guest.longest_gap_begin(killed_s, guest.participant.last_voice_s or killed_s)

    async def _agent_dies(self, guest: Guest) -> float:
        await self._answer(guest, self._reply("It is noon there."))
        await guest.hear(2)
        killed_s = time.monotonic()
        self._scene.process_of_a_call().kill()
        await guest.until(lambda: len(guest.texts("agent")) > 2, "an excuse", LONGEST_S)
        return killed_s


_TOOL = """
[[http_tools]]
name = "look_up"
description = "Looks something up."
url = "http://127.0.0.1:1/"
"""
