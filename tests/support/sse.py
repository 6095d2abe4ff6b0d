"""Reads Server-Sent Events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx


@dataclass
class Sent:
    id: str
    type: str
    data: dict


class Events:
    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()
        self.seen: list[Sent] = []

    async def next(self, timeout_s: float = 15) -> Sent:
        fields: dict[str, str] = {}
        async with asyncio.timeout(timeout_s):
            async for line in self._lines:
                if line.startswith(":"):
                    continue
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif fields:
                    event = Sent(fields["id"], fields["event"], json.loads(fields["data"]))
                    self.seen.append(event)
                    return event
        raise AssertionError("the stream ended")

    async def until(self, kind: str, timeout_s: float = 15) -> Sent:
        async with asyncio.timeout(timeout_s):
            while (event := await self.next(timeout_s)).type != kind:
                pass
        return event


@asynccontextmanager
async def events(client: httpx.AsyncClient, after: str | None = None) -> AsyncIterator[Events]:
    headers = {"Last-Event-ID": after} if after else {}
    async with client.stream("GET", "/api/events", headers=headers, timeout=60) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Events(response)
