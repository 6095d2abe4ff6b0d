"""What is measured, a part at a time; each starts the programs that it needs and stops them."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bench.stt import peer_caller
from bench.stt.caller import Ways, speak
from bench.stt.clips import isolated_words
from bench.stt.pace import new_heard
from bench.stt.plain import WAYS
from bench.stt.processes import Plain
from bench.stt.records import Heard, Used
from bench.stt.scenes import (
    START_GAP_S,
    Bench,
    Lines,
    crowd,
    in_scene,
    negatives,
    peer_served,
    served,
    together,
    used,
)
from bench.stt.settings import Part

PEER = "WhisperLive"
PEER_TAIL_S = 4.0
CALL_SHARE = 0.4
OPEN_STREAMS = 16
REFUSAL_S = 1.0
"""By then a server with too many streams has said so."""
BEYOND_CHUNK_MS = 100
"""Audio in a message where only refusals and losses count: the callers share the machine."""
REST_S = 20.0
"""Between two points: over so long the server measures what finals need, and admits by it."""


async def alone(bench: Bench) -> Lines:
    """Speak over one stream at a time, ended by the server and by the caller."""
    lines: Lines = []
    async with served(bench) as server:
        await speak(server.target, bench.chosen[-1:], bench.ways)
        for scene, ways in (
            ("endpoint", bench.ways),
            ("forced", replace(bench.ways, force=True)),
        ):
            bench.tell(f"{len(bench.chosen)} recordings, one at a time: {scene}")
            before = server.usage()
            heard = in_scene(await together(bench, server, bench.chosen, ways, 1), scene)
            lines += [*heard, used(scene, before, server.usage(), heard)]
    return lines


async def peer(bench: Bench) -> Lines:
    """Speak the same recordings to WhisperLive."""
    async with peer_served(bench) as server:
        ways = replace(bench.ways, tail_s=PEER_TAIL_S)
        await peer_caller.speak(server, bench.chosen[-1], ways)
        bench.tell(f"{len(bench.chosen)} recordings with WhisperLive")
        before = server.usage()
        found = [await peer_caller.speak(server, clip, ways) for clip in bench.chosen]
        heard = in_scene(found, "endpoint", system=PEER)
        return [*heard, used("endpoint", before, server.usage(), heard, system=PEER)]


async def plain(bench: Bench) -> Lines:
    """Give the same and all other recordings to plain faster-whisper."""
    lines: Lines = []
    program = await asyncio.to_thread(Plain, bench.settings)
    try:
        for way in WAYS:
            clips = bench.kinds() if way == "beam 5" else bench.chosen
            await asyncio.to_thread(program.transcribe, bench.chosen[-1], way)
            bench.tell(f"{len(clips)} recordings with plain faster-whisper, {way}")
            before = program.usage()
            found: list[Heard] = []
            for clip in clips:
                heard = new_heard(clip)
                heard.text, seconds = await asyncio.to_thread(program.transcribe, clip, way)
                heard.complete_s = heard.end_s + seconds
                found.append(heard)
            done = in_scene(found, "finished", system=way)
            lines += [*done, used("finished", before, program.usage(), done, system=way)]
    finally:
        await asyncio.to_thread(program.stop)
    return lines


async def words(bench: Bench) -> Lines:
    """Speak recordings of all kinds, a few streams at once: only their text counts."""
    lines: Lines = []
    said = await asyncio.to_thread(isolated_words, bench.clips, bench.settings.output / "spoken")
    short = replace(bench.ways, tail_s=1.5)
    async with served(bench) as server:
        for scene, clips, ways in (
            ("words", bench.kinds(), bench.ways),
            ("isolated", said, short),
            ("negative", negatives(bench), short),
            ("finals only", bench.chosen, replace(bench.ways, interims=False)),
        ):
            bench.tell(f"{len(clips)} recordings: {scene}")
            before = server.usage()
            heard = in_scene(await together(bench, server, clips, ways), scene)
            lines += [*heard, used(scene, before, server.usage(), heard)]
    return lines


async def load(bench: Bench) -> Lines:
    """Sweep streams at once, of continuous speech and like calls; then far too many."""
    lines: Lines = []
    settings = bench.settings
    sweep = [("continuous", count, 1.0) for count in settings.streams]
    sweep += [("calls", count, CALL_SHARE) for count in settings.calls]
    async with served(bench) as server:
        for scene, streams, share in sweep:
            await asyncio.sleep(REST_S)
            bench.tell(f"{streams} streams, {scene}")
            ways = replace(bench.ways, tail_s=1.5, speech=share)
            before = server.usage()
            found = await crowd(bench, server, streams, ways)
            heard = in_scene(found, scene, streams=streams)
            lines += [*heard, used(scene, before, server.usage(), heard, streams=streams)]
        if settings.beyond:
            await asyncio.sleep(REST_S)
            bench.tell(f"{settings.beyond} streams at once")
            clips = (bench.headline * settings.beyond)[: settings.beyond]
            ways = replace(bench.ways, settle_s=REFUSAL_S, chunk_ms=BEYOND_CHUNK_MS)
            found = await together(bench, server, clips, ways, settings.beyond, attempts=1)
            lines += in_scene(found, "beyond", streams=settings.beyond)
    return lines


async def peer_load(bench: Bench) -> Lines:
    """The sweep of continuous speech with WhisperLive."""
    lines: Lines = []
    ways = replace(bench.ways, tail_s=PEER_TAIL_S)
    async with peer_served(bench) as server:
        for streams in bench.settings.peer_streams:
            bench.tell(f"{streams} streams with WhisperLive")
            stop_s = time.monotonic() + bench.settings.load_seconds

            async def talk(number: int, stop_s: float = stop_s) -> list[Heard]:
                await asyncio.sleep(number * START_GAP_S)
                heard: list[Heard] = []
                for clip in itertools.islice(itertools.cycle(bench.headline), number * 7, None):
                    if time.monotonic() > stop_s:
                        break
                    heard.append(await peer_caller.speak(server, clip, ways))
                return heard

            before = server.usage()
            each = await asyncio.gather(*map(talk, range(streams)))
            found = [one for some in each for one in some]
            heard = in_scene(found, "continuous", system=PEER, streams=streams)
            use = used("continuous", before, server.usage(), heard, system=PEER, streams=streams)
            lines += [*heard, use]
    return lines


async def memory(bench: Bench) -> Lines:
    """Open and end many short streams, and look at the memory now and then."""
    lines: Lines = []
    total = bench.settings.memory_streams
    every = sorted(bench.clips, key=lambda clip: clip.seconds)
    short = [clip for clip in every if clip.tag == "short" and clip.rate_hz == 16_000] or every[:8]
    hasty = Ways(force=True, chunk_ms=500, speed=20.0)
    async with served(bench) as server:
        # A few long ones first, so that every working memory has its size.
        await together(bench, server, bench.chosen[:4], bench.ways)
        bench.tell(f"{total} short streams")
        step = max(1, total // 20)
        for done in range(0, total + 1, step):
            usage = server.usage()
            lines.append(Used(scene="many streams", memory_mb=usage.memory_mb, done=done))
            if done < total:
                clips = [short[number % len(short)] for number in range(step)]
                await together(bench, server, clips, hasty)
        bench.tell(f"{OPEN_STREAMS} open streams")
        lines.append(Used(scene="open streams", streams=0, memory_mb=server.usage().memory_mb))
        talks = asyncio.gather(
            *(
                speak(server.target, [clip], replace(bench.ways, interims=False))
                for clip in bench.headline[:OPEN_STREAMS]
            )
        )
        most = 0.0
        while not talks.done():
            most = max(most, server.usage().memory_mb)
            await asyncio.sleep(0.5)
        await talks
        lines.append(Used(scene="open streams", streams=OPEN_STREAMS, memory_mb=most))
    return lines


RUN: dict[Part, Callable[[Bench], Awaitable[Lines]]] = {
    "alone": alone,
    "peer": peer,
    "plain": plain,
    "words": words,
    "load": load,
    "peer_load": peer_load,
    "memory": memory,
}
