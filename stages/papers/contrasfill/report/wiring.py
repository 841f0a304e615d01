"""The generator's trunk as a graph of its own layers: traced from the instantiated module, not described by hand."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import fx, nn

from stages.nets.stylegan import resample
from stages.nets.stylegan.equal import EqualConv
from stages.nets.stylegan.modconv import ModulatedConv
from stages.nets.stylegan.resample import up2
from stages.papers.contrasfill.trunk import Trunk

INPUT_CHANNELS = 4  # the mask beside the masked image


@dataclass(frozen=True)
class Node:
    """One step of the forward pass. `shape` is (channels, side) of what leaves it; `sources` are names of nodes."""

    name: str
    kind: str  # input, modulated, plain, up, add or output
    shape: tuple[int, int]
    sources: tuple[str, ...]
    inputs: int = 0
    kernel: int = 0
    sample: str = "same"


class _Tracer(fx.Tracer):
    def __init__(self) -> None:
        super().__init__(autowrap_functions=(up2,))

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, (ModulatedConv, EqualConv))


def trunk_to_nodes(trunk: Trunk) -> list[Node]:
    """Every layer, doubling and sum of one forward pass, in the order of computation.

    The forward method itself is traced with symbols for images; shapes follow from kernels and their resampling.

    Raises: ValueError where the pass does something that is none of these, or where shapes of a sum differ.
    """
    fixed = {"styles": [None] * len(trunk.style_widths), "flat": None}
    graph = _Tracer().trace(trunk, concrete_args=fixed)
    modules = dict(trunk.named_modules())
    nodes: dict[str, Node] = {}
    for step in graph.nodes:
        sources = tuple(source.name for source in step.all_input_nodes if source.name in nodes)
        shapes = [nodes[source].shape for source in sources]
        if step.op == "placeholder" and step.name == "x":
            nodes[step.name] = Node("x", "input", (INPUT_CHANNELS, trunk.size), ())
        elif step.op == "call_module":
            nodes[step.name] = layer_to_node(step.target, modules[step.target], sources, shapes[0])
        elif step.op == "call_function" and step.target is up2:
            nodes[step.name] = Node(step.name, "up", (shapes[0][0], 2 * shapes[0][1]), sources)
        elif step.op == "call_function" and step.target.__name__ == "add":
            if len(set(shapes)) != 1:
                raise ValueError(f"{step.name}: expected a sum of equal shapes, came {shapes}")
            nodes[step.name] = Node(step.name, "add", shapes[0], sources)
        elif step.op == "output":
            nodes[step.name] = Node("output", "output", shapes[0], sources)
        elif sources:
            raise ValueError(f"the trunk does {step.target}, which the diagram has no sign for")
    named = {key: node.name for key, node in nodes.items()}
    return [
        Node(**{**vars(node), "sources": tuple(named[source] for source in node.sources)}) for node in nodes.values()
    ]


def layer_to_node(name: str, layer: nn.Module, sources: tuple[str, ...], shape: tuple[int, int]) -> Node:
    """A convolution with its kernel and what it does to the side."""
    assert isinstance(layer.weight, torch.Tensor)
    outputs, inputs, kernel, _ = layer.weight.shape
    if isinstance(layer, ModulatedConv):
        names = {resample.conv_same: "same", resample.conv_up: "up", resample.conv_down: "down"}
        kind, sample = "modulated", names[layer.convolve]
    else:
        kind, sample = "plain", "down" if layer.down else "same"
    if inputs != shape[0]:
        raise ValueError(f"{name}: expected {inputs} channels, came {shape[0]}")
    side = {"same": shape[1], "up": 2 * shape[1], "down": shape[1] // 2}[sample]
    return Node(name, kind, (outputs, side), sources, inputs, kernel, sample)
