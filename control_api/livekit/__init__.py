"""The one door to LiveKit's server API: join tokens and calls of its services."""

from control_api.livekit.client import LiveKitClient
from control_api.livekit.dialing import Dial, Dialer, DialFailed
from control_api.livekit.dispatches import AgentDispatch, Dispatches
from control_api.livekit.rooms import Participant, Room, Rooms, Track
from control_api.livekit.rules import DispatchRule, DispatchRules, KnownDispatchRule
from control_api.livekit.tokens import Dispatch, Join, TokenSigner
from control_api.livekit.trunks import (
    InboundTrunk,
    KnownInboundTrunk,
    KnownOutboundTrunk,
    Number,
    OutboundTrunk,
    Trunks,
)
from control_api.livekit.webhooks import Webhook, WebhookVerifier

__all__ = [
    "AgentDispatch",
    "Dial",
    "DialFailed",
    "Dialer",
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
    "Number",
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
