"""The scripted caller's command line."""

import argparse
import asyncio
import sys

from rich.console import Console

from caller.demo import demo
from caller.priority import raise_priority
from caller.settings import CallerSettings


def main() -> int:
    """Runs one command; 0 only when everything that has to hold did."""
    parser = argparse.ArgumentParser(prog="caller", description=__doc__)
    parser.add_argument("command", choices=["demo"], help="demo: hold a conversation and check it")
    parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 120)
    settings = CallerSettings()
    raise_priority(settings.nice)
    report = asyncio.run(demo(settings, console))
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
