"""ProjectedGAN's parts: counts of the printed form, mixing by hand, spectral norms, and every change of DiffAugment."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from stages.engine.chance import Chance, initialised
from stages.engine.world import World
from stages.papers.mscond.methods.projectedgan.diffaug import DRAWS, augment, cut, recolour, shift, whole
from stages.papers.mscond.methods.projectedgan.nets import Discriminators, MapDiscriminator, Mixing, width_at

STRENGTH = SimpleNamespace(
    augment_brightness=0.5, augment_saturation=1.0, augment_contrast=0.5, augment_translation=0.125, augment_cutout=0.2
)
CHANNELS, SIDES = (64, 64, 128, 256), (128, 64, 32, 16)


def test_discriminators_have_the_parameters_of_the_separable_form():
    """Settled 14: of maps of 256-px pictures."""
    with torch.device("meta"):
        each = [MapDiscriminator(channels, side, 64) for channels, side in zip(CHANNELS, SIDES, strict=True)]
    counts = [sum(value.numel() for value in one.parameters()) for one in each]
    assert counts == [190_848, 186_048, 177_024, 142_592]


def test_widths_follow_the_side_and_the_published_ones():
    assert [width_at(side, 64) for side in (128, 64, 32, 16, 8)] == [64, 64, 128, 256, 512]
    assert [width_at(side, 4) for side in (64, 32, 16, 8)] == [4, 8, 16, 32]


@pytest.mark.parametrize(("sides", "logits"), [((64, 32, 16, 8), 100), ((128, 64, 32, 16), 100), ((56, 28, 14, 7), 64)])
def test_every_map_gives_five_by_five_logits_or_four_of_odd_sides(sides, logits):
    net = Discriminators((2, 2, 4, 8), sides, 2)
    maps = [torch.randn(3, channels, side, side) for channels, side in zip((2, 2, 4, 8), sides, strict=True)]
    assert net(maps).shape == (3, logits)


def test_a_map_that_is_too_small_is_refused():
    with pytest.raises(ValueError, match="projector's view"):
        Discriminators((2, 2, 4, 8), (32, 16, 8, 4), 2)


def test_every_convolution_of_the_discriminators_is_spectrally_normal():
    with initialised(0, "test"):
        net = Discriminators((4, 4, 8, 16), (16, 16, 8, 8), 4)
        maps = [
            torch.randn(2, channels, side, side) for channels, side in zip((4, 4, 8, 16), (16, 16, 8, 8), strict=True)
        ]
    for _ in range(30):
        net(maps)
    net.eval()
    layers = [part for part in net.modules() if isinstance(part, nn.Conv2d)]
    assert len(layers) == 2 * 2 + 4
    for layer in layers:
        largest = float(torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2))
        assert largest == pytest.approx(1.0, abs=2e-2)


def test_a_halving_is_the_written_formula():
    """Depthwise, pointwise, the batch's own norm, slope 0.2, mean of 2x2, then a 4x4 kernel: in numpy, by loops."""
    with initialised(1, "test"):
        net = MapDiscriminator(2, 16, 1).double()
        x = torch.randn(3, 2, 16, 16).double()
    down, last = net[0], net[1]
    padded = np.pad(x.numpy(), ((0, 0), (0, 0), (1, 1), (1, 1)))
    depthwise, pointwise = (layer.weight.detach().numpy() for layer in (down.depthwise, down.pointwise))
    h = np.zeros((3, 2, 16, 16))
    for row in range(3):
        for column in range(3):
            h += depthwise[None, :, 0, row, column, None, None] * padded[:, :, row : row + 16, column : column + 16]
    h = np.einsum("oi,bihw->bohw", pointwise[:, :, 0, 0], h)
    h = (h - h.mean((0, 2, 3), keepdims=True)) / np.sqrt(h.var((0, 2, 3), keepdims=True) + 1e-5)
    h = np.where(h > 0, h, 0.2 * h)
    h = h.reshape(3, 8, 8, 2, 8, 2).mean((3, 5))
    kernel = last.weight.detach().numpy()[0]
    logits = [[(kernel * h[:, :, i : i + 4, j : j + 4]).sum((1, 2, 3)) for j in range(5)] for i in range(5)]
    assert np.allclose(net(x).detach().numpy()[:, 0], np.moveaxis(np.array(logits), 2, 0))


def maps_of(seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    sides = ((3, 16), (5, 8), (7, 4), (9, 2))
    return [torch.randn(2, channels, side, side, generator=generator) for channels, side in sides]


def doubled(x: np.ndarray) -> np.ndarray:
    """Twice the side, bilinear with aligned corners: output i lies at i (n - 1) / (2 n - 1)."""
    for axis in (2, 3):
        count = x.shape[axis]
        places = np.arange(2 * count) * (count - 1) / (2 * count - 1)
        first = np.minimum(places.astype(int), count - 2)
        share = (places - first).reshape([-1 if a == axis else 1 for a in range(4)])
        x = np.take(x, first, axis) * (1 - share) + np.take(x, first + 1, axis) * share
    return x


def test_mixing_is_the_written_formula():
    mixing = Mixing((3, 5, 7, 9), 2).double()
    maps = [one.double() for one in maps_of()]
    with torch.no_grad():
        found = [one.numpy() for one in mixing(maps)]

    def project(layer, x):
        return (
            np.einsum("oi,bihw->bohw", layer.weight[:, :, 0, 0].detach().numpy(), x)
            + layer.bias.detach().numpy()[None, :, None, None]
        )

    inner = [project(layer, one.numpy()) for layer, one in zip(mixing.within, maps, strict=True)]
    expected = project(mixing.across[3], doubled(inner[3]))
    assert np.allclose(found[3], expected) and found[3].shape == (2, 8, 4, 4)
    for level, shape in ((2, (2, 4, 8, 8)), (1, (2, 2, 16, 16)), (0, (2, 2, 32, 32))):
        expected = project(mixing.across[level], doubled(expected + inner[level]))
        assert np.allclose(found[level], expected) and found[level].shape == shape
    assert [one.shape[1] for one in found] == mixing.channels


def test_coarse_maps_reach_fine_mixtures_and_never_the_other_way():
    mixing = Mixing((3, 5, 7, 9), 2)
    with torch.no_grad():
        plain = mixing(maps_of())
        for changed in range(4):
            maps = maps_of()
            maps[changed] = maps[changed] + 1
            moved = [not torch.equal(a, b) for a, b in zip(plain, mixing(maps), strict=True)]
            assert moved == [level <= changed for level in range(4)]
    with pytest.raises(ValueError, match="four maps"):
        Mixing((3, 5, 7), 2)


# DiffAugment


def draws(*numbers: float) -> torch.Tensor:
    return torch.tensor([numbers])


def test_middle_draws_change_nothing_but_the_hole_in_the_middle():
    images = torch.rand(1, 3, 32, 32) * 2 - 1
    found = augment(images, torch.full((1, DRAWS), 0.5), STRENGTH)
    expected = images.clone()
    expected[:, :, 13:19, 13:19] = 0  # a hole of round(6.4) from floor(0.5 * 33) - 3 on
    assert torch.allclose(found, expected, atol=1e-6)


def test_colours_by_hand():
    """One pixel beside another: (0, 0.3, 0.6) and (0.3, 0.3, 0.3), whose means are 0.3."""
    images = torch.tensor([[[[0.0, 0.3]], [[0.3, 0.3]], [[0.6, 0.3]]]])

    def changed(b, s, c):
        return recolour(images, torch.tensor([[b, s, c]]), STRENGTH)[0, :, 0].t().flatten().tolist()

    assert changed(1.0, 0.0, 0.0) == pytest.approx([0.5, 0.8, 1.1, 0.8, 0.8, 0.8])
    assert changed(0.0, -1.0, 0.0) == pytest.approx([0.3] * 6)
    assert changed(0.0, 1.0, 0.0) == pytest.approx([-0.3, 0.3, 0.9, 0.3, 0.3, 0.3])
    assert changed(0.0, 0.0, 1.0) == pytest.approx([-0.15, 0.3, 0.75, 0.3, 0.3, 0.3])
    # In this order: brightness moves the mean that contrast turns about.
    assert changed(1.0, 0.0, -1.0) == pytest.approx([0.65, 0.8, 0.95, 0.8, 0.8, 0.8])


@settings(max_examples=25, deadline=None)
@given(st.integers(-4, 4), st.integers(-4, 4))
def test_shifts_equal_a_loop(down, across):
    images = torch.arange(1.0, 2 * 3 * 25 + 1).view(2, 3, 5, 5)
    found = shift(images, torch.tensor([[down, across], [0, 0]]))
    assert torch.equal(found[1], images[1])
    for row in range(5):
        for column in range(5):
            source = row - down, column - across
            inside = 0 <= source[0] < 5 and 0 <= source[1] < 5
            expected = images[0, :, source[0], source[1]] if inside else torch.zeros(3)
            assert torch.equal(found[0, :, row, column], expected)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0, 1, exclude_max=True, width=32), min_size=DRAWS, max_size=DRAWS), st.sampled_from([8, 16, 32])
)
def test_every_hole_is_one_square_of_which_something_lies_within(numbers, side):
    hole = int(side * 0.2 + 0.5)
    still = SimpleNamespace(**{**vars(STRENGTH), "augment_translation": 0.0})
    found = augment(torch.full((1, 1, side, side), 1.0).expand(-1, 3, -1, -1), draws(*numbers), still)
    empty = (found[0] == 0).all(0)
    rows, columns = empty.any(1).nonzero(), empty.any(0).nonzero()
    assert 1 <= len(rows) <= hole and 1 <= len(columns) <= hole
    assert int(empty.sum()) == len(rows) * len(columns)
    assert int(rows[-1] - rows[0]) == len(rows) - 1


def test_whole_numbers_cover_their_range_alike_and_never_pass_it():
    assert whole(torch.tensor([0.0, 0.19, 0.21, 0.99]), 5).tolist() == [0, 0, 1, 4]
    assert whole(torch.tensor([np.nextafter(np.float32(1), np.float32(0))]), 9).tolist() == [8]
    ends = torch.tensor([[0.5, 0.5, 0.5, 0.0, 0.999, 0.5, 0.5]])
    images = torch.zeros(1, 3, 32, 32)
    images[0, :, 10, 10] = 1
    moved = augment(images, ends, SimpleNamespace(**{**vars(STRENGTH), "augment_cutout": 0.0}))
    assert moved[0, 0].argmax() == 6 * 32 + 14  # round(32 / 8) = 4 up and right


@pytest.mark.parametrize(("side", "first", "last"), [(32, 3, 29), (16, 2, 14)])
def test_holes_begin_and_end_where_half_of_them_is_left(side, first, last):
    """A hole of 6 about 0 to 32: rows 0 to 2, or 29 to 31; one of 3 about 0 to 15: rows 0 and 1, or 14 and 15."""
    for draw, rows in ((0.0, range(first)), (0.9999, range(last, side))):
        found = augment(torch.ones(1, 3, side, side), draws(0.5, 0.5, 0.5, 0.5, 0.5, draw, draw), STRENGTH)
        assert (found[0, 0] == 0).any(1).nonzero().flatten().tolist() == list(rows)


def test_holes_stay_within_the_picture():
    images = torch.ones(2, 1, 4, 4)
    found = cut(images, torch.tensor([[-1, 2], [3, 3]]), 2)
    assert found[0, 0].tolist() == [[1, 1, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]
    assert found[1, 0].tolist() == [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 0]]


def test_gradients_pass_and_draws_of_a_row_change_that_row_alone():
    images = (torch.rand(3, 3, 8, 8) * 2 - 1).requires_grad_()
    uniform = Chance(0, 0, World.single()).uniform("augment", 3, DRAWS)
    found = augment(images, uniform, STRENGTH)
    found.sum().backward()
    assert images.grad is not None and bool((images.grad != 0).flatten(1).any(1).all())
    other = uniform.clone()
    other[1] = 1 - other[1]
    changed = augment(images, other, STRENGTH)
    assert torch.equal(changed[0], found[0]) and torch.equal(changed[2], found[2])
    assert not torch.equal(changed[1], found[1])
