"""What a caller says over the agent."""

import pytest
from livekit.agents import LanguageCode
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType

from agent.overlap import Overlap, OverlapFilter, judge

STATEMENT = "The museum opens at nine, and on Sundays at ten."
QUESTION = "It opens at nine. Shall I book a ticket?"


@pytest.mark.parametrize(
    ("text", "agent_text", "verdict"),
    [
        ("Mm-hmm.", STATEMENT, Overlap.BACKCHANNEL),
        ("Uh-huh.", QUESTION, Overlap.BACKCHANNEL),
        ("Yeah, okay.", STATEMENT, Overlap.BACKCHANNEL),
        ("I see.", STATEMENT, Overlap.BACKCHANNEL),
        ("Yes.", QUESTION, Overlap.SPEECH),
        ("Okay, sure.", QUESTION, Overlap.SPEECH),
        ("Yeah but what about Monday?", STATEMENT, Overlap.SPEECH),
        ("Stop.", STATEMENT, Overlap.STOP),
        ("Wait, not that one.", STATEMENT, Overlap.STOP),
        ("Hold on a second.", STATEMENT, Overlap.STOP),
        ("opens at nine", STATEMENT, Overlap.ECHO),
        ("Nine, and on Sundays", STATEMENT, Overlap.ECHO),
        ("at nine", STATEMENT, Overlap.SPEECH),
        ("When does it open?", STATEMENT, Overlap.SPEECH),
        ("", STATEMENT, Overlap.SPEECH),
        ("MHN.", QUESTION, Overlap.BACKCHANNEL),
        ("And I'm not", STATEMENT, Overlap.BACKCHANNEL),
        ("I'll", STATEMENT, Overlap.BACKCHANNEL),
        ("I'm Han.", STATEMENT, Overlap.BACKCHANNEL),
        ("Amen, ma'am.", STATEMENT, Overlap.BACKCHANNEL),
        ("I'm Han.", QUESTION, Overlap.SPEECH),
        ("Ow.", STATEMENT, Overlap.BACKCHANNEL),
        ("Oh no.", STATEMENT, Overlap.SPEECH),
        ("I mean nine.", STATEMENT, Overlap.SPEECH),
        ("Name one.", STATEMENT, Overlap.SPEECH),
        ("Home?", STATEMENT, Overlap.SPEECH),
        ("Not.", STATEMENT, Overlap.SPEECH),
        ("Not that.", STATEMENT, Overlap.SPEECH),
        ("My TV.", STATEMENT, Overlap.SPEECH),
        ("I'm not.", QUESTION, Overlap.SPEECH),
        ("And the other one?", STATEMENT, Overlap.SPEECH),
        ("Нет", STATEMENT, Overlap.SPEECH),
    ],
)
def test_judge(text: str, agent_text: str, verdict: Overlap) -> None:
    assert judge(text, agent_text) is verdict


class Session:
    """What the filter did."""

    def __init__(self, agent_text: str, *, speaking: bool = True) -> None:
        self.backchannels: list[str] = []
        self.stops = 0
        self.filter = OverlapFilter(
            lambda: agent_text,
            lambda event: self.backchannels.append(event.alternatives[0].text),
            self._stop,
        )
        self.filter._reply_open = speaking

    def _stop(self) -> None:
        self.stops += 1

    def say(
        self, text: str, kind: SpeechEventType = SpeechEventType.FINAL_TRANSCRIPT
    ) -> SpeechEvent:
        data = SpeechData(language=LanguageCode("en"), text=text)
        return self.filter.check(SpeechEvent(type=kind, alternatives=[data]))


def test_a_nod_loses_its_words_and_is_recorded() -> None:
    session = Session(STATEMENT)
    event = session.say("Right.")
    assert event.alternatives[0].text == ""
    assert session.backchannels == ["Right."]


def test_an_early_nod_does_not_start_a_reply() -> None:
    event = Session(STATEMENT).say("Right.", SpeechEventType.PREFLIGHT_TRANSCRIPT)
    assert event.type is SpeechEventType.INTERIM_TRANSCRIPT
    assert event.alternatives[0].text == ""


def test_an_echo_is_dropped_and_not_recorded() -> None:
    session = Session(STATEMENT)
    assert session.say("the museum opens at nine").alternatives[0].text == ""
    assert session.backchannels == []


def test_a_stop_is_heard_from_its_first_text() -> None:
    session = Session(STATEMENT)
    event = session.say("Stop", SpeechEventType.INTERIM_TRANSCRIPT)
    session.say("Stop it please.")
    assert session.stops == 1
    assert event.alternatives[0].text == "Stop"


def test_nothing_is_judged_while_the_agent_is_silent() -> None:
    session = Session(STATEMENT, speaking=False)
    assert session.say("Yes.").alternatives[0].text == "Yes."
    assert session.say("Stop.").alternatives[0].text == "Stop."
    assert session.stops == 0
