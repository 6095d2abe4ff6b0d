"""Who may do what: API keys with scopes.

A route names the scope that it needs with `Depends(needs(Scope.ROOMS_READ))`. Where access is
open (development), everybody has every scope.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from control_api.errors import Forbidden, Unauthenticated
from control_api.parts import Wired


class Scope(StrEnum):
    """What a key may be allowed to do."""

    TOKENS_CREATE = "tokens:create"
    TRANSCRIPTS_READ = "transcripts:read"
    TRANSCRIPTS_WRITE = "transcripts:write"
    SPEECH_READ = "speech:read"
    ROOMS_READ = "rooms:read"
    ROOMS_WRITE = "rooms:write"
    SIP_READ = "sip:read"
    SIP_WRITE = "sip:write"
    CALLS_READ = "calls:read"
    CALLS_WRITE = "calls:write"
    RECORDINGS_READ = "recordings:read"
    RECORDINGS_WRITE = "recordings:write"
    INGRESS_READ = "ingress:read"
    INGRESS_WRITE = "ingress:write"
    EVENTS_READ = "events:read"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        key_id: The public part of the API key; `anonymous` without one.
        scopes: What the caller may do.
    """

    key_id: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Whether the caller has a scope; `admin` has them all."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


_ANYONE = Caller("anonymous", frozenset({Scope.ADMIN}))
_bearer = HTTPBearer(
    auto_error=False, description="An API key, made with `python -m control_api keys create`."
)
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
_Dependency = Callable[..., Coroutine[Any, Any, Caller]]


def needs(scope: Scope, *, public: bool = False, of_room: bool = False) -> _Dependency:
    """A dependency that lets in who has the scope.

    Args:
        scope: What the route needs.
        public: The route needs no key while `CONTROL_PUBLIC_TOKENS` is set.
        of_room: A join token of the room in the path serves as well: who may hear a conversation
            may read it.
    """

    async def dependency(request: Request, parts: Wired, credentials: _Credentials) -> Caller:
        settings = parts.settings
        if not settings.needs_keys or (public and settings.public_tokens):
            await parts.limits.of_address(request)
            if not public:
                request.state.key_id = _ANYONE.key_id
            return _ANYONE
        request.state.key_id = "unknown"
        token = credentials.credentials if credentials is not None else ""
        if of_room and token and parts.signer.room_of(token) == request.path_params["room"]:
            await parts.limits.of_address(request)
            request.state.key_id = "participant"
            return Caller("participant", frozenset({scope}))
        record = await parts.keys.verify(token)
        if record is None:
            await parts.limits.of_address(request)
            raise Unauthenticated(
                "The API key is not known, or was revoked." if token else "This needs an API key."
            )
        request.state.key_id = record.id
        await parts.limits.of_key(request, record.id)
        known = {item.value for item in Scope}
        caller = Caller(record.id, frozenset(Scope(s) for s in record.scopes if s in known))
        if not caller.may(scope):
            raise Forbidden(f"The API key lacks the scope {scope.value}.")
        return caller

    return dependency
