"""What every bench ends with: one JSON object on a line of its own."""

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import psutil
from pydantic import BaseModel, ConfigDict

__all__ = ["Machine", "Result", "Target", "commit", "target"]


class Target(BaseModel):
    """One figure and whether it reaches what it must; a value of None was not measured."""

    model_config = ConfigDict(frozen=True)

    name: str
    value: float | None
    unit: str
    target: str
    ok: bool


class Result(BaseModel):
    """A bench's outcome; a void run says nothing about the system."""

    model_config = ConfigDict(frozen=True)

    bench: str
    commit: str
    void: bool
    targets: list[Target]


class Machine(BaseModel):
    """What the figures were measured on."""

    model_config = ConfigDict(frozen=True)

    cpu: str
    cores: int
    memory_gb: float
    kernel: str
    python: str
    livekit: str
    load_1min: float

    @classmethod
    def read(cls) -> "Machine":
        """Describes this machine."""
        return cls(
            cpu=_cpu(),
            cores=psutil.cpu_count() or 0,
            memory_gb=round(psutil.virtual_memory().total / 2**30, 1),
            kernel=platform.release(),
            python=platform.python_version(),
            livekit=version("livekit"),
            load_1min=psutil.getloadavg()[0],
        )


def target(
    name: str, value: float | None, unit: str, comparison: Literal["<=", ">="], limit: float
) -> Target:
    """Holds a value against its limit."""
    ok = value is not None and (value <= limit if comparison == "<=" else value >= limit)
    rounded = None if value is None else round(value, 3)
    return Target(name=name, value=rounded, unit=unit, target=f"{comparison} {limit:g}", ok=ok)


def commit() -> str:
    """The commit that is measured, marked when the tree differs from it."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--exclude", "*"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return described.stdout.strip()


def _cpu() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            names = (line.split(":", 1)[1].strip() for line in file if "model name" in line)
            return next(names, platform.machine())
    except OSError:
        return platform.machine()
