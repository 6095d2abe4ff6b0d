"""`python -m control_api backup FILE` and `restore FILE`: all that is kept, directly in Redis."""

import argparse
import asyncio
import sys
from pathlib import Path

from control_api.errors import BackupError, NeighbourError
from control_api.settings import Settings
from control_api.store import Backup, RedisStore
from control_api.telemetry import Telemetry


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds both commands to the program's."""
    write = commands.add_parser(
        "backup", help="write transcripts, keys, calls, webhooks, trunks and rules to a file"
    )
    write.add_argument("file", type=Path, help="such as trinity.backup.gz; it will hold secrets")
    read = commands.add_parser("restore", help="put a backup back; stop the API first")
    read.add_argument("file", type=Path)
    read.add_argument(
        "--replace", action="store_true", help="delete what is there first; else it must be empty"
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Runs a command; returns the exit status."""
    try:
        return asyncio.run(_run(arguments, settings))
    except NeighbourError as error:
        print(f"{error} (REDIS_URL)", file=sys.stderr)
    except BackupError as error:
        print(error, file=sys.stderr)
    return 1


async def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    store = RedisStore.open(settings, Telemetry())
    backup = Backup(store)
    try:
        if arguments.command == "backup":
            counts = await backup.write(arguments.file)
        else:
            counts = await backup.read(arguments.file, replace=arguments.replace)
    finally:
        await backup.aclose()
        await store.aclose()
    done = "written to" if arguments.command == "backup" else "restored from"
    print(f"{counts.keys} keys, {counts.transcripts} transcripts {done} {arguments.file}")
    return 0
