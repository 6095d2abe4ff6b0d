"""What becomes of the agent's words when the caller makes a sound, or speaks, while it talks."""

import asyncio
import itertools
import time
from collections.abc import Callable

import numpy as np

from bench.agent.records import Cut, Overlap, Story
from bench.agent.scene import RATE_HZ, Guest, Scene
from bench.agent.settings import AgentBenchSettings
from bench.agent.sounds import SIGNS, cough, hum, keyboard
from bench.agent.texts import STORIES, heard_length, missing, words
from bench.scripted_ollama import Body, Reply
from caller.measure import AGENT_THRESHOLD_DBFS, voiced_span
from caller.recorder import Samples
from caller.speech_server import SpeechServer

ASK = "Please tell me a long story."
STOPS = ("Stop, please.", "Wait, I have a question.", "What is the weather like?", "No, thank you.")
APART_S = 3.0
"""Between two sounds: long enough to pause, to go on, and to be heard going on."""


class Overlaps:
    """Talks over the agent.

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
        self._story = -1
        self.stories: list[Story] = []
        """Those that were told to their end."""

    def _answer(self, body: Body) -> Reply:
        asked = str(body["messages"][-1]["content"]).lower()
        settings = self._settings
        text = STORIES[self._story] if "story" in asked else "Very well."
        return Reply(text, first_token_s=settings.first_token_s, rate=settings.rate)

    async def _begin(self, guest: Guest) -> float:
        """Ask for a story; returns when its voice began."""
        self._story = (self._story + 1) % len(STORIES)
        asked = await guest.participant.microphone.play(await self._scene.say(ASK))
        return asked.end_s + await guest.voice_within(asked.end_s, 20, "the story")

    async def _sounds(self) -> list[tuple[str, Samples]]:
        rng = np.random.default_rng(self._settings.seed)
        count = self._settings.overlaps
        found = [("cough", cough(rng, RATE_HZ)) for _ in range(count)]
        found += [("keyboard", keyboard(rng, RATE_HZ)) for _ in range(count)]
        found += [
            ("mm-hm", hum(rng, RATE_HZ) if number % 2 else await self._scene.say(sign))
            for number, sign in zip(range(count), itertools.cycle(SIGNS), strict=False)
        ]
        return [found[at] for at in rng.permutation(len(found))]

    async def sounds(self) -> list[Overlap]:
        """Make each sound over a story."""
        self._scene.ollama.answer = self._answer
        self._scene.write("teller")
        waiting = await self._sounds()
        found: list[Overlap] = []
        while waiting:
            async with self._scene.call("teller") as guest:
                await guest.hear(1)
                await self._one_story(guest, waiting, found)
        return found

    async def _one_story(
        self, guest: Guest, waiting: list[tuple[str, Samples]], found: list[Overlap]
    ) -> None:
        begin_s = await self._begin(guest)
        count = len(guest.texts("agent"))
        await asyncio.sleep(1.0)
        while waiting and len(guest.texts("agent")) == count:
            kind, sound = waiting[0]
            spoken = await guest.participant.microphone.play(sound)
            await asyncio.sleep(APART_S)
            told = guest.finals("agent")[count:]
            if told and not told[0].interrupted:
                break  # the story came to its end meanwhile: the sound is made again
            waiting.pop(0)
            went_on = (guest.participant.last_voice_s or 0.0) > spoken.end_s + APART_S - 1.5
            found.append(Overlap(kind=kind, resumed=went_on and not told))
            self._tell(f"{len(found)}: {kind}: {'went on' if found[-1].resumed else 'CUT'}")
        await guest.until(
            lambda: len(guest.texts("agent")) > count and guest.participant.silent_for(1.0),
            "the end of the story",
            90,
        )
        story = guest.finals("agent")[count]
        if not story.interrupted:
            heard = await self._transcribe(guest, begin_s - 0.2, time.monotonic())
            whole = STORIES[self._story]
            self.stories.append(Story(missing=missing(heard, whole), words=len(words(whole))))
            self._tell(f"told: {self.stories[-1]}")

    async def interruptions(self) -> list[Cut]:
        """Interrupt stories; compare what was heard with what the model is shown."""
        self._scene.ollama.answer = self._answer
        self._scene.write("teller")
        found: list[Cut] = []
        stops = [await self._scene.say(text) for text in STOPS]
        rng = np.random.default_rng(self._settings.seed)
        while len(found) < self._settings.interruptions:
            async with self._scene.call("teller") as guest:
                await guest.hear(1)
                begin_s = await self._begin(guest)
                count = len(guest.texts("agent"))
                await asyncio.sleep(float(rng.uniform(1.5, 6.0)))
                asked = len(self._scene.ollama.requests)
                stop = stops[len(found) % len(stops)]
                spoken = await guest.participant.microphone.play(stop)
                await guest.until(
                    lambda n=count: len(guest.texts("agent")) > n + 1,  # type: ignore[misc]
                    "the answer",
                )
                recorder = guest.participant.recorder
                sent = recorder.sent_between(spoken.start_s, spoken.end_s)
                span = voiced_span(sent, RATE_HZ, AGENT_THRESHOLD_DBFS)
                begun_s = span.first_s if span else spoken.start_s
                end_s = guest.last_voice_before(time.monotonic(), 0.4, spoken.start_s)
                heard = await self._transcribe(guest, begin_s - 0.2, end_s + 0.05)
                shown = next(
                    str(message["content"])
                    for message in reversed(self._scene.ollama.requests[asked:][-1]["messages"])
                    if message["role"] == "assistant"
                )
                found.append(
                    Cut(
                        stop_ms=round((end_s - begun_s) * 1000, 1),
                        history=len(words(shown)),
                        heard=heard_length(heard, STORIES[self._story]),
                    )
                )
                self._tell(f"{len(found)}: {found[-1]}")
                if abs(found[-1].history - found[-1].heard) > 1:
                    self._tell(f"shown {shown[-60:]!r}, heard {heard[-60:]!r}")
        return found

    async def _transcribe(self, guest: Guest, since_s: float, until_s: float) -> str:
        samples = guest.participant.recorder.received_between(since_s, until_s)
        quiet = np.zeros(RATE_HZ // 2, np.int16)
        async with SpeechServer(self._scene.stack.addresses.speech_target) as server:
            return await server.transcribe(np.concatenate([quiet, samples, quiet]), RATE_HZ)
