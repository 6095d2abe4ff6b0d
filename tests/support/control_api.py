"""The control API under a real HTTP server, and the small neighbours that its tests need."""

import asyncio
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import redis as redis_sync
import uvicorn
from aiohttp import web
from fakeredis import TcpFakeServer
from grpc_health.v1 import health_pb2
from grpc_health.v1._async import HealthServicer
from livekit import api
from trinity.speech.v1 import (
    server_service_pb2,
    server_service_pb2_grpc,
    text_to_speech_service_pb2,
    text_to_speech_service_pb2_grpc,
)

from control_api import Settings, create_app

KEY = "test-key"
SECRET = "test-secret-that-is-long-enough-for-hs256"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """The URL of a Redis of our own: the real one where it is installed, else fakeredis."""
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    program = shutil.which("redis-server")
    if program is None:
        server = TcpFakeServer(("127.0.0.1", port))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield url
        server.shutdown()
        server.server_close()
        return
    process = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    try:
        await_redis(url)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def await_redis(url: str) -> None:
    give_up = time.monotonic() + 10
    with redis_sync.Redis.from_url(url) as client:
        while True:
            try:
                client.ping()
                return
            except redis_sync.ConnectionError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.02)


class SmallLiveKit:
    """As much of LiveKit's API as the control API uses: it checks the token as LiveKit does."""

    def __init__(self) -> None:
        self.url = ""
        self.error: tuple[int, str] | None = None
        self.delay_s = 0.0

    async def list_rooms(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self.delay_s)
        if self.error is not None:
            status, code = self.error
            return web.json_response({"code": code, "msg": "no"}, status=status)
        token = request.headers["Authorization"].removeprefix("Bearer ")
        try:
            claims = api.TokenVerifier(KEY, SECRET).verify(token)
        except Exception:
            return web.json_response({"code": "unauthenticated", "msg": "no"}, status=401)
        assert claims.video is not None and claims.video.room_list
        return web.Response(body=api.ListRoomsResponse().SerializeToString())


class SmallSpeechServer(
    text_to_speech_service_pb2_grpc.TextToSpeechServiceServicer,
    server_service_pb2_grpc.ServerServiceServicer,
):
    """Health, voices and models of a speech server, over real gRPC."""

    def __init__(self, health: HealthServicer) -> None:
        self.address = ""
        self._health = health

    async def ListVoices(self, request, context):
        voice = text_to_speech_service_pb2.VoiceInfo(
            name="en_US-joe-medium",
            language_code="en-US",
            sample_rate_hertz=22050,
            quality="medium",
            license="CC0-1.0",
            loaded=True,
            is_default=True,
        )
        kept = [voice] if "en-US".startswith(request.language_code) else []
        return text_to_speech_service_pb2.ListVoicesResponse(voices=kept)

    async def ListModels(self, request, context):
        model = server_service_pb2.ModelInfo(
            name="whisper-base",
            language_codes=["en", "de"],
            device="cpu",
            compute_type="int8",
            license="MIT",
            loaded=True,
            is_default=True,
        )
        return server_service_pb2.ListModelsResponse(models=[model])

    async def set_serving(self, serving: bool) -> None:
        status = health_pb2.HealthCheckResponse
        await self._health.set("", status.SERVING if serving else status.NOT_SERVING)


def changed(settings: Settings, **values: Any) -> Settings:
    """The same settings but for `values`, validated again."""
    return Settings(**{**settings.model_dump(), **values})


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API in this process, without HTTP: quick, for what HTTP does not touch."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://api.test", trust_env=False
        ) as client:
            yield client


@asynccontextmanager
async def serving(settings: Settings, port: int = 0) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API, served by uvicorn on a port of its own."""
    config = uvicorn.Config(
        create_app(settings), port=port, log_config=None, access_log=False, lifespan="on"
    )
    server = uvicorn.Server(config)
    listener = config.bind_socket()
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        assert not task.done(), "the server did not start"
        await asyncio.sleep(0.005)
    host, port = listener.getsockname()
    try:
        async with httpx.AsyncClient(
            base_url=f"http://{host}:{port}", timeout=10, verify=False, trust_env=False
        ) as client:
            yield client
    finally:
        server.should_exit = True
        await task
        listener.close()
