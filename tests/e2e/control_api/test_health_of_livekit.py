"""Health and readiness follow a real LiveKit server that goes and comes back."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from control_api import Settings
from tests.support.control_api import changed, running
from tests.support.livekit_server import LiveKitServer, livekit_server

pytestmark = pytest.mark.e2e


async def answers(client: httpx.AsyncClient, status: int) -> None:
    give_up = time.monotonic() + 20
    while (await client.get("/readyz")).status_code != status:
        assert time.monotonic() < give_up
        await asyncio.sleep(0.1)


async def test_a_restart_of_livekit_is_noticed_both_ways(
    settings: Settings, redis_url: str, tmp_path: Path
) -> None:
    with livekit_server(redis_url, tmp_path / "livekit.log") as server:
        async with running(changed(settings, livekit_url=server.url)) as client:
            await answers(client, 200)
            await asyncio.to_thread(server.stop)
            await answers(client, 503)
            assert (await client.get("/readyz")).json()["part"] == "livekit"
            await asyncio.to_thread(server.start)
            await answers(client, 200)


async def test_keys_that_livekit_does_not_know_are_found(
    settings: Settings, livekit: LiveKitServer
) -> None:
    for wrong in (
        {"livekit_api_key": "somebody"},
        {"livekit_api_secret": "another-secret-of-more-than-32-bytes"},
    ):
        async with running(changed(settings, **wrong)) as client:
            part = (await client.get("/health")).json()["parts"]["livekit"]
            assert part["status"] == "unavailable"
            assert "refused" in part["detail"]
