"""Rate limits, idempotency keys and the audit log, in a real Redis."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from control_api import Settings
from control_api.access import Scope
from control_api.store import ApiKeys, Rates, RedisStore
from control_api.telemetry import Telemetry
from tests.support.control_api import changed, free_port, running
from tests.support.small_telephony import SmallTelephony, small_telephony


@pytest.fixture
async def store(settings: Settings, redis) -> AsyncIterator[RedisStore]:
    store = RedisStore.open(settings, Telemetry())
    yield store
    await store.aclose()


async def key(store: RedisStore, *scopes: Scope) -> dict[str, str]:
    _, made = await ApiKeys(store).create("test", list(scopes))
    return {"Authorization": f"Bearer {made}"}


async def test_a_bucket_empties_and_fills(store: RedisStore) -> None:
    rates = Rates(store)
    taken = [await rates.take("key:x", 3, 600) for _ in range(4)]
    assert [rate.allowed for rate in taken] == [True, True, True, False]
    assert [rate.remaining for rate in taken] == [2, 1, 0, 0]
    assert 0 < taken[3].retry_after_s <= 200 < taken[3].reset_s <= 600
    assert (await rates.take("key:y", 3, 600)).allowed
    # One a tenth of a second: it is there again soon.
    for _ in range(10):
        await rates.take("key:z", 10, 1)
    give_up = time.monotonic() + 10
    while not (await rates.take("key:z", 10, 1)).allowed:
        assert time.monotonic() < give_up
        await asyncio.sleep(0.02)


async def test_who_asks_too_often_is_told_when_to_come_back(
    settings: Settings, store: RedisStore
) -> None:
    limited = changed(
        settings, access="keys", key_requests_per_minute=2, public_requests_per_minute_or_default=3
    )
    one, other = await key(store, Scope.ADMIN), await key(store, Scope.ADMIN)
    async with running(limited) as client:
        first = await client.get("/api/transcripts", headers=one)
        assert first.headers["ratelimit-policy"] == '"key";q=2;w=60'
        assert first.headers["ratelimit"].startswith('"key";r=1;t=')
        assert (await client.get("/api/transcripts", headers=one)).status_code == 200
        refused = await client.get("/api/transcripts", headers=one)
        assert (refused.status_code, refused.json()["type"]) == (429, "/problems/rate-limited")
        assert int(refused.headers["retry-after"]) == refused.json()["retry_after_s"] > 0
        assert refused.headers["ratelimit"].startswith('"key";r=0;t=')
        assert (await client.get("/api/transcripts", headers=other)).status_code == 200
        # Tokens without a key, and guesses at keys, count by address.
        replies = [await client.post("/api/token"), await client.get("/api/transcripts")]
        replies += [await client.get("/api/rooms", headers={"Authorization": "Bearer x"})]
        assert [reply.status_code for reply in replies] == [201, 401, 401]
        assert replies[0].headers["ratelimit-policy"] == '"address";q=3;w=60'
        assert (await client.post("/api/token")).status_code == 429
        metrics = (await client.get("/metrics")).text
        assert 'control_rate_limit_requests_total{policy="key",result="refused"} 1.0' in metrics


async def test_without_redis_nobody_is_held_back(settings: Settings) -> None:
    away = changed(
        settings,
        public_requests_per_minute_or_default=1,
        redis_url=f"redis://127.0.0.1:{free_port()}/0",
    )
    async with running(away) as client:
        replies = [await client.post("/api/token") for _ in range(3)]
    assert [reply.status_code for reply in replies] == [201, 201, 201]


def test_production_limits_the_public(settings: Settings) -> None:
    values = {"environment": "production", "livekit_api_secret": "x" * 40, "livekit_api_key": "k"}
    assert changed(settings, **values).public_requests_per_minute == 120
    assert settings.public_requests_per_minute == 0


@pytest.fixture
async def phone() -> AsyncIterator[SmallTelephony]:
    async with small_telephony() as small:
        yield small


@pytest.fixture
async def rooms(
    settings: Settings, redis, phone: SmallTelephony
) -> AsyncIterator[httpx.AsyncClient]:
    async with running(
        changed(settings, livekit_url=phone.url, reconcile_interval_s=300)
    ) as client:
        yield client


async def test_a_request_that_is_sent_again_is_done_once(rooms, phone: SmallTelephony) -> None:
    again = {"Idempotency-Key": "room-1"}
    replies = [await rooms.post("/api/rooms", headers=again) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [201, 201, 201]
    assert len({reply.text for reply in replies}) == 1
    assert [reply.headers.get("idempotency-replayed") for reply in replies] == [
        None,
        "true",
        "true",
    ]
    assert replies[2].headers["location"] == replies[0].headers["location"]
    assert len(phone.rooms) == 1
    other = await rooms.post("/api/rooms", headers=again, json={"metadata": "m"})
    assert other.status_code == 422
    assert other.json()["errors"][0]["pointer"] == "#Idempotency-Key"
    together = await asyncio.gather(
        *(rooms.post("/api/rooms", headers={"Idempotency-Key": "room-2"}) for _ in range(5))
    )
    assert {reply.status_code for reply in together} <= {201, 409}
    assert len(phone.rooms) == 2
    bad = await rooms.post("/api/rooms", headers={"Idempotency-Key": "a b"})
    assert bad.json()["errors"][0]["pointer"] == "#Idempotency-Key"


async def test_what_failed_may_be_tried_again_with_its_key(rooms, redis) -> None:
    headers = {"Idempotency-Key": "r"}
    first = await rooms.post("/api/recordings", headers=headers, json={"room": "nowhere"})
    assert first.status_code == 404
    assert redis.keys("trinity:idempotency:*") == []


async def test_nobody_gets_the_response_to_anothers_key(
    settings: Settings, store: RedisStore, phone: SmallTelephony
) -> None:
    locked = changed(settings, access="keys", livekit_url=phone.url, reconcile_interval_s=300)
    one, other = await key(store, Scope.ROOMS_WRITE), await key(store, Scope.ROOMS_WRITE)
    again = {"Idempotency-Key": "same"}
    async with running(locked) as client:
        mine = await client.post("/api/rooms", headers=one | again)
        theirs = await client.post("/api/rooms", headers=other | again)
        assert mine.json()["name"] != theirs.json()["name"]
        await ApiKeys(store).revoke(one["Authorization"].split("_")[1])
        assert (await client.post("/api/rooms", headers=one | again)).status_code == 401


async def test_the_audit_log_says_who_did_what(
    settings: Settings, store: RedisStore, phone: SmallTelephony
) -> None:
    locked = changed(settings, access="keys", livekit_url=phone.url, reconcile_interval_s=300)
    writer, admin = await key(store, Scope.ROOMS_WRITE), await key(store, Scope.ADMIN)
    async with running(locked) as client:
        await client.post("/api/rooms", headers=writer, json={"name": "board"})
        await client.delete("/api/transcripts/board", headers=writer)
        await client.delete("/api/rooms/board")
        await client.get("/api/rooms", headers=admin)
        await client.post("/api/token")
        assert (await client.get("/api/audit", headers=writer)).status_code == 403
        page = (await client.get("/api/audit", headers=admin, params={"limit": 2})).json()
        rest = await client.get("/api/audit", headers=admin, params={"before": page["next"]})
        none = await client.get("/api/audit", headers=admin, params={"before": "0-0"})
    assert none.json() == {"entries": [], "next": None}
    entries = page["entries"] + rest.json()["entries"]
    key_id = writer["Authorization"].split("_")[1]
    assert [
        (each["key_id"], each["operation"], each["path"], each["status"]) for each in entries
    ] == [
        ("unknown", "deleteRoom", "/api/rooms/board", 401),
        (key_id, "deleteTranscript", "/api/transcripts/board", 403),
        (key_id, "createRoom", "/api/rooms", 201),
    ]
    assert rest.json()["next"] is None
    assert all(each["request_id"] and each["at"] for each in entries)
