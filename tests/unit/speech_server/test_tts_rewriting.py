"""A text stage that is computed in less time, and gives the same."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

import model_store
from speech_server.engines.piper import decibels, find_files
from speech_server.engines.piper.graph import cut
from speech_server.engines.piper.rewriting import rewrite


def relative_attention(side: int, width: int) -> onnx.ModelProto:
    """Attention by relative position, exported as VITS has it.

    Inputs ``q`` ``[B, H, n, k]`` and ``w`` ``[B, H, n, n]``.
    """
    nodes: list[onnx.NodeProto] = []
    random = np.random.default_rng(0)
    weights: dict[str, np.ndarray] = {
        "emb_k": random.standard_normal((1, 2 * side + 1, width)).astype(np.float32),
        "emb_v": random.standard_normal((1, 2 * side + 1, width)).astype(np.float32),
    }

    def op(kind: str, *inputs: object, out: str = "", **attributes: Any) -> str:
        names = []
        for value in inputs:
            if not isinstance(value, str):
                weights[f"c{len(weights)}"] = np.asarray(value, np.int64)
                names.append(list(weights)[-1])
            else:
                names.append(value)
        name = out or f"t{len(nodes)}"
        nodes.append(onnx.helper.make_node(kind, names, [name], **attributes))
        return name

    n = op("Slice", op("Shape", "q"), [2], [3])
    more = op("Sub", n, [side + 1])
    pads = op("Concat", [0], more, [0], [0], more, [0], axis=0)
    twice = op("Sub", op("Mul", n, [2]), [1])

    def table(name: str) -> str:
        return op("Unsqueeze", op("Slice", op("Pad", name, pads), [0], twice, [1]), [0])

    # Scores by distance, put in the square of queries and keys by padding and reading again.
    scores = op("MatMul", "q", op("Transpose", table("emb_k"), perm=[0, 1, 3, 2]))
    head = op("Slice", op("Shape", scores), [0], [2])
    wide = op("Pad", scores, [0, 0, 0, 0, 0, 0, 0, 1])
    flat = op("Reshape", wide, op("Concat", head, op("Mul", n, op("Mul", n, [2])), axis=0))
    flat = op("Pad", flat, op("Concat", [0, 0, 0, 0, 0], op("Sub", n, [1]), axis=0))
    again = op("Reshape", flat, op("Concat", head, op("Add", n, [1]), twice, axis=0))
    square = op("Slice", op("Slice", again, [0], n, [2]), op("Sub", n, [1]), twice, [3])
    scores = op("Add", "w", square, out="scores")
    # Weights by distance, the other way round.
    soft = op("Softmax", "w", axis=-1)
    wide = op("Pad", soft, op("Concat", [0] * 7, op("Sub", n, [1]), axis=0))
    flat = op("Reshape", wide, op("Concat", head, [-1], axis=0))
    flat = op("Pad", flat, op("Concat", [0, 0], n, [0, 0, 0], axis=0))
    again = op("Reshape", flat, op("Concat", head, n, op("Mul", n, [2]), axis=0))
    sums = op("MatMul", op("Slice", again, [1], [1 << 40], [3]), table("emb_v"))
    op("Identity", sums, out="sums")
    kind = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        nodes,
        "attention",
        [onnx.helper.make_tensor_value_info(name, kind, [None] * 4) for name in "qw"],
        [onnx.helper.make_tensor_value_info(name, kind, None) for name in ("scores", "sums")],
        [onnx.numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    opset = onnx.helper.make_opsetid("", 15)
    return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)


@pytest.mark.parametrize("length", [5, 6, 20, 61])
def test_a_rewritten_attention_gives_the_same(length: int) -> None:
    model = relative_attention(4, 6)
    made = rewrite(model)
    kinds = [node.op_type for node in made.graph.node]
    assert len(kinds) < len(model.graph.node)
    random = np.random.default_rng(length)
    feed = {
        "q": random.standard_normal((2, 3, length, 6)).astype(np.float32),
        "w": random.standard_normal((2, 3, length, length)).astype(np.float32),
    }
    before, after = (
        onnxruntime.InferenceSession(
            one.SerializeToString(), providers=["CPUExecutionProvider"]
        ).run(None, feed)
        for one in (model, made)
    )
    for old, new in zip(before, after, strict=True):
        assert old.shape == new.shape
        assert decibels(old, new) > 100


@pytest.mark.models
def test_the_real_text_stage_is_rewritten_and_gives_the_same() -> None:
    place = model_store.resolve("en_US-joe-medium")
    stage = cut(onnx.load(str(find_files(place)[0]))).text
    made = rewrite(stage.model)
    assert len(made.graph.node) < 0.9 * len(stage.model.graph.node)
