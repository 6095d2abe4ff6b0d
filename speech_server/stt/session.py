"""One stream of recognition, from its samples to its results.

The session runs on the event loop and owns its tasks; what is computed runs on the front end's
executor and in the scheduler's thread. It keeps these promises: each utterance that began gets
exactly one final; results come in the order of the utterances; a published preflight is the text
of the final unless speech went on; a client that sends faster than can be computed is not read
from until there is room.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

import numpy as np

from speech_server.audio.decoding import Samples, decode
from speech_server.engines.base import Hypothesis
from speech_server.engines.silero import WINDOW_MS
from speech_server.errors import SlowReader
from speech_server.scheduling.scheduler import Priority
from speech_server.stt import endpointing
from speech_server.stt.clock import AudioClock
from speech_server.stt.completeness import Turn
from speech_server.stt.config import StreamConfig
from speech_server.stt.front_end import FrontEnd, Heard
from speech_server.stt.looking import Look
from speech_server.stt.models import SttModels
from speech_server.stt.outbox import Outbox, Send
from speech_server.stt.pacing import Pacer, Stage
from speech_server.stt.rendering import is_speech, to_result
from speech_server.stt.results import Draining, FinalizeReason, SpeechEvent
from speech_server.stt.utterance import Speculation, Utterance
from speech_server.telemetry import Metrics

TAIL_MS: Final = 160
"""Audio after the last voiced window that is decoded with it: soft ends of words."""


class Session:
    """Recognises one stream.

    Use: ``async with session.running():`` around `push`, `force` and `finish`, all from one task.

    Args:
        config: What the client asked for.
        models: The models.
        metrics: Where to count.
        send: Takes one message to the client; called from one task, in order.
        max_backlog_ms: Audio of unfinished utterances at which `push` waits.
        interim_ms: Shortest time between two interims.
        interim_share: Part of the time in which interims may be in work.
    """

    def __init__(
        self,
        config: StreamConfig,
        models: SttModels,
        metrics: Metrics,
        send: Send,
        *,
        max_backlog_ms: int,
        interim_ms: int,
        interim_share: float,
    ) -> None:
        self._config = config
        self._models = models
        self._metrics = metrics
        self._max_backlog_ms = max_backlog_ms
        self._front = FrontEnd(
            config.rate_hz, n_mels=models.engine.n_mels, voice=models.vad.stream()
        )
        self._look = Look(models, self._front)
        self._endpointer = endpointing.Endpointer(config.endpointing, patient=bool(models.turn))
        self._pacer = Pacer(models.scheduler.load, shortest_ms=interim_ms, share=interim_share)
        self._clock = AudioClock()
        self._outbox = Outbox(send)
        self._pending: list[Samples] = []
        self._pending_count = 0
        self._audio_ms = 0
        self._cut_ms = 0
        self._count = 0
        self._utterance: Utterance | None = None
        self._unfinished: list[Utterance] = []
        self._interim: asyncio.Future[Hypothesis] | None = None
        self._tasks = asyncio.TaskGroup()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run for the length of the block, and until the last final is out."""
        try:
            async with self._tasks:
                self._tasks.create_task(self._outbox.run())
                yield
                for utterance in list(self._unfinished):
                    await utterance.done.wait()
                await self._outbox.close()
        finally:
            for utterance in self._unfinished:
                if utterance.speculation:
                    utterance.speculation.future.cancel()

    def change(self, config: StreamConfig) -> None:
        """Take another language, phrases or endpointing from now on."""
        self._config = config
        self._endpointer.config = config.endpointing

    def drain(self, deadline_ms: int) -> None:
        """Tell the client that the stream is ended after a while."""
        # A client that takes no results is ended by the writer's deadline.
        with contextlib.suppress(SlowReader):
            self._outbox.put(Draining(deadline_ms))

    async def push(self, content: bytes) -> None:
        """Take audio.

        Raises:
            MalformedAudio: It is no audio of the stream's encoding.
        """
        samples = decode(content, self._config.encoding)
        self._pending.append(samples)
        self._pending_count += len(samples)
        seconds = len(samples) / self._config.rate_hz
        self._metrics.audio_seconds.labels("stt", "in").inc(seconds)
        self._models.scheduler.load.add_audio(seconds)
        # Less than a window decides nothing: small messages share one trip to the executor.
        if self._pending_count * 1000 >= WINDOW_MS * self._config.rate_hz:
            await self._hear()
        await self._room()

    async def force(self) -> None:
        """Finalise the utterance now."""
        await self._hear()
        await self._take(await self._compute(self._front.flush))
        self._end_now(FinalizeReason.FORCED)

    async def finish(self) -> None:
        """Finalise what is left; nothing comes after."""
        await self._hear()
        await self._take(await self._compute(self._front.finish))
        self._end_now(FinalizeReason.STREAM_END)

    # Audio in

    async def _hear(self) -> None:
        if not self._pending:
            return
        samples = np.concatenate(self._pending)
        self._pending.clear()
        self._pending_count = 0
        await self._take(await self._compute(lambda: self._front.push(samples)))

    async def _compute(self, work: Callable[[], Heard]) -> Heard:
        return await asyncio.get_running_loop().run_in_executor(self._models.front_end, work)

    async def _take(self, heard: Heard) -> None:
        self._audio_ms = heard.audio_ms
        self._clock.arrived(heard.audio_ms)
        for probability in heard.probabilities:
            # A window that a forced end cut in two was heard already.
            cut = not self._utterance and self._endpointer.clock_ms < self._cut_ms
            for event in self._endpointer.push(0.0 if cut else probability):
                self._on(event)
                if isinstance(event, endpointing.InDoubt):
                    await self._judge_turn(event.to_ms)
            utterance = self._utterance
            if utterance:
                threshold = self._config.endpointing.start_threshold
                utterance.hear(probability, self._endpointer.clock_ms, threshold)
                self._cut_if_long(utterance)
        self._maybe_interim()
        keep_ms = self._audio_ms - self._config.endpointing.prefix_padding_ms - 1000
        self._look.forget(keep_ms, self._unfinished)

    def _on(self, event: endpointing.Event) -> None:
        utterance = self._utterance
        # Without interims nobody is shown a preflight: it is made for the final alone.
        early = endpointing.Paused if self._config.interim_results else endpointing.Ending
        if isinstance(event, endpointing.Began):
            self._begin(event.start_ms)
        elif utterance is None:
            return
        elif isinstance(event, early) and utterance.speculation is None:
            self._speculate(utterance)
        elif isinstance(event, endpointing.Fading) and early is endpointing.Paused:
            self._anticipate(utterance)
        elif isinstance(event, endpointing.Resumed):
            self._drop_speculation(utterance)
        elif isinstance(event, endpointing.Ended):
            self._finalise(utterance, FinalizeReason.ENDPOINT, event.end_ms)

    # Utterances

    def _begin(self, start_ms: int) -> Utterance:
        start_ms = max(start_ms, self._cut_ms)
        from_ms = max(start_ms - self._config.endpointing.prefix_padding_ms, self._cut_ms)
        self._count += 1
        utterance = Utterance(self._count, from_ms=from_ms, start_ms=start_ms)
        utterance.voiced_ms = self._endpointer.voiced_ms - WINDOW_MS
        utterance.voice_sum = utterance.voiced_ms / WINDOW_MS
        self._utterance = utterance
        self._look.begin(utterance, self._config, self._unfinished)
        self._unfinished.append(utterance)
        self._event(utterance, start_ms, began=True)
        return utterance

    def _cut_if_long(self, utterance: Utterance) -> None:
        clock_ms = self._endpointer.clock_ms
        config = self._config.endpointing
        if clock_ms - utterance.from_ms < config.max_utterance_ms or utterance.over:
            return
        cut_ms = utterance.best_cut_ms(config.stop_threshold)
        self._drop_speculation(utterance)
        self._finalise(utterance, FinalizeReason.MAX_DURATION, cut_ms, to_ms=cut_ms)
        self._cut_ms = cut_ms
        self._begin(cut_ms).take_over(utterance, cut_ms, config.start_threshold)

    def _end_now(self, reason: FinalizeReason) -> None:
        """Finalise what goes on, and speech that had not lasted long enough to begin."""
        endpointer = self._endpointer
        utterance = self._utterance
        if utterance is None and endpointer.start_ms is not None:
            utterance = self._begin(endpointer.start_ms)
            utterance.voiced_ms = endpointer.voiced_ms
        if utterance is not None:
            end_ms = endpointer.end_ms if endpointer.silent else self._audio_ms
            to_ms = None if utterance.speculation else self._audio_ms
            self._finalise(utterance, reason, end_ms, to_ms=to_ms)
        endpointer.reset()
        self._cut_ms = self._audio_ms

    def _anticipate(self, utterance: Utterance) -> None:
        """Begin where the voice fades what silence makes the preflight, and speech an interim."""
        if utterance.speculation or not self._first(utterance) or not self._look.alone:
            return
        to_ms = self._endpointer.clock_ms
        utterance.fade = Speculation(self._decode_final(utterance, to_ms, free=True), to_ms)
        self._interim = utterance.fade.future
        self._tasks.create_task(self._publish_interim(utterance, self._interim, to_ms))

    def _speculate(self, utterance: Utterance) -> None:
        """Decode at final quality in a pause, before it is known to be the end."""
        speculation = utterance.fade
        if speculation is None or speculation.to_ms != self._endpointer.faded_ms:
            to_ms = min(self._endpointer.clock_ms, self._endpointer.end_ms + TAIL_MS)
            speculation = Speculation(self._decode_final(utterance, to_ms), to_ms)
        elif self._interim is speculation.future:
            self._interim = None
        utterance.speculation = speculation
        self._tasks.create_task(self._publish_preflight(utterance, speculation))

    def _decode_final(
        self, utterance: Utterance, to_ms: int, *, free: bool = False
    ) -> asyncio.Future[Hypothesis]:
        if self._interim:
            # What it would show comes with this one, which needs the device.
            self._interim.cancel()
        utterance.interim_at_ms = to_ms
        return self._look.decode(utterance, to_ms, Priority.FINAL, self._config, free=free)

    def _drop_speculation(self, utterance: Utterance) -> None:
        utterance.turn = Turn()
        if utterance.speculation:
            utterance.speculation.future.cancel()
            utterance.speculation = None
            self._metrics.stt_speculative.labels("stale").inc()

    async def _publish_preflight(self, utterance: Utterance, speculation: Speculation) -> None:
        await asyncio.wait([speculation.future])
        if speculation.future.cancelled() or utterance.speculation is not speculation:
            return
        hypothesis = speculation.future.result()
        if utterance.over or not is_speech(utterance, hypothesis):
            return
        utterance.turn.text = hypothesis.text
        self._endpointer.judge(utterance.turn.probability)
        if self._config.interim_results and self._first(utterance):
            to_ms, audio_ms = speculation.to_ms, self._audio_ms
            self._outbox.put(
                to_result(utterance, hypothesis, end_ms=to_ms, audio_ms=audio_ms, preflight=True)
            )
            utterance.stable.hear(hypothesis, to_ms)

    async def _judge_turn(self, to_ms: int) -> None:
        """Ask whether the turn is over, before more audio is looked at.

        So the judgement of a pause never comes too late for it, however fast the audio comes.
        """
        if utterance := self._utterance:
            utterance.turn.sound = await self._look.end_of_turn(utterance, to_ms)
            self._endpointer.judge(utterance.turn.probability)

    def _finalise(
        self,
        utterance: Utterance,
        reason: FinalizeReason,
        end_ms: int,
        *,
        to_ms: int | None = None,
    ) -> None:
        """End an utterance; its final comes when it is decoded and those before it are out."""
        utterance.over = True
        self._utterance = None
        if self._interim:
            self._interim.cancel()
        speculation = utterance.speculation
        if speculation is None:
            if to_ms is None:
                to_ms = min(self._endpointer.clock_ms, end_ms + TAIL_MS)
            speculation = Speculation(
                self._look.decode(utterance, to_ms, Priority.FINAL, self._config), to_ms
            )
            utterance.speculation = speculation
            self._metrics.stt_speculative.labels("none").inc()
        else:
            hit = "hit" if speculation.future.done() else "late"
            self._metrics.stt_speculative.labels(hit).inc()
        self._cut_ms = max(self._cut_ms, speculation.to_ms)
        self._event(utterance, end_ms, began=False)
        self._tasks.create_task(self._deliver(utterance, speculation, reason, end_ms))

    async def _deliver(
        self, utterance: Utterance, speculation: Speculation, reason: FinalizeReason, end_ms: int
    ) -> None:
        endpoint_at = time.perf_counter()
        hit = speculation.future.done()
        hypothesis = await speculation.future
        while not self._first(utterance):
            await self._unfinished[0].done.wait()
        result = to_result(
            utterance, hypothesis, end_ms=end_ms, audio_ms=self._audio_ms, final=reason, hit=hit
        )
        self._outbox.put(result)
        self._look.remember(utterance, speculation.to_ms, result)
        self._unfinished.remove(utterance)
        utterance.done.set()
        metrics = self._metrics
        metrics.stt_utterances.labels(reason.value).inc()
        metrics.stt_partial_revisions.observe(utterance.interims)
        metrics.stt_finalize.labels(reason.value).observe(time.perf_counter() - endpoint_at)
        if reason is FinalizeReason.ENDPOINT:
            metrics.stt_final_delay.labels(reason.value).observe(self._clock.since(end_ms))
        if result.filtered:
            metrics.stt_filtered.labels(result.filtered.value).inc()

    # Interims

    def _maybe_interim(self) -> None:
        utterance = self._utterance
        if utterance is None or not self._config.interim_results or self._endpointer.silent:
            # The preflight is about to say what an interim would, and must not wait for one.
            return
        if self._interim and not self._models.scheduler.waits(self._interim):
            return
        since_ms = self._audio_ms - (utterance.interim_at_ms or utterance.start_ms)
        stage = Stage.of(tried=utterance.interim_at_ms > 0, shown=utterance.interims > 0)
        if not self._pacer.due(since_ms, stage) or not self._first(utterance):
            return
        utterance.interim_at_ms = self._audio_ms
        priority = Priority.INTERIM if utterance.interims else Priority.FIRST_INTERIM
        # One that still waits is replaced by this newer one.
        self._interim = self._look.decode(utterance, self._audio_ms, priority, self._config)
        self._tasks.create_task(self._publish_interim(utterance, self._interim, self._audio_ms))

    async def _publish_interim(
        self, utterance: Utterance, future: asyncio.Future[Hypothesis], to_ms: int
    ) -> None:
        await asyncio.wait([future])
        if future is self._interim:
            self._interim = None
        if future.cancelled():
            return
        hypothesis = future.result()
        self._pacer.took(hypothesis.encode_ms + hypothesis.decode_ms + hypothesis.queue_ms)
        if utterance.over or utterance.speculation or hypothesis.fault:
            return
        if not is_speech(utterance, hypothesis) or hypothesis.text == utterance.last_text:
            return
        utterance.last_text = hypothesis.text
        utterance.stable.hear(hypothesis, to_ms)
        utterance.interims += 1
        if utterance.interims == 1:
            self._metrics.stt_first_partial.observe(self._clock.since(utterance.start_ms))
        self._outbox.put(to_result(utterance, hypothesis, end_ms=to_ms, audio_ms=self._audio_ms))

    def _first(self, utterance: Utterance) -> bool:
        """Whether no utterance before it still waits for its final."""
        return self._unfinished[0] is utterance

    def _event(self, utterance: Utterance, time_ms: int, *, began: bool) -> None:
        if self._config.events:
            self._outbox.put(SpeechEvent(utterance.id, time_ms, began))

    async def _room(self) -> None:
        """Wait while more audio waits for its final than is allowed."""
        while sum(utterance.backlog_ms for utterance in self._unfinished) > self._max_backlog_ms:
            await next(u for u in self._unfinished if u.over).done.wait()
