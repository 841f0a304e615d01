"""EfficientNet-Lite0: counts and names of the published file, TensorFlow's padding, and its way through a file."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from stages.engine.session import Session
from stages.engine.world import World
from stages.nets.encoders.load import load_encoder
from stages.nets.trunks.efficientnet_lite import EfficientNetLite, SameConv
from stages.runner.layers import merge, validate
from stages.runner.params import load
from stages.teachers import scorer

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("teacher.scorer.base",)


def net_of(classes: int | None) -> EfficientNetLite:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = EfficientNetLite(classes)
        for name, value in net.state_dict().items():
            if name.endswith(("running_mean", "bias")):
                value.normal_(0, 0.1)
    return net.eval()


def test_parameters_are_as_many_as_published():
    with torch.device("meta"):
        whole, trunk = EfficientNetLite(1000), EfficientNetLite(None)
    assert sum(value.numel() for value in whole.parameters()) == 4_652_008
    assert sum(value.numel() for value in trunk.parameters()) == 2_958_848
    assert not [name for name, _ in trunk.named_parameters() if name.startswith(("conv_head", "bn2", "classifier"))]


def test_names_and_shapes_are_those_of_timm_s_file():
    with torch.device("meta"):
        state = {name: tuple(value.shape) for name, value in EfficientNetLite(1000).state_dict().items()}
    expected = {
        "conv_stem.weight": (32, 3, 3, 3),
        "blocks.0.0.conv_dw.weight": (32, 1, 3, 3),
        "blocks.0.0.conv_pw.weight": (16, 32, 1, 1),
        "blocks.1.1.conv_pwl.weight": (24, 144, 1, 1),
        "blocks.2.0.conv_dw.weight": (144, 1, 5, 5),
        "blocks.3.2.bn2.running_var": (480,),
        "blocks.4.0.conv_pw.weight": (480, 80, 1, 1),
        "blocks.5.3.conv_dw.weight": (1152, 1, 5, 5),
        "blocks.6.0.bn3.bias": (320,),
        "conv_head.weight": (1280, 320, 1, 1),
        "bn2.weight": (1280,),
        "classifier.weight": (1000, 1280),
    }
    assert {name: state.get(name) for name in expected} == expected
    units = Counter(name.split(".")[1] for name in state if name.startswith("blocks.") and name.endswith("bn1.weight"))
    assert units == {"0": 1, "1": 2, "2": 2, "3": 3, "4": 3, "5": 4, "6": 1}


@pytest.mark.parametrize(("side", "sides"), [(64, [16, 8, 4, 2]), (50, [13, 7, 4, 2])])
def test_maps_have_the_channels_and_strides_that_projections_expect(side, sides):
    net = net_of(None)
    with torch.no_grad():
        maps = net.feature_maps(torch.zeros(1, 3, side, side))
        assert [tuple(one.shape[1:]) for one in maps] == [
            (channels, size, size) for channels, size in zip((24, 40, 112, 320), sides, strict=True)
        ]
        assert torch.equal(net.embed(torch.zeros(1, 3, side, side)), maps[-1].mean((2, 3)))


@pytest.mark.parametrize(("side", "kernel", "stride", "before", "after"), [
    (8, 3, 2, 0, 1), (7, 3, 2, 1, 1), (8, 5, 2, 1, 2), (7, 5, 2, 2, 2), (8, 5, 1, 2, 2), (1, 5, 2, 2, 2),
])  # fmt: skip
def test_padding_is_tensorflow_s(side, kernel, stride, before, after):
    """Pads worked out by hand: ceil(side / stride) outputs, the odd pixel behind."""
    layer, x = SameConv(1, 1, kernel, stride, bias=False), torch.arange(float(side * side)).view(1, 1, side, side)
    with torch.no_grad():
        plain = F.conv2d(F.pad(x, (before, after, before, after)), layer.weight, stride=stride)
        assert torch.equal(layer(x), plain) and plain.shape[-1] == -(-side // stride)


def test_a_published_file_is_left_as_a_frozen_trunk(tmp_path):
    """Under a wrapper and a prefix; the head and the classifier stay behind, the blocks' own bn2 do not."""
    whole = net_of(1000)
    file, out = tmp_path / "lite0.pth", tmp_path / "out"
    torch.save({"state_dict": {f"module.{name}": value for name, value in whole.state_dict().items()}}, file)
    out.mkdir()
    names = (*LAYERS, "own")
    changes = {
        "architecture": "efficientnet_lite0", "file": str(file), "alexnet_file": "", "source": "file",
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "view_size_px": 64,
    }  # fmt: skip
    values = merge(load(ROOT), LAYERS) | changes
    block = validate(scorer.Block, values, names)
    scorer.teach(block, {}, Session(World.single(), out, tmp_path, lambda: False, print))
    encoder = load_encoder(out)
    x = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        # The published means and deviations are one half: pictures enter as they are.
        expected = whole.feature_maps(x)
        assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(encoder.feature_maps(x), expected, strict=True))
    with pytest.raises(ValueError, match="without a classifier"):
        encoder.net(x)
