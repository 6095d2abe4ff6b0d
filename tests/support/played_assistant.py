"""An assistant that a test plays: a participant of the kind agent that does what it is told.

    async with PlayedAssistant.joined(livekit.url, "room") as assistant:
        await assistant.be("thinking")
        await assistant.tell("user", "t1", "How late is it?", final=False)

The page must not tell it from the real one: it has the same kind, attribute and data topic.
"""

import contextlib
import datetime
import json
from collections.abc import AsyncIterator
from typing import Any

from livekit import api, rtc

from tests.support.control_api import KEY, SECRET

TOPIC = "transcripts"


async def enter(
    url: str, room: str, identity: str, *, name: str = "", agent: bool = False
) -> rtc.Room:
    """Connects a participant with no media of its own."""
    grants = api.VideoGrants(room_join=True, room=room, can_update_own_metadata=True, agent=agent)
    token = api.AccessToken(KEY, SECRET).with_identity(identity).with_name(name or identity)
    token = token.with_grants(grants).with_kind("agent" if agent else "standard")
    connected = rtc.Room()
    await connected.connect(url, token.to_jwt())
    return connected


def transcript(room: str, sequence: int, speaker: str, turn: str, text: str, **more: Any) -> bytes:
    """A transcript message as docs/interfaces.md describes it."""
    message = {
        "type": "transcript",
        "speaker": speaker,
        "text": text,
        "timestamp": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
        "room": room,
        "participant": "",
        "turn_id": turn,
        "sequence": sequence,
        "final": True,
        **more,
    }
    return json.dumps(message).encode()


class PlayedAssistant:
    """The participant; `joined` connects it and lets it go."""

    def __init__(self, connected: rtc.Room, room: str) -> None:
        self._connected = connected
        self._room = room
        self._sequence = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def joined(cls, url: str, room: str) -> "AsyncIterator[PlayedAssistant]":
        connected = await enter(url, room, "agent-played", agent=True)
        try:
            yield cls(connected, room)
        finally:
            await connected.disconnect()

    async def be(self, state: str) -> None:
        """Says what it is doing: listening, thinking or speaking."""
        await self._connected.local_participant.set_attributes({"lk.agent.state": state})

    async def queue(self, position: str) -> None:
        """Says which place in the queue the caller has; empty: the wait is over."""
        place = {"trinity.queue.position": position}
        await self._connected.local_participant.set_attributes(place)

    async def tell(self, speaker: str, turn: str, text: str, **more: Any) -> None:
        """Publishes a transcript message; `more` are fields of it."""
        self._sequence += 1
        payload = transcript(self._room, self._sequence, speaker, turn, text, **more)
        await self._connected.local_participant.publish_data(payload, topic=TOPIC)
