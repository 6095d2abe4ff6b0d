"""Cuts a Piper voice in three, by the structure of its graph.

A stock Piper voice is one ONNX graph: text encoder and durations, flow, waveform decoder. Computed
as one, nothing is heard before all of it is done. Here the graph is cut at load, in memory, at
four places that every VITS graph has, whatever its tensors are called:

- the one ``Ceil`` makes whole frames of the durations: what is multiplied before it is the speed;
- the one noise that the durations do not depend on is the prior's: the ``Add`` it flows into makes
  the flow's input, and what its mean and deviation are before they are stretched to frames is the
  operand of a ``MatMul`` that does not depend on the durations;
- the decoder begins at the convolution before the first ``ConvTranspose``;
- what that convolution's input is multiplied with is the mask of frames.

The noise nodes are replaced by inputs, so that the caller draws the noise.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import onnx

from speech_server.engines.piper.errors import UncutVoice

NOISE = "RandomNormalLike"


@dataclass(frozen=True)
class Stage:
    """A part of the voice as a model of its own.

    ``inputs`` and ``outputs`` are tensor names in the order in which `Stages` describes them.
    """

    model: onnx.ModelProto
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Stages:
    """A voice in three stages.

    - ``text``: ids ``[B, P]``, lengths ``[B]``, then as many duration noises ``[B, C, P]`` as
      there are; gives durations in frames before speed and rounding ``[B, 1, P]``, the prior's
      mean and logarithm of deviation, both ``[B, P, C]``.
    - ``flow``: latent ``[B, C, T]`` and mask ``[B, 1, T]``; gives the decoder's input, as large.
    - ``decoder``: that; gives samples ``[B, …, T * hop]``.

    Each takes the speaker last where ``speaker`` says so (name of that input, else None).
    ``noise_like`` are the stages that tell the shape of each duration noise.
    """

    text: Stage
    flow: Stage
    decoder: Stage
    noise_like: tuple[Stage, ...]
    text_speaker: str | None
    flow_speaker: str | None
    decoder_speaker: str | None


class Graph:
    """An index of a graph: who makes and who uses a tensor, and what it depends on."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.nodes: Sequence[onnx.NodeProto] = model.graph.node
        self.producer = {name: node for node in self.nodes for name in node.output if name}
        self.consumers: dict[str, list[onnx.NodeProto]] = {}
        for node in self.nodes:
            for name in node.input:
                self.consumers.setdefault(name, []).append(node)

    def only(self, op_type: str) -> onnx.NodeProto:
        """Give the one node of a kind."""
        found = [node for node in self.nodes if node.op_type == op_type]
        if len(found) != 1:
            raise UncutVoice(f"{len(found)} nodes {op_type} where one is needed")
        return found[0]

    def ancestors(self, name: str, stop: Iterable[str] = ()) -> set[str]:
        """Names of all tensors that a tensor is made of, itself included."""
        seen: set[str] = set(stop)
        todo = [name]
        while todo:
            tensor = todo.pop()
            if tensor in seen or not tensor:
                continue
            seen.add(tensor)
            node = self.producer.get(tensor)
            if node is not None:
                todo.extend(node.input)
        return seen - set(stop)

    def descendants(self, name: str) -> set[str]:
        """Names of all tensors that depend on a tensor, itself included."""
        seen: set[str] = set()
        todo = [name]
        while todo:
            tensor = todo.pop()
            if tensor in seen:
                continue
            seen.add(tensor)
            for node in self.consumers.get(tensor, ()):
                todo.extend(node.output)
        return seen

    def made_by(self, name: str, *op_types: str) -> onnx.NodeProto:
        """Give the node that makes a tensor, which must be of one of the kinds."""
        node = self.producer.get(name)
        if node is None or node.op_type not in op_types:
            raise UncutVoice(f"no {' or '.join(op_types)} where one is needed")
        return node

    def split_operands(self, node: onnx.NodeProto, inside: set[str]) -> tuple[str, str]:
        """Give the operand of a node of two that is in a set of tensors, and the other one."""
        inner = [name for name in node.input if name in inside]
        outer = [name for name in node.input if name not in inside]
        if len(inner) != 1 or len(outer) != 1:
            raise UncutVoice(f"the operands of a {node.op_type} cannot be told apart")
        return inner[0], outer[0]


def cut(model: onnx.ModelProto) -> Stages:
    """Cut a voice in three stages.

    Raises:
        UncutVoice: The graph is not built as VITS graphs are.
    """
    graph = Graph(model)
    inputs = [value.name for value in model.graph.input]
    if inputs[:3] != ["input", "input_lengths", "scales"] or len(model.graph.output) != 1:
        raise UncutVoice("the inputs and outputs are not those of a Piper voice")
    output = model.graph.output[0].name
    speaker = "sid" if "sid" in inputs else None

    ceil = graph.only("Ceil")
    before_ceil = graph.ancestors(ceil.input[0])
    of_scales = graph.descendants("scales")
    of_text = graph.descendants("input")
    durations, _ = graph.split_operands(graph.made_by(ceil.input[0], "Mul"), of_text)
    if durations in of_scales and not _noise_only(graph, durations):
        raise UncutVoice("the durations depend on the speed")

    noises = [node for node in graph.nodes if node.op_type == NOISE]
    if any(node.op_type.startswith("Random") and node.op_type != NOISE for node in graph.nodes):
        raise UncutVoice("noise of an unknown kind")
    duration_noises = [node for node in noises if node.output[0] in before_ceil]
    others = [node for node in noises if node.output[0] not in before_ceil]
    if len(others) != 1:
        raise UncutVoice("the noise of the prior cannot be found")
    latent, mean_frames, deviation_frames = _prior(graph, others[0].output[0])
    of_durations = graph.descendants(ceil.output[0])
    mean = _before_stretch(graph, mean_frames, of_durations)
    deviation = _before_stretch(graph, deviation_frames, of_durations)

    of_latent = graph.descendants(latent)
    decoder_input = _decoder_input(graph, of_latent)
    _, mask = graph.split_operands(graph.made_by(decoder_input, "Mul"), of_latent)

    noise_names = [node.output[0] for node in duration_noises]
    noise_like = [node.input[0] for node in duration_noises]
    text_in = ["input", "input_lengths", *noise_names, "scales"]
    return Stages(
        text=_stage(graph, text_in, [durations, mean, deviation], speaker),
        flow=_stage(graph, [latent, mask], [decoder_input], speaker),
        decoder=_stage(graph, [decoder_input], [output], speaker),
        noise_like=tuple(
            _stage(graph, ["input", "input_lengths"], [name], None) for name in noise_like
        ),
        text_speaker=_if_needed(graph, speaker, [durations, mean, deviation], text_in),
        flow_speaker=_if_needed(graph, speaker, [decoder_input], [latent, mask]),
        decoder_speaker=_if_needed(graph, speaker, [output], [decoder_input]),
    )


def _noise_only(graph: Graph, durations: str) -> bool:
    """Whether the scales reach the durations through multiplied noise alone.

    The vector of scales has one entry for the rhythm's noise; with that noise drawn outside, and
    the entry fed as 1, the durations do not depend on it any more.
    """
    of_noise: set[str] = set()
    for maker in graph.nodes:
        if maker.op_type == NOISE:
            of_noise |= graph.descendants(maker.output[0])
    of_scales = graph.descendants("scales")
    for name in graph.ancestors(durations) & of_scales:
        node = graph.producer.get(name)
        if node is None or name in of_noise:
            continue
        if node.op_type not in ("Gather", "Slice", "Squeeze", "Identity", "Unsqueeze", "Reshape"):
            return False
    return True


def _prior(graph: Graph, noise: str) -> tuple[str, str, str]:
    """Follow the prior's noise to the latent; gives latent, mean and log-deviation, in frames."""
    tensor = noise
    deviation: str | None = None
    for _ in range(4):
        users = graph.consumers.get(tensor, [])
        if len(users) != 1:
            break
        user = users[0]
        other = next((name for name in user.input if name != tensor), None)
        if other is None:
            break
        if user.op_type == "Add" and deviation is not None:
            return user.output[0], other, deviation
        if user.op_type != "Mul":
            break
        maker = graph.producer.get(other)
        if maker is not None and maker.op_type == "Exp":
            deviation = maker.input[0]
        tensor = user.output[0]
    raise UncutVoice("the way from the noise to the latent cannot be followed")


def _before_stretch(graph: Graph, name: str, of_durations: set[str]) -> str:
    """Give what a tensor of frames was before each phoneme was repeated for its duration."""
    transpose = graph.made_by(name, "Transpose")
    product = graph.made_by(transpose.input[0], "MatMul")
    _, source = graph.split_operands(product, of_durations)
    return source


def _decoder_input(graph: Graph, of_latent: set[str]) -> str:
    first = next((node for node in graph.nodes if node.op_type == "ConvTranspose"), None)
    if first is None:
        raise UncutVoice("no ConvTranspose, hence no waveform decoder")
    tensor = first.input[0]
    for _ in range(8):
        maker = graph.producer.get(tensor)
        if maker is None:
            break
        if maker.op_type == "Conv":
            return maker.input[0]
        behind = [name for name in maker.input if name in of_latent]
        if len(behind) != 1:
            break
        tensor = behind[0]
    raise UncutVoice("the decoder's first convolution cannot be found")


def _if_needed(
    graph: Graph, name: str | None, outputs: Sequence[str], stop: Sequence[str]
) -> str | None:
    if name is None:
        return None
    needed = any(name in graph.ancestors(output, stop) for output in outputs)
    return name if needed else None


def _stage(
    graph: Graph, inputs: Sequence[str], outputs: Sequence[str], speaker: str | None
) -> Stage:
    """Extract what lies between tensors as a model of its own.

    Raises:
        UncutVoice: More than the given inputs is needed.
    """
    stop = set(inputs)
    needed: set[str] = set()
    for output in outputs:
        needed |= graph.ancestors(output, stop)
    extra = _if_needed(graph, speaker, outputs, inputs)
    if extra is not None:
        inputs = [*inputs, extra]
    initializers = {value.name: value for value in graph.model.graph.initializer}
    loose = {
        name
        for name in needed
        if name not in graph.producer and name not in initializers and name != extra
    }
    if loose or any(graph.producer[n].op_type == NOISE for n in needed if n in graph.producer):
        raise UncutVoice("a stage needs more than it is given")
    nodes = [node for node in graph.nodes if any(name in needed for name in node.output)]
    reached = {name for node in nodes for name in node.input}
    kinds = {value.name: value for value in graph.model.graph.input}
    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            nodes,
            "stage",
            [
                kinds.get(name)
                or onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
                for name in inputs
                if name in reached
            ],
            [
                onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
                for name in outputs
            ],
            initializer=[value for name, value in initializers.items() if name in reached],
        ),
        opset_imports=graph.model.opset_import,
        ir_version=graph.model.ir_version,
    )
    return Stage(
        model=model,
        inputs=tuple(name for name in inputs if name in reached),
        outputs=tuple(outputs),
    )
