"""Responses by idempotency key, so that a request that is sent again is not done again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from control_api.errors import Conflict, FieldError, InvalidRequest
from control_api.store.redis import RedisStore

_KEY = "trinity:idempotency:{scope}"
_KEEP_S = 86_400
# Longer than any request may run; after that, whoever ran it is gone.
_RUNNING_S = 330


@dataclass(frozen=True, slots=True)
class Answer:
    """A response that was given."""

    status: int
    headers: Mapping[str, str]
    body: str


class IdempotencyKeys:
    """The keys of a store."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    async def begin(self, scope: str, body_sha256: str) -> Answer | None:
        """Claims a key; the response from then when its request was done already.

        Args:
            scope: Caller, operation and key, hashed.
            body_sha256: Of the request.

        Raises:
            InvalidRequest: The key was used for another request.
            Conflict: The first request with the key still runs.
        """
        name = _KEY.format(scope=scope)
        claim = json.dumps({"body": body_sha256})
        with self._store.errors():
            if await self._store.client.set(name, claim, nx=True, ex=_RUNNING_S):
                return None
            stored = await self._store.client.get(name)
        if stored is None:  # it ran out in between
            return await self.begin(scope, body_sha256)
        found = json.loads(stored)
        if found["body"] != body_sha256:
            raise InvalidRequest(
                FieldError("#Idempotency-Key", "This key was used for another request.")
            )
        if "status" not in found:
            raise Conflict("The first request with this key is still running.")
        return Answer(found["status"], found["headers"], found["text"])

    async def done(self, scope: str, body_sha256: str, answer: Answer) -> None:
        """Keeps a response for a day."""
        text = json.dumps(
            {
                "body": body_sha256,
                "status": answer.status,
                "headers": dict(answer.headers),
                "text": answer.body,
            }
        )
        with self._store.errors():
            await self._store.client.set(_KEY.format(scope=scope), text, ex=_KEEP_S)

    async def release(self, scope: str) -> None:
        """Gives a key back: its request changed nothing."""
        with self._store.errors():
            await self._store.client.delete(_KEY.format(scope=scope))
