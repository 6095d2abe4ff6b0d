"""What the caller shows: the latest frame of a shared screen or a camera."""

import asyncio
import contextlib

import structlog
from livekit import rtc
from livekit.agents import llm

log = structlog.stdlib.get_logger(__name__)

LONGEST_SIDE = 768
"""Pixels; more cost the model time and show it little."""
FRESH_SECONDS = 10.0
"""An older frame, of a camera that was switched off, is not shown."""


class LatestFrame:
    """Keeps the latest frame of a room's video; a screen goes before a camera.

    Args:
        room: The connected room.
    """

    def __init__(self, room: rtc.Room) -> None:
        self._room = room
        self._frames: dict[str, tuple[int, float, rtc.VideoFrame]] = {}
        self._readers: dict[str, asyncio.Task[None]] = {}
        room.on("track_subscribed", self._on_track)
        room.on("track_unsubscribed", self._on_track_gone)
        for participant in room.remote_participants.values():
            for publication in participant.track_publications.values():
                if publication.track:
                    self._on_track(publication.track, publication, participant)

    def look(self) -> rtc.VideoFrame | None:
        """Give the latest frame; None when nothing is shown."""
        now = asyncio.get_running_loop().time()
        fresh = [seen for seen in self._frames.values() if now - seen[1] < FRESH_SECONDS]
        return max(fresh, key=lambda seen: seen[:2])[2] if fresh else None

    async def aclose(self) -> None:
        """Stop looking."""
        self._room.off("track_subscribed", self._on_track)
        self._room.off("track_unsubscribed", self._on_track_gone)
        readers, self._readers = list(self._readers.values()), {}
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)

    def _on_track(
        self,
        track: rtc.Track,
        publication: rtc.RemoteTrackPublication,
        participant: rtc.RemoteParticipant,
    ) -> None:
        if track.kind == rtc.TrackKind.KIND_VIDEO and track.sid not in self._readers:
            rank = int(publication.source == rtc.TrackSource.SOURCE_SCREENSHARE)
            self._readers[track.sid] = asyncio.create_task(self._read(track, rank), name="video")

    def _on_track_gone(self, track: rtc.Track, *_: object) -> None:
        self._frames.pop(track.sid, None)
        if reader := self._readers.pop(track.sid, None):
            reader.cancel()

    async def _read(self, track: rtc.Track, rank: int) -> None:
        stream = rtc.VideoStream.from_track(track=track, capacity=1)
        try:
            async for event in stream:
                now = asyncio.get_running_loop().time()
                self._frames[track.sid] = (rank, now, event.frame)
        finally:
            self._frames.pop(track.sid, None)
            with contextlib.suppress(RuntimeError):
                await stream.aclose()


def show(chat_ctx: llm.ChatContext, frame: rtc.VideoFrame) -> None:
    """Add a frame to the caller's latest message of a conversation that is about to be sent."""
    for item in reversed(chat_ctx.items):
        if isinstance(item, llm.ChatMessage) and item.role == "user":
            width, height = frame.width, frame.height
            scale = min(1.0, LONGEST_SIDE / max(width, height))
            seen = item.model_copy()
            seen.content = [
                *item.content,
                llm.ImageContent(
                    image=frame,
                    inference_width=max(1, round(width * scale)),
                    inference_height=max(1, round(height * scale)),
                ),
            ]
            chat_ctx.items[chat_ctx.items.index(item)] = seen
            return
