"""Long commands of the set-up: output to a log that is kept, its last line shown as progress."""

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from stack.errors import InstallFailed
from stack.progress import Step

TAIL_LINES = 20


def run_logged(
    argv: Sequence[str],
    *,
    step: Step,
    log: Path,
    timeout_s: float,
    env: Mapping[str, str] | None = None,
    note: Callable[[Path], str] | None = None,
) -> None:
    """Run a command to its end, with its output appended to ``log``.

    ``note`` makes the progress' note of the log; its last line unless told otherwise.

    The command gets a process group of its own, which is killed when the wait ends in any other
    way than by the command's end: nothing goes on in the background.

    Raises:
        InstallFailed: it did not end with success in time; the message has the log's tail.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        output.write(f"$ {shlex.join(argv)}\n".encode())
        output.flush()
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        except OSError as error:
            raise InstallFailed(f"cannot run {argv[0]}: {error.strerror}", log) from error
        with _group_of(process):
            deadline = time.monotonic() + timeout_s
            while process.poll() is None:
                if time.monotonic() > deadline:
                    raise InstallFailed(
                        f"{shlex.join(argv)} took longer than {timeout_s:.0f} s; "
                        f"its log: {log}\n{tail(log)}",
                        log,
                    )
                step.note = (note or last_line)(log)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.5)
    if process.returncode != 0:
        raise InstallFailed(
            f"{shlex.join(argv)} ended with status {process.returncode}; "
            f"its log: {log}\n{tail(log)}",
            log,
        )


@contextlib.contextmanager
def _group_of(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill a process and its descendants when the block is left while it runs."""
    try:
        yield
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Give the last lines of a log, indented; empty when there is no log."""
    return "\n".join(f"    {line}" for line in _last_lines(log, lines))


def last_line(log: Path) -> str:
    """Give the last line of a log that says something."""
    lines = _last_lines(log, 1)
    return lines[0].strip() if lines else ""


def _last_lines(log: Path, count: int) -> list[str]:
    """Read the end of a log; a carriage return ends a line, as progress bars use it."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 65536))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    lines = [line.rstrip() for line in text.replace("\r", "\n").split("\n")]
    return [line for line in lines if line][-count:]
