"""How a segment is spoken: its phonemes, and which of the client's characters they say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from speech_server.engines.piper import Phonemizer, VoiceConfig, to_ids
from speech_server.tts.alignment import Span, align
from speech_server.tts.pieces import Piece

_WORD = re.compile(r"\S+")
_SPOKEN = re.compile(r"\w")
_MODIFIERS = frozenset("ːˑ˞ʰʲʷˤ")
_STRESS = frozenset("ˈˌ")
_ENDINGS = frozenset(".!?,;:…。！？")


@dataclass(frozen=True)
class SpokenWord:
    """A word of the client with its separator, and the ids that say it (none: an empty span)."""

    text: str
    start: int
    end: int
    ids: Span


@dataclass(frozen=True)
class SpokenPhoneme:
    """A phoneme and the ids that say it."""

    ipa: str
    ids: Span


@dataclass(frozen=True)
class Script:
    """What a voice is given for a segment.

    ``ids`` are those of the whole clause, ``part`` which of them the segment says: where they
    begin, and where those of what is only known of the clause's rest do (None: nowhere).
    """

    spoken_text: str
    ids: list[int]
    words: list[SpokenWord]
    phonemes: list[SpokenPhoneme]
    part: tuple[int, int | None] = (0, None)


def write_script(
    text: str,
    pieces: Sequence[Piece],
    phonemizer: Phonemizer,
    config: VoiceConfig,
    *,
    ends_sentence: bool = True,
    part: tuple[int, int | None] = (0, None),
) -> Script | None:
    """Write the script of a segment; None when nothing of it can be spoken.

    Args:
        text: The client's characters, with those of the same clause before and after it.
        pieces: What is said for them, in order.
        phonemizer: Gives phonemes; blocks for about a millisecond.
        config: The voice, for its ids.
        ends_sentence: Whether a sentence ends here, written or not: voices learned their endings
            from full stops, and cut a last word short without one.
        part: Where the segment begins in the text, and where it ends; None is the text's end.
    """
    phonemes: list[str] = []
    spans: list[tuple[Piece, Span]] = []
    for run in _runs(pieces):
        if phonemes:
            phonemes.append(" ")
        base = len(phonemes)
        if run[0].ipa:
            phonemes.extend(run[0].ipa)
            spans.append((run[0], (base, len(phonemes))))
            continue
        said = _said(run)
        words = [(piece, word) for piece, word in said if _SPOKEN.search(word)]
        phonemes.extend(phonemizer.phonemes(" ".join(word for _, word in said)))
        found = align([word for _, word in words], phonemes[base:], phonemizer.word)
        for (piece, _), (begin, end) in zip(words, found, strict=True):
            spans.append((piece, (base + begin, base + end)))
    if not any(phoneme.isalpha() for phoneme in phonemes):
        return None
    if ends_sentence and "." in config.phoneme_ids and not _ENDINGS & set(phonemes[-2:]):
        phonemes.append(".")
    ids, positions = to_ids(phonemes, config.phoneme_ids)
    positions.append(len(ids) - len(config.phoneme_ids["$"]))
    id_spans = [(piece, (positions[begin], positions[end])) for piece, (begin, end) in spans]
    begin, stop = part[0], len(text) if part[1] is None else part[1]
    spoken = (word for piece, word in _said(pieces) if begin <= piece.start < stop)
    script = Script(
        spoken_text=" ".join(spoken),
        ids=ids,
        words=_words(text, id_spans),
        phonemes=_phonemes(phonemes, positions),
    )
    return script if part == (0, None) else _part(script, text, begin, stop)


def _part(script: Script, text: str, begin: int, stop: int) -> Script:
    """Keep what is said of some characters, which begin and end between words."""
    words = [word for word in script.words if begin <= word.start < stop]
    spans = [(word.start, min(stop, word.end)) for word in words]
    if words:
        spans[0] = begin, spans[0][1]  # white space belongs to the later segment
    after = next((word.ids[0] for word in script.words if word.start >= stop), None)
    first = words[0].ids[0] if begin and words else 0
    last = len(script.ids) if after is None else after
    return replace(
        script,
        words=[
            SpokenWord(text[low:high], low - begin, high - begin, word.ids)
            for word, (low, high) in zip(words, spans, strict=True)
        ],
        phonemes=[one for one in script.phonemes if first <= one.ids[0] < last],
        part=(first, after),
    )


def _runs(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Join pieces that are spoken by text; one with a pronunciation stands alone."""
    runs: list[list[Piece]] = []
    for piece in pieces:
        if not piece.spoken.strip() and not piece.ipa:
            continue
        if runs and not piece.ipa and not runs[-1][0].ipa:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return runs


def _said(pieces: Sequence[Piece]) -> list[tuple[Piece, str]]:
    """Give the spoken words, with punctuation at the word that it touches in the client's text."""
    said: list[tuple[Piece, str]] = []
    end = -1
    for piece in pieces:
        words = _WORD.findall(piece.spoken)
        if words and said and end == piece.start:
            before = said[-1]
            if not _SPOKEN.search(words[0]):
                said[-1] = (before[0], before[1] + words.pop(0))
            elif not _SPOKEN.search(before[1]):
                said[-1] = (piece, before[1] + words.pop(0))
        said.extend((piece, word) for word in words)
        end = piece.end
    return said


def _words(text: str, spans: Sequence[tuple[Piece, Span]]) -> list[SpokenWord]:
    """Give each word of the client the ids of what is said for it.

    Words that are said together share the ids by their lengths.
    """
    extents: dict[int, tuple[Piece, int, int]] = {}
    for piece, (begin, end) in spans:
        known = extents.get(piece.start)
        extents[piece.start] = (
            (piece, begin, end)
            if known is None
            else (piece, min(known[1], begin), max(known[2], end))
        )
    ordered = [extents[start] for start in sorted(extents)]
    found: list[SpokenWord] = []
    last = ordered[0][1] if ordered else 0
    at = 0
    for token in _tokens(text):
        begin, end = token
        core_begin = begin + len(text[begin:end]) - len(text[begin:end].lstrip())
        core_end = core_begin + len(text[core_begin:end].rstrip())
        while at < len(ordered) and ordered[at][0].end <= core_begin:
            at += 1
        low, high = None, None
        look = at
        while look < len(ordered) and ordered[look][0].start < core_end:
            piece, first, stop = ordered[look]
            size = max(1, piece.end - piece.start)
            share = (
                (max(core_begin, piece.start) - piece.start) / size,
                (min(core_end, piece.end) - piece.start) / size,
            )
            part = (
                first + round((stop - first) * share[0]),
                first + round((stop - first) * share[1]),
            )
            low = part[0] if low is None else min(low, part[0])
            high = part[1] if high is None else max(high, part[1])
            look += 1
        ids = (last, last) if low is None or high is None else (low, high)
        last = ids[1]
        found.append(SpokenWord(text[begin:end], begin, end, ids))
    return found


def _tokens(text: str) -> list[Span]:
    """Cut a text into words with the white space that follows; what leads goes with the first."""
    starts = [found.start() for found in _WORD.finditer(text)]
    if not starts:
        return []
    starts[0] = 0
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


def _phonemes(phonemes: Sequence[str], positions: Sequence[int]) -> list[SpokenPhoneme]:
    """Join stress and modifiers with their phonemes; leave out spaces and punctuation."""
    found: list[SpokenPhoneme] = []
    prefix, start = "", None
    for number, symbol in enumerate(phonemes):
        span = positions[number], positions[number + 1]
        if symbol in _STRESS:
            prefix, start = prefix + symbol, span[0] if start is None else start
        elif (symbol in _MODIFIERS or not symbol.isprintable() or _is_mark(symbol)) and found:
            before = found[-1]
            found[-1] = SpokenPhoneme(before.ipa + symbol, (before.ids[0], span[1]))
        elif symbol.isalpha():
            found.append(
                SpokenPhoneme(prefix + symbol, (span[0] if start is None else start, span[1]))
            )
            prefix, start = "", None
    return found


def _is_mark(symbol: str) -> bool:
    return "\u0300" <= symbol <= "\u036f"
