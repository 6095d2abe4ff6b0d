"""What a session asks of the models about its stream."""

import asyncio

from speech_server.engines.base import DecodeItem, DecodeOptions, Hypothesis
from speech_server.scheduling.scheduler import Priority
from speech_server.stt.config import StreamConfig
from speech_server.stt.front_end import FrontEnd
from speech_server.stt.models import SttModels
from speech_server.stt.utterance import Utterance


class Look:
    """Hands stretches of one stream to the models.

    Args:
        models: The models.
        front: The stream's features; read only while nothing is pushed into it.
    """

    def __init__(self, models: SttModels, front: FrontEnd) -> None:
        self._models = models
        self._front = front

    def decode(
        self,
        utterance: Utterance,
        to_ms: int,
        priority: Priority,
        config: StreamConfig,
        *,
        free: bool = False,
    ) -> asyncio.Future[Hypothesis]:
        """Queue an utterance as far as it was heard up to a moment."""
        item = DecodeItem(
            features=self._front.features(utterance.from_ms, to_ms),
            options=DecodeOptions(
                task=config.task,
                words=config.words and priority is Priority.FINAL,
                context_tokens=len(config.context),
            ),
            language=config.language or utterance.stable.language,
            context=config.context,
            prefix=utterance.stable.tokens,
            draft=utterance.stable.draft,
            interim=priority is not Priority.FINAL,
        )
        return self._models.scheduler.submit(item, priority, self, free=free)

    @property
    def alone(self) -> bool:
        """Whether the recognition model has nothing to do but for this stream."""
        return self._models.scheduler.is_free_for(self)

    async def end_of_turn(self, at_ms: int) -> float | None:
        """Tell how likely the turn is over at a moment; None without a turn model."""
        if self._models.turn is None:
            return None
        audio = self._front.last_audio(at_ms)
        return await asyncio.get_running_loop().run_in_executor(
            self._models.front_end, self._models.end_of_turn, audio
        )
