"""The speech server with recognition alone, as the bench starts it; prints its port."""

import asyncio
import sys

from speech_server.admission import Places
from speech_server.lifecycle import Stop, serve
from speech_server.server import SpeechServer
from speech_server.services.server_info import ServerInfo
from speech_server.services.speech_to_text import SpeechToTextService
from speech_server.settings import Settings
from speech_server.telemetry import Metrics, configure_logs


async def run() -> None:
    """Serve until a signal comes."""
    settings = Settings(port=0, metrics_port=0, drain_probe_seconds=0, drain_seconds=1)
    metrics = Metrics()
    places = Places("stt", capacity=settings.stt_max_streams, retry_delay_s=1.0, metrics=metrics)
    recognition = SpeechToTextService(settings, places, metrics)
    info = ServerInfo([recognition], recognition.models)
    server = SpeechServer(settings, [recognition], info, metrics)
    stop = Stop()

    async def tell() -> None:
        while places.phase.value != "open":  # noqa: ASYNC110 - told by no event
            await asyncio.sleep(0.05)
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()

    with stop.on_signals():
        telling = asyncio.create_task(tell())
        await serve(server, settings, stop)
        telling.cancel()


if __name__ == "__main__":
    configure_logs("warning")
    asyncio.run(run())
