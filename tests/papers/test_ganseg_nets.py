"""GANSeg's networks: counts and shapes of the spec, points, extents, heat-maps, masks, blend."""

import math

import pytest
import torch

from stages.engine.chance import Chance
from stages.engine.world import World
from stages.papers.ganseg.common import contamination_depth
from stages.papers.ganseg.grid import cropped, flipped, grid, to_pixels
from stages.papers.ganseg.heatmap import heatmaps, spread_vectors
from stages.papers.ganseg.methods.gan.nets import Discriminator, Generator, build_generator
from stages.papers.ganseg.noise import draw_noise
from stages.papers.ganseg.points import centers, part_scale, spread
from stages.papers.ganseg.record import background_first, labels
from tests.house.resolved import PROFILES
from tests.papers.ganseg_blocks import SETS, gan_block, small

SIX = {"feature_sizes": (32, 32, 64, 64, 128, 128), "channels": (512, 256, 256, 128, 128, 64)}


def count(net) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def noise_of(block, rows=2, step=0):
    return draw_noise(block, "test", rows, Chance(0, step, World.single()), torch.device("cpu"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 17_793_225),
        ({"parts": 10}, 17_809_867),
        (SIX, 23_221_833),
        (SIX | {"single_final": True}, 23_183_369),
        *[({"parts": k}, n) for k, n in ((1, 17_735_545), (4, 17_760_157), (12, 17_826_581))],
        *[({"parts": k}, n) for k, n in ((16, 17_860_225), (32, 17_997_681))],
        *[({"points_per_part": k}, n) for k, n in ((1, 17_768_601), (2, 17_776_809), (3, 17_785_017))],
        *[({"points_per_part": k}, n) for k, n in ((6, 17_809_641), (8, 17_826_057))],
    ],
)
def test_generator_has_the_counted_parameters(changes, expected):
    with torch.device("meta"):
        assert count(Generator(gan_block(**changes))) == expected


def test_each_level_has_the_counted_parameters():
    with torch.device("meta"):
        generator = Generator(gan_block())
        judge = Discriminator(128, (64, 128, 256, 512, 512, 512), 0.2)
    assert count(generator.to_points) == 279_616
    assert count(generator.to_appearance) == count(generator.to_background) == 213_824
    assert count(generator.constants) == 512
    levels = {name: getattr(generator, f"{name}_generator") for name in ("mask", "foreground", "background")}
    assert {name: count(level.start) for name, level in levels.items()} == {
        "mask": 16_640, "foreground": 4_352, "background": 768,
    }  # fmt: skip
    assert [count(block) for block in levels["mask"].levels.blocks] == [3_357_376, 516_736, 516_736, 548_614]
    assert [count(b) for b in levels["foreground"].levels.blocks] == [6_123_136, 2_435_072, 1_144_000, 516_736]
    assert [count(b) for b in levels["background"].levels.blocks] == [1_320_320, 369_408, 115_136, 61_760]
    assert count(generator.painter) == 38_659
    blocks = [75_904, 377_344, 1_508_352, 6_031_360, 7_342_080, 7_342_080]
    assert [count(block) for block in judge.blocks] == blocks
    assert count(judge) == 23_726_721 == sum(blocks) + 1_049_601


def test_shapes_on_the_way_at_128_px():
    """Channels are narrow, sides are the paper's: extended maps of 52, 52, 84 and 148 px."""
    block = small(128, feature_sizes=(32, 32, 64, 128), parts=2)
    generator, seen = build_generator(block, 0), []
    for unit in generator.mask_generator.levels.blocks:
        unit.register_forward_hook(lambda module, given, out: seen.append((given[0].shape[1:], out.shape[1:])))
    with torch.no_grad():
        made = generator(noise_of(block))
    d, sides = block.embedding, (52, 52, 84, 148)
    assert [given[1:] for given, _ in seen] == [(side, side) for side in sides]
    assert seen[0][0][0] == block.channels[0] and [out[0] for _, out in seen] == [d, d, d, 3]
    assert made.points.shape == (2, 2, 4, 2) and made.centers.shape == (2, 2, 2) and made.scale.shape == (2, 2)
    assert made.mask.shape == (2, 3, 128, 128) and made.init_mask.shape == (2, 2, 128, 128)
    assert made.foreground.shape == made.background.shape == (2, d, 128, 128)
    assert made.image.shape == (2, 3, 128, 128) and made.image.abs().max() <= 1


@pytest.fixture(scope="module")
def made():
    block = small(32)
    generator = build_generator(block, 0).double()
    noise = noise_of(block, 3)
    noise = type(noise)(*(value.double() for value in vars(noise).values()))
    with torch.no_grad():
        return block, generator, noise, generator(noise)


def test_masks_are_probabilities(made):
    _, _, _, record = made
    assert torch.allclose(record.mask.sum(1), torch.ones(3, 32, 32, dtype=torch.float64), atol=1e-12)
    assert (record.mask > 0).all()
    hard = labels(record.mask)
    assert hard.dtype == torch.uint8 and torch.equal(hard == 0, record.mask.argmax(1) == 3)
    assert torch.equal(background_first(record.mask)[:, 0], record.mask[:, -1])
    assert torch.equal(background_first(record.mask)[:, 2], record.mask[:, 1])


def test_embeddings_of_an_image_share_their_dynamic_factor(made):
    _, generator, noise, record = made
    ratio = record.embeddings / generator.constants.weight
    assert torch.allclose(ratio, ratio[:, :1].expand_as(ratio))
    assert torch.allclose(ratio[:, 0], generator.to_appearance(noise.appearance))


def test_order_of_the_points_of_a_part_matters_to_the_start_alone(made):
    _, generator, _, record = made
    turned = record.points[:, :, [2, 0, 3, 1]]
    assert torch.allclose(centers(turned), record.centers) and torch.allclose(record.centers, record.points.mean(2))
    for kind in ("radius_var", "std", "mean_abs"):
        assert torch.allclose(part_scale(turned, kind), part_scale(record.points, kind))
    start = generator.mask_generator.begin
    assert not torch.allclose(start(turned.flatten(1, 2)), start(record.points.flatten(1, 2)))


POINTS = torch.tensor([[[[0.3, 0.0], [-0.3, 0.0], [0.0, 0.1], [0.0, -0.1]]]], dtype=torch.float64)


@pytest.mark.parametrize(
    ("kind", "expected"),
    # r = 0.3 0.3 0.1 0.1: variance 4 * 0.01 / 3; sum of squares 0.2 / 3; mean of |.| (0.6 + 0.2) / 8
    [("radius_var", 0.04 / 3), ("std", 0.2 / 3), ("mean_abs", 0.1)],
)
def test_three_definitions_of_a_parts_extent(kind, expected):
    assert spread(POINTS, kind).item() == pytest.approx(expected, abs=1e-15)
    assert part_scale(POINTS, kind).item() == pytest.approx(expected + 1e-6, abs=1e-15)


def test_two_points_have_no_extent_under_the_default_and_three_have():
    points = torch.randn(50, 4, 3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 0.3
    assert spread(points[:, :, :2], "radius_var").max() < 1e-12
    assert spread(points[:, :, :1], "radius_var").max() == 0
    assert spread(points, "radius_var").min() > 0
    assert spread(points[:, :, :2], "std").min() > 0 and spread(points[:, :, :2], "mean_abs").min() > 0
    maps = heatmaps(centers(points[:, :, :2]), part_scale(points[:, :, :2], "radius_var"),
                    grid(32, 0, "pixel_center", points), "gaussian")  # fmt: skip
    assert ((maps > 0.01).sum((2, 3)) < 2).all()


def test_coinciding_points_have_a_finite_gradient():
    points = torch.zeros(1, 1, 4, 2, requires_grad=True)
    for kind in ("radius_var", "std", "mean_abs"):
        part_scale(points, kind).sum().backward()
    assert torch.isfinite(points.grad).all()


def test_unknown_definitions_are_refused():
    with pytest.raises(ValueError, match="radius_var, std or mean_abs"):
        spread(POINTS, "radius")
    with pytest.raises(ValueError, match="gaussian or triangle"):
        heatmaps(centers(POINTS), torch.ones(1, 1), grid(8, 0, "corner", POINTS), "box")


def test_kernels_at_hand_computed_distances():
    centre, tau = torch.tensor([[[0.1, -0.3]]], dtype=torch.float64), torch.tensor([[0.04]], dtype=torch.float64)
    places = torch.tensor([[[0.0, 0.0], [0.0, 0.2], [0.03, 0.04], [0.0, -0.5]]], dtype=torch.float64) + centre
    gaussian = heatmaps(centre, tau, places, "gaussian")[0, 0, 0]
    assert gaussian.tolist() == pytest.approx([1, math.exp(-1), math.exp(-0.0625), math.exp(-6.25)])
    triangle = heatmaps(centre, tau * 5, places, "triangle")[0, 0, 0]
    assert triangle.tolist() == pytest.approx([1, 0, 0.75, 0], abs=1e-12)
    assert triangle[3] == 0


def test_vectors_are_spread_by_their_maps():
    maps = torch.tensor([[[[1.0, 0.0]], [[0.5, 2.0]]]])
    vectors = torch.tensor([[[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]])
    found = spread_vectors(maps, vectors)
    assert found.shape == (1, 3, 1, 2)
    assert found[0, :, 0].tolist() == [[6.0, 20.0], [12.0, 40.0], [18.0, 60.0]]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", SETS)
def test_heat_maps_are_seen_at_the_start(name, profile):
    """The maps of n = 4 do not vanish between the pixels of the first level (settled 31), in any profile."""
    block = gan_block(name, profile)
    assert block.points_per_part == 4
    for seed in range(3):
        generator = build_generator(block, seed)
        noise = noise_of(block, 64)
        with torch.no_grad():
            points = generator.place(noise.point)
            maps = generator.mask_generator.heat(centers(points), generator.scale(points), block.feature_sizes[0])
        assert maps.amax((2, 3)).median() > 0.1, seed


def test_grid_values_and_pixels():
    like = torch.zeros((), dtype=torch.float64)
    centred = grid(4, 1, "pixel_center", like)
    assert centred[0, :, 1].tolist() == [-1.25, -0.75, -0.25, 0.25, 0.75, 1.25]
    assert centred[:, 0, 0].tolist() == [-1.25, -0.75, -0.25, 0.25, 0.75, 1.25]
    assert grid(5, 1, "corner", like)[2, :, 1].tolist() == [-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5]
    for kind in ("pixel_center", "corner"):
        visible = grid(6, 0, kind, like)
        pixels = to_pixels(visible, 6, kind)
        assert torch.allclose(pixels[2, 5], torch.tensor([2.0, 5.0], dtype=torch.float64))


def test_a_crop_takes_the_same_from_every_side():
    maps = torch.arange(36.0).view(1, 1, 6, 6)
    assert cropped(maps, 2).flatten().tolist() == [14.0, 15.0, 20.0, 21.0]
    # Of a grid that goes on for a margin the crop is the visible grid.
    like = torch.zeros((), dtype=torch.float64)
    assert torch.equal(cropped(grid(4, 3, "pixel_center", like).permute(2, 0, 1), 3).permute(1, 2, 0),
                       grid(4, 0, "pixel_center", like))  # fmt: skip


def test_order_of_coordinates_is_turned_in_one_place():
    corner = torch.tensor([0.9, -0.8])  # x = 0.9 (right), y = -0.8 (top)
    row, column = to_pixels(flipped(corner), 10, "corner").tolist()
    assert row < 1 and column > 8
    assert torch.equal(flipped(flipped(corner)), corner)


def test_contamination_follows_the_spec():
    four, six = (32, 32, 64, 128), (32, 32, 64, 64, 128, 128)
    assert contamination_depth(four, 10) == [4, 6, 5, 4]
    assert contamination_depth(six, 10) == [4, 6, 5, 7, 7, 9]
    assert contamination_depth(six, 9)[-1] > 9 and contamination_depth(four, 8)[-1] == 9
    assert contamination_depth(four, 9)[-1] <= 9


def test_background_position_is_drawn_as_configured():
    free, level = (noise_of(small(32, background_position=kind), 200).bg_position for kind in ("both", "horizontal"))
    assert free.abs().max() <= 1 and free[:, 0].std() > 0.4
    assert (level[:, 0] == 0).all() and torch.equal(level[:, 1], free[:, 1])


def test_where_there_is_only_background_only_the_background_shows(made):
    """To the head's 5 x 5 support, and the other way round."""
    block, generator, noise, record = made
    noise = noise_of(block, 3, step=1)
    look = generator.to_background(noise.bg_appearance.double())
    other = generator.background(noise.bg_position.double(), look)
    mask = torch.zeros_like(record.mask)
    mask[..., :16][:, -1], mask[..., 16:][:, 0] = 1, 1
    one = generator.paint(mask, record.foreground, record.background)
    behind = generator.paint(mask, record.foreground, other)
    front = generator.paint(mask, other, record.background)
    left, right = (slice(None, 14), slice(18, None))
    for painted, same, other_side in ((behind, right, left), (front, left, right)):
        assert (one - painted)[..., same].abs().max() < 1e-11
        assert (one - painted)[..., other_side].abs().max() > 0.1


def test_blocks_share_no_parameters():
    six = {"feature_sizes": (8, 8, 16, 16, 32, 32), "channels": (16, 8, 8, 8, 8, 8)}
    generator = build_generator(small(32, **six), 0)
    for level in ("mask", "foreground", "background"):
        blocks = getattr(generator, f"{level}_generator").levels.blocks
        ids = [{id(parameter) for parameter in block.parameters()} for block in blocks]
        assert len(set.union(*ids)) == sum(len(own) for own in ids)


def test_norms_have_no_affine_parameters(made):
    _, generator, _, _ = made
    norms = [module for module in generator.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert norms and all(module.weight is None and module.bias is None for module in norms)
    assert all(module.eps == 1e-5 and module.momentum == 0.1 for module in norms)


def test_a_batch_of_one_keeps_its_axis():
    judge = Discriminator(32, (4, 4, 4, 4), 0.2)
    assert judge(torch.zeros(1, 3, 32, 32)).shape == (1,)
    with pytest.raises(ValueError, match="halve 16 px, not 32"):
        Discriminator(32, (4, 4, 4), 0.2)


def test_shortcut_is_a_convolution_of_stride_two():
    block = Discriminator(32, (4, 4, 4, 4), 0.2).blocks[0]
    x = torch.randn(2, 3, 32, 32)
    expected = torch.nn.functional.conv2d(x, block.shortcut.weight, block.shortcut.bias, stride=2)
    assert torch.allclose(block.shortcut(x[..., ::2, ::2]), expected, atol=1e-6)


def test_a_fixed_extent_replaces_every_parts_own():
    generator = build_generator(small(32), 0)
    points = generator.place(torch.randn(2, 32))
    generator.fix_scale(0.25)
    assert torch.equal(generator.scale(points), torch.full((2, 3), 0.25))
    assert "fixed_scale" in generator.state_dict()


def test_levels_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="feature_sizes must stay or double"):
        gan_block(feature_sizes=(32, 48, 96, 128))
    with pytest.raises(ValueError, match="one width for each of 4 levels"):
        gan_block(channels=(512, 256, 128))
