"""Webhooks of others: signed, in order, again after a failure, and never to private addresses."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import httpx
import pytest
from aiohttp import web

from control_api import Settings
from control_api.relay import Addresses, Sender, sign
from control_api.store import Event, EventLog, RedisStore
from control_api.telemetry import Telemetry
from tests.support.control_api import changed, running

SECRET = "whsec_" + base64.b64encode(b"0" * 24).decode()


class Receiver:
    """Somebody's server: it answers with the next of `answers`, then with 204."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[web.Response] = []
        self.got: list[tuple[dict[str, str], bytes]] = []

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        return self.answers.pop(0) if self.answers else web.Response(status=204)

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.got]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    small = Receiver()
    app = web.Application()
    app.router.add_post("/{path:.*}", small.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    small.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield small
    await runner.cleanup()


@pytest.fixture
def open_settings(settings: Settings, redis) -> Settings:
    return changed(settings, webhook_networks="127.0.0.0/8", reconcile_interval_s=300)


@pytest.fixture
async def client(open_settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with running(open_settings) as client:
        yield client


@pytest.fixture
async def happened(open_settings: Settings) -> AsyncIterator[Callable]:
    store = RedisStore.open(open_settings, Telemetry())
    log = EventLog(store, 1000)

    async def append(*kinds: str) -> None:
        for kind in kinds:
            at = datetime(2026, 1, 1, tzinfo=UTC)
            await log.append(Event(type=kind, at=at, room="board", call_id="c1"))

    yield append
    await store.aclose()


async def until(check: Callable[[], bool], timeout_s: float = 15) -> None:
    give_up = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < give_up
        await asyncio.sleep(0.02)


async def registered(client: httpx.AsyncClient, url: str, *types: str) -> dict:
    reply = await client.post("/api/webhooks", json={"url": url, "types": list(types)})
    assert reply.status_code == 201, reply.text
    assert reply.headers["cache-control"] == "no-store"
    return reply.json()


async def test_events_are_sent_signed_and_in_order(client, receiver: Receiver, happened) -> None:
    await happened("call.dialing")  # before anybody listened
    hook = await registered(client, receiver.url, "call.*", "room.opened")
    await happened("room.opened", "participant.joined", "call.active", "call.ended")
    await until(lambda: len(receiver.got) >= 3)
    assert receiver.types == ["room.opened", "call.active", "call.ended"]
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 3
    headers, body = receiver.got[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(hook["secret"].removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 30
    assert json.loads(body) == {
        "type": "room.opened",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "data": {"room": "board", "call_id": "c1", "repaired": False},
    }


def test_the_signature_is_that_of_the_standard() -> None:
    # The example of the Standard Webhooks specification.
    body = b'{"event_type":"ping","data":{"success":true}}'
    signature = sign("whsec_plJ3nmyCDGBKInavdOK15jsl", "msg_loFOjxBNrRLzqYUf", 1731705121, body)
    assert signature == "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="


async def test_what_failed_is_sent_again_before_what_came_later(
    client, receiver: Receiver, happened
) -> None:
    redirect = web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"})
    receiver.answers = [web.Response(status=500), redirect]
    hook = await registered(client, receiver.url)
    await happened("call.active", "call.ended")
    await until(lambda: len(receiver.got) >= 1)
    path = f"/api/webhooks/{hook['id']}"
    seen = (await client.get(path)).json()
    await until(lambda: len(receiver.got) >= 4)
    assert receiver.types == ["call.active", "call.active", "call.active", "call.ended"]
    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert ids[0] == ids[1] == ids[2] != ids[3]
    assert (seen["state"], seen["failed_attempts"]) in [("failing", 1), ("ok", 0)]
    give_up = time.monotonic() + 10
    while (await client.get(path)).json()["state"] != "ok":
        assert time.monotonic() < give_up
        await asyncio.sleep(0.05)
    metrics = (await client.get("/metrics")).text
    assert 'control_relayed_events_total{result="failed"} 2.0' in metrics


async def test_who_is_gone_is_told_nothing_more(client, receiver: Receiver, happened) -> None:
    receiver.answers = [web.Response(status=410)]
    hook = await registered(client, receiver.url)
    await happened("call.active", "call.ended")
    give_up = time.monotonic() + 10
    while (state := (await client.get(f"/api/webhooks/{hook['id']}")).json())[
        "state"
    ] != "disabled":
        assert time.monotonic() < give_up
        await asyncio.sleep(0.05)
    assert state["last_status"] == 410
    await happened("call.dialing")
    await asyncio.sleep(0.7)
    assert receiver.types == ["call.active"]


async def test_who_fails_for_too_long_is_disabled(
    open_settings: Settings, receiver: Receiver, happened
) -> None:
    receiver.answers = [web.Response(status=503) for _ in range(9)]
    async with running(changed(open_settings, webhook_give_up_s=0.1)) as client:
        hook = await registered(client, receiver.url)
        await happened("call.active")
        give_up = time.monotonic() + 15
        while (await client.get(f"/api/webhooks/{hook['id']}")).json()["state"] != "disabled":
            assert time.monotonic() < give_up
            await asyncio.sleep(0.05)


async def test_a_restart_goes_on_where_it_was(
    open_settings: Settings, receiver: Receiver, happened
) -> None:
    async with running(open_settings) as client:
        await registered(client, receiver.url)
    await happened("call.active", "call.ended")
    async with running(open_settings), running(open_settings):
        await until(lambda: len(receiver.got) >= 2)
        await happened("room.opened")
        await until(lambda: len(receiver.got) >= 3)
        await asyncio.sleep(0.7)
    assert receiver.types == ["call.active", "call.ended", "room.opened"]


async def test_a_webhook_is_tried_listed_and_deleted(client, receiver: Receiver) -> None:
    hook = await registered(client, receiver.url, "call.ended")
    path = f"/api/webhooks/{hook['id']}"
    tried = await client.post(f"{path}/test")
    assert tried.json() == {"delivered": True, "status": 204, "detail": None}
    assert receiver.types == ["webhook.test"]
    receiver.answers = [web.Response(status=401)]
    assert (await client.post(f"{path}/test")).json()["status"] == 401
    secret = hook.pop("secret")
    listed = await client.get("/api/webhooks")
    assert listed.json() == {"webhooks": [hook]}
    assert secret not in listed.text
    assert (await client.delete(path)).status_code == 204
    for method, where in (("GET", path), ("DELETE", path), ("POST", f"{path}/test")):
        assert (await client.request(method, where)).status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "ftp://example.org/",
        "https:///path",
        "https://user:secret@example.org/",
        "https://exa mple.org/",
        "https://example.org:99999/",
        "https://[::1",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://localhost/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[fe80::1%25eth0]/",
        "",
    ],
)
async def test_an_address_that_is_not_public_is_refused(
    settings: Settings, redis, url: str
) -> None:
    async with running(settings) as client:
        reply = await client.post("/api/webhooks", json={"url": url})
    assert reply.status_code == 422, reply.text
    assert reply.json()["errors"][0]["pointer"] == "/url"
    assert redis.hgetall("trinity:endpoints") == {}


async def test_a_kind_that_can_be_none_is_named(client, receiver: Receiver) -> None:
    reply = await client.post("/api/webhooks", json={"url": receiver.url, "types": ["Call ended"]})
    assert reply.json()["errors"][0]["pointer"] == "/types/0"


async def test_the_address_is_checked_again_whenever_something_is_sent(receiver: Receiver) -> None:
    # As after a name has got another address since it was registered.
    sender = Sender(Addresses(()), 5)
    by_name = receiver.url.replace("127.0.0.1", "localhost")
    try:
        for url in (receiver.url, by_name):
            outcome = await sender.send(url, SECRET, "evt_1", b"{}")
            assert (outcome.delivered, outcome.status) == (False, None)
            assert "may be sent to" in outcome.detail
    finally:
        await sender.aclose()
    assert receiver.got == []
