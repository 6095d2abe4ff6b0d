"""Debian packages: installed when this user may, else the command to run is named."""

import os
import shutil
import time
from collections.abc import Sequence

from stack.commands import run_logged
from stack.errors import InstallFailed, ProgramMissing
from stack.progress import Progress, Step
from stack.settings import StackSettings

_ATTEMPTS = 3
_APT = [
    "apt-get",
    "-o",
    "DPkg::Lock::Timeout=300",
    "-o",
    "Acquire::Retries=3",
    "--yes",
]
_ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    # Debian starts a service that it installs, which would take the port from the stack.
    "RUNLEVEL": "1",
}


def install(packages: Sequence[str], why: str, settings: StackSettings, progress: Progress) -> None:
    """Install Debian packages.

    Args:
        packages: their names.
        why: what they are for, for the error.
        settings: of the stack.
        progress: where to show it.

    Raises:
        ProgramMissing: there is no apt-get, or this user is not root; names the command.
        InstallFailed: apt-get ended with an error.
    """
    command = f"apt-get install --no-install-recommends {' '.join(packages)}"
    if shutil.which("apt-get") is None:
        raise ProgramMissing(
            f"{why}: not found on PATH, and there is no apt-get here. Install it by your "
            f"system's packages (Debian: {command})."
        )
    if os.geteuid() != 0:
        raise ProgramMissing(f"{why}: not found. Run: sudo {command}")
    with progress.step(f"installing {', '.join(packages)} (apt)") as step:
        _attempt(["update"], settings, step)
        _attempt(["install", "--no-install-recommends", *packages], settings, step)


def _attempt(arguments: list[str], settings: StackSettings, step: Step) -> None:
    """Run apt-get, again after a pause when it fails: mirrors hiccup, another apt holds a lock."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            run_logged(
                [*_APT, *arguments],
                step=step,
                log=settings.cache_dir / "logs" / "apt.log",
                timeout_s=settings.install_timeout_s,
                env=_ENVIRONMENT,
            )
            return
        except InstallFailed:
            if attempt == _ATTEMPTS:
                raise
            step.note = f"failed; attempt {attempt + 1} of {_ATTEMPTS} follows"
            time.sleep(5 * attempt)
