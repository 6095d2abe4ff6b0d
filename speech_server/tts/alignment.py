"""Which phonemes of a sentence belong to which of its words.

espeak-ng speaks a sentence, not its words: "of the" becomes one group of phonemes, "musical/sport"
three. Where the numbers of words and groups agree they correspond; elsewhere words that were
spoken alone are matched with groups by length and by the sounds at their edges.
"""

from collections.abc import Callable, Sequence

Span = tuple[int, int]
"""Positions of phonemes, begin and end."""

_STRESS = frozenset("ˈˌː'\"")
_MOST = 10
"""Words in a group, or groups of a word."""
_NEVER = 1e9


def align(
    words: Sequence[str], phonemes: Sequence[str], alone: Callable[[str], Sequence[str]]
) -> list[Span]:
    """Give the phonemes of each word.

    Args:
        words: The words in order, each of which is spoken.
        phonemes: The phonemes of all of them, with spaces and punctuation.
        alone: Gives the phonemes of a word that is spoken alone.
    """
    groups = _groups(phonemes)
    if len(groups) == len(words):
        return groups
    if not groups or not words:
        return [(0, 0)] * len(words)
    sounds = [_sounds(phonemes[begin:end]) for begin, end in groups]
    expected = [_sounds(alone(word)) for word in words]
    result: list[Span] = []
    for group_range, word_range in _match(sounds, expected):
        begin = groups[group_range[0]][0]
        end = groups[group_range[1] - 1][1]
        lengths = [max(1, len(expected[number])) for number in range(*word_range)]
        result.extend(_share(begin, end, lengths))
    return result


def _groups(phonemes: Sequence[str]) -> list[Span]:
    """Find runs of phonemes between spaces, without the punctuation at their ends."""
    found: list[Span] = []
    begin: int | None = None
    end = 0
    for position, phoneme in enumerate(phonemes):
        if phoneme == " ":
            if begin is not None:
                found.append((begin, end))
            begin = None
        elif phoneme.isalpha() or phoneme in _STRESS:
            if begin is None:
                begin = position
            end = position + 1
        elif begin is not None and (phoneme.isdigit() or not phoneme.isascii()):
            end = position + 1  # tones and combining marks
    if begin is not None:
        found.append((begin, end))
    return found


def _sounds(phonemes: Sequence[str]) -> str:
    return "".join(phoneme for phoneme in phonemes if phoneme.isalpha() and phoneme not in _STRESS)


def _match(groups: list[str], words: list[str]) -> list[tuple[Span, Span]]:
    """Match runs of groups with runs of words, one of the two a single one."""
    left = 0
    while left < min(len(groups), len(words)) and groups[left] == words[left]:
        left += 1
    right = 0
    while (
        right < min(len(groups), len(words)) - left
        and groups[len(groups) - 1 - right] == words[len(words) - 1 - right]
    ):
        right += 1
    # A neighbour of the unequal part may have been equal by chance ("a" and the "a" of "a lot").
    left, right = max(0, left - 1), max(0, right - 1)
    middle = _search(groups[left : len(groups) - right], words[left : len(words) - right])
    pairs: list[tuple[Span, Span]] = [((i, i + 1), (i, i + 1)) for i in range(left)]
    pairs += [((a + left, b + left), (c + left, d + left)) for (a, b), (c, d) in middle]
    for back in range(right, 0, -1):
        group, word = len(groups) - back, len(words) - back
        pairs.append(((group, group + 1), (word, word + 1)))
    return pairs


def _search(groups: list[str], words: list[str]) -> list[tuple[Span, Span]]:
    """Find the cheapest monotonic matching near the diagonal."""
    rows, columns = len(groups), len(words)
    if not rows or not columns:
        return []
    best: dict[Span, tuple[float, Span]] = {(0, 0): (0.0, (0, 0))}
    band = _MOST + abs(rows - columns)
    for row in range(rows + 1):
        middle = row * columns // rows
        for column in range(max(0, middle - band), min(columns, middle + band) + 1):
            here = best.get((row, column))
            if here is None:
                continue
            for down, along in _STEPS:
                at = (row + down, column + along)
                if at[0] > rows or at[1] > columns:
                    continue
                cost = here[0] + _difference(groups, words, (row, at[0]), (column, at[1]))
                if cost < best.get(at, (_NEVER, (0, 0)))[0]:
                    best[at] = (cost, (row, column))
    if (rows, columns) not in best:
        return _evenly(rows, columns)
    pairs: list[tuple[Span, Span]] = []
    at = (rows, columns)
    while at != (0, 0):
        before = best[at][1]
        pairs.append(((before[0], at[0]), (before[1], at[1])))
        at = before
    return pairs[::-1]


_STEPS = ((1, 1), *((1, n) for n in range(2, _MOST + 1)), *((n, 1) for n in range(2, _MOST + 1)))


def _difference(groups: list[str], words: list[str], rows: Span, columns: Span) -> float:
    spoken = "".join(groups[rows[0] : rows[1]])
    expected = "".join(words[columns[0] : columns[1]])
    edges = (spoken[:1] != expected[:1]) + (spoken[-1:] != expected[-1:])
    joined = (rows[1] - rows[0]) + (columns[1] - columns[0]) - 2
    return abs(len(spoken) - len(expected)) + edges + 0.5 * joined


def _evenly(rows: int, columns: int) -> list[tuple[Span, Span]]:
    """Spread words over groups when nothing matches."""
    if columns >= rows:
        cuts = [column * columns // rows for column in range(rows + 1)]
        return [((i, i + 1), (cuts[i], cuts[i + 1])) for i in range(rows)]
    cuts = [row * rows // columns for row in range(columns + 1)]
    return [((cuts[i], cuts[i + 1]), (i, i + 1)) for i in range(columns)]


def _share(begin: int, end: int, lengths: list[int]) -> list[Span]:
    """Share a run of phonemes among words by their lengths."""
    total = sum(lengths)
    spans: list[Span] = []
    passed, start = 0, begin
    for length in lengths:
        passed += length
        stop = begin + (end - begin) * passed // total
        spans.append((start, stop))
        start = stop
    return spans
