"""What goes wrong with a peer.

PeerError
├── PeerUnavailableError   it cannot be installed or started here
└── PeerRefusedError       it turned a stream away
"""

__all__ = ["PeerError", "PeerRefusedError", "PeerUnavailableError"]


class PeerError(RuntimeError):
    """Something is wrong with a peer."""


class PeerUnavailableError(PeerError):
    """It cannot be installed or started here."""


class PeerRefusedError(PeerError):
    """It turned a stream away, because it is full or failed."""
