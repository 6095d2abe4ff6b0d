"""Webhooks of LiveKit: whether they are LiveKit's, and what they say."""

from dataclasses import dataclass
from datetime import UTC, datetime

import jwt
from google.protobuf.json_format import ParseError
from livekit import api

from control_api.errors import FieldError, InvalidRequest, Unauthenticated
from control_api.livekit.rooms import Participant, participant_of
from control_api.settings import Settings

_UNREADABLE = InvalidRequest(FieldError("", "This is no event of LiveKit."))


@dataclass(frozen=True, slots=True)
class Webhook:
    """What LiveKit tells.

    Attributes:
        id: The same when LiveKit sends it again.
        kind: LiveKit's name, such as `participant_joined`.
        at: When it happened, to the second.
        room: Name of the room; empty where the event is of none.
        room_sid: LiveKit's id of this opening of the room.
        participant: Who it is about.
        recording_id: The recording that it is about.
        ingress_id: The ingress that it is about.
        reason: Why the participant left, as LiveKit names it; empty where it does not say.
    """

    id: str
    kind: str
    at: datetime
    room: str
    room_sid: str
    participant: Participant | None
    recording_id: str | None = None
    ingress_id: str | None = None
    reason: str = ""


class WebhookVerifier:
    """Verifies with LiveKit's key, over the bytes as they came."""

    def __init__(self, settings: Settings) -> None:
        self._receiver = api.WebhookReceiver(
            api.TokenVerifier(
                settings.livekit_api_key, settings.livekit_api_secret.get_secret_value()
            )
        )

    def read(self, body: bytes, authorization: str) -> Webhook:
        """Verifies and reads a webhook.

        Args:
            body: The body as it came; its hash is signed.
            authorization: The header; LiveKit writes no `Bearer` before the token.

        Raises:
            Unauthenticated: It is not LiveKit's, or it was changed.
            InvalidRequest: It is signed, but no event.
        """
        try:
            event = self._receiver.receive(body.decode(), authorization.removeprefix("Bearer "))
        except ParseError as error:  # a ValueError, too: signed, but not what we know
            raise _UNREADABLE from error
        except (jwt.PyJWTError, ValueError) as error:
            raise Unauthenticated("This is no webhook of our LiveKit server.") from error
        except Exception as error:
            # The library raises a bare Exception where the hash is missing or another.
            if type(error) is not Exception:
                raise
            raise Unauthenticated("The webhook's body is not the one that was signed.") from error
        if not event.id or not event.event:
            raise _UNREADABLE
        has_participant = event.HasField("participant")
        return Webhook(
            id=event.id,
            kind=event.event,
            at=datetime.fromtimestamp(event.created_at, UTC),
            room=event.room.name or event.egress_info.room_name or event.ingress_info.room_name,
            room_sid=event.room.sid,
            participant=participant_of(event.participant) if has_participant else None,
            recording_id=event.egress_info.egress_id or None,
            ingress_id=event.ingress_info.ingress_id or None,
            reason=_reason(event.participant.disconnect_reason) if has_participant else "",
        )


def _reason(value: int) -> str:
    names = api.DisconnectReason.DESCRIPTOR.values_by_number
    return names[value].name if value in names else ""
