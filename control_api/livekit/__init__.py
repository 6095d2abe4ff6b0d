"""The one door to LiveKit's server API: join tokens and calls of its services."""

from control_api.livekit.client import LiveKitClient
from control_api.livekit.dispatches import AgentDispatch, Dispatches
from control_api.livekit.rooms import Participant, Room, Rooms, Track
from control_api.livekit.rules import DispatchRule, DispatchRules, KnownDispatchRule
from control_api.livekit.tokens import Dispatch, Join, TokenSigner
from control_api.livekit.trunks import (
    InboundTrunk,
    KnownInboundTrunk,
    KnownOutboundTrunk,
    OutboundTrunk,
    Trunks,
)
from control_api.livekit.webhooks import Webhook, WebhookVerifier

__all__ = [
    "AgentDispatch",
    "Dispatch",
    "DispatchRule",
    "DispatchRules",
    "Dispatches",
    "InboundTrunk",
    "Join",
    "KnownDispatchRule",
    "KnownInboundTrunk",
    "KnownOutboundTrunk",
    "LiveKitClient",
    "OutboundTrunk",
    "Participant",
    "Room",
    "Rooms",
    "TokenSigner",
    "Track",
    "Trunks",
    "Webhook",
    "WebhookVerifier",
]
