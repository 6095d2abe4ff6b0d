"""espeak-ng as Piper carries it, behind one lock.

espeak-ng keeps one voice and one text for the whole process: calls from several threads at once
give wrong phonemes without any error, or crash (LocalReader-Pro #11, kokoro-onnx #191). It takes
about 1 ms a sentence, so one lock costs less than processes would.

Piper's own phonemizer keeps memory for ever, some 2 KB a text (piper-tts 1.8.0): it sets the voice
for each, which espeak-ng copies for sound that is never made (echogarden #64), and its bridge
holds each clause that it gives. So the bridge is asked here, the voice is set when it is another
one, and a clause that is held is let go.
"""

import ctypes
import re
import sys
import threading
import unicodedata
from collections.abc import Collection, Iterator
from typing import Final

from piper import espeakbridge
from piper.phonemize_espeak import EspeakPhonemizer

_OTHER_LANGUAGE: Final = re.compile(r"\([^)]+\)")
"""Marks where the voice speaks another language; no phonemes."""

_WITHIN_SENTENCES: Final = frozenset(",:;")

_HELD: Final = 3
"""References to a clause that the bridge holds as well: its name here and the count's own."""

_lock = threading.Lock()
_voice = ""


def phonemize(voice: str, text: str, clusters: Collection[tuple[str, ...]] = ()) -> list[list[str]]:
    """Give the phonemes of a text's sentences, with punctuation, as Piper does.

    Args:
        voice: Of espeak-ng.
        text: To speak.
        clusters: Phonemes that are one where they are side by side.
    """
    sentences: list[list[str]] = [[]]
    for phonemes, mark, ends in _clauses(voice, text):
        spoken = _OTHER_LANGUAGE.sub("", phonemes) + mark
        if mark in _WITHIN_SENTENCES:
            spoken += " "
        # An accent is a phoneme of its own.
        sentences[-1] += unicodedata.normalize("NFD", spoken)
        if ends:
            sentences.append([])
    if not sentences[-1]:
        sentences.pop()
    return [list(_merged(sentence, clusters)) for sentence in sentences]


def _clauses(voice: str, text: str) -> list[tuple[str, str, bool]]:
    global _voice
    with _lock:
        if not _voice:
            EspeakPhonemizer()  # opens it
        if voice != _voice:
            espeakbridge.set_voice(voice)
            _voice = voice
        given = espeakbridge.get_phonemes(text)
    clauses: list[tuple[str, str, bool]] = []
    while given:
        clause = given.pop(0)
        clauses.append((*clause,))
        if sys.getrefcount(clause) >= _HELD:
            ctypes.pythonapi.Py_DecRef(ctypes.py_object(clause))
    return clauses


def _merged(phonemes: list[str], clusters: Collection[tuple[str, ...]]) -> Iterator[str]:
    longest = max(map(len, clusters), default=1)
    at = 0
    while at < len(phonemes):
        length = next(
            (n for n in range(longest, 1, -1) if tuple(phonemes[at : at + n]) in clusters), 1
        )
        yield "".join(phonemes[at : at + length])
        at += length
