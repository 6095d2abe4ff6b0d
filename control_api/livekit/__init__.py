"""The one door to LiveKit's server API: join tokens and calls of its services."""

from control_api.livekit.client import LiveKitClient
from control_api.livekit.tokens import Dispatch, Join, TokenSigner

__all__ = ["Dispatch", "Join", "LiveKitClient", "TokenSigner"]
