"""A softphone that tests hold: baresip, which speaks a recording and keeps what it hears.

It is driven over its own control socket, so that a test can wait for what happened.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import soundfile
import soxr

RATE_HZ = 8000
_MODULES = ("/usr/lib/baresip/modules", "/usr/lib64/baresip/modules")


def program() -> str | None:
    """The program with its modules, or None (Debian: baresip-core)."""
    found = shutil.which("baresip")
    return found if found and _modules() else None


def _modules() -> str | None:
    return next((each for each in _MODULES if Path(each).is_dir()), None)


class Softphone:
    """One telephone on loopback; use it as a context manager.

    Args:
        folder: Of its configuration and of what it hears.
        port: Its SIP port (the next one is its TLS); then its control socket, and 20 for sound.
        speech: Samples at 8 kHz that it speaks once in each call.
        host: Its address.
        credentials: User and password that it signs in with where it is asked to.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        speech: np.ndarray,
        host: str = "127.0.0.1",
        credentials: tuple[str, str] | None = None,
    ) -> None:
        self.address = f"{host}:{port}"
        self._host = host
        self._folder = folder
        self._control_port = port + 2
        self._events: list[dict[str, Any]] = []
        self._buffer = b""
        folder.mkdir(parents=True, exist_ok=True)
        say = folder / "say.wav"
        soundfile.write(say, speech, RATE_HZ, subtype="PCM_16")
        modules = ("g711", "aufile", "aubridge", "sndfile", "ctrl_tcp")
        lines = [
            f"module_path {_modules()}",
            *(f"module {name}.so" for name in modules),
            *(f"module_app {name}.so" for name in ("account", "menu")),
            f"audio_source aufile,{say}",
            "audio_player aubridge,nobody",
            "audio_alert aubridge,nobody-either",
            f"sip_listen {self.address}",
            f"ctrl_tcp_listen 127.0.0.1:{self._control_port}",
            f"rtp_ports {port + 4}-{port + 23}",
            f"snd_path {folder}",
        ]
        (folder / "config").write_text("\n".join(lines) + "\n")
        account = f"<sip:softphone@{host}>;regint=0;answermode=manual;audio_codecs=PCMU/8000/1"
        if credentials is not None:
            account += f";auth_user={credentials[0]};auth_pass={credentials[1]}"
        (folder / "accounts").write_text(f"{account}\n")
        (folder / "contacts").write_text("")

    def __enter__(self) -> Self:
        program_ = program()
        assert program_ is not None
        with (self._folder / "baresip.log").open("wb") as log:
            self._process = subprocess.Popen(
                [program_, "-4", "-n", self._host, "-f", str(self._folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "HOME": str(self._folder)},
            )
        give_up = time.monotonic() + 20
        while True:
            try:
                self._socket = socket.create_connection(("127.0.0.1", self._control_port), 5)
                return self
            except OSError:
                assert self._process.poll() is None, self.log
                assert time.monotonic() < give_up, self.log
                time.sleep(0.05)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def log(self) -> str:
        return (self._folder / "baresip.log").read_text(errors="replace")[-3000:]

    def dial(self, uri: str) -> None:
        self._command("dial", uri)

    def accept(self) -> None:
        self._command("accept")

    def press(self, digit: str) -> None:
        self._command("sndcode", digit)

    def hang_up(self) -> None:
        self._command("hangup")

    def forget(self) -> None:
        """Forget what happened until now."""
        self._read(0.01)
        self._events.clear()

    def happened(self, kind: str, within_s: float) -> bool:
        """Whether an event comes within a time."""
        give_up = time.monotonic() + within_s
        while (left := give_up - time.monotonic()) > 0:
            if any(event["type"] == kind for event in self._events):
                return True
            self._read(left)
        return False

    def wait(self, kind: str, timeout_s: float = 60) -> dict[str, Any]:
        """Wait for an event, CALL_ESTABLISHED say; each is given once."""
        give_up = time.monotonic() + timeout_s
        while True:
            for event in self._events:
                if event["type"] == kind:
                    self._events.remove(event)
                    return event
            assert time.monotonic() < give_up, f"no {kind}; {self._events}\n{self.log}"
            self._read(1.0)

    def heard(self) -> np.ndarray:
        """What it heard in its last call, which has to be over, as 16-bit samples at 8 kHz."""
        *_, last = sorted(self._folder.glob("dump-*-dec.wav"))
        samples, rate_hz = soundfile.read(last, dtype="int16")
        assert rate_hz == RATE_HZ
        return samples

    def _command(self, command: str, params: str = "") -> None:
        message = json.dumps({"command": command, "params": params}).encode()
        self._socket.sendall(b"%d:%b," % (len(message), message))

    def _read(self, timeout_s: float) -> None:
        self._socket.settimeout(timeout_s)
        try:
            received = self._socket.recv(65536)
        except TimeoutError:
            return
        assert received, self.log
        self._buffer += received
        while b":" in self._buffer:
            length, _, rest = self._buffer.partition(b":")
            size = int(length)
            if len(rest) <= size:
                return
            message, self._buffer = json.loads(rest[:size]), rest[size + 1 :]
            if message.get("event"):
                self._events.append(message)


def speech_of(path: Path, before_s: float, after_s: float) -> np.ndarray:
    """A recording as a telephone has it, with silence around it."""
    samples, rate_hz = soundfile.read(path)
    narrow = soxr.resample(samples, rate_hz, RATE_HZ)
    return np.concatenate(
        [np.zeros(round(before_s * RATE_HZ)), narrow, np.zeros(round(after_s * RATE_HZ))]
    )
