"""What happens around every method."""

from speech_server.interceptors.stream_guard import StreamGuard

__all__ = ["StreamGuard"]
