"""What is measured, one scene after the other."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from bench.stt.caller import Heard, call
from bench.stt.clips import Clip, load_clips, spread
from bench.stt.processes import Plain, Server
from bench.stt.settings import SttBenchSettings

Tell = Callable[[str], None]

HEADLINE = "librispeech_test_other"
TAGS = ("short", "entity", "spelled", "accent", "command-slots", "telephone-digits")
LONG_PAUSE_S = 0.5
SHORT_WORDS = ("yes", "no", "okay", "stop", "thank you")
TOO_LATE_S = 1.5
START_GAP_S = 0.37


@dataclass
class Run:
    """The raw figures."""

    lines: list[dict[str, object]] = field(default_factory=list)
    endpoint: list[Heard] = field(default_factory=list)
    forced: list[Heard] = field(default_factory=list)
    finals_only: list[Heard] = field(default_factory=list)
    tagged: list[Heard] = field(default_factory=list)
    negatives: list[Heard] = field(default_factory=list)
    paused: list[Heard] = field(default_factory=list)
    plain: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    plain_s: dict[str, list[float]] = field(default_factory=dict)
    sweep: dict[int, list[Heard]] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)

    @property
    def lags_s(self) -> list[float]:
        """How late each message left, over all scenes."""
        scenes = (self.endpoint, self.forced, self.finals_only, self.tagged, self.negatives)
        every = [*scenes, self.paused, *self.sweep.values()]
        return [lag for scene in every for heard in scene for lag in heard.lags_s]


async def measure(settings: SttBenchSettings, tell: Tell) -> Run:
    """Measure everything; the programs run one at a time, so that neither slows the other."""
    clips = load_clips(settings.speech_data)
    headline = [clip for clip in clips if clip.source == HEADLINE]
    run = Run()
    server = await asyncio.to_thread(Server, settings)
    try:
        await _scenes(run, server, settings, clips, headline, tell)
        await _sweep(run, server, settings, headline, tell)
        run.memory["after the sweep"] = server.usage().memory_mb
    finally:
        await asyncio.to_thread(server.stop)
    tell("plain faster-whisper on the same recordings")
    await asyncio.to_thread(_plain, run, settings, spread(headline, settings.clips))
    return run


async def _scenes(
    run: Run,
    server: Server,
    settings: SttBenchSettings,
    clips: list[Clip],
    headline: list[Clip],
    tell: Tell,
) -> None:
    chosen = spread(headline, settings.clips)
    run.memory["at start"] = server.usage().memory_mb
    tell(f"{len(chosen)} recordings, ended by the server's endpointing")
    before = server.usage().cpu_s
    run.endpoint = await _one_by_one(run, "endpoint", server, settings, chosen)
    run.cpu["interims"] = (server.usage().cpu_s - before) / _speech_s(run.endpoint)
    run.memory["one stream"] = server.usage().memory_mb
    tell("the same, ended by the client")
    run.forced = await _one_by_one(run, "forced", server, settings, chosen, force=True)
    tell("the same, finals only")
    before = server.usage().cpu_s
    run.finals_only = await _one_by_one(
        run, "finals only", server, settings, chosen, interims=False
    )
    run.cpu["finals only"] = (server.usage().cpu_s - before) / _speech_s(run.finals_only)
    paused = [clip for clip in headline if clip.pause_s >= LONG_PAUSE_S]
    done = {heard.clip for heard in run.endpoint}
    tell(f"{len(paused)} recordings with a long pause")
    rest = [clip for clip in spread(paused, settings.clips) if clip.name not in done]
    run.paused = [heard for heard in run.endpoint if heard.pause_s >= LONG_PAUSE_S]
    run.paused += await _one_by_one(run, "paused", server, settings, rest)
    tagged = [
        c for tag in TAGS for c in spread([x for x in clips if x.tag == tag], settings.tagged)
    ]
    tell(f"{len(tagged)} recordings of other kinds")
    run.tagged = await _together(run, "tagged", server, settings, tagged)
    negatives = spread([clip for clip in clips if clip.tag == "negative"], settings.negatives)
    tell(f"{len(negatives)} recordings without speech")
    run.negatives = await _together(run, "negative", server, settings, negatives)


async def _sweep(
    run: Run, server: Server, settings: SttBenchSettings, clips: list[Clip], tell: Tell
) -> None:
    for streams in settings.streams:
        tell(f"{streams} streams of continuous speech")
        stop_s = time.monotonic() + settings.sweep_seconds

        async def talk(number: int, stop_s: float = stop_s) -> list[Heard]:
            heard: list[Heard] = []
            at = number * 7
            await asyncio.sleep(number * START_GAP_S)
            while time.monotonic() < stop_s:
                clip = clips[at % len(clips)]
                heard.append(await call(server.target, clip, chunk_ms=settings.chunk_ms))
                at += 1
            return heard

        talks = await asyncio.gather(*(talk(number) for number in range(streams)))
        run.sweep[streams] = [heard for one in talks for heard in one]
        _note(run, f"{streams} streams", run.sweep[streams])
        run.memory[f"{streams} streams"] = server.usage().memory_mb


async def _one_by_one(
    run: Run,
    scene: str,
    server: Server,
    settings: SttBenchSettings,
    clips: Sequence[Clip],
    *,
    force: bool = False,
    interims: bool = True,
) -> list[Heard]:
    heard = [
        await call(server.target, clip, chunk_ms=settings.chunk_ms, force=force, interims=interims)
        for clip in clips
    ]
    _note(run, scene, heard)
    return heard


async def _together(
    run: Run, scene: str, server: Server, settings: SttBenchSettings, clips: Sequence[Clip]
) -> list[Heard]:
    """Two at a time: these are scored for their text and not for their time."""
    places = asyncio.Semaphore(2)

    async def one(clip: Clip) -> Heard:
        async with places:
            return await call(server.target, clip, chunk_ms=settings.chunk_ms, interims=False)

    heard = list(await asyncio.gather(*(one(clip) for clip in clips)))
    _note(run, scene, heard)
    return heard


def _note(run: Run, scene: str, heard: Sequence[Heard]) -> None:
    for one in heard:
        line = {"scene": scene, **asdict(one), "text": one.text}
        line["lag_max_s"] = max(one.lags_s, default=0.0)
        del line["lags_s"]
        run.lines.append(line)


def _plain(run: Run, settings: SttBenchSettings, clips: Sequence[Clip]) -> None:
    plain = Plain(settings)
    try:
        before = plain.usage().cpu_s
        for clip in clips:
            for way, answer in plain.transcribe(clip).items():
                run.plain.setdefault(way, []).append((clip.text, str(answer["text"])))
                run.plain_s.setdefault(way, []).append(float(answer["seconds"]))
                run.lines.append({"scene": f"plain {way}", "clip": clip.name, **answer})
        speech = sum(clip.seconds for clip in clips)
        run.cpu["plain, both ways"] = (plain.usage().cpu_s - before) / speech
        run.memory["plain"] = plain.usage().memory_mb
    finally:
        plain.stop()


def _speech_s(heard: Sequence[Heard]) -> float:
    return sum(one.seconds for one in heard)
