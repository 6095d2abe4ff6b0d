"""A tiny voice in the shape of VITS, made here: random weights, every kind of node that matters.

Names of tensors are drawn anew for each voice, so that nothing can be found by name.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CHANNELS, HIDDEN, SYMBOLS = 4, 8, 24
STRIDES, KERNELS = (4, 2), (8, 4)
HOP = 8
FLOW_KERNEL, FLOW_LAYERS = 5, 3
RATE_HZ = 8000


class _Builder:
    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._count = int(self.random.integers(1000, 9000))

    def name(self) -> str:
        self._count += int(self.random.integers(1, 5))
        return f"t{self._count}"

    def constant(self, value: object, kind: type = np.float32) -> str:
        name = self.name()
        self.weights.append(numpy_helper.from_array(np.array(value, kind), name))
        return name

    def weight(self, *shape: int) -> str:
        return self.constant(self.random.standard_normal(shape) / np.sqrt(np.prod(shape[1:])))

    def op(self, kind: str, *inputs: str, **attributes: object) -> str:
        name = self.name()
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def conv(self, x: str, out: int, into: int, kernel: int, dilation: int = 1) -> str:
        pad = (kernel - 1) * dilation // 2
        return self.op(
            "Conv",
            x,
            self.weight(out, into, kernel),
            self.constant(self.random.standard_normal(out) * 0.1),
            dilations=[dilation],
            pads=[pad, pad],
            kernel_shape=[kernel],
        )


def build(seed: int = 0, *, speakers: int = 1, attention_flow: bool = False) -> onnx.ModelProto:
    """Make the graph of a tiny voice.

    Args:
        seed: Seed of weights and names.
        speakers: Speakers; with more than one, flow and decoder are told which.
        attention_flow: Let the flow look at the whole utterance, so that it has no windows.
    """
    b = _Builder(seed)
    i64 = np.int64
    axis1, axis2, axis0 = (b.constant([n], i64) for n in (1, 2, 0))
    sizes = [b.op("Gather", "scales", b.constant(n, i64), axis=0) for n in range(3)]

    # Text encoder: embedding, one convolution, masked.
    embedded = b.op("Gather", b.weight(SYMBOLS, HIDDEN), "input", axis=0)
    x = b.op("Transpose", embedded, perm=[0, 2, 1])
    length = b.op("Gather", b.op("Shape", "input"), b.constant(1, i64), axis=0)
    steps = b.op("Range", b.constant(0, i64), length, b.constant(1, i64))
    inside = b.op(
        "Less", b.op("Unsqueeze", steps, axis0), b.op("Unsqueeze", "input_lengths", axis1)
    )
    mask = b.op("Cast", b.op("Unsqueeze", inside, axis1), to=TensorProto.FLOAT)
    x = b.op("Mul", b.op("Tanh", b.conv(b.op("Mul", x, mask), HIDDEN, HIDDEN, 3)), mask)
    stats = b.op("Mul", b.conv(x, 2 * CHANNELS, HIDDEN, 1), mask)
    mean, deviation = b.name(), b.name()
    halves = b.constant([CHANNELS, CHANNELS], i64)
    b.nodes.append(helper.make_node("Split", [stats, halves], [mean, deviation], axis=1))

    # Durations with their own noise.
    shape = b.op(
        "Concat",
        b.op("Unsqueeze", b.op("Gather", b.op("Shape", "input"), b.constant(0, i64)), axis0),
        b.constant([2], i64),
        b.op("Unsqueeze", length, axis0),
        axis=0,
    )
    noise = b.op("RandomNormalLike", b.op("ConstantOfShape", shape))
    noise = b.op("Mul", noise, sizes[2])
    logw = b.op("Add", b.conv(x, 1, HIDDEN, 1), b.op("Mul", b.conv(noise, 1, 2, 1), mask))
    logw = b.op("Add", logw, b.constant(1.2))
    w = b.op("Mul", b.op("Mul", b.op("Exp", logw), mask), sizes[1])
    frames = b.op("Ceil", w)
    total = b.op("ReduceSum", frames, b.constant([1, 2], i64), keepdims=0)
    total = b.op("Cast", b.op("Max", total, b.constant(1.0)), to=TensorProto.INT64)
    longest = b.op("ReduceMax", total, keepdims=0)
    time = b.op("Range", b.constant(0, i64), longest, b.constant(1, i64))
    inside = b.op("Less", b.op("Unsqueeze", time, axis0), b.op("Unsqueeze", total, axis1))
    y_mask = b.op("Cast", b.op("Unsqueeze", inside, axis1), to=TensorProto.FLOAT)

    # Stretch: path[b, t, p] is 1 where phoneme p lasts at frame t.
    ends = b.op("Squeeze", b.op("CumSum", frames, b.constant(2, i64)), axis1)
    begins = b.op("Sub", ends, b.op("Squeeze", frames, axis1))
    at = b.op("Unsqueeze", b.op("Cast", time, to=TensorProto.FLOAT), b.constant([0, 2], i64))
    before = b.op("Less", at, b.op("Unsqueeze", ends, axis1))
    after = b.op("Not", b.op("Less", at, b.op("Unsqueeze", begins, axis1)))
    path = b.op("Cast", b.op("And", before, after), to=TensorProto.FLOAT)
    stretched = [
        b.op(
            "Transpose", b.op("MatMul", path, b.op("Transpose", t, perm=[0, 2, 1])), perm=[0, 2, 1]
        )
        for t in (mean, deviation)
    ]
    noise = b.op("RandomNormalLike", stretched[0])
    noise = b.op("Mul", b.op("Mul", noise, b.op("Exp", stretched[1])), sizes[0])
    z = b.op("Add", stretched[0], noise)

    speaker = None
    if speakers > 1:
        speaker = b.op("Unsqueeze", b.op("Gather", b.weight(speakers, HIDDEN), "sid"), axis2)

    # Flow: masked gated convolutions over one half, then flip.
    for layer in range(FLOW_LAYERS):
        first, second = b.name(), b.name()
        half = b.constant([CHANNELS // 2, CHANNELS // 2], i64)
        b.nodes.append(helper.make_node("Split", [z, half], [first, second], axis=1))
        h = b.op("Mul", b.conv(first, HIDDEN, CHANNELS // 2, 1), y_mask)
        h = b.conv(h, HIDDEN, HIDDEN, FLOW_KERNEL)
        if speaker:
            h = b.op("Add", h, b.conv(speaker, HIDDEN, HIDDEN, 1))
        h = b.op("Mul", b.op("Tanh", h), y_mask)
        if attention_flow and layer == 0:
            h = b.op("Sub", h, b.op("ReduceMean", h, axes=[2], keepdims=1))
        h = b.op("Mul", b.conv(h, CHANNELS // 2, HIDDEN, 1), y_mask)
        z = b.op("Concat", first, b.op("Mul", b.op("Sub", second, h), y_mask), axis=1)
        last = b.constant([-1], i64)
        z = b.op("Slice", z, last, b.constant([-(1 << 60)], i64), axis1, last)
    z = b.op("Mul", z, y_mask)

    # Decoder: upsampling and residual convolutions without a mask.
    x = b.conv(z, HIDDEN, CHANNELS, 7)
    if speaker:
        x = b.op("Add", x, b.conv(speaker, HIDDEN, HIDDEN, 1))
    for stride, kernel in zip(STRIDES, KERNELS, strict=True):
        x = b.op(
            "ConvTranspose",
            b.op("LeakyRelu", x, alpha=0.1),
            b.weight(HIDDEN, HIDDEN, kernel),
            b.constant(b.random.standard_normal(HIDDEN) * 0.1),
            strides=[stride],
            kernel_shape=[kernel],
            pads=[(kernel - stride) // 2] * 2,
        )
        one = b.op("Add", x, b.conv(b.op("LeakyRelu", x, alpha=0.1), HIDDEN, HIDDEN, 3, 2))
        two = b.op("Add", x, b.conv(b.op("LeakyRelu", x, alpha=0.1), HIDDEN, HIDDEN, 5, 3))
        x = b.op("Div", b.op("Add", one, two), b.constant(2.0))
    x = b.op("Tanh", b.conv(b.op("LeakyRelu", x), 1, HIDDEN, 7))
    b.nodes.append(helper.make_node("Unsqueeze", [x, axis1], ["output"]))

    def info(name: str, kind: int, shape: Sequence[object]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, list(shape))

    inputs = [
        info("input", TensorProto.INT64, ["batch", "phonemes"]),
        info("input_lengths", TensorProto.INT64, ["batch"]),
        info("scales", TensorProto.FLOAT, [3]),
    ]
    if speakers > 1:
        inputs.append(info("sid", TensorProto.INT64, ["batch"]))
    outputs = [info("output", TensorProto.FLOAT, ["batch", "time", 1, "samples"])]
    graph = helper.make_graph(b.nodes, "tiny", inputs, outputs, initializer=b.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def save(model: onnx.ModelProto, folder: Path, *, speakers: int = 1) -> Path:
    """Write a voice as files; gives the graph's path."""
    path = folder / "tiny.onnx"
    onnx.save(model, str(path))
    letters = "_^$ abcdefghijklmnopqrst"
    config = {
        "audio": {"sample_rate": RATE_HZ, "quality": "x_low"},
        "espeak": {"voice": "en-us"},
        "language": {"code": "en_US"},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_type": "text",
        "phoneme_id_map": {letter: [number] for number, letter in enumerate(letters)},
        "num_speakers": speakers,
        "speaker_id_map": {f"s{n}": n for n in range(speakers)} if speakers > 1 else {},
    }
    path.with_name("tiny.onnx.json").write_text(json.dumps(config), encoding="utf-8")
    return path
