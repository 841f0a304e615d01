"""StyleGAN2's parts against numbers worked out by hand or by the reference algorithm, and their second derivatives."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck, gradgradcheck

from stages.engine.chance import Chance
from stages.engine.world import World
from stages.losses.path_length import path_length, path_lengths
from stages.losses.penalty import r1
from stages.nets.stylegan import resample
from stages.nets.stylegan.codes import mixed
from stages.nets.stylegan.equal import EqualConv, EqualLinear
from stages.nets.stylegan.generator import Generator
from stages.nets.stylegan.mapping import Mapping
from stages.nets.stylegan.modconv import ModulatedConv
from stages.nets.stylegan.stylegan2 import Discriminator, ResidualDown, minibatch_deviation
from stages.teachers import stylegan_weights
from stages.teachers.weights import Given

RAMP = torch.arange(16.0).view(1, 1, 4, 4)
NINE = torch.arange(1.0, 10).view(1, 1, 3, 3)
BINOMIAL = torch.tensor([[1.0, 3, 3, 1], [3, 9, 9, 3], [3, 9, 9, 3], [1, 3, 3, 1]])


def small_generator(kind: torch.dtype = torch.float32, **options) -> Generator:
    torch.manual_seed(0)
    made = Generator(8, 32, 3, 4, mapping_layers=2, mapping_rate=0.01, **options).to(kind)
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if name.endswith((".strength", ".bias")):
                parameter.add_(0.1 * torch.randn_like(parameter))
    return made


def small_judge(kind: torch.dtype = torch.float32) -> Discriminator:
    torch.manual_seed(1)
    return Discriminator(3, 8, 32, 3, 2).to(kind)


# --- resampling ------------------------------------------------------------------------------------------------------


def test_the_filter_is_the_binomial_one():
    assert torch.equal(resample.fir(1, 1.0, torch.float32, torch.device("cpu"))[0, 0] * 64, BINOMIAL)


def test_doubling_and_halving_ones_and_ramps():
    ones = torch.ones(1, 1, 4, 4)
    edge = torch.tensor([0.75, *[1.0] * 6, 0.75])
    torch.testing.assert_close(resample.up2(ones)[0, 0], torch.outer(edge, edge))
    torch.testing.assert_close(resample.down2(ones)[0, 0], torch.full((2, 2), 0.765625))
    torch.testing.assert_close(resample.down2(RAMP)[0, 0], torch.tensor([[2.734375, 3.9375], [7.546875, 8.75]]))
    doubled = resample.up2(RAMP)[0, 0]
    first = [0, 0.1875, 0.5625, 0.9375, 1.3125, 1.6875, 2.0625, 1.6875]
    last = [6.75, 9.1875, 9.5625, 9.9375, 10.3125, 10.6875, 11.0625, 8.4375]
    torch.testing.assert_close(doubled[[0, -1]], torch.tensor([first, last]))


def test_a_single_pixel_doubled_is_the_filter_in_its_place():
    one = torch.zeros(1, 1, 4, 4)
    one[0, 0, 1, 1] = 1
    expected = torch.zeros(8, 8)
    expected[1:5, 1:5] = BINOMIAL
    torch.testing.assert_close(resample.up2(one)[0, 0] * 16, expected)


def test_a_published_doubling_kernel_is_turned_once():
    """Kernel 1..9 of a published file through the importer; not turned, the first row begins 20.3125, 36."""
    net = Generator(8, 32, 1, 2, mapping_layers=1, mapping_rate=0.01)
    names = stylegan_weights.generator_names(net.sides, 1, "nvlabs")
    state = {name.theirs: net.state_dict()[name.ours].clone() for name in names}
    state["synthesis.b8.conv0.weight"] = NINE
    stylegan_weights.fill(
        net, Given("generator_file", Path("g.pt"), "0" * 64, state, {}), names, set(), "the generator"
    )
    made = resample.conv_up(RAMP, net.up[0].weight.detach())[0, 0]
    row = [4.6875, 11.5, 21.4375, 33.0625, 44.6875, 56.3125, 61.9375, 53.3125]
    torch.testing.assert_close(made[0], torch.tensor(row))
    assert made[-1, -1].item() == pytest.approx(369.6875)
    assert resample.conv_up(RAMP, NINE)[0, 0, 0, :2].tolist() == [20.3125, 36.0]


def test_a_halving_kernel_is_not_turned():
    made = resample.conv_down(RAMP, NINE)[0, 0]
    torch.testing.assert_close(made, torch.tensor([[183.921875, 206.46875], [264.359375, 268.53125]]))
    ones = resample.conv_down(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3))
    torch.testing.assert_close(ones[0, 0], torch.full((2, 2), 5.640625))


def literal(x: torch.Tensor, taps: list[float], up: int, down: int, pad: tuple[int, int, int, int]) -> torch.Tensor:
    """One plane, sums written out: y[i, j] = sum_ab t_a t_b z[down i + k-1-a, down j + k-1-b], z the padded zeros."""
    left, right, top, bottom = pad
    rows, columns = x.shape[0] * up, x.shape[1] * up
    count = len(taps)

    def at(i: int, j: int) -> float:
        i, j = i - top, j - left
        inside = 0 <= i < rows and 0 <= j < columns and i % up == 0 and j % up == 0
        return x[i // up, j // up].item() if inside else 0.0

    height = (rows + top + bottom - count) // down + 1
    width = (columns + left + right - count) // down + 1
    made = torch.zeros(height, width, dtype=torch.float64)
    for i in range(height):
        for j in range(width):
            made[i, j] = sum(
                taps[a] * taps[b] * at(down * i + count - 1 - a, down * j + count - 1 - b)
                for a in range(count)
                for b in range(count)
            )
    return made


@pytest.mark.parametrize(
    ("taps", "up", "down", "pad"),
    [
        ([1.0, 2.0], 1, 1, (0, 0, 0, 0)), ([1.0, -2.0, 5.0], 2, 1, (2, 1, 0, 3)), ([0.5, 1, 2, 4], 1, 2, (1, 1, 2, 0)),
        ([1.0, 2.0, 3.0], 2, 3, (-1, -2, -3, 1)), ([1.0, 3.0], 3, 2, (-2, 0, 1, -1)),
    ],
)  # fmt: skip
def test_filtering_is_the_sum_written_out(taps, up, down, pad):
    x = torch.randn(2, 3, 5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    made = resample.filtered(x, torch.tensor(taps), up=up, down=down, pad=pad)
    torch.testing.assert_close(made[1, 2], literal(x[1, 2], taps, up, down, pad))


def test_filtering_with_the_binomial_taps_is_the_houses_resampling():
    x, taps = torch.randn(2, 3, 8, 8), torch.tensor([1.0, 3, 3, 1]) / 8
    torch.testing.assert_close(resample.filtered(x, 2 * taps, up=2, pad=(2, 1, 2, 1)), resample.up2(x))
    torch.testing.assert_close(resample.filtered(x, taps, down=2, pad=(1, 1, 1, 1)), resample.down2(x))


def test_the_turned_taps_give_the_transpose():
    """<filtered(x), y> = <x, transposed(y)>: down with turned taps and the other margins undoes up."""
    taps = torch.tensor([1.0, 2, 4, 8, 16, 32], dtype=torch.float64)
    x, generator = torch.randn(1, 1, 5, 5, dtype=torch.float64), torch.Generator().manual_seed(0)
    up = resample.filtered(x, taps, up=2, pad=(3, 2, 3, 2))
    y = torch.randn(up.shape, dtype=torch.float64, generator=generator)
    down = resample.filtered(y, taps.flip(0), down=2, pad=(2, 2, 2, 2))
    assert (up * y).sum().item() == pytest.approx((x * down).sum().item(), rel=1e-9)


# --- layers ----------------------------------------------------------------------------------------------------------


def test_one_modulated_kernel_by_hand():
    layer = ModulatedConv(2, 1, 1, activated=False)
    with torch.no_grad():
        layer.weight.fill_(1)
    x, style = torch.ones(1, 2, 1, 1), torch.tensor([[3.0, 4.0]])
    assert layer(x, style).item() == pytest.approx(7 / 5, abs=1e-6)
    assert layer(x, 10 * style).item() == pytest.approx(7 / 5, abs=1e-6)


@pytest.mark.parametrize(("x", "bias", "expected"), [(-1.0, 0.5, -0.141421), (1.0, -0.5, 0.707107)])
def test_bias_then_rectifier_by_hand(x, bias, expected):
    layer = EqualLinear(1, 1, activated=True)
    with torch.no_grad():
        layer.weight.fill_(1)
        layer.bias.fill_(bias)
    assert layer(torch.tensor([[x]])).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("options", "expected"), [
    ({}, 2 ** 0.5 * (3 + 0.5)), ({"activated": False}, 3.5), ({"activated": False, "gain": 0.5}, 1.75),
])  # fmt: skip
def test_a_convolutions_weights_weigh_by_all_that_they_see(options, expected):
    """Weights of 1/2 over 4 channels of 3 x 3 ones are 18, over sqrt(36) 3; then the bias, then the gain."""
    layer = EqualConv(4, 1, 3, **options)
    with torch.no_grad():
        layer.weight.fill_(0.5)
        layer.bias.fill_(0.5)
    assert layer(torch.ones(1, 4, 3, 3))[0, 0, 1, 1].item() == pytest.approx(expected, rel=1e-6)


def test_both_ways_of_a_halving_block_are_divided_by_the_root_of_two():
    """The short cut alone is down2 / sqrt 2; the main way alone, whose rectifier's gain is sqrt 2, its plain bias."""
    block = ResidualDown(1, 1)
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.zero_()
        block.skip.weight.fill_(1.0)
        assert torch.allclose(block(RAMP), resample.down2(RAMP) / 2**0.5)
        block.skip.weight.zero_()
        block.second.bias.fill_(3.0)
        assert torch.allclose(block(RAMP), torch.full((1, 1, 2, 2), 3.0))


def test_the_mapping_starts_from_codes_of_length_one_and_may_widen_them():
    mapping = Mapping(2, 0, 0.01)
    torch.testing.assert_close(mapping(torch.tensor([[3.0, 4.0]])), torch.tensor([[0.848528, 1.131371]]))
    assert [layer.weight.shape for layer in Mapping(6, 3, 0.01, 4).layers] == [(6, 4), (6, 6), (6, 6)]
    made = small_generator(inputs=7)
    assert made.inputs == 7 and made.mapping(torch.randn(2, 7)).shape == (2, 4) and small_generator().inputs == 4


@pytest.mark.parametrize(
    ("values", "appended"),
    [
        ([1, 2, 3, 4, 5, 6, 7, 10], [2.236068, 2.958040] * 4),
        ([0, 0, 0, 0, 1, 2, 3, 4, 100, 200, 300, 400], [86.178230, 129.190506, 163.556564] * 4),
    ],
)
def test_members_of_a_deviation_group_are_strided(values, appended):
    made = minibatch_deviation(torch.tensor(values, dtype=torch.float32).view(-1, 1, 1, 1), 4)
    torch.testing.assert_close(made[:, 1, 0, 0], torch.tensor(appended))


def test_a_discriminator_shows_what_it_makes_on_the_way():
    judge, images = small_judge(), torch.randn(4, 3, 8, 8)
    seen = judge(images, whole=True)
    assert torch.equal(seen.logit, judge(images)) and torch.equal(judge.logit(seen.dense), seen.logit)
    assert {side: tuple(each.shape) for side, each in seen.maps.items()} == {8: (4, 3, 8, 8), 4: (4, 3, 4, 4)}
    assert torch.equal(judge.blocks[0](seen.maps[8]), seen.maps[4])
    assert torch.equal(judge(images.flip(0), whole=True).maps[4], seen.maps[4].flip(0))


def test_a_second_code_takes_over_from_one_layer_on():
    made, mapped = small_generator(), torch.randn(3, 4)
    cuts = set()
    for step in range(40):
        codes = mixed(made, mapped, 1.0, "G", Chance(0, step, World.single()))
        own = (codes == mapped[:, None]).all(2)
        assert own[:, 0].all() and not own[:, -1].any() and torch.equal(own, own[:1].expand(3, -1))
        cuts.add(int(own[0].sum()))
    assert cuts == {1, 2, 3}
    assert torch.equal(mixed(made, mapped, 0.0, "G", Chance(0, 0, World.single())), made.spread(mapped))


# --- penalties and second derivatives --------------------------------------------------------------------------------


def test_path_length_of_a_linear_generator_is_its_slope():
    """I = A w, so the gradient is A^T y / sqrt(H W), for every layer."""
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(3, 2, 12, generator=generator)
    codes = torch.randn(5, 3, 2, generator=generator).requires_grad_()
    direction = torch.randn(5, 3, 2, 2, generator=generator)
    images = torch.einsum("bsl,slp->bp", codes, matrix).view(5, 3, 2, 2)
    slope = torch.einsum("bp,slp->bsl", direction.flatten(1) / 2, matrix)
    expected = (slope.square().sum(2).sum(1) / 3).sqrt()
    found = path_lengths(images, codes, direction)
    torch.testing.assert_close(found.detach(), expected)
    penalty, average = path_length(found, torch.zeros(()), 0.01)
    assert average.item() == pytest.approx(0.01 * expected.mean().item())
    assert penalty.item() == pytest.approx((expected - average.item()).square().mean().item(), rel=1e-5)


def test_the_running_mean_of_path_lengths_lets_gradients_through_but_not_into_its_past():
    """d/dl_i mean((l - a)^2) with a = .9 a0 + .1 mean(l): 2/n (l_i - a) - 2 (mean l - a) .1/n."""
    lengths = torch.tensor([1.0, 3.0], requires_grad=True)
    average = torch.tensor(1.0, requires_grad=True)
    penalty, moved = path_length(lengths, average, 0.1)
    penalty.backward()
    assert moved.item() == pytest.approx(1.1) and average.grad is None
    torch.testing.assert_close(lengths.grad, torch.tensor([(1 - 1.1) - 0.09, (3 - 1.1) - 0.09]))


@pytest.mark.parametrize("sample", ["same", "up", "down"])
@pytest.mark.parametrize("demodulate", [True, False])
def test_modulated_convolution_has_first_and_second_derivatives(sample, demodulate):
    torch.manual_seed(0)
    layer = ModulatedConv(2, 3, 3, sample=sample, demodulate=demodulate).double()
    x = torch.randn(2, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    style = (1 + torch.rand(2, 2, dtype=torch.float64)).requires_grad_()

    def made(x, style, weight):
        return torch.func.functional_call(layer, {"weight": weight}, (x, style))

    assert gradcheck(made, (x, style, layer.weight), atol=1e-6, rtol=1e-6)
    assert gradgradcheck(made, (x, style, layer.weight), atol=1e-6, rtol=1e-6)
    assert layer.norm(style).dtype == torch.float64


def test_filtering_has_first_and_second_derivatives():
    x = torch.randn(1, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    taps = torch.tensor([1.0, 2, -1, 3], dtype=torch.float64)
    for options in ({"up": 2, "pad": (2, 1, -1, 4)}, {"down": 2, "pad": (1, 1, 1, 1)}):
        assert gradcheck(lambda x, o=options: resample.filtered(x, taps, **o), (x,), atol=1e-6, rtol=1e-6)
        assert gradgradcheck(lambda x, o=options: resample.filtered(x, taps, **o), (x,), atol=1e-6, rtol=1e-6)


def test_path_length_has_a_gradient_at_every_layer():
    made = small_generator(torch.float64)
    codes = torch.randn(2, made.styles, 4, dtype=torch.float64, requires_grad=True)
    flat = torch.randn(2, made.noise.size, dtype=torch.float64)
    direction = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    names = [name for name, _ in made.named_parameters() if not name.startswith("mapping")]
    names = [name for name in names if name.endswith("weight") and "affine" not in name] + ["up_affine.0.weight"]
    weights = [made.get_parameter(name) for name in names]

    def penalty(codes, *weights):
        images = torch.func.functional_call(made, dict(zip(names, weights, strict=True)), (codes, flat))
        return path_lengths(images, codes, direction)

    assert gradcheck(penalty, (codes, *weights), atol=1e-6, rtol=1e-6)


def test_gradient_penalty_has_a_gradient_at_every_layer():
    judge = small_judge(torch.float64)
    real = torch.randn(4, 3, 8, 8, dtype=torch.float64)
    names = [name for name, _ in judge.named_parameters() if name.endswith("weight")]
    weights = [judge.get_parameter(name) for name in names]

    def penalty(*weights):
        held = dict(zip(names, weights, strict=True))
        return r1(lambda x: torch.func.functional_call(judge, held, (x,)), real, 10.0)

    assert penalty(*weights).dtype == torch.float64
    assert gradcheck(penalty, tuple(weights), atol=1e-6, rtol=1e-6)


def test_gradient_penalty_of_a_linear_discriminator_is_exact_and_of_a_constant_one_zero():
    slope = torch.randn(3, 4, 4)
    expected = 5 * slope.square().sum().item()
    assert r1(lambda x: (x * slope).flatten(1).sum(1), torch.randn(6, 3, 4, 4), 10.0).item() == pytest.approx(expected)
    assert r1(lambda x: 0 * x.sum() + 3, torch.randn(6, 3, 4, 4), 10.0).item() == 0


def test_filters_turn_their_taps():
    """torch's own convolution does not."""
    x = torch.randn(1, 1, 6, 6)
    taps = torch.tensor([1.0, 2.0, 3.0])
    plain = F.conv2d(F.pad(x, (1, 1, 1, 1)), torch.outer(taps.flip(0), taps.flip(0))[None, None])
    torch.testing.assert_close(resample.filtered(x, taps, pad=(1, 1, 1, 1)), plain)
