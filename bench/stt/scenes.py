"""How a part is carried out: programs that live for its length, and crowds of callers."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import model_store
from bench.peers.settings import PeerSettings
from bench.peers.whisper_live import WhisperLive
from bench.process import Usage
from bench.stt.caller import Ways, speak
from bench.stt.clips import Clip, spread
from bench.stt.processes import Server
from bench.stt.records import Heard, Used
from bench.stt.settings import SttBenchSettings
from stack.progress import Progress

Tell = Callable[[str], None]
Lines = list[Heard | Used]

HEADLINE = "librispeech_test_other"
TAGS = (
    "short",
    "entity",
    "spelled",
    "accent",
    "accent-child",
    "command-slots",
    "telephone-digits",
)
LONG_PAUSE_S = 0.5
START_GAP_S = 0.37
RETRY_S = 1.0


@dataclass(frozen=True)
class Bench:
    """What every part is given."""

    settings: SttBenchSettings
    clips: list[Clip]
    tell: Tell

    @property
    def headline(self) -> list[Clip]:
        """Recordings of the headline figures."""
        return [clip for clip in self.clips if clip.source == HEADLINE]

    @property
    def chosen(self) -> list[Clip]:
        """Those of them that are spoken alone."""
        return spread(self.headline, self.settings.clips)

    @property
    def ways(self) -> Ways:
        """How recordings are spoken unless told otherwise."""
        return Ways(chunk_ms=self.settings.chunk_ms, limit_ms=self.settings.send_lag_limit_ms)

    def kinds(self) -> list[Clip]:
        """Give recordings of every tag, and all English ones with a long pause."""
        some = [c for tag in TAGS for c in spread(self.tagged(tag), self.settings.tagged)]
        read = [c for c in self.tagged("read") if c.source != HEADLINE]
        paused = [c for c in self.clips if c.pause_s >= LONG_PAUSE_S and c.language == "en"]
        every = [clip for clip in (*self.headline, *read, *some, *paused) if clip.text]
        if self.settings.words:
            every = [*self.chosen, *spread(every, self.settings.words)]
        return list({clip.file: clip for clip in every}.values())

    def tagged(self, tag: str) -> list[Clip]:
        """Give the recordings of a tag."""
        return [clip for clip in self.clips if clip.tag == tag]


@asynccontextmanager
async def served(bench: Bench) -> AsyncIterator[Server]:
    """Run our server for the length of the block."""
    server = await asyncio.to_thread(Server, bench.settings)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.stop)


@asynccontextmanager
async def peer_served(bench: Bench) -> AsyncIterator[WhisperLive]:
    """Run WhisperLive for the length of the block."""
    settings = bench.settings
    server = WhisperLive(
        PeerSettings(),
        model=model_store.resolve(settings.model),
        threads=settings.threads,
        log=settings.output / "logs" / "whisper_live.log",
    )
    await server.open(Progress())
    try:
        yield server
    finally:
        await server.close()


async def together(
    bench: Bench,
    server: Server,
    clips: Sequence[Clip],
    ways: Ways,
    streams: int = 0,
    attempts: int = 5,
) -> list[Heard]:
    """Speak recordings, a stream each, so many at once; who is refused comes again."""
    places = asyncio.Semaphore(streams or bench.settings.together)

    async def one(clip: Clip) -> list[Heard]:
        async with places:
            heard = await speak(server.target, [clip], ways)
            for _ in range(attempts - 1):
                if not heard[0].refused:
                    break
                await asyncio.sleep(RETRY_S)
                heard = await speak(server.target, [clip], ways)
            return heard

    return [heard for each in await asyncio.gather(*map(one, clips)) for heard in each]


async def crowd(bench: Bench, server: Server, streams: int, ways: Ways) -> list[Heard]:
    """Hold so many streams open, each with recording after recording of another order."""

    async def talk(number: int) -> list[Heard]:
        await asyncio.sleep(number * START_GAP_S)
        clips: list[Clip] = []
        order = itertools.islice(itertools.cycle(bench.headline), number * 7, None)
        while sum(map(ways.length_s, clips)) < bench.settings.load_seconds:
            clips.append(next(order))
        return await speak(server.target, clips, ways)

    return [one for each in await asyncio.gather(*map(talk, range(streams))) for one in each]


def in_scene(
    heard: Iterable[Heard], scene: str, *, system: str = "ours", streams: int = 1
) -> list[Heard]:
    """Name the scene of recordings."""
    update = {"scene": scene, "system": system, "streams": streams}
    return [one.model_copy(update=update) for one in heard]


def used(
    scene: str,
    before: Usage,
    after: Usage,
    heard: Sequence[Heard],
    *,
    system: str = "ours",
    streams: int = 1,
) -> Used:
    """Say what a scene used."""
    return Used(
        system=system,
        scene=scene,
        streams=streams,
        cpu_s=after.cpu_s - before.cpu_s,
        speech_s=sum(one.seconds for one in heard),
        memory_mb=after.memory_mb,
    )


def negatives(bench: Bench) -> list[Clip]:
    """Give the recordings without speech, as of a caller who is taken to speak English."""
    return [replace(clip, language="en") for clip in bench.tagged("negative")]
