"""Many callers: all at the same moment, and as many as can listen without a gap."""

import asyncio
import random
import time

from bench.tts.run import OURS, Run
from bench.tts.servers import Trinity, alone, both
from bench.tts.texts import SENTENCES

AT_ONCE = (1, 2, 4, 8, 16)
SPREAD_S = 4.0
"""Time over which callers of the sweep begin."""


async def measure_at_once(run: Run) -> None:
    """Let callers ask for a sentence of 4 s at the same moment, of both servers in turn."""
    async with both(run.settings) as (_, servers):
        for callers in AT_ONCE:
            run.tell(f"  {callers} callers at the same moment")
            for repeat in range(max(3, run.settings.repeats // 2)):
                texts = [SENTENCES["4 s"][(repeat + n) % 3] for n in range(callers)]
                for server in servers:
                    begin = time.monotonic()
                    heard = await asyncio.gather(*(server.speak(text) for text in texts))
                    took = time.monotonic() - begin
                    for one in heard:
                        run.note("callers", server.name, str(callers), one)
                    rate = sum(one.audio_s for one in heard) / took
                    run.add("throughput", server.name, str(callers), audio_per_s=rate)
        for server in servers:
            run.add("memory of callers", server.name, "after", mb=server.process.usage().memory_mb)


async def measure_sweep(run: Run) -> None:
    """Find how many callers can listen all the time without a gap."""
    async with alone(run.settings) as ours:
        for callers in run.settings.callers:
            run.tell(f"  {callers} callers who listen")
            await _listen(run, ours, callers)


async def _listen(run: Run, ours: Trinity, callers: int) -> None:
    chooser = random.Random(callers)
    end = time.monotonic() + run.settings.call_seconds

    async def call(number: int) -> None:
        await asyncio.sleep(number * SPREAD_S / callers)
        while time.monotonic() < end:
            text = chooser.choice(SENTENCES["4 s"] + SENTENCES["8 s"])
            heard = await ours.say([text])
            run.note("sweep", OURS, str(callers), heard)
            played = heard.chunks[0][0] + heard.audio_s
            await asyncio.sleep(max(0.0, played - time.monotonic()))

    await asyncio.gather(*(call(number) for number in range(callers)))
