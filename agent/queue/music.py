"""What is played to who waits, between the messages."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import numpy as np
import structlog
from livekit import rtc
from livekit.agents import BuiltinAudioClip
from livekit.agents.utils.audio import audio_frames_from_file

from agent.settings import HOLD_MUSIC

log = structlog.stdlib.get_logger(__name__)

GAIN: Final = 0.3
"""Music is mastered louder than speech, and a message must stand out from it."""


async def play(music: str, rate_hz: int) -> AsyncGenerator[rtc.AudioFrame]:
    """Give the frames of a file over and over; ends at once when it cannot be played.

    Args:
        music: `HOLD_MUSIC` or a path.
        rate_hz: Sample rate of the frames, which have one channel.
    """
    path = BuiltinAudioClip.HOLD_MUSIC.path() if music == HOLD_MUSIC else music
    while True:
        played = False
        try:
            async with aclosing(audio_frames_from_file(path, rate_hz, 1)) as frames:
                async for frame in frames:
                    played = True
                    yield _quieter(frame)
        except Exception as error:  # the decoder raises what its library raises
            log.warning("The music of the queue cannot be played", file=music, error=str(error))
            return
        if not played:
            return


def _quieter(frame: rtc.AudioFrame) -> rtc.AudioFrame:
    samples = np.frombuffer(frame.data, np.int16) * np.float32(GAIN)
    return rtc.AudioFrame(
        samples.astype(np.int16).tobytes(), frame.sample_rate, 1, frame.samples_per_channel
    )
