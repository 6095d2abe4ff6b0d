"""What can go wrong while the stack is set up, started and stopped.

::

    StackError
    ├── PortTaken        something else listens on a port that the stack needs
    ├── ProgramMissing   a program is not there and cannot be installed from here
    ├── InstallFailed    an installation or a build ended with an error
    ├── NeighbourSilent  a setting names a running neighbour that does not answer
    ├── ServiceDied      a service ended before it was ready
    ├── NotReady         a service did not become ready in its time
    ├── AlreadyRunning   a stack of this name runs already
    ├── NotRunning       no stack of this name runs
    └── ModelFailed      the language model could not be made or fetched

Each message is written for the person at the terminal: what failed, and what to do about it.
"""

from pathlib import Path


class StackError(Exception):
    """Anything that stops the stack from doing what it was asked."""


class PortTaken(StackError):
    """Something else listens on a port that the stack needs."""


class ProgramMissing(StackError):
    """A program is not on this machine and cannot be installed by this user."""


class InstallFailed(StackError):
    """An installation or a build ended with an error; its whole log is at ``log``."""

    def __init__(self, message: str, log: Path | None = None) -> None:
        super().__init__(message)
        self.log = log


class NeighbourSilent(StackError):
    """A setting names a running neighbour, and nothing answers there."""


class ServiceDied(StackError):
    """A service ended before it was ready."""


class NotReady(StackError):
    """A service did not become ready in its time."""


class AlreadyRunning(StackError):
    """A stack of this name runs already."""


class NotRunning(StackError):
    """No stack of this name runs."""


class ModelFailed(StackError):
    """The language model could not be made or fetched."""
