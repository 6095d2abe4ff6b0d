"""Makes tokens of what was encoded, one step of ONNX Runtime for each.

Tokens that were found in a decode of less audio need no step of their own (ADR 0020): they are run
together, and those kept that would be found again.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from speech_server.engines.base import Phrase
from speech_server.engines.whisper.beams import Beams, Integers
from speech_server.engines.whisper.graph import open_graph
from speech_server.engines.whisper.layers import EMBEDDINGS, Shape, memory_graph, step_graph
from speech_server.engines.whisper.phrases import Expected
from speech_server.engines.whisper.weights import Floats, Weights

SURE: Final = math.log(0.5)
"""Log-probability from which a token is taken without looking at others (ADR 0020)."""

MOST_DRAFTED: Final = 64
"""Tokens of the drafts of a batch: each has a row of the vocabulary's width, 0.2 MB, in each of
four arrays."""

Past = dict[str, Floats]
Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Decoded:
    """Tokens of a window, those asked for at its head with them.

    ``log_prob`` is that of those that were made, with the end's where it came; ``kept`` tells how
    many of them the draft had.
    """

    tokens: tuple[int, ...]
    log_prob: float
    no_speech_prob: float
    kept: int = 0


@dataclass(frozen=True)
class Marks:
    """Numbers of the tokens that mean something."""

    start: int
    end: int
    no_speech: int
    before_text: int
    """The last one before the text, ``<|notimestamps|>``."""
    never: tuple[int, ...]
    """Tokens that are never made."""
    never_first: tuple[int, ...]
    """Those that are not made at the start of the text either."""


@dataclass(frozen=True)
class _Likely:
    """The likeliest tokens after some rows, ``[rows, candidates]``, the likeliest first."""

    log_probs: Floats
    tokens: Integers


@dataclass(frozen=True)
class _Head:
    """What a row begins with, and the log-probability of what its draft has of that."""

    tokens: list[int]
    log_prob: float
    no_speech_prob: float


class Decoder:
    """Makes tokens, greedily or by a beam. Safe from several threads at once.

    Args:
        weights: Of the model; they stay open.
        marks: Which tokens mean what.
        threads: Threads of a step.

    Raises:
        UnknownWeights: The model's weights are none that this knows.
    """

    def __init__(self, weights: Weights, marks: Marks, *, threads: int) -> None:
        self._weights = weights
        self._marks = marks
        self._shape = Shape.of(weights, "decoder")
        self._positions = weights.floats("decoder/position_encodings/encodings")
        self._masks = np.zeros((2, weights.shape(f"{EMBEDDINGS}/weight")[0]), np.float32)
        self._masks[:, list(marks.never)] = -np.inf
        self._masks[1, list(marks.never_first)] = -np.inf
        self._memory = open_graph(memory_graph(weights, self._shape), threads)
        self._step = open_graph(step_graph(weights, self._shape), threads)
        self._memory_names = [output.name for output in self._memory.get_outputs()]
        self._made = [output.name for output in self._step.get_outputs()[1:]]
        self._past_names = [name.replace("new_", "past_") for name in self._made[2:]]

    def decode(
        self,
        encoded: Floats,
        prompts: Sequence[Sequence[int]],
        longest: int,
        *,
        width: int,
        wanted: Callable[[], bool],
        drafts: Sequence[Sequence[int]],
        before: Sequence[int],
        phrases: Sequence[Sequence[Phrase]],
    ) -> list[Decoded] | None:
        """Decode a batch; None when it is not wanted any more.

        Args:
            encoded: ``[B, S, D]``.
            prompts: What each row begins with; marks are at the same places in all of them.
            longest: The most tokens to make of a row, those of the prompt's text counted in.
            width: Hypotheses of a row that are followed; 1 takes the likeliest token each time.
            wanted: Asked before each token whether to go on.
            drafts: What may come after each prompt; looked at up to a length. Kept up to the first
                token that is not the likeliest one, or of several hypotheses not surely the best
                one's.
            before: How many tokens of each prompt's text belong to what was said before; they are
                not given back.
            phrases: What each row is expected to say.
        """
        memory = dict(
            zip(self._memory_names, self._memory.run(None, {"encoded": encoded}), strict=True)
        )
        text_at = [
            prompt.index(self._marks.before_text) + 1 + told
            for prompt, told in zip(prompts, before, strict=True)
        ]
        longest = min(longest, len(self._positions) - max(text_at))
        most = MOST_DRAFTED // len(prompts)
        drafts = [
            draft[: max(0, min(most, at + longest - 1 - len(prompt)))]
            for prompt, at, draft in zip(prompts, text_at, drafts, strict=True)
        ]
        expected = [Expected(of) for of in phrases]
        heads, likely, past = self._begin(prompts, drafts, text_at, memory, width, expected)
        rows = [
            Beams(
                head.tokens,
                at,
                end=self._marks.end,
                width=width,
                longest=longest,
                log_prob=head.log_prob,
            )
            for head, at in zip(heads, text_at, strict=True)
        ]
        alive = list(range(len(rows)))
        wide = 1
        for at in range(min(len(head.tokens) for head in heads), len(self._positions)):
            going: list[int] = []
            parents: list[list[int]] = []
            for place, number in enumerate(alive):
                row = slice(place * wide, place * wide + len(rows[number].beams))
                of = rows[number].extend(at, likely.log_probs[row], likely.tokens[row])
                if of:
                    going.append(place)
                    parents.append([place * wide + parent for parent in of])
            if not going:
                break
            if not wanted():
                return None
            if len(going) < len(alive):
                alive = [alive[place] for place in going]
                memory = {name: values[going] for name, values in memory.items()}
            # Rows of a batch are equally wide: what a row has too few of is there twice.
            wide = max(len(of) for of in parents)
            sources = [source for of in parents for source in _filled(of, wide)]
            if sources != list(range(len(next(iter(past.values()))))):
                past = {name: values[sources] for name, values in past.items()}
            beams = [beam for number in alive for beam in _filled(rows[number].beams, wide)]
            first = [rows[number].text_at == at + 1 for number in alive for _ in range(wide)]
            gains = [
                expected[number].likelier(beam.tokens[rows[number].text_at : at + 1])
                for number in alive
                for beam in _filled(rows[number].beams, wide)
            ]
            tokens = np.array([[beam.tokens[at]] for beam in beams])
            likely, past = self._run(tokens, at, first, memory, past, width + 1, gains)
        return [
            Decoded(
                row.best.tokens[row.text_at :],
                row.best.log_prob,
                head.no_speech_prob,
                kept=len(head.tokens) - len(prompt),
            )
            for row, head, prompt in zip(rows, heads, prompts, strict=True)
        ]

    def _begin(
        self,
        prompts: Sequence[Sequence[int]],
        drafts: Sequence[Sequence[int]],
        text_at: Sequence[int],
        memory: Past,
        width: int,
        expected: Sequence[Expected],
    ) -> tuple[list[_Head], _Likely, Past]:
        """Run prompts and drafts; gives what is likely after each head, and the shortest's past."""
        rows = [[*prompt, *draft] for prompt, draft in zip(prompts, drafts, strict=True)]
        length = max(len(row) for row in rows)
        # What is behind the end of a row changes nothing before it, and is cut off again.
        filled = np.array([row + [self._marks.end] * (length - len(row)) for row in rows])
        start = prompts[0].index(self._marks.start)
        # What comes after the start, after the prompt and after each token of the draft.
        asked = [
            [start, *range(len(prompt) - 1, len(row))]
            for prompt, row in zip(prompts, rows, strict=True)
        ]
        places = np.array([row * length + at for row, of in enumerate(asked) for at in of])
        first = [at + 1 == text for text, of in zip(text_at, asked, strict=True) for at in of]
        gains = [
            phrases.likelier(row[text : at + 1]) if at + 1 >= text else {}
            for phrases, row, text, of in zip(expected, rows, text_at, asked, strict=True)
            for at in of
        ]
        empty = np.empty((len(rows), self._shape.heads, 0, self._shape.head_width), np.float32)
        logits, log_probs, tokens, *past = self._step.run(
            None,
            {
                **self._rows(filled, 0, places, first, width + 1, gains),
                **memory,
                **dict.fromkeys(self._past_names, empty),
            },
        )
        heads: list[_Head] = []
        after: list[int] = []
        at = 0
        for prompt, draft, of in zip(prompts, drafts, asked, strict=True):
            likely = _Likely(log_probs[at + 1 :], tokens[at + 1 :])
            kept, log_prob = _keep(draft, likely, sure=width > 1)
            doubt = logits[at]
            no_speech = float(np.exp(doubt[self._marks.no_speech] - _log_sum(doubt)))
            heads.append(_Head([*prompt, *draft[:kept]], log_prob, no_speech))
            after.append(at + 1 + kept)  # of a longer head than the shortest nobody looks at it
            at += len(of)
        shortest = min(len(head.tokens) for head in heads)
        return (
            heads,
            _Likely(log_probs[after], tokens[after]),
            {
                name: values[:, :, :shortest]
                for name, values in zip(self._past_names, past, strict=True)
            },
        )

    def _run(
        self,
        tokens: Integers,
        at: int,
        first: Sequence[bool],
        memory: Past,
        past: Past,
        candidates: int,
        gains: Sequence[Mapping[int, float]],
    ) -> tuple[_Likely, Past]:
        """Run one token of each row, ``[B, 1]``."""
        places = np.arange(len(tokens))
        log_probs, chosen, *new = self._step.run(
            self._made,
            {**self._rows(tokens, at, places, first, candidates, gains), **memory, **past},
        )
        return _Likely(log_probs, chosen), dict(zip(self._past_names, new, strict=True))

    def _rows(
        self,
        tokens: Integers,
        at: int,
        places: Integers,
        first: Sequence[bool],
        candidates: int,
        gains: Sequence[Mapping[int, float]],
    ) -> dict[str, npt.NDArray[np.generic]]:
        """Give what the graph takes besides memory and past.

        ``first`` says where text begins, ``gains`` which tokens are likelier than the sound says.
        """
        if len(set(first)) == 1 and not any(gains):  # nearly always: one mask, and no copy of it
            masks = self._masks[int(first[0])][np.newaxis]
        else:
            masks = self._masks[np.array(first, int)]
            for mask, gain in zip(masks, gains, strict=True):
                mask[list(gain)] += list(gain.values())
        return {
            "embedded": self._weights.rows(f"{EMBEDDINGS}/weight", tokens)
            + self._positions[at : at + tokens.shape[1]],
            "wanted": places,
            "masks": masks,
            "candidates": np.array([candidates]),
        }


def _keep(draft: Sequence[int], likely: _Likely, *, sure: bool) -> tuple[int, float]:
    """Count the first tokens of a draft that would be made again, and sum up their log-probability.

    Args:
        draft: The tokens.
        likely: What is likely in the place of each.
        sure: Keep only what is so likely that no other hypothesis becomes the better one.
    """
    total = 0.0
    for at, token in enumerate(draft):
        log_prob = float(likely.log_probs[at, 0])
        if int(likely.tokens[at, 0]) != token or (sure and log_prob < SURE):
            return at, total
        total += log_prob
    return len(draft), total


def _filled(items: list[Kind], count: int) -> list[Kind]:
    return items + items[:1] * (count - len(items))


def _log_sum(values: Floats) -> float:
    largest = float(values.max())
    return largest + float(np.log(np.exp(values - largest).sum()))
