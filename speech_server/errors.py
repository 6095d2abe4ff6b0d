"""Everything that can go wrong here, and what a client is told about it.

::

    SpeechError
    ├── RequestError                what a client did, or ran into
    │   ├── InvalidRequest          INVALID_ARGUMENT; names the field
    │   │   ├── MissingConfig       audio or text came before the config
    │   │   ├── FixedField          a later config changes what a stream may not change
    │   │   └── MalformedAudio      bytes that are no samples of the encoding
    │   ├── FieldNotServed          UNIMPLEMENTED; names the field
    │   ├── ModelNotFound           NOT_FOUND; names the field
    │   ├── VoiceNotFound           NOT_FOUND; names the field
    │   ├── ServerFull              RESOURCE_EXHAUSTED; says when to try again
    │   ├── ServerDraining          UNAVAILABLE; says when to try again
    │   ├── ServerNotReady          UNAVAILABLE; says when to try again
    │   ├── StreamIdle              DEADLINE_EXCEEDED
    │   ├── SlowReader              RESOURCE_EXHAUSTED: the client does not read its results
    │   └── EngineFailed            INTERNAL: a model failed on this stream's work
    └── StartupError                the server cannot start; ends the process with EXIT_CODE
        ├── ModelUnavailable        a setting names a model that is not on disk, or is broken
        └── DeviceUnavailable       a setting asks for a device that is not here

``TABLE`` maps each request error to its gRPC status, ``reason`` and whether the same request may
succeed later. `to_status` makes the rich status of it (``google.rpc.ErrorInfo``, ``BadRequest``,
``RetryInfo``). Anything outside the tree becomes INTERNAL with an opaque id; its text stays in the
log.
"""

import secrets
from dataclasses import dataclass

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

ERROR_DOMAIN = "speech.trinity"
"""Domain of every ``google.rpc.ErrorInfo`` of this server."""

EXIT_CODE = 78
"""Exit code of a server that cannot start as it is set up (``EX_CONFIG`` of sysexits.h)."""


class SpeechError(Exception):
    """Root of the tree."""


class RequestError(SpeechError):
    """An error that ends one stream or request, with a status that its client understands.

    Args:
        message: A sentence for the client's developer. Never the user's words.
        field: Path of the field that is at fault, as in the contract.
        retry_delay_s: When trying again may help, in seconds from now.
        metadata: Further facts, for programs; values that are safe to show and to log.
    """

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        retry_delay_s: float | None = None,
        metadata: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.retry_delay_s = retry_delay_s
        self.metadata = dict(metadata or {})


class InvalidRequest(RequestError):
    """A field has a value that cannot be served."""


class MissingConfig(InvalidRequest):
    """Something came before the config that it needs."""


class FixedField(InvalidRequest):
    """A later config changes a field that is fixed for the stream."""


class MalformedAudio(InvalidRequest):
    """The bytes are no whole samples, or samples that are no numbers."""


class FieldNotServed(RequestError):
    """A field of the contract that this server does not serve (yet)."""


class ModelNotFound(RequestError):
    """No such recognition model is served."""


class VoiceNotFound(RequestError):
    """No such voice is served."""


class ServerFull(RequestError):
    """All places are taken; the stream was refused before anything was accepted."""


class ServerDraining(RequestError):
    """The server is about to stop and takes no new streams."""


class ServerNotReady(RequestError):
    """The models are not warm yet."""


class StreamIdle(RequestError):
    """Nothing came from the client for too long."""


class SlowReader(RequestError):
    """Results wait for a client that does not read them."""


class EngineFailed(RequestError):
    """A model failed on this stream's work; others go on."""


class StartupError(SpeechError):
    """The server cannot start as it is set up.

    Args:
        message: What is wrong.
        setting: Name of the environment variable that says so.
    """

    def __init__(self, message: str, *, setting: str) -> None:
        super().__init__(f"{setting}: {message}")
        self.setting = setting


class ModelUnavailable(StartupError):
    """A model that a setting names is not on disk, or cannot be loaded."""


class DeviceUnavailable(StartupError):
    """A device that a setting asks for is not here."""


@dataclass(frozen=True)
class Row:
    """How one kind of error looks on the wire."""

    code: grpc.StatusCode
    reason: str
    retryable: bool


TABLE: dict[type[RequestError], Row] = {
    InvalidRequest: Row(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", False),
    MissingConfig: Row(grpc.StatusCode.INVALID_ARGUMENT, "CONFIG_MISSING", False),
    FixedField: Row(grpc.StatusCode.INVALID_ARGUMENT, "FIELD_FIXED", False),
    MalformedAudio: Row(grpc.StatusCode.INVALID_ARGUMENT, "AUDIO_MALFORMED", False),
    FieldNotServed: Row(grpc.StatusCode.UNIMPLEMENTED, "FIELD_NOT_SERVED", False),
    ModelNotFound: Row(grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND", False),
    VoiceNotFound: Row(grpc.StatusCode.NOT_FOUND, "VOICE_NOT_FOUND", False),
    ServerFull: Row(grpc.StatusCode.RESOURCE_EXHAUSTED, "SERVER_FULL", True),
    ServerDraining: Row(grpc.StatusCode.UNAVAILABLE, "SERVER_DRAINING", True),
    ServerNotReady: Row(grpc.StatusCode.UNAVAILABLE, "SERVER_NOT_READY", True),
    StreamIdle: Row(grpc.StatusCode.DEADLINE_EXCEEDED, "STREAM_IDLE", True),
    SlowReader: Row(grpc.StatusCode.RESOURCE_EXHAUSTED, "SLOW_READER", False),
    EngineFailed: Row(grpc.StatusCode.INTERNAL, "ENGINE_FAILED", True),
}
"""One row for each concrete request error; a test proves that none is missing."""

UNEXPECTED = Row(grpc.StatusCode.INTERNAL, "INTERNAL", True)
"""The row of everything outside the tree."""


@dataclass(frozen=True)
class Report:
    """What a client is told about one error, before it is put into protobuf."""

    code: grpc.StatusCode
    reason: str
    message: str
    retryable: bool
    field: str | None
    retry_delay_s: float | None
    metadata: dict[str, str]


def describe(error: BaseException) -> Report:
    """Tell what a client is told about an error.

    An error outside the tree gets a new opaque id in ``metadata["error_id"]``; whoever reports it
    logs the exception under that id.
    """
    if isinstance(error, RequestError):
        row = next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)
        return Report(
            code=row.code,
            reason=row.reason,
            message=error.message,
            retryable=row.retryable,
            field=error.field,
            retry_delay_s=error.retry_delay_s,
            metadata=error.metadata,
        )
    error_id = secrets.token_hex(8)
    return Report(
        code=UNEXPECTED.code,
        reason=UNEXPECTED.reason,
        message=f"internal error {error_id}",
        retryable=UNEXPECTED.retryable,
        field=None,
        retry_delay_s=None,
        metadata={"error_id": error_id},
    )


def to_status(report: Report) -> grpc.Status:
    """Make the gRPC status of a report, with its details for ``context.abort_with_status``."""
    details: list[any_pb2.Any] = []

    info = error_details_pb2.ErrorInfo(reason=report.reason, domain=ERROR_DOMAIN)
    info.metadata.update(report.metadata)
    info.metadata["retryable"] = "true" if report.retryable else "false"
    if report.field is not None:
        info.metadata["field"] = report.field
    details.append(_packed(info))
    if report.field is not None:
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=report.field, description=report.message
        )
        details.append(_packed(error_details_pb2.BadRequest(field_violations=[violation])))
    if report.retry_delay_s is not None:
        delay = duration_pb2.Duration()
        delay.FromNanoseconds(int(report.retry_delay_s * 1e9))
        details.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
    number: int = report.code.value[0]
    message = status_pb2.Status(code=number, message=report.message, details=details)
    status: grpc.Status = rpc_status.to_status(message)
    return status


def _packed(message: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
