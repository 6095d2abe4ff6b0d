"""Where a program is, and who may install it into the cache at one time."""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from stack.errors import InstallFailed
from stack.progress import Step


def on_path(*names: str) -> Path | None:
    """Find the first of these programs on PATH."""
    for name in names:
        if found := shutil.which(name):
            return Path(found).absolute()
    return None


def in_cache(bin_dir: Path, name: str) -> Path | None:
    """Find a program that an earlier set-up put into the cache."""
    path = bin_dir / name
    return path if path.is_file() and os.access(path, os.X_OK) else None


@contextlib.contextmanager
def only_one(cache_dir: Path, name: str, step: Step, timeout_s: float) -> Iterator[None]:
    """Hold the lock of one installation, so that two set-ups at once do it once.

    Whoever gets the lock looks again whether the program is there by now.

    Raises:
        InstallFailed: another set-up held the lock for longer than ``timeout_s``.
    """
    path = cache_dir / "locks" / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + timeout_s
    with path.open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise InstallFailed(f"another set-up holds {path} for too long") from None
                step.note = "another set-up installs it; waiting"
                time.sleep(0.5)
        yield


def place(built: Path, bin_dir: Path, name: str) -> Path:
    """Move a finished program into the cache in one step, under the name people know."""
    bin_dir.mkdir(parents=True, exist_ok=True)
    built.chmod(0o755)
    return built.replace(bin_dir / name)
