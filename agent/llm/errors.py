"""What an error of a model's server means to livekit-agents."""

import json

import httpx
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError


class ModelResponseError(Exception):
    """The server answered with an error.

    Args:
        message: The server's own words.
        status_code: HTTP status; 500 for an error in the middle of a reply.
    """

    def __init__(self, message: str, status_code: int) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = status_code


def to_api_error(error: Exception, *, retryable: bool) -> APIError:
    """Map a failure to the error that the framework decides by.

    Args:
        error: Of httpx or `ModelResponseError`.
        retryable: Nothing of the reply was passed on yet; else a second try would repeat it.
    """
    if isinstance(error, httpx.TimeoutException):
        return APITimeoutError("the model did not answer in time", retryable=retryable)
    if isinstance(error, ModelResponseError):
        status = error.status_code
        return APIStatusError(
            error.message,
            # 499 would be passed over in silence
            status_code=500 if status == 499 else status,
            retryable=retryable and (status >= 500 or status in (408, 429)),
        )
    return APIConnectionError("the model cannot be reached", retryable=retryable)


def error_text(body: str) -> str:
    """The server's own words in an error's body."""
    try:
        error = json.loads(body)["error"]
        return str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, KeyError, TypeError):
        return body[:200]
