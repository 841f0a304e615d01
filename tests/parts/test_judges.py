"""DRN-D-105 and UPerNet-101: the published names and shapes, sizes, and forward passes written out from a state."""

import pytest
import torch
import torch.nn.functional as F

from stages.nets import drn, upernet
from stages.nets.drn import DRN, bilinear
from stages.nets.upernet import DeepStemResNet, PyramidDecoder, UPerNet, sizes_for_test
from tests.parts.counting import parameters, unfilled

# Written by hand from the authors' definitions.
DRN_NAMES = {
    "base.0.0.weight": (16, 3, 7, 7), "base.0.1.weight": (16,), "base.0.1.running_var": (16,),
    "base.1.0.weight": (16, 16, 3, 3), "base.1.1.bias": (16,), "base.2.0.weight": (32, 16, 3, 3),
    "base.3.0.conv1.weight": (64, 32, 1, 1), "base.3.0.bn1.weight": (64,), "base.3.0.conv2.weight": (64, 64, 3, 3),
    "base.3.0.conv3.weight": (256, 64, 1, 1), "base.3.0.downsample.0.weight": (256, 32, 1, 1),
    "base.3.0.downsample.1.running_mean": (256,), "base.3.2.conv1.weight": (64, 256, 1, 1),
    "base.4.0.downsample.0.weight": (512, 256, 1, 1), "base.4.3.bn3.bias": (512,),
    "base.5.0.conv2.weight": (256, 256, 3, 3), "base.5.0.downsample.0.weight": (1024, 512, 1, 1),
    "base.5.22.conv3.weight": (1024, 256, 1, 1), "base.6.0.downsample.0.weight": (2048, 1024, 1, 1),
    "base.6.2.bn2.running_mean": (512,), "base.7.0.weight": (512, 2048, 3, 3), "base.7.1.weight": (512,),
    "base.8.0.weight": (512, 512, 3, 3), "base.8.1.running_var": (512,), "seg.weight": (19, 512, 1, 1),
    "seg.bias": (19,), "up.weight": (19, 1, 16, 16),
}  # fmt: skip
ENCODER_NAMES = {
    "conv1.weight": (64, 3, 3, 3), "bn1.running_mean": (64,), "conv2.weight": (64, 64, 3, 3), "bn2.weight": (64,),
    "conv3.weight": (128, 64, 3, 3), "bn3.bias": (128,), "layer1.0.conv1.weight": (64, 128, 1, 1),
    "layer1.0.downsample.0.weight": (256, 128, 1, 1), "layer1.0.downsample.1.weight": (256,),
    "layer1.2.conv3.weight": (256, 64, 1, 1), "layer2.0.conv2.weight": (128, 128, 3, 3),
    "layer2.3.bn3.running_var": (512,), "layer3.0.downsample.0.weight": (1024, 512, 1, 1),
    "layer3.22.conv2.weight": (256, 256, 3, 3), "layer4.0.conv1.weight": (512, 1024, 1, 1),
    "layer4.2.bn3.weight": (2048,),
}  # fmt: skip
DECODER_NAMES = {
    "ppm_conv.0.0.weight": (512, 2048, 1, 1), "ppm_conv.3.1.running_mean": (512,),
    "ppm_last_conv.0.weight": (512, 4096, 3, 3), "ppm_last_conv.1.bias": (512,), "fpn_in.0.0.weight": (512, 256, 1, 1),
    "fpn_in.1.0.weight": (512, 512, 1, 1), "fpn_in.2.0.weight": (512, 1024, 1, 1), "fpn_in.2.1.weight": (512,),
    "fpn_out.0.0.0.weight": (512, 512, 3, 3), "fpn_out.2.0.1.running_var": (512,),
    "conv_last.0.0.weight": (512, 2048, 3, 3), "conv_last.0.1.weight": (512,), "conv_last.1.weight": (150, 512, 1, 1),
    "conv_last.1.bias": (150,),
}  # fmt: skip
PUBLISHED = [
    (lambda: DRN(drn.CLASSES, drn.WIDTH), DRN_NAMES),
    (lambda: DeepStemResNet(upernet.WIDTH), ENCODER_NAMES),
    (lambda: PyramidDecoder(upernet.CLASSES, upernet.WIDTH), DECODER_NAMES),
]


@pytest.mark.parametrize(("make", "names"), PUBLISHED)
def test_published_names_and_shapes(make, names):
    with unfilled():
        state = make().state_dict()
    assert {name: tuple(state[name].shape) for name in names if name in state} == names
    tops = {name.split(".")[0] for name in state}
    assert tops == {name.split(".")[0] for name in names}


def test_numbers_of_parameters():
    """torchvision's ResNet-101 has 42,500,160 without its classifier; the stem and what reads it differ."""
    with unfilled():
        judge, encoder = DRN(19, 16), DeepStemResNet(64)
        blocks = [len(level) for level in judge.base[3:7]]
    stem = (3 * 64 + 64 * 64 + 64 * 128) * 9 + 2 * (64 + 64 + 128) - (3 * 64 * 49 + 2 * 64)
    assert parameters(encoder) == 42_500_160 + stem + 64 * 64 + 64 * 256
    assert parameters(judge.base) + 512 * 1000 + 1000 == 54_801_304  # the classifier of ImageNet, as published
    assert blocks == [3, 4, 23, 3] and not judge.up.weight.requires_grad


def test_dilation_stands_for_the_strides_from_the_first_block_on():
    with unfilled():
        base = DRN(19, 16).base
    convs = [(level[at].conv2, level[0].downsample[0]) for level in base[3:7] for at in (0, 1)]
    rates = [(conv.stride[0], conv.dilation[0], conv.padding[0], beside.stride[0]) for conv, beside in convs]
    plain, wide, wider = (1, 1, 1, 2), (1, 2, 2, 1), (1, 4, 4, 1)
    assert rates == [(2, 1, 1, 2), plain, (2, 1, 1, 2), plain, wide, wide, wider, wider]
    assert [(base[at][0].stride[0], base[at][0].dilation[0], base[at][0].padding[0]) for at in (1, 2, 7, 8)] == [
        (1, 1, 1), (2, 1, 1), (1, 2, 2), (1, 1, 1),
    ]  # fmt: skip


@pytest.mark.parametrize("sides", [(64, 32), (37, 50), (33, 9)])
def test_any_sides_are_labelled_at_their_size(sides):
    torch.manual_seed(0)
    x = torch.randn(2, 3, *sides)
    for net in (DRN(5, 1), UPerNet(6, 1)):
        with torch.no_grad():
            out = net.eval()(x)
        assert out.shape[0] == 2 and out.shape[2:] == sides
        torch.testing.assert_close(out.exp().sum(1), torch.ones(2, *sides))


def test_the_fixed_kernel_is_bilinear_enlargement():
    line = bilinear(16)[7] / bilinear(16)[7].max()
    assert torch.allclose(line[:8], torch.arange(1, 17, 2)[:8] / 15)
    assert torch.equal(line, line.flip(0))
    net = DRN(3, 1)
    x = torch.randn(1, 3, 6, 5)
    expected = F.interpolate(x, scale_factor=8, mode="bilinear", align_corners=False)
    torch.testing.assert_close(net.up(x)[:, :, 8:-8, 8:-8], expected[:, :, 8:-8, 8:-8])


def test_sides_are_tested_as_published():
    assert sizes_for_test(256, 256, 300) == (320, 320)
    assert sizes_for_test(480, 640, 450) == (480, 608)  # 450 x 600
    assert sizes_for_test(200, 800, 600) == (256, 1024)  # 250 x 1000, the longest side
    assert [upernet.upwards(side) for side in (1, 32, 33)] == [32, 32, 64]


def unit(state: dict, name: str, x, at: int = 0):
    """Convolution, batch norm in evaluation, rectifier, from a state."""
    weight = state[f"{name}.{at}.weight"]
    h = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
    norm = [state[f"{name}.{at + 1}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
    return F.relu(F.batch_norm(h, *norm))


def spread(x, like):
    return F.interpolate(x, like.shape[2:], mode="bilinear", align_corners=False)


def randomised(net):
    """Batch norms with statistics that a swapped layer cannot hide behind."""
    for name, value in net.state_dict().items():
        if name.endswith("running_mean"):
            value.normal_(0, 0.1)
        elif name.endswith("running_var"):
            value.uniform_(0.5, 1.5)
    return net.eval()


def test_the_decoder_written_out():
    torch.manual_seed(0)
    decoder = randomised(PyramidDecoder(4, 2))
    state = decoder.state_dict()
    a, b, c, d = (torch.randn(1, 8 * 2**n, 16 >> n, 24 >> n) for n in range(4))
    pooled = [unit(state, f"ppm_conv.{n}", spread(F.adaptive_avg_pool2d(d, s), d)) for n, s in enumerate((1, 2, 3, 6))]
    p5 = unit(state, "ppm_last_conv", torch.cat([d, *pooled], 1))
    f4 = unit(state, "fpn_in.2", c) + spread(p5, c)
    f3 = unit(state, "fpn_in.1", b) + spread(f4, b)
    f2 = unit(state, "fpn_in.0", a) + spread(f3, a)
    p4, p3, p2 = (unit(state, f"fpn_out.{n}.0", f) for n, f in ((2, f4), (1, f3), (0, f2)))
    joined = torch.cat([p2, spread(p3, p2), spread(p4, p2), spread(p5, p2)], 1)
    h = unit(state, "conv_last.0", joined)
    expected = F.conv2d(h, state["conv_last.1.weight"], state["conv_last.1.bias"])
    with torch.no_grad():
        torch.testing.assert_close(decoder([a, b, c, d]), expected, rtol=1e-4, atol=1e-5)


def test_the_stem_is_deep_and_maps_lie_at_four_strides():
    torch.manual_seed(0)
    net = randomised(DeepStemResNet(1))
    x = torch.randn(1, 3, 64, 96)
    seen = []
    net.layer1.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    with torch.no_grad():
        maps = net(x)
        h = F.relu(net.bn1(F.conv2d(x, net.conv1.weight, stride=2, padding=1)))
        h = F.relu(net.bn2(F.conv2d(h, net.conv2.weight, padding=1)))
        h = F.relu(net.bn3(F.conv2d(h, net.conv3.weight, padding=1)))
    torch.testing.assert_close(seen[0], F.max_pool2d(h, 3, 2, 1))
    assert [tuple(map.shape[1:]) for map in maps] == [(4, 16, 24), (8, 8, 12), (16, 4, 6), (32, 2, 3)]


def test_scales_are_averaged_as_probabilities():
    torch.manual_seed(0)
    net = randomised(UPerNet(5, 1))
    x = torch.randn(1, 3, 40, 64)
    with torch.no_grad():
        mean = net.over_scales(x, (64, 32))
        one = net.decoder(net.encoder(upernet.stretched(x, 64, 128)))
        two = net.decoder(net.encoder(upernet.stretched(x, 32, 64)))
        expected = (spread(one, x).softmax(1) + spread(two, x).softmax(1)) / 2
        torch.testing.assert_close(mean, expected)
    assert sizes_for_test(40, 64, 64) == (64, 128) and sizes_for_test(40, 64, 32) == (32, 64)
