"""This machine's speaker and microphone, by the programs that its sound system brings along."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Self

from trinity_cli.errors import CliError, ProgramMissing

_PLAYERS = (
    ("paplay", "--raw", "--format=s16le", "--channels=1", "--rate={rate_hz}"),
    ("aplay", "-q", "-t", "raw", "-f", "S16_LE", "-c", "1", "-r", "{rate_hz}"),
    ("play", "-q", "-t", "raw", "-e", "signed", "-b", "16", "-c", "1", "-r", "{rate_hz}", "-"),
)
_RECORDERS = (
    ("parec", "--raw", "--format=s16le", "--channels=1", "--rate={rate_hz}", "--latency-msec=50"),
    ("arecord", "-q", "-t", "raw", "-f", "S16_LE", "-c", "1", "-r", "{rate_hz}"),
    ("rec", "-q", "-t", "raw", "-e", "signed", "-b", "16", "-c", "1", "-r", "{rate_hz}", "-"),
)
_PIECE_S = 0.05
_STOP_S = 3.0
_INSTALL = "Install one: sudo apt-get install alsa-utils (or pulseaudio-utils, or sox)"


class Player:
    """The speaker; use it as a context manager. The end waits until all was heard."""

    def __init__(self) -> None:
        self._command = _find(_PLAYERS, "play sound", "or write a file with --output")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Open nothing yet: the first sound brings the rate."""
        return self

    def play(self, content: bytes, rate_hz: int) -> None:
        """Play samples after those before."""
        if self._process is None:
            command = [part.format(rate_hz=rate_hz) for part in self._command]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            _pipe(self._process.stdin).write(content)
            _pipe(self._process.stdin).flush()
        except BrokenPipeError:
            raise _failed(self._process, self._command[0]) from None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait for the last of the sound; after an error, stop at once."""
        process = self._process
        if process is None:
            return
        if kind is not None:
            process.kill()
        with contextlib.suppress(BrokenPipeError):
            _pipe(process.stdin).close()
        process.wait()
        if kind is None and process.returncode:
            raise _failed(process, self._command[0])
        _pipe(process.stderr).close()


class Recorder:
    """The microphone; use it as a context manager. `stop` ends what `pieces` gives."""

    def __init__(self, rate_hz: int = 16_000) -> None:
        self.rate_hz = rate_hz
        command = _find(_RECORDERS, "record sound", "or name a file")
        self._command = [part.format(rate_hz=rate_hz) for part in command]
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def __enter__(self) -> Self:
        """Begin to record."""
        self._process = subprocess.Popen(
            self._command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Ctrl-C is ours: it ends the recording, not the words that are still on their way.
            start_new_session=True,
        )
        return self

    def pieces(self) -> Iterator[bytes]:
        """Give samples as they come.

        Raises:
            CliError: The program ended by itself.
        """
        assert self._process is not None
        size = 2 * round(self.rate_hz * _PIECE_S)
        while piece := _pipe(self._process.stdout).read(size):
            yield piece
        if not self._stopped and self._process.wait():
            raise _failed(self._process, self._command[0])

    def stop(self) -> None:
        """End the recording."""
        self._stopped = True
        if self._process is not None:
            self._process.terminate()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of the microphone."""
        if self._process is None:
            return
        self.stop()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _pipe(self._process.stdout).close()
        _pipe(self._process.stderr).close()


def _find(commands: tuple[tuple[str, ...], ...], task: str, otherwise: str) -> tuple[str, ...]:
    for command in commands:
        if shutil.which(command[0]):
            return command
    names = ", ".join(command[0] for command in commands)
    raise ProgramMissing(
        f"To {task}, one of these programs is needed: {names}.", remedy=f"{_INSTALL}, {otherwise}."
    )


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _failed(process: subprocess.Popen[bytes], name: str) -> CliError:
    process.wait()
    with _pipe(process.stderr) as stderr:
        said = stderr.read().decode(errors="replace").strip().splitlines()
    return CliError(
        f"{name} ended with status {process.returncode}" + (f": {said[-1]}" if said else "."),
        remedy="Is there a sound device, and may this user use it?",
    )
