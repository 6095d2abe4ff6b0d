"""`python -m bench.api`: join tokens of the control API on one core.

The API runs as in production: with API keys, rate limits and the audit log, on a Redis of its own.
It has one core for itself and shares the other one with nobody but what asks and Redis. The peer
is LiveKit's own library: the same tokens, signed in a loop on that core, without any API around.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psutil
from rich.console import Console

from bench.api.load import Load, full, steady
from bench.api.records import Record
from bench.api.settings import ApiBenchSettings
from bench.process import Program
from bench.result import Machine, Result, commit, target

_SIGN = """
import sys, time
from livekit import api
def token(number):
    grants = api.VideoGrants(
        room_join=True, room=f"room-{number}", can_publish_sources=["microphone"]
    )
    agents = [api.RoomAgentDispatch(agent_name="trinity", metadata="{}")]
    return (
        api.AccessToken("key", "a-secret-of-the-bench-that-is-long-enough")
        .with_identity(f"caller-{number}").with_name("Ada").with_grants(grants)
        .with_room_config(api.RoomConfiguration(agents=agents)).to_jwt()
    )
count, until = 0, time.perf_counter() + float(sys.argv[1])
begun = time.perf_counter()
while time.perf_counter() < until:
    token(count)
    count += 1
print(count / (time.perf_counter() - begun))
"""


def main() -> int:
    """Measures, prints, and ends with the result line; 1 when the run is void."""
    settings = ApiBenchSettings()
    begun, machine = datetime.now(UTC), Machine.read()
    console = Console()
    core, *others = sorted(os.sched_getaffinity(0))
    pinned = ["taskset", "-c", str(core)]
    if others:
        os.sched_setaffinity(0, others)
    bare = float(
        subprocess.run(
            [*pinned, sys.executable, "-c", _SIGN, "3"], capture_output=True, text=True, check=True
        ).stdout
    )
    console.print(f"LiveKit's library alone signs {bare:.0f} tokens/s on core {core}")
    with tempfile.TemporaryDirectory() as folder:
        measured = _measure(settings, Path(folder), core, pinned)
    asked, most = measured.asked, measured.most
    p50, p99 = np.percentile(asked.latency_ms, [50, 99])
    lag = float(np.percentile(asked.lag_ms, 99))
    console.print(
        f"{settings.rate:g}/s for {settings.seconds:g} s: p50 {p50:.1f} ms, p99 {p99:.1f} ms, "
        f"{asked.failed} failed, {measured.used:.0%} of the core, others {measured.others:.0%}; "
        f"send-lag p99 {lag:.1f} ms"
    )
    console.print(
        f"as many as can be had: {most.rate:.0f}/s, {most.failed} failed; "
        f"{most.rate / bare:.0%} of bare signing"
    )
    void = lag > settings.send_lag_limit_ms or measured.others > settings.busy_limit
    result = Result(
        bench="api",
        commit=commit(),
        void=void,
        targets=[
            target("tokens_rate_one_core", most.rate, "tokens/s", ">=", 200),
            target("token_p99_at_200_per_s", float(p99), "ms", "<=", 50),
            target("token_failures", float(asked.failed + most.failed), "requests", "<=", 0),
        ],
    )
    Record(
        begun=begun,
        result=result,
        machine=machine,
        settings=settings.model_dump(mode="json", exclude={"output"}),
        bare_rate=round(bare, 1),
        full_rate=round(most.rate, 1),
        core_used=round(measured.used, 4),
        core_taken=round(measured.others, 4),
        latency_ms=[round(each, 2) for each in asked.latency_ms],
        send_lag_ms=[round(each, 2) for each in asked.lag_ms],
    ).append(settings.output)
    sys.stdout.write(result.model_dump_json() + "\n")
    return 1 if void else 0


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Attributes:
        asked: At the steady rate.
        most: As many as can be had.
        used: Share of its core that the API used at the steady rate.
        others: Share of that core that others took over both.
    """

    asked: Load
    most: Load
    used: float
    others: float


def _busy_s(core: int) -> float:
    times = psutil.cpu_times(percpu=True)[core]
    return float(sum(times[:10]) - times.idle - times.iowait - times.guest - times.guest_nice)


def _measure(settings: ApiBenchSettings, folder: Path, core: int, pinned: list[str]) -> Measured:
    redis_port, port = _free_port(), _free_port()
    environment = {
        "TRINITY_ENVIRONMENT": "production",
        "LIVEKIT_API_KEY": "bench-key",
        "LIVEKIT_API_SECRET": "a-secret-of-the-bench-that-is-long-enough",
        # LiveKit itself is not asked for tokens.
        "LIVEKIT_URL": "ws://127.0.0.1:9",
        "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
        "CONTROL_PORT": str(port),
        "CONTROL_PUBLIC_TOKENS": "false",
        "CONTROL_KEY_REQUESTS_PER_MINUTE": "10000000",
        "CONTROL_LOG_LEVEL": "warning",
    }
    program = shutil.which("redis-server")
    if program is None:
        raise SystemExit("bench.api: redis-server is not on PATH")
    redis = Program(
        [program, "--port", str(redis_port), "--bind", "127.0.0.1", "--dir", str(folder)], {}
    )
    api = Program(
        [*pinned, sys.executable, "-m", "control_api"], environment, log=folder / "api.log"
    )
    try:
        base = f"http://127.0.0.1:{port}"
        _await(f"{base}/livez")
        key = subprocess.run(
            [
                *(sys.executable, "-m", "control_api", "keys", "create"),
                *("--name", "bench", "--scope", "tokens:create"),
            ],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        url = f"{base}/api/token"
        asyncio.run(full(url, key, 2.0, settings.connections))  # warm
        begun, used, busy = time.monotonic(), api.usage().cpu_s, _busy_s(core)
        asked = asyncio.run(steady(url, key, settings.rate, settings.seconds, settings.connections))
        steadily = api.usage().cpu_s - used
        most = asyncio.run(full(url, key, settings.full_seconds, settings.connections))
        taken = _busy_s(core) - busy - (api.usage().cpu_s - used)
        others = max(0.0, taken) / (time.monotonic() - begun)
    finally:
        api.stop()
        redis.stop()
    return Measured(asked, most, steadily / asked.seconds, others)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _await(url: str) -> None:
    give_up = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
