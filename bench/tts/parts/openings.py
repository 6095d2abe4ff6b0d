"""Clauses that are begun before their end has come, beside those that wait for it."""

from trinity.speech.v1 import text_to_speech_service_pb2 as pb

from bench.tts.parts.roundtrip import RATE_HZ, listen, read_sentences
from bench.tts.run import OURS, Run
from bench.tts.servers import Trinity, alone
from bench.tts.texts import pieces_of

WAITING = {"SPEECH_TTS_OPENING_LETTERS": "0"}
TOKENS_A_SECOND = {30: 1, 10: 3}
"""Speeds of a language model, and of how many sentences one is spoken at each."""
RECOGNISED = 30


async def measure(run: Run) -> None:
    """Speak each sentence both ways as it is written; recognise what was spoken."""
    async with (
        alone(run.settings, recognition=True) as ours,
        alone(run.settings, environment=WAITING) as waiting,
    ):
        ways = {"begun early": ours, "awaited": waiting}
        for number, text in enumerate(read_sentences()[: run.settings.sentences]):
            for speed, each in TOKENS_A_SECOND.items():
                if number % each:
                    continue
                # Each way is first as often as the other.
                for way in sorted(ways, reverse=bool(number % 2)):
                    target = ours.target if speed == RECOGNISED else ""
                    await _speak(run, f"{speed} a second, {way}", ways[way], text, speed, target)


async def _speak(run: Run, name: str, server: Trinity, text: str, speed: int, target: str) -> None:
    """Count from the first token to the first audible sample."""
    heard = await server.say(
        pieces_of(text),
        pb.StreamingSynthesizeConfig(sample_rate_hertz=RATE_HZ),
        gap_s=1 / speed,
        counts=0,
        seeded=False,  # what has a seed is never begun early
    )
    run.note("openings", OURS, name, heard)
    if target:
        await listen(run, "openings heard", name, target, text, heard.linear16)
