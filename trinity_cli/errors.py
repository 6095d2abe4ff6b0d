"""What can go wrong in a command, with the exit status of each.

::

    CliError                 1  the command was understood and did not succeed
    ├── BadRequest           2  an argument is not acceptable; each wrong one is named
    ├── Unreachable          3  a server does not answer, or is not ready yet
    ├── NotAllowed           4  the API key is missing, or may not do this
    ├── NotFound             5  what was named does not exist
    └── ProgramMissing       6  a program of this machine is needed, and is not there

Wrong usage ends with 2 as well, Ctrl-C with 130. Each error says what to do about it, where that is
known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Field:
    """One part of a request that is wrong."""

    name: str
    message: str


class CliError(Exception):
    """Base of everything that this package raises on purpose.

    Args:
        message: What happened.
        remedy: What the person can do about it.
        fields: The parts of the request that are wrong.
        request_id: Under which the server's log has it.
    """

    status: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        fields: Sequence[Field] = (),
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.fields = tuple(fields)
        self.request_id = request_id


class BadRequest(CliError):
    """An argument is not acceptable."""

    status = 2


class Unreachable(CliError):
    """A server does not answer, or is not ready yet."""

    status = 3


class NotAllowed(CliError):
    """The API key is missing, or may not do this."""

    status = 4


class NotFound(CliError):
    """What was named does not exist."""

    status = 5


class ProgramMissing(CliError):
    """A program of this machine is needed, and is not there."""

    status = 6
