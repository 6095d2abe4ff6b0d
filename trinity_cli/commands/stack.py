"""``trinity up`` and ``trinity down``: the stack without containers, by its own commands."""

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import typer

from trinity_cli.errors import ProgramMissing


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def up() -> None:
        """Set everything up, start the whole stack and stay; Ctrl-C stops it (as `make up`)."""
        _become("up")

    @app.command()
    def down() -> None:
        """Stop a stack that runs in another shell (as `make down`)."""
        _become("down")


def _become(target: str) -> None:
    """Become the stack's own command, which then has the terminal and its signals."""
    found = importlib.util.find_spec("stack")
    if found is None or found.origin is None:
        raise ProgramMissing(
            "The stack is not installed here.",
            remedy="Run it in a checkout of Trinity, or use containers: docker compose up",
        )
    root = Path(found.origin).resolve().parents[1]
    make = shutil.which("make")
    if make and (root / "Makefile").is_file():
        os.execv(make, [make, "-C", str(root), "--no-print-directory", target])
    os.execv(sys.executable, [sys.executable, "-m", "stack", target])
