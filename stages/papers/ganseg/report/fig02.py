"""Figure 2: the SPADE ResBlock (top) and the AdaIN ConvBlock (bottom), drawn from the first block of each kind.

Source: supp §B.2, §B.3, Fig. 2.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from stages.engine.chance import initialised
from stages.nets.adain import AdaptiveBlock
from stages.nets.spade import SpadeBlock
from stages.papers.ganseg.common import GeneratorBlock
from stages.papers.ganseg.report.diagram import Box, Diagram, observed, shape_text
from stages.papers.ganseg.report.pictures import Drawn

Block = GeneratorBlock
Shapes = dict[str, tuple[int, ...]]


def illustrate(block: GeneratorBlock, inputs: Mapping[str, Path]) -> Drawn:
    """No inputs: both blocks are built anew, as the first ones of the foreground and of the background."""
    side = block.feature_sizes[0] + 2 * block.margin
    before, after = block.channels[:2]
    steering = (block.embedding, block.hidden, block.slope)
    with initialised(0, "figure"):
        spade, adain = SpadeBlock(before, after, *steering).eval(), AdaptiveBlock(before, after, *steering).eval()
    x = torch.zeros(1, before, side, side)
    diagram = Diagram(104, 72)
    draw_spade(diagram, spade, shapes_of(spade, x, torch.zeros(1, block.embedding, side, side)), x)
    draw_adain(diagram, adain, shapes_of(adain, x, torch.zeros(1, block.embedding)), x)
    caption = (
        "Figure 2. SPADE ResBlock (top) and AdaIN ConvBlock (bottom), with the shapes of the first block of the "
        "foreground and of the background as this profile builds them. Batch norm without weights of its own; γ and "
        "β are given by the style: for each element (SPADE), or for each channel (AdaIN)."
    )
    return Drawn(diagram.figure, block.profile, caption)


def shapes_of(block: nn.Module, x: torch.Tensor, style: torch.Tensor) -> Shapes:
    """What every part of a block gives, and the style's own shape."""
    with torch.no_grad():
        shapes = observed(block, lambda: block(x, style))
    return shapes | {"style": tuple(style.shape)}


def steered(shapes: Shapes, name: str) -> tuple[int, ...]:
    """The shape of γ, half of what the norm's heads give; that of SPADE's output too, which has one γ an element."""
    channels, *sides = shapes[f"{name}.heads"][1:]
    return (1, channels // 2, *sides)


def chain(diagram: Diagram, texts: list[tuple[str, str]], x: float, y: float) -> list[Box]:
    """Boxes beside one another, joined by arrows."""
    boxes: list[Box] = []
    for text, kind in texts:
        box = diagram.box(x, y, 13.5, 6.6, text, kind)
        if boxes:
            diagram.arrow(boxes[-1].right, box.left)
        boxes.append(box)
        x += 16.5
    return boxes


def draw_spade(diagram: Diagram, block: nn.Module, shapes: Shapes, x: torch.Tensor) -> None:
    """The residual block, and SPADE itself beside it."""
    diagram.write(3, 68.5, "SPADE ResBlock", 8, "bold")
    given = shape_text(tuple(x.shape))
    main = chain(
        diagram,
        [
            (f"input\n{given}", "noise"),
            (f"SPADE, LReLU\n{shape_text(steered(shapes, 'first'))}", "masks"),
            (f"conv 3×3\n{shape_text(shapes['conv1'])}", "front"),
            (f"SPADE, LReLU\n{shape_text(steered(shapes, 'second'))}", "masks"),
            (f"conv 3×3\n{shape_text(shapes['conv2'])}", "front"),
            (f"sum\n{shape_text(shapes['conv2'])}", "end"),
        ],
        3, 56,
    )  # fmt: skip
    if "shortcut" in shapes:
        beside = [
            (f"SPADE\n{shape_text(steered(shapes, 'beside'))}", "masks"),
            (f"conv 3×3\n{shape_text(shapes['shortcut'])}", "front"),
        ]
        short = chain(diagram, beside, 36, 46)
        diagram.path(main[0].bottom, (main[0].bottom[0], short[0].left[1]), short[0].left)
        diagram.path(short[-1].right, (main[-1].bottom[0], short[-1].right[1]), main[-1].bottom)
    else:
        diagram.path(main[0].bottom, (main[0].bottom[0], 50), (main[-1].bottom[0], 50), main[-1].bottom)
    diagram.write(3, 42, "SPADE", 7, "bold")
    draw_norm(diagram, 33, "conv 3×3", shapes, "first", given, "masks")


def draw_adain(diagram: Diagram, block: nn.Module, shapes: Shapes, x: torch.Tensor) -> None:
    """The plain block, and AdaIN beside it."""
    diagram.write(3, 27.5, "AdaIN ConvBlock", 8, "bold")
    given = shape_text(tuple(x.shape))
    texts = [
        (f"input\n{given}", "noise"), (f"AdaIN, LReLU\n{shape_text(shapes['norm'])}", "back"),
        (f"conv 3×3\n{shape_text(shapes['conv'])}", "front"),
    ]  # fmt: skip
    chain(diagram, texts, 3, 17)
    diagram.write(3, 13, "AdaIN", 7, "bold")
    draw_norm(diagram, 4, "linear", shapes, "norm", given, "back")


def draw_norm(diagram: Diagram, y: float, layer: str, shapes: Shapes, name: str, given: str, kind: str) -> None:
    """A norm whose γ and β come from the style."""
    hidden = shapes[f"{name}.shared"]
    each = steered(shapes, name)
    chain(
        diagram,
        [
            (f"style\n{shape_text(shapes['style'])}", "noise"),
            (f"{layer}, LReLU\n{shape_text(hidden)}", "points"),
            (f"{layer} → γ, β\neach {shape_text(each)}", "points"),
            ("(1 + γ) · BN(x) + β", kind),
            (f"output\n{given}", "end"),
        ],
        3, y,
    )  # fmt: skip
    diagram.write(52.5, y - 1.6, f"x: {given}; batch norm without weights of its own", 5.6)
