"""The file of a converted model, read without CTranslate2."""

import struct
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from speech_server.engines.whisper.weights import UnknownWeights, Weights

KINDS = [np.dtype(kind) for kind in ("f4", "i1", "i2", "i4", "f2")]
LAYOUT = (6, "WhisperSpec", 3)


def text(value: str) -> bytes:
    raw = value.encode() + b"\0"
    return struct.pack("<H", len(raw)) + raw


def model(
    tensors: dict[str, np.ndarray],
    aliases: dict[str, str] | None = None,
    layout: tuple[int, str, int] = LAYOUT,
) -> bytes:
    """Write what CTranslate2's converters write."""
    version, name, revision = layout
    out = struct.pack("<I", version) + text(name) + struct.pack("<II", revision, len(tensors))
    for key, value in tensors.items():
        out += text(key) + struct.pack("<B", value.ndim)
        out += struct.pack(f"<{value.ndim}I", *value.shape)
        out += struct.pack("<BI", KINDS.index(value.dtype), value.nbytes) + value.tobytes()
    out += struct.pack("<I", len(aliases or {}))
    for alias, of in (aliases or {}).items():
        out += text(alias) + text(of)
    return out


@pytest.fixture
def matrix() -> np.ndarray:
    return np.random.default_rng(1).standard_normal((3000, 8)).astype(np.float16)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "model.bin"


def test_tensors_are_read_by_name_and_by_alias(file, matrix):
    tensors = {"a/weight": matrix, "heads": np.asarray(8, np.int16), "bias": matrix[0]}
    file.write_bytes(model(tensors, {"b/weight": "a/weight"}))
    weights = Weights(file)
    assert weights.number("heads") == 8
    assert weights.shape("b/weight") == (3000, 8)
    assert "c" not in weights
    assert np.array_equal(weights.floats("bias"), matrix[0].astype(np.float32))
    assert np.array_equal(weights.floats("b/weight"), matrix.astype(np.float32))
    numbers = np.array([[5, 2999], [0, 5]])
    assert np.array_equal(weights.rows("a/weight", numbers), matrix[numbers].astype(np.float32))
    with pytest.raises(UnknownWeights, match="no c"):
        weights.floats("c")
    weights.close()


def test_eight_bits_are_as_near_as_they_can_be(file, matrix):
    matrix[7] = 0
    file.write_bytes(model({"weight": matrix}))
    with closing(Weights(file)) as weights:
        values, scales = weights.quantized("weight")
    assert values.dtype == np.int8
    assert np.abs(values).max(axis=1)[:7].tolist() == [127] * 7
    error = np.abs(values * scales[:, None] - matrix.astype(np.float32))
    assert (error <= scales[:, None] * 0.501).all()
    assert not values[7].any()


def test_eight_bits_of_the_file_stay_what_they_are(file):
    stored = np.random.default_rng(2).integers(-127, 128, (40, 16)).astype(np.int8)
    stored[:, 0] = 127
    scale = np.linspace(50, 900, 40).astype(np.float32)  # 127 divided by the largest value
    file.write_bytes(model({"weight": stored, "weight_scale": scale}))
    with closing(Weights(file)) as weights:
        values, scales = weights.quantized("weight")
    assert np.array_equal(values, stored)
    assert scales == pytest.approx(1 / scale, rel=1e-6)


@pytest.mark.parametrize("layout", [(5, "WhisperSpec", 3), (6, "TransformerSpec", 3)])
def test_another_layout_is_refused(file, matrix, layout):
    file.write_bytes(model({"weight": matrix}, layout=layout))
    with pytest.raises(UnknownWeights, match="layout"):
        Weights(file)


def test_a_file_of_something_else_is_refused(file, matrix):
    whole = model({"weight": matrix})
    for broken in (b"", b"{}", whole[:3], whole[:40], whole[:-500], whole[:-2]):
        file.write_bytes(broken)
        with pytest.raises(UnknownWeights):
            Weights(file)
