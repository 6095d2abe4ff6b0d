"""Client of the control API: every error of it becomes one of ours."""

import time
import urllib.parse
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from trinity_cli.errors import BadRequest, CliError, Field, NotAllowed, NotFound, Unreachable
from trinity_cli.settings import CliSettings

_TRIES = 3
_LONGEST_WAIT_S = 5.0
_AGAIN = frozenset({429, 503})
_START = "Start the stack with `trinity up`, or name another one in TRINITY_API_URL."

Json = dict[str, Any]


class ControlApi:
    """The API under one address; use it as a context manager.

    What changes nothing, or cannot happen twice, is tried again where the API asks for it.

    Args:
        settings: Where it is.
        tell: Shows what is waited for.
    """

    def __init__(self, settings: CliSettings, tell: Callable[[str], None]) -> None:
        key = settings.api_key.get_secret_value()
        self._client = httpx.Client(
            base_url=settings.api_url,
            timeout=settings.timeout_s,
            trust_env=False,
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )
        self._url = settings.api_url
        self._tell = tell

    def __enter__(self) -> Self:
        """Open nothing yet: the first request connects."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, **query: object) -> Json:
        """Read something; a query without a value is left out."""
        given = {name: str(value) for name, value in query.items() if value not in (None, "")}
        return self._json(self._request("GET", path, query=given))

    def text(self, path: str, **query: str) -> str:
        """Read a file."""
        return self._request("GET", path, query=query).text

    def post(self, path: str, body: Mapping[str, object] | None = None, *, key: str = "") -> Json:
        """Make something; with an idempotency key it is safe to try again."""
        headers = {"Idempotency-Key": key} if key else {}
        return self._json(self._request("POST", path, body=body or {}, headers=headers))

    def delete(self, path: str) -> None:
        """Remove something."""
        self._request("DELETE", path)

    def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        safe = method == "GET" or bool(headers)
        for left in reversed(range(_TRIES if safe else 1)):
            try:
                reply = self._client.request(method, path, params=query, json=body, headers=headers)
            except httpx.InvalidURL as error:
                raise BadRequest(f"TRINITY_API_URL is no address: {error}") from error
            except httpx.HTTPError as error:
                raise Unreachable(
                    f"The control API at {self._url} does not answer: {_reason(error)}",
                    remedy=_START,
                ) from error
            if reply.is_success:
                return reply
            if reply.status_code not in _AGAIN or left == 0:
                break
            wait_s = _wait_s(reply)
            self._tell(f"{_problem(reply)[0]} Trying again in {wait_s:g} s …")
            time.sleep(wait_s)
        raise _refusal(reply)

    def _json(self, reply: httpx.Response) -> Json:
        if reply.status_code == httpx.codes.NO_CONTENT:
            return {}
        try:
            value = reply.json()
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise Unreachable(f"What answers at {self._url} is no control API.", remedy=_START)
        return value


def quoted(name: str) -> str:
    """Make a name fit for a path."""
    return urllib.parse.quote(name, safe="")


def _reason(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return str(error) or type(error).__name__


def _wait_s(reply: httpx.Response) -> float:
    try:
        return min(_LONGEST_WAIT_S, max(0.1, float(reply.headers.get("Retry-After", "1"))))
    except ValueError:
        return 1.0


def _problem(reply: httpx.Response) -> tuple[str, Json]:
    """Read an error as RFC 9457 describes it: a sentence, and its members."""
    try:
        problem = reply.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict) or "title" not in problem:
        return f"The control API answered {reply.status_code}.", {}
    title, detail = str(problem["title"]), problem.get("detail")
    return f"{title}: {detail}" if detail else f"{title}.", problem


def _refusal(reply: httpx.Response) -> CliError:
    message, problem = _problem(reply)
    fields = [
        Field(str(item.get("pointer", "")) or "the request", str(item.get("detail", "")))
        for item in problem.get("errors") or ()
    ]
    request_id = problem.get("request_id") or reply.headers.get("X-Request-ID")
    match reply.status_code:
        case 400 | 409 | 413 | 422:
            return BadRequest(message, fields=fields)
        case 401:
            return NotAllowed(
                message,
                remedy="Put a key into TRINITY_API_KEY; `python -m control_api keys create` makes "
                "one.",
            )
        case 403:
            return NotAllowed(message, remedy="Use a key that has the scope.")
        case 404:
            return NotFound(message)
        case 429:
            return Unreachable(message, remedy="Try again later.")
        case 503 | 504:
            return Unreachable(
                message, remedy="`trinity doctor` says which part is away.", request_id=request_id
            )
        case _:
            return CliError(message, request_id=request_id)
