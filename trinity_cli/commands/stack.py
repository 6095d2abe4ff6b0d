"""``trinity up`` and ``trinity down``: the stack without containers, by its own commands."""

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
    root = Path(__file__).resolve().parents[2]
    if not (root / "Makefile").is_file():
        raise ProgramMissing(
            "The stack is started from a checkout of Trinity, and this is none.",
            remedy="Run .venv/bin/trinity of a checkout, or use containers: docker compose up",
        )
    if make := shutil.which("make"):
        os.execv(make, [make, "-C", str(root), "--no-print-directory", target])
    os.execv(sys.executable, [sys.executable, "-m", "stack", target])
