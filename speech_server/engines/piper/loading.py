"""Loads a voice: its stages come from the disk, where they are written when they are missing."""

import contextlib
import hashlib
import shutil
import subprocess
import sys
import tempfile
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from speech_server.engines.piper.config import find_files, read_config
from speech_server.engines.piper.cut import Cut, read_cut
from speech_server.engines.piper.errors import BrokenVoice
from speech_server.engines.piper.voice import AnyVoice, PiperVoice, WholeVoice
from speech_server.heap import give_back

FORM = 5
"""Grows when the same voice would be cut in another way."""

CUT_S = 300.0

_lock = threading.Lock()


def load_voice(
    place: Path,
    *,
    device: Literal["cpu", "cuda"],
    threads: int,
    cache: Path | None = None,
    cut: bool = True,
) -> tuple[AnyVoice, str | None]:
    """Load a voice from its folder or graph.

    Blocks for seconds. Gives the voice, and why it was not cut when it was not.

    Args:
        place: The voice.
        device: Where it runs.
        threads: Threads on the CPU; 0 takes one for each core.
        cache: Folder of stages that were written before; None cuts anew, in this process.
        cut: Cut it, if that can be done.

    Raises:
        BrokenVoice: The files are no voice, or ONNX Runtime cannot load it.
    """
    graph_path, config_path = find_files(place)
    config = read_config(config_path)
    with _lock, contextlib.ExitStack() as stack:
        try:
            if not cut:
                whole = WholeVoice(config, graph_path, device=device, threads=threads)
                return whole, "switched off"
            folder = None if cache is None else _cached(graph_path, config_path, cache)
            if folder is None:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                _cut(graph_path, folder, apart=cache is not None)
            known = read_cut(folder)
            if isinstance(known, Cut):
                voice = PiperVoice(config, known, device=device, threads=threads)
                give_back()
                return voice, None
            return WholeVoice(config, graph_path, device=device, threads=threads), known
        except BrokenVoice:
            raise
        except Exception as error:  # ONNX and ONNX Runtime raise kinds of their own
            raise BrokenVoice(f"the graph cannot be loaded: {type(error).__name__}") from error


def _cached(graph_path: Path, config_path: Path, cache: Path) -> Path | None:
    """Give the folder with the stages, making them if need be; None where nothing can be kept."""
    digest = hashlib.sha256(f"{FORM} {version('onnxruntime')} ".encode())
    for path in (config_path, graph_path):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    folder = cache / f"{graph_path.stem}-{digest.hexdigest()[:16]}"
    with contextlib.suppress(OSError, ValueError):
        read_cut(folder)
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=cache))
    except OSError:
        return None
    try:
        _cut(graph_path, making, apart=True)
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # another server was faster
            making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return folder


def _cut(graph_path: Path, folder: Path, *, apart: bool) -> None:
    """Write the stages of a voice, in a process of its own or in this one."""
    if not apart:
        from speech_server.engines.piper.cutting import cut_voice

        cut_voice(graph_path, folder)
        return
    program = [sys.executable, "-m", "speech_server.engines.piper.cutting"]
    ended = subprocess.run(
        [*program, str(graph_path.resolve()), str(folder)],
        capture_output=True,
        text=True,
        timeout=CUT_S,
        check=False,
    )
    if ended.returncode:
        last = ended.stderr.strip().splitlines()[-1:] or [f"status {ended.returncode}"]
        raise BrokenVoice(f"the graph cannot be cut: {last[0]}")
