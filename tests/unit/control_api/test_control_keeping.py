"""What is kept: for how long, and as a backup."""

import gzip
import json
import stat
import sys
import time
from pathlib import Path

import pytest
import redis as redis_sync

from control_api import Settings
from control_api.__main__ import main
from tests.support.control_api import changed, free_port, running


def say(redis, room: str, at: float) -> None:
    redis.xadd(f"trinity:transcript:{room}", {"message": json.dumps({"text": room})})
    redis.zadd("trinity:transcripts", {room: at})


def until(check) -> None:
    give_up = time.monotonic() + 10
    while not check():
        assert time.monotonic() < give_up
        time.sleep(0.02)


async def test_what_is_too_old_is_deleted(settings: Settings, redis) -> None:
    now = time.time()
    for number in range(600):
        say(redis, f"old-{number}", now - 7200)
    say(redis, "new", now)
    hour_ago, day_ago = int((now - 3600) * 1000), int((now - 86_400) * 1000)
    for stream in ("trinity:events", "trinity:audit"):
        redis.xadd(stream, {"event": "{}"}, id=f"{day_ago}-1")
        redis.xadd(stream, {"event": "{}"}, id=f"{hour_ago}-1")
    short = changed(
        settings,
        transcripts_keep_s=3600,
        events_keep_s=7200,
        audit_keep_s=60,
        reconcile_interval_s=300,
    )
    async with running(short) as client:
        parts = client._transport.app.state.parts  # type: ignore[attr-defined]
        await parts.retention.tidy()
        metrics = (await client.get("/metrics")).text
    assert redis.zrange("trinity:transcripts", 0, -1) == ["new"]
    assert redis.keys("trinity:transcript:*") == ["trinity:transcript:new"]
    assert redis.xlen("trinity:events") == 1
    assert redis.xlen("trinity:audit") == 0
    assert 'control_expired_total{kind="transcript"}' in metrics


async def test_by_default_nothing_said_is_deleted(settings: Settings, redis) -> None:
    say(redis, "old", 1.0)
    async with running(settings) as client:
        await client._transport.app.state.parts.retention.tidy()  # type: ignore[attr-defined]
    assert redis.exists("trinity:transcript:old")


@pytest.fixture
def command(redis_url: str, redis, monkeypatch: pytest.MonkeyPatch, capsys):
    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["control_api", *map(str, arguments)])
        monkeypatch.setenv("REDIS_URL", redis_url)
        status = main()
        output = capsys.readouterr()
        return status, output.out + output.err

    return run


def contents(redis) -> dict[str, object]:
    found: dict[str, object] = {}
    for key in redis.keys("*"):
        kind = redis.type(key)
        reader = {
            "string": redis.get,
            "hash": redis.hgetall,
            "set": redis.smembers,
            "zset": lambda name: redis.zrange(name, 0, -1, withscores=True),
            "stream": redis.xrange,
        }[kind]
        found[key] = reader(key)
    return found


def filled(redis, redis_url: str) -> dict[str, object]:
    say(redis, "größe", 1_700_000_000.25)
    redis.set("trinity:call:1", '{"id": "1"}', ex=1000)
    redis.sadd("trinity:calls:open", "1", "2")
    redis.hset("trinity:api-keys", "k", "v")
    redis.xadd("trinity:events", {"event": "{}"}, id="5-3")
    before = contents(redis)
    redis.set("trinity:lock:x", "1")
    redis.set("somebody:else", "1")
    with redis_sync.Redis.from_url(redis_url) as raw:
        raw.hset("sip_inbound_trunk", "ST_1", b"\x0a\xff\x00")
    return before


def test_a_backup_comes_back_as_it_was(command, redis, redis_url: str, tmp_path: Path) -> None:
    before = filled(redis, redis_url)
    file = tmp_path / "b.gz"
    status, told = command("backup", file)
    assert status == 0
    assert "7 keys, 1 transcripts" in told
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    status, told = command("restore", file)
    assert (status, "--replace" in told) == (1, True)
    redis.xadd("trinity:events", {"event": "later"})
    redis.set("trinity:call:2", "x")
    assert command("restore", file, "--replace")[0] == 0
    with redis_sync.Redis.from_url(redis_url) as raw:
        assert raw.hget("sip_inbound_trunk", "ST_1") == b"\x0a\xff\x00"
    redis.delete("trinity:lock:x", "somebody:else", "sip_inbound_trunk")
    assert contents(redis) == before
    assert 0 < redis.ttl("trinity:call:1") <= 1000
    redis.flushdb()
    assert command("restore", file)[0] == 0
    assert redis.exists("trinity:call:1")


def test_a_broken_backup_changes_nothing(command, redis, redis_url: str, tmp_path: Path) -> None:
    filled(redis, redis_url)
    whole = tmp_path / "whole.gz"
    command("backup", whole)
    before = redis.dbsize()
    rows = gzip.decompress(whole.read_bytes()).splitlines(keepends=True)
    broken = {
        "cut": whole.read_bytes()[:-20],
        "short": gzip.compress(b"".join(rows[:-1])),
        "missing": gzip.compress(b"".join([*rows[:-2], rows[-1]])),
        "other": gzip.compress(b"{}\n"),
        "text": b"hello",
        "future": gzip.compress(b"".join([rows[0].replace(b"1", b"9"), *rows[1:]])),
    }
    for name, data in broken.items():
        file = tmp_path / name
        file.write_bytes(data)
        status, told = command("restore", file, "--replace")
        assert (status, str(file) in told) == (1, True), name
        assert redis.dbsize() == before
    assert command("restore", tmp_path / "nothing")[0] == 1
    assert command("backup", tmp_path / "no" / "folder")[0] == 1


def test_without_redis_no_file_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys, tmp_path: Path
) -> None:
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
    monkeypatch.setattr(sys, "argv", ["control_api", "backup", str(tmp_path / "b.gz")])
    assert main() == 1
    assert "REDIS_URL" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
