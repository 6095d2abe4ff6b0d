"""Signatures of Standard Webhooks 1.0.0: symmetric, `v1`."""

import base64
import hashlib
import hmac
import secrets

_PREFIX = "whsec_"


def new_secret() -> str:
    """A secret that the receiver verifies with: `whsec_` and 32 random bytes in base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`.

    Args:
        secret: Of the endpoint.
        message_id: Value of `webhook-id`; the same whenever the message is sent again.
        timestamp: Value of `webhook-timestamp`, Unix seconds of this attempt.
        body: The bytes as they are sent.
    """
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
