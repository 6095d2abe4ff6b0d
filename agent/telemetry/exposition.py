"""`/metrics`, `/livez` and `/readyz` of the worker, over the processes of all calls.

`prometheus_client` leaves the files of each process behind, a set for each call. Those of processes
that are gone are added up into one set before each scrape, so that neither the folder nor a scrape
grows with the number of calls.
"""

import asyncio
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest, multiprocess
from prometheus_client.mmap_dict import MmapedDict

_FILE = re.compile(r"(?P<kind>counter|histogram|summary|gauge_[a-z]+)_(?P<pid>\d+)\.db")
_ENDED = 0
"""Stands for the processes that are gone; no process of ours has this number."""


def fold_ended(folder: Path) -> None:
    """Add up the values of processes that are gone, and delete their files."""
    for path in sorted(folder.glob("*.db")):
        match = _FILE.fullmatch(path.name)
        if match is None or int(match["pid"]) == _ENDED or _is_alive(int(match["pid"])):
            continue
        if match["kind"] in ("counter", "histogram", "summary"):
            _add(path, folder / f"{match['kind']}_{_ENDED}.db")
        path.unlink(missing_ok=True)


def _add(source: Path, target: Path) -> None:
    files: Any = MmapedDict  # prometheus_client types nothing here
    total = files(str(target))
    try:
        for key, value, _, _ in files.read_all_values_from_file(str(source)):
            before, _ = total.read_value(key)
            total.write_value(key, before + value, 0.0)
    finally:
        total.close()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def render(folder: Path) -> bytes:
    """Write the metrics of all processes in Prometheus' text format."""
    fold_ended(folder)
    registry = CollectorRegistry(auto_describe=True)
    multiprocess.MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    return generate_latest(registry)


class MetricsServer:
    """Serves them.

    Args:
        folder: Where `prometheus_client` keeps the processes' files.
        is_ready: Tells whether the worker takes calls.
    """

    def __init__(self, folder: Path, is_ready: Callable[[], bool]) -> None:
        self._folder = folder
        self._is_ready = is_ready
        self._lock = asyncio.Lock()
        app = web.Application()
        app.add_routes(
            [
                web.get("/metrics", self._metrics),
                web.get("/livez", self._live),
                web.get("/readyz", self._ready),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one, which `port` tells.

        Raises:
            OSError: The port is taken.
        """
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def aclose(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _metrics(self, _: web.Request) -> web.Response:
        async with self._lock:  # folding twice at once would count twice
            data = await asyncio.to_thread(render, self._folder)
        return web.Response(body=data, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _live(self, _: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def _ready(self, _: web.Request) -> web.Response:
        if self._is_ready():
            return web.Response(text="ready")
        return web.Response(status=503, text="waiting for LiveKit")
