"""The Python package index, as the user's own pip is configured for it.

pip knows the index, its credentials, proxies and certificates; nobody else does. So pip is asked
where a wheel is, and downloads it itself where our own client is refused.
"""

import contextlib
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from model_store.errors import SourceError
from model_store.progress import Reporter

# Asking takes two requests of a few kilobytes; an index that is slow to answer is not down.
_LOCATE_TIMEOUT_S = 180.0
_COMMON = ("--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check")


@dataclass(frozen=True, slots=True)
class Located:
    """Where a wheel is; the address may carry credentials, so it is not shown."""

    url: str
    filename: str


def _pip(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pip", *arguments]


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_LOCATE_TIMEOUT_S
        )
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"pip did not answer within {_LOCATE_TIMEOUT_S:.0f} s") from error


def _complaint(output: str) -> str:
    """What pip says went wrong, without the addresses it says it about."""
    lines = [line for line in output.splitlines() if line.startswith("ERROR:")] or ["it failed"]
    return re.sub(r"https?://\S+", "(address)", lines[-1].removeprefix("ERROR: "))


def locate(package: str, version: str) -> Located:
    """Asks pip where the wheel of a package is.

    `fast-deps` lets pip read a wheel's metadata by HTTP range where the index does not serve it
    apart (PEP 658); without it pip would download the whole wheel to answer. A pip without that
    option is asked again without it.

    Raises:
        SourceError: the index does not have it, or pip cannot be asked.
    """
    arguments = ["install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    wanted = f"{package}=={version}"
    done = _run(_pip(*arguments, "--use-feature=fast-deps", *_COMMON, wanted))
    if done.returncode == 2 and "fast-deps" in done.stderr:
        done = _run(_pip(*arguments, *_COMMON, wanted))
    if done.returncode != 0:
        if "No module named pip" in done.stderr:
            raise SourceError(f"{wanted}: {sys.executable} has no pip (extra `models`)")
        raise SourceError(f"{wanted}: pip says: {_complaint(done.stderr)}")
    try:
        url = json.loads(done.stdout)["install"][0]["download_info"]["url"]
    except (ValueError, LookupError, TypeError) as error:
        raise SourceError(f"{wanted}: pip's report cannot be read") from error
    return Located(url=url, filename=str(url).rsplit("/", 1)[-1])


def certificate() -> str | None:
    """The file of authorities that pip is configured to trust, if any."""
    done = _run(_pip("config", "list"))
    for key in (":env:.cert", "install.cert", "global.cert"):
        if match := re.search(rf"^{re.escape(key)}='(.*)'$", done.stdout, re.MULTILINE):
            return match[1]
    return None


@contextlib.contextmanager
def _killed_after(process: subprocess.Popen[str], deadline_s: float) -> Iterator[None]:
    timer = threading.Timer(deadline_s, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def pip_download(
    package: str, version: str, folder: Path, size: int, reporter: Reporter, deadline_s: float
) -> None:
    """Lets pip download the wheel into `folder`, with progress; it cannot resume a later run.

    Raises:
        SourceError: pip failed too, or took longer than `deadline_s`.
    """
    wanted = f"{package}=={version}"
    command = _pip("download", "--progress-bar", "raw", "--dest", str(folder), *_COMMON, wanted)
    reporter.begin(f"{wanted} (by pip)", size)
    complaint = ""
    done = 0
    try:
        with (
            subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            ) as process,
            _killed_after(process, deadline_s),
        ):
            for line in process.stdout or ():
                if match := re.match(r"Progress (\d+) of", line):
                    reporter.advance(int(match[1]) - done)
                    done = int(match[1])
                elif line.startswith("ERROR:"):
                    complaint = line
        if process.returncode != 0:
            raise SourceError(f"{wanted}: pip says: {_complaint(complaint)}")
    finally:
        reporter.end()
