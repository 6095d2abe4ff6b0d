"""espeak-ng says what it says to Piper, and keeps nothing of it."""

import ctypes
import gc
import sys
from collections.abc import Callable

import pytest
from piper import espeakbridge
from piper.phonemize_espeak import EspeakPhonemizer

from speech_server.engines.piper import espeak

TEXTS = (
    "The parcel is ready at noon, and so is the ferry. Is it? No!",
    "One thing: a train; another",
    "Dr. Smith's caf\u00e9 opens at 8:30",
    "It is called schadenfreude, or 你好.",
    "",
    "   ",
    "...",
)
CLUSTERS = frozenset({("ʌ", "n"), ("i", "z", " "), ("ɪ", "z")})


@pytest.fixture(autouse=True)
def voices_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Piper's phonemizer sets the voice as well, of which ours knows nothing."""
    monkeypatch.setattr(espeak, "_voice", "")


@pytest.mark.parametrize("clusters", [frozenset(), CLUSTERS])
@pytest.mark.parametrize("voice", ["en-us", "de"])
def test_phonemes_are_those_of_piper(voice: str, clusters: frozenset[tuple[str, ...]]) -> None:
    found = [espeak.phonemize(voice, text, clusters) for text in TEXTS]
    theirs = EspeakPhonemizer()
    assert found == [theirs.phonemize(voice, text, clusters or None) for text in TEXTS]
    assert any(found)


def test_each_text_is_spoken_by_its_own_voice() -> None:
    texts = [("en-us", "Wand"), ("de", "Wand"), ("en-us", "Wand")]
    english, german, again = (espeak.phonemize(*text) for text in texts)
    assert english == again != german


def kept(speak: Callable[[], object], times: int) -> tuple[int, int]:
    """Bytes of the C library, and blocks of Python's, that stay after so many calls."""

    class Heap(ctypes.Structure):
        _fields_ = [(name, ctypes.c_size_t) for name in "abcdefghij"]

    try:
        mallinfo = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        pytest.skip("not glibc 2.33")
    mallinfo.restype = Heap
    speak()
    gc.collect()
    before = mallinfo().h, sys.getallocatedblocks()
    for _ in range(times):
        speak()
    gc.collect()
    return mallinfo().h - before[0], sys.getallocatedblocks() - before[1]


def test_nothing_is_kept_of_a_text() -> None:
    content, blocks = kept(lambda: espeak.phonemize("en-us", TEXTS[0]), 300)
    assert content < 30_000
    assert blocks < 100


def test_a_clause_is_let_go_only_where_it_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    class Careful:
        """A bridge that keeps nothing."""

        set_voice = espeakbridge.set_voice

        def get_phonemes(self, text: str) -> list[tuple[str, str, bool]]:
            return [(text * 2, ".", True) for _ in range(3)]

    monkeypatch.setattr(espeak, "espeakbridge", Careful())
    for _ in range(300):
        assert espeak.phonemize("en-us", "ab") == [["a", "b", "a", "b", "."]] * 3
