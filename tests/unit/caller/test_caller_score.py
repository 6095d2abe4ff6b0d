import pytest

from caller.score import normalise, score


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("What's the weather like?", "what is the weather like"),
        ("Mr. Quilter", "mister quilter"),
        ("It is 22 degrees.", "it is twenty two degrees"),
        ("The colour", "the color"),
    ],
)
def test_different_spellings_are_the_same_words(written: str, spoken: str) -> None:
    assert normalise(written) == normalise(spoken)
    assert score([(spoken, written)]).wer == 0


def test_errors_are_pooled_over_words() -> None:
    result = score([("one fine day", "one fine night"), ("hello", "hello there my friend")])
    assert (result.errors, result.words) == (4, 4)
    assert result.wer == 1.0
    assert result.lost == 0
    assert score([("hello there", "there"), ("one day", "one night")]).lost == 1


def test_silence_against_silence_is_right_and_words_out_of_nothing_are_wrong() -> None:
    assert score([("", "")]).wer == 0
    assert score([("", "hello")]).wer == 1
    assert score([("hello there", "")]).wer == 1
    assert score([]).wer == 0
