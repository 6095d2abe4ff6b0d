import gzip
from pathlib import Path

import httpx
import pytest

from control_api import Settings
from control_api.middleware.secure import content_security_policy
from tests.support.control_api import changed, running


@pytest.fixture
def dist(settings: Settings) -> Path:
    assets = settings.web_dist / "assets"
    assets.mkdir(parents=True)
    (settings.web_dist / "index.html").write_text("<title>page</title>")
    (settings.web_dist / "favicon.svg").write_text("<svg/>")
    (assets / "index-B2k9_xQz.js").write_text("1")
    (settings.web_dist.parent / "secret.txt").write_text("private words")
    return settings.web_dist


@pytest.mark.parametrize("path", ["/", "/index.html", "/rooms/abc", "/join"])
async def test_each_view_is_the_page(client: httpx.AsyncClient, dist: Path, path: str) -> None:
    reply = await client.get(path)
    assert (reply.status_code, reply.text) == (200, "<title>page</title>")
    assert reply.headers["content-type"].startswith("text/html")
    assert reply.headers["cache-control"] == "no-cache"


async def test_hashed_files_are_kept_for_ever(client: httpx.AsyncClient, dist: Path) -> None:
    reply = await client.get("/assets/index-B2k9_xQz.js")
    assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "javascript" in reply.headers["content-type"]
    icon = await client.get("/favicon.svg")
    assert icon.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepts", "encoding"),
    [("gzip, deflate, br", "gzip"), ("br, GZIP;q=0.5", "gzip"), ("gzip;q=0", None), ("", None)],
)
async def test_the_packed_copy_is_for_those_who_take_it(
    client: httpx.AsyncClient, dist: Path, accepts: str, encoding: str | None
) -> None:
    (dist / "assets" / "index-B2k9_xQz.js.gz").write_bytes(gzip.compress(b"packed"))
    headers = {"Accept-Encoding": accepts}
    reply = await client.get("/assets/index-B2k9_xQz.js", headers=headers)
    assert reply.headers.get("content-encoding") == encoding
    assert reply.text == ("packed" if encoding else "1")
    assert "javascript" in reply.headers["content-type"]
    assert "Accept-Encoding" in reply.headers["vary"]
    assert reply.headers["cache-control"].endswith("immutable")
    again = {**headers, "If-None-Match": reply.headers["etag"]}
    same = await client.get("/assets/index-B2k9_xQz.js", headers=again)
    assert (same.status_code, same.content) == (304, b"")


async def test_an_unchanged_page_is_not_sent_again(client: httpx.AsyncClient, dist: Path) -> None:
    etag = (await client.get("/")).headers["etag"]
    again = await client.get("/", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2f../secret.txt", "/assets/no.js"],
)
async def test_nothing_outside_the_folder(client: httpx.AsyncClient, dist: Path, path: str) -> None:
    reply = await client.get(path)
    assert "private words" not in reply.text
    assert reply.status_code == 404


async def test_without_a_build_there_is_a_hint(client: httpx.AsyncClient) -> None:
    reply = await client.get("/")
    assert reply.status_code == 200
    assert "make web" in reply.text
    assert (await client.get("/join")).status_code == 404


async def test_a_build_while_we_run_is_served(client: httpx.AsyncClient, settings) -> None:
    assert "make web" in (await client.get("/")).text
    settings.web_dist.mkdir()
    (settings.web_dist / "index.html").write_text("page")
    assert (await client.get("/")).text == "page"


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("ws://127.0.0.1:7880", "connect-src 'self' ws://127.0.0.1:7880 http://127.0.0.1:7880;"),
        ("https://lk.example/x", "connect-src 'self' wss://lk.example https://lk.example;"),
    ],
)
def test_the_page_may_connect_to_livekit(url: str, allowed: str) -> None:
    assert allowed in content_security_policy(url)


async def test_security_headers_are_on_every_response(client: httpx.AsyncClient) -> None:
    for path in ("/", "/livez", "/api/nothing"):
        headers = (await client.get(path)).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        policy = headers["permissions-policy"]
        assert policy == (
            "microphone=(self), camera=(self), display-capture=(self), geolocation=()"
        )
        assert headers["x-frame-options"] == "DENY"


async def test_the_browser_gives_the_page_only_what_a_token_lets_it_send(
    settings: Settings,
) -> None:
    async with running(changed(settings, publish_sources="microphone")) as client:
        policy = (await client.get("/")).headers["permissions-policy"]
    assert policy.startswith("microphone=(self), camera=(), display-capture=()")


async def test_other_origins_are_allowed_by_name(settings: Settings) -> None:
    mine = changed(settings, cors_origins="https://app.example.org")
    preflight = {
        "Origin": "https://app.example.org",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    async with running(mine) as client:
        reply = await client.options("/api/token", headers=preflight)
        assert reply.headers["access-control-allow-origin"] == "https://app.example.org"
        evil = {**preflight, "Origin": "https://evil.example"}
        reply = await client.options("/api/token", headers=evil)
        assert "access-control-allow-origin" not in reply.headers
        reply = await client.post("/api/token", headers={"Origin": "https://app.example.org"})
        assert reply.headers["access-control-expose-headers"] == (
            "Idempotency-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID"
        )


async def test_only_the_development_server_is_allowed_unasked(settings: Settings) -> None:
    async with running(settings) as client:
        allowed = {"Origin": "http://localhost:5173"}
        assert (
            "access-control-allow-origin" in (await client.get("/livez", headers=allowed)).headers
        )
    production = changed(settings, environment="production", cors_origins=None)
    async with running(production) as client:
        assert (
            "access-control-allow-origin"
            not in (await client.get("/livez", headers=allowed)).headers
        )
