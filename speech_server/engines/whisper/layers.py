"""Whisper's encoder and decoder as graphs."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from speech_server.engines.whisper.graph import BLOCK, MICROSOFT, Graph, Model, Sizes
from speech_server.engines.whisper.weights import UnknownWeights, Weights

FRAMES_A_POSITION: Final = 2
EMBEDDINGS: Final = "decoder/embeddings"


@dataclass(frozen=True)
class Shape:
    """What the graphs of an encoder or a decoder depend on."""

    layers: int
    heads: int
    width: int

    @classmethod
    def of(cls, weights: Weights, side: Literal["encoder", "decoder"]) -> "Shape":
        """Read it from the weights.

        Raises:
            UnknownWeights: There are no such layers, or they do not fit the graphs.
        """
        layers = 0
        while f"{side}/layer_{layers}/ffn/linear_0/weight" in weights:
            layers += 1
        _, width = weights.shape(f"{EMBEDDINGS}/weight")
        if not layers or width % BLOCK:
            raise UnknownWeights(f"an {side} of {layers} layers as wide as {width}")
        return cls(layers, weights.number(f"{side}/num_heads"), width)

    @property
    def head_width(self) -> int:
        """Width of a head."""
        return self.width // self.heads


def encoder_graph(weights: Weights, shape: Shape) -> Model:
    """Give the graph of the encoder.

    In: ``features [B, mel, 2 * S]`` and ``positions [S, D]``. Out: ``encoded [B, S, D]``.
    """
    graph = Graph(weights)
    sound = "features"
    for part, stride in (("encoder/conv1", 1), ("encoder/conv2", FRAMES_A_POSITION)):
        kernel = [graph.constant(weights.floats(f"{part}/{kind}")) for kind in ("weight", "bias")]
        sound = graph.gelu(graph.node("Conv", [sound, *kernel], pads=[1, 1], strides=[stride]))
    state = graph.node("Add", [graph.node("Transpose", [sound], perm=[0, 2, 1]), "positions"])
    whole = graph.node("Shape", [state])
    parted = graph.node("Concat", [graph.node("Shape", [state], end=2), _sizes(graph, -1)], axis=0)
    flat = _sizes(graph, -1, shape.width)
    state = graph.node("Reshape", [state, flat])
    for layer in range(shape.layers):
        part = f"encoder/layer_{layer}/self_attention"
        rows = graph.quantize_rows(graph.norm(state, part))
        mixed = graph.node("Reshape", [graph.multiply_rows(rows, f"{part}/linear_0"), parted])
        thirds = graph.nodes(3, "Split", [mixed], axis=-1, num_outputs=3)
        heard = graph.node("MultiHeadAttention", thirds, num_heads=shape.heads, domain=MICROSOFT)
        rows = graph.quantize_rows(graph.node("Reshape", [heard, flat]))
        state = graph.node("Add", [state, graph.multiply_rows(rows, f"{part}/linear_1")])

        part = f"encoder/layer_{layer}/ffn"
        rows = graph.quantize_rows(graph.norm(state, part))
        wide = graph.gelu(graph.multiply_rows(rows, f"{part}/linear_0"))
        rows = graph.quantize_rows(wide)
        state = graph.node("Add", [state, graph.multiply_rows(rows, f"{part}/linear_1")])
    graph.norm(graph.node("Reshape", [state, whole]), "encoder", output="encoded")
    _, mel, _ = weights.shape("encoder/conv1/weight")
    return graph.model({"features": ("B", mel, "F"), "positions": ("S", shape.width)}, ["encoded"])


def memory_graph(weights: Weights, shape: Shape) -> Model:
    """Give the graph that makes the decoder's keys and values of what was encoded.

    In: ``encoded [B, S, D]``. Out, for each layer: ``keys_i`` and ``values_i``, ``[B, H, S, D/H]``.
    """
    graph = Graph(weights)
    heads = _sizes(graph, 2 * shape.heads, shape.head_width)
    parted = graph.node("Concat", [graph.node("Shape", ["encoded"], end=2), heads], axis=0)
    rows = graph.quantize_rows(
        graph.node("Reshape", ["encoded", _sizes(graph, -1, shape.width)]),
    )
    outputs = []
    for layer in range(shape.layers):
        both = graph.multiply_rows(rows, f"decoder/layer_{layer}/attention/linear_1")
        both = graph.node("Reshape", [both, parted])
        halves = graph.nodes(2, "Split", [both], axis=2, num_outputs=2)
        for kind, half in zip(("keys", "values"), halves, strict=True):
            graph.name(f"{kind}_{layer}", "Transpose", [half], perm=[0, 2, 1, 3])
            outputs.append(f"{kind}_{layer}")
    return graph.model({"encoded": ("B", "S", shape.width)}, outputs)


def step_graph(weights: Weights, shape: Shape) -> Model:
    """Give the graph of a step of the decoder.

    In: ``embedded [N, T, D]``, the positions added, where N is B or a multiple of it, hypotheses
    of the same window beside each other; ``wanted [R]``, the rows of ``[N * T]`` of which the next
    token is wanted; ``masks [R or 1, V]``, which are added to the logits; ``candidates [1]``, how
    many of the likeliest tokens; for each layer ``past_keys_i`` and ``past_values_i``
    ``[N, H, P, D/H]``, and what `memory_graph` gives. Out: ``logits [R, V]``; ``log_probs`` and
    ``tokens [R, candidates]``; then ``new_keys_i`` and ``new_values_i``.
    """
    graph = Graph(weights)
    inputs: dict[str, Sizes] = {
        "embedded": ("N", "T", shape.width),
        "wanted": ("R",),
        "masks": ("M", "V"),
        "candidates": (1,),
    }
    outputs = ["logits", "log_probs", "tokens"]
    windows = graph.node("Shape", ["keys_0"], end=1)
    shared = graph.node("Concat", [windows, _sizes(graph, -1, shape.width)], axis=0)
    apart = graph.node("Shape", ["embedded"])
    state = "embedded"
    for layer in range(shape.layers):
        for kind in ("keys", "values"):
            inputs[f"past_{kind}_{layer}"] = ("N", shape.heads, "P", shape.head_width)
            inputs[f"{kind}_{layer}"] = ("B", shape.heads, "S", shape.head_width)
            outputs.append(f"new_{kind}_{layer}")
        state = _decoder_layer(graph, shape, layer, state, shared, apart)
    flat = graph.node("Reshape", [state, _sizes(graph, -1, shape.width)])
    chosen = graph.norm(graph.node("Gather", [flat, "wanted"], axis=0), "decoder")
    logits = graph.multiply_few(chosen, EMBEDDINGS, output="logits")
    likely = graph.node("LogSoftmax", [graph.node("Add", [logits, "masks"])], axis=-1)
    graph.names(["log_probs", "tokens"], "TopK", [likely, "candidates"])
    return graph.model(inputs, outputs)


def _decoder_layer(
    graph: Graph, shape: Shape, layer: int, state: str, shared: str, apart: str
) -> str:
    """Add a layer; the sizes are those of hypotheses beside each other and of each for itself."""
    part = f"decoder/layer_{layer}/self_attention"
    mixed = graph.multiply_few(graph.norm(state, part), f"{part}/linear_0")
    thirds = graph.nodes(3, "Split", [mixed], axis=-1, num_outputs=3)
    heard = f"heard_{layer}"
    graph.names(
        [heard, f"new_keys_{layer}", f"new_values_{layer}"],
        "MultiHeadAttention",
        [*thirds, "", "", "", f"past_keys_{layer}", f"past_values_{layer}"],
        num_heads=shape.heads,
        unidirectional=1,
        domain=MICROSOFT,
    )
    state = graph.node("Add", [state, graph.multiply_few(heard, f"{part}/linear_1")])

    part = f"decoder/layer_{layer}/attention"
    query = graph.multiply_few(graph.norm(state, part), f"{part}/linear_0")
    # Hypotheses of one window are so many queries of it.
    query = graph.node("Reshape", [query, shared])
    asked = [query, f"keys_{layer}", f"values_{layer}"]
    heard = graph.node("MultiHeadAttention", asked, num_heads=shape.heads, domain=MICROSOFT)
    heard = graph.node("Reshape", [heard, apart])
    state = graph.node("Add", [state, graph.multiply_few(heard, f"{part}/linear_2")])

    part = f"decoder/layer_{layer}/ffn"
    wide = graph.gelu(graph.multiply_few(graph.norm(state, part), f"{part}/linear_0"))
    return graph.node("Add", [state, graph.multiply_few(wide, f"{part}/linear_1")])


def _sizes(graph: Graph, *sizes: int) -> str:
    return graph.constant(np.array(sizes))
