"""The speech server as the bench starts it; prints its port.

With ``--recognition`` it serves Transcribe too, as in a real call.
"""

import asyncio
import sys

from speech_server.admission import Places
from speech_server.heap import keep_one_heap
from speech_server.lifecycle import Stop, serve
from speech_server.scheduling.device import Device
from speech_server.server import SpeechServer
from speech_server.services.base import ManagedService
from speech_server.services.server_info import ServerInfo
from speech_server.services.text_to_speech import TextToSpeechService
from speech_server.settings import Settings
from speech_server.telemetry import Metrics, configure_logs


async def run(*, recognition: bool) -> None:
    """Serve until a signal comes."""
    settings = Settings(port=0, metrics_port=0, drain_probe_seconds=0, drain_seconds=1)
    metrics = Metrics()
    device = Device()
    places = Places("tts", capacity=64, retry_delay_s=1.0, metrics=metrics)
    services: list[ManagedService] = [TextToSpeechService(settings, places, metrics, device=device)]
    if recognition:
        # Its libraries are no part of what synthesis keeps in memory.
        from speech_server.services.speech_to_text import SpeechToTextService

        ears = Places("stt", capacity=16, retry_delay_s=1.0, metrics=metrics)
        services.append(SpeechToTextService(settings, ears, metrics, device=device))
    server = SpeechServer(settings, services, ServerInfo(services, list), metrics)
    stop = Stop()

    async def tell() -> None:
        while any(one.places.phase.value != "open" for one in services):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()

    with stop.on_signals():
        telling = asyncio.create_task(tell())
        await serve(server, settings, stop)
        telling.cancel()


if __name__ == "__main__":
    keep_one_heap()
    configure_logs("warning")
    asyncio.run(run(recognition="--recognition" in sys.argv))
