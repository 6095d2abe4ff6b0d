"""Text to phonemes."""

import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

from speech_server.engines.piper import espeak
from speech_server.engines.piper.config import VoiceConfig
from speech_server.engines.piper.errors import BrokenVoice

PAD, BEGIN, END = "_", "^", "$"


class Phonemizer:
    """Gives the phonemes of texts, and remembers those of the last ``cache_size`` texts.

    Safe to use from several threads; blocks for a millisecond a sentence.
    """

    def __init__(self, config: VoiceConfig, cache_size: int) -> None:
        if config.phoneme_type not in ("espeak", "text"):
            raise BrokenVoice(f"phonemes of type {config.phoneme_type!r} are not served")
        clusters = config.piper.get("vowel_clusters") or ()
        self._clusters = frozenset(tuple(cluster) for cluster in clusters)
        self._as_text = config.phoneme_type == "text"
        self._voice = config.espeak_voice
        self._texts = _Cache(cache_size)
        self._words = _Cache(8 * cache_size)

    def phonemes(self, text: str) -> tuple[str, ...]:
        """Give the phonemes of a text, with its punctuation; several sentences become one."""
        return self._texts.get(text, self._make)

    def word(self, word: str) -> tuple[str, ...]:
        """Give the phonemes of a word that is spoken alone."""
        return self._words.get(word, self._make)

    def _make(self, text: str) -> tuple[str, ...]:
        if self._as_text:
            return tuple(unicodedata.normalize("NFD", text))
        sentences = espeak.phonemize(self._voice, text, self._clusters)
        joined: list[str] = []
        for sentence in sentences:
            if joined and sentence:
                joined.append(" ")
            joined.extend(sentence)
        return tuple(joined)


class _Cache:
    """The last used results of a function of a text."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._known: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, text: str, make: Callable[[str], tuple[str, ...]]) -> tuple[str, ...]:
        with self._lock:
            known = self._known.get(text)
            if known is not None:
                self._known.move_to_end(text)
                return known
        made = make(text)
        with self._lock:
            self._known[text] = made
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        return made


def to_ids(
    phonemes: Sequence[str], id_map: Mapping[str, Sequence[int]]
) -> tuple[list[int], list[int]]:
    """Give a voice's ids of phonemes, and the position of each phoneme's first id.

    A phoneme that the voice does not know has no ids and the position of the next.
    """
    pad = id_map[PAD]
    ids = [*id_map[BEGIN], *pad]
    positions: list[int] = []
    for phoneme in phonemes:
        positions.append(len(ids))
        known = id_map.get(phoneme)
        if known is not None:
            ids += known
            ids += pad
    ids += id_map[END]
    return ids, positions
