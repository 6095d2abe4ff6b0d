"""LiveKit or Redis stopped while a request is under way: 503 with Retry-After, then recovery."""

import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from control_api import Settings
from tests.support.control_api import KEY, SECRET, await_redis, changed, free_port, serving
from tests.support.livekit_server import LiveKitServer, livekit_server

pytestmark = pytest.mark.e2e


class Redis:
    """A Redis that can be stopped in the middle of something, and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program is not None
        arguments = ["--port", str(self._port), "--bind", "127.0.0.1", "--appendonly", "yes"]
        self.process = subprocess.Popen(
            [program, *arguments, "--dir", str(self._folder)], stdout=subprocess.DEVNULL
        )
        await_redis(self.url)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def livekit(redis: Redis, tmp_path: Path) -> Iterator[LiveKitServer]:
    with livekit_server(redis.url, tmp_path / "livekit.log") as server:
        yield server


@pytest.fixture
def settings(redis: Redis, livekit: LiveKitServer) -> Settings:
    return Settings(
        livekit_url=livekit.url,
        livekit_api_key=KEY,
        livekit_api_secret=SECRET,
        redis_url=redis.url,
        speech_address=f"127.0.0.1:{free_port()}",
        reconcile_interval_s=300,
    )


def assert_away(reply: httpx.Response, part: str) -> None:
    assert reply.status_code == 503, reply.text
    assert reply.json()["part"] == part
    assert int(reply.headers["retry-after"]) > 0


async def recovers(client: httpx.AsyncClient, path: str) -> None:
    give_up = time.monotonic() + 30
    while (reply := await client.get(path)).status_code != 200:
        assert reply.status_code == 503
        assert time.monotonic() < give_up, reply.text
        await asyncio.sleep(0.1)


async def under_way(client: httpx.AsyncClient, method: str, path: str, pid: int) -> asyncio.Task:
    """A request that waits for a process which has been halted."""
    os.kill(pid, signal.SIGSTOP)
    task = asyncio.create_task(client.request(method, path))
    await asyncio.sleep(0.3)
    assert not task.done()
    return task


async def test_redis_that_dies_in_mid_request(settings: Settings, redis: Redis) -> None:
    patient = changed(settings, redis_timeout_s=5.0)
    async with serving(patient) as client:
        assert (await client.get("/api/transcripts")).status_code == 200
        assert redis.process is not None
        task = await under_way(client, "GET", "/api/transcripts", redis.process.pid)
        redis.kill()
        assert_away(await task, "redis")
        assert_away(await client.get("/api/calls"), "redis")
        # Joining a call does not need it.
        assert (await client.post("/api/token")).status_code == 201
        redis.start()
        await recovers(client, "/api/transcripts")


async def test_redis_that_hangs_in_mid_request(settings: Settings, redis: Redis) -> None:
    async with serving(changed(settings, redis_timeout_s=0.5)) as client:
        assert (await client.get("/api/transcripts")).status_code == 200
        assert redis.process is not None
        task = await under_way(client, "GET", "/api/transcripts", redis.process.pid)
        assert_away(await task, "redis")
        redis.process.send_signal(signal.SIGCONT)
        await recovers(client, "/api/transcripts")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_livekit_that_dies_in_mid_request(
    settings: Settings, livekit: LiveKitServer, method: str
) -> None:
    async with serving(settings) as client:
        assert (await client.get("/api/rooms")).status_code == 200
        task = await under_way(client, method, "/api/rooms", livekit.pid)
        await asyncio.to_thread(livekit.kill)
        assert_away(await task, "livekit")
        assert_away(await client.get("/api/rooms"), "livekit")
        assert (await client.post("/api/token")).status_code == 201
        await asyncio.to_thread(livekit.start)
        await recovers(client, "/api/rooms")


async def test_livekit_that_hangs_in_mid_request(
    settings: Settings, livekit: LiveKitServer
) -> None:
    async with serving(changed(settings, livekit_timeout_s=1.0)) as client:
        assert (await client.get("/api/rooms")).status_code == 200
        task = await under_way(client, "GET", "/api/rooms", livekit.pid)
        reply = await task
        assert_away(reply, "livekit")
        assert reply.json()["type"] == "/problems/part-timeout"
        os.kill(livekit.pid, signal.SIGCONT)
        await recovers(client, "/api/rooms")
