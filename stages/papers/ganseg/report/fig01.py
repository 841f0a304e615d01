"""Figure 1: the whole architecture, drawn from the network that the profile builds, with its tensors' real shapes.

Source: supp §B.1, Fig. 1.
"""

from collections.abc import Mapping
from pathlib import Path

import torch

from stages.engine.chance import initialised
from stages.papers.ganseg.common import GeneratorBlock
from stages.papers.ganseg.methods.gan.nets import Generator
from stages.papers.ganseg.record import Generated, Noise
from stages.papers.ganseg.report.diagram import Box, Diagram, observed, shape_text
from stages.papers.ganseg.report.pictures import Drawn

Block = GeneratorBlock
Shapes = dict[str, tuple[int, ...]]
LANES = {"mask_generator": 39.0, "foreground_generator": 24.0, "background_generator": 9.0}
STEP, WIDE, TALL = 17.6, 11.6, 6.4


def illustrate(block: GeneratorBlock, inputs: Mapping[str, Path]) -> Drawn:
    """No inputs: the network is built anew."""
    shapes, made = run(block)
    blocks = len(block.feature_sizes)
    end = 33 + STEP * (blocks + 1)
    diagram = Diagram(end + 45, 75)
    given = draw_points(diagram, block, made)
    draw_noise(diagram, block)
    for lane, kind, title, steer in (
        ("mask_generator", "masks", "Level 2: mask generator", "W_mask = Σ H_k w_k"),
        ("foreground_generator", "front", "Level 3: foreground generator", "W_fg = Σ M_k w_k"),
        ("background_generator", "back", "Level 3: background generator", "w_bg"),
    ):
        draw_lane(diagram, lane, kind, title, steer, shapes, block)
    draw_end(diagram, block, made, end, given)
    caption = (
        "Figure 1. The architecture as this profile builds it. Shapes are channels x rows x columns, read off one "
        f"pass of the network itself; every level is carried with a margin of {block.margin} pixels, which is "
        f"cropped after each doubling and at the end. K = {block.parts} parts of n = {block.points_per_part} points; "
        f"τ_k is the parts' extent ({block.scale}), H_k its {block.kernel} heat-map."
    )
    return Drawn(diagram.figure, block.profile, caption)


def run(block: GeneratorBlock) -> tuple[Shapes, Generated]:
    """The shapes of one pass with fresh weights, and its record."""
    with initialised(0, "figure"):
        generator = Generator(block).eval()
    codes = [torch.zeros(1, block.latent) for _ in range(3)]
    held: list[Generated] = []
    with torch.no_grad():
        shapes = observed(
            generator, lambda: held.append(generator(Noise(codes[0], codes[1], codes[2], torch.zeros(1, 2))))
        )
    return shapes, held[0]


def draw_noise(diagram: Diagram, block: GeneratorBlock) -> None:
    """The four noises on the left, with an arrow to what each one feeds."""
    for name, y in (("z_point", 62.5), ("z_app", 53.5), ("u_bg_pos", 10.0), ("z_bg_app", 2.0)):
        shape = 2 if name == "u_bg_pos" else block.latent
        box = diagram.box(2, y, 9, 4.6, f"{name}\n{shape}", "noise")
        if name == "z_bg_app":
            inner = diagram.box(16, y, 13, 4.6, f"MLP → w_bg\n{block.embedding}", "points")
            diagram.arrow(box.right, inner.left)
            line = LANES["background_generator"] + TALL + 1.6
            diagram.path(inner.right, (31.2, inner.right[1]), (31.2, line))
        else:
            diagram.arrow(box.right, (16, box.right[1]))


def draw_points(diagram: Diagram, block: GeneratorBlock, made: Generated) -> list[Box]:
    """Level 1: points, positions, extents and embeddings."""
    diagram.write(16, 69.5, "Level 1: point generator", weight="bold")
    perceptron = diagram.box(16, 62, 13, 5.6, f"MLP, tanh(·/{block.point_divisor:g})", "points")
    placed = diagram.box(34, 62, 13, 5.6, f"points x_k^i\n{shape_text(tuple(made.points.shape))}", "points")
    middle = diagram.box(52, 62, 13, 5.6, f"positions x_k\n{shape_text(tuple(made.centers.shape))}", "points")
    extent = diagram.box(70, 62, 13, 5.6, f"extents τ_k\n{shape_text(tuple(made.scale.shape))}", "points")
    look = diagram.box(16, 53, 13, 5.6, f"MLP → w_dynamic\n{block.embedding}", "points")
    product = diagram.box(
        34, 53, 13, 5.6, f"w_k = w_const_k · w_dyn\n{shape_text(tuple(made.embeddings.shape))}", "points"
    )
    for start, stop in ((perceptron, placed), (placed, middle), (middle, extent), (look, product)):
        diagram.arrow(start.right, stop.left)
    return [placed, middle, extent, product]


def draw_lane(
    diagram: Diagram, lane: str, kind: str, title: str, steer: str, shapes: Shapes, block: GeneratorBlock
) -> None:
    """One generator: its start tensor, its blocks with the sides they work at, and what steers them."""
    y = LANES[lane]
    diagram.write(16, y + TALL + 4.4, title, weight="bold")
    diagram.write(46, y + TALL + 4.4, f"steered by {steer}", 6.0)
    sources = {"mask_generator": "points", "foreground_generator": "positions", "background_generator": "u_bg_pos"}
    start = diagram.box(
        16, y, 13, TALL, f"sin, cos of FC(p − x)\nof {sources[lane]}\n{text_of(shapes, f'{lane}.start', 2)}", kind
    )
    name = "AdaIN ConvBlock" if kind == "back" else "SPADE ResBlock"
    before, last = start, block.feature_sizes[0]
    diagram.axes.plot(
        (31.5, 33 + STEP * len(block.feature_sizes) - 6), (y + TALL + 1.6,) * 2, color="#6b7280", linewidth=0.6
    )
    for number, side in enumerate(block.feature_sizes):
        x = 33 + STEP * number
        shape = shape_text(shapes[f"{lane}.levels.blocks.{number}"])
        box = diagram.box(x, y, WIDE, TALL, f"{name}\n{shape}", kind)
        diagram.arrow(before.right, box.left, label="×2, crop" if side != last else "")
        diagram.arrow((x + WIDE / 2, y + TALL + 1.6), box.top)
        before, last = box, side
    x = 33 + STEP * len(block.feature_sizes)
    out = {"mask_generator": "softmax\nM", "foreground_generator": "F", "background_generator": "B"}[lane]
    channels = block.parts + 1 if kind == "masks" else block.embedding
    end = diagram.box(x, y, WIDE, TALL, f"crop, {out}\n{channels} × {block.size_px} × {block.size_px}", kind)
    diagram.arrow(before.right, end.left)


def text_of(shapes: Shapes, name: str, factor: int) -> str:
    """The start tensor's shape: sine and cosine of what its 1 x 1 convolution gives."""
    channels, *sides = shapes[f"{name}.project"][1:]
    return shape_text((1, factor * channels, *sides))


def draw_end(diagram: Diagram, block: GeneratorBlock, made: Generated, end: float, given: list[Box]) -> None:
    """The blend and the image, and what goes from level to level."""
    middle = LANES["foreground_generator"]
    blend = diagram.box(end + 4, middle, 17, TALL, "blend\n(1 − M_bg) F + M_bg B", "end")
    side = f"{block.size_px} × {block.size_px}"
    image = diagram.box(end + 26, middle, 14, TALL, f"head, tanh\nimage 3 × {side}", "end")
    diagram.arrow(blend.right, image.left)
    for lane, y in LANES.items():
        right = (end - STEP + WIDE, y + TALL / 2)
        if lane == "foreground_generator":
            diagram.arrow(right, blend.left)
        else:
            target = blend.top if y > middle else blend.bottom
            diagram.path(right, (target[0], right[1]), target)
    points, positions, extents, looks = given
    for box, left, level, lane in (
        (points, 14.2, 60.6, "mask_generator"),
        (positions, 12.8, 59.6, "foreground_generator"),
    ):
        entry = LANES[lane] + TALL / 2
        diagram.path(box.bottom, (box.bottom[0], level), (left, level), (left, entry), (16, entry))
    line = LANES["mask_generator"] + TALL + 1.6
    diagram.path(extents.bottom, (extents.bottom[0], line))
    diagram.path(looks.right, (72, looks.right[1]), (72, line))
    below = LANES["foreground_generator"] + TALL + 1.6
    mask = (end - STEP + WIDE / 2, LANES["mask_generator"])
    diagram.path(mask, (mask[0], below), (end - STEP - 6, below))
