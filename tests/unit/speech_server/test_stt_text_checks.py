"""Texts that are not trusted for what they say, whatever the model thinks of them."""

import pytest

from speech_server.engines.whisper.checks import is_misled, says_twice


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ("But she said", ""),
        ("But she said", "..."),
        ("Help.", " Help"),
        ("It was a lobster.", "It was a lobster"),
        ("Please enter it.", "Enter 131 Enter 131"),
        ("Serve it in a dish with thin slices.", "And then in a dish with thin slices"),
    ],
)
def test_a_text_that_says_nothing_new_is_not_trusted(before, text):
    assert is_misled(before, text)


def test_a_phrase_that_comes_again_at_once_is_noticed():
    assert says_twice("This strange change and I'm very sorry for it I'm very sorry for it")
    assert not says_twice("I'm very sorry for it, I'm very sorry for that")
    assert not says_twice("Go on, go on, very very well")


def test_a_text_that_goes_on_is_trusted():
    assert not is_misled("But she said", "whosoever thou seest")
    assert not is_misled("The number is one two three", "one two four")
    assert not is_misled("No.", "no, no, not that one")
