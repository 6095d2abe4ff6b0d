"""How far a sample looks: the context that windows of a convolutional graph need to be exact.

The interval of input frames that one frame of output depends on is carried backwards through the
graph, node by node, with the arithmetic of each kind of convolution. A node whose effect along
time is not known makes the graph unfit for windows.
"""

import math
from dataclasses import dataclass
from typing import Any

import onnx
from onnx import numpy_helper

from speech_server.engines.piper.errors import UncutVoice

POINTWISE = frozenset(
    [
        "Add",
        "Sub",
        "Mul",
        "Div",
        "Pow",
        "Max",
        "Min",
        "Where",
        "Neg",
        "Exp",
        "Log",
        "Sqrt",
        "Abs",
        "Tanh",
        "Sigmoid",
        "Relu",
        "LeakyRelu",
        "Elu",
        "Erf",
        "Softplus",
        "Clip",
        "Cast",
        "Identity",
        "Dropout",
    ]
)
"""Each output element depends on the input elements at the same time."""

CHANNELWISE = frozenset(["Concat", "Split", "Slice", "Gather", "Unsqueeze", "Squeeze"])
"""Work along the axis that ``axis`` or ``axes`` names, which must not be time."""


@dataclass(frozen=True)
class Reach:
    """Context in frames before and after, and samples of output for a frame of input."""

    left: int
    right: int
    hop: int


def measure(model: onnx.ModelProto, source: str, target: str) -> Reach:
    """Find the context that `target` needs of `source`, whose time is the last of three axes.

    Raises:
        UncutVoice: A node on the way is not understood.
    """
    constants = {value.name: value for value in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            constants[node.output[0]] = _attributes(node)["value"]
    rates = _rates(model, source)
    if target not in rates:
        raise UncutVoice("the output does not depend on the input")
    hop = rates[target]
    frame = 1 << 20
    spans: dict[str, tuple[int, int]] = {target: (frame * hop, frame * hop + hop - 1)}
    for node in reversed(model.graph.node):
        if node.op_type == "Shape":
            continue
        wanted = [spans[name] for name in node.output if name in spans]
        if not wanted:
            continue
        low = min(span[0] for span in wanted)
        high = max(span[1] for span in wanted)
        if node.op_type == "Conv":
            low, high = _through_conv(node, constants, low, high)
        elif node.op_type == "ConvTranspose":
            low, high = _through_transposed(node, constants, low, high)
        elif node.op_type in CHANNELWISE:
            _require_channels(node, constants)
        elif node.op_type not in POINTWISE:
            raise UncutVoice(f"what {node.op_type} does along time is not known")
        for name in node.input:
            if name in rates:
                known = spans.get(name, (low, high))
                spans[name] = (min(low, known[0]), max(high, known[1]))
    low, high = spans[source]
    return Reach(left=max(0, frame - low), right=max(0, high - frame), hop=hop)


def _rates(model: onnx.ModelProto, source: str) -> dict[str, int]:
    """Samples for a frame of each tensor that depends on the values of the source."""
    rates = {source: 1}
    for node in model.graph.node:
        if node.op_type == "Shape":
            continue  # lengths, not values
        found = {rates[name] for name in node.input if name in rates}
        if not found:
            continue
        if len(found) > 1:
            raise UncutVoice("tensors of different rates meet")
        rate = found.pop()
        if node.op_type == "ConvTranspose":
            rate *= _attributes(node).get("strides", [1])[0]
        for name in node.output:
            rates[name] = rate
    return rates


def _through_conv(
    node: onnx.NodeProto, constants: dict[str, onnx.TensorProto], low: int, high: int
) -> tuple[int, int]:
    kernel, stride, dilation, pad = _convolution(node, constants)
    if stride != 1:
        raise UncutVoice("a convolution with a stride")
    return low - pad, high - pad + (kernel - 1) * dilation


def _through_transposed(
    node: onnx.NodeProto, constants: dict[str, onnx.TensorProto], low: int, high: int
) -> tuple[int, int]:
    kernel, stride, dilation, pad = _convolution(node, constants)
    first = math.ceil((low + pad - (kernel - 1) * dilation) / stride)
    return first, (high + pad) // stride


def _convolution(
    node: onnx.NodeProto, constants: dict[str, onnx.TensorProto]
) -> tuple[int, int, int, int]:
    attributes = _attributes(node)
    if attributes.get("auto_pad", b"NOTSET") not in (b"NOTSET", "NOTSET"):
        raise UncutVoice("a convolution that pads by itself")
    shape = attributes.get("kernel_shape")
    if shape is None:
        weight = constants.get(node.input[1])
        if weight is None:
            raise UncutVoice("a convolution without a fixed kernel")
        shape = list(weight.dims[2:])
    if len(shape) != 1:
        raise UncutVoice("a convolution over more than time")
    return (
        int(shape[0]),
        int(attributes.get("strides", [1])[0]),
        int(attributes.get("dilations", [1])[0]),
        int(attributes.get("pads", [0, 0])[0]),
    )


def _require_channels(node: onnx.NodeProto, constants: dict[str, onnx.TensorProto]) -> None:
    attributes = _attributes(node)
    axes: list[int]
    if node.op_type in ("Concat", "Split", "Gather"):
        axes = [int(attributes.get("axis", 0))]
    elif "axes" in attributes:
        axes = [int(axis) for axis in attributes["axes"]]
    else:
        position = 3 if node.op_type == "Slice" else 1
        tensor = constants.get(node.input[position]) if len(node.input) > position else None
        if tensor is None:
            raise UncutVoice(f"a {node.op_type} along axes that are not fixed")
        axes = [int(axis) for axis in numpy_helper.to_array(tensor).reshape(-1)]
    if axes != [1]:
        raise UncutVoice(f"a {node.op_type} that may be along time")


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
