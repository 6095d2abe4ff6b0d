"""Text that arrives as a language model writes it."""

import asyncio
import time

from bench.tts.run import OURS, Run
from bench.tts.servers import Peer, both
from bench.tts.texts import TOKENS, last_of_clause, pieces_of

TOKENS_A_SECOND = 30


async def measure(run: Run) -> None:
    """Count from the token that ends the first clause; the peer waits for all of them."""
    async with both(run.settings) as (ours, servers):
        for repeat in range(run.settings.repeats):
            pieces = pieces_of(TOKENS[repeat % len(TOKENS)])
            clause = last_of_clause(pieces)
            heard = await ours.say(pieces, gap_s=1 / TOKENS_A_SECOND, counts=clause)
            run.note("tokens", OURS, "30 a second", heard)
            for server in servers[1:]:
                await _wait_and_speak(run, server, pieces, clause)


async def _wait_and_speak(run: Run, server: Peer, pieces: list[str], clause: int) -> None:
    sent_s = time.monotonic()
    await asyncio.sleep((len(pieces) - 1 - clause) / TOKENS_A_SECOND)
    heard = await server.speak("".join(pieces))
    heard.sent_s = sent_s
    run.note("tokens", server.name, "30 a second", heard)
