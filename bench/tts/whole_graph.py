"""What a voice's whole graph says with given noise, and what its stages say in windows."""

from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

import model_store
from speech_server.engines.piper import Floats, PiperVoice, find_files, load_voice
from speech_server.tts.compute import run_text, run_windows
from speech_server.tts.noise import Noise
from speech_server.tts.utterance import Manner, Utterance


class Reference:
    """The whole graph, fed with the noise that the stages were given."""

    def __init__(self, model: onnx.ModelProto) -> None:
        whole, self._noises = _with_host_noise(model)
        self._session = onnxruntime.InferenceSession(
            whole.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        self._speaker = any(value.name == "sid" for value in model.graph.input)

    def speak(
        self, voice: PiperVoice, ids: Sequence[int], manner: Manner, seed: int, frames: int
    ) -> Floats:
        """Give the samples of phoneme ids, whose sound is so many frames long."""
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
        samples: Floats = self._session.run(None, feed)[0].reshape(-1)
        return samples


def load(voice_name: str, threads: int = 0) -> tuple[PiperVoice, Reference] | None:
    """Load a voice and its whole graph; None for one that is not cut into stages."""
    place = model_store.resolve(voice_name)
    voice, _ = load_voice(place, device="cpu", threads=threads)
    if not isinstance(voice, PiperVoice):
        return None
    return voice, Reference(onnx.load(str(find_files(place)[0])))


def speak(
    utterances: Sequence[Utterance],
    widths: Sequence[int],
    *,
    together: bool = True,
    single: bool = False,
) -> list[Floats]:
    """Compute utterances in windows of these widths, all in one batch or one by one.

    ``single`` computes on one core, as beside other callers.
    """
    pieces = pieces_of(utterances, widths, together=together, single=single)
    return [np.concatenate(one) for one in pieces]


def pieces_of(
    utterances: Sequence[Utterance],
    widths: Sequence[int],
    *,
    together: bool = True,
    single: bool = False,
    keep: bool = True,
) -> list[list[Floats]]:
    """Compute utterances in windows; gives the samples of each window.

    ``keep`` lets a window that is longer than what is left stay as wide, as in a batch.
    """
    if not together:
        return [pieces_of([one], widths, single=single, keep=keep)[0] for one in utterances]
    run_text(utterances, single=single)
    pieces: list[list[Floats]] = [[] for _ in utterances]
    step = 0
    while rows := [n for n, one in enumerate(utterances) if not one.finished]:
        width = widths[min(step, len(widths) - 1)]
        items = [(utterances[n], utterances[n].plan(width, keep=keep)) for n in rows]
        made = run_windows(items, single=single)
        for row, samples in zip(rows, made, strict=True):
            pieces[row].append(samples)
        step += 1
    return pieces


def _with_host_noise(model: onnx.ModelProto) -> tuple[onnx.ModelProto, list[str]]:
    """Make a voice take its noise as inputs: the one-shot reference. Gives their names."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    names: list[str] = []
    for node in list(copy.graph.node):
        if node.op_type == "RandomNormalLike":
            copy.graph.node.remove(node)
            names.append(node.output[0])
            copy.graph.input.append(
                helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, [None] * 3)
            )
    return copy, names
