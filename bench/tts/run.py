"""What a run of the bench keeps: a line for each request."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np
import psutil

from bench.tts.heard import Heard
from bench.tts.settings import TtsBenchSettings

OURS, PEER = "trinity", "piper http"


@dataclass
class Run:
    """What was measured.

    ``lines`` are raw: each has ``part``, ``server`` and ``name``. ``others`` is the share of the
    machine's computing time that neither the bench nor its servers took, by part.
    """

    settings: TtsBenchSettings
    tell: Callable[[str], None]
    lines: list[dict[str, Any]] = field(default_factory=list)
    others: dict[str, float] = field(default_factory=dict)

    def add(self, part: str, server: str, name: str, **values: Any) -> None:
        """Keep a line."""
        self.lines.append({"part": part, "server": server, "name": name, **values})

    def note(self, part: str, server: str, name: str, heard: Heard) -> None:
        """Keep one request."""
        sounded = bool(heard.chunks)
        self.add(
            part,
            server,
            name,
            first_byte_s=heard.first_byte_s if sounded else None,
            first_audible_s=heard.first_audible_s if sounded else None,
            audio_s=heard.audio_s,
            compute_s=heard.compute_s,
            ended_s=heard.ended_s,
            underruns=heard.underruns,
        )

    def values(self, part: str, server: str, name: str, value: str) -> list[float]:
        """Give the raw values of a figure."""
        return [
            float(line[value])
            for line in self.lines
            if (line["part"], line["server"], line["name"]) == (part, server, name)
            and line.get(value) is not None
        ]

    def p50(
        self, part: str, server: str, name: str, value: str = "first_audible_s"
    ) -> float | None:
        """Give the median of a figure; None where nothing was measured."""
        found = self.values(part, server, name, value)
        return float(median(found)) if found else None

    def p95(
        self, part: str, server: str, name: str, value: str = "first_audible_s"
    ) -> float | None:
        """Give the 95th percentile of a figure."""
        found = self.values(part, server, name, value)
        return float(np.percentile(found, 95)) if found else None

    def sum(self, part: str, server: str, value: str) -> float:
        """Add a figure up over the names of a part."""
        return sum(
            float(line[value])
            for line in self.lines
            if (line["part"], line["server"]) == (part, server) and line.get(value) is not None
        )

    def names(self, part: str) -> list[str]:
        """Names of a part, in the order in which they were measured."""
        return list(dict.fromkeys(line["name"] for line in self.lines if line["part"] == part))

    @contextmanager
    def watching(self, part: str) -> Iterator[None]:
        """Note how much of the machine others took while a part was measured."""
        begin, busy, own = time.monotonic(), _busy_s(), _Family()
        yield
        took = (time.monotonic() - begin) * (psutil.cpu_count() or 1)
        self.others[part] = max(0.0, _busy_s() - busy - own.used_s()) / took


class _Family:
    """Computing time of this process and of those that it starts and waits for."""

    def __init__(self) -> None:
        self._before = self._now()

    def used_s(self) -> float:
        return self._now() - self._before

    @staticmethod
    def _now() -> float:
        times = psutil.Process().cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)
