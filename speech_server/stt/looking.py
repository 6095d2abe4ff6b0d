"""What a session asks of the models about its stream."""

import asyncio
from collections.abc import Sequence

from speech_server.audio.log_mel import FRAME_MS
from speech_server.engines.base import Before, DecodeItem, DecodeOptions, Hypothesis
from speech_server.scheduling.scheduler import Priority
from speech_server.stt.config import StreamConfig
from speech_server.stt.front_end import FrontEnd
from speech_server.stt.models import SttModels
from speech_server.stt.recent import Piece, Recent
from speech_server.stt.results import Result
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
        self._recent = Recent()
        self._language: str | None = None

    def begin(
        self, utterance: Utterance, config: StreamConfig, unfinished: Sequence[Utterance]
    ) -> None:
        """Let an utterance go on from what was said before in its language, as far as it is known.

        Args:
            utterance: The one that begins.
            config: How it is recognised.
            unfinished: Those before it that have no final yet.
        """
        if config.language != self._language or not config.language or unfinished:
            self._recent.clear()
        self._language = config.language
        utterance.before = self._recent.before(utterance.from_ms)

    def remember(self, utterance: Utterance, to_ms: int, result: Result) -> None:
        """Note what was made of an utterance up to a moment; the next one may go on from it."""
        hypothesis = result.hypothesis
        if hypothesis.tokens and result.text == hypothesis.text:
            self._recent.note(Piece(utterance.from_ms, to_ms, hypothesis.tokens))
        else:
            self._recent.clear()

    def forget(self, before_ms: int, unfinished: Sequence[Utterance]) -> None:
        """Free what lies before a moment and belongs to none of these utterances."""
        needed = [utterance.turn_from_ms for utterance in unfinished]
        self._front.forget_before(min([self._recent.from_ms(before_ms), *needed]))

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
        told = utterance.heard_with(to_ms)
        from_ms = told[0].from_ms if told else utterance.from_ms
        item = DecodeItem(
            features=self._front.features(from_ms, to_ms),
            before=Before(
                frames=utterance.from_ms // FRAME_MS - from_ms // FRAME_MS,
                tokens=tuple(token for piece in told for token in piece.tokens),
            ),
            options=DecodeOptions(
                task=config.task,
                words=config.words and priority is Priority.FINAL,
                context_tokens=len(config.context),
            ),
            language=config.language or utterance.stable.language,
            context=config.context,
            phrases=config.phrases,
            prefix=utterance.stable.tokens,
            draft=utterance.stable.draft,
            interim=priority is not Priority.FINAL,
        )
        return self._models.scheduler.submit(item, priority, self, free=free)

    @property
    def alone(self) -> bool:
        """Whether the recognition model has nothing to do but for this stream."""
        return self._models.scheduler.is_free_for(self)

    async def end_of_turn(self, utterance: Utterance, at_ms: int) -> float | None:
        """Tell how likely the turn is over at a moment; None without a turn model.

        Turns before are not heard: with one in its window the model takes ends for pauses
        (ADR 0026).
        """
        if self._models.turn is None:
            return None
        audio = self._front.last_audio(utterance.turn_from_ms, at_ms)
        return await asyncio.get_running_loop().run_in_executor(
            self._models.front_end, self._models.end_of_turn, audio
        )
