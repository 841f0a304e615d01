"""Part E as numbers: what shifts with the points exactly, what leaks, and what the tests would catch."""

import pytest
import torch

from stages.papers.ganseg.common import contamination_depth
from stages.papers.ganseg.generator import Start
from stages.papers.ganseg.grid import grid
from stages.papers.ganseg.heatmap import heatmaps, spread_vectors
from stages.papers.ganseg.methods.gan.nets import build_generator
from stages.papers.ganseg.points import centers
from tests.papers.ganseg_blocks import small

SIX = {"feature_sizes": (16, 16, 32, 32, 64, 64), "channels": (16, 16, 8, 8, 8, 8)}


def generator_of(margin: int = 10, **changes):
    """Untrained, in evaluation mode and float64; also of a margin that a block of parameters may not have."""
    return build_generator(small(64, **changes).model_copy(update={"margin": margin}), 1).double()


def scene(generator, seed: int = 0):
    """Points chosen directly: parts well inside, tau between .005 and .02; and embeddings of any kind."""
    block, chance = generator.block, torch.Generator().manual_seed(seed)
    middle = 0.8 * torch.rand(1, block.parts, 1, 2, generator=chance, dtype=torch.float64) - 0.4
    angle = torch.arange(block.points_per_part, dtype=torch.float64) * 2.4
    radius = torch.tensor([0.05, 0.2, 0.3, 0.15], dtype=torch.float64)[: block.points_per_part]
    points = middle + (radius * torch.stack([angle.sin(), angle.cos()])).T
    embeddings = torch.randn(1, block.parts, block.embedding, generator=chance, dtype=torch.float64)
    return points, embeddings


def moved(generator, pixels: int):
    """The shift by `pixels` of the first level along columns, and by how many pixels of the image."""
    block = generator.block
    delta = torch.tensor([0.0, 2 * pixels / block.feature_sizes[0]], dtype=torch.float64)
    return delta, pixels * block.size_px // block.feature_sizes[0]


def shift_error(before, after, pixels: int) -> float:
    """Largest difference where a shift by `pixels` columns maps visible to visible."""
    return (after[..., pixels:] - before[..., :-pixels]).abs().max().item()


def mask_error(generator, pixels: int = 1) -> float:
    points, embeddings = scene(generator)
    delta, by = moved(generator, pixels)
    with torch.no_grad():
        return shift_error(generator.masks(points, embeddings)[0], generator.masks(points + delta, embeddings)[0], by)


@pytest.mark.parametrize(("kernel", "extent"), [("gaussian", 0.01), ("triangle", 0.3)])
def test_e1_heat_maps_shift_exactly(kernel, extent):
    points, _ = scene(generator_of())
    delta, scale = torch.tensor([0.0, 0.125], dtype=torch.float64), torch.full((1, 3), extent, dtype=torch.float64)
    places = grid(16, 10, "pixel_center", points)
    one = heatmaps(centers(points) + delta, scale, places, kernel)
    other = heatmaps(centers(points), scale, places - delta, kernel)
    # Far out a distance of 2 stands for 400 times tau, and its last bit for 1e-14.
    assert (one - other).abs().max() <= 2e-14
    assert one.max() > 0.1


def test_e2_the_start_knows_differences_alone():
    generator = generator_of()
    points, _ = scene(generator)
    level, flat = generator.mask_generator, points.flatten(1, 2)
    delta, _ = moved(generator, 1)
    places = level.places(16, points)
    with torch.no_grad():
        together = level.start(flat + delta, places + delta)
        assert (together - level.start(flat, places)).abs().max() <= 1e-13
        assert shift_error(level.start(flat, places), level.start(flat + delta, places), 1) <= 1e-13


@pytest.mark.parametrize("pixels", [1, 2])
@pytest.mark.parametrize("changes", [{}, SIX], ids=["4-level", "6-level"])
def test_e3_masks_shift_with_all_points(changes, pixels):
    generator = generator_of(**changes)
    assert contamination_depth(generator.block.feature_sizes, 10)[-1] <= 10
    assert mask_error(generator, pixels) < 1e-12


def test_e3_holds_at_the_demos_own_widths():
    assert mask_error(generator_of(channels=(64, 32, 16, 8), parts=4)) < 1e-12


def test_e3_in_float32_is_off_by_rounding_alone():
    generator = generator_of().float()
    points, embeddings = (value.float() for value in scene(generator))
    delta, by = moved(generator, 1)
    with torch.no_grad():
        after = generator.masks(points + delta.float(), embeddings)[0]
        assert shift_error(generator.masks(points, embeddings)[0], after, by) < 1e-3


@pytest.mark.parametrize("margin", [4, 6])
def test_e4_a_small_margin_leaks(margin):
    generator = generator_of(margin=margin)
    assert contamination_depth(generator.block.feature_sizes, margin)[-1] > margin
    assert mask_error(generator) > (1e-2 if margin == 4 else 1e-6)


@pytest.mark.parametrize(("margin", "changes", "depth"), [(8, {}, 9), (9, SIX, 12)], ids=["4-level", "6-level"])
def test_a_margin_that_the_borders_zeros_cross_is_refused(margin, changes, depth):
    with pytest.raises(ValueError, match=rf"margin: the border's zeros reach {depth} px inwards .* which is {margin}"):
        small(64, margin=margin, **changes)


@pytest.mark.parametrize("changes", [{}, SIX], ids=["4-level", "6-level"])
def test_bound_of_the_margin_suffices(changes):
    """Wherever the bound says that the border stays outside, it does; it may also do so elsewhere."""
    for margin in (7, 8, 9, 11):
        generator = generator_of(margin=margin, **changes)
        if contamination_depth(generator.block.feature_sizes, margin)[-1] <= margin:
            assert mask_error(generator) < 1e-12, f"margin {margin}"


def test_e5_the_corner_grid_shifts_only_approximately():
    error = mask_error(generator_of(grid="corner"))
    assert 1e-3 < error < 1


def compact_masks(generator, columns: int):
    """A block of pixels for each part, away from every border; the rest is background."""
    block = generator.block
    mask = torch.zeros(1, block.parts + 1, 64, 64, dtype=torch.float64)
    for part in range(block.parts):
        top, left = 20 + 6 * part, 16 + 8 * part + columns
        mask[:, part, top : top + 8, left : left + 8] = 1
    # Where two parts overlap the later one wins.
    for part in range(block.parts):
        mask[:, part] *= (mask[:, part + 1 : block.parts].sum(1) == 0).to(mask)
    mask[:, -1] = 1 - mask[:, :-1].sum(1)
    return mask


def test_e6_the_foreground_shifts_with_compact_masks():
    generator = generator_of()
    points, embeddings = scene(generator)
    delta, by = moved(generator, 1)
    with torch.no_grad():
        before = generator.foreground(compact_masks(generator, 0), centers(points), embeddings)
        after = generator.foreground(compact_masks(generator, by), centers(points) + delta, embeddings)
    assert shift_error(before, after, by) <= 1e-12
    assert before.std() > 0.01


def test_e7_with_the_generators_own_masks_only_the_inside_shifts():
    """Part masks are repeated outwards over the margin, so the border sees another image after the shift."""
    generator = build_generator(small(128, parts=2, embedding=8, feature_sizes=(32, 32, 64, 128)), 1).double()
    points, embeddings = scene(generator)
    delta, by = moved(generator, 1)
    with torch.no_grad():
        one, other = generator.masks(points, embeddings)[0], generator.masks(points + delta, embeddings)[0]
        before = generator.foreground(one, centers(points), embeddings)
        after = generator.foreground(other, centers(points) + delta, embeddings)
    difference = (after[..., by:] - before[..., :-by]).abs()
    assert difference[..., 33:-33, 33:-33].max() < 1e-10
    assert difference.max() > 1e-3


def test_e8_the_background_shifts_with_its_position():
    generator = generator_of()
    position, look = torch.tensor([[0.1, -0.2]], dtype=torch.float64), torch.randn(1, 8).double()
    delta, by = moved(generator, 2)
    with torch.no_grad():
        before, after = generator.background(position, look), generator.background(position + delta, look)
    assert shift_error(before, after, by) <= 1e-12


def test_e9_moving_one_part_adds_its_own_change_alone():
    generator = generator_of()
    points, embeddings = scene(generator)
    turned = points.clone()
    turned[:, 1] += torch.tensor([0.0, 0.125])
    level = generator.mask_generator
    one, other = (level.heat(centers(p), generator.scale(p), 16) for p in (points, turned))
    assert torch.equal(one[:, [0, 2]], other[:, [0, 2]])
    assert shift_error(one[:, 1], other[:, 1], 1) <= 1e-14
    change = spread_vectors(other, embeddings) - spread_vectors(one, embeddings)
    own = spread_vectors((other - one)[:, 1:2], embeddings[:, 1:2])
    assert (change - own).abs().max() <= 1e-14


def test_e10_a_single_part_does_not_shift_exactly():
    """Parts are coupled by the softmax and the layers: the paper assumes this, it does not follow."""
    generator = generator_of()
    points, embeddings = scene(generator)
    turned = points.clone()
    turned[:, 1] += moved(generator, 1)[0]
    with torch.no_grad():
        one, other = generator.masks(points, embeddings)[0], generator.masks(turned, embeddings)[0]
    assert shift_error(one[:, 1], other[:, 1], 4) > 1e-2


def test_e11_background_noise_shows_only_where_the_background_does():
    generator = generator_of()
    points, embeddings = scene(generator)
    with torch.no_grad():
        mask = generator.masks(points, embeddings)[0]
        front = generator.foreground(mask, centers(points), embeddings)
        backs = [generator.background(torch.full((1, 2), at).double(), torch.randn(1, 8).double()) for at in (0.1, 0.4)]
    share = mask[:, -1:]
    one, other = ((1 - share) * front + share * back for back in backs)
    assert torch.allclose(one - other, share * (backs[0] - backs[1]), atol=1e-12)


def test_e12_the_slope_over_the_image_is_minus_the_slopes_over_the_parts():
    """dI/dp = -sum_k dI_k/dx_k for I = W, by central differences."""
    points, embeddings = scene(generator_of())
    middle, scale = centers(points), torch.full((1, 3), 0.02, dtype=torch.float64)
    places, step = grid(16, 0, "pixel_center", points), 1e-5

    def field(positions, shift):
        return spread_vectors(heatmaps(positions, scale, places + shift, "gaussian"), embeddings)

    for axis in range(2):
        delta = torch.zeros(2, dtype=torch.float64)
        delta[axis] = step
        over_image = (field(middle, delta) - field(middle, -delta)) / (2 * step)
        over_parts = torch.zeros_like(over_image)
        for part in range(3):
            one, other = middle.clone(), middle.clone()
            one[:, part] += delta
            other[:, part] -= delta
            over_parts += (field(one, 0.0) - field(other, 0.0)) / (2 * step)
        assert (over_image + over_parts).abs().max() < 1e-4 * over_image.abs().max()


class LeakyStart(Start):
    """The ablated start, which also sees where in the image a pixel is."""

    def forward(self, points, places):
        start = super().forward(points, places)
        seen = places.permute(2, 0, 1)[None].expand(len(points), -1, -1, -1)
        return torch.cat([start[:, :-2], seen], 1)


def test_e13_an_absolute_position_in_the_start_leaks():
    generator = generator_of()
    generator.mask_generator.start.__class__ = LeakyStart
    assert mask_error(generator) > 1e-2


def test_e14_the_head_sees_padding_in_the_outer_two_pixels():
    generator = generator_of()
    chance = torch.Generator().manual_seed(2)
    front, back = torch.randn(2, 1, 8, 64, 68, generator=chance, dtype=torch.float64)
    mask = torch.rand(1, 4, 64, 68, generator=chance, dtype=torch.float64).softmax(1)
    with torch.no_grad():
        one = generator.paint(mask[..., 4:], front[..., 4:], back[..., 4:])
        other = generator.paint(mask[..., :-4], front[..., :-4], back[..., :-4])
    difference = (other[..., 4:] - one[..., :-4]).abs()
    assert difference[..., 2:-2, 2:-2].max() < 1e-12
    assert difference[..., :2].max() > 1e-3
