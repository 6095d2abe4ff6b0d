"""The programs of ours that are measured, each a process with the same threads and environment."""

import json
import sys

from bench.process import Program, engine_environment
from bench.stt.clips import Clip
from bench.stt.settings import SttBenchSettings


def _environment(settings: SttBenchSettings) -> dict[str, str]:
    return {
        **engine_environment(settings.threads),
        "SPEECH_THREADS": str(settings.threads),
        "SPEECH_STT_MODEL": settings.model,
    }


class Server(Program):
    """Our server with recognition alone."""

    def __init__(self, settings: SttBenchSettings) -> None:
        super().__init__(
            [sys.executable, "-m", "bench.stt.serve"],
            _environment(settings),
            log=settings.output / "logs" / "server.log",
            tells=True,
        )
        self.target = f"127.0.0.1:{self.line()}"


class Plain(Program):
    """Plain faster-whisper."""

    def __init__(self, settings: SttBenchSettings) -> None:
        super().__init__(
            [sys.executable, "-m", "bench.stt.plain", settings.model, str(settings.threads)],
            _environment(settings),
            log=settings.output / "logs" / "plain.log",
            tells=True,
            asked=True,
        )
        self.line()

    def transcribe(self, clip: Clip, way: str) -> tuple[str, float]:
        """Give the text and the seconds that it took."""
        self.ask(f"{way}\t{clip.language}\t{clip.file.resolve()}")
        answer = json.loads(self.line())
        return str(answer["text"]), float(answer["seconds"])
