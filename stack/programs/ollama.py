"""Ollama: found, or built from its Go module.

The module as Go serves it lacks three folders of headers that its repository vendors: those come
from Debian's ``nlohmann-json3-dev`` and ``libstb-dev`` and from the source package of PyPI's
``miniaudio``. Its CPU kernels are compiled by cgo, which knows nothing of the machine: without the
flags below they use no vector instruction beyond SSE2.
"""

import json
import os
import platform
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from stack.commands import run_logged
from stack.errors import InstallFailed, ProgramMissing
from stack.programs import apt, go
from stack.programs.lookup import in_cache, on_path, only_one
from stack.progress import Progress, Step
from stack.settings import StackSettings

NAME = "ollama"
VERSION = "v0.17.4"
_PACKAGE = f"github.com/ollama/ollama@{VERSION}"

_CPU_FLAGS = {"avx2": "-mavx2", "fma": "-mfma", "f16c": "-mf16c"}
_DEBIAN_HEADERS = {
    "nlohmann/json.hpp": "nlohmann-json3-dev",
    "stb/stb_image.h": "libstb-dev",
}
_MINIAUDIO = "miniaudio==1.61"
_MINIAUDIO_SHA256 = "e88e97837d031f0fb6982394218b6487de02eaa382ad273b8fca37791a2b4b15"
_MINIAUDIO_HEADER = "miniaudio/miniaudio.h"


def find_or_install(settings: StackSettings, progress: Progress) -> Path:
    """Give ``ollama``; builds it once when it is not there (5 to 9 minutes on two cores)."""
    if found := on_path(NAME) or _built(settings):
        return found
    _require_compiler()
    _debian_headers(settings, progress)
    with (
        progress.step(f"building Ollama {VERSION} (once, 5 to 9 minutes)") as step,
        only_one(settings.cache_dir, NAME, step, settings.install_timeout_s),
    ):
        return _built(settings) or _build(settings, step)


def cpu_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> list[str]:
    """Give the compiler's flags for the vector instructions that this CPU has."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return []
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return []
    has = next((line.split(":", 1)[1].split() for line in lines if line.startswith("flags")), [])
    return [flag for name, flag in _CPU_FLAGS.items() if name in has]


def _built(settings: StackSettings) -> Path | None:
    """Find an earlier build, unless this CPU lacks what it was built for (a moved cache)."""
    found = in_cache(settings.bin_dir, NAME)
    if found is None:
        return None
    try:
        stamp = json.loads(_stamp(settings).read_text())
        fits = set(stamp["cpu_flags"]) <= set(cpu_flags())
    except (OSError, ValueError, KeyError):
        return None
    return found if fits else None


def _stamp(settings: StackSettings) -> Path:
    return settings.bin_dir / f"{NAME}.json"


def _require_compiler() -> None:
    go.require_go(NAME)
    compilers = (os.environ.get("CC", "gcc"), os.environ.get("CXX", "g++"))
    missing = [name for name in compilers if shutil.which(name.split()[0]) is None]
    if missing:
        raise ProgramMissing(
            f"ollama is not on PATH and its build needs {' and '.join(missing)}: install a C++ "
            "compiler (Debian: apt-get install g++), put ollama on PATH, or set OLLAMA_HOST to "
            "one that runs."
        )


def _debian_headers(settings: StackSettings, progress: Progress) -> None:
    include = (Path("/usr/include"), Path("/usr/local/include"))
    packages = [
        package
        for header, package in _DEBIAN_HEADERS.items()
        if not any((folder / header).is_file() for folder in include)
    ]
    if packages:
        apt.install(packages, "headers for the build of Ollama", settings, progress)


def _build(settings: StackSettings, step: Step) -> Path:
    flags = cpu_flags()
    optimise = " ".join(["-O3", *flags])
    _stamp(settings).unlink(missing_ok=True)
    path = go.install(
        _PACKAGE,
        NAME,
        settings,
        step,
        # The registry refuses newer models to a client that does not tell its version.
        flags=[f"-ldflags=-s -w -X=github.com/ollama/ollama/version.Version={VERSION[1:]}"],
        env={
            "CGO_ENABLED": "1",
            "CGO_CPPFLAGS": f"-I{_miniaudio(settings, step)}",
            "CGO_CFLAGS": optimise,
            "CGO_CXXFLAGS": optimise,
        },
    )
    _stamp(settings).write_text(json.dumps({"version": VERSION, "cpu_flags": flags}))
    return path


def _miniaudio(settings: StackSettings, step: Step) -> Path:
    """Give an include folder with ``miniaudio/miniaudio.h``, taken from PyPI's source package."""
    include = settings.cache_dir / "include"
    header = include / _MINIAUDIO_HEADER
    if header.is_file():
        return include
    with tempfile.TemporaryDirectory(prefix="miniaudio-", dir=settings.cache_dir) as name:
        folder = Path(name)
        wanted = folder / "requirements.txt"
        wanted.write_text(f"{_MINIAUDIO} --hash=sha256:{_MINIAUDIO_SHA256}\n")
        run_logged(
            [
                *(sys.executable, "-m", "pip", "download"),
                *("--no-deps", "--no-binary", "miniaudio", "--require-hashes"),
                *("--requirement", str(wanted), "--dest", name),
            ],
            step=step,
            log=settings.cache_dir / "logs" / "miniaudio.log",
            timeout_s=settings.install_timeout_s,
        )
        (archive,) = folder.glob("*.tar.gz")
        with tarfile.open(archive) as source:
            for member in source:
                if member.isfile() and member.name.endswith(f"/{_MINIAUDIO_HEADER}"):
                    header.parent.mkdir(parents=True, exist_ok=True)
                    data = source.extractfile(member)
                    assert data is not None  # it is a file
                    partial = header.with_suffix(".partial")
                    partial.write_bytes(data.read())
                    partial.replace(header)
                    return include
    raise InstallFailed(f"{archive.name} of PyPI has no {_MINIAUDIO_HEADER}")
