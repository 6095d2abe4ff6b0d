"""``python -m speech_server``: serve until told to stop.

Exit codes: 0 after a stop that was asked for; 78 when it cannot start as it is set up.
"""

import asyncio
import sys

from pydantic import ValidationError

from speech_server.admission import Kind, Places
from speech_server.errors import EXIT_CODE, StartupError
from speech_server.heap import keep_one_heap
from speech_server.lifecycle import Stop, serve
from speech_server.scheduling.device import Device
from speech_server.server import SpeechServer
from speech_server.services.base import ManagedService
from speech_server.services.server_info import ServerInfo
from speech_server.services.speech_to_text import SpeechToTextService
from speech_server.services.text_to_speech import TextToSpeechService
from speech_server.settings import Settings, environment_name
from speech_server.telemetry import Metrics, configure_logs, get_logger

log = get_logger(__name__)


def build(settings: Settings) -> SpeechServer:
    """Put a server together; nothing is loaded or bound yet."""
    metrics = Metrics()

    def places(kind: Kind, capacity: int) -> Places:
        return Places(
            kind,
            capacity=capacity,
            retry_delay_s=settings.retry_delay_seconds,
            metrics=metrics,
        )

    device = Device()
    recognition = SpeechToTextService(
        settings, places("stt", settings.stt_max_streams), metrics, device=device
    )
    synthesis = TextToSpeechService(
        settings, places("tts", settings.tts_max_streams), metrics, device=device
    )
    services: list[ManagedService] = [recognition, synthesis]
    return SpeechServer(settings, services, ServerInfo(services, recognition.models), metrics)


async def run(settings: Settings) -> None:
    """Serve until a signal comes."""
    stop = Stop()
    with stop.on_signals():
        await serve(build(settings), settings, stop)


def main() -> int:
    """Read the settings and serve; gives the exit code."""
    keep_one_heap()
    try:
        settings = Settings()
    except ValidationError as error:
        for problem in error.errors():
            name = environment_name(str(problem["loc"][0]))
            print(f"{name}: {problem['msg']}", file=sys.stderr)
        return EXIT_CODE
    configure_logs(settings.log_level)
    try:
        asyncio.run(run(settings))
    except StartupError as error:
        log.error("cannot start", setting=error.setting, problem=str(error))
        return EXIT_CODE
    return 0


if __name__ == "__main__":
    sys.exit(main())
