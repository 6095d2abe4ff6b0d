"""Recognition and synthesis on one device: how long a final takes while answers are spoken."""

import asyncio

from bench.stt.caller import call
from bench.stt.clips import Clip, load_clips, spread
from bench.tts.run import OURS, Run
from bench.tts.servers import Trinity, alone
from bench.tts.texts import PARAGRAPH

SPEAKERS = (0, 1, 4)
LONGEST_CLIP_S = 5.0
CHUNK_MS = 20
POLICIES: dict[str, dict[str, str]] = {
    "synthesis yields": {},
    "synthesis never yields": {"SPEECH_TTS_YIELD_MS": "0"},
}


async def measure(run: Run) -> None:
    """Ask for finals while so many long answers are being spoken, with and without the policy."""
    clips = [
        clip
        for clip in load_clips(run.settings.speech_data)
        if clip.language.startswith("en") and clip.text and 2.0 < clip.seconds <= LONGEST_CLIP_S
    ]
    clips = spread(clips, run.settings.clips)
    for policy, environment in POLICIES.items():
        async with alone(run.settings, recognition=True, environment=environment) as ours:
            for clip in clips[:2]:  # warm
                await call(ours.target, clip, chunk_ms=CHUNK_MS, force=True)
            for speakers in SPEAKERS if not environment else SPEAKERS[1:]:
                run.tell(f"  finals while {speakers} answers are spoken, {policy}")
                name = f"{speakers} answers, {policy}"
                await _recognise(run, ours, clips, speakers, name)


async def _recognise(run: Run, ours: Trinity, clips: list[Clip], speakers: int, name: str) -> None:
    stop = asyncio.Event()

    async def speak() -> None:
        while not stop.is_set():
            run.note("answers", OURS, name, await ours.say([PARAGRAPH]))

    speaking = [asyncio.create_task(speak()) for _ in range(speakers)]
    for clip in clips:
        heard = await call(ours.target, clip, chunk_ms=CHUNK_MS, force=True, interims=True)
        run.add("shared", OURS, name, clip=clip.name, final_s=heard.final_delay_s)
    stop.set()
    await asyncio.gather(*speaking)
