"""What an answer will be."""

import pytest

from agent.patience import Expectation, expect


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
