"""What an answer will be, and who was cut off."""

import pytest

from agent.patience import CutOffWatch, Expectation, expect


@pytest.mark.parametrize(
    ("text", "expectation"),
    [
        ("Shall I book it for you?", Expectation.YES_NO),
        ("It opens at nine. Would you like a ticket?", Expectation.YES_NO),
        ("Okay, is that right?", Expectation.YES_NO),
        ("Do you want tea or coffee?", Expectation.OPEN),
        ("What is your phone number?", Expectation.DICTATION),
        ("Please tell me the code. Take your time.", Expectation.DICTATION),
        ("Could you spell your name?", Expectation.DICTATION),
        ("Can I have your e-mail address?", Expectation.DICTATION),
        ("Is your address still the same?", Expectation.YES_NO),
        ("The number of visitors grew.", Expectation.OPEN),
        ("How many people will come?", Expectation.NUMBER),
        ("All right. What time suits you?", Expectation.NUMBER),
        ("That is how much it costs.", Expectation.OPEN),
        ("How long is your account number?", Expectation.DICTATION),
        ("How can I help you?", Expectation.OPEN),
        ("", Expectation.OPEN),
    ],
)
def test_expect(text: str, expectation: Expectation) -> None:
    assert expect(text) is expectation


@pytest.mark.parametrize(
    ("spoke_s", "interrupted", "cut_off"),
    [(0.3, True, True), (0.3, False, False), (1.0, True, False), (None, True, False)],
)
def test_who_goes_on_as_a_reply_begins_was_cut_off(
    spoke_s: float | None, interrupted: bool, cut_off: bool
) -> None:
    watch = CutOffWatch()
    watch.turn_ended()
    watch.agent_speaks(100.0)
    if spoke_s is not None:
        assert watch.caller_speaks(100.0 + spoke_s) is (spoke_s < 0.8)
    assert watch.reply_ended(interrupted=interrupted) is cut_off
    assert not watch.suspected


def test_a_cough_as_a_reply_begins_is_forgotten_when_the_voice_goes_on() -> None:
    watch = CutOffWatch()
    watch.turn_ended()
    watch.agent_speaks(100.0)
    assert watch.caller_speaks(100.3)
    watch.agent_speaks(101.0)
    assert not watch.caller_speaks(101.2)
    assert not watch.reply_ended(interrupted=True)


def test_a_reply_of_which_nothing_was_heard_cut_off_too() -> None:
    watch = CutOffWatch()
    assert not watch.turn_ended()
    watch.agent_speaks(100.0)
    watch.caller_speaks(100.0)
    assert watch.turn_ended()
    watch.agent_speaks(102.0)
    assert not watch.caller_speaks(103.0)


def test_what_answers_nobody_cuts_nobody_off() -> None:
    watch = CutOffWatch()
    watch.agent_speaks(100.0)  # the greeting
    assert not watch.caller_speaks(100.1)
    assert not watch.reply_ended(interrupted=True)
