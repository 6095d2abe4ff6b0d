"""One caller of WhisperLive: the same recordings on the same schedule, over its own protocol."""

import asyncio
import time

import aiohttp
import numpy as np

from bench.peers.errors import PeerRefusedError
from bench.peers.whisper_live import RATE_HZ, WhisperLive
from bench.stt.caller import Ways
from bench.stt.clips import Clip
from bench.stt.pace import Pace, complete_at, new_heard, room, words_of
from bench.stt.records import Heard

__all__ = ["speak"]


async def speak(peer: WhisperLive, clip: Clip, ways: Ways) -> Heard:
    """Speak one recording of 16 kHz; what is shown when the audio ends is its text."""
    assert clip.rate_hz == RATE_HZ
    heard = new_heard(clip)
    heard.system = "WhisperLive"
    try:
        stream = await peer.connect(clip.language)
    except (PeerRefusedError, aiohttp.ClientError) as error:
        heard.refused = isinstance(error, PeerRefusedError)
        heard.error = str(error)
        return heard
    shown: list[tuple[float, str]] = []
    pace = Pace(ways.limit_ms)

    async def read() -> None:
        async for update in stream:
            shown.append((time.monotonic() - pace.origin, update.text))

    reader = asyncio.create_task(read())
    sound = np.concatenate([clip.samples, room(round(ways.tail_s * RATE_HZ))])
    size = RATE_HZ * ways.chunk_ms // 1000
    pace.begin()
    try:
        for at in range(0, len(sound), size):
            piece = sound[at : at + size]
            await pace.wait(len(piece) / RATE_HZ)
            await stream.send(piece)
        pace.note(heard)
        await stream.close()
    except aiohttp.ClientError as error:
        heard.error = str(error) or type(error).__name__
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    _note(heard, shown)
    return heard


def _note(heard: Heard, shown: list[tuple[float, str]]) -> None:
    before: list[str] = []
    for at_s, text in shown:
        words = words_of(text)
        if words and heard.first_interim_s is None:
            heard.first_interim_s = at_s
        heard.interims += 1
        kept = next(
            (i for i, pair in enumerate(zip(words, before, strict=False)) if pair[0] != pair[1]),
            min(len(words), len(before)),
        )
        heard.unstable_words += len(before) - kept
        before = words
    if shown:
        heard.text = shown[-1][1]
        heard.shown_s = heard.complete_s = complete_at(shown, heard.end_s)
