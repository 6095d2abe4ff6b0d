"""Makes tokens of what was encoded, one step of ONNX Runtime for each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from speech_server.engines.whisper.beams import Beams, Integers
from speech_server.engines.whisper.graph import open_graph
from speech_server.engines.whisper.layers import EMBEDDINGS, Shape, memory_graph, step_graph
from speech_server.engines.whisper.weights import Floats, Weights

Past = dict[str, Floats]
Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Decoded:
    """Tokens of a window, those asked for at its head with them.

    ``log_prob`` is that of those that were made, with the end's where it came.
    """

    tokens: tuple[int, ...]
    log_prob: float
    no_speech_prob: float


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
    """The likeliest tokens after some rows, ``[rows, candidates]``."""

    log_probs: Floats
    tokens: Integers


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
    ) -> list[Decoded] | None:
        """Decode a batch; None when it is not wanted any more.

        Args:
            encoded: ``[B, S, D]``.
            prompts: What each row begins with; marks are at the same places in all of them.
            longest: The most tokens to make of a row, those of the prompt's text counted in.
            width: Hypotheses of a row that are followed; 1 takes the likeliest token each time.
            wanted: Asked before each token whether to go on.
        """
        memory = dict(
            zip(self._memory_names, self._memory.run(None, {"encoded": encoded}), strict=True)
        )
        text_at = [prompt.index(self._marks.before_text) + 1 for prompt in prompts]
        longest = min(longest, len(self._positions) - max(text_at))
        rows = [
            Beams(prompt, at, end=self._marks.end, width=width, longest=longest)
            for prompt, at in zip(prompts, text_at, strict=True)
        ]
        shortest = min(len(prompt) for prompt in prompts)
        no_speech, likely, past = self._begin(
            np.array([prompt[:shortest] for prompt in prompts]), rows, memory, width + 1
        )
        alive = list(range(len(rows)))
        wide = 1
        for at in range(shortest, len(self._positions)):
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
            tokens = np.array([[beam.tokens[at]] for beam in beams])
            likely, past = self._run(tokens, at, first, memory, past, width + 1)
        return [
            Decoded(row.best.tokens[row.text_at :], row.best.log_prob, doubt)
            for row, doubt in zip(rows, no_speech, strict=True)
        ]

    def _begin(
        self, prompts: Integers, rows: Sequence[Beams], memory: Past, candidates: int
    ) -> tuple[list[float], _Likely, Past]:
        """Run what all prompts have; tells of each row how likely there is no speech in it."""
        batch, length = prompts.shape
        start = int(np.argmax(prompts[0] == self._marks.start))
        places = np.array([row * length + at for row in range(batch) for at in (start, length - 1)])
        first = [row.text_at == length for row in rows for _ in range(2)]
        empty = np.empty((batch, self._shape.heads, 0, self._shape.head_width), np.float32)
        logits, log_probs, tokens, *past = self._step.run(
            None,
            {
                **self._rows(prompts, 0, places, first, candidates),
                **memory,
                **dict.fromkeys(self._past_names, empty),
            },
        )
        no_speech = []
        for at_start in logits[0::2]:
            no_speech.append(float(np.exp(at_start[self._marks.no_speech] - _log_sum(at_start))))
        likely = _Likely(log_probs[1::2], tokens[1::2])
        return no_speech, likely, dict(zip(self._past_names, past, strict=True))

    def _run(
        self,
        tokens: Integers,
        at: int,
        first: Sequence[bool],
        memory: Past,
        past: Past,
        candidates: int,
    ) -> tuple[_Likely, Past]:
        """Run one token of each row, ``[B, 1]``."""
        places = np.arange(len(tokens))
        log_probs, chosen, *new = self._step.run(
            self._made, {**self._rows(tokens, at, places, first, candidates), **memory, **past}
        )
        return _Likely(log_probs, chosen), dict(zip(self._past_names, new, strict=True))

    def _rows(
        self,
        tokens: Integers,
        at: int,
        places: Integers,
        first: Sequence[bool],
        candidates: int,
    ) -> dict[str, npt.NDArray[np.generic]]:
        """Give what the graph takes besides memory and past; ``first`` says where text begins."""
        if len(set(first)) == 1:  # nearly always: one mask for all, and no copy of it
            masks = self._masks[int(first[0])][np.newaxis]
        else:
            masks = self._masks[np.array(first, int)]
        return {
            "embedded": self._weights.rows(f"{EMBEDDINGS}/weight", tokens)
            + self._positions[at : at + tokens.shape[1]],
            "wanted": places,
            "masks": masks,
            "candidates": np.array([candidates]),
        }


def _filled(items: list[Kind], count: int) -> list[Kind]:
    return items + items[:1] * (count - len(items))


def _log_sum(values: Floats) -> float:
    largest = float(values.max())
    return largest + float(np.log(np.exp(values - largest).sum()))
