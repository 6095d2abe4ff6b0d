"""Webhooks as LiveKit signs them: forged, twice, late and in any order."""

import base64
import hashlib
import itertools
import json
import time
from datetime import timedelta

import httpx
import pytest
from google.protobuf.json_format import MessageToJson
from livekit import api
from livekit.protocol import webhook

from control_api import Settings
from tests.support.control_api import KEY, SECRET, changed, free_port, running

_numbers = itertools.count()


def sign(body: bytes, secret: str = SECRET, ttl_s: float = 300) -> str:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    token = api.AccessToken(KEY, secret).with_ttl(timedelta(seconds=ttl_s))
    return token.with_sha256(digest).to_jwt()


def notice(kind: str, *, room: str = "RM_1", who: str | None = None, **more: object) -> bytes:
    event = webhook.WebhookEvent(
        event=kind,
        id=f"EV_{next(_numbers)}_{time.time_ns()}",
        created_at=int(time.time()),
        room=api.Room(name="lobby", sid=room),
    )
    if who is not None:
        event.participant.CopyFrom(
            api.ParticipantInfo(sid=f"PA_{who}", identity=who, kind=api.ParticipantInfo.STANDARD)
        )
    return MessageToJson(event).encode()


async def post(client: httpx.AsyncClient, body: bytes, token: str | None = None) -> httpx.Response:
    headers = {
        "Content-Type": "application/webhook+json",
        "Authorization": sign(body) if token is None else token,
    }
    return await client.post("/hooks/livekit", content=body, headers=headers)


@pytest.fixture
def log(redis):
    def read() -> list[tuple[str, str | None]]:
        found = [json.loads(fields["event"]) for _, fields in redis.xrange("trinity:events")]
        return [(each["type"], (each.get("participant") or {}).get("identity")) for each in found]

    return read


async def test_a_call_is_told_in_order(client: httpx.AsyncClient, log) -> None:
    for body in (
        notice("room_started"),
        notice("participant_joined", who="ada"),
        notice("track_published", who="ada"),
        notice("participant_left", who="ada"),
        notice("room_finished"),
    ):
        assert (await post(client, body)).status_code == 204
    assert log() == [
        ("room.opened", None),
        ("participant.joined", "ada"),
        ("track.published", "ada"),
        ("participant.left", "ada"),
        ("room.closed", None),
    ]


async def test_the_same_webhook_twice_is_one_event(client: httpx.AsyncClient, log) -> None:
    body = notice("track_published", who="ada")
    for _ in range(3):
        assert (await post(client, body)).status_code == 204
    assert log() == [("room.opened", None), ("track.published", "ada")]
    metrics = (await client.get("/metrics")).text
    assert 'control_webhook_events_total{event="track_published",result="duplicate"} 2.0' in metrics


async def test_the_same_change_told_twice_is_one_event(client: httpx.AsyncClient, log) -> None:
    for _ in range(2):
        await post(client, notice("participant_joined", who="ada"))
    assert log() == [("room.opened", None), ("participant.joined", "ada")]


async def test_who_leaves_before_the_coming_is_told_has_come(
    client: httpx.AsyncClient, log
) -> None:
    await post(client, notice("room_started"))
    await post(client, notice("participant_left", who="ada"))
    await post(client, notice("participant_joined", who="ada"))
    assert log() == [
        ("room.opened", None),
        ("participant.joined", "ada"),
        ("participant.left", "ada"),
    ]


async def test_a_room_that_closes_has_nobody_in_it(client: httpx.AsyncClient, log) -> None:
    await post(client, notice("participant_joined", who="ada"))
    await post(client, notice("participant_joined", who="bob"))
    await post(client, notice("room_finished"))
    await post(client, notice("participant_left", who="bob"))
    await post(client, notice("room_started"))
    told = log()
    assert sorted(told[3:5]) == [("participant.left", "ada"), ("participant.left", "bob")]
    assert told[5:] == [("room.closed", None)]


async def test_a_connection_that_never_came_about_is_no_event(
    client: httpx.AsyncClient, log
) -> None:
    await post(client, notice("participant_connection_aborted", who="ada"))
    assert log() == []


async def test_what_is_not_livekits_is_refused(client: httpx.AsyncClient, log) -> None:
    body = notice("room_started")
    tokens = {
        "none": "",
        "no token": "Bearer x",
        "another's": sign(body, "another-secret-of-more-than-32-bytes"),
        "of another body": sign(notice("room_started")),
        "too old": sign(body, ttl_s=-3600),
        "of no body": api.AccessToken(KEY, SECRET).to_jwt(),
    }
    for why, token in tokens.items():
        reply = await post(client, body, token)
        assert reply.status_code == 401, why
        assert reply.json()["type"] == "/problems/unauthenticated"
    for broken in (b"{", b"\xff", b"[]", b'{"event": 5}'):
        assert (await post(client, broken)).status_code in (401, 422)
    assert log() == []
    assert (await post(client, body)).status_code == 204


async def test_without_redis_livekit_is_asked_to_try_again(settings: Settings) -> None:
    away = changed(settings, redis_url=f"redis://127.0.0.1:{free_port()}/0")
    async with running(away) as client:
        reply = await post(client, notice("room_started"))
        assert (reply.status_code, reply.json()["part"]) == (503, "redis")
        assert (await client.get("/api/events")).status_code == 503


@pytest.mark.parametrize("after", ["x", "1", "-1", "99999999999999999-1"])
async def test_an_id_that_is_none_is_named(client: httpx.AsyncClient, after: str) -> None:
    reply = await client.get("/api/events", params={"after": after})
    assert reply.json()["errors"][0]["pointer"] == "#after"


@pytest.mark.parametrize(
    ("kinds", "told"),
    [
        (["room_finished"], ["room.opened", "room.closed"]),
        (["track_published"], ["room.opened", "track.published"]),
        (
            ["participant_left", "room_finished"],
            ["room.opened", "participant.joined", "participant.left", "room.closed"],
        ),
        (["room_finished", "participant_left"], ["room.opened", "room.closed"]),
    ],
)
async def test_what_must_have_been_before_is_told_first(
    client: httpx.AsyncClient, log, kinds: list[str], told: list[str]
) -> None:
    for kind in kinds:
        who = "ada" if kind.startswith(("participant", "track")) else None
        assert (await post(client, notice(kind, who=who))).status_code == 204
    kinds_told = [kind for kind, _ in log()]
    assert kinds_told[: len(told)] == told
    assert len(kinds_told) == len(set(kinds_told))
