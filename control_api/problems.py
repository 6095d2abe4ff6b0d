"""Problem details (RFC 9457): the one shape of every error, and the table that maps ours to it.

`respond` makes the response; `install` registers one handler for our error tree, one for
FastAPI's validation and one for Starlette's `HTTPException`. What nobody expected is caught
by `observe.Observe`, outside of every other layer, and answered by `unexpected`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from control_api import errors

MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """One field that is not acceptable."""

    pointer: str = Field(description="JSON Pointer into the body, or `#name` of a parameter.")
    detail: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """An error, as RFC 9457 describes it."""

    type: str = Field(description="Which problem this is; a page of this server explains it.")
    title: str = Field(description="The same words for every problem of this type.")
    status: int = Field(description="The HTTP status.")
    detail: str | None = Field(default=None, description="What happened this time.")
    instance: str | None = Field(default=None, description="The path that was asked.")
    request_id: str | None = Field(
        default=None, description="Name this when you report the problem."
    )
    errors: list[FieldProblem] | None = Field(
        default=None, description="The fields that are wrong."
    )
    part: str | None = Field(default=None, description="The service behind us that failed.")
    retry_after_s: int | None = Field(default=None, description="Seconds after which to try again.")


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One row of the table.

    Attributes:
        slug: Last part of the type's address, `/problems/{slug}`.
        status: HTTP status.
        title: A few words, always the same.
        explanation: What the page of the type says.
        retry_after_s: Set where waiting helps.
    """

    slug: str
    status: int
    title: str
    explanation: str
    retry_after_s: int | None = None

    @property
    def uri(self) -> str:
        """The type's address, relative to this server."""
        return f"/problems/{self.slug}"


PROBLEMS: Mapping[type[errors.ControlError], ProblemType] = {
    errors.InvalidRequest: ProblemType(
        "invalid-request",
        422,
        "The request is not acceptable",
        "A field is missing, of the wrong kind or outside its bounds. `errors` points at each.",
    ),
    errors.Unauthenticated: ProblemType(
        "unauthenticated",
        401,
        "An API key is needed",
        "Send `Authorization: Bearer KEY`; an operator makes keys with "
        "`python -m control_api keys create`.",
    ),
    errors.Forbidden: ProblemType(
        "forbidden",
        403,
        "The API key may not do this",
        "`detail` names the scope that is missing.",
    ),
    errors.ResourceNotFound: ProblemType(
        "resource-not-found",
        404,
        "There is no such thing",
        "What the address names does not exist, or no longer.",
    ),
    errors.Conflict: ProblemType(
        "conflict",
        409,
        "Something that is there already forbids it",
        "`detail` says what.",
    ),
    errors.Rejected: ProblemType(
        "rejected",
        422,
        "LiveKit does not accept the request",
        "`detail` has LiveKit's reason.",
    ),
    errors.LimitReached: ProblemType(
        "limit-reached",
        429,
        "There are as many as may be",
        "LiveKit has reached a limit of its configuration or of the machine.",
        retry_after_s=5,
    ),
    errors.RateLimited: ProblemType(
        "rate-limited",
        429,
        "Too many requests",
        "Wait for as long as Retry-After says. `RateLimit` and `RateLimit-Policy` tell on every "
        "response how many are left; CONTROL_KEY_REQUESTS_PER_MINUTE and "
        "CONTROL_PUBLIC_REQUESTS_PER_MINUTE are the bounds.",
    ),
    errors.BodyTooLarge: ProblemType(
        "body-too-large",
        413,
        "The body is too large",
        "Send less; CONTROL_MAX_BODY_BYTES is the bound.",
    ),
    errors.BodyTimeout: ProblemType(
        "body-timeout",
        408,
        "The body did not arrive in time",
        "The connection was open, but the rest of the body did not come. Send it again.",
    ),
    errors.TranscriptNotFound: ProblemType(
        "transcript-not-found",
        404,
        "There is no transcript of this room",
        "Nobody has said anything in a room of this name, or its transcript was deleted.",
    ),
    errors.NeighbourUnavailable: ProblemType(
        "part-unavailable",
        503,
        "A part of the system is not available",
        "`part` names the service that cannot be reached. Try again after Retry-After.",
        retry_after_s=2,
    ),
    errors.NeighbourTimeout: ProblemType(
        "part-timeout",
        503,
        "A part of the system did not answer in time",
        "`part` names the service. What was asked of it may or may not have happened.",
        retry_after_s=2,
    ),
    errors.NeighbourRefused: ProblemType(
        "part-refused",
        500,
        "A part of the system refused the server",
        "`part` names the service. Its keys or its version do not fit this server's: an "
        "operator has to look at LIVEKIT_API_KEY and LIVEKIT_API_SECRET, or at REDIS_URL.",
    ),
    errors.RequestTimeout: ProblemType(
        "request-timeout",
        503,
        "The request took too long",
        "The server gave up on the request; CONTROL_REQUEST_TIMEOUT_S is the bound.",
        retry_after_s=2,
    ),
}

UNEXPECTED = ProblemType(
    "internal-error",
    500,
    "Something went wrong in the server",
    "The server's log has the reason under the same request_id.",
)

_OF_STATUS: Mapping[int, ProblemType] = {
    400: ProblemType(
        "malformed-request", 400, "The request cannot be read", "The body is not valid JSON."
    ),
    404: ProblemType("not-found", 404, "There is nothing here", "The address is not one of ours."),
    405: ProblemType(
        "method-not-allowed",
        405,
        "This method is not allowed here",
        "The header Allow lists the methods of this address.",
    ),
}


def all_types() -> Sequence[ProblemType]:
    """Every problem type that this server has a page for."""
    return [*PROBLEMS.values(), UNEXPECTED, *_OF_STATUS.values()]


def of_status(status: int) -> ProblemType:
    """The type for an HTTP status that the framework raised."""
    if status in _OF_STATUS:
        return _OF_STATUS[status]
    phrase = HTTPStatus(status).phrase
    return ProblemType(phrase.lower().replace(" ", "-"), status, phrase, phrase)


def respond(
    kind: ProblemType,
    *,
    detail: str | None = None,
    instance: str | None = None,
    request_id: str | None = None,
    fields: Sequence[errors.FieldError] = (),
    part: str | None = None,
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
    retry_after_s: int | None = None,
) -> Response:
    """The response of one problem; `extra` holds extension members of its type.

    `retry_after_s` takes the place of the type's own.
    """
    wait_s = kind.retry_after_s if retry_after_s is None else retry_after_s
    problem = Problem(
        type=kind.uri,
        title=kind.title,
        status=kind.status,
        detail=detail or None,
        instance=instance,
        request_id=request_id,
        errors=[FieldProblem(pointer=e.pointer, detail=e.detail) for e in fields] or None,
        part=part,
        retry_after_s=wait_s,
    )
    all_headers = {"Cache-Control": "no-store", **(headers or {})}
    if wait_s is not None:
        all_headers["Retry-After"] = str(wait_s)
    return JSONResponse(
        {**problem.model_dump(exclude_none=True), **(extra or {})},
        status_code=kind.status,
        media_type=MEDIA_TYPE,
        headers=all_headers,
    )


def of_error(error: errors.ControlError, *, instance: str, request_id: str | None) -> Response:
    """The response of one of our own errors."""
    kind = next(PROBLEMS[base] for base in type(error).__mro__ if base in PROBLEMS)
    return respond(
        kind,
        detail=str(error),
        instance=instance,
        request_id=request_id,
        fields=error.errors if isinstance(error, errors.InvalidRequest) else (),
        part=error.part if isinstance(error, errors.NeighbourError) else None,
        headers={"WWW-Authenticate": "Bearer"} if kind.status == 401 else None,
        retry_after_s=error.retry_after_s if isinstance(error, errors.RateLimited) else None,
    )


def unexpected(*, instance: str, request_id: str | None) -> Response:
    """The response to an error that nobody expected; says nothing of its cause."""
    return respond(UNEXPECTED, instance=instance, request_id=request_id)


def pointer_of(location: Sequence[str | int], body: object = None) -> str:
    """A JSON Pointer for the place that pydantic names: `("body", "agents", 0)` → `/agents/0`.

    Pydantic also names the member of a union that it took (`("body", "inbound", "numbers")`);
    such a step leads nowhere in the body and is left out.
    """
    source, *steps = location or ("body",)
    kept = []
    for index, step in enumerate(steps):
        is_last = index == len(steps) - 1
        if isinstance(body, dict) and step not in body and not is_last:
            continue
        kept.append(str(step).replace("~", "~0").replace("/", "~1"))
        body = _below(body, step)
    if source == "body":
        return "".join(f"/{step}" for step in kept)
    return "#" + "/".join(kept)


def _below(body: object, step: str | int) -> object:
    if isinstance(body, dict):
        return body.get(step)
    if isinstance(body, list) and isinstance(step, int) and step < len(body):
        return body[step]
    return None


def _request_id(request: Request) -> str | None:
    return getattr(request.state, "request_id", None)


async def _on_control_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.ControlError)
    return of_error(error, instance=request.url.path, request_id=_request_id(request))


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return respond(
            of_status(400),
            detail="The body is not valid JSON.",
            instance=request.url.path,
            request_id=_request_id(request),
        )
    # Only place and message: the value may be private, and the caller has it.
    fields = [errors.FieldError(pointer_of(item["loc"], error.body), item["msg"]) for item in found]
    return await _on_control_error(request, errors.InvalidRequest(*fields))


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = of_status(error.status_code)
    return respond(
        kind,
        detail=error.detail if error.detail != HTTPStatus(kind.status).phrase else None,
        instance=request.url.path,
        request_id=_request_id(request),
        headers=error.headers,
    )


def install(app: FastAPI) -> None:
    """Makes every error of the application a problem."""
    app.add_exception_handler(errors.ControlError, _on_control_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
