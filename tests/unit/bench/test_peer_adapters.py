"""The peers' servers behind livekit-agents' interfaces, over their own protocols."""

import asyncio
import io
import json
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from aiohttp import web
from livekit import rtc
from livekit.agents import APIStatusError, stt, vad

from bench.peers.recognition import WhisperLiveSTT
from bench.peers.synthesis import PiperHttpTTS

FRAME_S = 0.02


@asynccontextmanager
async def serve(app: web.Application) -> AsyncIterator[int]:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


class Detector(vad.VAD):
    """Hears speech from the first loud frame to 0.2 s after the last one."""

    def __init__(self) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=FRAME_S))

    def stream(self) -> vad.VADStream:
        return DetectorStream(self)


class DetectorStream(vad.VADStream):
    async def _main_task(self) -> None:
        speaking, quiet_s = False, 0.0
        async for frame in self._input_ch:
            if not isinstance(frame, rtc.AudioFrame):
                continue
            loud = bool(np.abs(np.frombuffer(frame.data, np.int16)).max() > 1000)
            quiet_s = 0.0 if loud else quiet_s + frame.duration
            if loud and not speaking:
                speaking = True
                self._tell(vad.VADEventType.START_OF_SPEECH, 0.0)
            elif speaking and quiet_s >= 0.2:
                speaking = False
                self._tell(vad.VADEventType.END_OF_SPEECH, quiet_s)

    def _tell(self, kind: vad.VADEventType, silence_s: float) -> None:
        self._event_ch.send_nowait(
            vad.VADEvent(
                type=kind,
                samples_index=0,
                timestamp=0.0,
                speech_duration=0.0,
                silence_duration=silence_s,
            )
        )


class WhisperLive:
    """Decodes all that it heard every 0.15 s, and shows how many frames were loud."""

    def __init__(self) -> None:
        self.connections = 0
        self.options: list[dict[str, object]] = []

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.connections += 1
        self.options.append(json.loads(await socket.receive_str()))
        await socket.send_json({"message": "SERVER_READY"})
        heard: list[bytes] = []

        async def decode() -> None:
            while True:
                if not heard:
                    await asyncio.sleep(0.02)
                    continue
                samples = np.frombuffer(b"".join(heard), np.float32)
                await asyncio.sleep(0.15)
                loud = int((np.abs(samples) > 0.1).sum() / (16000 * FRAME_S))
                segment = {"start": "0", "end": "1", "text": f" {loud} loud", "completed": False}
                await socket.send_json({"segments": [segment]})

        decoding = asyncio.create_task(decode())
        async for message in socket:
            if message.type is not web.WSMsgType.BINARY or message.data == b"END_OF_AUDIO":
                break
            heard.append(message.data)
        decoding.cancel()
        await asyncio.gather(decoding, return_exceptions=True)
        await socket.close()
        return socket


def frame(loud: bool) -> rtc.AudioFrame:
    size = int(16000 * FRAME_S)
    level = 8000 if loud else 3
    return rtc.AudioFrame(np.full(size, level, np.int16).tobytes(), 16000, 1, size)


async def test_an_utterance_is_final_when_all_of_it_was_decoded() -> None:
    server = WhisperLive()
    app = web.Application()
    app.add_routes([web.get("/", server.handle)])
    async with serve(app) as port:
        recogniser = WhisperLiveSTT(f"ws://127.0.0.1:{port}", Detector())
        stream = recogniser.stream()
        events: list[stt.SpeechEvent] = []

        async def read() -> None:
            async for event in stream:
                events.append(event)

        reading = asyncio.create_task(read())
        for loud in (*[True] * 30, *[False] * 60, *[True] * 20, *[False] * 60):
            stream.push_frame(frame(loud))
            await asyncio.sleep(FRAME_S)
        stream.end_input()
        async with asyncio.timeout(10):
            await reading
        await stream.aclose()
    finals = [e for e in events if e.type is stt.SpeechEventType.FINAL_TRANSCRIPT]
    # Each has all of its own utterance and nothing of the other.
    assert [e.alternatives[0].text for e in finals] == ["30 loud", "20 loud"]
    assert any(e.type is stt.SpeechEventType.INTERIM_TRANSCRIPT for e in events)
    assert server.connections == 3  # one an utterance, and a spare
    assert server.options[0]["language"] == "en"
    assert recogniser.last_words_s > recogniser.last_speech_end_s > 0


def wav(seconds: float) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(22050)
        sound.writeframes(b"\1\0" * int(22050 * seconds))
    return buffer.getvalue()


async def test_a_sentence_is_spoken_by_the_http_server() -> None:
    asked: list[object] = []

    async def synthesize(request: web.Request) -> web.Response:
        asked.append(await request.json())
        return web.Response(body=wav(0.5))

    app = web.Application()
    app.add_routes([web.post("/synthesize", synthesize)])
    told: list[bool] = []
    async with serve(app) as port:
        voice = PiperHttpTTS(f"http://127.0.0.1:{port}", lambda: told.append(True))
        async with voice.synthesize("Good morning.") as stream:
            sound = await stream.collect()
        await voice.aclose()
    assert asked == [{"text": "Good morning."}]
    assert sound.duration == pytest.approx(0.5, abs=0.02)
    assert sound.sample_rate == 22050
    assert told == [True]


async def test_a_failure_of_the_http_server_is_an_error_of_the_framework() -> None:
    async def fail(_: web.Request) -> web.Response:
        return web.Response(status=500)

    app = web.Application()
    app.add_routes([web.post("/synthesize", fail)])
    async with serve(app) as port:
        voice = PiperHttpTTS(f"http://127.0.0.1:{port}", lambda: None)
        from livekit.agents import APIConnectOptions

        options = APIConnectOptions(max_retry=0)
        with pytest.raises(APIStatusError):
            async with voice.synthesize("Hello.", conn_options=options) as stream:
                await stream.collect()
        await voice.aclose()
