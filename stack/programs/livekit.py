"""LiveKit's server: the media router."""

from pathlib import Path

from stack.programs import go
from stack.programs.lookup import in_cache, on_path, only_one
from stack.progress import Progress
from stack.settings import StackSettings

NAME = "livekit-server"
VERSION = "v1.13.5"
"""Later ones carry replace lines in go.mod, which ``go install`` refuses."""
_PACKAGE = f"github.com/livekit/livekit-server/cmd/server@{VERSION}"


def find_or_install(settings: StackSettings, progress: Progress) -> Path:
    """Give ``livekit-server``; builds it once when it is not there (about 4 minutes)."""
    if found := on_path(NAME) or in_cache(settings.bin_dir, NAME):
        return found
    with (
        progress.step(f"building LiveKit server {VERSION} (once, about 4 minutes)") as step,
        only_one(settings.cache_dir, NAME, step, settings.install_timeout_s),
    ):
        return in_cache(settings.bin_dir, NAME) or go.install(_PACKAGE, NAME, settings, step)
