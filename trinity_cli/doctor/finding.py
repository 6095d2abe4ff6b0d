"""What a check finds."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """How a part is."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    OFF = "off"
    SKIPPED = "skipped"
    """It cannot be checked before another fault is mended."""


@dataclass(frozen=True)
class Finding:
    """One part: how it is, what was seen, and what to do."""

    part: str
    state: State
    seen: str
    remedy: str = ""

    def as_json(self) -> dict[str, Any]:
        """Give it for programs."""
        return asdict(self)


def ok(part: str, seen: str) -> Finding:
    """It does its work."""
    return Finding(part, State.OK, seen)


def fault(part: str, seen: str, remedy: str) -> Finding:
    """It does not."""
    return Finding(part, State.FAULT, seen, remedy)


def warning(part: str, seen: str, remedy: str) -> Finding:
    """It does, and something about it is not as it should be."""
    return Finding(part, State.WARNING, seen, remedy)


def off(part: str, seen: str) -> Finding:
    """It is not wanted here."""
    return Finding(part, State.OFF, seen)


def skipped(part: str, seen: str) -> Finding:
    """It has to wait for another."""
    return Finding(part, State.SKIPPED, seen)
