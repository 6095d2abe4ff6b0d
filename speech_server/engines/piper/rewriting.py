"""Rewrites a text stage so that it computes the same in less time.

VITS looks at neighbours by relative position, a few to each side, and exports that as products with
a table that is padded to twice the length of the text, and as copies of its square. The same sums
come from the few rows of the table that are not padding; on the voice en_US-joe-medium they are the
same to the last bit, in 17 % less time at 8 seconds of sound and 21 % less at 12.

Layer norms, exported as nine nodes each, stay: the one node that ONNX Runtime has for them rounds
otherwise, and what comes out of the decoder was then up to 15 dB further from the whole graph.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from speech_server.engines.piper.graph import Graph

_CHAIN = frozenset(["Pad", "Reshape", "Slice"])


def rewrite(model: onnx.ModelProto) -> onnx.ModelProto:
    """Give a faster model with the same inputs and outputs; what is not found stays as it is."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    _narrow_attention(made)
    _prune(made)
    return made


class _Editor:
    """Adds nodes to a graph, and lets what used a tensor use another."""

    def __init__(self, model: onnx.ModelProto, prefix: str) -> None:
        self.graph = Graph(model)
        self.constants = {value.name: value for value in model.graph.initializer}
        for node in model.graph.node:
            if node.op_type == "Constant":
                self.constants[node.output[0]] = node.attribute[0].t
        self._model = model
        self._prefix = prefix
        self._count = 0
        self._added: list[tuple[onnx.NodeProto, list[onnx.NodeProto]]] = []

    def users(self, tensor: str) -> list[onnx.NodeProto]:
        """Nodes that use the values of a tensor, not only its shape."""
        found = self.graph.consumers.get(tensor, [])
        return [node for node in found if node.op_type != "Shape"]

    def constant(self, value: object, kind: type = np.int64) -> str:
        name = self._name()
        self._model.graph.initializer.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def build(
        self, before: onnx.NodeProto, make: Callable[[Callable[..., str]], str], old: str
    ) -> None:
        """Make nodes before a node, and let whatever used `old` use what they give."""
        nodes: list[onnx.NodeProto] = []

        def op(kind: str, *inputs: str, **attributes: Any) -> str:
            name = self._name()
            nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
            return name

        new = make(op)
        self._added.append((before, nodes))
        for user in self.graph.consumers.get(old, []):
            for position, name in enumerate(user.input):
                if name == old:
                    user.input[position] = new

    def finish(self) -> None:
        """Put the new nodes in their places."""
        places = {id(before): nodes for before, nodes in self._added}
        ordered: list[onnx.NodeProto] = []
        for node in self._model.graph.node:
            ordered += places.get(id(node), [])
            ordered.append(node)
        copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in ordered]
        del self._model.graph.node[:]
        self._model.graph.node.extend(copies)

    def _name(self) -> str:
        self._count += 1
        return f"{self._prefix}_{self._count}"


def _narrow_attention(model: onnx.ModelProto) -> None:
    editor = _Editor(model, "narrow")
    for table, value in list(editor.constants.items()):
        if len(value.dims) != 3 or value.dims[1] % 2 == 0:
            continue
        for pad in editor.graph.consumers.get(table, []):
            if pad.op_type == "Pad" and pad.input[0] == table:
                _narrow(editor, pad, numpy_helper.to_array(value))
    editor.finish()


def _narrow(editor: _Editor, pad: onnx.NodeProto, table: np.ndarray) -> None:
    """Replace what is made of a padded table: scores by keys, or sums of values."""
    tensor, turned = pad.output[0], False
    while True:
        users = editor.users(tensor)
        if len(users) != 1:
            return
        user = users[0]
        if user.op_type == "MatMul":
            break
        if user.op_type not in ("Slice", "Unsqueeze", "Transpose"):
            return
        turned |= user.op_type == "Transpose"
        tensor = user.output[0]
    if user.input[1] != tensor:
        return
    if turned:
        _narrow_keys(editor, user, table)
    else:
        _narrow_values(editor, user, table)


def _narrow_keys(editor: _Editor, product: onnx.NodeProto, table: np.ndarray) -> None:
    """Scores ``[B, H, n, n]`` of queries ``[B, H, n, k]`` by distance.

    The scores by distance, a row for each query, are put in rows that are one longer than they
    are read again: each row then begins one further to the right than the one before it.
    """
    query, old = product.input[0], product.output[0]
    while True:
        users = editor.users(old)
        if len(users) != 1:
            return
        if users[0].op_type == "Add":
            break
        if users[0].op_type not in _CHAIN or users[0].input[0] != old:
            return
        old = users[0].output[0]
    side = table.shape[1] // 2

    def make(op: Callable[..., str]) -> str:
        keys = editor.constant(table.transpose(0, 2, 1)[None], np.float32)
        start, length = _lengths(editor, op, query)
        wide = op("Add", length, editor.constant([2 * side]))
        near = op("MatMul", query, keys)
        zeros = editor.constant([0] * 7)
        padded = op("Pad", near, op("Concat", zeros, length, axis=0))
        flat = op("Reshape", padded, op("Concat", start, editor.constant([-1]), axis=0))
        axis3, axis2, none = (editor.constant([number]) for number in (3, 2, 0))
        flat = op("Slice", flat, none, op("Mul", length, wide), axis2)
        skewed = op("Reshape", flat, op("Concat", start, length, wide, axis=0))
        first = editor.constant([side])
        return op("Slice", skewed, first, op("Add", length, first), axis3)

    editor.build(product, make, old)


def _narrow_values(editor: _Editor, product: onnx.NodeProto, table: np.ndarray) -> None:
    """Sums ``[B, H, n, k]`` of the table's rows by weights ``[B, H, n, n]``, the same backwards."""
    weights = product.input[0]
    while (maker := editor.graph.producer.get(weights)) is not None and maker.op_type in _CHAIN:
        weights = maker.input[0]
    if maker is None or maker.op_type != "Softmax":
        return
    side = table.shape[1] // 2

    def make(op: Callable[..., str]) -> str:
        values = editor.constant(table[None], np.float32)
        start, length = _lengths(editor, op, weights)
        around = editor.constant([0, 0, 0, side, 0, 0, 0, side])
        padded = op("Pad", weights, around)
        flat = op("Reshape", padded, op("Concat", start, editor.constant([-1]), axis=0))
        zeros = editor.constant([0] * 5)
        flat = op("Pad", flat, op("Concat", zeros, length, axis=0))
        wide = op("Add", length, editor.constant([2 * side + 1]))
        skewed = op("Reshape", flat, op("Concat", start, length, wide, axis=0))
        axis3, none = editor.constant([3]), editor.constant([0])
        near = op("Slice", skewed, none, editor.constant([2 * side + 1]), axis3)
        return op("MatMul", near, values)

    editor.build(product, make, product.output[0])


def _lengths(editor: _Editor, op: Callable[..., str], tensor: str) -> tuple[str, str]:
    """The first two lengths of a tensor of four axes, and its third."""
    shape = op("Shape", tensor)
    none, two, three = (editor.constant([number]) for number in (0, 2, 3))
    return op("Slice", shape, none, two), op("Slice", shape, two, three)


def _prune(model: onnx.ModelProto) -> None:
    """Drop nodes and weights that nothing needs any more."""
    wanted = {value.name for value in model.graph.output}
    kept: list[onnx.NodeProto] = []
    for node in reversed(model.graph.node):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input)
    nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in reversed(kept)]
    weights = [value for value in model.graph.initializer if value.name in wanted]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    stay = {value.name for value in weights}
    for position in range(len(model.graph.initializer) - 1, -1, -1):
        if model.graph.initializer[position].name not in stay:
            del model.graph.initializer[position]
