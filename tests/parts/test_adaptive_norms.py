"""SPADE, AdaIN, DeepLabV3 and the U-Net as parts."""

import pytest
import torch

from stages.nets.adain import AdaptiveBlock, AdaptiveNorm
from stages.nets.deeplab import DeepLabV3
from stages.nets.kaiming import kaiming
from stages.nets.spade import Spade, SpadeBlock
from stages.nets.unet import UNet


def zeroed(head) -> None:
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)


@pytest.mark.parametrize("kind", [Spade, AdaptiveNorm])
def test_without_gain_and_shift_it_is_plain_batch_norm(kind):
    norm = kind(3, 4, 8, 0.2)
    zeroed(norm.heads)
    x = torch.randn(5, 3, 6, 6) * 3 + 1
    steer = torch.randn(5, 4, 6, 6) if kind is Spade else torch.randn(5, 4)
    out = norm(x, steer)
    expected = (x - x.mean((0, 2, 3), keepdim=True)) / (x.var((0, 2, 3), unbiased=False, keepdim=True) + 1e-5).sqrt()
    assert torch.allclose(out, expected, atol=1e-5)
    assert not [name for name in norm.state_dict() if name in ("norm.weight", "norm.bias")]


@pytest.mark.parametrize("kind", [Spade, AdaptiveNorm])
def test_the_gain_is_one_plus_gamma(kind):
    norm = kind(2, 4, 8, 0.2)
    zeroed(norm.heads)
    with torch.no_grad():
        norm.heads.bias.copy_(torch.tensor([0.5, -1.0, 10.0, 20.0]))  # gamma of two channels, then beta
    x = torch.randn(4, 2, 5, 5)
    plain = torch.nn.functional.batch_norm(x, None, None, training=True)
    out = norm(x, torch.randn(4, 4, 5, 5) if kind is Spade else torch.randn(4, 4))
    assert torch.allclose(out[:, 0], 1.5 * plain[:, 0] + 10, atol=1e-5)
    assert torch.allclose(out[:, 1], torch.full_like(out[:, 1], 20.0), atol=1e-5)


def test_a_constant_style_steers_all_inner_pixels_alike():
    norm = Spade(3, 4, 8, 0.2).eval()
    x = torch.ones(1, 3, 9, 9)
    out = norm(x, torch.randn(1, 4, 1, 1).expand(1, 4, 9, 9))
    inside = out[..., 2:-2, 2:-2]
    assert torch.allclose(inside, inside[..., :1, :1].expand_as(inside), atol=1e-6)
    assert not torch.allclose(out[..., :1, :], out[..., 4:5, :])


def test_adain_is_constant_over_space_and_differs_between_rows():
    norm = AdaptiveNorm(3, 4, 8, 0.2).eval()
    out = norm(torch.ones(2, 3, 5, 5), torch.randn(2, 4))
    assert torch.allclose(out, out[..., :1, :1].expand_as(out))
    assert not torch.allclose(out[0], out[1])


def test_residual_block_keeps_its_input_where_the_width_stays():
    block = SpadeBlock(4, 4, 3, 8, 0.2)
    zeroed(block.conv2)
    x = torch.randn(2, 4, 6, 6)
    assert block.shortcut is None and torch.equal(block(x, torch.randn(2, 3, 6, 6)), x)


def test_residual_block_normalises_its_shortcut_where_the_width_changes():
    block = SpadeBlock(6, 4, 3, 8, 0.2)
    zeroed(block.conv2)
    x, style = torch.randn(2, 6, 6, 6), torch.randn(2, 3, 6, 6)
    assert block.shortcut.kernel_size == (3, 3) and block.shortcut.bias is not None
    assert block.conv1.out_channels == 4
    assert torch.allclose(block(x, style), block.shortcut(block.beside(x, style)))
    assert AdaptiveBlock(6, 4, 3, 8, 0.2)(x, torch.randn(2, 3)).shape == (2, 4, 6, 6)


def test_kaiming_scales_by_fan_in_and_slope():
    net = kaiming(torch.nn.Sequential(torch.nn.Conv2d(64, 256, 3), torch.nn.Linear(512, 512)), 0.2)
    for layer, fan in ((net[0], 64 * 9), (net[1], 512)):
        assert layer.weight.std().item() == pytest.approx((2 / (1.04 * fan)) ** 0.5, rel=0.02)
        assert layer.bias.abs().max() == 0


@pytest.mark.parametrize(("classes", "expected"), [(9, 39_635_785), (11, 39_636_299)])
def test_deeplab_has_torchvisions_parameters(classes, expected):
    with torch.device("meta"):
        net = DeepLabV3("resnet50", 64, "imagenet", (12, 24, 36), 256, 0.5, classes)
    assert sum(parameter.numel() for parameter in net.parameters()) == expected
    assert sum(p.numel() for p in net.backbone.parameters()) == 23_508_032


def test_deeplab_agrees_with_torchvision():
    """Same names, same function: torchvision's weights go in unchanged."""
    models = pytest.importorskip("torchvision.models.segmentation")
    theirs = models.deeplabv3_resnet50(weights=None, weights_backbone=None, num_classes=3).eval()
    ours = DeepLabV3("resnet50", 64, "imagenet", (12, 24, 36), 256, 0.5, 3).eval()
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(ours(x), theirs(x)["out"], atol=1e-4)


def test_deeplab_of_the_demo_keeps_a_quarter_of_the_side():
    net = DeepLabV3("resnet10", 4, "small", (1, 2, 3), 8, 0.5, 5)
    maps = net.backbone.feature_maps(torch.zeros(2, 3, 32, 32))
    assert net.stride == 4 and maps[-1].shape[2:] == (8, 8)
    assert net(torch.zeros(2, 3, 32, 32), torch.rand(2, 8, 8, 8)).shape == (2, 5, 32, 32)


def test_dropout_of_the_pyramid_follows_its_draws():
    net = DeepLabV3("resnet10", 4, "small", (1, 2, 3), 8, 0.5, 5).eval()
    x = torch.randn(1, 3, 32, 32)
    kept, dropped = torch.ones(1, 8, 8, 8), torch.zeros(1, 8, 8, 8)
    seen = []
    net.classifier[0].register_forward_hook(lambda module, given, out: seen.append(out))
    for uniform in (None, kept, dropped):
        net(x, uniform)
    assert torch.allclose(seen[1], 2 * seen[0]) and seen[2].abs().max() == 0


def test_unet_keeps_the_side_and_refuses_odd_ones():
    net = UNet(3, 7, 4, 3)
    assert net(torch.zeros(2, 3, 24, 32)).shape == (2, 7, 24, 32)
    with pytest.raises(ValueError, match="halve 3 times"):
        net(torch.zeros(1, 3, 20, 20))
