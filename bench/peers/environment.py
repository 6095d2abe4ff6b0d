"""Python environments of the peers: made in the cache when missing, with progress shown."""

import fcntl
import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from bench.peers.errors import PeerUnavailableError
from bench.peers.settings import PeerSettings
from stack.commands import run_logged
from stack.errors import StackError
from stack.programs import apt
from stack.progress import Progress, Step
from stack.settings import StackSettings

__all__ = ["Recipe", "make"]

INSTALL_S = 1800.0


@dataclass(frozen=True)
class Recipe:
    """What an environment is made of.

    Args:
        name: Its folder's name.
        python: The interpreter.
        packages: Requirements that are installed with what they require.
        alone: Requirements that are installed without it.
        debian: Debian packages by a module of theirs, which the environment sees behind its own.
    """

    name: str
    python: Path
    packages: tuple[str, ...]
    alone: tuple[str, ...] = ()
    debian: tuple[tuple[str, str], ...] = ()

    @property
    def stamp(self) -> str:
        """Changes with what the environment is made of."""
        return hashlib.sha256(repr(self).encode()).hexdigest()


def make(recipe: Recipe, settings: PeerSettings, progress: Progress) -> Path:
    """Give the Python of an environment that holds all of a recipe; makes it when it is missing.

    Raises:
        PeerUnavailableError: It cannot be made here; says what to do.
    """
    folder = settings.cache_dir / "bench" / recipe.name
    python, stamp = folder / "bin" / "python", folder / ".trinity-recipe"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{recipe.name}.lock").open("w") as lock:
        # Two benches may start at once: the second waits and finds it made.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.is_file() and stamp.read_text() == recipe.stamp:
            return python
        try:
            _add_debian(recipe, settings, progress)
            with progress.step(f"making the environment of {recipe.name} (once)") as step:
                _install(recipe, settings, folder, step)
        except StackError as error:
            raise PeerUnavailableError(str(error)) from error
        stamp.write_text(recipe.stamp)
    return python


def _install(recipe: Recipe, settings: PeerSettings, folder: Path, step: Step) -> None:
    uv = _uv(settings)
    log = settings.cache_dir / "logs" / f"bench-{recipe.name}.log"
    python = folder / "bin" / "python"

    def run(*arguments: str) -> None:
        run_logged([uv, *arguments], step=step, log=log, timeout_s=INSTALL_S)

    run("venv", "--clear", "--python", str(recipe.python), str(folder))
    run("pip", "install", "--python", str(python), *recipe.packages)
    if recipe.alone:
        run("pip", "install", "--python", str(python), "--no-deps", *recipe.alone)
    if recipe.debian:
        # A path file comes after the environment's own packages, PYTHONPATH would come before.
        site = next((folder / "lib").glob("python*/site-packages"))
        (site / "debian.pth").write_text(f"{settings.system_packages}\n")


def _add_debian(recipe: Recipe, settings: PeerSettings, progress: Progress) -> None:
    missing = [
        package
        for package, module in recipe.debian
        if not (settings.system_packages / module).is_dir()
    ]
    if missing:
        stack = StackSettings().model_copy(update={"cache_dir": settings.cache_dir})
        apt.install(missing, f"{', '.join(missing)} (for {recipe.name})", stack, progress)


def _uv(settings: PeerSettings) -> str:
    """Find uv: on PATH, or where `scripts/setup` puts it."""
    found = shutil.which("uv") or shutil.which("uv", path=str(settings.cache_dir / "uv" / "bin"))
    if found is None:
        raise PeerUnavailableError("uv is not found; `make setup` brings it")
    return found
