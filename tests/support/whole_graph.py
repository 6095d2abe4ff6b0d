"""What a voice's whole graph says with given noise, and what its stages say in windows."""

from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime

import model_store
from speech_server.engines.piper import PiperVoice, find_files, load_voice
from speech_server.tts.compute import run_text, run_windows
from speech_server.tts.noise import Noise
from speech_server.tts.utterance import Manner, Utterance
from tests.support import tiny_voice


class Reference:
    """The whole graph, fed with the noise that the stages were given."""

    def __init__(self, model: onnx.ModelProto) -> None:
        whole, self._noises = tiny_voice.with_host_noise(model)
        self._session = onnxruntime.InferenceSession(
            whole.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        self._speaker = any(value.name == "sid" for value in model.graph.input)

    def speak(
        self, voice: PiperVoice, ids: Sequence[int], manner: Manner, seed: int, frames: int
    ) -> np.ndarray:
        noise = Noise(seed, 0)
        rhythm = [noise.rhythm(n, c, len(ids)) for n, c in enumerate(voice.rhythm_channels)]
        feed = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(
                [manner.noise_scale, manner.length_scale, manner.noise_w_scale], np.float32
            ),
            **{name: one[None] for name, one in zip(self._noises, rhythm, strict=False)},
            self._noises[-1]: np.ascontiguousarray(noise.sound(frames, voice.channels).T[None]),
        }
        if self._speaker:
            feed["sid"] = np.array([manner.speaker], np.int64)
        return self._session.run(None, feed)[0].reshape(-1)


def real_voice() -> tuple[PiperVoice, Reference]:
    """Load the voice that the project has locked, and its whole graph."""
    place = model_store.resolve("en_US-joe-medium")
    voice, _ = load_voice(place, device="cpu", threads=2)
    assert isinstance(voice, PiperVoice)
    return voice, Reference(onnx.load(str(find_files(place)[0])))


def speak(
    utterances: Sequence[Utterance],
    widths: Sequence[int],
    *,
    together: bool = True,
    single: bool = False,
) -> list[np.ndarray]:
    """Compute utterances in windows of these widths, all in one batch or one by one.

    ``single`` computes on one core, as beside other callers.
    """
    return [np.concatenate(one) for one in pieces_of(utterances, widths, together, single)]


def pieces_of(
    utterances: Sequence[Utterance], widths: Sequence[int], together: bool, single: bool
) -> list[list[np.ndarray]]:
    """Compute utterances in windows; gives the samples of each window."""
    if not together:
        return [pieces_of([one], widths, True, single)[0] for one in utterances]
    run_text(utterances, single=single)
    pieces: list[list[np.ndarray]] = [[] for _ in utterances]
    step = 0
    while open_rows := [n for n, one in enumerate(utterances) if not one.finished]:
        width = widths[min(step, len(widths) - 1)]
        made = run_windows(
            [(utterances[n], utterances[n].plan(width, keep=together)) for n in open_rows],
            single=single,
        )
        for row, samples in zip(open_rows, made, strict=True):
            pieces[row].append(samples)
        step += 1
    return pieces
