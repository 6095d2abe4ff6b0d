"""All that is kept, as one file, and back: keys with their types, in a form that any Redis reads.

A file is gzipped JSON lines: a head, a line a key, and an end with the number of keys, so that a
file that was cut off is noticed before anything is changed. Values that are no UTF-8 (LiveKit's
own) are base64 under `b64`.
"""

import base64
import gzip
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from control_api.errors import BackupError
from control_api.store.redis import RedisStore

_FORMAT = "trinity-backup"
_VERSION = 1
_OURS = "trinity:*"
# LiveKit's own that outlive a call: trunks, rules, ingresses. Rooms do not outlive their server.
_LIVEKITS = (
    "sip_trunk",
    "sip_inbound_trunk",
    "sip_outbound_trunk",
    "sip_dispatch_rule",
    "ingress",
)
# What belongs to running processes, or is over in a moment.
_PASSING = ("trinity:lock:", "trinity:rate:", "trinity:presence:", "trinity:webhook:")
_ROWS = 500


@dataclass(frozen=True, slots=True)
class Counts:
    """How many keys a backup has, and how many of them are transcripts."""

    keys: int
    transcripts: int


class Backup:
    """Reads and writes whole stores; nothing else should write meanwhile when one is restored."""

    def __init__(self, store: RedisStore) -> None:
        self._store = store
        # The same server, but bytes: LiveKit's values are no text.
        kwargs = {**store.client.connection_pool.connection_kwargs, "decode_responses": False}
        # redis-py's types do not tell a client of bytes from one of text.
        self._client: Any = Redis(
            connection_pool=store.client.connection_pool.__class__(
                connection_class=store.client.connection_pool.connection_class, **kwargs
            )
        )

    async def aclose(self) -> None:
        """Closes the connections of its own."""
        await self._client.aclose()
        await self._client.connection_pool.aclose()

    async def write(self, path: Path) -> Counts:
        """Writes a file that only its owner may read: it has secrets and what people said.

        Raises:
            BackupError: The file cannot be written.
            NeighbourError: Redis went away; no file is left.
        """
        made = path.with_name(path.name + ".part")
        try:
            made.touch(mode=0o600)
            with gzip.open(made, "wt", encoding="utf-8") as file:
                counts = await self._write(file)
            made.replace(path)
        except OSError as error:
            raise BackupError(f"{path} cannot be written: {error.strerror}") from error
        finally:
            made.unlink(missing_ok=True)
        return counts

    async def read(self, path: Path, *, replace: bool) -> Counts:
        """Puts everything of a file into the store.

        Args:
            path: The file.
            replace: Deletes what is there first; without, the store has to be empty of ours.

        Raises:
            BackupError: The file is none, or not whole, or the store is not empty.
            NeighbourError: Redis went away.
        """
        counts = _checked(path)
        with self._store.errors():
            present = [key async for key in self._keys()]
            if present and not replace:
                raise BackupError(
                    f"The store has {len(present)} keys already; --replace deletes them first."
                )
            if present:
                await self._client.delete(*present)
            for row in _rows(path):
                await self._put(row)
        return counts

    async def _write(self, file: Any) -> Counts:
        keys = transcripts = 0
        file.write(json.dumps({"format": _FORMAT, "version": _VERSION}) + "\n")
        with self._store.errors():
            async for key in self._keys():
                kind = (await self._client.type(key)).decode()
                value = await self._get(key, kind)
                if value is None:  # it ran out in between
                    continue
                ttl_ms = await self._client.pttl(key)
                row = {"key": _packed(key), "type": kind, "ttl_ms": max(ttl_ms, 0), "value": value}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                keys += 1
                transcripts += key.startswith(b"trinity:transcript:")
        file.write(json.dumps({"end": True, "keys": keys, "transcripts": transcripts}) + "\n")
        return Counts(keys, transcripts)

    async def _keys(self) -> AsyncIterator[bytes]:
        async for key in self._client.scan_iter(match=_OURS, count=_ROWS):
            if not key.decode(errors="replace").startswith(_PASSING):
                yield key
        for name in _LIVEKITS:
            if await self._client.exists(name):
                yield name.encode()

    async def _get(self, key: bytes, kind: str) -> Any:
        client = self._client
        if kind == "string":
            value = await client.get(key)
            return None if value is None else _packed(value)
        if kind == "hash":
            return [[_packed(k), _packed(v)] for k, v in (await client.hgetall(key)).items()]
        if kind == "set":
            return [_packed(each) for each in await client.smembers(key)]
        if kind == "zset":
            return [
                [_packed(each), at] for each, at in await client.zrange(key, 0, -1, withscores=True)
            ]
        if kind == "stream":
            rows = await client.xrange(key)
            return [
                [_packed(row_id), [[_packed(k), _packed(v)] for k, v in fields.items()]]
                for row_id, fields in rows
            ]
        return None

    async def _put(self, row: dict[str, Any]) -> None:
        key, value = _unpacked(row["key"]), row["value"]
        async with self._client.pipeline(transaction=False) as pipe:
            match row["type"]:
                case "string":
                    pipe.set(key, _unpacked(value))
                case "hash":
                    pipe.hset(key, mapping={_unpacked(k): _unpacked(v) for k, v in value})
                case "set":
                    pipe.sadd(key, *(_unpacked(each) for each in value))
                case "zset":
                    pipe.zadd(key, {_unpacked(each): at for each, at in value})
                case "stream":
                    for row_id, fields in value:
                        pairs = {_unpacked(k): _unpacked(v) for k, v in fields}
                        pipe.xadd(key, pairs, id=_unpacked(row_id))
            if row["ttl_ms"]:
                pipe.pexpire(key, row["ttl_ms"])
            await pipe.execute()


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)
    except FileNotFoundError:
        raise BackupError(f"{path} is not there.") from None
    except (OSError, EOFError, ValueError) as error:
        raise BackupError(f"{path} is no backup, or not a whole one.") from error


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    return (line for line in _lines(path) if "key" in line)


def _checked(path: Path) -> Counts:
    """Reads the whole file before anything is changed."""
    head: dict[str, Any] | None = None
    last: dict[str, Any] = {}
    keys = 0
    for line in _lines(path):
        head = head or line
        last = line
        keys += "key" in line
    if head is None or head.get("format") != _FORMAT:
        raise BackupError(f"{path} is no backup, or not a whole one.")
    if head["version"] != _VERSION:
        raise BackupError(f"{path} was written by another version ({head['version']}).")
    if not last.get("end") or last["keys"] != keys:
        raise BackupError(f"{path} is no backup, or not a whole one.")
    return Counts(keys, last["transcripts"])


def _packed(value: bytes) -> str | dict[str, str]:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode()}


def _unpacked(value: str | dict[str, str]) -> bytes:
    return value.encode() if isinstance(value, str) else base64.b64decode(value["b64"])
