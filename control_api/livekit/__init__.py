"""The one door to LiveKit's server API: join tokens and calls of its services."""

from control_api.livekit.client import LiveKitClient
from control_api.livekit.dialing import Dial, Dialer, DialFailed
from control_api.livekit.dispatches import AgentDispatch, Dispatches
from control_api.livekit.ingresses import Ingress, Ingresses, NewIngress
from control_api.livekit.recordings import Bucket, Recording, Recordings
from control_api.livekit.rooms import Participant, Room, Rooms, Track
from control_api.livekit.rules import DispatchRule, DispatchRules, KnownDispatchRule
from control_api.livekit.tokens import Dispatch, Join, TokenSigner
from control_api.livekit.tones import Tones
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
    "Bucket",
    "Dial",
    "DialFailed",
    "Dialer",
    "Dispatch",
    "DispatchRule",
    "DispatchRules",
    "Dispatches",
    "InboundTrunk",
    "Ingress",
    "Ingresses",
    "Join",
    "KnownDispatchRule",
    "KnownInboundTrunk",
    "KnownOutboundTrunk",
    "LiveKitClient",
    "NewIngress",
    "Number",
    "OutboundTrunk",
    "Participant",
    "Recording",
    "Recordings",
    "Room",
    "Rooms",
    "TokenSigner",
    "Tones",
    "Track",
    "Trunks",
    "Webhook",
    "WebhookVerifier",
]
