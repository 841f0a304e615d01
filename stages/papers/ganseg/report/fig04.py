"""Figure 4: the intuition behind part E, by numbers: a picture moves with its point, a part turns with its points.

Source: supp §E, Fig. 4; the last row is ours: masks of the network itself, and how far they are off.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from stages.draw import style
from stages.papers.ganseg import shifting
from stages.papers.ganseg.equivariance import Block, build, scene_for
from stages.papers.ganseg.grid import grid
from stages.papers.ganseg.heatmap import heatmaps
from stages.papers.ganseg.methods.gan.nets import Generator
from stages.papers.ganseg.points import centers, part_scale
from stages.papers.ganseg.report.colours import overlay
from stages.papers.ganseg.report.pictures import Drawn

__all__ = ["Block", "illustrate"]
SIDE = 11
INK_LEFT, INK_RIGHT = "#b4441f", "#2f6690"


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """No inputs: pictures of a formula, and one pass of the network with fresh weights."""
    figure = style.figure(11.0, 8.2)
    draw_shift(figure)
    draw_line(figure)
    generator = build(block)
    draw_turn(figure, generator)
    errors = draw_masks(figure, generator, block)
    caption = (
        "Figure 4. (a) The point moves one pixel to the right: every pixel takes the value of its left neighbour; "
        "left of the point (red box) the picture gets brighter, right of it (blue box) darker. (b) The same in one "
        "dimension: at a fixed p the value changes from f(p) to f(p − Δt). (c) A part turns because its points move: "
        "its heat-map stays as it is, since position and extent do, but the start tensor, which sees the points, "
        "changes. (d, ours) Masks of the network with fresh weights before and after all points move by one pixel of "
        f"the first level, and how far they are from merely moving: {errors['with']:.0e} with margins of "
        f"{block.margin} px, {errors['small']:.0e} with {min(block.small_margins)} px (float64, whole visible "
        "overlap)."
    )
    return Drawn(figure, block.profile, caption)


def tile(figure: Any, x: float, y: float, title: str, side: float = 1.75) -> Any:
    """An empty square panel at (x, y) inches."""
    axes = figure.add_axes((x / 11.0, y / 8.2, side / 11.0, side / 8.2))
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title, fontsize=style.LABEL_POINTS, pad=4)
    return axes


def radial(row: float, column: float) -> np.ndarray:
    """A grey picture that gets darker towards one point. Shapes: → [SIDE, SIDE]."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return np.minimum(np.hypot(rows - row, columns - column) / 5.5, 1.0)


def draw_shift(figure: Any) -> None:
    """(a) before, after, and the difference."""
    from matplotlib.patches import Rectangle

    middle = SIDE // 2
    before, after = radial(middle, middle - 1), radial(middle, middle)
    figure.text(0.3 / 11, 7.95 / 8.2, "(a) a point moves by one pixel", weight="bold", va="center")
    limits = {"cmap": "gray", "vmin": 0, "vmax": 1, "interpolation": "none"}
    for x, picture, title, column in ((0.3, before, "I(p, x)", middle - 1), (2.3, after, "I(p, x + Δt)", middle)):
        axes = tile(figure, x, 5.75, title)
        axes.imshow(picture, **limits)
        axes.plot(column, middle, "+", color="#d19a2a", markersize=9, markeredgewidth=1.6)
        for left, ink in ((0.5, INK_LEFT), (middle + 0.5, INK_RIGHT)):
            axes.add_patch(Rectangle((left, middle - 1.5), 4, 3, fill=False, edgecolor=ink, linewidth=1.4))
    axes = tile(figure, 4.3, 5.75, "difference")
    axes.imshow(after - before, cmap="RdBu_r", vmin=-0.25, vmax=0.25, interpolation="none")


def draw_line(figure: Any) -> None:
    """(b) f(p) and f(p − Δt)."""
    figure.text(6.6 / 11, 7.95 / 8.2, "(b) one dimension", weight="bold", va="center")
    axes = figure.add_axes((6.95 / 11, 5.85 / 8.2, 3.7 / 11, 1.65 / 8.2))
    places, move, fixed = np.linspace(-3, 3, 241), 0.8, 0.9

    def f(p: np.ndarray | float) -> np.ndarray | float:
        return 1 - np.exp(-np.square(p))

    axes.plot(places, f(places), color=INK_LEFT, label="f(p)")
    axes.plot(places, f(places - move), color=INK_RIGHT, label="f(p − Δt)")
    axes.plot([0, move], [0, 0], ".", color=style.INK)
    axes.annotate("", (fixed, f(fixed - move)), (fixed, f(fixed)), arrowprops={"arrowstyle": "->", "linewidth": 0.9})
    axes.axvline(fixed, color=style.SOFT, linewidth=0.6, linestyle=":")
    axes.text(fixed + 0.08, 1.03, "fixed p", fontsize=6.5)
    axes.text(0, -0.13, "x", ha="center", fontsize=6.5)
    axes.text(move, -0.13, "x + Δt", ha="center", fontsize=6.5)
    axes.set_ylim(-0.22, 1.16)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.legend(frameon=False, fontsize=6.5, loc="lower left")


def draw_turn(figure: Any, generator: Generator) -> None:
    """(c) one part, its points turned by 45 degrees about their mean: heat-map and start tensor before and after."""
    figure.text(0.3 / 11, 5.35 / 8.2, "(c) a part turns with its points", weight="bold", va="center")
    block = generator.block
    offsets = torch.tensor([[-0.32, 0.0], [0.22, 0.0], [0.05, -0.10], [0.05, 0.10]], dtype=torch.float64)
    turn = torch.tensor([[1.0, -1.0], [1.0, 1.0]], dtype=torch.float64) / 2**0.5
    size = 4 * block.feature_sizes[0]
    places = grid(size, 0, block.grid, offsets)
    channel = generator.mask_generator.start.project.weight[0, :8].detach().flatten()
    for number, (placed, words) in enumerate(((offsets, "before"), (offsets @ turn.T, "after"))):
        points = placed[None, None]
        scale = part_scale(points, block.scale)
        heat = heatmaps(centers(points), scale, places, block.kernel)[0, 0]
        differences = (placed[:, None, None] - places).permute(0, 3, 1, 2).flatten(0, 1)
        start = torch.sin(torch.pi * torch.einsum("c,chw->hw", channel, differences[: len(channel)]))
        x = 0.3 + 4.0 * number
        for shift, picture, title in ((0.0, heat, f"H_k, {words}"), (2.0, start, f"M0, one channel, {words}")):
            axes = tile(figure, x + shift, 3.1, title)
            axes.imshow(picture.numpy(), cmap="gray", interpolation="none", extent=(-1, 1, 1, -1))
            axes.plot(placed[:, 1], placed[:, 0], "+", color="#d19a2a", markersize=7, markeredgewidth=1.5)
    extents = [float(part_scale(placed[None, None], block.scale)) for placed in (offsets, offsets @ turn.T)]
    words = "τ before {:.5f}\nτ after  {:.5f}".format(*extents)
    figure.text(8.4 / 11, 4.0 / 8.2, words, fontsize=7, linespacing=1.6)


def draw_masks(figure: Any, generator: Generator, block: Block) -> dict[str, float]:
    """(d) the network's own masks before and after, and what is left when one is moved onto the other."""
    figure.text(0.3 / 11, 2.75 / 8.2, "(d, ours) masks of the network, all points moved", weight="bold", va="center")
    scene, pixels, axis = scene_for(generator, block), block.shifts[0], 3
    delta, seen = shifting.step_of(generator, pixels, axis)
    small = build(block.model_copy(update={"margin": min(block.small_margins)}))
    errors, pictures = {}, []
    with torch.no_grad():
        for name, net in (("with", generator), ("small", small)):
            masks = [net.masks(points, scene.embeddings)[0][:1] for points in (scene.points, scene.points + delta)]
            errors[name] = shifting.shift_error(masks[0], masks[1], seen, axis)
            left = (masks[0][..., :-seen] - masks[1][..., seen:]).abs().amax(1)[0]
            pictures.append((masks, left.numpy()))
    empty = np.full((block.size_px, block.size_px, 3), 235, np.uint8)
    for x, mask, title in ((0.3, pictures[0][0][0], "M"), (2.3, pictures[0][0][1], f"M, points moved by {seen} px")):
        labels = ((mask[0].argmax(0) + 1) % mask.shape[1]).numpy()
        tile(figure, x, 0.45, title).imshow(overlay(empty, labels, block.parts), interpolation="none")
    for x, (_, left), margin in ((4.3, pictures[0], block.margin), (6.3, pictures[1], min(block.small_margins))):
        axes = tile(figure, x, 0.45, f"left over, margin {margin} px")
        drawn = axes.imshow(np.log10(np.maximum(left, 1e-17)), cmap="magma", vmin=-17, vmax=0, interpolation="none")
    bar = figure.colorbar(
        drawn, cax=figure.add_axes((8.35 / 11, 0.45 / 8.2, 0.12 / 11, 1.75 / 8.2)), ticks=[-16, -8, 0]
    )
    bar.set_label("log10 of the difference", fontsize=6.5)
    bar.ax.tick_params(labelsize=6)
    return errors
