"""Recordings, ingress and tones, each against the real LiveKit server."""

import asyncio
import time

import httpx
import pytest
from livekit import api, rtc

from control_api import Settings
from control_api.livekit import Tones

pytestmark = pytest.mark.e2e


async def opened(client: httpx.AsyncClient) -> str:
    reply = await client.post("/api/rooms")
    assert reply.status_code == 201, reply.text
    return str(reply.json()["name"])


async def test_without_an_egress_service_a_recording_says_so(client: httpx.AsyncClient) -> None:
    room = await opened(client)
    begun = time.monotonic()
    reply = await client.post("/api/recordings", json={"room": room})
    assert time.monotonic() - begun < 14
    assert (reply.status_code, reply.json()["part"]) == (503, "egress")
    assert "livekit-egress" in reply.json()["detail"]
    assert int(reply.headers["retry-after"]) > 0
    assert (await client.get("/api/recordings", params={"active": True})).json() == {
        "recordings": []
    }
    for method in ("GET", "DELETE"):
        missing = await client.request(method, "/api/recordings/EG_nothing")
        assert missing.status_code == 404, missing.text
    nowhere = await client.post("/api/recordings", json={"room": "nowhere"})
    assert nowhere.status_code == 404


async def test_an_ingress_is_made_read_listed_and_deleted(
    client: httpx.AsyncClient, livekit_api: api.LiveKitAPI
) -> None:
    asked = {
        "kind": "whip",
        "name": "radio",
        "room": "studio",
        "identity": "radio",
        "participant_name": "Radio",
    }
    reply = await client.post("/api/ingress", json={**asked, "metadata": "m"})
    assert reply.status_code == 201, reply.text
    assert reply.headers["cache-control"] == "no-store"
    made = reply.json()
    assert {key: made[key] for key in asked} == asked
    assert made["url"].endswith("/w")
    (info,) = (
        await livekit_api.ingress.list_ingress(api.ListIngressRequest(ingress_id=made["id"]))
    ).items
    assert info.stream_key == made["stream_key"]
    assert info.participant_metadata == "m"
    path = f"/api/ingress/{made['id']}"
    assert reply.headers["location"] == path
    del made["stream_key"]
    assert (await client.get(path)).json() == made
    listed = await client.get("/api/ingress", params={"room": "studio"})
    assert listed.json() == {"ingresses": [made]}
    assert info.stream_key not in listed.text
    rtmp = (await client.post("/api/ingress", json={"kind": "rtmp", "room": "studio"})).json()
    assert rtmp["url"].startswith("rtmp://")
    for made_path in (path, f"/api/ingress/{rtmp['id']}"):
        assert (await client.delete(made_path)).status_code == 204
        assert (await client.get(made_path)).status_code == 404
        assert (await client.delete(made_path)).status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("ingress", {"kind": "file", "room": "r"}, "/kind"),
        ("ingress", {"kind": "rtmp", "room": "a b"}, "/room"),
        ("ingress", {"kind": "rtmp", "room": "r", "metadata": "x" * 2049}, "/metadata"),
        ("ingress", {"kind": "rtmp"}, "/room"),
        ("recordings", {"room": "r", "kind": "composite", "format": "ogg"}, "/format"),
        ("recordings", {"room": "r", "to": "s3"}, "/to"),
        ("recordings", {"room": "r", "name": "../etc/passwd"}, "/name"),
        ("recordings", {"room": ""}, "/room"),
    ],
)
async def test_a_bad_wish_is_named(
    client: httpx.AsyncClient, path: str, body: dict, pointer: str
) -> None:
    reply = await client.post(f"/api/{path}", json=body)
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == pointer


async def test_tones_reach_the_room(settings: Settings, client: httpx.AsyncClient) -> None:
    room = await opened(client)
    reply = (await client.post(f"/api/rooms/{room}/participants")).json()
    there = rtc.Room()
    await asyncio.wait_for(there.connect(reply["server_url"], reply["participant_token"]), 15)
    heard: list[tuple[int, str]] = []
    seen: list[str] = []
    there.on("sip_dtmf_received", lambda tone: heard.append((tone.code, tone.digit)))
    there.on("participant_connected", lambda who: seen.append(who.identity))
    try:
        # The Python client hears only whom it sees, and needs a moment to see them.
        await Tones(settings, hidden=False).send(room, "seen", "0wwwwwwwwww1w*d")
        give_up = time.monotonic() + 10
        while heard[-3:] != [(1, "1"), (10, "*"), (15, "D")]:
            assert time.monotonic() < give_up, heard
            await asyncio.sleep(0.05)
        await Tones(settings).send(room, "unseen", "1")
    finally:
        await there.disconnect()
    assert seen == ["seen"]
