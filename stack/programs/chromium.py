"""Chromium, for the tests of the web page."""

from pathlib import Path

from stack.errors import InstallFailed
from stack.programs import apt
from stack.programs.lookup import on_path
from stack.progress import Progress
from stack.settings import StackSettings

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def find() -> Path | None:
    """Give a Chromium or Chrome that is on PATH."""
    return on_path(*_NAMES)


def find_or_install(settings: StackSettings, progress: Progress) -> Path:
    """Give a Chromium or Chrome; installs Debian's when there is none."""
    if found := find():
        return found
    apt.install(["chromium"], "Chromium", settings, progress)
    if found := find():
        return found
    raise InstallFailed("Debian's chromium was installed, but is not on PATH")
