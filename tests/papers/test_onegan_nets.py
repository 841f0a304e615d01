"""OneGAN's networks: parameters by module, shapes of every arrow, the blocks of Table 2, and what is refused."""

import re
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from stages.engine.chance import initialised
from stages.papers.onegan.blocks import DownBlock, GLULNorm, ResBlock, ResBlock0, UpBlock, map_norm, orthogonal
from stages.papers.onegan.common import channels, judged_side, parent_of, patch_field
from stages.papers.onegan.encoders import NormalHead
from stages.papers.onegan.generator import TABLES
from stages.papers.onegan.methods.gan.method import KINDS
from tests.papers.onegan_made import gan_block

SETS = ("bird_boxes", "dog_boxes", "car_boxes")
# Source: spec 3.4.
SAME = {
    "generator.background.start": 16_159_744, "generator.foreground.start": 15_635_456,
    "generator.foreground.ascent": 812_032, "generator.foreground.shape": 425_344,
    "generator.foreground.style": 120_512, "generator.foreground.picture": 435, "generator.foreground.mask": 145,
    "child_encoder.stem": 659_776, "child_encoder.child": 2 * 16_416, "parent_encoder.stem": 659_776,
    "parent_encoder.bypass": 2_361_344, "parent_encoder.parent_hidden": 8_390_144,
    "parent_encoder.pose_hidden": 8_390_144, "parent_encoder.parent": 2 * 8_208, "parent_encoder.pose": 2 * 51_300,
    "background_encoder": 3_022_144, "background_encoder.stem": 660_800, "background_judge": 667_074,
    "background_judge.real": 4_097, "background_judge.kind": 4_097, "child_judge.stem": 659_776 + 2_098_688,
    "child_judge.hidden": 8_390_144, "child_judge.real": 513, "child_head.hidden": 8_390_144,
}  # fmt: skip
BY_SET = {
    "generator.background.table": (640, 384, 640), "generator.foreground.parent_table": (320, 192, 320),
    "generator.foreground.child_table": (6_400, 3_840, 6_272), "child_encoder": (29_115_976, 29_074_936, 29_113_924),
    "parent_encoder": (39_861_308, 39_857_204, 39_861_308),
}  # fmt: skip
GROUPED = {
    ("generator.background.ascent", "generator.background.picture"): (775_907,) * 3,
    ("parent_encoder.trunk", "parent_encoder.flat"): (19_930_624,) * 3,
    ("child_encoder.trunk", "child_encoder.flat", "child_encoder.hidden"): (28_320_768,) * 3,
    ("child_judge.trunk", "child_judge.flat"): (17_831_936,) * 3,
    ("child_judge", "child_head"): (37_473_801, 37_432_761, 37_471_749),
    ("generator",): (33_936_935, 33_933_991, 33_936_807),
    tuple(KINDS): (144_077_238, 143_988_110, 144_073_006),
}  # fmt: skip


def built(**changes) -> Any:
    """All networks of a block, without numbers."""
    block = gan_block(**({"profile": "paper"} | changes))
    with torch.device("meta"):
        return nn.ModuleDict({name: kind(block) for name, kind in KINDS.items()})


def count(nets: Any, *names: str) -> int:
    return sum(parameter.numel() for name in names for parameter in nets.get_submodule(name).parameters())


@pytest.mark.parametrize("place", range(3))
def test_every_module_has_as_many_parameters_as_computed_by_hand(place):
    nets = built(data=SETS[place])
    expected = {(name,): number for name, number in SAME.items()}
    expected |= {(name,): numbers[place] for name, numbers in BY_SET.items()}
    expected |= {names: numbers[place] for names, numbers in GROUPED.items()}
    assert {names: count(nets, *names) for names in expected} == expected


@pytest.mark.parametrize(("number", "changes"), [
    (171_113_430, {"norm_affine": "full"}), (144_077_238 - 128, {"stem_norm": False}),
    (144_077_238, {"run": "stride"}), (1_547_834, {"profile": "demo"}),
    (1_547_834, {"profile": "demo", "data": "dog_boxes"}),
    (1_547_186, {"profile": "demo", "data": "car_boxes"}), (1_733_690, {"profile": "demo", "size_px": 64}),
])  # fmt: skip
def test_other_forms_have_their_own_counts(number, changes):
    assert count(built(**changes), *KINDS) == number


def shapes_within(net: nn.Module, *inputs: Tensor) -> dict[str, tuple[int, ...]]:
    """What every module of a network gives for inputs without numbers, by its name."""
    found: dict[str, tuple[int, ...]] = {}
    handles = [
        module.register_forward_hook(
            lambda _, __, out, name=name: found.update({name: tuple(out.shape)} if isinstance(out, Tensor) else {})
        )
        for name, module in net.named_modules()
    ]
    net(*inputs)
    for handle in handles:
        handle.remove()
    return found


def blank(*shape: int) -> Tensor:
    return torch.zeros(*shape, device="meta")


class Finishing(nn.Module):
    """A generator half as one call, from its start."""

    def __init__(self, part: Any) -> None:
        super().__init__()
        self.part = part

    def forward(self, code: Tensor, *rest: Tensor) -> Any:
        return self.part.finish(self.part.start(code, rest[0]), *rest[1:])


def test_arrows_of_the_generator_at_paper_size():
    nets = built()
    ground = shapes_within(Finishing(nets["generator"].background), blank(2, 32), blank(2, 100))
    assert ground["part.start.linear"] == (2, 32768) and ground["part.start.gate"] == (2, 1024, 4, 4)
    assert ground["part.start.up.0"] == (2, 512, 8, 8) and ground["part.start"] == (2, 256, 16, 16)
    sides = [ground[f"part.ascent.{place}"] for place in range(3)]
    assert sides == [(2, 128, 32, 32), (2, 64, 64, 64), (2, 32, 128, 128)]
    assert ground["part.picture"] == (2, 3, 128, 128)
    codes = (blank(2, 16), blank(2, 100), blank(2, 16), blank(2, 32))
    front = shapes_within(Finishing(nets["generator"].foreground), *codes)
    assert front["part.start"] == (2, 256, 16, 16) and front["part.ascent"] == (2, 64, 128, 128)
    assert front["part.shape"] == (2, 32, 128, 128) and front["part.style"] == (2, 16, 128, 128)
    assert front["part.picture"] == (2, 3, 128, 128) and front["part.mask"] == (2, 1, 128, 128)


def test_arrows_of_encoders_and_judges_at_paper_size():
    nets, image = built(), blank(2, 3, 128, 128)
    style, content = shapes_within(nets["child_encoder"], image), shapes_within(nets["parent_encoder"], image)
    assert style["stem.0"] == (2, 64, 64, 64) and style["stem"] == content["stem"] == (2, 256, 16, 16)
    assert style["trunk"] == content["trunk"] == (2, 1024, 4, 4) and style["flat"] == content["flat"] == (2, 16384)
    assert style["hidden"] == (2, 512) and style["logits"] == (2, 200) and style["child.mean"] == (2, 32)
    assert content["bypass.0"] == (2, 512, 16, 16) and content["bypass"] == (2, 256, 16, 16)
    assert content["logits"] == (2, 20) and content["parent.spread"] == (2, 16) and content["pose.mean"] == (2, 100)
    behind = shapes_within(nets["background_encoder"], image, blank(2, 1, 128, 128))
    assert behind["stem.0"] == (2, 64, 64, 64) and behind["bypass"] == (2, 256, 16, 16)
    judged = nets["child_judge"](image)
    assert judged.features.shape == (2, 512, 8, 8) and judged.hidden.shape == (2, 16384) and judged.real.shape == (2,)
    assert nets["child_head"](judged.hidden).shape == (2, 200)


@pytest.mark.parametrize(("changes", "features", "heads"), [
    ({}, (256, 7, 7), 4), ({"run": "stride"}, (256, 27, 27), 24), ({"profile": "lite"}, (128, 11, 11), 8),
    ({"profile": "demo"}, (32, 11, 11), 8), ({"profile": "demo", "size_px": 64}, (32, 11, 11), 8),
])  # fmt: skip
def test_maps_of_the_background_judge(changes, features, heads):
    block = gan_block(**({"profile": "paper"} | changes))
    found = built(**changes)["background_judge"](blank(2, 3, block.size_px, block.size_px))
    assert found.features.shape == (2, *features) and found.real.shape == found.kind.shape == (2, heads, heads)
    assert judged_side(block.d_bg_side, block.d_bg_stride) == features[-1]


def test_the_background_judge_resizes_with_aligned_corners_and_only_where_sides_differ():
    with initialised(0, "judge"):
        judge = KINDS["background_judge"](gan_block())
    ramp = torch.linspace(-1, 1, 32).expand(1, 3, 32, 32)
    exact = torch.linspace(-1, 1, 62).expand(1, 3, 62, 62)
    torch.testing.assert_close(judge(ramp).real, judge(exact).real, rtol=0, atol=1e-5)


def test_each_patch_sees_the_square_that_its_numbers_say():
    for stride in (1, 4):
        judge = KINDS["background_judge"](gan_block(profile="paper", width=4, run="stride" if stride == 1 else "main"))
        image = torch.zeros(1, 3, 126, 126, requires_grad=True)
        field, distance = patch_field(stride)
        judge(image).real[0, 1, 2].backward()
        assert image.grad is not None
        rows, columns = (image.grad[0, 0].abs().sum(axis).nonzero()[:, 0] for axis in (1, 0))
        assert (int(rows[0]), int(rows[-1])) == (distance, distance + field - 1)
        assert (int(columns[0]), int(columns[-1])) == (2 * distance, 2 * distance + field - 1)


def test_gate_is_the_right_half_and_is_not_normalised():
    gate, x = GLULNorm(4, 6, "channel"), torch.randn(3, 8, 6, 6, generator=torch.Generator().manual_seed(0))
    left, right = x[:, :4], x[:, 4:]
    normed = (left - left.mean((1, 2, 3), keepdim=True)) / left.var((1, 2, 3), unbiased=False, keepdim=True).sqrt()
    assert normed.mean((1, 2, 3)).abs().max() < 1e-5
    torch.testing.assert_close(gate(x), normed * right.sigmoid(), rtol=0, atol=1e-4)
    torch.testing.assert_close(gate(torch.cat([left, right * 0], 1)), normed / 2, rtol=0, atol=1e-4)
    torch.testing.assert_close(gate(torch.cat([3 * left + 5, right], 1)), gate(x), rtol=0, atol=1e-4)
    assert (gate(torch.cat([left, right + 1], 1)) - gate(x)).abs().max() > 0.1
    assert gate(torch.cat([left * 0 + 2, right], 1)).abs().max() < 1e-6


@pytest.mark.parametrize("affine", ["channel", "full"])
def test_a_norm_sees_one_sample_alone(affine):
    norm, x = map_norm(4, 6, affine), torch.randn(4, 4, 6, 6, generator=torch.Generator().manual_seed(0)) * 3 + 1
    found = norm(x)
    torch.testing.assert_close(found[:1], norm(x[:1]), rtol=0, atol=1e-6)
    assert found.mean((1, 2, 3)).abs().max() < 1e-5
    torch.testing.assert_close(found.var((1, 2, 3), unbiased=False), torch.ones(4), rtol=0, atol=1e-3)
    assert sum(parameter.numel() for parameter in norm.parameters()) == (8 if affine == "channel" else 288)


def test_up_block_repeats_pixels_and_leaves_a_map_of_its_side():
    up, x = UpBlock(4, 3, 8, "channel"), torch.randn(2, 4, 4, 4, generator=torch.Generator().manual_seed(0))
    repeated = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(up(x), up.gate(up.conv(repeated)), rtol=0, atol=1e-6)
    torch.testing.assert_close(up(repeated), up(x), rtol=0, atol=1e-6)


def test_down_block_halves_and_leaks():
    down, x = DownBlock(4, 3, 4, "channel"), torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    normed = down[1](down[0](x))
    torch.testing.assert_close(down(x), torch.where(normed > 0, normed, 0.2 * normed), rtol=0, atol=1e-6)
    assert down(x).shape == (2, 3, 4, 4)


def test_residual_blocks():
    x = torch.randn(2, 4, 6, 6, generator=torch.Generator().manual_seed(0))
    plain, block = ResBlock0(4, 6, "channel"), ResBlock(4, 5, 3, 6, "channel")
    last: Any = plain.layers[-1]
    with torch.no_grad():
        last.norm.weight.zero_()
        last.norm.bias.zero_()
    assert torch.equal(plain(x), x)
    code = torch.arange(5.0).expand(2, 5)
    seen: list[Tensor] = []
    block.layers[0].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    assert block(x, code).shape == (2, 3, 6, 6)
    assert torch.equal(seen[0][:, :4], x) and torch.equal(seen[0][:, 4:], code[:, :, None, None].expand(2, 5, 6, 6))


def test_log_variances_stay_within_ten():
    head = NormalHead(1, 1)
    with torch.no_grad():
        head.spread.weight.fill_(1.0)
        head.spread.bias.zero_()
        head.mean.weight.fill_(1.0)
        head.mean.bias.zero_()
    found = head(torch.tensor([[-50.0], [3.0], [50.0]]))
    assert found.spread[:, 0].tolist() == [-10, 3, 10] and found.mean[:, 0].tolist() == [-50, 3, 50]
    assert found.sample(torch.ones(3, 1))[1].item() == pytest.approx(3 + 2.718281828**1.5, rel=1e-5)


def test_first_weights_are_orthogonal_and_tables_normal():
    net = KINDS["generator"](gan_block(children=500, parents=200))
    with initialised(0, "generator"):
        orthogonal(net, TABLES)
    layers = [(name, one) for name, one in net.named_modules() if isinstance(one, nn.Conv2d | nn.Linear)]
    assert {name for name, _ in layers if name in TABLES} == set(TABLES)
    for name, one in layers:
        weight = one.weight.detach().flatten(1)
        if name in TABLES:
            assert one.bias is None and 0.9 < float(weight.std()) < 1.1 and abs(float(weight.mean())) < 0.1
        else:
            short = weight if len(weight) <= weight.shape[1] else weight.T
            torch.testing.assert_close(short @ short.T, torch.eye(len(short)), rtol=0, atol=1e-4)
            assert one.bias is not None and not one.bias.any()


def test_pictures_and_masks_stay_in_their_ranges():
    net = KINDS["generator"](gan_block())
    start = 30 * torch.randn(2, 16, 4, 4, generator=torch.Generator().manual_seed(0))
    picture, mask = net.foreground.finish(start, torch.ones(2, 16), torch.ones(2, 32))
    for image in (picture, net.background.finish(start)):
        assert image.abs().max() <= 1
    assert mask.min() >= 0 and mask.max() <= 1


@pytest.mark.parametrize(("children", "parents", "sizes"), [
    (200, 20, {10: 20}), (120, 12, {10: 12}), (196, 20, {10: 16, 9: 4}), (12, 4, {3: 4}), (8, 4, {2: 4}),
])  # fmt: skip
def test_children_are_tied_to_parents_in_order(children, parents, sizes):
    tied = [parent_of(child, children, parents) for child in range(children)]
    assert tied == sorted(tied) and set(tied) == set(range(parents))
    found = [tied.count(parent) for parent in range(parents)]
    assert {size: found.count(size) for size in set(found)} == sizes


def test_channels_follow_the_width():
    assert [channels(printed, 64) for printed in (1024, 3, 64)] == [1024, 4, 64]
    assert [channels(printed, 8) for printed in (1024, 64, 32, 16)] == [128, 8, 4, 4]


@pytest.mark.parametrize(("changes", "said"), [
    ({"profile": "lite", "d_bg_stride": 4}, r"maps of 4 x 4 or more.*came 3 x 3 from d_bg_side 62 with stride 4"),
    ({"profile": "demo", "d_bg_side": 30}, "came 3 x 3 from d_bg_side 30"),
    ({"profile": "demo", "size_px": 48}, "multiple of 32, which five halvings divide, came 48"),
    ({"profile": "demo", "parents": 1}, "2 <= parents < children, came 1 parents and 12"),
    ({"profile": "demo", "parents": 12}, "came 12 parents and 12 children"),
    ({"profile": "demo", "phase_starts": (500, 240)}, "0 < first < second < iterations"),
    ({"profile": "demo", "phase_starts": (240, 2000)}, "so that every phase has a step, came 240, 2000 and 2000"),
    ({"profile": "demo", "phase_starts": (0, 500)}, "came 0, 500"),
])  # fmt: skip
def test_what_cannot_be_built_is_refused_in_plain_words(changes, said):
    with pytest.raises(ValidationError, match=re.compile(said)):
        gan_block(**changes)


def test_a_class_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="expected 0 to 11, came 12"):
        parent_of(12, 12, 4)


@pytest.mark.parametrize("size", [64, 96, 160])
def test_other_sides_work(size):
    nets = built(profile="demo", size_px=size)
    image = blank(1, 3, size, size)
    assert nets["parent_encoder"](image).bypass.shape == (1, 32, size // 8, size // 8)
    assert nets["generator"].background.start(blank(1, 32), blank(1, 16)).shape == (1, 32, size // 8, size // 8)
    assert nets["child_judge"](image).features.shape == (1, 64, size // 16, size // 16)


def multiplications(net: nn.Module, *inputs: Tensor) -> float:
    """Billions of multiply-accumulates of convolutions and linear layers in one pass over one sample."""
    total = 0.0

    def noted(module: Any, given: tuple[Tensor, ...], made: Tensor) -> None:
        nonlocal total
        weight: Tensor = module.weight
        total += made[0].numel() * weight[0].numel()

    handles = [one.register_forward_hook(noted) for one in net.modules() if isinstance(one, nn.Conv2d | nn.Linear)]
    net(*inputs)
    for handle in handles:
        handle.remove()
    return total / 1e9


def test_multiplications_are_those_counted_by_hand():
    """Source: spec 3.4; G_fg1 and G_fg2 together, D_c with head B."""
    nets, image = built(), blank(1, 3, 128, 128)
    front, ground = nets["generator"].foreground, nets["generator"].background
    codes = (blank(1, 16), blank(1, 100), blank(1, 16), blank(1, 32))
    judge = nn.Sequential(Hidden(nets["child_judge"]), nets["child_head"])
    found = {
        "G_bg": multiplications(Finishing(ground), blank(1, 32), blank(1, 100)),
        "G_bg0": multiplications(ground.start, blank(1, 32), blank(1, 100)),
        "G_fg": multiplications(Finishing(front), *codes), "G_fg0": multiplications(front.start, *codes[:2]),
        "E_c": multiplications(nets["child_encoder"], image), "E_p": multiplications(nets["parent_encoder"], image),
        "E_bg": multiplications(nets["background_encoder"], image, blank(1, 1, 128, 128)),
        "D_bg": multiplications(nets["background_judge"], image), "D_c": multiplications(judge, image),
        "stride 1": multiplications(built(run="stride")["background_judge"], image),
    }  # fmt: skip
    expected = {
        "G_bg": 1.212 + 1.826, "G_bg0": 1.212, "G_fg": 1.212 + 2.416 + 8.918, "G_fg0": 1.212, "E_c": 0.709,
        "E_p": 1.321, "E_bg": 0.889, "D_bg": 0.156, "D_c": 0.717, "stride 1": 0.517,
    }  # fmt: skip
    assert found == pytest.approx(expected, abs=0.0016)


class Hidden(nn.Module):
    """The hidden units of D_c."""

    def __init__(self, judge: Any) -> None:
        super().__init__()
        self.judge = judge

    def forward(self, image: Tensor) -> Tensor:
        return self.judge(image).hidden
