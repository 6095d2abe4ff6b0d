"""The places for calls of a worker, and the order of the calls that wait for one.

Each call is a process of its own and may die. So what it holds is locks on files in the worker's
scratch folder, which the kernel lets go together with the process.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

_TICKET = ".ticket"


class CallPlaces:
    """The places of a worker.

    Args:
        folder: Shared by the worker's calls; made when it is not there.
        places: Calls at once.
    """

    def __init__(self, folder: Path, places: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._places = places

    def join(self) -> "QueueTicket":
        """Go to the end of the queue.

        Raises:
            OSError: The folder cannot be written to.
        """
        with self._alone():
            # The clock is that of the machine, so the names are in the order of coming.
            path = self._folder / f"{time.monotonic_ns():020d}-{os.getpid()}{_TICKET}"
            lock = _locked(path)
            assert lock is not None
        return QueueTicket(self, path, lock)

    def _take(self, ticket: Path) -> int | None:
        """Lock a place for a ticket; None when there is none, or an earlier ticket waits."""
        with self._alone():
            if self._ahead(ticket):
                return None
            for number in range(self._places):
                if (lock := _locked(self._folder / f"{number}.place")) is not None:
                    return lock
        return None

    def _ahead(self, ticket: Path) -> int:
        """Count the earlier tickets; those of dead processes are thrown away."""
        count = 0
        for path in sorted(self._folder.glob(f"*{_TICKET}")):
            if path.name >= ticket.name:
                break
            if (lock := _locked(path)) is None:
                count += 1
            else:
                path.unlink(missing_ok=True)
                os.close(lock)
        return count

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        guard = os.open(self._folder / "guard", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(guard, fcntl.LOCK_EX)
            yield
        finally:
            os.close(guard)


class QueueTicket:
    """A call's turn in the queue, and then its place.

    Args:
        places: Of the worker.
        path: The ticket's file.
        lock: Descriptor that holds the file's lock.
    """

    def __init__(self, places: CallPlaces, path: Path, lock: int) -> None:
        self._places = places
        self._path = path
        self._ticket: int | None = lock
        self._place: int | None = None

    def take(self) -> bool:
        """Take a place if one is free and nobody has waited longer; True while it is held.

        Raises:
            OSError: The folder cannot be written to.
        """
        if self._place is None and self._ticket is not None:
            self._place = self._places._take(self._path)
            if self._place is not None:
                self._drop_ticket()
        return self._place is not None

    def position(self) -> int:
        """Place in the queue; 1 is the next.

        Raises:
            OSError: The folder cannot be read.
        """
        with self._places._alone():
            return self._places._ahead(self._path) + 1

    def release(self) -> None:
        """Give the place to the next, or leave the queue; safe at any time."""
        self._drop_ticket()
        if self._place is not None:
            os.close(self._place)
            self._place = None

    def _drop_ticket(self) -> None:
        if self._ticket is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._ticket)
            self._ticket = None


def _locked(path: Path) -> int | None:
    """Open a file and lock it; None when another holds the lock."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        if isinstance(error, BlockingIOError):
            return None
        raise
    return file
