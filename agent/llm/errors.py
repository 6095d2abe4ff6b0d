"""What an error of Ollama means to livekit-agents."""

import httpx
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError


class OllamaResponseError(Exception):
    """Ollama answered with an error.

    Args:
        message: Ollama's own words.
        status_code: HTTP status; 500 for an error in the middle of a reply.
    """

    def __init__(self, message: str, status_code: int) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = status_code


def to_api_error(error: Exception, *, retryable: bool) -> APIError:
    """Map a failure to the error that the framework decides by.

    Args:
        error: Of httpx or `OllamaResponseError`.
        retryable: Nothing of the reply was passed on yet; else a second try would repeat it.
    """
    if isinstance(error, httpx.TimeoutException):
        return APITimeoutError("Ollama did not answer in time", retryable=retryable)
    if isinstance(error, OllamaResponseError):
        status = error.status_code
        return APIStatusError(
            error.message,
            # 499 would be passed over in silence
            status_code=500 if status == 499 else status,
            retryable=retryable and (status >= 500 or status in (408, 429)),
        )
    return APIConnectionError("Ollama cannot be reached", retryable=retryable)
