"""Every error, whoever raises it, has the one shape."""

import asyncio
import socket

import httpx
import pytest
from fastapi import FastAPI

from control_api import Settings, create_app, errors, problems
from tests.support.control_api import changed, running, serving


def assert_problem(reply: httpx.Response, status: int, slug: str) -> dict:
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    body = reply.json()
    assert body["type"] == f"/problems/{slug}"
    assert body["status"] == status
    assert body["title"]
    assert body["request_id"] == reply.headers["x-request-id"]
    assert body["instance"] == reply.request.url.path
    assert reply.headers["x-content-type-options"] == "nosniff"
    return body


def subclasses(root: type) -> set[type]:
    return {root} | {deep for direct in root.__subclasses__() for deep in subclasses(direct)}


def test_the_table_is_total() -> None:
    leaves = {e for e in subclasses(errors.ControlError) if not e.__subclasses__()}
    assert leaves - {errors.SettingsError, errors.BackupError} == set(problems.PROBLEMS)


def test_the_tree_is_drawn_in_full() -> None:
    for error in subclasses(errors.ControlError):
        assert error.__name__ in (errors.__doc__ or "")


def test_slugs_are_unique() -> None:
    slugs = [kind.slug for kind in problems.all_types()]
    assert len(slugs) == len(set(slugs))


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/api/nothing", 404, "not-found"),
        ("POST", "/api/nothing", 404, "not-found"),
        ("GET", "/api/", 404, "not-found"),
        ("GET", "/api/token", 405, "method-not-allowed"),
        ("PUT", "/api/transcripts/x", 405, "method-not-allowed"),
        ("POST", "/", 405, "method-not-allowed"),
        ("BREW", "/health", 405, "method-not-allowed"),
        ("GET", "/nothing.js", 404, "not-found"),
        ("GET", "/problems/nothing", 404, "not-found"),
        ("GET", "/api/transcripts/" + "x" * 257, 422, "invalid-request"),
    ],
)
async def test_errors_of_the_framework(
    client: httpx.AsyncClient, method: str, path: str, status: int, slug: str
) -> None:
    reply = await client.request(method, path)
    assert_problem(reply, status, slug)
    if status == 405:
        assert reply.headers["allow"]


async def test_every_type_has_its_page(client: httpx.AsyncClient) -> None:
    for kind in problems.all_types():
        page = await client.get(kind.uri)
        assert page.status_code == 200
        assert kind.title in page.text


def with_routes(app: FastAPI) -> FastAPI:
    @app.get("/test/bug")
    async def bug() -> None:
        raise ZeroDivisionError("a secret of the server")

    @app.get("/test/slow")
    async def slow() -> None:
        await asyncio.sleep(30)

    @app.get("/test/error/{name}")
    async def error(name: str) -> None:
        kind = getattr(errors, name)
        if issubclass(kind, errors.NeighbourError):
            raise kind("livekit", "why")
        if kind is errors.InvalidRequest:
            raise kind(errors.FieldError("/x", "why"))
        raise kind("why")

    return app


@pytest.fixture
async def rigged(settings: Settings):
    app = with_routes(create_app(changed(settings, request_timeout_s=0.3)))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://api.test", trust_env=False
        ) as client:
            yield client


@pytest.mark.parametrize("kind", problems.PROBLEMS, ids=lambda kind: kind.__name__)
async def test_errors_of_ours(rigged: httpx.AsyncClient, kind: type) -> None:
    expected = problems.PROBLEMS[kind]
    reply = await rigged.get(f"/test/error/{kind.__name__}")
    assert_problem(reply, expected.status, expected.slug)
    if expected.status == 503:
        assert int(reply.headers["retry-after"]) == reply.json()["retry_after_s"]


async def test_a_bug_is_a_problem_that_tells_nothing(rigged: httpx.AsyncClient) -> None:
    reply = await rigged.get("/test/bug")
    assert_problem(reply, 500, "internal-error")
    assert "secret" not in reply.text
    assert (await rigged.get("/livez")).status_code == 200


async def test_a_request_that_takes_too_long_ends(rigged: httpx.AsyncClient) -> None:
    assert_problem(await rigged.get("/test/slow"), 503, "request-timeout")


async def test_a_body_that_is_too_large_is_not_read(settings: Settings) -> None:
    async with serving(settings) as client:
        big = b'{"participant_metadata": "' + b"x" * 100_000 + b'"}'
        assert_problem(await client.post("/api/token", content=big), 413, "body-too-large")

        async def parts():
            for _ in range(10):
                yield b"x" * 10_000

        assert_problem(await client.post("/api/token", content=parts()), 413, "body-too-large")
        assert (await client.post("/api/token", json={})).status_code == 201


async def test_a_body_that_does_not_come_ends(settings: Settings) -> None:
    async with serving(changed(settings, request_timeout_s=0.2)) as client:
        url = client.base_url

        def half_a_request() -> bytes:
            with socket.create_connection((url.host, url.port), timeout=5) as connection:
                connection.sendall(b"POST /api/token HTTP/1.1\r\nHost: x\r\n")
                connection.sendall(b"Content-Length: 10\r\n\r\n{")
                return connection.recv(65536)

        answer = await asyncio.to_thread(half_a_request)
        assert b" 408 " in answer.splitlines()[0]
        assert b"application/problem+json" in answer


@pytest.mark.parametrize("given", ["abc-123.X_y", "x" * 64])
async def test_a_request_id_comes_back(client: httpx.AsyncClient, given: str) -> None:
    reply = await client.get("/livez", headers={"X-Request-ID": given})
    assert reply.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, '{"a":1}'])
async def test_a_request_id_that_is_none_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    reply = await client.get("/livez", headers={"X-Request-ID": given})
    assert len(reply.headers["x-request-id"]) == 16


async def test_routes_are_measured_by_their_pattern(settings: Settings) -> None:
    async with running(settings) as client:
        await client.get("/api/transcripts/a-private-name")
        await client.get("/a-private-name")
        await client.get("/api/a-private-name")
        metrics = (await client.get("/metrics")).text
        assert 'route="/api/transcripts/{room}",status="404"' in metrics
        assert "a-private-name" not in metrics
