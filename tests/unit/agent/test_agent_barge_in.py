"""An interruption is acted on when it begins, and at a lower voice while the agent talks."""

from collections.abc import Iterator

import pytest
from livekit.agents import AgentStateChangedEvent, vad
from livekit.agents.voice.events import AgentState

from agent.barge_in import PromptStream, PromptVAD, load_vad
from agent.settings import Settings

START, WINDOW, END = (
    vad.VADEventType.START_OF_SPEECH,
    vad.VADEventType.INFERENCE_DONE,
    vad.VADEventType.END_OF_SPEECH,
)


class Inner:
    """Gives the events that Silero's plugin gives for one word."""

    def __init__(self) -> None:
        self._events = self._word()

    def _word(self) -> Iterator[vad.VADEvent]:
        spoken_s = 0.0
        for kind in (WINDOW, WINDOW, START, WINDOW, END):
            spoken_s = spoken_s + 0.032 if kind is WINDOW and spoken_s else spoken_s
            spoken_s = 0.064 if kind is START else spoken_s
            yield vad.VADEvent(kind, 0, 0.0, spoken_s, 0.0, speaking=spoken_s > 0)

    async def __anext__(self) -> vad.VADEvent:
        for event in self._events:
            return event
        raise StopAsyncIteration


async def test_the_beginning_of_speech_is_told_as_a_window_at_once() -> None:
    stream = PromptStream(Inner())  # type: ignore[arg-type]
    told = [(event.type, event.speech_duration) async for event in stream]
    assert told == [
        (WINDOW, 0.0),
        (WINDOW, 0.0),
        (START, 0.064),
        (WINDOW, 0.064),
        (WINDOW, 0.096),
        (END, 0.096),
    ]


def state(old: AgentState, new: AgentState) -> AgentStateChangedEvent:
    return AgentStateChangedEvent(old_state=old, new_state=new)


@pytest.mark.parametrize(("wanted", "over"), [(0.35, 0.35), (0.9, 0.5)])
def test_a_lower_voice_counts_while_the_agent_talks(wanted: float, over: float) -> None:
    detector = load_vad(Settings(barge_in_threshold=wanted))
    assert isinstance(detector, PromptVAD)
    thresholds = []
    for event in (
        state("listening", "thinking"),
        state("thinking", "speaking"),
        state("speaking", "listening"),
    ):
        detector._on_state(event)
        thresholds.append(detector._opts.activation_threshold)
    assert thresholds == [0.5, over, 0.5]
    assert detector._opts.deactivation_threshold == pytest.approx(0.35)
