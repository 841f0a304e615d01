"""Figure 1: the generator's architecture, drawn from its instantiated modules. Source: supp §1, Fig. 1."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from stages.draw import style
from stages.draw.drawn import Drawn
from stages.papers.contrasfill.methods.contrasfill.method import Block as MethodBlock
from stages.papers.contrasfill.report.diagram import diagram, legend
from stages.papers.contrasfill.report.wiring import trunk_to_nodes


class Block(MethodBlock):
    """The method's own keys, and the profile that the figure is drawn under."""

    profile: Literal["smoke", "demo", "lite", "paper"]


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Needs no inputs: the generator is built without memory for its weights, and its forward pass is traced."""
    import torch

    from stages.papers.contrasfill.methods.contrasfill.nets import Generator

    with torch.device("meta"):
        generator = Generator(
            block.size_px, block.channel_base, block.channel_limit, block.latent, codes=block.codes,
            mapping_layers=block.mapping_layers, mapping_rate=block.mapping_rate, combination=block.combination,
            decoder_skips=block.decoder_skips,
        )  # fmt: skip
    nodes = trunk_to_nodes(generator.trunk)
    count = sum(parameter.numel() for parameter in generator.parameters())
    modulated = sum(node.kind == "modulated" for node in nodes)
    kind = {2: "bi-modulated convolution", 1: "modulated convolution"}[block.codes]
    held = diagram(nodes)
    legend(held, kind)
    caption = (
        f"Figure 1. The generator at {block.size_px} px, encoder at the left, decoder at the right, drawn from the "
        f"instantiated modules by tracing their forward pass ({count:,} parameters in all, {modulated} {kind}s). "
        "Every box is a layer under its name in the code, with its kernel and channels; below it stands the "
        "shape that leaves it, channels × side × side. Features are raised from 4 px with lateral connections (plain "
        "1 × 1 convolutions of the encoder's features). Every resolution of the decoder has a to_rgb layer; their "
        "images are doubled and summed. Not drawn: the codes, which reach every modulated layer through a mapping "
        "network and "
        "one affine layer each, leaky rectifiers behind all convolutions but the laterals and to_rgb, and the "
        "decoder's noise."
    )
    return Drawn(held.figure, block.profile + style.DATA_FREE, caption)
