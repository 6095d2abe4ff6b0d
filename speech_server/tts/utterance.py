"""One segment on its way through the stages of a voice.

Owned by the scheduler's thread once it is submitted. Only what the next windows need is kept: the
prior a row for each phoneme, and as many frames of latent as the flow's context is long.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from speech_server.engines.piper import Floats, PiperVoice, Prior, TextRow
from speech_server.tts.noise import Noise
from speech_server.tts.windows import Window, next_window


@dataclass(frozen=True)
class Manner:
    """How a voice is to speak.

    ``length_scale`` stretches time; ``noise_scale`` and ``noise_w_scale`` vary sound and rhythm.
    """

    length_scale: float
    noise_scale: float
    noise_w_scale: float
    speaker: int


class Utterance:
    """The state of one segment.

    Frames are counted from the begin of the clause. What a segment of a clause knows of the rest
    is context and not its own sound, and its last frames sound with the next segment, since what
    follows may become another than was known, and the decoder hears it in them. The next goes on
    from those very frames, so that there is one latent without a seam, however many segments say
    it (ADR 0015, ADR 0028).

    Args:
        voice: The voice.
        ids: The voice's ids of the phonemes, of the whole clause as far as it is known.
        manner: How to speak.
        noise: Where its noise comes from; the same for all segments of a clause.
        part: Which ids are said: where they begin, and where what is only known begins, if
            anything is.
        after: The segment that said the ids before; it is finished when this one begins.
    """

    def __init__(
        self,
        voice: PiperVoice,
        ids: Sequence[int],
        manner: Manner,
        noise: Noise,
        *,
        part: tuple[int, int | None] = (0, None),
        after: "Utterance | None" = None,
    ) -> None:
        self.voice = voice
        self.ids = ids
        self.manner = manner
        self.lead_frames = 0
        """First frame that sounds."""
        self.total_frames = 0
        """Frame after the last one that sounds."""
        self.position = 0
        """First frame that is not decoded yet."""
        self._windows = 0
        self.id_frames: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        """Frames of each id, once the text stage has run."""
        self._noise = noise
        self._part = part
        self._after = after
        self._edge = 0
        """Frame after the last one of the part: the next segment begins with it."""
        self._prior: Prior | None = None
        self._deviation: Floats = np.zeros((0, 0), np.float32)
        self._owner: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._latent = _Frames(voice.channels)
        self._flowed = _Frames(voice.channels)

    @property
    def started(self) -> bool:
        """Whether the text stage has run."""
        return self._prior is not None

    @property
    def finished(self) -> bool:
        """Whether every frame is decoded."""
        return self.started and self.position >= self.total_frames

    @property
    def samples(self) -> int:
        """Samples of its sound, once the text stage has run."""
        return (self.total_frames - self.lead_frames) * self.voice.hop

    @property
    def frames_held(self) -> int:
        """Frames that are in memory; bounded by the windows, not by the utterance."""
        return self._latent.length + self._flowed.length

    @property
    def _seen(self) -> int:
        """Frame after the last one that the decoder may see: what its sound needs, if known."""
        return min(len(self._owner), self.total_frames + (self.voice.decoder_reach or 0))

    def text_row(self) -> TextRow:
        """Give the input of the text stage."""
        scale = np.float32(self.manner.noise_w_scale)
        rhythm = tuple(
            self._noise.rhythm(number, channels, len(self.ids)) * scale
            for number, channels in enumerate(self.voice.rhythm_channels)
        )
        return TextRow(self.ids, rhythm, self.manner.speaker)

    def begin(self, prior: Prior) -> None:
        """Take what the text stage made: now the length is known."""
        stretched = np.ceil(prior.durations * np.float32(self.manner.length_scale))
        self.id_frames = stretched.astype(np.int64)
        if self._after is not None:
            self._go_on(self._after)
            self._after = None
        self._owner = np.repeat(np.arange(len(self.ids)), self.id_frames)
        if not len(self._owner):
            self._owner = np.zeros(1, np.int64)  # the graph makes one frame at least, too
        self._edge = self.total_frames = len(self._owner)
        stop = self._part[1]
        if stop is not None:
            self._edge = int(self.id_frames[:stop].sum())
            kept = min(KEPT_FRAMES, self.voice.decoder_reach or 0)
            self.total_frames = max(self._edge - kept, min(self.lead_frames + 1, self._edge))
        self._deviation = np.exp(prior.log_deviation) * np.float32(self.manner.noise_scale)
        self._prior = prior

    def plan(self, width: int, *, keep: bool = False) -> Window:
        """Plan the next window; ``keep`` keeps its width at the end."""
        reach = self.voice.decoder_reach
        window = next_window(self.position, self._seen, reach, width, keep=keep)
        return replace(window, stop=min(window.stop, self.total_frames))

    def flow_input(self, window: Window) -> tuple[Floats, int]:
        """Give the latent that the flow needs for a window, and how much of its output to skip.

        The array is ``[C, T]`` and may be empty, when the window's frames are there already.
        """
        reach = self.voice.flow_reach
        begin = self._flowed.stop
        if window.high <= begin:
            return np.zeros((self.voice.channels, 0), np.float32), 0
        low = 0 if reach is None else max(0, begin - reach)
        stop = self._flow_stop(window)
        whole = len(self._owner)
        high = whole if reach is None else min(whole, stop + reach)
        self._draw(high)
        return self._latent.take(low, high), begin - low

    def accept_flow(self, made: Floats, skip: int, window: Window) -> Floats:
        """Take the flow's output for a window, and give the decoder's input ``[C, T]``."""
        if made.shape[1]:
            end = made.shape[1]
            if self.voice.flow_reach is not None:
                end = skip + self._flow_stop(window) - self._flowed.stop
            self._flowed.append(made[:, skip:end])
            # What lies beyond the edge is made anew by the next segment, from there on.
            made_for_good = min(self._flowed.stop, self._edge)
            self._latent.forget(made_for_good - (self.voice.flow_reach or 0))
        return self._flowed.take(window.low, window.high)

    def _flow_stop(self, window: Window) -> int:
        """Frame up to which the flow runs: beyond the window once there is sound to be heard.

        Each run computes its context twice over, so that fewer and longer ones cost less. The
        second window goes without: it is due before the first one has been heard.
        """
        if self._windows < 2:
            return window.high
        return min(self._seen, max(window.high, self._flowed.stop + FLOW_AHEAD_FRAMES))

    def accept_samples(self, made: Floats, window: Window) -> Floats:
        """Take the decoder's samples of a window, and give those that are exact and new."""
        hop = self.voice.hop
        self.position = window.stop
        self._windows += 1
        reach = self.voice.decoder_reach
        if reach is not None:
            self._flowed.forget(window.stop - reach - _SLACK_FRAMES)
        return made[(window.start - window.low) * hop : (window.stop - window.low) * hop]

    def _go_on(self, after: "Utterance") -> None:
        """Take over the frames of what was said before, whatever they were to be now."""
        first, stop = self._part[0], after._part[1]
        if list(self.ids[:stop]) == list(after.ids[:stop]):
            first = stop or first  # more words may be given other parts of the same phonemes
        if first:
            self.id_frames[:first] = 0
            self.id_frames[first - 1] = after._edge
        self.lead_frames = self.position = after.total_frames
        self._latent = after._latent.copy(after._edge)
        self._flowed = after._flowed.copy(after._edge)
        self._noise.sound(after._edge, self.voice.channels)

    def _draw(self, stop: int) -> None:
        assert self._prior is not None
        start = self._latent.stop
        if stop <= start:
            return
        owner = self._owner[start:stop]
        noise = self._noise.sound(stop - start, self.voice.channels)
        drawn = self._prior.mean[owner] + noise * self._deviation[owner]
        self._latent.append(np.ascontiguousarray(drawn.T, dtype=np.float32))


KEPT_FRAMES = 6
"""Frames before the edge of a part that sound with the next one. What follows the edge is known
and may change; in the frames before these it is heard 42 dB below the voice (ADR 0028)."""

FLOW_AHEAD_FRAMES = 256
"""Frames that the flow makes at once, when there is time for it."""

_SLACK_FRAMES = 512
"""Frames that are kept behind the context, because the last window is moved left."""


class _Frames:
    """A growing array ``[C, T]`` that forgets its begin."""

    def __init__(self, channels: int) -> None:
        self._data: Floats = np.zeros((channels, 0), np.float32)
        self._start = 0

    @property
    def length(self) -> int:
        return int(self._data.shape[1])

    @property
    def stop(self) -> int:
        return self._start + int(self._data.shape[1])

    def append(self, frames: Floats) -> None:
        self._data = np.concatenate([self._data, frames], axis=1)

    def take(self, low: int, high: int) -> Floats:
        assert low >= self._start
        return self._data[:, low - self._start : high - self._start]

    def copy(self, stop: int) -> "_Frames":
        """Give those before a frame."""
        copied = _Frames(len(self._data))
        copied._start = self._start
        copied._data = self._data[:, : stop - self._start].copy()
        return copied

    def forget(self, before: int) -> None:
        drop = before - self._start
        if drop > 0:
            self._data = self._data[:, drop:].copy()
            self._start = before
