"""API keys: `trinity_{id}_{secret}`; of the secret only a hash is kept.

The secret has 256 random bits, so a plain SHA-256 suffices: there is nothing to guess.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import cast

from control_api.store.redis import RedisStore

_HASH = "trinity:api-keys"
_KEY = re.compile(r"trinity_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key.

    Attributes:
        id: The public part.
        name: What it is for, in its maker's words.
        scopes: What it may do.
        created_at: RFC 3339.
        secret_sha256: Hexadecimal.
    """

    id: str
    name: str
    scopes: Sequence[str]
    created_at: str
    secret_sha256: str


class ApiKeys:
    """The keys of a store."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    async def create(self, name: str, scopes: Sequence[str]) -> tuple[ApiKey, str]:
        """Makes a key; returns its record, and the key itself, which is not kept."""
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        record = ApiKey(key_id, name, list(scopes), now, _hash(secret))
        with self._store.errors():
            await self._store.client.hset(_HASH, key_id, json.dumps(asdict(record)))
        return record, f"trinity_{key_id}_{secret}"

    async def verify(self, key: str) -> ApiKey | None:
        """The record of a key, or None when we do not know it."""
        match = _KEY.fullmatch(key)
        if match is None:
            return None
        with self._store.errors():
            stored = await self._store.client.hget(_HASH, match[1])
        if stored is None:
            return None
        record = ApiKey(**json.loads(stored))
        return record if hmac.compare_digest(record.secret_sha256, _hash(match[2])) else None

    async def list(self) -> Sequence[ApiKey]:
        """All keys, the oldest first."""
        with self._store.errors():
            stored = cast("dict[str, str]", await self._store.client.hgetall(_HASH))
        records = [ApiKey(**json.loads(value)) for value in stored.values()]
        return sorted(records, key=lambda record: record.created_at)

    async def revoke(self, key_id: str) -> bool:
        """Forgets a key; False when there was none."""
        with self._store.errors():
            return bool(await self._store.client.hdel(_HASH, key_id))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
