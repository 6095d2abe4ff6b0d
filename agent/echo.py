"""Takes the agent's own voice out of what a telephone sends back.

Browsers cancel their echo; telephones and loudspeakers at the end of a trunk do not. WebRTC's own
audio processing does it here: it is given what the agent plays, when it is played.
"""

import asyncio

from livekit import rtc

from agent.playout import on_played

CHUNK_MS = 10
"""WebRTC's processing takes exactly that."""


class EchoCanceller(rtc.FrameProcessor[rtc.AudioFrame]):
    """Processes what one caller sends."""

    def __init__(self) -> None:
        self._apm = rtc.AudioProcessingModule(echo_cancellation=True, high_pass_filter=True)
        self._enabled = True
        self._rest = b""
        on_played(self.played)

    @property
    def enabled(self) -> bool:
        """Frames are processed, not just passed on."""
        return self._enabled

    @enabled.setter
    def enabled(self, value: bool) -> None:
        self._enabled = value

    def played(self, frame: rtc.AudioFrame, in_s: float) -> None:
        """Take a frame of the agent's voice that is heard in some seconds."""
        asyncio.get_running_loop().call_later(max(0.0, in_s), self.hear_far, frame)

    def hear_far(self, frame: rtc.AudioFrame) -> None:
        """Take a frame of the agent's voice that is heard now."""
        size = frame.sample_rate * frame.num_channels * 2 * CHUNK_MS // 1000
        data = self._rest + bytes(frame.data)
        whole = len(data) - len(data) % size
        for at in range(0, whole, size):
            self._apm.process_reverse_stream(_chunk(data[at : at + size], frame))
        self._rest = data[whole:]

    def _process(self, frame: rtc.AudioFrame) -> rtc.AudioFrame:
        size = frame.sample_rate * frame.num_channels * 2 * CHUNK_MS // 1000
        data = bytes(frame.data)
        if not self._enabled or len(data) % size:
            return frame
        parts: list[bytes] = []
        for at in range(0, len(data), size):
            chunk = _chunk(data[at : at + size], frame)
            self._apm.set_stream_delay_ms(0)
            self._apm.process_stream(chunk)
            parts.append(bytes(chunk.data))
        return rtc.AudioFrame(
            b"".join(parts), frame.sample_rate, frame.num_channels, frame.samples_per_channel
        )

    def _close(self) -> None:
        on_played(None)


def _chunk(data: bytes, like: rtc.AudioFrame) -> rtc.AudioFrame:
    return rtc.AudioFrame(
        bytearray(data), like.sample_rate, like.num_channels, len(data) // (2 * like.num_channels)
    )
