"""Admission by what finals were measured to need, with the real server and a fake engine."""

import asyncio

import grpc
import numpy as np
import pytest
from trinity.speech.v1 import speech_to_text_service_pb2_grpc as pb_grpc

from caller.speech_server import SpeechServer
from speech_server.scheduling import load as load_module
from speech_server.scheduling.load import (
    CALL_SPEECH,
    FINALS_LIMIT,
    STALE_S,
    STEADY_S,
    Headroom,
    Load,
)
from speech_server.services.speech_to_text import ADMITTED
from tests.support.stt_rig import FakeEngine, config, finals, iter_of, pieces, rig, voice


def test_streams_fit_by_the_cost_of_a_final():
    headroom = Headroom(Load())
    assert headroom.streams(0) == 1, "nothing is known yet"
    headroom.learn(0.1, 1.0)
    assert headroom.cost == pytest.approx(0.1)
    most = int(FINALS_LIMIT / (0.1 * CALL_SPEECH) + 1e-9)
    assert abs(headroom.streams(0) - most) <= 1
    assert headroom.streams(most) == 0
    headroom.learn(0.3, 1.0)
    assert 0.1 < headroom.cost < 0.3
    headroom.learn(1.0, 0.0)
    assert headroom.cost < 0.3


def test_a_slow_while_is_forgotten(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(load_module.time, "monotonic", lambda: now[0])
    headroom = Headroom(Load())
    headroom.learn(0.05, 1.0)
    for _ in range(50):
        headroom.learn(5.0, 1.0)
    assert headroom.streams(1) == 0
    now[0] += STALE_S + 1
    assert headroom.cost == pytest.approx(0.05)
    assert headroom.streams(1) > 1


def test_busy_streams_leave_room_for_fewer(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(load_module.time, "monotonic", lambda: now[0])
    load = Load()
    headroom = Headroom(load)
    headroom.learn(0.05, 1.0)
    quiet = headroom.streams(4)
    load.add(STEADY_S / 2, finals=False)
    assert headroom.streams(4) == quiet, "interims give way"
    load.add(STEADY_S / 2, finals=True)
    assert load.finals_ratio == pytest.approx(0.5)
    # Four streams need half of the device, so each further one an eighth.
    assert headroom.streams(4) == 1
    now[0] += STEADY_S + 1
    assert load.finals_ratio == 0
    assert headroom.streams(4) == quiet


async def test_a_stream_that_does_not_fit_is_refused_and_the_open_ones_are_served():
    engine = FakeEngine()
    async with rig(engine) as server, server.channel() as channel:
        stub = pb_grpc.SpeechToTextServiceStub(channel)
        first = stub.Transcribe()
        for request in [config(), *pieces(voice(0.5))]:
            await first.write(request)
        await asyncio.wait_for(server.wait_active(1), 5)
        scheduler = server.service._models.scheduler
        scheduler.headroom.learn(10.0, 1.0)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            # No audio: grpc.aio's client hides the status of a call that it still writes to.
            await server.talk(config())
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        refused = server.metrics.rejections.labels("stt", "overload")
        assert refused._value.get() == 1
        # Whoever is in a call already is heard.
        admitted = stub.Transcribe(metadata=((ADMITTED, "1"),))
        for request in [config(), *pieces(voice(0.5))]:
            await admitted.write(request)
        await admitted.done_writing()
        assert len(finals([response async for response in admitted])) == 1
        await first.done_writing()
        assert len(finals([response async for response in first])) == 1
        # The last caller gone, there is room: a measure must not lock the server for good.
        assert len(finals(await server.talk_over(iter_of([config(), *pieces(voice(0.5))])))) == 1


async def test_streams_without_a_config_keep_nobody_out():
    async with rig(FakeEngine()) as server, server.channel() as channel:
        stub = pb_grpc.SpeechToTextServiceStub(channel)
        waiting = [stub.Transcribe() for _ in range(8)]
        for call in waiting:
            await call.wait_for_connection()
        await asyncio.wait_for(server.wait_active(len(waiting)), 5)
        server.service._models.scheduler.headroom.learn(10.0, 1.0)
        assert len(finals(await server.talk(config(), *pieces(voice(0.5))))) == 1
        for call in waiting:
            call.cancel()


async def test_finals_teach_their_cost():
    engine = FakeEngine(delay_s=0.05)
    async with rig(engine) as server:
        scheduler = server.service._models.scheduler
        assert scheduler.headroom.cost == 0
        await server.talk(config(), *pieces(voice(1.0)))
        assert scheduler.headroom.cost >= 0.04
        assert scheduler.load.finals_ratio > 0


async def test_a_recording_waits_for_a_busy_server():
    async with rig() as server, server.channel() as channel:
        open_call = pb_grpc.SpeechToTextServiceStub(channel).Transcribe()
        await open_call.write(config())
        await server.wait_active(1)
        sessions = server.service._sessions
        while not sessions:  # noqa: ASYNC110 - a server has no event for it
            await asyncio.sleep(0.01)
        server.service._models.scheduler.headroom.learn(10.0, 1.0)
        target = f"127.0.0.1:{server.server.port}"
        async with SpeechServer(target) as caller:
            hearing = asyncio.create_task(
                caller.transcribe(np.frombuffer(voice(0.5), "<i2").astype(np.int16), 16_000)
            )
            async with asyncio.timeout(10):
                while not server.service.places.refused:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            open_call.cancel()
            assert "frames" in await hearing
