"""Part E as arithmetic: what moves when points, positions or masks move by whole pixels, and by how much it is off.

Every check takes a generator in evaluation mode and float64 and returns the largest absolute error. Points are chosen
directly; no training is needed, since the statements hold for any weights.

Source: supp §E; spec §7.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from stages.papers.ganseg.grid import grid
from stages.papers.ganseg.heatmap import heatmaps, spread_vectors
from stages.papers.ganseg.methods.gan.nets import Generator
from stages.papers.ganseg.points import centers, spread

AXES = (2, 3)  # rows and columns of [B C H W]


@dataclass(frozen=True)
class Scene:
    """What a check moves. Shapes: points [B K n 2], embeddings [B K d], position [B 2], look [B d]."""

    points: Tensor
    embeddings: Tensor
    position: Tensor
    look: Tensor


def numbers_needed(parts: int, points: int, width: int) -> int:
    """How many draws one row of `scene_of` takes."""
    return parts * (2 + 2 * points + 1 + width) + 2 + width


def scene_of(generator: Generator, rows: int, reach: float, scales: tuple[float, float], numbers: Tensor) -> Scene:
    """Parts well inside the picture: centres within `reach`, part scales between the two given.

    `numbers` are draws in [0, 1). Shapes: [rows * numbers_needed(K, n, d)].
    """
    block = generator.block
    parts, each, width = block.parts, block.points_per_part, block.embedding
    sizes = (parts * 2, parts * each * 2, parts, parts * width, 2, width)
    pieces = numbers.double().view(rows, -1).split(sizes, 1)
    middle = reach * (2 * pieces[0].view(rows, parts, 1, 2) - 1)
    offsets = 2 * pieces[1].view(rows, parts, each, 2) - 1
    offsets = offsets - offsets.mean(2, keepdim=True)
    wanted = scales[0] + (scales[1] - scales[0]) * pieces[2]
    offsets = offsets * (wanted / spread(offsets, block.scale)).sqrt()[..., None, None]
    embeddings = 2 * pieces[3].view(rows, parts, width) - 1
    return Scene(middle + offsets, embeddings, reach * (2 * pieces[4] - 1), 2 * pieces[5] - 1)


def step_of(generator: Generator, pixels: int, axis: int) -> tuple[Tensor, int]:
    """A move by `pixels` of the first level along rows (2) or columns (3), and what that is in the picture's pixels."""
    sizes = generator.block.feature_sizes
    delta = torch.zeros(2, dtype=next(generator.parameters()).dtype)
    delta[axis - 2] = 2 * pixels / sizes[0]
    return delta, pixels * sizes[-1] // sizes[0]


def shift_error(before: Tensor, after: Tensor, pixels: int, axis: int, border: int = 0) -> float:
    """Largest difference between `after` and `before` moved by `pixels`, where both are visible.

    The outer `border` pixels of both pictures are left out. Shapes: [B C H W] twice.
    """
    if border:
        before, after = (maps[..., border:-border, border:-border] for maps in (before, after))
    length = before.shape[axis] - pixels
    moved, found = before.narrow(axis, 0, length), after.narrow(axis, pixels, length)
    return float((moved - found).abs().max())


def heat_error(generator: Generator, scene: Scene, pixels: int, axis: int) -> float:
    """E1: H(p; x + d) = H(p - d; x)."""
    block, (delta, _) = generator.block, step_of(generator, pixels, axis)
    places = grid(block.feature_sizes[0], block.margin, block.grid, scene.points)
    middle, scale = centers(scene.points), generator.scale(scene.points)
    return float((heatmaps(middle + delta, scale, places, block.kernel)
                  - heatmaps(middle, scale, places - delta, block.kernel)).abs().max())  # fmt: skip


def start_errors(generator: Generator, scene: Scene, pixels: int, axis: int) -> tuple[float, float]:
    """E2: the start tensor is the same where points and grid move together, and moves where the points alone do."""
    masks, (delta, _) = generator.mask_generator, step_of(generator, pixels, axis)
    flat = scene.points.flatten(1, 2)
    places = masks.places(generator.block.feature_sizes[0], flat)
    still = masks.start(flat, places)
    together = masks.start(flat + delta, places + delta)
    return float((together - still).abs().max()), shift_error(still, masks.start(flat + delta, places), pixels, axis)


def mask_error(generator: Generator, scene: Scene, pixels: int, axis: int) -> float:
    """E3 (E4, E5, E13 with other generators): masks move with all points."""
    delta, seen = step_of(generator, pixels, axis)
    before = generator.masks(scene.points, scene.embeddings)[0]
    return shift_error(before, generator.masks(scene.points + delta, scene.embeddings)[0], seen, axis)


def compact_masks(generator: Generator, scene: Scene, shift: Tensor, radius: float) -> Tensor:
    """Masks that are exactly 0 beyond `radius` of their centres, background last. Shapes: → [B K+1 S S]."""
    block = generator.block
    places = grid(block.size_px, 0, block.grid, scene.points)
    middle = centers(scene.points) + shift
    bumps = heatmaps(middle, torch.full(middle.shape[:2], radius).to(middle), places, "triangle") / block.parts
    return torch.cat([bumps, 1 - bumps.sum(1, keepdim=True)], 1)


def foreground_error(generator: Generator, scene: Scene, pixels: int, axis: int, radius: float) -> float:
    """E6: the foreground moves with compact masks and positions."""
    delta, seen = step_of(generator, pixels, axis)
    middle = centers(scene.points)
    still = generator.foreground(compact_masks(generator, scene, 0 * delta, radius), middle, scene.embeddings)
    mask = compact_masks(generator, scene, delta, radius)
    return shift_error(still, generator.foreground(mask, middle + delta, scene.embeddings), seen, axis)


def own_mask_errors(generator: Generator, scene: Scene, pixels: int, axis: int, interior: int) -> tuple[float, float]:
    """E7: with the generator's own masks, repeated over the margin, only the inside is exact: (inside, everywhere).

    Errors are relative to the largest value of the foreground.
    """
    delta, seen = step_of(generator, pixels, axis)

    def picture(points: Tensor) -> Tensor:
        mask = generator.masks(points, scene.embeddings)[0]
        return generator.foreground(mask, centers(points), scene.embeddings)

    pictures = picture(scene.points), picture(scene.points + delta)
    largest = float(pictures[0].abs().max())
    inside = shift_error(*pictures, seen, axis, interior) if 2 * interior + seen < generator.block.size_px else 0.0
    return inside / largest, shift_error(*pictures, seen, axis) / largest


def background_error(generator: Generator, scene: Scene, pixels: int, axis: int) -> float:
    """E8: the background moves with its position."""
    delta, seen = step_of(generator, pixels, axis)
    still = generator.background(scene.position, scene.look)
    return shift_error(still, generator.background(scene.position + delta, scene.look), seen, axis)


def one_part_errors(generator: Generator, scene: Scene, pixels: int, axis: int) -> tuple[float, float, float]:
    """One part moves. E9: the others' heat-maps stay, and the style changes by that part's alone (additivity, eq. 4).

    E10: the softmax mask of that part does not simply move, since parts interact beyond the style.
    """
    block, (delta, seen) = generator.block, step_of(generator, pixels, axis)
    moved = scene.points.clone()
    moved[:, 0] += delta
    places = grid(block.size_px, block.margin, block.grid, scene.points)

    def heat(points: Tensor) -> Tensor:
        return heatmaps(centers(points), generator.scale(points), places, block.kernel)

    before, after = heat(scene.points), heat(moved)
    change = spread_vectors(after, scene.embeddings) - spread_vectors(before, scene.embeddings)
    alone = spread_vectors(after[:, :1] - before[:, :1], scene.embeddings[:, :1])
    stay = float((after[:, 1:] - before[:, 1:]).abs().max()) if block.parts > 1 else 0.0
    masks = tuple(generator.masks(points, scene.embeddings)[0][:, :1] for points in (scene.points, moved))
    return stay, float((change - alone).abs().max()), shift_error(masks[0], masks[1], seen, axis)


def derivative_error(generator: Generator, scene: Scene, pixels: int, axis: int, step: float) -> float:
    """E12: dW/dp = -sum_k dW_k/dx_k for W(p) = sum_k H_k(p) w_k, by central differences; relative (eq. 6)."""
    block, (delta, _) = generator.block, step_of(generator, pixels, axis)
    move = step * delta / delta.norm()
    places = grid(block.size_px, 0, block.grid, scene.points)
    middle, scale = centers(scene.points), generator.scale(scene.points)

    def style(places: Tensor, middle: Tensor) -> Tensor:
        return spread_vectors(heatmaps(middle, scale, places, block.kernel), scene.embeddings)

    by_place = (style(places + move, middle) - style(places - move, middle)) / (2 * step)
    by_points = torch.zeros_like(by_place)
    for part in range(block.parts):
        only = torch.zeros_like(middle)
        only[:, part] = move
        by_points += (style(places, middle + only) - style(places, middle - only)) / (2 * step)
    return float((by_place + by_points).abs().max() / by_place.abs().max())


def blend_errors(generator: Generator, scene: Scene, pixels: int, axis: int, radius: float) -> tuple[float, float]:
    """E14: where masks, foreground and background all move, the image does, but for 2 px at the border: (in, all)."""
    delta, seen = step_of(generator, pixels, axis)

    def image(shift: Tensor) -> Tensor:
        mask = compact_masks(generator, scene, shift, radius)
        front = generator.foreground(mask, centers(scene.points) + shift, scene.embeddings)
        return generator.paint(mask, front, generator.background(scene.position + shift, scene.look))

    images = image(0 * delta), image(delta)
    return shift_error(*images, seen, axis, 2), shift_error(*images, seen, axis)


def independence_error(generator: Generator, scene: Scene, radius: float) -> float:
    """E11: another background changes the blend by M_bg (B' - B) and nothing else."""
    mask = compact_masks(generator, scene, torch.zeros(2, dtype=torch.float64), radius)
    front = generator.foreground(mask, centers(scene.points), scene.embeddings)
    backs = [generator.background(position, scene.look) for position in (scene.position, -scene.position)]
    share = mask[:, -1:]
    blends = [(1 - share) * front + share * back for back in backs]
    return float((blends[1] - blends[0] - share * (backs[1] - backs[0])).abs().max())


class Leaking(nn.Module):
    """A start tensor whose first two channels are absolute coordinates, which §E says must not be there (E13)."""

    def __init__(self, start: nn.Module) -> None:
        super().__init__()
        self.start = start

    def forward(self, points: Tensor, places: Tensor) -> Tensor:
        x = self.start(points, places)
        absolute = places.permute(2, 0, 1).expand(len(x), -1, -1, -1)
        return torch.cat([absolute, x[:, 2:]], 1)
