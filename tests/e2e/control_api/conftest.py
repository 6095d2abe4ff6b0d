"""The control API with a real Redis and a real LiveKit server."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from livekit import api

from control_api import Settings
from tests.support.control_api import KEY, SECRET, free_port, redis_server, serving
from tests.support.livekit_server import LiveKitServer, livekit_server


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def livekit(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKitServer]:
    log = tmp_path_factory.mktemp("livekit") / "livekit.log"
    with livekit_server(redis_url, log) as server:
        yield server


@pytest.fixture
def settings(redis_url: str, livekit: LiveKitServer) -> Settings:
    return Settings(
        livekit_url=livekit.url,
        livekit_api_key=KEY,
        livekit_api_secret=SECRET,
        redis_url=redis_url,
        speech_address=f"127.0.0.1:{free_port()}",
        watch_interval_s=0.2,
    )


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(settings) as client:
        yield client


@pytest.fixture
async def livekit_api(livekit: LiveKitServer) -> AsyncIterator[api.LiveKitAPI]:
    """LiveKit's own client, to look at what the control API did."""
    async with api.LiveKitAPI(livekit.url, KEY, SECRET) as client:
        yield client
