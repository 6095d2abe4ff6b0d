"""Prometheus: optional, never installed by the stack."""

from pathlib import Path

from stack.errors import ProgramMissing
from stack.programs.lookup import in_cache, on_path
from stack.settings import StackSettings

NAME = "prometheus"


def find(settings: StackSettings) -> Path | None:
    """Give ``prometheus``, or None when the stack is to run without it.

    Raises:
        ProgramMissing: ``STACK_PROMETHEUS`` asks for it and it is not there.
    """
    if settings.prometheus is False:
        return None
    found = on_path(NAME) or in_cache(settings.bin_dir, NAME)
    if found is None and settings.prometheus:
        raise ProgramMissing(
            "STACK_PROMETHEUS is true, but prometheus is not on PATH. "
            "Run: sudo apt-get install --no-install-recommends prometheus"
        )
    return found
