"""Cuts text that is still arriving into segments that are spoken as one.

Where a cut is depends on the characters alone, not on the pieces in which they came: every
decision waits for the characters that it needs, and never takes more of them when they happen to
be there. White space between two segments belongs to the later one for the same reason. Work is
linear in the length of the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_CHARS = 320
"""Longest segment: bounds the text stage, which looks at all of it at once."""

_PIECE = 4096
"""Characters that are taken at a time, since each cut copies what is left of them."""

_MARK = re.compile(r"[.!?…,;:—–\n。！？；、，]")
_STOPS = ".!?…"
_WIDE_STOPS = "。！？"
_CLAUSE = ",;:—–；、，"
_CLOSERS = "\"')]}»”’*_`~"
_SPEAKABLE = re.compile(r"\w")
_PLAIN = re.compile(r"\s*[^\W\d_]+(?:['’-][^\W\d_]+)*[,;]?(?=\s)")
"""A whole word of letters alone: its sound hangs on no sign or number beside it."""
_BEGUN = re.compile(r"\s*[^\W\d_]+$")
"""A word of letters, as far as it has come."""

AHEAD_LETTERS = 5
"""Letters that must be known after an opening: a word sounds as what follows makes it."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TITLES = _words(
    """
    mr mrs ms dr prof st gen col sgt capt lt rev hon sen rep gov pres fr sr jr mt vs approx
    ca cf e.g i.e viz bzw z.b d.h
    """
)
"""After these a full stop ends no sentence."""
_NUMBERED = _words(
    """
    no nos vol fig sec eq pp pg ext nr tel art ver
    """
)
"""After these a full stop ends no sentence when a number follows."""
_OFTEN_LAST = _words(
    """
    etc inc ltd co corp llc plc a.m p.m u.s u.k u.n e.u d.c ph.d m.d b.a m.a jan feb mar apr
    jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun dept est ave blvd rd ft usw
    """
)
"""After these a full stop ends a sentence only when the next word does not begin small."""


@dataclass(frozen=True)
class Segment:
    """A stretch of the client's text, by its characters ``start`` to ``end``.

    ``before`` is what was given of the same clause before it, ``ahead`` what is known of it after.
    """

    text: str
    start: int
    end: int
    ends_sentence: bool
    before: str = ""
    ahead: str = ""

    @property
    def clause(self) -> str:
        """All that is known of what it is spoken in."""
        return self.before + self.text + self.ahead

    @property
    def part(self) -> tuple[int, int | None]:
        """Where it begins in `clause`, and where it ends when more is known."""
        begin = len(self.before)
        return begin, begin + len(self.text) if self.ahead else None


class Segmenter:
    """Takes text in pieces and gives segments.

    Args:
        first_clause: Letters and digits that make the first clause long enough to be a segment of
            its own; 0 waits for the first sentence.
        opening: Letters that make the beginning of a clause long enough for `opening`; 0 gives
            none.
    """

    def __init__(self, first_clause: int, opening: int = 0) -> None:
        self._first_clause = first_clause
        self._opening = opening
        self._before = ""
        self._text = ""
        self._start = 0
        self._scan = 0
        self._letters = 0
        self._counted = 0

    @property
    def waiting(self) -> bool:
        """Whether there is text that could be spoken and is not in a segment yet."""
        return _SPEAKABLE.search(self._text) is not None

    @property
    def opens(self) -> bool:
        """Whether `opening` may give something when more text has come."""
        return self._opening > 0 and self.waiting

    def feed(self, text: str) -> list[Segment]:
        """Take the next piece of text."""
        found: list[Segment] = []
        for begin in range(0, len(text), _PIECE):
            self._text += text[begin : begin + _PIECE]
            while (segment := self._next()) is not None:
                found.append(segment)
        return found

    def opening(self, letters: int = MAX_CHARS) -> Segment | None:
        """Give the beginning of a clause whose end has not come, if enough of it is there.

        As much of it as may be; when it is asked for is the caller's choice, so that what it
        gives, alone of all segments, hangs on the pieces in which the text came.

        Args:
            letters: Letters that are enough, if they are fewer than those of the segmenter.
        """
        words = list(self._plain_words())
        known = words[-1] if words else 0
        # What follows is only known, so it need not be whole: most tokens of a model are words.
        if _BEGUN.match(self._text, known):
            known = len(self._text)
        for end in reversed(words):
            ahead = self._text[end:known]
            if letters_in(ahead) >= AHEAD_LETTERS:
                least = AHEAD_LETTERS if self._before else min(letters, self._opening)
                if not self._opening or letters_in(self._text[:end]) < least:
                    return None
                if len(self._before) + known > MAX_CHARS:
                    return None
                return self._cut(end, False, ahead=ahead)
        return None

    def stalled(self) -> Segment | None:
        """Give what ends in a sentence or a clause, when no more text has come for a while."""
        ready = self._text.rstrip().rstrip(_CLOSERS)
        if not ready or not self.waiting:
            return None
        mark, word = ready[-1], _word_before(ready, len(ready) - 1)
        if mark not in _STOPS + _WIDE_STOPS + _CLAUSE or word[-1:].isdigit() or len(word) < 2:
            return None
        if ready.endswith(("..", "…")):
            return None
        if mark == "." and word.lower() in _TITLES | _NUMBERED | _OFTEN_LAST:
            return None
        return self._cut(len(self._text.rstrip()), mark in _STOPS + _WIDE_STOPS)

    def rest(self, *, whole_words: bool = False) -> Segment | None:
        """Give what is left; with ``whole_words`` only up to the last white space."""
        end = len(self._text)
        if whole_words:
            end = max(self._text.rfind(" "), self._text.rfind("\n"))
        text = self._text[: max(end, 0)].rstrip()
        if _SPEAKABLE.search(text) is None:
            return None
        return self._cut(len(text), True)

    def _next(self) -> Segment | None:
        text = self._text
        while True:
            found = _MARK.search(text, self._scan)
            over = len(text) > MAX_CHARS and (found is None or found.start() >= MAX_CHARS)
            if over:
                return self._cut(*self._forced())
            if found is None:
                self._scan = len(text)
                return None
            verdict = self._judge(found.start())
            if verdict is None:
                if len(text) > MAX_CHARS:
                    return self._cut(*self._forced())
                self._scan = found.start()
                return None
            end, ends_sentence = verdict
            if end > 0 and self._count(end) > 0:
                return self._cut(end, ends_sentence)
            self._scan = found.end()
            # The rest of a run of stops, which was judged as one, and had all come.
            is_stop = found.group() in _STOPS
            while is_stop and self._scan < len(text) and text[self._scan] in _STOPS:
                self._scan += 1

    def _judge(self, at: int) -> tuple[int, bool] | None:
        """Say where a cut at a mark would be (0: none); None waits for more text."""
        text, mark = self._text, self._text[at]
        if mark == "\n":
            return at, True
        if mark in _WIDE_STOPS:
            return at + 1, True
        if mark in _CLAUSE:
            return self._judge_clause(at)
        end = at + 1
        while end < len(text) and text[end] in _STOPS:
            end += 1
        run = text[at:end]
        stop = end
        while end < len(text) and text[end] in _CLOSERS:
            end += 1
        if end == len(text):
            return None
        if not text[end].isspace():
            return 0, False
        word = _word_before(text, at).lower()
        if run == ".":
            if word in _TITLES or (word.isdigit() and not text[: at - len(word)].strip()):
                return 0, False
            if len(word) == 1 and word.isalpha() and word != "i":
                return 0, False
        unsure = word in _OFTEN_LAST or word in _NUMBERED
        # What is quoted may go on: "Stop!" he said.
        if run in ("...", "…", "..") or (run == "." and unsure) or end > stop:
            after = end
            while after < len(text) and text[after].isspace() and text[after] != "\n":
                after += 1
            if after == len(text):
                return None
            if text[after].isdigit() if word in _NUMBERED else text[after].islower():
                return 0, False
        return end, True

    def _judge_clause(self, at: int) -> tuple[int, bool] | None:
        if not self._first_clause or self._count(at) < self._first_clause:
            return 0, False
        text, mark = self._text, self._text[at]
        if mark in ",;，；、" and text[at - 1].isalpha():
            return at + 1, False
        if at + 1 == len(text):
            return None
        return (at + 1, False) if text[at + 1].isspace() else (0, False)

    def _forced(self) -> tuple[int, bool]:
        """Cut a segment that is too long: after a clause, else a word, else anywhere."""
        head = self._text[:MAX_CHARS]
        for marks in (_CLAUSE, " \n\t"):
            cut = max(head.rfind(mark) for mark in marks)
            if cut >= MAX_CHARS // 3:
                return cut + (marks is _CLAUSE), False
        return MAX_CHARS, False

    def _count(self, end: int) -> int:
        """Letters and digits before a position, counted once each."""
        if end > self._counted:
            self._letters += letters_in(self._text[self._counted : end])
            self._counted = end
        return self._letters

    def _plain_words(self) -> Iterator[int]:
        """Give where each whole word ends, up to the first that is not letters alone."""
        at = 0
        while found := _PLAIN.match(self._text, at):
            at = found.end()
            yield at

    def _cut(self, end: int, ends_sentence: bool, *, ahead: str = "") -> Segment:
        text, start = self._text[:end], self._start
        segment = Segment(text, start, start + end, ends_sentence, self._before, ahead)
        self._text = self._text[end:]
        self._start += end
        self._scan = self._letters = self._counted = 0
        self._before = self._before + text if ahead else ""
        if not ahead:
            self._first_clause = 0
        return segment


def letters_in(text: str) -> int:
    """Count letters and digits."""
    return sum(char.isalnum() for char in text)


def _word_before(text: str, at: int) -> str:
    begin = at
    while begin > 0 and at - begin < 24 and (text[begin - 1].isalnum() or text[begin - 1] in ".'’"):
        begin -= 1
    return text[begin:at]
