"""What can go wrong in a call, as one tree.

::

    CallerError
    ├── ApiError          the control API refused a request or did not answer
    ├── JoinError         the room could not be joined, or it closed during the call
    ├── ClipError         a recording is missing or cannot be spoken
    ├── SpeechError       the speech server refused a request or did not answer
    └── WaitTimeoutError  something did not happen before its deadline
"""

__all__ = [
    "ApiError",
    "CallerError",
    "ClipError",
    "JoinError",
    "SpeechError",
    "WaitTimeoutError",
]


class CallerError(Exception):
    """Base of everything that this package raises on purpose."""


class ApiError(CallerError):
    """The control API refused a request or did not answer in time."""


class JoinError(CallerError):
    """The room could not be joined, or it closed during the call."""


class ClipError(CallerError):
    """A recording is missing or cannot be spoken."""


class SpeechError(CallerError):
    """The speech server refused a request or did not answer in time."""


class WaitTimeoutError(CallerError):
    """Something did not happen before its deadline; the message names what is missing."""
