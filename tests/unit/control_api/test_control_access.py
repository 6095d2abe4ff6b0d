import sys
from collections.abc import AsyncIterator

import jwt
import pytest

from control_api import Settings
from control_api.__main__ import main
from control_api.access import Scope
from control_api.store import ApiKeys, RedisStore
from control_api.telemetry import Telemetry
from tests.support.control_api import KEY, SECRET, changed, free_port, running


@pytest.fixture
def locked(settings: Settings, redis) -> Settings:
    return changed(settings, access="keys")


@pytest.fixture
async def keys(locked: Settings) -> AsyncIterator[ApiKeys]:
    store = RedisStore.open(locked, Telemetry())
    yield ApiKeys(store)
    await store.aclose()


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def test_without_a_key_only_the_public_part_is_open(locked: Settings) -> None:
    async with running(locked) as client:
        for path in ("/livez", "/health", "/metrics", "/"):
            assert (await client.get(path)).status_code == 200
        assert (await client.post("/api/token")).status_code == 201
        reply = await client.get("/api/transcripts/x")
        assert reply.status_code == 401
        assert reply.headers["www-authenticate"] == "Bearer"
        assert reply.json()["type"] == "/problems/unauthenticated"


async def test_a_key_may_what_its_scopes_say(locked: Settings, keys: ApiKeys) -> None:
    _, reader = await keys.create("reader", [Scope.TRANSCRIPTS_READ])
    _, joiner = await keys.create("joiner", [Scope.TOKENS_CREATE])
    _, admin = await keys.create("admin", [Scope.ADMIN])
    async with running(changed(locked, public_tokens=False)) as client:
        assert (await client.get("/api/transcripts/x", headers=bearer(reader))).status_code == 404
        assert (await client.get("/api/transcripts/x", headers=bearer(admin))).status_code == 404
        refused = await client.get("/api/transcripts/x", headers=bearer(joiner))
        assert refused.status_code == 403
        assert "transcripts:read" in refused.json()["detail"]
        assert (await client.post("/api/token")).status_code == 401
        assert (await client.post("/api/token", headers=bearer(reader))).status_code == 403
        assert (await client.post("/api/token", headers=bearer(joiner))).status_code == 201


async def test_a_key_that_is_revoked_or_wrong_is_none(locked: Settings, keys: ApiKeys) -> None:
    record, key = await keys.create("k", [Scope.ADMIN])
    wrong_end = key[:-1] + ("A" if key[-1] != "A" else "B")
    async with running(locked) as client:
        assert (await client.get("/api/transcripts/x", headers=bearer(key))).status_code == 404
        for wrong in (wrong_end, "trinity_000000000000_" + "x" * 43, "x", "trinity_"):
            reply = await client.get("/api/transcripts/x", headers=bearer(wrong))
            assert reply.status_code == 401
        assert await keys.revoke(record.id)
        assert (await client.get("/api/transcripts/x", headers=bearer(key))).status_code == 401


async def test_a_key_is_not_kept(locked: Settings, keys: ApiKeys, redis) -> None:
    record, key = await keys.create("k", [Scope.ADMIN])
    stored = str(redis.hgetall("trinity:api-keys"))
    assert record.id in stored
    assert key.rsplit("_", 1)[1] not in stored


async def test_who_may_join_a_room_may_read_its_transcript(locked: Settings) -> None:
    async with running(locked) as client:
        token = (await client.post("/api/token", json={"room_name": "mine"})).json()
        holder = bearer(token["participant_token"])
        assert (await client.get("/api/transcripts/mine", headers=holder)).status_code == 404
        assert (await client.get("/api/transcripts/other", headers=holder)).status_code == 401
        forged = jwt.encode(
            {"video": {"roomJoin": True, "room": "mine"}, "iss": KEY, "exp": 9999999999},
            "not-the-secret-not-the-secret-not-the-secret",
        )
        reply = await client.get("/api/transcripts/mine", headers=bearer(forged))
        assert reply.status_code == 401
        old = jwt.encode(
            {"video": {"roomJoin": True, "room": "mine"}, "iss": KEY, "exp": 1}, SECRET
        )
        assert (await client.get("/api/transcripts/mine", headers=bearer(old))).status_code == 401


def test_keys_are_managed_from_the_command_line(
    redis_url: str, redis, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["control_api", "keys", *arguments])
        return main(), capsys.readouterr().out.strip()

    monkeypatch.setenv("REDIS_URL", redis_url)
    status, key = command("create", "--name", "my app", "--scope", "rooms:read", "--scope", "admin")
    assert status == 0
    assert key.startswith("trinity_")
    key_id = key.split("_")[1]
    assert command("list")[1].split(None, 3)[::2] == [key_id, "admin,rooms:read"]
    assert command("revoke", key_id)[0] == 0
    assert command("revoke", key_id)[0] == 1
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
    assert command("list")[0] == 1
