"""SIP trunks and dispatch rules, each against the real LiveKit server."""

import asyncio

import httpx
import pytest
from livekit import api

from tests.support.control_api import free_port

pytestmark = pytest.mark.e2e
PASSWORD = "correct horse battery"


def number() -> str:
    """A number that no other test has: LiveKit refuses one that a trunk has already."""
    return f"+1555{free_port():07}"


async def made(client: httpx.AsyncClient, **body: object) -> dict:
    reply = await client.post("/api/sip/trunk", json=body)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def test_an_inbound_trunk_is_made_read_listed_and_deleted(
    client: httpx.AsyncClient, livekit_api: api.LiveKitAPI
) -> None:
    asked = {
        "kind": "inbound",
        "name": "provider",
        "numbers": [number()],
        "allowed_addresses": ["192.0.2.0/24", "198.51.100.7"],
        "allowed_numbers": [number()],
        "auth_username": "trinity",
        "ringing_timeout_s": 20,
        "max_call_duration_s": 600,
        "media_encryption": "require",
    }
    reply = await client.post("/api/sip/trunk", json={**asked, "auth_password": PASSWORD})
    assert reply.status_code == 201, reply.text
    assert PASSWORD not in reply.text
    trunk = reply.json()
    path = f"/api/sip/trunk/{trunk['id']}"
    assert reply.headers["location"] == path
    assert trunk == {**asked, "id": trunk["id"], "has_password": True}
    (info,) = [
        each
        for each in (
            await livekit_api.sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())
        ).items
        if each.sip_trunk_id == trunk["id"]
    ]
    assert info.auth_password == PASSWORD
    assert (await client.get(path)).json() == trunk
    listed = (await client.get("/api/sip/trunk", params={"kind": "inbound"})).json()["trunks"]
    assert trunk in listed
    assert (
        trunk
        not in (await client.get("/api/sip/trunk", params={"kind": "outbound"})).json()["trunks"]
    )
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404
    assert (await client.delete(path)).status_code == 404


async def test_an_outbound_trunk_is_made_read_listed_and_deleted(
    client: httpx.AsyncClient,
) -> None:
    asked = {
        "kind": "outbound",
        "name": "provider",
        "address": "sip.example.org:5061",
        "transport": "tls",
        "numbers": ["+15550100"],
        "auth_username": "trinity",
        "from_host": "voice.example.org",
        "media_encryption": "allow",
    }
    trunk = await made(client, **asked, auth_password="short")
    assert trunk == {**asked, "id": trunk["id"], "has_password": True}
    path = f"/api/sip/trunk/{trunk['id']}"
    assert (await client.get(path)).json() == trunk
    assert trunk in (await client.get("/api/sip/trunk")).json()["trunks"]
    assert (await client.delete(path)).status_code == 204


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "inbound", "numbers": ["+15550199"]}, "/allowed_addresses"),
        ({"kind": "inbound", "allowed_addresses": ["0.0.0.0/0"]}, "/allowed_addresses/0"),
        ({"kind": "inbound", "allowed_addresses": ["::/0"]}, "/allowed_addresses/0"),
        ({"kind": "inbound", "allowed_addresses": ["example.org"]}, "/allowed_addresses/0"),
        ({"kind": "inbound", "auth_username": "u"}, "/auth_password"),
        (
            {"kind": "inbound", "auth_username": "u", "auth_password": "short"},
            "/auth_password",
        ),
        ({"kind": "inbound", "auth_password": PASSWORD}, "/auth_username"),
        ({"kind": "inbound", "numbers": ["a b"]}, "/numbers/0"),
        ({"kind": "outbound", "address": "sip:x", "numbers": []}, "/numbers"),
        ({"kind": "outbound", "address": "x y", "numbers": ["1"]}, "/address"),
        (
            {"kind": "outbound", "address": "x", "numbers": ["1"], "auth_username": "u"},
            "/auth_password",
        ),
        ({"kind": "sideways"}, ""),
        ({}, ""),
    ],
)
async def test_a_bad_trunk_is_named(client: httpx.AsyncClient, body: dict, pointer: str) -> None:
    reply = await client.post("/api/sip/trunk", json=body)
    assert reply.status_code == 422
    problem = reply.json()
    assert pointer in [error["pointer"] for error in problem["errors"]], problem
    assert "battery" not in reply.text and "short" not in reply.text


async def test_what_livekit_refuses_is_told_in_its_words(client: httpx.AsyncClient) -> None:
    mine = number()
    trunk = {"kind": "inbound", "numbers": [mine], "allowed_addresses": ["192.0.2.1"]}
    await made(client, **trunk)
    reply = await client.post("/api/sip/trunk", json=trunk)
    assert reply.status_code == 422
    assert reply.json()["type"] == "/problems/rejected"
    assert "Conflicting" in reply.json()["detail"]


async def test_a_rule_is_made_read_listed_and_deleted(
    client: httpx.AsyncClient, livekit_api: api.LiveKitAPI
) -> None:
    trunk = await made(client, kind="inbound", numbers=[number()], allowed_addresses=["192.0.2.1"])
    asked = {
        "name": "calls",
        "kind": "individual",
        "room": "call-",
        "pin": "4711",
        "trunk_ids": [trunk["id"]],
        "from_numbers": ["+15550111"],
        "to_numbers": ["+15550122"],
        "agents": ["trinity"],
        "hide_phone_number": False,
        "metadata": "m",
        "attributes": {"k": "v"},
    }
    reply = await client.post("/api/sip/dispatch", json=asked)
    assert reply.status_code == 201, reply.text
    rule = reply.json()
    assert rule == {**asked, "id": rule["id"]}
    (info,) = [
        each
        for each in (
            await livekit_api.sip.list_dispatch_rule(api.ListSIPDispatchRuleRequest())
        ).items
        if each.sip_dispatch_rule_id == rule["id"]
    ]
    assert list(info.inbound_numbers) == ["+15550111"]
    assert list(info.numbers) == ["+15550122"]
    assert [agent.agent_name for agent in info.room_config.agents] == ["trinity"]
    path = f"/api/sip/dispatch/{rule['id']}"
    assert reply.headers["location"] == path
    assert (await client.get(path)).json() == rule
    assert rule in (await client.get("/api/sip/dispatch")).json()["rules"]
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404
    assert (await client.delete(path)).status_code == 404


@pytest.mark.parametrize("kind", ["individual", "direct", "callee"])
async def test_a_rule_of_each_kind(client: httpx.AsyncClient, kind: str) -> None:
    trunk = await made(client, kind="inbound", numbers=[number()], allowed_addresses=["192.0.2.1"])
    body = {"kind": kind, "room": "lobby", "trunk_ids": [trunk["id"]]}
    rule = (await client.post("/api/sip/dispatch", json=body)).json()
    assert (rule["kind"], rule["room"]) == (kind, "lobby")
    assert rule["agents"] == ["trinity"]
    assert rule["hide_phone_number"] is True
    again = await client.post("/api/sip/dispatch", json=body)
    assert (again.status_code, again.json()["type"]) == (422, "/problems/rejected")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"trunk_ids": ["ST_none"]}, "/trunk_ids/0"),
        ({"agents": ["other"]}, "/agents/0"),
        ({"pin": "12a"}, "/pin"),
        ({"room": ""}, "/room"),
        ({"kind": "other"}, "/kind"),
        ({"attributes": {"sip.x": ""}}, "/attributes/sip.x"),
    ],
)
async def test_a_bad_rule_is_named(client: httpx.AsyncClient, body: dict, pointer: str) -> None:
    reply = await client.post("/api/sip/dispatch", json=body)
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == pointer


async def test_without_livekit_sip_a_call_fails_and_says_why(client: httpx.AsyncClient) -> None:
    trunk = await made(client, kind="outbound", address="127.0.0.1:5999", numbers=["+15550100"])
    body = {"trunk_id": trunk["id"], "to": "+15550123"}
    call = (await client.post("/api/calls", json=body)).json()
    assert call["state"] == "dialing"
    async with asyncio.timeout(20):
        while call["state"] == "dialing":
            await asyncio.sleep(0.1)
            call = (await client.get(f"/api/calls/{call['id']}")).json()
    assert (call["state"], call["failure"]["reason"]) == ("failed", "no-sip-service")
    for _ in range(100):
        if (await client.get(f"/api/rooms/{call['room']}")).status_code == 404:
            return
        await asyncio.sleep(0.1)
    pytest.fail("the call's room is still open")
