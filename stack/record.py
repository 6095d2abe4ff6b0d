"""What a running stack leaves in its folder for other shells: who runs it, and where it is."""

import dataclasses
import fcntl
import json
import os
from pathlib import Path
from typing import IO

from stack import keeper
from stack.addresses import Addresses
from stack.errors import AlreadyRunning, NotRunning


@dataclasses.dataclass(frozen=True)
class Process:
    """One process for certain: its pid, and when it started, since pids are used again."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> "Process":
        """Describe a process that runs."""
        return cls(pid=pid, started=keeper.started_at(pid) or 0)

    @classmethod
    def of_self(cls) -> "Process":
        """Describe this process."""
        return cls.of(os.getpid())

    @property
    def alive(self) -> bool:
        """Whether this very process runs."""
        return keeper.started_at(self.pid) == self.started


@dataclasses.dataclass(frozen=True)
class Record:
    """The content of ``stack.json``."""

    launcher: Process
    supervisor: Process
    addresses: Addresses

    def write(self, state_dir: Path) -> None:
        """Write the record in one step."""
        partial = state_dir / "stack.json.partial"
        partial.write_text(json.dumps(dataclasses.asdict(self), indent=1))
        partial.chmod(0o600)  # an address may hold a password
        partial.replace(state_dir / "stack.json")

    @classmethod
    def read(cls, state_dir: Path) -> "Record":
        """Read the record of a stack.

        Raises:
            NotRunning: there is none.
        """
        try:
            data = json.loads((state_dir / "stack.json").read_text())
            return cls(
                launcher=Process(**data["launcher"]),
                supervisor=Process(**data["supervisor"]),
                addresses=Addresses(**data["addresses"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            raise NotRunning(f"no stack {state_dir.name} runs") from None


def forget(state_dir: Path) -> None:
    """Remove the record of a stack that has stopped."""
    (state_dir / "stack.json").unlink(missing_ok=True)


class Claim:
    """The right to run the stack of one folder; the kernel gives it back when the process ends."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / "lock"
        self._file: IO[str] | None = None

    def take(self) -> None:
        """Take it.

        Raises:
            AlreadyRunning: another process has it.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip()
            file.close()
            name = self._path.parent.name
            raise AlreadyRunning(
                f"a stack {name} runs already (pid {holder}): stop it with `make down`, or start "
                "another beside it with STACK_NAME and STACK_PORT_BASE"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def give_back(self) -> None:
        """Let others take it."""
        if self._file is not None:
            self._file.close()
            self._file = None
