"""Fixtures of the control API's tests: real Redis and gRPC, and a small LiveKit."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import redis as redis_sync
import structlog
from aiohttp import web
from grpc_health.v1 import health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from trinity.speech.v1 import server_service_pb2_grpc, text_to_speech_service_pb2_grpc

from control_api import Settings
from tests.support.control_api import (
    KEY,
    SECRET,
    SmallLiveKit,
    SmallSpeechServer,
    free_port,
    redis_server,
    running,
)


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Rich's tracebacks, structlog's default, take seconds."""
    renderer = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    # Other packages' tests leave their own set-up, such as a least level.
    structlog.reset_defaults()
    structlog.configure(processors=[structlog.processors.add_log_level, renderer])


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def redis(redis_url: str) -> Iterator["redis_sync.Redis[Any]"]:
    with redis_sync.Redis.from_url(redis_url, decode_responses=True) as client:
        client.flushdb()
        yield client


@pytest.fixture
async def livekit() -> AsyncIterator[SmallLiveKit]:
    small = SmallLiveKit()
    app = web.Application()
    app.router.add_post("/twirp/livekit.RoomService/ListRooms", small.list_rooms)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    small.url = f"ws://127.0.0.1:{port}"
    yield small
    await runner.cleanup()


@pytest.fixture
async def speech() -> AsyncIterator[SmallSpeechServer]:
    server = grpc.aio.server()
    health = HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    small = SmallSpeechServer(health)
    text_to_speech_service_pb2_grpc.add_TextToSpeechServiceServicer_to_server(small, server)
    server_service_pb2_grpc.add_ServerServiceServicer_to_server(small, server)
    small.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    await small.set_serving(True)
    yield small
    await server.stop(grace=None)


@pytest.fixture
def settings(redis_url: str, tmp_path: Path) -> Settings:
    """LiveKit and the speech server are away unless a test gives their addresses."""
    return Settings(
        livekit_url=f"ws://127.0.0.1:{free_port()}",
        livekit_api_key=KEY,
        livekit_api_secret=SECRET,
        redis_url=redis_url,
        speech_address=f"127.0.0.1:{free_port()}",
        web_dist=tmp_path / "dist",
        watch_interval_s=0.2,
    )


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with running(settings) as client:
        yield client
