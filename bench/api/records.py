"""The raw figures of the API's bench: one line of JSON a run."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from bench.result import Machine, Result

__all__ = ["Record"]


class Record(BaseModel):
    """One run.

    Attributes:
        begun: When.
        result: What it came to.
        machine: What it ran on.
        settings: The bench's.
        bare_rate: Tokens a second that LiveKit's library signs in a loop, on the API's core.
        full_rate: Tokens a second of the API, as many as can be had.
        core_used: Share of its core that the API used at the steady rate.
        core_taken: Share of it that others took.
        latency_ms: Of each request at the steady rate, from when it was due.
        send_lag_ms: Of each of them, until it was sent.
    """

    model_config = ConfigDict(frozen=True)

    begun: datetime
    result: Result
    machine: Machine
    settings: Mapping[str, Any]
    bare_rate: float
    full_rate: float
    core_used: float
    core_taken: float
    latency_ms: Sequence[float]
    send_lag_ms: Sequence[float]

    @classmethod
    def read(cls, path: Path) -> list[Self]:
        """The runs of a file, the oldest first."""
        return [cls.model_validate_json(line) for line in path.read_text().splitlines()]

    def append(self, path: Path) -> None:
        """Adds the run to a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            file.write(self.model_dump_json() + "\n")
