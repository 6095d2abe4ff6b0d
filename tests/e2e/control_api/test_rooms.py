"""Rooms, participants, data and agents, each against the real LiveKit server."""

import asyncio
import time
from contextlib import asynccontextmanager

import httpx
import numpy as np
import pytest
from livekit import api, rtc

from control_api import Settings
from control_api.store import ApiKeys, RedisStore
from control_api.telemetry import Telemetry
from tests.support.control_api import changed, running

pytestmark = pytest.mark.e2e


@asynccontextmanager
async def joined(reply: dict):
    room = rtc.Room()
    await asyncio.wait_for(room.connect(reply["server_url"], reply["participant_token"]), 15)
    try:
        yield room
    finally:
        await room.disconnect()


async def eventually(check, timeout_s: float = 10):
    give_up = time.monotonic() + timeout_s
    while not (value := await check()):
        assert time.monotonic() < give_up
        await asyncio.sleep(0.05)
    return value


async def opened(client: httpx.AsyncClient, **body: object) -> str:
    reply = await client.post("/api/rooms", json=body)
    assert reply.status_code == 201, reply.text
    return str(reply.json()["name"])


async def test_a_room_is_opened_read_listed_and_closed(client: httpx.AsyncClient) -> None:
    asked = {
        "name": "board",
        "empty_timeout_s": 77,
        "departure_timeout_s": 5,
        "max_participants": 3,
        "metadata": "m",
    }
    made = await client.post("/api/rooms", json=asked)
    assert made.status_code == 201
    assert made.headers["location"] == "/api/rooms/board"
    room = made.json()
    assert {key: room[key] for key in asked} == asked
    assert (await client.get("/api/rooms/board")).json() == room
    listed = (await client.get("/api/rooms")).json()["rooms"]
    assert [each for each in listed if each["name"] == "board"] == [room]
    again = await client.post("/api/rooms", json={**asked, "metadata": "other"})
    assert (again.status_code, again.json()) == (200, room)
    assert (await client.delete("/api/rooms/board")).status_code == 204
    assert (await client.get("/api/rooms/board")).status_code == 404
    assert (await client.delete("/api/rooms/board")).status_code == 404


async def test_a_room_without_wishes_has_a_name_of_ours(client: httpx.AsyncClient) -> None:
    name = await opened(client)
    assert name.startswith("room-")
    assert (await client.get(f"/api/rooms/{name}")).status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "a b"}, "/name"),
        ({"empty_timeout_s": 0}, "/empty_timeout_s"),
        ({"max_participants": 0}, "/max_participants"),
        ({"metadata": "x" * 2049}, "/metadata"),
        ({"agents": ["other"]}, "/agents/0"),
        ({"agents": ["trinity", "trinity"]}, "/agents"),
    ],
)
async def test_a_bad_wish_is_named(client: httpx.AsyncClient, body: dict, pointer: str) -> None:
    reply = await client.post("/api/rooms", json=body)
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == pointer


async def test_what_is_not_there_is_not_found_at_once(client: httpx.AsyncClient) -> None:
    # LiveKit itself waits three seconds before it answers some of these, with "unavailable".
    room = await opened(client)
    begun = time.monotonic()
    for method, path in (
        ("GET", "/api/rooms/nowhere"),
        ("DELETE", "/api/rooms/nowhere"),
        ("GET", "/api/rooms/nowhere/participants"),
        ("GET", f"/api/rooms/{room}/participants/nobody"),
        ("DELETE", f"/api/rooms/{room}/participants/nobody"),
        ("POST", f"/api/rooms/{room}/participants/nobody/mute"),
        ("GET", "/api/rooms/nowhere/agents"),
        ("POST", "/api/rooms/nowhere/agents"),
        ("DELETE", "/api/rooms/nowhere/agents/AD_x"),
        ("DELETE", f"/api/rooms/{room}/agents/AD_x"),
    ):
        reply = await client.request(method, path)
        assert (reply.status_code, reply.json()["type"]) == (
            404,
            "/problems/resource-not-found",
        ), path
    data = {"topic": "t", "text": "x"}
    assert (await client.post("/api/rooms/nowhere/data", json=data)).status_code == 404
    assert time.monotonic() - begun < 3


async def test_somebody_is_invited_seen_and_sent_out(client: httpx.AsyncClient) -> None:
    room = await opened(client)
    invitation = {
        "identity": "ada",
        "name": "Ada",
        "metadata": "m",
        "attributes": {"k": "v"},
    }
    reply = await client.post(f"/api/rooms/{room}/participants", json=invitation)
    assert reply.status_code == 201
    assert reply.headers["cache-control"] == "no-store"
    async with joined(reply.json()) as there:
        gone = asyncio.Event()
        there.on("disconnected", lambda *_: gone.set())
        path = f"/api/rooms/{room}/participants"
        (seen,) = (await client.get(path)).json()["participants"]
        assert {key: seen[key] for key in invitation} == invitation
        assert (seen["kind"], seen["tracks"]) == ("standard", [])
        one = (await client.get(f"{path}/ada")).json()
        assert one["sid"] == seen["sid"]
        assert (await client.delete(f"{path}/ada")).status_code == 204
        await asyncio.wait_for(gone.wait(), 10)
        assert (await client.get(f"{path}/ada")).status_code == 404


async def test_a_listener_may_not_speak(
    client: httpx.AsyncClient, livekit_api: api.LiveKitAPI
) -> None:
    room = await opened(client)
    path = f"/api/rooms/{room}/participants"
    wish = {"identity": "ear", "listens_only": True, "hidden": True}
    async with joined((await client.post(path, json=wish)).json()):
        request = api.RoomParticipantIdentity(room=room, identity="ear")
        allowed = (await livekit_api.room.get_participant(request)).permission
        assert allowed.can_subscribe and allowed.hidden
        assert not (allowed.can_publish or allowed.can_publish_data)


async def test_a_participant_is_muted(client: httpx.AsyncClient) -> None:
    room = await opened(client)
    path = f"/api/rooms/{room}/participants"
    reply = (await client.post(path, json={"identity": "ada"})).json()
    async with joined(reply) as there:
        source = rtc.AudioSource(48000, 1)
        track = rtc.LocalAudioTrack.create_audio_track("voice", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await there.local_participant.publish_track(track, options)
        silence = np.zeros(480, dtype=np.int16).tobytes()
        await source.capture_frame(rtc.AudioFrame(silence, 48000, 1, 480))

        async def tracks() -> list:
            return (await client.get(f"{path}/ada")).json()["tracks"]

        (seen,) = await eventually(tracks)
        assert (seen["kind"], seen["source"], seen["muted"]) == ("audio", "microphone", False)
        muted = (await client.post(f"{path}/ada/mute")).json()
        assert [each["muted"] for each in muted["tracks"]] == [True]
        again = await client.post(f"{path}/ada/mute", json={"muted": True})
        assert again.status_code == 200
        # LiveKit lets nobody open another's microphone unless it is set so.
        refused = await client.post(f"{path}/ada/mute", json={"muted": False})
        assert refused.status_code == 409, refused.text


async def test_data_reaches_those_it_is_for(client: httpx.AsyncClient) -> None:
    room = await opened(client)
    path = f"/api/rooms/{room}/participants"
    ada = (await client.post(path, json={"identity": "ada"})).json()
    bob = (await client.post(path, json={"identity": "bob"})).json()
    async with joined(ada) as one, joined(bob) as other:
        got: list[tuple[str, str, bytes]] = []
        one.on("data_received", lambda packet: got.append(("ada", packet.topic, packet.data)))
        other.on("data_received", lambda packet: got.append(("bob", packet.topic, packet.data)))

        async def until(count: int) -> None:
            async def enough() -> bool:
                return len(got) >= count

            await eventually(enough)

        send = f"/api/rooms/{room}/data"
        only_bob = {"topic": "note", "text": "grüße", "to": ["bob"]}
        assert (await client.post(send, json=only_bob)).status_code == 204
        await until(1)
        assert (await client.post(send, json={"topic": "note", "text": "all"})).status_code == 204
        await until(3)
        assert sorted(got) == [
            ("ada", "note", b"all"),
            ("bob", "note", b"all"),
            ("bob", "note", "grüße".encode()),
        ]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"topic": "lk.chat", "text": "x"}, ""),
        ({"topic": "transcripts", "text": "x"}, ""),
        ({"topic": "t", "text": "é" * 7501}, "/text"),
        ({"topic": "t t", "text": ""}, "/topic"),
        ({"text": "x"}, "/topic"),
    ],
)
async def test_bad_data_is_named(client: httpx.AsyncClient, body: dict, pointer: str) -> None:
    reply = await client.post("/api/rooms/any/data", json=body)
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == pointer


async def test_an_agent_that_is_asked_twice_comes_once(
    client: httpx.AsyncClient, livekit_api: api.LiveKitAPI
) -> None:
    room = await opened(client)
    path = f"/api/rooms/{room}/agents"
    body = {"agent_name": "trinity", "metadata": "m"}
    replies = await asyncio.gather(*(client.post(path, json=body) for _ in range(5)))
    assert sorted(reply.status_code for reply in replies) == [200, 200, 200, 200, 201]
    assert len({reply.json()["id"] for reply in replies}) == 1
    (listed,) = (await client.get(path)).json()["agents"]
    assert listed == {**replies[0].json(), "state": "waiting"}
    known = await livekit_api.agent_dispatch.list_dispatch(room)
    assert [each.id for each in known if each.agent_name] == [listed["id"]]
    assert (await client.delete(f"{path}/{listed['id']}")).status_code == 204
    again = await client.post(path)
    assert (again.status_code, again.json()["id"] != listed["id"]) == (201, True)


async def test_agents_come_with_the_room(client: httpx.AsyncClient) -> None:
    room = await opened(client, agents=["trinity"])
    (listed,) = (await client.get(f"/api/rooms/{room}/agents")).json()["agents"]
    assert listed["agent_name"] == "trinity"
    asked = await client.post(f"/api/rooms/{room}/agents", json={"agent_name": "trinity"})
    assert (asked.status_code, asked.json()["id"]) == (200, listed["id"])
    refused = await client.post(f"/api/rooms/{room}/agents", json={"agent_name": "other"})
    assert refused.json()["errors"][0]["pointer"] == "/agent_name"


async def test_every_operation_needs_a_key_that_may(settings: Settings) -> None:
    # Some listings need no key where tokens need none.
    closed = changed(settings, access="keys", public_tokens=False)
    store = RedisStore.open(closed, Telemetry())
    _, key = await ApiKeys(store).create("may nothing", [])
    await store.aclose()
    async with running(closed) as client:
        document = (await client.get("/api/openapi.json")).json()
        tried = 0
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if not operation.get("security"):
                    continue
                for headers, status, slug in (
                    ({}, 401, "unauthenticated"),
                    ({"Authorization": f"Bearer {key}"}, 403, "forbidden"),
                ):
                    reply = await client.request(method.upper(), path, json={}, headers=headers)
                    assert reply.status_code == status, (method, path)
                    assert reply.headers["content-type"] == "application/problem+json"
                    assert reply.json()["type"] == f"/problems/{slug}"
                tried += 1
        assert tried >= 45
