"""Calls from dialling to their end, over LiveKit's wire; the other side is a small one."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from control_api import Settings
from control_api.livekit import Tones
from tests.support.control_api import changed, running
from tests.support.small_telephony import Refusal, SmallTelephony, small_telephony

BODY = {"trunk_id": "ST_1", "to": "+15550123"}


@pytest.fixture
async def phone() -> AsyncIterator[SmallTelephony]:
    async with small_telephony() as small:
        yield small


@pytest.fixture
def telephony(settings: Settings, redis, phone: SmallTelephony) -> Settings:
    return changed(settings, livekit_url=phone.url, reconcile_interval_s=300)


@pytest.fixture
async def client(telephony: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with running(telephony) as client:
        yield client


async def placed(client: httpx.AsyncClient, **more: object) -> dict:
    reply = await client.post("/api/calls", json={**BODY, **more})
    assert reply.status_code == 202, reply.text
    assert reply.headers["location"] == f"/api/calls/{reply.json()['id']}"
    return reply.json()


async def comes_to(client: httpx.AsyncClient, call: dict, state: str) -> dict:
    give_up = time.monotonic() + 10
    while True:
        now = (await client.get(f"/api/calls/{call['id']}")).json()
        if now["state"] == state:
            return now
        assert time.monotonic() < give_up, now
        await asyncio.sleep(0.02)


def told(redis) -> list[str]:
    rows = [json.loads(fields["event"]) for _, fields in redis.xrange("trinity:events")]
    return [row["type"] for row in rows if row["type"].startswith("call.")]


async def test_a_call_is_dialled_answered_and_hung_up(client, phone, redis) -> None:
    call = await placed(client, from_number="+15550100", dtmf="w1#", agent_metadata="m")
    assert call["state"] == "dialing"
    assert call["room"] == call["identity"] == f"call-{call['id']}"
    assert phone.rooms[call["room"]] == ["trinity"]
    phone.answer.set()
    active = await comes_to(client, call, "active")
    assert active["answered_at"]
    (dialled,) = phone.dialled
    assert (dialled.sip_call_to, dialled.sip_trunk_id) == ("+15550123", "ST_1")
    assert (dialled.sip_number, dialled.dtmf) == ("+15550100", "w1#")
    assert dialled.wait_until_answered and dialled.hide_phone_number
    assert (dialled.ringing_timeout.seconds, dialled.max_call_duration.seconds) == (30, 3600)
    assert (await client.delete(f"/api/calls/{call['id']}")).status_code == 204
    over = await comes_to(client, call, "ended")
    assert over["ended_at"] and over["failure"] is None
    assert phone.people == {}
    assert (await client.delete(f"/api/calls/{call['id']}")).status_code == 204
    assert told(redis) == ["call.dialing", "call.active", "call.ended"]
    assert (await client.get("/api/calls")).json()["calls"] == [over]


@pytest.mark.parametrize(
    ("refusal", "reason", "code"),
    [
        (Refusal(409, "aborted", sip_status_code="486", sip_status="Busy Here"), "busy", 486),
        (Refusal(409, "aborted", sip_status_code="603", sip_status="Decline"), "declined", 603),
        (Refusal(408, "aborted", sip_status_code="480"), "no-answer", 480),
        (Refusal(404, "not_found", sip_status_code="404"), "unknown-number", 404),
        (Refusal(403, "aborted", sip_status_code="403"), "trunk-refused", 403),
        (Refusal(500, "internal", sip_status_code="500"), "failed", 500),
        (Refusal(503, "unavailable"), "no-sip-service", None),
        (Refusal(408, "deadline_exceeded"), "no-answer", None),
    ],
)
async def test_why_a_call_failed_is_told(client, phone, redis, refusal, reason, code) -> None:
    phone.refusal = refusal
    call = await placed(client)
    failed = await comes_to(client, call, "failed")
    assert failed["failure"]["reason"] == reason
    assert failed["failure"].get("sip_status_code") == code
    give_up = time.monotonic() + 5
    while call["room"] in phone.rooms:  # the agent does not wait there
        assert time.monotonic() < give_up
        await asyncio.sleep(0.01)
    assert told(redis) == ["call.dialing", "call.failed"]


async def test_a_call_is_handed_on(client, phone, redis) -> None:
    call = await placed(client)
    path = f"/api/calls/{call['id']}/transfer"
    body = {"to": "tel:+15550177"}
    early = await client.post(path, json=body)
    assert (early.status_code, early.json()["type"]) == (409, "/problems/conflict")
    phone.answer.set()
    await comes_to(client, call, "active")
    assert (await client.post(path, json=body)).status_code == 202
    await until(lambda: told(redis)[-1] == "call.transferred")
    (transfer,) = phone.transfers
    assert (transfer.transfer_to, transfer.participant_identity) == (
        "tel:+15550177",
        call["identity"],
    )
    phone.refusal = Refusal(409, "aborted", sip_status_code="486")
    assert (await client.post(path, json=body)).status_code == 202
    await until(lambda: told(redis)[-1] == "call.transfer_failed")


async def test_keys_are_pressed_on_a_call_that_was_answered(
    client, phone, redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    pressed: list[tuple[str, str]] = []

    async def send(self: Tones, room: str, sender: str, digits: str) -> None:
        # What goes over the wire is in tests/e2e/control_api/test_media.py.
        pressed.append((room, digits))

    monkeypatch.setattr(Tones, "send", send)
    call = await placed(client)
    path = f"/api/calls/{call['id']}/dtmf"
    early = await client.post(path, json={"digits": "1"})
    assert (early.status_code, early.json()["type"]) == (409, "/problems/conflict")
    phone.answer.set()
    await comes_to(client, call, "active")
    assert (await client.post(path, json={"digits": "12w#"})).status_code == 204
    assert pressed == [(call["room"], "12w#")]
    assert told(redis)[-1] == "call.tones_sent"
    for digits in ("", "x", "1" * 25):
        reply = await client.post(path, json={"digits": digits})
        assert reply.json()["errors"][0]["pointer"] == "/digits"


async def until(check) -> None:
    give_up = time.monotonic() + 5
    while not check():
        assert time.monotonic() < give_up
        await asyncio.sleep(0.01)


async def test_the_same_key_calls_once(client, phone) -> None:
    headers = {"Idempotency-Key": "order-1"}
    replies = [await client.post("/api/calls", json=BODY, headers=headers) for _ in range(3)]
    assert {reply.status_code for reply in replies} == {202}
    assert len({reply.json()["id"] for reply in replies}) == 1
    other = await client.post("/api/calls", json={**BODY, "to": "+15550124"}, headers=headers)
    assert other.status_code == 422
    assert other.json()["errors"][0]["pointer"] == "#Idempotency-Key"
    await client.post("/api/calls", json=BODY, headers={"Idempotency-Key": "order-2"})
    await until(lambda: len(phone.dialled) == 2)
    together = await asyncio.gather(
        *(
            client.post("/api/calls", json=BODY, headers={"Idempotency-Key": "order-3"})
            for _ in range(5)
        )
    )
    assert {reply.status_code for reply in together} <= {202, 409}
    await until(lambda: len(phone.dialled) == 3)


async def test_a_server_that_restarts_follows_its_calls(
    telephony: Settings, phone: SmallTelephony, redis
) -> None:
    async with running(telephony) as client:
        answered, dropped = await placed(client), await placed(client)
        await until(lambda: len(phone.people) == 2)
    # Nobody waits for the answers any more; the other sides go on.
    phone.people[answered["room"], answered["identity"]].attributes["sip.callStatus"] = "active"
    redis.delete("trinity:presence:turn")  # the first one took it for minutes
    quick = changed(telephony, reconcile_interval_s=0.1)
    async with running(quick) as client:
        await comes_to(client, answered, "active")
        assert (await client.get(f"/api/calls/{dropped['id']}")).json()["state"] == "dialing"
        del phone.people[answered["room"], answered["identity"]]
        await comes_to(client, answered, "ended")
        stored = f"trinity:call:{dropped['id']}"
        late = json.loads(redis.get(stored)) | {"give_up_at": "2020-01-01T00:00:00Z"}
        redis.set(stored, json.dumps(late))
        del phone.people[dropped["room"], dropped["identity"]]
        failed = await comes_to(client, dropped, "failed")
        assert failed["failure"]["detail"] == "The call was lost."
    assert redis.smembers("trinity:calls:open") == set()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"trunk_id": "ST_2"}, "/trunk_id"),
        ({"from_number": "+15550999"}, "/from_number"),
        ({"to": "a b"}, "/to"),
        ({"to": None}, "/to"),
        ({"agents": ["other"]}, "/agents/0"),
        ({"dtmf": "x"}, "/dtmf"),
        ({"ringing_timeout_s": 1}, "/ringing_timeout_s"),
        ({"room": "a/b"}, "/room"),
    ],
)
async def test_a_bad_call_is_named(client, phone, body: dict, pointer: str) -> None:
    reply = await client.post("/api/calls", json={**BODY, **body})
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == pointer
    assert phone.dialled == []


async def test_a_call_that_we_did_not_place_is_not_found(client) -> None:
    path = "/api/calls/0123456789abcdef"
    for method, where in (
        ("GET", path),
        ("DELETE", path),
        ("POST", f"{path}/transfer"),
        ("POST", f"{path}/dtmf"),
    ):
        reply = await client.request(method, where, json={"to": "tel:+1", "digits": "1"})
        assert reply.status_code == 404, method


async def test_without_livekit_nobody_is_called(settings: Settings, redis) -> None:
    async with running(settings) as client:
        reply = await client.post("/api/calls", json=BODY, headers={"Idempotency-Key": "k"})
        assert (reply.status_code, reply.json()["part"]) == (503, "livekit")
        assert redis.keys("trinity:call*") == []
        assert redis.keys("trinity:idempotency*") == []
