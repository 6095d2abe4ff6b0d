"""Makes tokens of what was encoded, one step of ONNX Runtime for each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speech_server.engines.whisper.graph import open_graph
from speech_server.engines.whisper.layers import EMBEDDINGS, Shape, memory_graph, step_graph
from speech_server.engines.whisper.weights import Floats, Weights

Past = dict[str, Floats]


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


class Decoder:
    """Makes tokens greedily. Safe from several threads at once.

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
        self._never = np.zeros(weights.shape(f"{EMBEDDINGS}/weight")[0], np.float32)
        self._never[list(marks.never)] = -np.inf
        self._never_first = self._never.copy()
        self._never_first[list(marks.never_first)] = -np.inf
        self._memory = open_graph(memory_graph(weights, self._shape), threads)
        self._step = open_graph(step_graph(weights, self._shape), threads)
        self._memory_names = [output.name for output in self._memory.get_outputs()]
        self._past_names = [
            output.name.replace("new_", "past_") for output in self._step.get_outputs()[1:]
        ]

    def decode(
        self,
        encoded: Floats,
        prompts: Sequence[Sequence[int]],
        longest: int,
        wanted: Callable[[], bool],
    ) -> list[Decoded] | None:
        """Decode a batch greedily; None when it is not wanted any more.

        Args:
            encoded: ``[B, S, D]``.
            prompts: What each row begins with; marks are at the same places in all of them.
            longest: The most tokens to make of a row, those of the prompt's text counted in.
            wanted: Asked before each token whether to go on.
        """
        memory = dict(
            zip(self._memory_names, self._memory.run(None, {"encoded": encoded}), strict=True)
        )
        rows = [_Row(list(prompt), prompt.index(self._marks.before_text) + 1) for prompt in prompts]
        alive = list(range(len(rows)))
        shortest = min(len(prompt) for prompt in prompts)
        start = prompts[0].index(self._marks.start)
        logits, past = self._run(
            np.array([prompt[:shortest] for prompt in prompts]),
            0,
            memory,
            self._empty(len(rows)),
            wanted=[start, shortest - 1],
        )
        for row, first in zip(rows, logits[0::2], strict=True):
            row.no_speech_prob = float(np.exp(first[self._marks.no_speech] - _log_sum_exp(first)))
        logits = logits[1::2]
        longest = min(longest, len(self._positions) - max(row.text_at for row in rows))
        for at in range(shortest, len(self._positions)):
            going = [
                place
                for place, number in enumerate(alive)
                if self._take(rows[number], at, logits[place], longest)
            ]
            if not going:
                break
            if not wanted():
                return None
            if len(going) < len(alive):
                alive = [alive[place] for place in going]
                memory = {name: values[going] for name, values in memory.items()}
                past = {name: values[going] for name, values in past.items()}
            tokens = np.array([[rows[number].tokens[at]] for number in alive])
            logits, past = self._run(tokens, at, memory, past, wanted=[0])
        return [row.decoded() for row in rows]

    def _take(self, row: "_Row", at: int, logits: Floats, longest: int) -> bool:
        """Put the next token at its place; whether the row goes on."""
        if at < len(row.tokens):
            return True
        masked = logits + (self._never_first if at == row.text_at else self._never)
        token = int(masked.argmax())
        row.log_prob += float(masked[token] - _log_sum_exp(masked))
        if token == self._marks.end:
            return False
        row.tokens.append(token)
        return len(row.tokens) - row.text_at < longest

    def _run(
        self,
        tokens: npt.NDArray[np.int64],
        at: int,
        memory: Past,
        past: Past,
        *,
        wanted: Sequence[int],
    ) -> tuple[Floats, Past]:
        """Run ``[B, T]`` tokens; give the logits after the wanted ones of each row, in order."""
        batch, length = tokens.shape
        embedded = (
            self._weights.rows(f"{EMBEDDINGS}/weight", tokens) + self._positions[at : at + length]
        )
        places = np.array([row * length + place for row in range(batch) for place in wanted])
        logits, *new = self._step.run(
            None, {"embedded": embedded, "wanted": places, **memory, **past}
        )
        return logits, dict(zip(self._past_names, new, strict=True))

    def _empty(self, batch: int) -> Past:
        nothing = np.empty((batch, self._shape.heads, 0, self._shape.head_width), np.float32)
        return dict.fromkeys(self._past_names, nothing)


@dataclass
class _Row:
    """A row that is being decoded: its tokens with the prompt, whose text begins at ``text_at``."""

    tokens: list[int]
    text_at: int
    log_prob: float = 0.0
    no_speech_prob: float = 0.0

    def decoded(self) -> Decoded:
        return Decoded(tuple(self.tokens[self.text_at :]), self.log_prob, self.no_speech_prob)


def _log_sum_exp(values: Floats) -> float:
    largest = float(values.max())
    return largest + float(np.log(np.exp(values - largest).sum()))
