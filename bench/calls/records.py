"""Raw figures: a file a run, one JSON object a line, the first of which describes the run.

A run is written while it goes on, so that one that breaks off leaves what it had; without its last
line (`kind: end`) it counts as void.
"""

import json
import os
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self, TextIO

from bench.calls.settings import CallBenchSettings
from bench.result import Machine, commit

__all__ = ["RawFile", "busy_share", "read_run"]

_PACKAGES = (
    "livekit",
    "livekit-agents",
    "ctranslate2",
    "faster-whisper",
    "onnxruntime",
    "piper-tts",
)


class RawFile:
    """The raw file of a run that goes on; a context manager.

    Args:
        bench: Name of the bench.
        settings: Its settings.
        more: Further fields of the first line.
    """

    def __init__(self, bench: str, settings: CallBenchSettings, **more: Any) -> None:
        begun = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        label = f"-{settings.label}" if settings.label else ""
        self.path = settings.results / f"{bench}{label}-{begun}.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = self.path.open("w", encoding="utf-8", buffering=1)
        self.write(
            "run",
            bench=bench,
            begun=begun,
            commit=commit(),
            machine=Machine.read().model_dump(),
            versions=_versions(),
            settings=settings.model_dump(mode="json", exclude={"results", "speech_data"}),
            **more,
        )

    def write(self, kind: str, **fields: Any) -> None:
        """Add a line."""
        self._file.write(json.dumps({"kind": kind, **fields}, separators=(",", ":")) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def read_run(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]], str | None]:
    """Read a raw file: its first line, the figures, and why it is void (None when it is not)."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    head, *rest = lines
    end = rest[-1] if rest and rest[-1]["kind"] == "end" else None
    void = "it broke off" if end is None else end["void"]
    return head, [line for line in rest if line["kind"] != "end"], void


def busy_share(seconds: float = 0.6) -> float:
    """Part of the machine that this process would not get now, 0 to 1; blocks.

    It is tried: what others do at a lower priority takes little from who has a higher one.
    """
    spin = (
        "import time\n"
        f"end = time.monotonic() + {seconds}\n"
        "begin = time.process_time()\n"
        "while time.monotonic() < end: pass\n"
        "print(time.process_time() - begin)\n"
    )
    tries = [
        subprocess.Popen([sys.executable, "-S", "-c", spin], stdout=subprocess.PIPE, text=True)
        for _ in os.sched_getaffinity(0)
    ]
    got = [float(one.communicate(timeout=60)[0]) / seconds for one in tries]
    return max(0.0, 1 - sum(got) / len(got))


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
