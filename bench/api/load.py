"""Asks for join tokens at a steady rate, or as fast as they come."""

import asyncio
import time
from dataclasses import dataclass, field

import aiohttp

__all__ = ["Load", "full", "steady"]

_BODY = {"participant_name": "Ada", "room_config": {"agents": [{"metadata": "{}"}]}}


@dataclass
class Load:
    """What was measured.

    Attributes:
        seconds: How long it took.
        latency_ms: From when a request was due to the end of its response.
        lag_ms: From when a request was due until it was sent: ours, not the API's.
        failed: Requests that did not end in a token.
    """

    seconds: float = 0.0
    latency_ms: list[float] = field(default_factory=list)
    lag_ms: list[float] = field(default_factory=list)
    failed: int = 0

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return len(self.latency_ms) / self.seconds


async def steady(url: str, key: str, rate: float, seconds: float, connections: int) -> Load:
    """Requests are due at a fixed rate whether or not the ones before have been answered."""
    load = Load()
    async with _session(key, connections) as session, asyncio.TaskGroup() as group:
        begun = time.perf_counter()
        for number in range(int(rate * seconds)):
            due = begun + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            load.lag_ms.append((time.perf_counter() - due) * 1000)
            group.create_task(_ask(session, url, load, due))
    load.seconds = time.perf_counter() - begun
    return load


async def full(url: str, key: str, seconds: float, connections: int) -> Load:
    """Each connection asks again as soon as it has been answered."""
    load = Load()

    async def one(session: aiohttp.ClientSession, until: float) -> None:
        while time.perf_counter() < until:
            await _ask(session, url, load, time.perf_counter())

    async with _session(key, connections) as session:
        begun = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(connections):
                group.create_task(one(session, begun + seconds))
        load.seconds = time.perf_counter() - begun
    return load


def _session(key: str, connections: int) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections),
        headers={"Authorization": f"Bearer {key}"},
        timeout=aiohttp.ClientTimeout(total=10),
    )


async def _ask(session: aiohttp.ClientSession, url: str, load: Load, due: float) -> None:
    try:
        async with session.post(url, json=_BODY) as response:
            token = (await response.json()).get("participant_token")
    except (aiohttp.ClientError, TimeoutError):
        token = None
    if token:
        load.latency_ms.append((time.perf_counter() - due) * 1000)
    else:
        load.failed += 1
