"""The programs that are measured, each a process with the same threads and environment."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

import psutil

from bench.stt.clips import Clip
from bench.stt.settings import SttBenchSettings

STOP_S = 15.0


@dataclass(frozen=True)
class Usage:
    """What a process has used so far."""

    cpu_s: float
    memory_mb: float


class _Program:
    """A process that is told and tells by lines."""

    def __init__(self, module: str, *arguments: str, settings: SttBenchSettings) -> None:
        environment = {
            "SPEECH_THREADS": str(settings.threads),
            "SPEECH_STT_MODEL": settings.model,
            "OMP_NUM_THREADS": str(settings.threads),
            # Both sides alike: spinning threads spoil the figures of whoever shares the cores.
            "OMP_WAIT_POLICY": "passive",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        """Wait for the next line that it writes."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the program ended with {self._process.wait()}")
        return line.strip()

    def usage(self) -> Usage:
        """Read what it has used."""
        process = psutil.Process(self._process.pid)
        times = process.cpu_times()
        return Usage(times.user + times.system, process.memory_info().rss / 1e6)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Server(_Program):
    """Our server with recognition alone."""

    def __init__(self, settings: SttBenchSettings) -> None:
        super().__init__("bench.stt.serve", settings=settings)
        self.target = f"127.0.0.1:{self.line()}"


class Plain(_Program):
    """Plain faster-whisper."""

    def __init__(self, settings: SttBenchSettings) -> None:
        super().__init__(
            "bench.stt.plain", settings.model, str(settings.threads), settings=settings
        )
        self.line()

    def transcribe(self, clip: Clip) -> dict[str, dict[str, float | str]]:
        """Give text and seconds of each way."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{clip.file}\t{clip.language}\n")
        self._process.stdin.flush()
        answer: dict[str, dict[str, float | str]] = json.loads(self.line())
        return answer
