"""`python -m control_api keys`: makes, lists and revokes API keys, directly in Redis."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from control_api.access import Scope
from control_api.errors import NeighbourError
from control_api.settings import Settings
from control_api.store import ApiKeys, RedisStore
from control_api.telemetry import Telemetry


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to the program's."""
    keys = commands.add_parser("keys", help="API keys").add_subparsers(dest="action", required=True)
    create = keys.add_parser("create", help="make a key and print it, once")
    create.add_argument("--name", required=True, help="what the key is for")
    create.add_argument(
        "--scope",
        action="append",
        required=True,
        choices=[scope.value for scope in Scope],
        help="what it may do; may be given several times",
    )
    keys.add_parser("list", help="list the keys")
    revoke = keys.add_parser("revoke", help="forget a key")
    revoke.add_argument("id", help="the key's id, as `list` shows it")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Runs the command; returns the exit status."""
    try:
        return asyncio.run(_run(arguments, settings))
    except NeighbourError as error:
        print(f"{error} (REDIS_URL)", file=sys.stderr)
        return 1


async def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    store = RedisStore.open(settings, Telemetry())
    try:
        keys = ApiKeys(store)
        if arguments.action == "create":
            return await _create(keys, arguments.name, arguments.scope)
        if arguments.action == "revoke":
            return await _revoke(keys, arguments.id)
        return await _list(keys)
    finally:
        await store.aclose()


async def _create(keys: ApiKeys, name: str, scopes: Sequence[str]) -> int:
    _, key = await keys.create(name, sorted(set(scopes)))
    print(key)
    print("Keep it: only its hash is stored.", file=sys.stderr)
    return 0


async def _revoke(keys: ApiKeys, key_id: str) -> int:
    if await keys.revoke(key_id):
        print(f"revoked {key_id}")
        return 0
    print(f"there is no key {key_id}", file=sys.stderr)
    return 1


async def _list(keys: ApiKeys) -> int:
    for record in await keys.list():
        print(f"{record.id}  {record.created_at}  {','.join(record.scopes)}  {record.name}")
    return 0
