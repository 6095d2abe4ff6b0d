"""Writes graphs for ONNX Runtime whose weights have eight bits and are packed once.

CTranslate2 computes the same on a CPU with oneDNN, which rearranges all weights again for each
token: two thirds of the time that a token takes (base int8; ``docs/adr/0012-packed-weights.md``).

Two operators multiply, each where it is the quicker one. ``MatMulNBits`` is for the few rows of a
token: it quantizes what comes in by blocks of a row. ``MatMulIntegerToFloat`` is for the hundreds
of positions of a window; what comes in is quantized by rows, as CTranslate2 does it, so that what
one row gives does not depend on its batch mates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession

from speech_server.engines.onnx_runtime import cpu_session
from speech_server.engines.whisper.weights import Weights

OPSET: Final = 18
IR_VERSION: Final = 9
MICROSOFT: Final = "com.microsoft"
BLOCK: Final = 128
"""Weights that share a scale; 32 and 64 took longer, 256 no less."""

LARGE_BYTES: Final = 100_000
LEAST_SCALE: Final = 1e-9

Sizes = tuple[str | int, ...]


@dataclass(frozen=True)
class Model:
    """A graph, and its larger constants by their names beside it.

    Inside the graph they would be in memory a second time, packed and not.
    """

    graph: bytes
    weights: Mapping[str, npt.NDArray[Any]]


def open_graph(model: Model, threads: int) -> InferenceSession:
    """Open a graph; its ``run`` may be called from several threads at once."""
    return cpu_session(model.graph, threads=threads, weights=model.weights)


@dataclass
class Graph:
    """A graph that is being written; ``part`` is CTranslate2's name of a layer."""

    weights: Weights
    _nodes: list[onnx.NodeProto] = field(default_factory=list)
    _constants: list[onnx.TensorProto] = field(default_factory=list)
    _beside: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    _count: int = 0

    def constant(self, value: npt.NDArray[Any] | np.generic) -> str:
        """Add a constant."""
        name = self._new()
        array = np.asarray(value)
        if array.nbytes < LARGE_BYTES:
            self._constants.append(numpy_helper.from_array(array, name))
            return name
        self._beside[name] = array
        kind = helper.np_dtype_to_tensor_dtype(array.dtype)
        tensor = TensorProto(
            name=name, dims=array.shape, data_type=kind, data_location=TensorProto.EXTERNAL
        )
        tensor.external_data.add(key="location", value=name)
        self._constants.append(tensor)
        return name

    def names(
        self, outputs: Sequence[str], operator: str, inputs: Sequence[str], **how: Any
    ) -> None:
        """Add a node whose outputs have these names."""
        self._nodes.append(helper.make_node(operator, inputs, outputs, **how))

    def name(self, output: str, operator: str, inputs: Sequence[str], **how: Any) -> str:
        """Add a node whose one output has this name."""
        self.names([output], operator, inputs, **how)
        return output

    def nodes(self, count: int, operator: str, inputs: Sequence[str], **how: Any) -> list[str]:
        """Add a node of several outputs."""
        outputs = [self._new() for _ in range(count)]
        self.names(outputs, operator, inputs, **how)
        return outputs

    def node(self, operator: str, inputs: Sequence[str], **how: Any) -> str:
        """Add a node of one output."""
        return self.name(self._new(), operator, inputs, **how)

    def norm(self, rows: str, part: str, output: str | None = None) -> str:
        """Add the layer norm of a part."""
        names = [f"{part}/layer_norm/gamma", f"{part}/layer_norm/beta"]
        inputs = [rows, *(self.constant(self.weights.floats(name)) for name in names)]
        how = {"axis": -1, "epsilon": 1e-5}
        return self.name(output or self._new(), "LayerNormalization", inputs, **how)

    def gelu(self, values: str) -> str:
        """Add Whisper's activation."""
        return self.node("Gelu", [values], domain=MICROSOFT)

    def multiply_few(self, rows: str, part: str, output: str | None = None) -> str:
        """Multiply few rows with a part's weights and add its bias."""
        values, scales = self.weights.quantized(f"{part}/weight")
        outs, ins = values.shape
        blocks = ins // BLOCK
        # The operator takes bytes whose zero is 128.
        bytes_ = (values.view(np.uint8) ^ 0x80).reshape(outs, blocks, BLOCK)
        inputs = [rows, self.constant(bytes_), self.constant(np.repeat(scales, blocks))]
        if f"{part}/bias" in self.weights:
            inputs += ["", "", self.constant(self.weights.floats(f"{part}/bias"))]
        return self.name(
            output or self._new(),
            "MatMulNBits",
            inputs,
            domain=MICROSOFT,
            K=ins,
            N=outs,
            bits=8,
            block_size=BLOCK,
            accuracy_level=4,  # integers are multiplied
        )

    def quantize_rows(self, rows: str) -> tuple[str, str]:
        """Quantize each row ``[M, K]`` by its largest value; give it and the scales ``[M, 1]``."""
        last = self.constant(np.array([-1]))
        largest = self.node("ReduceMax", [self.node("Abs", [rows]), last], keepdims=0)
        scale = self.node("Mul", [largest, self.constant(np.float32(1 / 127))])
        scale = self.node("Max", [scale, self.constant(np.float32(LEAST_SCALE))])
        zero = numpy_helper.from_array(np.array([128], np.uint8))
        zeros = self.node("ConstantOfShape", [self.node("Shape", [scale])], value=zero)
        whole = self.node("QuantizeLinear", [rows, scale, zeros], axis=0)
        return whole, self.node("Unsqueeze", [scale, last])

    def multiply_rows(self, quantized: tuple[str, str], part: str) -> str:
        """Multiply many quantized rows with a part's weights and add its bias."""
        rows, scale = quantized
        values, scales = self.weights.quantized(f"{part}/weight")
        inputs = [
            rows,
            self.constant(np.ascontiguousarray(values.T)),
            self.constant(np.float32(1)),
            self.constant(scales),
            self.constant(np.uint8(128)),
        ]
        product = self.node("MatMulIntegerToFloat", inputs, domain=MICROSOFT)
        product = self.node("Mul", [product, scale])
        return self.node("Add", [product, self.constant(self.weights.floats(f"{part}/bias"))])

    def model(self, inputs: Mapping[str, Sizes], outputs: Sequence[str]) -> Model:
        """Give the whole; what counts or numbers things are integers, all else floats."""
        types = dict.fromkeys(("wanted", "candidates", "tokens"), TensorProto.INT64)
        graph = helper.make_graph(
            self._nodes,
            "whisper",
            [
                helper.make_tensor_value_info(name, types.get(name, TensorProto.FLOAT), sizes)
                for name, sizes in inputs.items()
            ],
            [
                helper.make_tensor_value_info(name, types.get(name, TensorProto.FLOAT), None)
                for name in outputs
            ],
            self._constants,
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        made = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        return Model(made.SerializeToString(), self._beside)

    def _new(self) -> str:
        self._count += 1
        return f"t{self._count}"
