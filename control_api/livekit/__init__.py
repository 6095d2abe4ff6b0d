"""The one door to LiveKit's server API: join tokens and calls of its services."""

from control_api.livekit.client import LiveKitClient
from control_api.livekit.dispatches import AgentDispatch, Dispatches
from control_api.livekit.rooms import Participant, Room, Rooms, Track
from control_api.livekit.tokens import Dispatch, Join, TokenSigner

__all__ = [
    "AgentDispatch",
    "Dispatch",
    "Dispatches",
    "Join",
    "LiveKitClient",
    "Participant",
    "Room",
    "Rooms",
    "TokenSigner",
    "Track",
]
