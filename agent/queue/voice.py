"""What who waits in the queue hears: a track of its own, as there is no session yet."""

import asyncio
import contextlib

import structlog
from livekit import rtc
from livekit.agents import APIError

from agent.phrases import phrase_book
from agent.queue.music import play
from agent.session import open_voice
from agent.settings import Settings
from agent.speech import open_channel

log = structlog.stdlib.get_logger(__name__)

SUBSCRIBE_SECONDS = 5.0
SYNTHESIS_SECONDS = 10.0
BUFFER_MS = 200
"""Sound that is handed on ahead; so much music is still to be heard when a message begins."""


class QueueVoice:
    """Says recorded phrases, and plays music between them.

    What was not recorded yet is synthesised once for all calls.

    Args:
        room: Connected when it is opened.
        settings: Of the call.
    """

    def __init__(self, room: rtc.Room, settings: Settings) -> None:
        self._room = room
        self._book = phrase_book(settings)
        self._channel = open_channel(settings.speech_target)
        self._tts = open_voice(settings, self._channel)
        self._rate_hz = settings.tts_sample_rate_hz
        self._source = rtc.AudioSource(self._rate_hz, 1, queue_size_ms=BUFFER_MS)
        self._speaking = asyncio.Lock()
        self._music = settings.queue_music
        self._playing: asyncio.Task[None] | None = None
        self._track: rtc.LocalTrackPublication | None = None

    async def open(self) -> None:
        """Publish the track; a telephone is picked up by that."""
        track = rtc.LocalAudioTrack.create_audio_track("queue", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        try:
            self._track = await self._room.local_participant.publish_track(track, options)
        except (rtc.participant.PublishTrackError, TimeoutError) as error:
            log.warning("The caller in the queue is told nothing", error=str(error))

    async def hold(self, phrase: str) -> None:
        """Say something to its end, and go on with the music."""
        await self._speak(phrase)
        if self._music and self._playing is None and self._track is not None:
            self._playing = asyncio.create_task(self._play(), name="queue music")

    async def part(self, phrase: str) -> None:
        """Stop the music, and say something to its end."""
        await self._stop()
        await self._speak(phrase)

    async def aclose(self) -> None:
        """Take the track away."""
        await self._stop()
        if self._track is not None and self._room.isconnected():
            with contextlib.suppress(rtc.participant.UnpublishTrackError, TimeoutError):
                await self._room.local_participant.unpublish_track(self._track.sid)
        await self._source.aclose()
        await self._tts.aclose()
        await self._channel.close()

    async def _speak(self, phrase: str) -> None:
        """Say something to its end; without a voice nothing is said."""
        if not phrase or self._track is None:
            return
        frames = self._book.find(phrase) or await self._record(phrase)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._track.wait_for_subscription(), SUBSCRIBE_SECONDS)
        async with self._speaking:
            for frame in frames:
                await self._source.capture_frame(frame)
            await self._source.wait_for_playout()

    async def _stop(self) -> None:
        if self._playing is None:
            return
        # A frame that is given up while it is handed on makes the next one fail.
        async with self._speaking:
            self._playing.cancel()
            self._source.clear_queue()
        await asyncio.gather(self._playing, return_exceptions=True)

    async def _play(self) -> None:
        async with contextlib.aclosing(play(self._music, self._rate_hz)) as frames:
            async for frame in frames:
                async with self._speaking:
                    await self._source.capture_frame(frame)

    async def _record(self, phrase: str) -> list[rtc.AudioFrame]:
        try:
            async with asyncio.timeout(SYNTHESIS_SECONDS):
                return await self._book.record(phrase, self._tts)
        except (APIError, TimeoutError) as error:
            log.warning("The caller in the queue is told nothing", error=type(error).__name__)
            return []
