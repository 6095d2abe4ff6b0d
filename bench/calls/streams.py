"""Bare gRPC streams beyond what a server takes: refusals, what the accepted get, and recovery.

A server of its own takes so many recognition and synthesis streams at once. First that many go on
all the time, which is what the accepted are held against; then streams arrive by a seeded Poisson
process at 120 % of it. Each is a recording that is recognised, or a reply that is spoken; first
one kind alone, then both at once.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from trinity.speech.v1 import text_to_speech_service_pb2 as pb
from trinity.speech.v1.text_to_speech_service_pb2_grpc import TextToSpeechServiceStub

from bench.calls.load import arrivals
from bench.calls.records import RawFile
from bench.calls.replies import Script
from bench.calls.rig import FOLDER, free_ports, wait_ready
from bench.calls.settings import CallBenchSettings
from bench.process import Program, engine_environment
from bench.stt.caller import call
from bench.stt.clips import Clip, load_clips
from stack import readiness

__all__ = ["KINDS", "measure"]

Tell = Callable[[str], None]
Lines = list[dict[str, Any]]

LOAD = 1.2
CHUNK_MS = 50
RECOVERY_LIMIT_S = 20.0
RETRY_S = 0.25
SETTLE_S = 0.2
"""From the config to what comes after it: a refusal that meets a message on its way reaches the
caller as an internal error (grpc #36066)."""
TURNS: Sequence[Sequence[str]] = (("stt",), ("tts",), ("mixed stt", "mixed tts"))
KINDS = [what for turn in TURNS for what in turn]
REFUSED = "RESOURCE_EXHAUSTED"


@dataclass
class _Bench:
    settings: CallBenchSettings
    raw: RawFile
    clips: Sequence[Clip]
    target: str
    script: Script
    lines: Lines

    def note(self, kind: str, **fields: Any) -> None:
        self.raw.write(kind, **fields)
        self.lines.append({"kind": kind, **fields})

    async def one(self, what: str, number: int, phase: str, due_s: float) -> float | None:
        """Hold a stream and note what came of it; gives its milliseconds from when it was due."""
        began_s = time.monotonic()
        clip = self.clips[number % len(self.clips)]
        if what.endswith("stt"):
            heard = await call(self.target, clip, chunk_ms=CHUNK_MS, settle_s=SETTLE_S)
            error, value = heard.error, heard.final_delay_s
        else:
            error, value = await self._speak()
        ended_s = time.monotonic()
        fields: dict[str, Any] = {"what": what, "phase": phase, "late_s": round(began_s - due_s, 3)}
        if error:
            fields["error"] = error
            fields["refused_ms"] = round((ended_s - began_s) * 1000, 1)
        elif value is not None:
            fields["ms"] = round((value + began_s - due_s) * 1000, 1)
        self.note("stream", **fields)
        return fields.get("ms")

    async def _speak(self) -> tuple[str, float | None]:
        text = self.script.answer({}).text
        begin_s = time.monotonic()

        async def requests() -> AsyncIterator[pb.SynthesizeRequest]:
            config = pb.StreamingSynthesizeConfig(sample_rate_hertz=24000)
            yield pb.SynthesizeRequest(context_id="c", config=config)
            await asyncio.sleep(SETTLE_S)
            for word in text.split():
                yield pb.SynthesizeRequest(context_id="c", text=f"{word} ")
                await asyncio.sleep(1 / self.settings.llm_rate)
            yield pb.SynthesizeRequest(context_id="c", end_input=pb.EndInput())

        first_s: float | None = None
        async with grpc.aio.insecure_channel(self.target) as channel:
            try:
                async for response in TextToSpeechServiceStub(channel).Synthesize(requests()):
                    if response.WhichOneof("payload") == "audio":
                        first_s = first_s or time.monotonic()
            except grpc.aio.AioRpcError as error:
                return f"{error.code().name}: {error.details()}", None
            if first_s is None:
                return "no sound", None
        return "", first_s - begin_s - SETTLE_S


async def measure(settings: CallBenchSettings, raw: RawFile, tell: Tell) -> Lines:
    """Start a server that takes few streams, and send it more."""
    found = load_clips(settings.speech_data)
    clips = [c for c in found if c.tag == "read" and c.seconds <= settings.longest_clip_s]
    port, metrics = free_ports(2)
    target = f"127.0.0.1:{port}"
    places = str(settings.streams)
    server = Program(
        [sys.executable, "-m", "speech_server"],
        {
            **engine_environment(settings.threads),
            "SPEECH_PORT": str(port),
            "SPEECH_METRICS_PORT": str(metrics),
            "SPEECH_THREADS": str(settings.threads),
            "SPEECH_TTS_THREADS": str(settings.threads),
            "SPEECH_STT_MAX_STREAMS": places,
            "SPEECH_TTS_MAX_STREAMS": places,
            "SPEECH_DRAIN_PROBE_SECONDS": "0",
            "SPEECH_DRAIN_SECONDS": "1",
        },
        log=FOLDER / "logs" / "streams-speech.log",
    )
    script = Script(settings.seed, 0.0, settings.llm_rate)
    bench = _Bench(settings, raw, clips, target, script, [])
    try:
        await wait_ready(server, readiness.grpc_health(target, readiness.SPEECH_SERVICES))
        for turn in TURNS:
            names = " and ".join(turn)
            for what in (*turn, *turn):
                await bench.one(what, 0, "warm", time.monotonic())
            tell(f"{names}: {places} streams all the time")
            lengths_s = await asyncio.gather(*(_closed(bench, what) for what in turn))
            tell(f"{names}: streams arrive at {LOAD:.0%} of that")
            opens = zip(turn, lengths_s, strict=True)
            await asyncio.gather(*(_open(bench, what, full_s) for what, full_s in opens))
    finally:
        await asyncio.to_thread(server.stop)
    return bench.lines


async def _closed(bench: _Bench, what: str) -> float:
    """Keep every place taken; gives how long a stream lasts on average."""
    stop_s = time.monotonic() + bench.settings.point_seconds / 3
    lengths: list[float] = []

    async def hold(place: int) -> None:
        number = place * 11
        await asyncio.sleep(place * 0.7)
        while time.monotonic() < stop_s:
            begin_s = time.monotonic()
            await bench.one(what, number, "full", begin_s)
            lengths.append(time.monotonic() - begin_s)
            number += 1

    await asyncio.gather(*(hold(place) for place in range(bench.settings.streams)))
    return sum(lengths) / len(lengths)


async def _open(bench: _Bench, what: str, length_s: float) -> None:
    """Let streams arrive, and look when a single one is as quick as before."""
    settings = bench.settings
    rate = LOAD * settings.streams / length_s
    plan = arrivals(settings.seed + KINDS.index(what), rate, settings.point_seconds / 2)
    origin_s = time.monotonic()

    async def one(number: int, at_s: float) -> None:
        await asyncio.sleep(max(0.0, origin_s + at_s - time.monotonic()))
        await bench.one(what, number, "over", origin_s + at_s)

    async with asyncio.TaskGroup() as group:
        for number, at_s in enumerate(plan):
            group.create_task(one(number, at_s))
        group.create_task(_recover(bench, what, origin_s + settings.point_seconds / 2))


async def _recover(bench: _Bench, what: str, stop_s: float) -> None:
    """From when no more streams arrive, try until one is taken, and as quick as before."""
    await asyncio.sleep(max(0.0, stop_s - time.monotonic()))
    usual = sorted(
        line["ms"]
        for line in bench.lines
        if line["kind"] == "stream" and line["what"] == what and line["phase"] == "full"
        if "ms" in line
    )
    limit_ms = usual[int(len(usual) * 0.95)] if usual else 0.0
    while time.monotonic() < stop_s + RECOVERY_LIMIT_S:
        begin_s = time.monotonic()
        ms = await bench.one(what, 0, "after", begin_s)
        if ms is not None and ms <= limit_ms:
            bench.note("recovery", what=what, s=round(begin_s - stop_s, 2))
            return
        await asyncio.sleep(RETRY_S)
    bench.note("recovery", what=what, s=None)
