"""The built page, served by the control API, with a real LiveKit server; no assistant needed."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser

from control_api import Settings
from control_api.store import ApiKeys, RedisStore
from control_api.telemetry import Telemetry
from tests.support.browser import chromium
from tests.support.control_api import KEY, SECRET, redis_server, serving
from tests.support.livekit_server import LiveKitServer

ROOT = Path(__file__).resolve().parents[3]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.web)


@dataclass(frozen=True)
class Site:
    """Where the page is, and a client of the API behind it."""

    url: str
    api: httpx.AsyncClient


@pytest.fixture(scope="session")
def page_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("page-redis")) as url:
        yield url


@pytest.fixture(scope="session")
def page_livekit(
    page_redis: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveKitServer]:
    log = tmp_path_factory.mktemp("page-livekit") / "livekit.log"
    server = LiveKitServer(page_redis, log)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
async def site(page_redis: str, page_livekit: LiveKitServer) -> AsyncIterator[Site]:
    if not (ROOT / "web" / "dist" / "index.html").is_file():
        pytest.fail("the page is not built: make web")
    settings = Settings(
        livekit_url=page_livekit.url,
        livekit_api_key=KEY,
        livekit_api_secret=SECRET,
        redis_url=page_redis,
    )
    async with serving(settings) as api:
        yield Site(str(api.base_url), api)


@pytest.fixture
async def locked(page_redis: str, page_livekit: LiveKitServer) -> AsyncIterator[tuple[Site, str]]:
    """A site that asks for API keys, and one that opens everything."""
    settings = Settings(
        livekit_url=page_livekit.url,
        livekit_api_key=KEY,
        livekit_api_secret=SECRET,
        redis_url=page_redis,
        access="keys",
    )
    store = RedisStore.open(settings, Telemetry())
    try:
        _, key = await ApiKeys(store).create("page", ["admin"])
    finally:
        await store.aclose()
    async with serving(settings) as api:
        yield Site(str(api.base_url), api), key


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium whose microphone beeps and whose camera shows a pattern."""
    async with chromium() as running:
        yield running
