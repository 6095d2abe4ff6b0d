"""The measurements, one after the other, the two servers interleaved."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from trinity.speech.v1 import text_to_speech_service_pb2 as pb

from bench.tts import exactness
from bench.tts.heard import Heard
from bench.tts.servers import Peer, PiperHttp, Trinity
from bench.tts.settings import TtsBenchSettings
from bench.tts.texts import CLAUSE, PARAGRAPH, SENTENCES, TOKENS

TOKENS_A_SECOND = 30

Tell = Callable[[str], None]


@dataclass
class Run:
    """What was measured: raw lines, and figures by name."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    exactness: list[dict[str, float | str]] = field(default_factory=list)

    def note(self, kind: str, server: str, name: str, heard: Heard) -> None:
        """Keep one request."""
        self.lines.append(
            {
                "kind": kind,
                "server": server,
                "name": name,
                "first_byte_s": heard.first_byte_s if heard.chunks else None,
                "first_audible_s": heard.first_audible_s if heard.chunks else None,
                "audio_s": heard.audio_s,
                "compute_s": heard.compute_s,
                "ended_s": heard.ended_s,
                "underruns": heard.underruns,
            }
        )

    def p50(self, kind: str, server: str, name: str, value: str = "first_audible_s") -> float:
        """Give the median of a figure."""
        found = [
            line[value]
            for line in self.lines
            if (line["kind"], line.get("server"), line["name"]) == (kind, server, name)
        ]
        return float(median(found))


async def measure(settings: TtsBenchSettings, tell: Tell) -> Run:
    """Start the servers, measure everything, and stop them."""
    run = Run()
    tell("exactness")
    texts = {name: sentences[0] for name, sentences in SENTENCES.items()}
    run.exactness = await asyncio.to_thread(exactness.measure, settings.voice, texts)
    ours = Trinity(settings)
    peer = PiperHttp(settings) if settings.peer else None
    try:
        await ours.open()
        if peer is not None:
            await peer.open()
        servers: list[Peer] = [ours, *([peer] if peer else [])]
        for server in servers:  # warm both
            for sentences in SENTENCES.values():
                await server.speak(sentences[0])
        run.figures["memory_start_mb"] = ours.process.memory_mb
        await _lengths(run, servers, ours, settings, tell)
        await _tokens(run, ours, settings, tell)
        await _cancel(run, ours, settings, tell)
        await _at_once(run, servers, settings, tell)
        if peer is not None:
            run.figures["peer_memory_mb"] = peer.process.memory_mb
            await peer.close()
            peer = None
        await _sweep(run, ours, settings, tell)
        await _memory(run, ours, settings, tell)
    finally:
        await ours.close()
        if peer is not None:
            await peer.close()
    return run


async def _lengths(
    run: Run, servers: list[Peer], ours: Trinity, settings: TtsBenchSettings, tell: Tell
) -> None:
    tell("first sound by length")
    for repeat in range(settings.repeats):
        for name, sentences in SENTENCES.items():
            text = sentences[repeat % len(sentences)]
            for server in servers:
                run.note("length", server.name, name, await server.speak(text))
        for server in servers:
            run.note("length", server.name, "paragraph", await server.speak(PARAGRAPH))
        run.note("length", ours.name, "clause", await ours.say([CLAUSE]))


async def _tokens(run: Run, ours: Trinity, settings: TtsBenchSettings, tell: Tell) -> None:
    tell("text as tokens")
    words = TOKENS.split(" ")
    pieces = [words[0], *(f" {word}" for word in words[1:])]
    clause = next(
        n
        for n, piece in enumerate(pieces)
        if piece[-1] in ",." and len("".join(pieces[: n + 1])) > 12
    )
    for _ in range(settings.repeats):
        heard = await ours.say(pieces, gap_s=1 / TOKENS_A_SECOND, counts=clause)
        run.note("tokens", ours.name, "tokens", heard)


async def _cancel(run: Run, ours: Trinity, settings: TtsBenchSettings, tell: Tell) -> None:
    tell("cancel")
    for _ in range(settings.repeats):
        heard = await ours.say([PARAGRAPH], cancel_after_s=0.3)
        run.note("cancel", ours.name, "cancel", heard)


async def _at_once(run: Run, servers: list[Peer], settings: TtsBenchSettings, tell: Tell) -> None:
    for callers in (4, 8):
        tell(f"{callers} callers at once")
        for repeat in range(max(2, settings.repeats // 2)):
            texts = [SENTENCES["4 s"][(repeat + n) % 3] for n in range(callers)]
            for server in servers:
                begin = time.monotonic()
                all_heard = await asyncio.gather(*(server.speak(text) for text in texts))
                took = time.monotonic() - begin
                for heard in all_heard:
                    run.note("at once", server.name, str(callers), heard)
                audio = sum(heard.audio_s for heard in all_heard)
                run.lines.append(
                    {
                        "kind": "throughput",
                        "server": server.name,
                        "name": str(callers),
                        "audio_per_s": audio / took,
                    }
                )


async def _sweep(run: Run, ours: Trinity, settings: TtsBenchSettings, tell: Tell) -> None:
    """Find how many callers can listen at once without a gap."""
    chooser = random.Random(1)
    capacity = 0
    for callers in settings.callers:
        tell(f"{callers} callers who listen")
        end = time.monotonic() + settings.call_seconds

        async def call(number: int, callers: int = callers, end: float = end) -> int:
            await asyncio.sleep(number * 4.0 / callers)
            gaps = 0
            while time.monotonic() < end:
                text = chooser.choice(SENTENCES["4 s"] + SENTENCES["8 s"])
                heard = await ours.say([text], pb.StreamingSynthesizeConfig())
                gaps += heard.underruns
                run.note("listen", ours.name, str(callers), heard)
                played = heard.chunks[0][0] + heard.audio_s
                await asyncio.sleep(max(0.0, played - time.monotonic()))
            return gaps

        gaps = sum(await asyncio.gather(*(call(number) for number in range(callers))))
        run.lines.append({"kind": "sweep", "name": str(callers), "underruns": gaps})
        if gaps:
            break
        capacity = callers
    run.figures["capacity"] = capacity


async def _memory(run: Run, ours: Trinity, settings: TtsBenchSettings, tell: Tell) -> None:
    tell(f"memory over {settings.requests} requests")
    chooser = random.Random(2)
    sizes: list[float] = []
    for number in range(settings.requests):
        text = chooser.choice(SENTENCES["4 s"])
        if number % 50 == 25:
            text = (PARAGRAPH + " ") * (6000 // len(PARAGRAPH))
        await ours.speak(text)
        if number % (settings.requests // 10) == 0:
            sizes.append(ours.process.memory_mb)
    sizes.append(ours.process.memory_mb)
    run.figures["memory_mb"] = sizes[-1]
    run.figures["memory_growth_mb"] = sizes[-1] - sizes[len(sizes) // 2]
    run.lines.append({"kind": "memory", "name": "sizes", "mb": sizes})
