from speech_server.engines.base import Hypothesis
from speech_server.stt.stability import StablePrefix


def said(text: str, language: str = "en") -> Hypothesis:
    """One token a word: its hash; so equal words are equal tokens."""
    words = text.split(" ")
    ends, chars = [], 0
    for count, word in enumerate(words, 1):
        chars += len(word) + (count > 1)
        ends.append((count, chars))
    tokens = tuple(hash(word) for word in words)
    return Hypothesis(text=text, tokens=tokens, word_ends=tuple(ends), language=language)


def test_what_two_agree_on_is_stable_but_for_its_end():
    stable = StablePrefix()
    stable.hear(said("a b c d e f g"), 1000)
    assert stable.tokens == ()
    stable.hear(said("a b c d e f g h i"), 2200)
    assert stable.text == "a b"
    assert stable.tokens == said("a b").tokens
    assert stable.horizon_ms == 1000


def test_disagreement_is_not_stable():
    stable = StablePrefix()
    stable.hear(said("a b c d e f g"), 1000)
    stable.hear(said("x b c d e f g h"), 3000)
    assert stable.text == ""


def test_the_newer_must_have_heard_more():
    stable = StablePrefix()
    stable.hear(said("a b c d e f g"), 1000)
    stable.hear(said("a b c d e f g"), 2199)
    assert stable.text == ""
    stable.hear(said("a b c d e f g"), 2200)
    assert stable.text == "a b"


def test_it_never_shrinks():
    stable = StablePrefix()
    for at, text in enumerate(["a b c d e f g h", "a b c d e f g h i", "a b c x", "a b c x y"]):
        stable.hear(said(text), at * 1200)
    assert stable.text == "a b c"


def test_languages_do_not_mix():
    stable = StablePrefix()
    stable.hear(said("a b c d e f g", "de"), 1000)
    stable.hear(said("a b c d e f g", "en"), 2200)
    assert stable.text == ""
    stable.hear(said("a b c d e f g", "en"), 3400)
    assert (stable.text, stable.language) == ("a b", "en")
