"""Whether the caller has finished, as the speech server hears it.

The server ends an utterance by itself and says with it how likely the turn is over; livekit-agents
asks this detector then, and answers at once or waits on. It is a plain, non-streaming detector: a
streaming one would not take a voice detector quicker than 0.25 s.

A caller who goes on just after a final is in the server's next utterance already. The framework
would answer the first part at the next short silence; this holds the answer until the server has
given the words of the second.
"""

import asyncio
from collections.abc import Callable

from livekit.agents import LanguageCode, llm

OPEN_SECONDS = 3.0
"""An utterance that the server holds open for longer holds no answer back."""
POLL_SECONDS = 0.02


class ServerEndOfTurn:
    """The server's probability as a turn detector of livekit-agents.

    Args:
        probability: Gives the latest one, 0 to 1; None when the server gave none, which counts as
            finished, as the server's pause was long enough then.
        threshold: Probability below which the turn counts as unfinished.
        in_utterance: Tells whether the server is in an utterance.
    """

    def __init__(
        self,
        probability: Callable[[], float | None],
        threshold: float,
        in_utterance: Callable[[], bool],
    ) -> None:
        self._probability = probability
        self._threshold = threshold
        self._in_utterance = in_utterance

    @property
    def model(self) -> str:
        """Name for the framework's metrics."""
        return "speech-server"

    @property
    def provider(self) -> str:
        """Name for the framework's metrics."""
        return "trinity"

    async def supports_language(self, language: LanguageCode | None) -> bool:
        """Every language."""
        return True

    async def unlikely_threshold(self, language: LanguageCode | None) -> float | None:
        """Probability below which the framework waits on."""
        return self._threshold

    async def predict_end_of_turn(
        self, chat_ctx: llm.ChatContext, *, timeout: float | None = None
    ) -> float:
        """Give the probability that the caller has finished; a final of the server ends the wait.

        The framework asks anew at each final and gives up the question before.
        """
        deadline = asyncio.get_running_loop().time() + OPEN_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            if not self._in_utterance():
                break
            await asyncio.sleep(POLL_SECONDS)
        probability = self._probability()
        return 1.0 if probability is None else probability
