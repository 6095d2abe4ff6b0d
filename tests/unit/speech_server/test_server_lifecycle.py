import asyncio
import json
import urllib.request
from contextlib import asynccontextmanager

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status
from trinity.speech.v1 import server_service_pb2, server_service_pb2_grpc
from trinity.speech.v1 import speech_to_text_service_pb2_grpc as pb_grpc

from speech_server import __main__ as entry
from speech_server import lifecycle
from speech_server.channel import CLIENT_OPTIONS, server_options
from speech_server.errors import EXIT_CODE, StartupError
from speech_server.lifecycle import Stop, serve
from speech_server.services.speech_to_text import SERVICE_NAME
from speech_server.settings import Settings
from tests.support.stt_rig import FORCE, config, iter_of, make_server, pieces, rig, voice

SERVING, NOT_SERVING = 1, 2


async def health(channel: grpc.aio.Channel, service: str) -> int:
    stub = health_pb2_grpc.HealthStub(channel)
    return (await stub.Check(health_pb2.HealthCheckRequest(service=service))).status


@asynccontextmanager
async def served(**fields):
    """A server under `serve`, as the process runs it."""
    made = make_server(**fields)
    stop = Stop()
    task = asyncio.create_task(serve(made.server, made.settings, stop))
    try:
        async with asyncio.timeout(10):
            while not (made.server.port and made.service.places.phase.value == "open"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        yield made, stop, task
    finally:
        stop.ask()
        stop.ask()
        made.engine.gate.set()
        await asyncio.wait_for(task, 10)


@asynccontextmanager
async def stopping(made):
    """A server that is started and not warmed up."""
    await made.server.start()
    try:
        yield
    finally:
        await made.server.stop(0)


async def test_health_follows_the_warm_up():
    made = make_server()
    warm = asyncio.Event()
    warm_up = made.service.warm_up

    async def slow() -> None:
        await warm.wait()
        await warm_up()

    made.service.warm_up = slow
    async with stopping(made), made.channel() as channel:
        warming = asyncio.create_task(made.server.warm_up())
        for name in (SERVICE_NAME, "trinity.speech.v1.ServerService", ""):
            assert await health(channel, name) == NOT_SERVING
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await made.talk(config())
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        warm.set()
        await warming
        for name in (SERVICE_NAME, "trinity.speech.v1.ServerService", ""):
            assert await health(channel, name) == SERVING
        assert await made.talk(config()) == []


async def test_drain_lets_the_open_stream_end():
    async with served(drain_seconds=10.0) as (made, stop, task), made.channel() as channel:
        call = pb_grpc.SpeechToTextServiceStub(channel).Transcribe()
        await call.write(config())
        for request in pieces(voice(0.5)):
            await call.write(request)
        await made.wait_active(1)
        stop.ask()
        told = await asyncio.wait_for(call.read(), 5)
        assert told.server_draining.deadline_ms == 10_000
        assert await health(channel, SERVICE_NAME) == NOT_SERVING
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await made.talk(config())
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        details = rpc_status.from_call(caught.value).details
        assert any(d.Is(error_details_pb2.RetryInfo.DESCRIPTOR) for d in details)
        assert not task.done()
        await call.write(FORCE)
        final = await asyncio.wait_for(call.read(), 5)
        assert final.result.is_final
        await call.done_writing()
        await asyncio.wait_for(task, 5)


async def test_drain_has_a_limit(monkeypatch):
    monkeypatch.setattr(lifecycle, "LAST_WORDS_S", 0.1)
    async with served(drain_seconds=2.0) as (made, stop, task), made.channel() as channel:
        call = pb_grpc.SpeechToTextServiceStub(channel).Transcribe()
        await call.write(config())
        await made.wait_active(1)
        # A read that waits already, as a client's does: gRPC drops what nobody has asked for
        # when it cancels a call.
        reading = asyncio.create_task(call.read())
        await asyncio.sleep(0)
        stop.ask()
        async with asyncio.timeout(20):
            assert (await reading).HasField("server_draining")
            await task
            assert await call.code() is not grpc.StatusCode.OK


async def test_a_stream_whose_config_comes_after_the_announcement_is_told_too():
    async with served(drain_seconds=30.0) as (made, stop, task), made.channel() as channel:
        call = pb_grpc.SpeechToTextServiceStub(channel).Transcribe()
        await call.wait_for_connection()
        await made.wait_active(1)
        stop.ask()
        async with asyncio.timeout(20):
            while made.service._drain_ms is None:  # noqa: ASYNC110 - a server has no event for it
                await asyncio.sleep(0.01)
            await call.write(config())
            assert (await call.read()).server_draining.deadline_ms == 30_000
            await call.done_writing()
            await task


async def test_a_second_signal_stops_now():
    async with served(drain_seconds=60.0) as (made, stop, task), made.channel() as channel:
        call = pb_grpc.SpeechToTextServiceStub(channel).Transcribe()
        await call.write(config())
        await made.wait_active(1)
        stop.ask()
        await asyncio.wait_for(call.read(), 5)
        stop.ask()
        await asyncio.wait_for(task, 3)


async def test_a_taken_port_is_named():
    async with rig() as first:
        second = make_server(port=first.server.port)
        with pytest.raises(StartupError, match="SPEECH_PORT"):
            await second.server.start()
        await second.server.stop(0)
        third = make_server(metrics_port=first.server.metrics_port)
        with pytest.raises(StartupError, match="SPEECH_METRICS_PORT"):
            await third.server.start()
        await third.server.stop(0)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SPEECH_STT_MODEL", "/nowhere/whisper"),
        ("SPEECH_STT_MODEL", "no-such-model"),
        ("SPEECH_PORT", "70000"),
        ("SPEECH_DEVICE", "tpu"),
    ],
)
def test_a_bad_setting_ends_the_start_with_its_name(variable, value, monkeypatch, capfd):
    monkeypatch.setenv("SPEECH_PORT", "0")
    monkeypatch.setenv("SPEECH_METRICS_PORT", "0")
    monkeypatch.setenv(variable, value)
    assert entry.main() == EXIT_CODE
    said = capfd.readouterr().err
    assert variable in said
    if value.startswith("/"):
        lines = [json.loads(line) for line in said.splitlines()]
        assert lines[-1]["setting"] == variable
        assert value in lines[-1]["problem"]


async def test_metrics_over_http():
    async with rig() as server:
        await server.talk(config(), *pieces(voice(0.5)))
        url = f"http://127.0.0.1:{server.server.metrics_port}/metrics"
        text = (await asyncio.to_thread(lambda: urllib.request.urlopen(url).read())).decode()
    assert 'speech_streams_total{code="OK",kind="stt"} 1.0' in text
    assert 'speech_ready{service="server"} 1.0' in text
    assert "speech_build_info{" in text
    assert 'stt_utterances_total{reason="stream_end"} 1.0' in text


async def test_models_and_stats():
    async with rig() as server, server.channel() as channel:
        stub = server_service_pb2_grpc.ServerServiceStub(channel)
        await server.talk(config(), *pieces(voice(0.5)))
        listed = await stub.ListModels(server_service_pb2.ListModelsRequest())
        assert [(m.name, m.is_default, m.loaded) for m in listed.models] == [("fake", True, True)]
        stats = await stub.GetStats(server_service_pb2.GetStatsRequest())
        assert stats.speech_to_text.streams_total == 1
        assert stats.speech_to_text.streams_capacity == Settings().stt_max_streams
        assert not stats.draining


@pytest.mark.parametrize("on", [True, False])
async def test_reflection_by_setting(on):
    async with rig(reflection=on) as server, server.channel() as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        # Handed over, since writing by hand fails otherwise when the server ended the call first.
        asked = iter_of([reflection_pb2.ServerReflectionRequest(list_services="")])
        call = stub.ServerReflectionInfo(asked)
        if not on:
            assert await call.code() is grpc.StatusCode.UNIMPLEMENTED
            return
        reply = await call.read()
        names = {service.name for service in reply.list_services_response.service}
        assert SERVICE_NAME in names


def test_keepalive_of_both_ends_fits():
    server, client = dict(server_options(1 << 20)), dict(CLIENT_OPTIONS)
    shortest = server["grpc.http2.min_recv_ping_interval_without_data_ms"]
    assert client["grpc.keepalive_time_ms"] > shortest
    assert server["grpc.keepalive_permit_without_calls"] == 1
