"""What the rest of recognition knows of an engine."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from speech_server.audio.decoding import Samples
from speech_server.audio.log_mel import FRAME_MS, Features

Task = Literal["transcribe", "translate"]


@dataclass(frozen=True)
class Word:
    """One word with its times within the window that was decoded."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float


@dataclass(frozen=True)
class DecodeOptions:
    """What items of one batch must share."""

    task: Task = "transcribe"
    words: bool = False
    context_tokens: int = 0
    """Tokens of context before the start of the transcript; the engine takes only one length in a
    batch."""


@dataclass(frozen=True)
class Before:
    """What was said at the beginning of a window and is known already."""

    frames: int = 0
    tokens: tuple[int, ...] = ()


@dataclass(frozen=True)
class Phrase:
    """What is expected to be said; ``boost``, in nats, is what each of its tokens gains."""

    tokens: tuple[int, ...]
    boost: float


@dataclass(frozen=True)
class DecodeItem:
    """One window to decode.

    ``features`` is ``[mel, frames]`` of the speech alone; the engine pads it.
    """

    features: Features
    options: DecodeOptions = DecodeOptions()
    before: Before = Before()
    """The beginning of the window that is not asked for; tokens, text and times of the hypothesis
    are of what comes after it."""
    language: str | None = None
    """ISO 639-1 code; None detects it."""
    half_window: bool = False
    """Decode over at least half of the model's window."""
    full_window: bool = False
    context: tuple[int, ...] = ()
    """Tokens that come before the transcript; as many as ``options.context_tokens``."""
    phrases: tuple[Phrase, ...] = ()
    """Those with a weight; an engine that `weighs_phrases` heeds them."""
    prefix: tuple[int, ...] = ()
    """Tokens that the transcript must begin with."""
    draft: tuple[int, ...] = ()
    """Tokens of a decode of less audio, which need not be looked for where they are still right;
    engines may do without."""
    interim: bool = False
    """Whether nobody waits for it; batch mates are alike."""

    @property
    def seconds(self) -> float:
        """Length of the speech, that before it counted in."""
        return float(self.features.shape[1]) * FRAME_MS / 1000

    @property
    def own_ms(self) -> int:
        """Length of the speech that is asked for."""
        return int(self.features.shape[1] - self.before.frames) * FRAME_MS

    def alone(self) -> "DecodeItem":
        """Give it without what was said before."""
        return replace(self, features=self.features[:, self.before.frames :], before=Before())


@dataclass(frozen=True)
class Hypothesis:
    """What an engine made of one window.

    ``word_ends`` has an entry for each word or mark of punctuation: how many tokens, and how many
    characters of ``text``, there are up to its end.
    """

    text: str
    tokens: tuple[int, ...] = ()
    word_ends: tuple[tuple[int, int], ...] = ()
    avg_logprob: float = 0.0
    no_speech_prob: float = 0.0
    language: str = ""
    language_probability: float = 0.0
    words: tuple[Word, ...] = ()
    fault: str = ""
    """Why the text is not to be trusted: ``limit``, ``loop``, ``compression``; ``misled`` by what
    was said before; ``twice``, if a phrase of a final comes again at once; ``language``, if the
    window has to be longer for that; empty if it is."""
    context_frames: int = 0
    batch_size: int = 1
    encode_ms: float = 0.0
    decode_ms: float = 0.0
    align_ms: float = 0.0
    queue_ms: float = field(default=0.0, compare=False)
    kept_tokens: int = field(default=0, compare=False)
    """Tokens that the draft had."""
    retried: str = ""
    """The fault for which another window was decoded, if one was."""


class Wanted:
    """Whether somebody still waits for a batch. Safe from any thread.

    Args:
        ask: Tells it.
    """

    def __init__(self, ask: Callable[[], bool] = lambda: True) -> None:
        self._ask = ask
        self._stop: Callable[[], None] | None = None

    def __call__(self) -> bool:
        """Tell it."""
        return self._ask()

    def look(self) -> None:
        """Look again, since it may have changed: what runs is stopped when nobody waits."""
        stop = self._stop
        if stop is not None and not self._ask():
            stop()

    @contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """For the length of the block, call ``stop``, once or more, when nobody waits any more."""
        self._stop = stop
        try:
            self.look()
            yield
        finally:
            self._stop = None


class RecognitionEngine(Protocol):
    """A recognition model. Its methods block; `decode` is called from as many threads as lanes."""

    name: str
    languages: tuple[str, ...]
    device: str
    compute_type: str
    n_mels: int
    weighs_phrases: bool
    """Whether it heeds an item's ``phrases``."""
    takes_all_cores: bool
    """Whether two calls of `decode` at once are no quicker than one after the other."""

    def bucket(self, item: DecodeItem) -> int:
        """Length of the window, in frames, that an item is padded to; batch mates share it."""

    def decode(self, items: Sequence[DecodeItem], wanted: Wanted) -> list[Hypothesis] | None:
        """Decode items of one bucket and one set of options together.

        It asks now and then whether the results are still wanted, and gives None when not.
        """

    def tokenize(self, text: str) -> tuple[int, ...]:
        """Turn text into tokens; safe from any thread."""

    def close(self) -> None:
        """Free the model."""


class VoiceActivityStream(Protocol):
    """Voice activity of one stream, with its state."""

    def push(self, samples: Samples) -> list[float]:
        """Give the voice probability of each window that the samples complete."""


class TurnModel(Protocol):
    """Tells whether a speaker has finished."""

    def probability(self, samples: Samples) -> float:
        """Probability that the turn in these last seconds of audio is over. Blocks."""
