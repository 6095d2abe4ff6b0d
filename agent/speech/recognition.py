"""A caller's audio on its way to the speech server, over as many gRPC streams as it takes."""

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

import grpc
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, APITimeoutError, stt, utils
from trinity.speech.v1.speech_to_text_service_pb2 import (
    SPEECH_EVENT_TYPE_BEGIN,
    TranscribeRequest,
    TranscribeResponse,
)

from agent.speech.channel import wait_until_ready
from agent.speech.errors import to_api_error
from agent.speech.replay import ReplayBuffer
from agent.speech.results import ResultReader

if TYPE_CHECKING:
    from agent.speech.stt import GrpcSTT

SAMPLE_RATE_HZ = 16_000
STALL_SECONDS = 5.0
"""A server that takes no audio for so long is left for another one."""
REFUSAL_SECONDS = 0.3
"""Wait for a refusal of optional fields: audio that follows would hide the refusal's status."""
LAST_RESULT_SECONDS = 10.0
"""Longest wait for the last final once no more audio comes."""
_NEW_CONFIG: Any = object()
"""Stands in the queue of audio for a config that has changed."""

TranscribeCall = grpc.aio.StreamStreamCall[TranscribeRequest, TranscribeResponse]


class GrpcRecognizeStream(stt.RecognizeStream):
    """One caller's audio, over as many gRPC streams as it takes.

    Args:
        owner: The recogniser.
        conn_options: How often and how soon the framework tries again.
        language: ISO 639-1 code, or "auto".
    """

    def __init__(self, *, owner: "GrpcSTT", conn_options: APIConnectOptions, language: str) -> None:
        self._owner = owner
        self._language = language
        self._audio = ReplayBuffer(owner.replay_s)
        self._first_offset_s: float | None = None
        self._stream_begin_s = 0.0
        self._reader = ResultReader(owner.language_code(language))
        self._reported_s = 0.0
        self.connected = False
        super().__init__(stt=owner, conn_options=conn_options, sample_rate=SAMPLE_RATE_HZ)

    @property
    def in_utterance(self) -> bool:
        """The server is in the middle of an utterance."""
        return self.connected and self._reader.in_utterance

    @property
    def end_of_turn_probability(self) -> float | None:
        """The server's latest word on whether the caller has finished, 0 to 1."""
        return self._reader.end_of_turn_probability

    def reconfigure(self) -> None:
        """Send the config again, which has changed."""
        if self.connected and not self._input_ch.closed:
            waiting: Any = self._input_ch  # the framework's type knows nothing of configs
            waiting.send_nowait(_NEW_CONFIG)

    async def _run(self) -> None:
        if self._first_offset_s is None:
            self._first_offset_s = self.start_time_offset
        while await self._run_once():
            pass

    async def _run_once(self) -> bool:
        """Carry the audio over one gRPC stream.

        Returns:
            Whether another one is to be opened now: the server drains, or does not serve an
            optional field.
        """
        await wait_until_ready(self._owner.channel, self._owner.connect_s)
        self._reader = ResultReader(self._owner.language_code(self._language))
        draining = asyncio.Event()
        call = self._owner.open_call()
        send = asyncio.create_task(self._send(call))
        receive = asyncio.create_task(self._receive(call, draining))
        drained = asyncio.create_task(draining.wait())
        tasks = (send, receive, drained)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if send.done() and not receive.done():
                send.result()
                await asyncio.wait(
                    (receive, drained),
                    timeout=LAST_RESULT_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not receive.done():
                    raise APITimeoutError("the speech server gave no last result")
            if drained.done() and not receive.done():
                return True
            receive.result()
            if not (send.done() and send.result()):
                raise APIConnectionError("the speech server ended the stream early")
            return False
        except grpc.aio.AioRpcError as error:
            if self._owner.give_up(error):
                return True
            raise to_api_error(error) from error
        finally:
            self.connected = False
            call.cancel()
            await utils.aio.cancel_and_wait(*tasks)

    async def _send(self, call: TranscribeCall) -> bool:
        """Send audio as it comes; False when the stream broke, of which `_receive` knows why.

        A write on a broken stream swallows this task's cancellation, so it ends by itself.
        """
        # What piled up while no server was there belongs to the replay, which is bounded.
        while not self._input_ch.empty():
            self._keep(self._input_ch.recv_nowait())
        self._stream_begin_s = self._audio.begin_s
        self.start_time = time.time() - (self._audio.end_s - self._audio.begin_s)
        config = self._owner.config(self._language)
        if not await self._write(call, TranscribeRequest(config=config)):
            return False
        if self._owner.asks_for_more(config):
            await asyncio.sleep(REFUSAL_SECONDS)
            if call.done():
                return False
            self._owner.serves_all = True
        self.connected = True
        for samples in self._audio:
            if not await self._write(call, TranscribeRequest(audio_content=samples)):
                return False
        async for item in self._input_ch:
            if item is _NEW_CONFIG:
                request = TranscribeRequest(config=self._owner.config(self._language))
            elif (frame := self._keep(item)) is None:
                request = TranscribeRequest(force_eou=True)
            else:
                request = TranscribeRequest(audio_content=frame)
            if not await self._write(call, request):
                return False
        with contextlib.suppress(asyncio.InvalidStateError):
            await call.done_writing()
        return True

    def _keep(self, item: "rtc.AudioFrame | stt.RecognizeStream._FlushSentinel") -> bytes | None:
        if not isinstance(item, rtc.AudioFrame):
            return None
        samples = bytes(item.data)
        self._audio.append(samples, item.duration)
        return samples

    @staticmethod
    async def _write(call: TranscribeCall, request: TranscribeRequest) -> bool:
        try:
            await asyncio.wait_for(call.write(request), STALL_SECONDS)
        except TimeoutError:
            raise APITimeoutError("the speech server takes no audio") from None
        except (asyncio.InvalidStateError, grpc.aio.AioRpcError):
            return False
        return True

    async def _receive(self, call: TranscribeCall, draining: asyncio.Event) -> None:
        moving = False
        async for response in call:
            kind = response.WhichOneof("payload")
            if kind == "server_draining":
                moving = True
            elif kind == "speech_event":
                if response.speech_event.speech_event_type == SPEECH_EVENT_TYPE_BEGIN:
                    self._reader.begin(response.speech_event.utterance_id)
            elif kind == "result":
                self._take(response.result.is_final, response)
            if moving and not self._reader.in_utterance:
                draining.set()

    def _take(self, is_final: bool, response: TranscribeResponse) -> None:
        result = response.result
        offset_s = (self._first_offset_s or 0.0) + self._stream_begin_s
        if (event := self._reader.read(result, offset_s)) is None:
            return
        self._event_ch.send_nowait(event)
        if not is_final:
            return
        self._owner.last_final_s = time.time()
        if event.alternatives[0].text:
            self._owner.last_speech_end_s = self.start_time + result.end_ms / 1000
            self._owner.last_words_s = self._owner.last_final_s
        heard_ms = result.end_ms or result.audio_processed_ms
        self._audio.forget_until(self._stream_begin_s + heard_ms / 1000)
        if (heard_s := self._audio.end_s - self._reported_s) > 0:
            self._reported_s = self._audio.end_s
            self._event_ch.send_nowait(
                stt.SpeechEvent(
                    type=stt.SpeechEventType.RECOGNITION_USAGE,
                    request_id=result.utterance_id,
                    recognition_usage=stt.RecognitionUsage(audio_duration=heard_s),
                )
            )
