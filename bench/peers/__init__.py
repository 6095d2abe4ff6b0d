"""Other projects' servers as the benches start them, each in an environment of its own."""

from bench.peers.errors import PeerError, PeerRefusedError, PeerUnavailableError
from bench.peers.piper_http import PiperHttpServer
from bench.peers.settings import PeerSettings
from bench.peers.whisper_live import WhisperLive

__all__ = [
    "PeerError",
    "PeerRefusedError",
    "PeerSettings",
    "PeerUnavailableError",
    "PiperHttpServer",
    "WhisperLive",
]
