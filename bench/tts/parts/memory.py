"""Memory over many mixed requests, from a word to 6,000 characters."""

import asyncio
import random
import time

from trinity.speech.v1 import audio_pb2
from trinity.speech.v1 import text_to_speech_service_pb2 as pb

from bench.tts.run import OURS, Run
from bench.tts.servers import Trinity, alone
from bench.tts.texts import PARAGRAPH, SENTENCES

WORKERS = 4
LONGEST_CHARS = 6000
LONG_EVERY = 1000
SAMPLES = 20
WORDS = ["Yes.", "No.", "One moment.", "Of course.", "All right.", "Thank you.", "Goodbye."]


async def measure(run: Run) -> None:
    """Send requests, four at a time, and look at the server's memory."""
    requests = run.settings.requests
    numbers = iter(range(requests))
    async with alone(run.settings) as ours:
        run.add("memory", OURS, "sizes", requests=0, mb=ours.process.usage().memory_mb)

        last = 0
        end = time.monotonic() + run.settings.memory_seconds

        async def work() -> None:
            nonlocal last
            for number in numbers:
                if time.monotonic() > end:
                    return
                last = max(last, number + 1)
                await _ask(ours, number, random.Random(number))
                if number % (requests // SAMPLES) == 0:
                    run.add(
                        "memory", OURS, "sizes", requests=number, mb=ours.process.usage().memory_mb
                    )
                    run.tell(f"  {number} requests: {ours.process.usage().memory_mb:.0f} MB")

        await asyncio.gather(*(work() for _ in range(WORKERS)))
        run.add("memory", OURS, "sizes", requests=last, mb=ours.process.usage().memory_mb)


async def _ask(ours: Trinity, number: int, chooser: random.Random) -> None:
    """Ask as one of many different clients would; most of them for a few words.

    Most speak fast: memory depends on requests and on the text, and time on the sound.
    """
    config = pb.StreamingSynthesizeConfig(
        speaking_rate=chooser.choice([1.0, 2.0, 4.0, 4.0]),
        sample_rate_hertz=chooser.choice([0, 0, 8000, 16000, 48000]),
        encoding=chooser.choice(
            [audio_pb2.AUDIO_ENCODING_LINEAR16, audio_pb2.AUDIO_ENCODING_MULAW]
        ),
        enable_word_time_offsets=chooser.random() < 0.5,
    )
    text = chooser.choice([*WORDS, f"Number {number}.", f"It is {chooser.randrange(10**6)}."])
    if number % LONG_EVERY == LONG_EVERY // 2:
        text = ((PARAGRAPH + " ") * (LONGEST_CHARS // len(PARAGRAPH) + 1))[:LONGEST_CHARS]
        config.speaking_rate = 4.0
    elif number % 25 == 0:
        text = chooser.choice(SENTENCES[chooser.choice(list(SENTENCES))])
    cancel_after_s = 0.01 if number % 50 == 7 else None
    await ours.say([text], config, seeded=chooser.random() < 0.5, cancel_after_s=cancel_after_s)
