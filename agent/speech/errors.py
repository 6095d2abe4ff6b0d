"""What an error of the speech server means to livekit-agents.

livekit-agents tries a call again only for `APIError` and its subclasses, stops recognition for
good on anything else, and passes over status 499 in silence; so every gRPC status is mapped here,
CANCELLED among them, and 499 is never used.
"""

import grpc
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

STATUS_CODES: dict[grpc.StatusCode, tuple[int, bool]] = {
    # gRPC status: (HTTP-like status for the framework, the same request may succeed later)
    grpc.StatusCode.CANCELLED: (503, True),
    grpc.StatusCode.UNKNOWN: (500, True),
    grpc.StatusCode.INVALID_ARGUMENT: (400, False),
    grpc.StatusCode.DEADLINE_EXCEEDED: (504, True),
    grpc.StatusCode.NOT_FOUND: (404, False),
    grpc.StatusCode.ALREADY_EXISTS: (409, False),
    grpc.StatusCode.PERMISSION_DENIED: (403, False),
    grpc.StatusCode.UNAUTHENTICATED: (401, False),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (429, True),
    grpc.StatusCode.FAILED_PRECONDITION: (503, True),
    grpc.StatusCode.ABORTED: (503, True),
    grpc.StatusCode.OUT_OF_RANGE: (400, False),
    grpc.StatusCode.UNIMPLEMENTED: (501, False),
    grpc.StatusCode.INTERNAL: (500, True),
    grpc.StatusCode.UNAVAILABLE: (503, True),
    grpc.StatusCode.DATA_LOSS: (500, True),
}


def to_api_error(error: grpc.aio.AioRpcError) -> APIError:
    """Map the end of a call to the error that the framework decides by."""
    code = error.code()
    details = error.details() or code.name
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return APITimeoutError(details)
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
        return APIConnectionError(details)
    status, retryable = STATUS_CODES.get(code, (500, True))
    return APIStatusError(details, status_code=status, retryable=retryable)
