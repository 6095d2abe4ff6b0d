import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from caller.demo import converse
from caller.errors import ApiError, WaitTimeoutError
from caller.settings import CallerSettings
from caller.token import ControlApi

Answer = tuple[int, object]

MESSAGE = {
    "type": "transcript",
    "speaker": "agent",
    "text": "Hello.",
    "timestamp": "2026-01-01T10:00:00.123Z",
    "room": "r",
    "participant": "agent-1",
    "turn_id": "t1",
    "sequence": 0,
    "final": True,
}
TOKEN = {
    "server_url": "ws://127.0.0.1:1",
    "participant_token": "jwt",
    "room_name": "r",
    "participant_identity": "me",
}


@asynccontextmanager
async def http_server(answer: Callable[[str, str, bytes], Answer]) -> AsyncIterator[str]:
    """A real HTTP/1.1 server on a free port, one request a connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, path, _ = head.split(" ", 2)
        length = next(
            (
                int(line.split(":")[1])
                for line in head.lower().splitlines()
                if line.startswith("content-length")
            ),
            0,
        )
        status, body = answer(method, path, await reader.readexactly(length))
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        writer.write(
            f"HTTP/1.1 {status} X\r\ncontent-length: {len(data)}\r\n".encode()
            + b"connection: close\r\n\r\n"
            + data
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_waits_until_the_api_is_ready_and_says_why_it_is_not() -> None:
    answers = iter([503, 503, 200])
    told: list[str] = []
    answer = {"title": "redis is missing"}
    async with http_server(lambda *_: (next(answers), answer)) as url, ControlApi(url) as api:
        await api.wait_ready(10, told.append)
    assert len(told) == 1
    assert "503" in told[0]
    assert "redis is missing" in told[0]


async def test_an_api_that_never_comes_is_a_timeout(unused_tcp_port: int) -> None:
    async with ControlApi(f"http://127.0.0.1:{unused_tcp_port}") as api:
        with pytest.raises(WaitTimeoutError, match="was not ready after 0 s"):
            await api.wait_ready(0.3, lambda _: None)


async def test_the_token_is_asked_for_by_room_and_name() -> None:
    seen: list[tuple[str, str, object]] = []

    def answer(method: str, path: str, body: bytes) -> Answer:
        seen.append((method, path, json.loads(body)))
        return 201, TOKEN

    async with http_server(answer) as url, ControlApi(url) as api:
        token = await api.token("demo-1", "Caller")
    assert token.participant_identity == "me"
    assert seen == [("POST", "/api/token", {"room_name": "demo-1", "participant_name": "Caller"})]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((422, {"detail": "room_name: too long"}), "422.*room_name: too long"),
        ((201, {"server_url": "x"}), "something else than a token"),
    ],
)
async def test_what_is_no_token_is_told(answer: Answer, said: str) -> None:
    async with http_server(lambda *_: answer) as url, ControlApi(url) as api:
        with pytest.raises(ApiError, match=said):
            await api.token("r", "n")


async def test_the_transcript_comes_back_in_the_order_of_the_api() -> None:
    messages = [MESSAGE | {"sequence": n} for n in (0, 1, 5)]
    answer = {"room": "r", "messages": messages}
    async with http_server(lambda *_: (200, answer)) as url, ControlApi(url) as api:
        assert [m.sequence for m in await api.transcript("r")] == [0, 1, 5]


async def test_a_room_without_a_transcript_is_told() -> None:
    answer = {"title": "no such room"}
    async with http_server(lambda *_: (404, answer)) as url, ControlApi(url) as api:
        with pytest.raises(ApiError, match=r"404.*no such room"):
            await api.transcript("r")


async def test_a_conversation_that_cannot_begin_says_what_is_missing(unused_tcp_port: int) -> None:
    told: list[str] = []
    settings = CallerSettings(
        api_url=f"http://127.0.0.1:{unused_tcp_port}", ready_timeout_s=0.3, recording=None
    )
    report = await converse(settings, told.append)
    assert not report.ok
    assert report.error is not None
    assert f"127.0.0.1:{unused_tcp_port} was not ready" in report.error
    assert told
