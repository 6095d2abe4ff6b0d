"""Redis: transcripts, and LiveKit's own state."""

from pathlib import Path

from stack.errors import InstallFailed
from stack.programs import apt
from stack.programs.lookup import in_cache, on_path
from stack.progress import Progress
from stack.settings import StackSettings

NAME = "redis-server"


def find_or_install(settings: StackSettings, progress: Progress) -> Path:
    """Give ``redis-server``; installs Debian's when it is not there."""
    if found := on_path(NAME) or in_cache(settings.bin_dir, NAME):
        return found
    apt.install([NAME], "Redis (redis-server)", settings, progress)
    if found := on_path(NAME):
        return found
    raise InstallFailed("Debian's redis-server was installed, but is not on PATH")
