"""Programs that are built from a Go module, by Go's own client."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from stack.commands import last_line, run_logged
from stack.errors import ProgramMissing
from stack.programs.lookup import on_path, place
from stack.progress import Step
from stack.settings import StackSettings

_USUAL = Path("/usr/local/go/bin/go")


def require_go(why: str) -> Path:
    """Find the Go toolchain.

    Raises:
        ProgramMissing: there is none; says what it is needed for and where to get it.
    """
    if found := on_path("go"):
        return found
    if _USUAL.is_file():
        return _USUAL
    raise ProgramMissing(
        f"{why} is not on PATH and Go is needed to build it: install Go (https://go.dev/dl) or "
        f"put {why} on PATH."
    )


def install(
    package: str,
    name: str,
    settings: StackSettings,
    step: Step,
    *,
    flags: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
) -> Path:
    """Build ``package@version`` and keep its one program in the cache as ``name``.

    Raises:
        ProgramMissing: Go is missing.
        InstallFailed: the build failed; the message has the end of its log.
    """
    go = require_go(name)
    log = settings.cache_dir / "logs" / f"{name}.log"
    log.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=settings.cache_dir) as folder:
        run_logged(
            [str(go), "install", "-v", *flags, package],
            step=step,
            log=log,
            timeout_s=settings.install_timeout_s,
            note=_packages,
            env={"GOBIN": folder, "GOWORK": "off", **(env or {})},
        )
        (built,) = Path(folder).iterdir()
        return place(built, settings.bin_dir, name)


def _packages(log: Path) -> str:
    """Say how far a build is: Go names each package that it has compiled, but not their number."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if " " not in line]
    return f"{len(lines)} packages, {lines[-1]}" if lines else last_line(log)
