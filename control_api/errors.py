"""The errors of the control API.

    ControlError
    ├── SettingsError              the process cannot start; names the settings
    ├── BackupError                a backup cannot be written or restored; only of the command
    ├── RequestError               the caller can mend it
    │   ├── InvalidRequest         well-formed, but a field is not acceptable; points at each
    │   ├── Unauthenticated        no API key where one is needed, or one that is not known
    │   ├── Forbidden              the key lacks the scope of this operation
    │   ├── ResourceNotFound       no such room, participant, trunk, …
    │   ├── Conflict               what is there already forbids it
    │   ├── Rejected               LiveKit finds the request unacceptable, and says why
    │   ├── LimitReached           LiveKit takes no more of these
    │   ├── RateLimited            more requests than the caller may send
    │   ├── BodyTooLarge           more bytes than `CONTROL_MAX_BODY_BYTES`
    │   ├── BodyTimeout            the body did not arrive in time
    │   └── TranscriptNotFound     nothing was said in a room of that name
    ├── NeighbourError             a service behind us; carries `part`
    │   ├── NeighbourUnavailable   not reachable, or it says that it is not ready
    │   ├── NeighbourTimeout       reachable, but it did not answer in time
    │   └── NeighbourRefused       it refuses our own keys or our request: ours to mend
    └── RequestTimeout             we did not finish within `CONTROL_REQUEST_TIMEOUT_S`

`problems.PROBLEMS` maps each but `SettingsError` and `BackupError` to its problem details
(RFC 9457).
"""

from dataclasses import dataclass


class ControlError(Exception):
    """The root; `str()` of any of them is fit for the caller's eyes."""


class SettingsError(ControlError):
    """The settings are not usable; the text names each one and says why."""


class BackupError(ControlError):
    """A backup cannot be written or restored; the text says why."""


class RequestError(ControlError):
    """The caller sent something that it can change."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field.

    Attributes:
        pointer: JSON Pointer (RFC 6901) into the body, or the parameter's name after `#`.
        detail: What is wrong, without repeating the value.
    """

    pointer: str
    detail: str


class InvalidRequest(RequestError):
    """A field of the request is not acceptable."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{error.pointer}: {error.detail}" for error in errors))
        self.errors = errors


class Unauthenticated(RequestError):
    """There is no API key in the request, or none that we know."""


class Forbidden(RequestError):
    """The API key lacks the scope that the operation needs."""


class ResourceNotFound(RequestError):
    """There is no such thing.

    Attributes:
        what: The kind of thing, in a word or two: `room`, `participant`.
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no such {what}.")
        self.what = what


class Conflict(RequestError):
    """Something that is there already forbids it."""


class Rejected(RequestError):
    """LiveKit finds the request unacceptable; the text is LiveKit's."""


class LimitReached(RequestError):
    """LiveKit takes no more of these."""


class RateLimited(RequestError):
    """The caller sends more requests than it may.

    Attributes:
        retry_after_s: Seconds until the next one may pass.
    """

    def __init__(self, detail: str, retry_after_s: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class BodyTooLarge(RequestError):
    """The body has more bytes than we read."""


class BodyTimeout(RequestError):
    """The body did not arrive in time."""


class TranscriptNotFound(RequestError):
    """There is no transcript of that room."""


class NeighbourError(ControlError):
    """A service that we depend on did not do its part.

    Attributes:
        part: `livekit`, `redis` or `speech_server`.
    """

    def __init__(self, part: str, detail: str) -> None:
        super().__init__(detail)
        self.part = part


class NeighbourUnavailable(NeighbourError):
    """The service cannot be reached, or says that it is not ready."""


class NeighbourTimeout(NeighbourError):
    """The service did not answer in time."""


class NeighbourRefused(NeighbourError):
    """The service refused us: our keys or our request are wrong, not the caller's."""


class RequestTimeout(ControlError):
    """The request took longer than we allow."""
