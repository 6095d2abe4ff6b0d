"""A real LiveKit server of a test's own."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import yaml

from stack import Progress, StackSettings
from stack.programs import livekit
from tests.support.control_api import KEY, SECRET, free_port

ROOT = Path(__file__).resolve().parents[2]


class LiveKitServer:
    """The program with `configs/livekit.yaml`, on loopback; it can be stopped and started again."""

    def __init__(self, redis_url: str, log: Path, webhook_url: str | None = None) -> None:
        self.port = free_port()
        self.url = f"ws://127.0.0.1:{self.port}"
        program = livekit.find_or_install(StackSettings(), Progress())
        self._log = log
        config = yaml.safe_load((ROOT / "configs" / "livekit.yaml").read_text())
        config["webhook"]["urls"] = [] if webhook_url is None else [webhook_url]
        path = log.with_suffix(".yaml")
        path.write_text(yaml.safe_dump(config))
        self._command = [
            str(program),
            *("--config", str(path)),
            *("--bind", "127.0.0.1", "--node-ip", "127.0.0.1", "--port", str(self.port)),
            *("--rtc.tcp_port", str(free_port()), "--udp-port", str(free_port())),
            *("--redis-host", redis_url.removeprefix("redis://").split("/")[0]),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, timeout_s: float = 30) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env={
                    **os.environ,
                    "LIVEKIT_KEYS": f"{KEY}: {SECRET}",
                    "LIVEKIT_WEBHOOK_API_KEY": KEY,
                },
                stdout=log,
                stderr=log,
            )
        give_up = time.monotonic() + timeout_s
        while True:
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/", trust_env=False).text == "OK":
                    return
            except httpx.TransportError:
                pass
            assert self._process.poll() is None, self._log.read_text()[-2000:]
            assert time.monotonic() < give_up, "LiveKit did not become ready"
            time.sleep(0.05)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
        self._process = None

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._process = None


@contextmanager
def livekit_server(
    redis_url: str, log: Path, webhook_url: str | None = None
) -> Iterator[LiveKitServer]:
    server = LiveKitServer(redis_url, log, webhook_url)
    try:
        server.start()
        yield server
    finally:
        server.stop()
