"""How long a cancelled context is still heard of."""

import asyncio

from bench.tts.run import OURS, Run
from bench.tts.servers import alone
from bench.tts.texts import PARAGRAPH

CANCEL_AFTER_S = 0.3
OTHERS = 4


async def measure(run: Run) -> None:
    """Cancel a paragraph, alone and while others speak."""
    async with alone(run.settings) as ours:
        for _ in range(run.settings.repeats):
            heard = await ours.say([PARAGRAPH], cancel_after_s=CANCEL_AFTER_S)
            run.note("cancel", OURS, "alone", heard)
        stop = asyncio.Event()

        async def speak() -> None:
            while not stop.is_set():
                await ours.say([PARAGRAPH])

        others = [asyncio.create_task(speak()) for _ in range(OTHERS)]
        for _ in range(run.settings.repeats):
            heard = await ours.say([PARAGRAPH], cancel_after_s=CANCEL_AFTER_S)
            run.note("cancel", OURS, f"{OTHERS} others", heard)
        stop.set()
        await asyncio.gather(*others)
