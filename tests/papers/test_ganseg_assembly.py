"""How GANSeg's parts are put together: every number here is computed by hand from the papers' formulas."""

import math
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from stages.engine.chance import Chance
from stages.engine.plan import Phase
from stages.engine.world import World
from stages.papers.ganseg.generator import ForegroundGenerator, Levels, Painter, Start
from stages.papers.ganseg.methods.gan.method import Gan
from stages.papers.ganseg.methods.gan.nets import Down, build_generator
from stages.papers.ganseg.methods.segmenter.method import Segmenter
from stages.papers.ganseg.noise import draw_noise
from stages.papers.ganseg.record import Generated, Noise
from tests.contract.prepared import block_of
from tests.papers.ganseg_blocks import gan_block

SIDE = 64
PIXELS = 3 * SIDE * SIDE
REAL, FAKE = 0.5, -0.25


class Judge(nn.Module):
    """D(x) = 8 m^2 - 1, m the mean of an image: 1 for REAL, -1/2 for FAKE, with a slope of 16 |m| / sqrt(pixels)."""

    def forward(self, image):
        return 8 * image.mean((1, 2, 3)).square() - 1


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def chance(step=0):
    return Chance(0, step, World.single())


def gan(**changes) -> Gan:
    method = Gan(gan_block(profile="demo", **changes), World.single(), 0, training=True)
    method.nets["discriminator"] = Judge()
    return method


def images(value: float, rows: int = 3):
    return torch.full((rows, 3, SIDE, SIDE), value)


def slope(mean: float) -> float:
    return 16 * abs(mean) / math.sqrt(PIXELS)


# --- the adversarial pair ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "penalised"), [(0, True), (1, False), (8, False), (15, False), (16, True), (32, True)]
)
def test_the_discriminators_terms(step, penalised):
    terms = gan().discriminator_terms(images(REAL), images(FAKE), chance(step), step)
    assert terms["D/adversarial"].item() == pytest.approx(softplus(-0.5) + softplus(-1.0), rel=1e-6)
    assert (terms["stat/D_real"].item(), terms["stat/D_fake"].item()) == (1.0, -0.5)
    assert ("D/penalty" in terms) == penalised
    if penalised:
        # Weight 10, at real images, around 1, not times the 16 steps that it stands for.
        assert terms["D/penalty"].item() == pytest.approx(10 * (slope(REAL) - 1) ** 2, rel=1e-4)


def test_the_other_penalties():
    r1 = gan(penalty="r1").discriminator_terms(images(REAL), images(FAKE), chance(), 0)["D/penalty"]
    assert r1.item() == pytest.approx(10 * slope(REAL) ** 2, rel=1e-4)
    between = gan(penalty="between").discriminator_terms(images(REAL), images(FAKE), chance(), 0)["D/penalty"]
    share = chance().uniform("D/between", 3, 1, 1, 1).flatten().tolist()
    expected = sum((slope(REAL + (FAKE - REAL) * part) - 1) ** 2 for part in share) * 10 / 3
    assert between.item() == pytest.approx(expected, rel=1e-5)


def test_the_discriminators_phase_judges_the_batch_and_what_the_generator_makes():
    """Real is the batch: its D is 1. The generated images have no graph, and their noise is the phase's own."""
    method = gan()
    batch = {"image": images(REAL)}
    terms = method.losses(Phase("D", "discriminator", ("discriminator",)), batch, {}, chance(5), 5)
    noise = draw_noise(method.block, "D", 3, chance(5), torch.device("cpu"))
    made = Gan(method.block, World.single(), 0, training=True).generator(noise).image
    assert terms["stat/D_real"].item() == 1.0
    assert terms["stat/D_fake"].item() == pytest.approx(Judge()(made).mean().item(), rel=1e-5)
    assert not terms["D/adversarial"].requires_grad


def test_each_phase_has_noise_of_its_own():
    method, seen = gan(), []
    forward = method.generator.forward
    method.generator.forward = lambda noise: seen.append(noise) or forward(noise)  # pyright: ignore
    for phase in method.phases(5):
        method.losses(phase, {"image": images(REAL)}, {}, chance(5), 5)
    for noise, name in zip(seen, "DG", strict=True):
        expected = draw_noise(method.block, name, 3, chance(5), torch.device("cpu"))
        assert all(torch.equal(value, getattr(expected, key)) for key, value in vars(noise).items())
    assert not torch.equal(seen[0].point, seen[1].point)
    one = seen[0]
    assert not torch.equal(one.point, one.appearance) and not torch.equal(one.point, one.bg_appearance)
    assert not torch.equal(one.appearance, one.bg_appearance)


def two_parts() -> Generated:
    """Part 0: points at the corners of a square of half side 1/2 around 0, its mask 1/4 everywhere.

    Part 1: points at a tenth around (.2, .4), its mask one pixel of 1/2 at row 10, column 50.
    """
    corners = torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    points = torch.stack([corners / 2, torch.tensor([0.2, 0.4]) + corners / 10])[None]
    mask = torch.zeros(1, 3, SIDE, SIDE)
    mask[:, 0], mask[:, 1, 10, 50] = 0.25, 0.5
    mask[:, 2] = 1 - mask[:, :2].sum(1)
    nothing = torch.zeros(1, 2)
    heat = torch.zeros(1, 2, SIDE, SIDE)
    heat[:, 0, 0, :3], heat[:, 1] = 1.0, 0.001
    return Generated(points, points.mean(2), torch.tensor([[0.3, 0.1]]), nothing, nothing, heat, mask, nothing, nothing,
                     images(FAKE, 1))  # fmt: skip


# Of the 1,024 pixels of part 0 the disc wants pi (.5 * 32)^2 = 804.2; part 1 has .5 of pi (.1 * 32)^2 = 32.17.
MISSING = math.pi * (0.1 * 32) ** 2 - 0.5
# Part 0: twice the mean square of (2 i + 1) / 64 - 1. Part 1: from (21/64 - 1, 101/64 - 1) to (.2, .4).
SPREAD = (2 * (1 - 1 / SIDE**2) / 3 + (0.871875**2 + 0.178125**2)) / 2


@pytest.mark.parametrize("step", [0, 1, 2, 7])
def test_the_generators_terms(step):
    method = gan(parts=2, concentration_constant=5.0, area_weight=3.0)
    terms = method.generator_terms(two_parts(), step)
    assert terms["G/adversarial"].item() == pytest.approx(softplus(0.5), rel=1e-6)
    assert ("G/concentration" in terms) == ("G/area" in terms) == (step % 2 == 0)
    if step % 2 == 0:
        # C_con times K = 2 parts; the area's weight times (128 / 64)^2.
        assert terms["G/concentration"].item() == pytest.approx(5 * 2 * SPREAD, rel=1e-5)
        assert terms["G/area"].item() == pytest.approx(3 * 4 * MISSING, rel=1e-5)
    assert terms["stat/foreground"].item() == pytest.approx(0.25 + 0.5 / SIDE**2, rel=1e-6)
    assert terms["stat/scale"].item() == pytest.approx(0.2)


def test_the_area_may_be_that_of_the_heat_maps():
    """Heat of 3 pixels for part 0, which has more, and .001 of each of 4,096 for part 1, which has .5."""
    method = gan(parts=2, area_weight=3.0, area_target="heatmap")
    assert method.generator_terms(two_parts(), 0)["G/area"].item() == pytest.approx(12 * (4.096 - 0.5), rel=1e-5)


def test_who_learns_when_and_how_fast():
    method = Gan(gan_block(), World.single(), 0, training=True)
    assert [(phase.name, phase.learns) for phase in method.phases(0)] == [
        ("D", ("discriminator",)), ("G", ("generator",)),
    ]  # fmt: skip
    for net, rate in (("generator", 1e-4), ("discriminator", 4e-4)):
        descent = method.descents[net]
        assert (descent.kind, descent.nets, descent.learning_rate) == ("adam", (net,), rate)
        assert (descent.betas, descent.eps) == ((0.5, 0.9), 1e-8)


# --- the segmenter ----------------------------------------------------------------------------------------------------


def segmenter() -> Segmenter:
    """The demo's, without the generator that teaches it."""
    layers = [f"ganseg.{part}.{layer}" for layer in ("base", "profile.demo") for part in ("common", "segmenter")]
    block = block_of("stages.papers.ganseg.methods.segmenter.block", *layers[:2], "ganseg.common.data.celeba_wild",
                     "ganseg.common.variant.main", *layers[2:])  # fmt: skip
    return Segmenter(block, World.single(), 0, None)


def test_the_segmenters_losses():
    """Every pixel is labelled 2 of 0 to 4, and the net gives that class 1/2 and the four others 1/8.

    Cross entropy ln 2. Dice of a class that is everywhere 1 - 2 (1/2) / (1/2 + 1) = 1/3; of the others 1. Each by half.
    """
    method = segmenter()
    block = method.block
    classes, side = block.parts + 1, block.size_px
    logits = torch.zeros(2, classes, side, side)
    logits[:, 2] = math.log(classes - 1)

    class Net(nn.Module):
        stride = method.net.stride

        def forward(self, image, uniform=None):
            return logits

    method.net = Net()  # pyright: ignore[reportAttributeAccessIssue]
    method.pairs = lambda rows, chance: (torch.zeros(rows, 3, side, side), torch.full((rows, side, side), 2))
    (phase,) = method.phases(0)
    terms = method.losses(phase, {"number": torch.arange(2)}, {}, chance(), 0)
    assert terms["S/cross_entropy"].item() == pytest.approx(0.5 * math.log(2), rel=1e-6)
    assert terms["S/dice"].item() == pytest.approx(0.5 * (1 / 3 + classes - 1) / classes, rel=1e-6)
    descent = method.descents["segmenter"]
    assert (descent.learning_rate, descent.betas) == (block.learning_rate, block.betas)


def test_the_segmenters_answer_is_a_softmax_over_classes():
    """Of logits 0, ln 2 and ln 5 the classes are 1/8, 2/8 and 5/8; the image goes in as it is."""
    method = segmenter()
    method.net = nn.Identity()  # pyright: ignore[reportAttributeAccessIssue]
    image = torch.tensor([0.0, math.log(2), math.log(5)])[None, :, None, None].expand(1, 3, 2, 2)
    found = method.produce({"image": image}, chance())["probabilities"]
    assert found[0, :, 1, 1].tolist() == pytest.approx([0.125, 0.25, 0.625])


# --- from noise to an image -------------------------------------------------------------------------------------------


def test_points_are_the_perceptrons_answer_divided_then_squashed():
    """With its last layer's weights at 0 and its bias at 10: tanh(10 / 20) in the paper's profile."""
    generator = build_generator(gan_block(), 0)
    last = generator.to_points[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        last.weight.zero_()
        last.bias.fill_(10.0)
        points = generator.place(torch.randn(2, 256))
    assert points.shape == (2, 8, 4, 2) and points.unique().tolist() == pytest.approx([0.46211716])


def test_each_noise_reaches_what_it_is_for():
    generator, block = build_generator(gan_block(profile="demo"), 0), gan_block(profile="demo")
    first, second = (draw_noise(block, "x", 2, chance(step), torch.device("cpu")) for step in (0, 1))
    with torch.no_grad():
        base = generator(first)
        for name, moved in (
            ("point", {"points", "centers", "scale", "init_mask", "mask", "foreground", "image"}),
            ("appearance", {"embeddings", "mask", "foreground", "image"}),
            ("bg_appearance", {"bg_embedding", "background", "image"}),
            ("bg_position", {"background", "image"}),
        ):
            other = generator(Noise(**{**vars(first), name: getattr(second, name)}))
            assert {key for key, value in vars(other).items() if not torch.equal(value, getattr(base, key))} == moved


def test_the_position_code_has_sines_then_cosines_of_pi_times_the_projection():
    """One point at (.5, 0), one place at the origin, and weights that read row and column: pi/2 and 0."""
    start = Start(1, 4)
    with torch.no_grad():
        start.project.weight.copy_(torch.eye(2)[:, :, None, None])
        start.project.bias.zero_()  # pyright: ignore[reportOptionalMemberAccess]
        code = start(torch.tensor([[[0.5, 0.0]]]), torch.zeros(1, 1, 2))
    assert code.flatten().tolist() == pytest.approx([1.0, 0.0, 0.0, 1.0], abs=1e-6)


def test_the_painters_blend_by_hand():
    """Background 1/4: 3/4 of a foreground of 2 and 1/4 of a background of -4 are 1/2; in a second channel -1/2."""
    painter = Painter(gan_block(profile="demo", single_final=True, embedding=2))
    mask = torch.tensor([0.5, 0.25, 0.25])[None, :, None, None]
    foreground, background = (torch.tensor(pair)[None, :, None, None] for pair in ([2.0, -2.0], [-4.0, 4.0]))
    with torch.no_grad():
        painter.last.weight.zero_()
        painter.last.bias.zero_()  # pyright: ignore[reportOptionalMemberAccess]
        painter.last.weight[0, 0], painter.last.weight[1, 1] = 1.0, 1.0
        found = painter(mask, foreground, background).flatten().tolist()
    assert found == pytest.approx([math.tanh(0.5), math.tanh(-0.5 * painter.slope), 0.0])


class Passing(nn.Module):
    """A block that changes nothing."""

    def __init__(self, *_):
        super().__init__()

    def forward(self, x, style):
        return x


def test_levels_double_bilinearly_and_crop_by_the_margin():
    """From a side of 4 to 8 with a margin of 2: a ramp of 0 .. 7 is read at j / 2 - 1/4 for j = 4 .. 11."""
    block = SimpleNamespace(embedding=1, hidden=1, slope=0.2, feature_sizes=(4, 8), margin=2)
    sizes = []
    levels = Levels(Passing, [1, 1, 1], block)  # pyright: ignore[reportArgumentType]
    ramp = torch.arange(8.0).expand(1, 1, 8, 8)
    for x in (ramp, ramp.transpose(2, 3)):
        found = levels(x, sizes.append)
        line = found[0, 0, 0] if x is ramp else found[0, 0, :, 0]
        assert found.shape == (1, 1, 8, 8) and line.tolist() == [j / 2 - 0.25 for j in range(4, 12)]
    assert sizes == [4, 8, 4, 8]


def test_a_discriminators_block_is_the_mean_of_two_paths_of_equal_variance():
    """With the convolutions silent and the short cut an identity: every second pixel over sqrt 2."""
    block = Down(2, 2, 0.2)
    with torch.no_grad():
        for layer in (block.conv1, block.conv2, block.conv3, block.shortcut):
            layer.weight.zero_()
            layer.bias.zero_()  # pyright: ignore[reportOptionalMemberAccess]
        block.shortcut.weight.copy_(torch.eye(2)[:, :, None, None])
        image = torch.arange(32.0).view(1, 2, 4, 4)
        assert torch.allclose(block(image), image[..., ::2, ::2] / 1.41421356)
        # And the main path alone: conv3 sees a bias of 2 of conv2, twice leaky 1 x 1, so 2 at its centre.
        block.shortcut.weight.zero_()
        block.conv2.bias.fill_(2.0)  # pyright: ignore[reportOptionalMemberAccess]
        block.conv3.weight[:, :, 1, 1] = torch.eye(2)
        assert torch.allclose(block(image), torch.full((1, 2, 2, 2), 2 / 1.41421356))


def test_part_masks_go_on_as_they_end_over_the_margin():
    """One part that is everywhere: its style is its embedding on the whole extended grid, the margin included."""
    block = gan_block(profile="demo", parts=1)
    generator, seen = ForegroundGenerator(block), []
    generator.levels.forward = lambda x, steer: seen.append(steer(block.feature_sizes[0]))  # pyright: ignore
    mask = torch.cat([torch.ones(1, 1, SIDE, SIDE), torch.zeros(1, 1, SIDE, SIDE)], 1)
    embedding = torch.randn(1, 1, block.embedding)
    generator(mask, torch.zeros(1, 1, 2), embedding)
    extended = block.feature_sizes[0] + 2 * block.margin
    assert torch.allclose(seen[0], embedding[0, 0][None, :, None, None].expand(1, -1, extended, extended))
