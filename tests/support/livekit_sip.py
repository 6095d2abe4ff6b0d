"""livekit-sip of a test's own, where it is on PATH; no part of this repository installs it."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stack import Addresses, StackSettings, free_base
from stack.neighbours import Neighbours
from stack.readiness import Waiting, sip
from stack.sip_config import write_sip_config
from tests.support.control_api import KEY, SECRET

HOST = "127.0.0.1"


def program() -> str | None:
    return shutil.which("livekit-sip")


@contextmanager
def livekit_sip(redis_url: str, livekit_url: str, folder: Path) -> Iterator[str]:
    """Where it takes calls, as `host:port`; configured as the native stack does it."""
    found = program()
    assert found is not None
    settings = StackSettings(name="sip", run_dir=folder, port_base=free_base())
    neighbours = Neighbours(redis_url=redis_url, livekit_url=livekit_url)
    addresses = Addresses.of(settings.ports, neighbours, prometheus=False, sip=HOST)
    config = write_sip_config(folder / "sip.yaml", settings, addresses)
    log = folder / "livekit-sip.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [found, "--config", str(config)],
            env={**os.environ, "LIVEKIT_API_KEY": KEY, "LIVEKIT_API_SECRET": SECRET},
            stdout=sink,
            stderr=sink,
        )
    try:
        _await(settings.ports.sip, process, log)
        yield f"{HOST}:{settings.ports.sip}"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _await(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    ready, give_up = sip(HOST, port), time.monotonic() + 60
    while True:
        try:
            ready()
            return
        except Waiting:
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < give_up, log.read_text()[-2000:]
            time.sleep(0.1)
