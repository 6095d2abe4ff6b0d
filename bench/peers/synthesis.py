"""Piper's HTTP server behind livekit-agents' interface of synthesis.

It speaks a whole text or nothing, so livekit-agents cuts a reply into sentences for it.
"""

import io
import wave
from collections.abc import Callable
from typing import Any

import aiohttp
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    APIConnectionError,
    APIConnectOptions,
    APIStatusError,
    APITimeoutError,
    tts,
    utils,
)

__all__ = ["PiperHttpTTS"]

REQUEST_S = 60.0


class PiperHttpTTS(tts.TTS[Any]):
    """Synthesis by Piper's HTTP server; it has what our agent asks of its own synthesiser.

    Args:
        url: The server's address.
        on_request: Told when a sentence is asked for.
        sample_rate_hz: The voice's.
    """

    has_timings = False
    word_timings = False

    def __init__(
        self, url: str, on_request: Callable[[], None], *, sample_rate_hz: int = 22_050
    ) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False),
            sample_rate=sample_rate_hz,
            num_channels=1,
        )
        self.url = url
        self.on_request = on_request
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """Connections, which are kept."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                trust_env=False, timeout=aiohttp.ClientTimeout(REQUEST_S)
            )
        return self._session

    async def probe(self) -> bool:
        """Say that there are no times of words."""
        return False

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "PiperHttpStream":
        """Speak a text."""
        return PiperHttpStream(tts=self, input_text=text, conn_options=conn_options)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


class PiperHttpStream(tts.ChunkedStream):
    """One sentence."""

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        owner = self._tts
        assert isinstance(owner, PiperHttpTTS)
        owner.on_request()
        try:
            async with owner.session.post(
                f"{owner.url}/synthesize", json={"text": self.input_text}
            ) as answer:
                data = await answer.read()
                if answer.status != 200:
                    raise APIStatusError("Piper's HTTP server failed", status_code=answer.status)
        except TimeoutError:
            raise APITimeoutError("Piper's HTTP server does not answer") from None
        except aiohttp.ClientError as error:
            raise APIConnectionError(f"Piper's HTTP server: {error}") from error
        with wave.open(io.BytesIO(data)) as sound:
            output_emitter.initialize(
                request_id=utils.shortuuid(),
                sample_rate=sound.getframerate(),
                num_channels=1,
                mime_type="audio/pcm",
            )
            output_emitter.push(sound.readframes(sound.getnframes()))
        output_emitter.flush()
