"""The files of `configs/` start the programs that they are for."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
import redis
import yaml
from livekit import api

from stack import StackSettings
from stack.programs.lookup import in_cache, on_path

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "configs"
KEY, SECRET = "test-key", "a-secret-of-this-test-that-is-long-enough"

# What livekit-sip v1.11, egress v1.14 and ingress v1.5 read (their config packages' yaml tags).
# They ignore other keys silently, so that a misspelt one would only be noticed in a call.
READ_BY = {
    "sip.yaml": {
        "redis", "ws_url", "health_port", "prometheus_port", "sip_port", "rtp_port", "logging",
        "use_external_ip", "nat_1_to_1_ip", "media_timeout", "media_timeout_initial",
        "symmetric_rtp", "hide_inbound_port", "max_cpu_utilization",
    },
    "egress.yaml": {
        "redis", "ws_url", "health_port", "template_port", "prometheus_port", "logging",
        "session_limits", "cpu_cost",
    },
    "ingress.yaml": {
        "redis", "ws_url", "health_port", "prometheus_port", "rtmp_port", "whip_port",
        "http_relay_port", "rtc_config", "logging",
    },
}  # fmt: skip


def load(name: str) -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load((CONFIGS / name).read_text()))


def program(name: str) -> Path:
    found = on_path(name) or in_cache(StackSettings().bin_dir, name)
    if found is None:
        pytest.skip(f"{name} is neither on PATH nor in the cache (`make up` brings it)")
    return found


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as reply:
        return cast("bytes", reply.read()).decode()


@contextmanager
def running(
    command: list[str], log: Path, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, **(environment or {})}
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            # LiveKit waits for who is in a room, as somebody who just went away may be for it.
            process.terminate()
            process.wait(15)


def until_it_answers(process: subprocess.Popen[bytes], log: Path, answers: Any) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            answers()
            return
        except (OSError, redis.ConnectionError):
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < deadline, log.read_text()[-2000:]
            time.sleep(0.05)


@contextmanager
def redis_server(folder: Path, port: int) -> Iterator[tuple[subprocess.Popen[bytes], Any]]:
    arguments = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
    command = [str(program("redis-server")), str(CONFIGS / "redis.conf"), *arguments]
    log = folder / "redis.log"
    with (
        running(command, log) as process,
        redis.Redis(port=port, decode_responses=True) as client,
    ):
        until_it_answers(process, log, client.ping)
        yield process, client


def test_redis_keeps_what_was_said_when_it_is_killed(tmp_path: Path) -> None:
    port = free_port()
    with redis_server(tmp_path, port) as (process, client):
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        client.xadd("trinity:transcript:room", {"message": "said"})
        time.sleep(1.2)  # appendfsync everysec
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    with redis_server(tmp_path, port) as (_, client):
        assert client.xlen("trinity:transcript:room") == 1


@pytest.fixture(scope="module")
def livekit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A real LiveKit server with configs/livekit.yaml and a real Redis behind it."""
    folder = tmp_path_factory.mktemp("livekit")
    binary = program("livekit-server")
    redis_port, port, metrics = free_port(), free_port(), free_port()
    command = [
        str(binary),
        *("--config", str(CONFIGS / "livekit.yaml")),
        *("--bind", "127.0.0.1", "--node-ip", "127.0.0.1", "--port", str(port)),
        *("--rtc.tcp_port", str(free_port())),
        *("--udp-port", str(free_port(socket.SOCK_DGRAM))),
        *("--redis-host", f"127.0.0.1:{redis_port}", "--prometheus.port", str(metrics)),
    ]
    log = folder / "livekit.log"
    with (
        redis_server(folder, redis_port),
        running(
            command, log, {"LIVEKIT_KEYS": f"{KEY}: {SECRET}", "LIVEKIT_WEBHOOK_API_KEY": KEY}
        ) as process,
    ):
        until_it_answers(process, log, lambda: get(f"http://127.0.0.1:{port}/"))
        yield {
            "url": f"http://127.0.0.1:{port}",
            "metrics": f"http://127.0.0.1:{metrics}/metrics",
            "log": str(log),
        }


def test_livekit_takes_its_ports_keys_and_redis_from_outside(livekit: dict[str, str]) -> None:
    assert get(f"{livekit['url']}/") == "OK"
    assert "connecting to redis" in Path(livekit["log"]).read_text()


def test_livekit_sends_no_caller_to_a_public_stun_server(livekit: dict[str, str]) -> None:
    token = (
        api.AccessToken(KEY, SECRET)
        .with_identity("caller")
        .with_grants(api.VideoGrants(room_join=True, room="room"))
        .to_jwt()
    )

    async def join() -> bytes:
        url = f"{livekit['url']}/rtc?access_token={token}&protocol=16"
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket_:
            message = await asyncio.wait_for(socket_.receive(), 10)
            return cast("bytes", message.data)

    joined = asyncio.run(join())
    assert b"stun:127.0.0.1:3478" in joined, "the servers that a caller is told"
    assert joined.count(b"stun:") == 1
    assert b"google" not in joined


def test_livekit_has_the_metrics_that_the_dashboards_show(livekit: dict[str, str]) -> None:
    scraped = get(livekit["metrics"])
    shown = {
        name
        for path in (CONFIGS / "grafana" / "dashboards").glob("*.json")
        for name in re.findall(r"livekit_[a-z_]+", path.read_text())
    }
    assert shown
    for name in shown:
        assert re.search(rf"^{name}\{{", scraped, re.MULTILINE), name


@pytest.mark.parametrize("name", READ_BY)
def test_neighbours_read_every_key_that_we_write(name: str) -> None:
    assert set(load(name)) <= READ_BY[name]


@pytest.mark.parametrize("name", READ_BY)
def test_neighbours_on_the_hosts_network_find_livekit_and_redis(name: str) -> None:
    config = load(name)
    assert config["ws_url"] == f"ws://127.0.0.1:{load('livekit.yaml')['port']}"
    port = re.search(r"^port (\d+)$", (CONFIGS / "redis.conf").read_text(), re.MULTILINE)
    assert port and config["redis"]["address"] == f"127.0.0.1:{port[1]}"


@pytest.mark.parametrize("name", ["livekit.yaml", *READ_BY])
def test_no_neighbour_asks_the_internet_for_its_address(name: str) -> None:
    config = load(name)
    rtc = config.get("rtc", config.get("rtc_config", config))
    assert rtc.get("use_external_ip", False) is False
    for server in rtc.get("stun_servers", []):
        assert server.startswith("127.0.0.1:")


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "alerts/conversation.yml"),
        ("test", "rules", "alerts/conversation.test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_agrees(arguments: tuple[str, ...]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not on PATH (Debian: prometheus)")
    done = subprocess.run(
        [promtool, *arguments], cwd=CONFIGS, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_has_its_test() -> None:
    rules = load("alerts/conversation.yml")["groups"][0]["rules"]
    tested = (CONFIGS / "alerts" / "conversation.test.yml").read_text()
    alerts = [rule["alert"] for rule in rules if "alert" in rule]
    # The first is played through, all others are counted together.
    assert alerts[0] in tested
    assert f"value: {len(alerts) - 1}" in tested
