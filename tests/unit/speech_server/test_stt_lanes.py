"""Interims and finals of one stream that are decoded at the same time."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator

from trinity.speech.v1 import speech_to_text_service_pb2 as pb
from trinity.speech.v1 import speech_to_text_service_pb2_grpc as pb_grpc

from tests.support.stt_rig import FakeEngine, config, pieces, rig, silence, voice


class EndlessInterims(FakeEngine):
    """Decodes interims for as long as somebody waits for them."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()
        self.ended = threading.Event()

    def decode(self, items, wanted):
        if not items[0].interim:
            return super().decode(items, wanted)
        self.begun.set()
        deadline = time.monotonic() + 10
        while wanted():
            assert time.monotonic() < deadline
            time.sleep(0.001)
        self.ended.set()
        return None


async def test_a_pause_ends_the_interim_that_is_being_decoded():
    engine = EndlessInterims()

    async def speak() -> AsyncIterator[pb.TranscribeRequest]:
        yield config(interim_results=True)
        for request in pieces(voice(0.6)):
            yield request
        await asyncio.to_thread(engine.begun.wait, 10)
        assert not engine.ended.is_set()
        for request in pieces(silence(0.3)):
            yield request
        # One lane does both: a preflight shows that the interim has left it.
        await preflight.wait()
        assert engine.ended.is_set()
        for request in pieces(silence(2)):
            yield request

    preflight = asyncio.Event()
    finals = 0
    async with rig(engine) as server, server.channel() as channel:
        async for response in pb_grpc.SpeechToTextServiceStub(channel).Transcribe(speak()):
            finals += response.result.is_final
            if response.result.preflight:
                preflight.set()
    assert finals == 1


class SlowInterims(FakeEngine):
    """Holds interims back while finals go on."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()
        self.released = threading.Event()

    def decode(self, items, wanted):
        if items[0].interim:
            self.begun.set()
            assert self.released.wait(10)
        return super().decode(items, wanted)


async def test_an_interim_that_a_preflight_overtook_is_not_shown():
    engine = SlowInterims()
    paused = asyncio.Event()
    endpointing = pb.EndpointingConfig(stop_silence_ms=2000, max_stop_silence_ms=2000)

    async def speak() -> AsyncIterator[pb.TranscribeRequest]:
        yield config(interim_results=True, endpointing_config=endpointing)
        for request in pieces(voice(0.6)):
            yield request
        await asyncio.to_thread(engine.begun.wait, 10)
        for request in pieces(silence(0.4)):
            yield request
        await paused.wait()
        for request in pieces(voice(0.1)):
            yield request
        await asyncio.sleep(0.3)
        engine.released.set()
        await asyncio.sleep(0.2)
        for request in pieces(silence(2.5)):
            yield request

    results = []
    async with rig(engine, stt_lanes=2) as server, server.channel() as channel:
        async for response in pb_grpc.SpeechToTextServiceStub(channel).Transcribe(speak()):
            if response.HasField("result"):
                results.append(response.result)
            if response.result.preflight:
                paused.set()
    frames = [int(result.transcript.split()[0]) for result in results]
    assert frames == sorted(frames)
    assert len(results) >= 3
