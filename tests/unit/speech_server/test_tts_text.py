"""The text side: segments, what is said for them, and which characters that is."""

import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech_server.tts.alignment import align
from speech_server.tts.joining import Joiner
from speech_server.tts.normalizer import has_rules, normalize
from speech_server.tts.pieces import Pronunciations, fill, plain_pieces
from speech_server.tts.playback import Playback, Stretch
from speech_server.tts.script import _said
from speech_server.tts.segmenter import MAX_CHARS, Segment, Segmenter

CASES = [
    line.split("\t")
    for line in Path(__file__)
    .with_name("normalizer_cases.tsv")
    .read_text(encoding="utf-8")
    .splitlines()
]
BUDGET_S = 0.5
"""For one segment, on a machine with much else to do."""


def said(text: str, language: str = "en-US") -> str:
    return " ".join(word for _, word in _said(normalize(text, language)))


# Segments


def cut(text: str, pieces: list[str] | None = None, *, first_clause: int = 0) -> list[str]:
    segmenter = Segmenter(first_clause)
    found = []
    for piece in [text] if pieces is None else pieces:
        found += segmenter.feed(piece)
    rest = segmenter.rest()
    if rest is not None:
        found.append(rest)
    for segment in found:
        assert text[segment.start : segment.end] == segment.text
    return [segment.text.strip() for segment in found]


SENTENCES = [
    ("Hello there. How are you?", ["Hello there.", "How are you?"]),
    ("Dr. Smith is in. He waits.", ["Dr. Smith is in.", "He waits."]),
    ("It costs $3.50. Really!", ["It costs $3.50.", "Really!"]),
    ("Meet at 5 p.m. tomorrow. Fine?", ["Meet at 5 p.m. tomorrow.", "Fine?"]),
    ("We left at 5 p.m. The rest stayed.", ["We left at 5 p.m.", "The rest stayed."]),
    ("See example.com for it. Bye.", ["See example.com for it.", "Bye."]),
    ("Wait... what? No way!", ["Wait... what?", "No way!"]),
    ("Well... Then go.", ["Well...", "Then go."]),
    ('He said "Stop!" and left. "Why?"', ['He said "Stop!" and left.', '"Why?"']),
    ("J. R. R. Tolkien wrote. I read.", ["J. R. R. Tolkien wrote.", "I read."]),
    ("No. 5 is alive. I said no. Then I left.", ["No. 5 is alive.", "I said no.", "Then I left."]),
    ("One\nTwo\n\nThree", ["One", "Two", "Three"]),
    ("1. First thing. 2. Second.", ["1. First thing.", "2. Second."]),
    ("Really?! Yes.", ["Really?!", "Yes."]),
    ("你好。再见！", ["你好。", "再见！"]),
    ("e.g. this one. And that.", ["e.g. this one.", "And that."]),
    ("Version 1.2.3 is out. Get it.", ["Version 1.2.3 is out.", "Get it."]),
    ("...", []),
    ("", []),
    ("Yes", ["Yes"]),
    ("(It works.) Good.", ["(It works.)", "Good."]),
    ("**Bold.** Then.", ["**Bold.**", "Then."]),
]


@pytest.mark.parametrize(("text", "expected"), SENTENCES)
def test_sentences(text: str, expected: list[str]) -> None:
    assert cut(text) == expected
    assert cut(text, list(text)) == expected


def test_the_first_clause_may_be_a_segment_of_its_own() -> None:
    text = "Let me look that up for you, one moment, please. It is here, as you see."
    assert cut(text, first_clause=12) == [
        "Let me look that up for you,",
        "one moment, please.",
        "It is here, as you see.",
    ]
    assert cut("Well, I think so.", first_clause=12) == ["Well, I think so."]
    assert cut("There are 1,000,000 of them here.", first_clause=8) == [
        "There are 1,000,000 of them here."
    ]


def test_a_clause_is_released_with_its_comma() -> None:
    segmenter = Segmenter(12)
    found = []
    for piece in ["Let me look", " that up,", " right"]:
        found.append([segment.text for segment in segmenter.feed(piece)])
    assert found == [[], ["Let me look that up,"], []]


def test_a_stop_behind_another_mark_ends_the_sentence() -> None:
    for pieces in (["Sure:? Yes."], ["Sure:", "? Yes."]):
        assert cut("Sure:? Yes.", pieces, first_clause=12) == ["Sure:?", "Yes."]


@given(st.text(alphabet="aB1.,;!? \n\"'—:$-…", max_size=200), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_segments_do_not_depend_on_the_pieces(text: str, random: random.Random) -> None:
    pieces, at = [], 0
    while at < len(text):
        size = random.randint(1, 9)
        pieces.append(text[at : at + size])
        at += size
    assert cut(text, pieces, first_clause=5) == cut(text, first_clause=5)


@pytest.mark.parametrize("unit", ["word ", "a", "a.b", "1,", "x, ", "- ", "Dr. ", "...", "?!", "é"])
def test_hostile_text_takes_linear_time_and_bounded_segments(unit: str) -> None:
    def took(length: int) -> float:
        text = unit * (length // len(unit))
        begin = time.thread_time()
        segments = cut(text, [text[i : i + 7] for i in range(0, length, 7)], first_clause=12)
        assert all(len(segment) <= MAX_CHARS + 8 for segment in segments)
        return time.thread_time() - begin

    took(2_000)
    small, large = took(20_000), took(80_000)
    assert large < 12 * small + 0.5


def test_a_stall_releases_what_has_an_end() -> None:
    for text, expected in [
        ("Good morning.", "Good morning."),
        ("Good morning, ", "Good morning,"),
        ("Good mor", None),
        ("It is 3.", None),
        ("Ask Dr.", None),
        ("Well...", None),
        ("...", None),
    ]:
        segmenter = Segmenter(0)
        segmenter.feed(text)
        segment = segmenter.stalled()
        assert (segment.text if segment else None) == expected


# What is said


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 400


def test_cases() -> None:
    wrong = [
        f"{text!r}: {said(text)!r} instead of {expected!r}"
        for text, expected in CASES
        if said(text) != expected
    ]
    assert not wrong, "\n".join(wrong)


@given(st.text(max_size=MAX_CHARS))
@settings(max_examples=200, deadline=None)
def test_pieces_are_in_order_and_within_the_text(text: str) -> None:
    end = 0
    for piece in normalize(text, "en-US"):
        assert end <= piece.start < piece.end <= len(text)
        end = piece.end


UNITS = """
1 1, 1. 1/ 1- $1 a. A. a- /a .. (( [[ [a](b ** __ `` <a | 1: :1 @a a@a. http://a +1 12-34 &amp;
1st Mr. 😀 % ° x× 1x 1e 1h1 (1) 1,111 A1 a_a 1st- Mon- 9-9 #1-1 1%- 1" ~1 <1 1+ 1/5 0-0
"""


@pytest.mark.parametrize("unit", UNITS.split())
def test_hostile_segments_take_little_time(unit: str) -> None:
    text = (unit * MAX_CHARS)[:MAX_CHARS]
    begin = time.thread_time()
    normalize(text, "en-US")
    assert time.thread_time() - begin < BUDGET_S


def test_other_languages_lose_markup_and_keep_numbers() -> None:
    assert has_rules("en-GB")
    assert not has_rules("de-DE")
    assert said("**Am 5. Mai** kosten 3 Stück 😀 5 €.", "de-DE") == "Am 5. Mai kosten 3 Stück 5 €."


def test_pronunciations_are_found_whole_and_longest_first() -> None:
    text = "Ann Lee met ann  lee's anna."
    found = Pronunciations([("ann", "A"), ("Ann Lee", "B")]).pieces(text)
    assert [(text[piece.start : piece.end], piece.ipa) for piece in found] == [
        ("Ann Lee", "B"),
        ("ann  lee", "B"),
    ]
    pieces = fill(text, found, plain_pieces)
    assert [piece.spoken for piece in pieces if not piece.ipa] == ["met", "'s", "anna."]


# How far the listener has heard


def test_what_was_heard_ends_with_a_whole_word(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    playback = Playback(1000)
    for last, end_char in ((500, 5), (900, 11), (2000, 20)):
        playback.describe(Stretch(last, end_char))
    assert (playback.heard, playback.heard_end_char) == (0, 0)
    playback.left(1500)
    now = 100.625  # without a report, playing began when the first sound left
    assert (playback.heard, playback.heard_end_char) == (625, 5)
    now = 110.0
    assert (playback.heard, playback.heard_end_char) == (1500, 11)
    playback.report(450)
    assert (playback.heard, playback.heard_end_char) == (450, 0)
    now = 110.5
    assert (playback.heard, playback.heard_end_char) == (950, 11)


# Which phonemes belong to which word


def fake_alone(word: str) -> list[str]:
    return list({"1999": "wanwan", "the": "de"}.get(word, word))


@pytest.mark.parametrize(
    ("words", "phonemes", "expected"),
    [
        (["one", "of"], "one of", ["one", "of"]),
        (["best", "of", "the", "lot"], "best ofde lot", ["best", "of", "de", "lot"]),
        (["in", "1999", "it"], "in wan wan it", ["in", "wan wan", "it"]),
        (["a", "b"], "", ["", ""]),
        (["x"], "aa bb cc", ["aa bb cc"]),
        (["yes,", "no."], "yes, no.", ["yes", "no"]),
    ],
)
def test_alignment(words: list[str], phonemes: str, expected: list[str]) -> None:
    spans = align([word.strip(",.") for word in words], list(phonemes), fake_alone)
    assert [phonemes[begin:end] for begin, end in spans] == expected


@given(st.lists(st.text("abc", min_size=1, max_size=4), max_size=30), st.text("abc ", max_size=80))
@settings(max_examples=100, deadline=None)
def test_alignment_is_monotonic_whatever_comes(words: list[str], phonemes: str) -> None:
    spans = align(words, list(phonemes), list)
    assert len(spans) == len(words)
    assert all(0 <= begin <= end <= len(phonemes) for begin, end in spans)
    assert [begin for begin, _ in spans] == sorted(begin for begin, _ in spans)


def joined(text: str, letters: int = 10, pieces: list[str] | None = None) -> list[str]:
    segmenter, joiner = Segmenter(0), Joiner(letters)
    found: list[Segment] = []
    for piece in [text] if pieces is None else pieces:
        for segment in segmenter.feed(piece):
            found += joiner.feed(segment)
    rest = segmenter.rest()
    if rest is not None:
        found += joiner.feed(rest)
    found += joiner.rest()
    assert all(text[one.start : one.end] == one.text for one in found)
    return [one.text.strip() for one in found]


def test_short_sentences_are_joined_but_for_the_first() -> None:
    text = "Yes. Sure. No problem. I will send it to you today. Bye."
    assert joined(text) == ["Yes.", "Sure. No problem.", "I will send it to you today.", "Bye."]
    assert joined(text, 0) == [
        "Yes.",
        "Sure.",
        "No problem.",
        "I will send it to you today.",
        "Bye.",
    ]
    assert joined(text, pieces=list(text)) == joined(text)
    assert joined("Here is the list.\nTea.\nMilk.") == ["Here is the list.", "Tea.", "Milk."]
    long = "One thing more. " + "x " * 400
    assert all(len(one) <= MAX_CHARS for one in joined(long, 200))
