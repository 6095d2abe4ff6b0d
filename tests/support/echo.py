"""An agent of known slowness: answers a fixed time after the caller's last voiced sample."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import numpy as np
from livekit import api, rtc

from caller.measure import level_dbfs

RATE = 48000
FRAME = RATE // 100


def token(room: str, identity: str, settings: tuple[str, str], agent: bool = False) -> str:
    """A join token made with LiveKit's key and secret."""
    grants = api.VideoGrants(room_join=True, room=room, agent=agent, can_update_own_metadata=agent)
    made = api.AccessToken(*settings).with_identity(identity).with_grants(grants)
    return (made.with_kind("agent") if agent else made).to_jwt()


@asynccontextmanager
async def echo_agent(url: str, jwt: str, delay_s: float) -> AsyncIterator[list[float]]:
    """Joins and answers each utterance with a second of tone, `delay_s` after its end.

    Yields how long after the last voiced sample *that arrived* each answer began.
    """
    room = rtc.Room()
    source = rtc.AudioSource(RATE, 1, queue_size_ms=1000)
    tracks: asyncio.Queue[rtc.RemoteAudioTrack] = asyncio.Queue()
    answered: list[float] = []

    def subscribed(track: rtc.Track, *_: object) -> None:
        if isinstance(track, rtc.RemoteAudioTrack):
            tracks.put_nowait(track)

    room.on("track_subscribed", subscribed)
    await room.connect(url, jwt)
    await room.local_participant.publish_track(
        rtc.LocalAudioTrack.create_audio_track("voice", source),
        rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE),
    )
    await room.local_participant.set_attributes({"lk.agent.state": "listening"})

    async def answer_each() -> None:
        tone = (8000 * np.sin(np.arange(RATE) * 2 * np.pi * 440 / RATE)).astype(np.int16)
        stream = rtc.AudioStream(await tracks.get(), sample_rate=RATE, frame_size_ms=10)
        voiced_s: float | None = None
        try:
            async for event in stream:
                now_s = time.monotonic()
                if level_dbfs(np.frombuffer(event.frame.data, np.int16)) > -45:
                    voiced_s = now_s
                if voiced_s is None or now_s - voiced_s < delay_s:
                    continue
                answered.append(now_s - voiced_s)
                voiced_s = None
                for start in range(0, RATE, FRAME):
                    piece = tone[start : start + FRAME]
                    await source.capture_frame(rtc.AudioFrame(piece.tobytes(), RATE, 1, FRAME))
        finally:
            await stream.aclose()

    answering = asyncio.create_task(answer_each(), name="echo-agent")
    try:
        yield answered
    finally:
        answering.cancel()
        with suppress(asyncio.CancelledError):
            await answering
        await room.disconnect()
        await source.aclose()
