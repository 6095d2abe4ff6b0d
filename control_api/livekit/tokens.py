"""Join tokens: short-lived, for one room, with no more rights than a caller needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import jwt
from livekit import api

from control_api.settings import Settings


@dataclass(frozen=True, slots=True)
class Dispatch:
    """An agent that LiveKit sends into the room when the token's holder opens it."""

    agent_name: str
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class Join:
    """Who joins which room, and which agents come along."""

    room: str
    identity: str
    name: str = ""
    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    dispatches: Sequence[Dispatch] = ()
    listens_only: bool = False
    hidden: bool = False


class TokenSigner:
    """Signs join tokens with LiveKit's key; the rights are the same for all who speak."""

    def __init__(self, settings: Settings) -> None:
        self._key = settings.livekit_api_key
        self._secret = settings.livekit_api_secret.get_secret_value()
        self._ttl = timedelta(seconds=settings.token_ttl_s)
        self._sources = list(settings.publish_sources)

    def room_of(self, token: str) -> str | None:
        """The room that a token of ours lets its holder join; None for any other text."""
        try:
            claims = api.TokenVerifier(self._key, self._secret).verify(token)
        except (jwt.PyJWTError, ValueError):
            return None
        return claims.video.room if claims.video is not None and claims.video.room_join else None

    def sign(self, join: Join) -> str:
        """The token, a JWT.

        The agents are in the token, not in an API call: LiveKit dispatches them once, when the
        room is opened, and LiveKit's clients wait for an agent only if the token names one.
        """
        token = (
            api.AccessToken(self._key, self._secret)
            .with_identity(join.identity)
            .with_ttl(self._ttl)
            .with_grants(
                api.VideoGrants(
                    room_join=True,
                    room=join.room,
                    can_publish=not join.listens_only,
                    can_publish_sources=self._sources,
                    can_publish_data=not join.listens_only,
                    can_subscribe=True,
                    can_update_own_metadata=False,
                    hidden=join.hidden or None,
                )
            )
        )
        if join.dispatches:
            agents = [
                api.RoomAgentDispatch(agent_name=each.agent_name, metadata=each.metadata)
                for each in join.dispatches
            ]
            token.with_room_config(api.RoomConfiguration(agents=agents))
        if join.name:
            token.with_name(join.name)
        if join.metadata:
            token.with_metadata(join.metadata)
        if join.attributes:
            token.with_attributes(dict(join.attributes))
        return token.to_jwt()
