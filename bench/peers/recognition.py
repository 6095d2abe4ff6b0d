"""WhisperLive behind livekit-agents' interface of recognition.

Its server decodes what a connection has heard again and again, whether anything new came or not,
and calls a text finished only after it was the same seven times and more. Behind this adapter it
does better than with its own client: each utterance has a connection of its own, opened
beforehand, so that the server rests between them, and its text is taken as final from the first
decoding that began when the caller had ended, long before the server says so.
"""

import asyncio
import json
import time
import uuid
from collections import deque
from typing import Any

import aiohttp
import numpy as np
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    NOT_GIVEN,
    APIConnectionError,
    APIConnectOptions,
    LanguageCode,
    NotGivenOr,
    stt,
    utils,
    vad,
)
from livekit.agents.utils import AudioBuffer

__all__ = ["WhisperLiveSTT"]

RATE_HZ = 16_000
PREFIX_S = 0.8
"""Sound from before the voice detector noticed: what it took to notice, and some more."""
LONGEST_WAIT_S = 5.0
"""After so long without a decoding of all of it, the latest text is taken."""
CONNECT_S = 5.0


class WhisperLiveSTT(stt.STT[Any]):
    """Recognition by WhisperLive's server; it has what our agent asks of its own recogniser.

    Args:
        url: The server's WebSocket address.
        detector: Says when an utterance begins and ends.
        language: ISO 639-1 code.
    """

    end_of_turn_probability: float | None = None

    def __init__(self, url: str, detector: vad.VAD, language: str = "en") -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=True))
        self.url = url
        self.detector = detector
        self.language = language
        self.connected = True
        self.in_utterance = False
        self.last_final_s = self.last_words_s = self.last_speech_end_s = 0.0

    def flush(self) -> None:
        """Do nothing: the server cannot be asked to finish."""

    def set_endpointing(self, _: object) -> None:
        """Do nothing: the server knows no end of an utterance."""

    async def _recognize_impl(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        raise NotImplementedError("WhisperLive recognises streams")

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> "WhisperLiveStream":
        """Open a stream of one caller."""
        return WhisperLiveStream(owner=self, conn_options=conn_options)


class _Utterance:
    """What the server has shown of an utterance, and when."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.text = ""
        self.shown_s: float | None = None
        self.ended_s: float | None = None

    def show(self, text: str, now_s: float) -> bool:
        """Take a decoding's text; True when it heard the utterance to its end.

        The server begins a decoding when it has sent the one before.
        """
        began_s, self.shown_s, self.text = self.shown_s, now_s, text
        return self.ended_s is not None and began_s is not None and began_s >= self.ended_s


class WhisperLiveStream(stt.RecognizeStream):
    """One caller's audio.

    Args:
        owner: The recogniser.
        conn_options: The framework's.
    """

    def __init__(self, *, owner: WhisperLiveSTT, conn_options: APIConnectOptions) -> None:
        self._owner = owner
        self._recent: deque[rtc.AudioFrame] = deque()
        self._now: _Utterance | None = None
        self._deadline: asyncio.TimerHandle | None = None
        super().__init__(stt=owner, conn_options=conn_options, sample_rate=RATE_HZ)

    async def _run(self) -> None:
        detector = self._owner.detector.stream()
        try:
            async with (
                aiohttp.ClientSession(trust_env=False) as session,
                asyncio.TaskGroup() as all_,
            ):
                hearing = all_.create_task(self._follow(detector, session, all_))
                await self._forward(detector)
                await hearing
        except* (aiohttp.ClientError, OSError, TimeoutError) as errors:
            raise APIConnectionError(f"WhisperLive: {errors.exceptions[0]}") from None
        finally:
            if self._deadline:
                self._deadline.cancel()
            self._now, self._owner.in_utterance = None, False
            await detector.aclose()

    async def _forward(self, detector: vad.VADStream) -> None:
        async for item in self._input_ch:
            if not isinstance(item, rtc.AudioFrame):
                continue
            detector.push_frame(item)
            if self._now:
                await _send(self._now.socket, [item])
                continue
            self._recent.append(item)
            while sum(frame.duration for frame in self._recent) > PREFIX_S:
                self._recent.popleft()
        detector.end_input()

    async def _follow(
        self, detector: vad.VADStream, session: aiohttp.ClientSession, all_: asyncio.TaskGroup
    ) -> None:
        """Begin and end utterances as the voice detector says."""
        spare = all_.create_task(self._connect(session))
        async for event in detector:
            if event.type is vad.VADEventType.START_OF_SPEECH:
                if self._now:
                    self._now.ended_s = None  # the caller goes on
                    continue
                socket = await spare
                spare = all_.create_task(self._connect(session))
                held = list(self._recent)
                self._recent.clear()
                self._now = _Utterance(socket)
                self._owner.in_utterance = True
                await _send(socket, held)
                all_.create_task(self._listen(self._now))
            elif event.type is vad.VADEventType.END_OF_SPEECH and self._now:
                silent_s = event.silence_duration + event.inference_duration
                self._now.ended_s = time.monotonic() - silent_s
                self._owner.last_speech_end_s = time.time() - silent_s
                if self._deadline:
                    self._deadline.cancel()
                self._deadline = asyncio.get_running_loop().call_later(
                    LONGEST_WAIT_S, self._finish, self._now
                )
        await (await spare).close()

    async def _listen(self, utterance: _Utterance) -> None:
        async for message in utterance.socket:
            if message.type is not aiohttp.WSMsgType.TEXT or self._now is not utterance:
                continue
            found = json.loads(message.data)
            if "segments" not in found:
                continue
            text = " ".join(str(part["text"]).strip() for part in found["segments"]).strip()
            if utterance.show(text, time.monotonic()):
                self._finish(utterance)
                break
            self._emit(stt.SpeechEventType.INTERIM_TRANSCRIPT, text)
        # Before it reads that, the server ends a decoding that is under way.
        if not utterance.socket.closed:
            await utterance.socket.send_bytes(b"END_OF_AUDIO")
            await utterance.socket.close()

    def _finish(self, utterance: _Utterance) -> None:
        if self._now is not utterance or utterance.ended_s is None:
            return
        self._now, self._owner.in_utterance = None, False
        self._owner.last_final_s = time.time()
        if utterance.text:
            self._owner.last_words_s = self._owner.last_final_s
            self._emit(stt.SpeechEventType.FINAL_TRANSCRIPT, utterance.text)

    def _emit(self, kind: stt.SpeechEventType, text: str) -> None:
        if text:
            data = stt.SpeechData(language=LanguageCode(self._owner.language), text=text)
            self._event_ch.send_nowait(
                stt.SpeechEvent(type=kind, request_id=utils.shortuuid(), alternatives=[data])
            )

    async def _connect(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        """Open a connection with the options that WhisperLive's own client sends."""
        async with asyncio.timeout(CONNECT_S):
            socket = await session.ws_connect(self._owner.url, max_msg_size=0)
            await socket.send_json(
                {
                    "uid": str(uuid.uuid4()),
                    "language": self._owner.language,
                    "task": "transcribe",
                    "model": "base",
                    "use_vad": True,
                    "send_last_n_segments": 10,
                    "no_speech_thresh": 0.45,
                    "clip_audio": False,
                    "same_output_threshold": 10,
                }
            )
            answer = await socket.receive_json()
        if answer.get("message") != "SERVER_READY":
            await socket.close()
            raise OSError(f"refused: {answer}")
        return socket


async def _send(socket: aiohttp.ClientWebSocketResponse, frames: list[rtc.AudioFrame]) -> None:
    if socket.closed:
        return
    samples = b"".join(bytes(frame.data) for frame in frames)
    full = np.frombuffer(samples, np.int16).astype(np.float32) / np.float32(32768)
    await socket.send_bytes(full.tobytes())
