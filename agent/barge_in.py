"""The voice detector, quick to hear that the caller speaks over the agent.

livekit-agents pauses the agent's voice by how long the caller has spoken, which it learns with each
window of the detector. Silero's plugin reports a window before it decides that speech has begun, so
the agent would talk on for a window (32 ms) after that; here the beginning is reported once more as
a window. While the agent talks a lower probability counts as voice, too: a pause in vain is made up
for, as the agent goes on where it stopped, and the same voices are heard 8 to 16 ms sooner.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import cast

from livekit import rtc
from livekit.agents import AgentSession, AgentStateChangedEvent, vad
from livekit.plugins import silero

from agent.settings import Settings

__all__ = ["PromptVAD", "load_vad"]

MARGIN = 0.15
"""How far below the threshold a voice that was heard has to fall to be over, as in the plugin."""


class PromptVAD(silero.VAD):
    """Silero's detector for one call; made by `load_vad`."""

    usual = over_agent = 0.5

    def stream(self) -> silero.vad.VADStream:
        """Listen to one caller."""
        return cast("silero.vad.VADStream", PromptStream(super().stream()))

    def attach(self, session: AgentSession[None]) -> None:
        """Follow when the agent talks."""
        session.on("agent_state_changed", self._on_state)

    def _on_state(self, event: AgentStateChangedEvent) -> None:
        if "speaking" not in (event.new_state, event.old_state):
            return
        threshold = self.over_agent if event.new_state == "speaking" else self.usual
        self.update_options(
            activation_threshold=threshold, deactivation_threshold=max(0.01, threshold - MARGIN)
        )


class PromptStream:
    """A stream of the plugin's, each beginning of speech told as a window as well."""

    def __init__(self, inner: vad.VADStream) -> None:
        self.inner = inner
        self._begun: vad.VADEvent | None = None

    def __aiter__(self) -> AsyncIterator[vad.VADEvent]:
        return self

    async def __anext__(self) -> vad.VADEvent:
        if self._begun is not None:
            event, self._begun = self._begun, None
            return event
        event = await self.inner.__anext__()
        if event.type is vad.VADEventType.START_OF_SPEECH:
            self._begun = replace(
                event,
                type=vad.VADEventType.INFERENCE_DONE,
                frames=[],
                raw_accumulated_speech=event.speech_duration,
            )
        return event

    def push_frame(self, frame: rtc.AudioFrame) -> None:
        """Take sound."""
        self.inner.push_frame(frame)

    def flush(self) -> None:
        """Begin anew."""
        self.inner.flush()

    def end_input(self) -> None:
        """Take no more."""
        self.inner.end_input()

    async def aclose(self) -> None:
        """End it."""
        await self.inner.aclose()


def load_vad(settings: Settings) -> PromptVAD:
    """Load the detector; takes about 0.1 s, so it is done before a call comes."""
    detector = PromptVAD.load(
        min_speech_duration=settings.vad_min_speech_seconds,
        min_silence_duration=settings.vad_min_silence_seconds,
        activation_threshold=settings.vad_threshold,
    )
    if not isinstance(detector, PromptVAD):  # the plugin makes what it is asked for
        raise TypeError(f"{type(detector)} is no PromptVAD")
    detector.usual = settings.vad_threshold
    detector.over_agent = min(settings.vad_threshold, settings.barge_in_threshold)
    return detector
