"""Other projects' servers as the benches start them, each in an environment of its own."""

from bench.peers.piper_http import PiperHttpServer
from bench.peers.process import ServerProcess

__all__ = ["PiperHttpServer", "ServerProcess"]
