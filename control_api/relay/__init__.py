"""Tells other applications what happens, over webhooks (Standard Webhooks 1.0.0)."""

from control_api.relay.addresses import Addresses, Forbidden
from control_api.relay.relay import Relay
from control_api.relay.sender import Outcome, Sender
from control_api.relay.signature import new_secret, sign

__all__ = ["Addresses", "Forbidden", "Outcome", "Relay", "Sender", "new_secret", "sign"]
