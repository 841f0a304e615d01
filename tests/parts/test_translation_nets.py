"""CUT's generator, both patch discriminators and the sampling head: sizes, counts, taps."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from stages.engine.chance import initialised
from stages.nets.patch_head import PatchHead, rows_at
from stages.nets.patchgan import BlurredPatchGAN, MultiscalePatchGAN, StridedPatchGAN
from stages.nets.resnet_generator import ResnetGenerator
from stages.nets.xavier import xavier
from tests.parts.counting import parameters, unfilled

CHANNELS, VGG_CHANNELS = (3, 128, 256, 256, 256), (64, 128, 256, 512, 512)
TAPS = (0, 4, 8, 12, 16)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: ResnetGenerator(64, 9, 0.02), 11_378_179),
        (lambda: BlurredPatchGAN(64, 3, 0.02), 2_764_737),
        (lambda: MultiscalePatchGAN(154, 64, 4, 2, 0.02), 5_836_930),
        (lambda: PatchHead(CHANNELS, 256, 0.02), 560_384),
        (lambda: PatchHead(VGG_CHANNELS, 256, 0.02), 707_072),
        (lambda: PatchHead(VGG_CHANNELS, 256, 0.02, mlp=False), 0),
    ],
)
def test_printed_numbers_of_parameters(make, expected):
    with unfilled():
        assert parameters(make()) == expected


@pytest.mark.parametrize("blocks", [5, 6, 9])
def test_layers_are_numbered_as_the_loss_counts_them(blocks):
    net = ResnetGenerator(2, blocks, 0.02)
    kinds = [type(layer).__name__ for layer in net.layers]
    head = ["Mirror", "Conv2d", "InstanceNorm2d", "ReLU", "Conv2d", "InstanceNorm2d", "ReLU", "BlurDown"]
    head += ["Conv2d", "InstanceNorm2d", "ReLU", "BlurDown"]
    tail = ["BlurUp", "Conv2d", "InstanceNorm2d", "ReLU"] * 2 + ["Mirror", "Conv2d", "Tanh"]
    assert kinds == [*head, *["ResidualBlock"] * blocks, *tail]
    assert [net.layers[at].out_channels for at in (1, 4, 8)] == [2, 4, 8]
    names = set(net.state_dict())
    assert {"layers.1.weight", "layers.4.bias", "layers.12.conv2.weight", f"layers.{blocks + 21}.weight"} <= names
    assert not [name for name in names if "norm" in name or "running" in name]


def test_taps_are_raw_outputs_and_encoding_stops_at_the_last():
    net = ResnetGenerator(2, 5, 1.0)
    x = torch.rand(2, 3, 16, 20) * 2 - 1
    image, maps = net(x, TAPS)
    assert image.shape == x.shape and image.abs().max() < 1
    assert [tuple(map.shape[1:]) for map in maps] == [(3, 22, 26), (4, 16, 20), (8, 8, 10), (8, 4, 5), (8, 4, 5)]
    assert torch.equal(maps[0], F.pad(x, (3,) * 4, mode="reflect"))
    h = F.relu(F.instance_norm(F.conv2d(maps[0], net.layers[1].weight, net.layers[1].bias)))
    torch.testing.assert_close(maps[1], F.conv2d(h, net.layers[4].weight, net.layers[4].bias, padding=1))
    assert maps[1].min() < 0 and maps[1].mean((2, 3)).abs().max() > 1e-3  # before norm and rectifier

    ran: list[int] = []
    for number, layer in enumerate(net.layers):
        layer.register_forward_hook(lambda *_, at=number: ran.append(at))
    for taps in (TAPS, (0, 4), (8,)):
        ran.clear()
        again = net.encode(x, taps)
        assert ran == list(range(taps[-1] + 1))
        assert all(torch.equal(a, b) for a, b in zip(again, [maps[TAPS.index(t)] for t in taps], strict=True))
    assert torch.equal(net(x)[0], image) and net(x)[1] == [] and net.encode(x, ()) == []


def test_a_residual_block_written_out():
    block = ResnetGenerator(2, 5, 1.0).layers[12]
    x = torch.randn(1, 8, 5, 6)

    def half(h, conv):
        h = F.conv2d(F.pad(h, (1, 1, 1, 1), mode="reflect"), conv.weight, conv.bias)
        centred = h - h.mean((2, 3), keepdim=True)
        return centred / (centred.square().mean((2, 3), keepdim=True) + 1e-5).sqrt()

    torch.testing.assert_close(block(x), x + half(F.relu(half(x, block.conv1)), block.conv2), rtol=1e-4, atol=1e-5)


def test_layer0_unpadded_is_the_image_itself():
    net = ResnetGenerator(2, 5, 1.0, layer0="unpadded")
    x = torch.randn(1, 3, 12, 12)
    assert net(x, (0, 4))[1][0] is x and net.encode(x, (0,))[0] is x
    assert net.encode(x, (0, 4))[1].shape == (1, 4, 12, 12)


def test_any_sides_are_encoded_and_only_multiples_of_four_translated():
    net = ResnetGenerator(2, 5, 1.0)
    x = torch.randn(1, 3, 17, 30)
    assert [tuple(map.shape[2:]) for map in net.encode(x, TAPS)] == [(23, 36), (17, 30), (9, 15), (5, 8), (5, 8)]
    with pytest.raises(ValueError, match="multiples of 4, got 17 x 30"):
        net(x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ResnetGenerator(2, 4, 0.02), "at least 5"),
        (lambda: ResnetGenerator(2, 5, 0.02, layer0="mirrored"), "mirrored"),
        (lambda: ResnetGenerator(2, 5, 0.02).encode(torch.zeros(1, 3, 8, 8), (4, 0)), r"\[4, 0\]"),
        (lambda: ResnetGenerator(2, 5, 0.02).encode(torch.zeros(1, 3, 8, 8), (4, 4)), r"\[4, 4\]"),
        (lambda: ResnetGenerator(2, 5, 0.02)(torch.zeros(1, 3, 8, 8), (28,)), r"within 0\.\.27"),
        (lambda: ResnetGenerator(2, 5, 0.02)(torch.zeros(1, 3, 8, 8), (-1, 3)), r"\[-1, 3\]"),
    ],
)
def test_wrong_generators_and_taps_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_control_without_blur_is_a_whole_generator():
    net = ResnetGenerator(2, 5, 1.0, blur=False)
    x = torch.randn(1, 3, 16, 12)
    image, maps = net(x, TAPS)
    assert image.shape == x.shape
    assert [tuple(map.shape[2:]) for map in maps] == [(22, 18), (8, 6), (4, 3), (4, 3), (4, 3)]


def test_xavier_scales_by_both_fans_and_gain():
    net = xavier(nn.Sequential(nn.Conv2d(64, 256, 3), nn.Linear(256, 512)), 0.02)
    for layer, fans in ((net[0], 9 * (64 + 256)), (net[1], 768)):
        assert layer.weight.std().item() == pytest.approx(0.02 * (2 / fans) ** 0.5, rel=0.02)
        assert layer.bias.abs().max() == 0
    with initialised(3, "generator"):
        one = ResnetGenerator(2, 5, 0.02)
    with initialised(3, "generator"):
        two = ResnetGenerator(2, 5, 0.02)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True))


@pytest.mark.parametrize(("sides", "levels", "expected"), [((256, 256), 3, (30, 30)), ((64, 64), 3, (6, 6)),
                                                           ((49, 38), 3, (4, 2)), ((48, 48), 2, (10, 10))])  # fmt: skip
def test_blurred_patches(sides, levels, expected):
    net = BlurredPatchGAN(1, levels, 1.0)
    assert net(torch.randn(1, 3, *sides)).shape == (1, 1, *expected)
    kinds = [type(layer).__name__ for layer in net.layers]
    middle = ["BlurDown", "Conv2d", "InstanceNorm2d", "LeakyReLU"]
    assert kinds == ["Conv2d", "LeakyReLU", *middle * levels, "Conv2d"]
    assert all(layer.stride == (1, 1) for layer in net.layers if isinstance(layer, nn.Conv2d))


def test_strided_patches_of_every_scale_with_their_maps():
    net = MultiscalePatchGAN(5, 2, 4, 2, 1.0)
    x = torch.randn(3, 5, 33, 40)
    found = net(x)
    assert [len(maps) for maps in found] == [5, 5]
    assert [tuple(map.shape[1:]) for map in found[0]] == [(2, 17, 21), (4, 9, 11), (8, 5, 6), (16, 6, 7), (1, 7, 8)]
    assert [tuple(map.shape[1:]) for map in found[1]] == [(2, 9, 11), (4, 5, 6), (8, 3, 4), (16, 4, 5), (1, 5, 6)]
    assert all(map.min() < 0 for maps in found for map in maps)
    single = net.eval().scales[1]
    ones = F.conv2d(torch.ones(1, 1, 33, 40), torch.ones(1, 1, 3, 3), stride=2, padding=1)
    sums = F.conv2d(x.flatten(0, 1)[:, None], torch.ones(1, 1, 3, 3), stride=2, padding=1)
    half = (sums / ones).view(3, 5, 17, 20)  # the mean of the pixels that are there: zeros outside do not count
    torch.testing.assert_close(net(x)[1][-1], single(half)[-1])


def test_only_the_middle_of_a_strided_discriminator_is_normalised():
    net = StridedPatchGAN(5, 2, 4, 1.0)
    names = set(net.state_dict())
    assert {"stages.0.0.weight", "stages.0.0.bias", "stages.4.0.weight", "stages.4.0.bias"} <= names
    normalised = {name.split(".parametrizations")[0] for name in names if "original" in name}
    assert normalised == {"stages.1.0", "stages.2.0", "stages.3.0"}
    assert not [name for name in names if name.startswith("stages.2.0.bias")]


def test_the_head_gathers_the_places_it_is_given():
    head = PatchHead((2, 3), 4, 1.0)
    maps = [torch.randn(2, 2, 3, 5), torch.randn(2, 3, 4, 2)]
    places = [torch.tensor([14, 0, 7]), torch.tensor([5])]
    rows = head(maps, places)
    assert [tuple(row.shape) for row in rows] == [(2, 3, 4), (2, 1, 4)]
    for image in range(2):
        for at, place in enumerate(places[0].tolist()):
            features = maps[0][image, :, place // 5, place % 5]
            hidden = F.relu(head.layers[0][0](features))
            expected = head.layers[0][2](hidden)
            torch.testing.assert_close(rows[0][image, at], expected / (expected.square().sum().sqrt() + 1e-7))
    assert torch.equal(rows_at(maps[1], places[1])[:, 0], maps[1][:, :, 2, 1])


def test_the_head_without_network_gives_unit_features_and_bears_zeros():
    head = PatchHead((3,), 4, 1.0, mlp=False)
    features = torch.randn(1, 3, 2, 2)
    features[..., 0, 0] = 0
    features.requires_grad_()
    (rows,) = head([features], [torch.arange(4)])
    torch.testing.assert_close(rows.norm(dim=-1), torch.tensor([[0.0, 1, 1, 1]]))
    rows.sum().backward()
    assert torch.isfinite(features.grad).all()


def test_the_head_refuses_maps_of_other_channels():
    head = PatchHead((2, 3), 4, 1.0)
    with pytest.raises(ValueError, match=r"\(2, 3\).*got \(2, 4\) and 2"):
        head([torch.zeros(1, 2, 2, 2), torch.zeros(1, 4, 2, 2)], [torch.zeros(1, dtype=torch.long)] * 2)
    with pytest.raises(ValueError, match="and 1"):
        head([torch.zeros(1, 2, 2, 2), torch.zeros(1, 3, 2, 2)], [torch.zeros(1, dtype=torch.long)])
