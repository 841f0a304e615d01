"""BAT-Fill's upsampler, discriminator, losses and training holes."""

import math

import pytest
import torch

from stages.papers.contrasfill.methods.batfill import holes, objectives
from stages.papers.contrasfill.methods.batfill.nets import (
    Gated,
    MultiscaleDiscriminator,
    Spade,
    Upsampler,
    conv,
    count_steps,
    normalise_positions,
)

# Training holes


def test_box_is_tight_and_covers_the_mask():
    mask = torch.zeros(2, 1, 6, 6)
    mask[0, 0, 1, 2] = mask[0, 0, 4, 3] = 1
    box = holes.to_box(mask)
    expected = torch.zeros(6, 6)
    expected[1:5, 2:4] = 1
    assert torch.equal(box[0, 0], expected) and not box[1].any()


def test_random_box_has_half_the_side_and_reaches_both_corners():
    boxes = holes.random_box(torch.tensor([[0.0, 0.0], [0.9999, 0.9999], [0.5, 0.2]]), 8)
    assert boxes.sum((1, 2, 3)).tolist() == [16, 16, 16]
    assert boxes[0, 0, :4, :4].all() and boxes[1, 0, 4:, 4:].all()


def test_holes_are_mixed_by_their_shares():
    mask = torch.zeros(4, 1, 8, 8)
    mask[:, 0, 2, 2] = mask[:, 0, 4, 5] = 1
    draw = torch.tensor([[0.05, 0, 0], [0.15, 0, 0], [0.54, 0, 0], [0.56, 0, 0]])
    sizes = holes.mix_holes(mask, draw, box_share=0.45, random_share=0.1).sum((1, 2, 3))
    assert sizes.tolist() == [16, 12, 12, 2]


# Upsampler


@pytest.mark.parametrize(
    ("side", "grid", "steps"), [(256, 32, 2), (128, 32, 1), (64, 32, 0), (64, 16, 1), (32, 16, 0), (512, 32, 3)]
)
def test_up_steps_follow_side_and_grid(side, grid, steps):
    assert count_steps(side, grid) == steps
    with torch.device("meta"):
        net = Upsampler(side, grid, 8, (1, 2), 8)
        assert len(net.ups) == steps and len(net.visible) == 2 + steps
        assert net(torch.empty(2, 4, side, side), torch.empty(2, 3, grid, grid)).shape == (2, 3, side, side)


@pytest.mark.parametrize(("side", "grid"), [(32, 32), (96, 16), (48, 32)])
def test_sides_that_do_not_fit_the_grid_are_refused(side, grid):
    with pytest.raises(ValueError, match="grid"):
        count_steps(side, grid)


def test_upsampler_widths_at_full_size_are_the_published_ones():
    with torch.device("meta"):
        net = Upsampler(256, 32, 64, (1, 1, 2, 4, 8, 16), 128)
    shape = {name: tuple(parameter.shape) for name, parameter in net.named_parameters()}
    weight = "parametrizations.weight.original"
    assert shape[f"colours.0.feature.0.{weight}"] == (256, 3, 3, 3)
    assert shape[f"visible.1.gate.0.{weight}"] == (64, 4, 5, 5)
    assert shape[f"visible.3.feature.0.{weight}"] == (256, 128, 3, 3)
    assert shape[f"fuse.feature.0.{weight}"] == (256, 512, 3, 3)
    assert [net.trunk[i].body[1].feature[0].dilation[0] for i in range(6)] == [1, 1, 2, 4, 8, 16]
    assert shape["ups.0.norms.0.shared.weight"] == (128, 4, 3, 3) and net.ups[0].shortcut is None
    assert shape[f"ups.1.convs.1.feature.{weight}"] == (128, 128, 3, 3) and shape["image.weight"] == (3, 128, 3, 3)


def test_a_gate_weighs_its_feature_by_a_sigmoid():
    x = torch.tensor([-1.0, 2.0])
    gated = [Gated(torch.nn.Identity(), torch.nn.Identity(), active)(x).tolist() for active in (True, False)]
    assert gated[0] == pytest.approx([0, 2 / (1 + math.exp(-2))])
    assert gated[1] == pytest.approx([-1 / (1 + math.e), 2 / (1 + math.exp(-2))])


def test_positional_norm_uses_the_unbiased_variance_over_channels():
    x = torch.tensor([1.0, 2.0, 4.0]).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    variance = ((4 / 3) ** 2 + (1 / 3) ** 2 + (5 / 3) ** 2) / 2
    by_hand = (torch.tensor([1.0, 2.0, 4.0]) - 7 / 3) / math.sqrt(variance + 1e-5)
    assert torch.allclose(normalise_positions(x)[0, :, 0, 1], by_hand, atol=1e-6)


def test_spade_with_silent_heads_is_the_norm_alone():
    torch.manual_seed(0)
    spade, x = Spade(6, 4), torch.randn(2, 6, 8, 8)
    for head in (spade.scale, spade.shift):
        torch.nn.init.zeros_(head.weight)
        torch.nn.init.zeros_(head.bias)
    assert torch.equal(spade(x, torch.randn(2, 4, 16, 16)), normalise_positions(x))


def test_spade_sees_zeros_around_its_maps():
    """All weights 1/16, biases 0, a context of ones: by hand a corner's sum has 4 of 9 places, an edge's 6."""
    spade, x = Spade(2, 1), torch.zeros(1, 2, 3, 3)
    for layer in (spade.shared, spade.scale, spade.shift):
        torch.nn.init.constant_(layer.weight, 1 / 16)
        torch.nn.init.zeros_(layer.bias)
    corner, edge, middle = 4 * 4 / 16, 4 * 6 / 16, 4 * 9 / 16
    shift = spade(x, torch.ones(1, 4, 3, 3))[0, 0]  # the norm of zeros is 0, so that the shift alone is left
    assert shift[0, 0].item() == pytest.approx((corner + 2 * edge + middle) / 16)
    assert shift[0, 1].item() == pytest.approx((2 * corner + 3 * edge + middle) / 16)
    assert shift[1, 1].item() == pytest.approx((4 * corner + 4 * edge + middle) / 16)


def test_spectral_norm_bounds_the_largest_singular_value():
    torch.manual_seed(0)
    layer = conv(5, 8, 3)
    layer.parametrizations.weight.original.data.mul_(7)
    for _ in range(300):
        layer(torch.zeros(1, 5, 8, 8))
    assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=1e-3)
    spectral = [name for name, _ in Upsampler(64, 16, 4, (1, 2), 8).named_parameters() if "parametrizations" in name]
    plain = [
        name
        for name, _ in Upsampler(64, 16, 4, (1, 2), 8).named_parameters()
        if "parametrizations" not in name and name.endswith("weight") and ".0.weight" in name
    ]
    assert len(spectral) > 20 and not plain, "every plain layer is spectrally normalised"


def test_discriminator_judges_two_scales():
    net = MultiscaleDiscriminator(8, 4, 2)
    logits = net(torch.randn(2, 3, 64, 64))
    assert len(logits) == 2 and logits[0].shape[2] > logits[1].shape[2] and logits[0].shape[1] == 1
    strided = [m for m in net.scales[0].modules() if isinstance(m, torch.nn.Conv2d) and m.stride == (2, 2)]
    assert len(strided) == 3 and sum(isinstance(m, torch.nn.InstanceNorm2d) for m in net.modules()) == 6


def test_discriminator_at_full_size_has_the_published_parameters_and_maps():
    with torch.device("meta"):
        net = MultiscaleDiscriminator(64, 4, 2)
        maps = net(torch.empty(1, 3, 256, 256))
    assert sum(parameter.numel() for parameter in net.parameters()) == 5_691_524
    # 256 -> 128 -> 64 -> 32 -> 31 -> 30, and half of it: 128 -> 64 -> 32 -> 16 -> 15 -> 14.
    assert [tuple(one.shape) for one in maps] == [(1, 1, 30, 30), (1, 1, 14, 14)]
    kinds = [type(layer).__name__ for layer in net.scales[0].body]
    assert kinds.index("SelfAttention") == 8 and kinds.count("SelfAttention") == 1
    assert net.scales[0].body[8].theta.weight.shape == (32, 256, 1, 1)


# Losses


def test_hinge_values_by_hand():
    real, fake = [torch.tensor([2.0, 0.5]), torch.tensor([-1.0])], [torch.tensor([-2.0, 0.0]), torch.tensor([0.5])]
    assert objectives.hinge_d(real, fake).item() == pytest.approx(((0.25 + 0.5) + (2.0 + 1.5)) / 2)
    assert objectives.hinge_g(fake).item() == pytest.approx((1.0 - 0.5) / 2)


def test_region_l1_is_the_mean_difference_inside_the_region():
    made, real = torch.zeros(1, 3, 4, 4), torch.ones(1, 3, 4, 4)
    region = torch.zeros(1, 1, 4, 4)
    region[0, 0, :2] = 1
    real[0, :, :2] *= 0.25
    assert objectives.region_l1(made, real, region, region.mean()).item() == pytest.approx(0.25)
    assert objectives.region_l1(made, real, 0 * region, torch.tensor(0.0)).item() == 0


def test_caffe_colours_by_hand():
    image = torch.tensor([1.0, 0.0, -1.0]).view(1, 3, 1, 1)  # red 1, green 0.5, blue 0
    expected = [255 * (0 - 0.40760392), 255 * (0.5 - 0.45795686), 255 * (1 - 0.48501961)]
    assert objectives.to_caffe(image).flatten().tolist() == pytest.approx(expected, rel=1e-6)


class StandIn(torch.nn.Module):
    """A trunk whose map of relu k_2 is the mean of the picture's channels times 10^k."""

    def maps(self, x, names):
        return [10.0 ** int(name.removeprefix("relu").removesuffix("_2")) * x.mean(1, keepdim=True) for name in names]


def test_vgg_terms_by_hand_on_a_stand_in():
    """Grey made 0.2 above the real in [-1, 1] is 25.5 above it in 0..255, so that map k differs by 25.5 x 10^k."""
    real = torch.zeros(2, 3, 4, 4)
    vgg, perceptual = objectives.VggDistance(StandIn())(real + 0.2, real)
    by_hand = 25.5 * (10 / 32 + 100 / 16 + 1000 / 8 + 10_000 / 4 + 100_000)
    assert vgg.item() == pytest.approx(by_hand, rel=1e-5)
    assert perceptual.item() == pytest.approx((25.5 * 10_000) ** 2, rel=1e-5)


COUNTS = (2, 2, 4, 4, 4)  # VGG-19's convolutions by resolution


def released_vgg() -> dict[str, torch.Tensor]:
    """A file as the authors' is named: conv1_1 .. conv5_4, by VGG-19's widths."""
    widths, state, before = (64, 128, 256, 512, 512), {}, 3
    for block, (count, width) in enumerate(zip(COUNTS, widths, strict=True), 1):
        for number in range(1, count + 1):
            state[f"conv{block}_{number}.weight"] = torch.randn(width, before, 3, 3) / math.sqrt(4.5 * before)
            state[f"conv{block}_{number}.bias"] = torch.randn(width)
            before = width
    return state


def test_vgg_distance_reads_the_released_file(tmp_path):
    import hashlib

    import torch.nn.functional as F

    torch.manual_seed(0)
    state = released_vgg()
    torch.save(state, tmp_path / "vgg19_conv.pth")
    digest = hashlib.sha256((tmp_path / "vgg19_conv.pth").read_bytes()).hexdigest()
    distance = objectives.read_vgg(str(tmp_path / "vgg19_conv.pth"), digest)
    image = torch.rand(1, 3, 32, 32) * 2 - 1
    same, other = distance(image, image), distance(image, -image)
    assert [term.item() for term in same] == [0, 0] and all(term.item() > 0 for term in other)
    assert not any(parameter.requires_grad for parameter in distance.parameters())

    x, found = objectives.to_caffe(image), distance.maps(image)
    for block, count in enumerate(COUNTS, 1):
        for number in range(1, count + 1):
            name = f"conv{block}_{number}"
            x = F.relu(F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=1))
            if number == 2:
                torch.testing.assert_close(found[f"relu{block}_2"], x, rtol=1e-4, atol=1e-3)
        x = F.max_pool2d(x, 2)


def test_another_vgg_file_is_refused(tmp_path):
    import hashlib

    with pytest.raises(FileNotFoundError, match="vgg_file"):
        objectives.read_vgg(str(tmp_path / "none.pth"), "")
    torch.save({"features.0.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "torchvision.pth")
    digest = hashlib.sha256((tmp_path / "torchvision.pth").read_bytes()).hexdigest()
    with pytest.raises(ValueError, match=r"vgg19_conv.*conv1_1"):
        objectives.read_vgg(str(tmp_path / "torchvision.pth"), digest)
