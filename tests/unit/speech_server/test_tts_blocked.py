"""A decoder in the form that one core computes faster gives the same."""

from pathlib import Path

import numpy as np
import onnx
import pytest

import model_store
from speech_server.engines.piper import PiperVoice, decibels, find_files, load_voice
from speech_server.engines.piper.blocked import rewrite_decoder
from speech_server.engines.piper.errors import UncutVoice
from speech_server.engines.piper.graph import cut
from speech_server.engines.piper.sessions import Session
from tests.support import tiny_voice


def both(decoder: onnx.ModelProto, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    old, new = (
        Session(model.SerializeToString(), device="cpu", threads=1).run(frames)[0]
        for model in (decoder, rewrite_decoder(decoder))
    )
    return old, new


@pytest.mark.parametrize("frames", [1, 9, 64])
def test_a_tiny_decoder_gives_the_same(frames: int) -> None:
    stage = cut(tiny_voice.build()).decoder
    random = np.random.default_rng(frames)
    old, new = both(
        stage.model, random.standard_normal((1, tiny_voice.CHANNELS, frames), dtype=np.float32)
    )
    assert old.shape == new.shape
    assert decibels(old, new) > 110


@pytest.mark.models
@pytest.mark.parametrize("rows", [1, 3])
def test_the_real_decoder_gives_the_same(rows: int) -> None:
    place = model_store.resolve("en_US-joe-medium")
    stage = cut(onnx.load(str(find_files(place)[0]))).decoder
    random = np.random.default_rng(rows)
    old, new = both(stage.model, random.standard_normal((rows, 192, 40), dtype=np.float32))
    assert old.shape == new.shape
    assert decibels(old, new) > 105


def test_what_is_not_known_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(UncutVoice, match="more than frames"):
        rewrite_decoder(cut(tiny_voice.build(speakers=3)).decoder.model)
    stage = cut(tiny_voice.build()).decoder
    next(node for node in stage.model.graph.node if node.op_type == "Tanh").op_type = "Erf"
    with pytest.raises(UncutVoice, match="Erf"):
        rewrite_decoder(stage.model)
    model = tiny_voice.build(speakers=3)
    voice, _ = load_voice(tiny_voice.save(model, tmp_path, speakers=3), device="cpu", threads=1)
    assert isinstance(voice, PiperVoice)
    assert len(voice.decode(np.zeros((1, voice.channels, 9), np.float32), [2])[0]) == 9 * voice.hop
