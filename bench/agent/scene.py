"""Calls with a stack's real agent, speech server and LiveKit, and a model that is scripted.

An assistant's file of its own gives a call its model, so one stack serves tests and benches.
"""

import itertools
import json
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from livekit import api

from bench.scripted_ollama import Body, ScriptedOllama
from caller.errors import JoinError
from caller.measure import AGENT_THRESHOLD_DBFS, level_dbfs, trim_to_speech
from caller.messages import TranscriptMessage
from caller.participant import Participant, join
from caller.recorder import Recorder, Samples
from caller.speech_server import SpeechServer, resample
from stack import Stack

__all__ = ["Guest", "Scene", "said"]

RATE_HZ = 48_000
FILE = """
greeting = "{greeting}"
tools = ["get_time", "end_call"]
[model]
provider = "ollama"
name = "scripted"
url = "{url}"
num_predict = 200
"""


@dataclass
class Guest:
    """One caller of a scene."""

    participant: Participant
    room: str

    def finals(self, speaker: str) -> list[TranscriptMessage]:
        """Final messages of one side."""
        return [m for m in self.participant.messages if m.final and m.speaker == speaker]

    def texts(self, speaker: str) -> list[str]:
        """Their texts."""
        return [m.text for m in self.finals(speaker)]

    async def until(self, condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
        """Wait for something of this call."""
        await self.participant.wait_until(condition, seconds, what)

    async def until_closed(self, seconds: float = 15) -> None:
        """Wait until the room is closed."""
        try:
            await self.until(lambda: False, "the end of the call", seconds)
        except JoinError:
            assert self.participant.closed

    async def hear(self, count: int, seconds: float = 30) -> str:
        """Wait for the agent's nth final and its end; returns the text."""
        await self.until(
            lambda: len(self.texts("agent")) >= count and self.participant.silent_for(0.6),
            f"the agent's words number {count}; it said {self.texts('agent')}",
            seconds,
        )
        return self.texts("agent")[count - 1]

    async def voice_within(self, since_s: float, seconds: float, what: str) -> float:
        """Wait for the agent's voice after a time; returns how long it took, in seconds."""
        await self.until(
            lambda: (self.participant.last_voice_s or 0.0) > since_s,
            f"the agent's voice ({what})",
            seconds,
        )
        first = next(
            frame.time_s
            for frame in self.participant.recorder.received
            if frame.time_s > since_s and level_dbfs(frame.samples) >= AGENT_THRESHOLD_DBFS
        )
        return first - since_s

    def longest_gap_begin(self, since_s: float, until_s: float) -> float:
        """When the longest silence of the agent between two times began."""
        voiced = [since_s] + [
            frame.time_s
            for frame in self.participant.recorder.received
            if since_s < frame.time_s <= until_s
            and level_dbfs(frame.samples) >= AGENT_THRESHOLD_DBFS
        ]
        return max(itertools.pairwise(voiced), key=lambda pair: pair[1] - pair[0])[0]

    def last_voice_before(self, until_s: float, gap_s: float, since_s: float) -> float:
        """When the agent's voice stopped for a while, after a time."""
        last = since_s
        for frame in self.participant.recorder.received:
            if frame.time_s <= since_s or frame.time_s > until_s:
                continue
            if level_dbfs(frame.samples) >= AGENT_THRESHOLD_DBFS:
                if frame.time_s - last > gap_s:
                    break
                last = frame.time_s
        return last


class Scene:
    """Assistants of a scripted model, and calls to them.

    Args:
        stack: Runs, with `folder` as its folder of assistants.
        folder: Gets their files.
        ollama: Runs.
    """

    def __init__(self, stack: Stack, folder: Path, ollama: ScriptedOllama) -> None:
        self.stack = stack
        self.ollama = ollama
        self._folder = folder
        self._clips: dict[str, Samples] = CLIPS

    def write(
        self,
        name: str,
        more: str = "",
        *,
        first: str = "",
        greeting: str = "Hello, this is a test.",
    ) -> None:
        """Write an assistant's file, which its next call reads."""
        text = first + FILE.format(greeting=greeting, url=self.ollama.url) + more
        (self._folder / f"{name}.toml").write_text(text)

    def process_of_a_call(self) -> psutil.Process:
        """The agent's process that is in a room, of one call: it alone has sockets for media."""
        (found,) = (
            child
            for child in psutil.Process(self.stack.pid("agent")).children(recursive=True)
            if child.net_connections(kind="udp")
        )
        return found

    async def say(self, text: str) -> Samples:
        """Give a text as another person's voice says it."""
        if text not in self._clips:
            async with SpeechServer(self.stack.addresses.speech_target) as server:
                slow, rate_hz = await server.synthesize(text, speaking_rate=1 / 1.18, seed=1)
            shifted = resample(slow, round(rate_hz * 1.18), RATE_HZ)
            self._clips[text] = trim_to_speech(shifted, RATE_HZ)
        return self._clips[text]

    @asynccontextmanager
    async def call(
        self,
        assistant: str,
        *,
        kind: str = "standard",
        identity: str = "caller",
        attributes: dict[str, str] | None = None,
        agent: str = "trinity",
    ) -> AsyncIterator[Guest]:
        """Call an assistant; `agent` is the worker's name."""
        settings = self.stack.settings
        room = f"agent-{secrets.token_hex(4)}"
        token = (
            api.AccessToken(
                settings.livekit_api_key, settings.livekit_api_secret.get_secret_value()
            )
            .with_identity(identity)
            .with_kind(kind)  # type: ignore[arg-type]
            .with_attributes(attributes or {})
            .with_grants(api.VideoGrants(room_join=True, room=room, can_update_own_metadata=True))
            .with_room_config(
                api.RoomConfiguration(
                    agents=[
                        api.RoomAgentDispatch(
                            agent_name=agent, metadata=json.dumps({"assistant": assistant})
                        )
                    ]
                )
            )
        )
        url = self.stack.addresses.livekit_url
        async with join(url, token.to_jwt(), Recorder(RATE_HZ)) as participant:
            yield Guest(participant, room)


CLIPS: dict[str, Samples] = {}


def said(body: Body) -> str:
    """The latest message of a request."""
    return str(body["messages"][-1].get("content") or "")
