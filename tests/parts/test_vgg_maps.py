"""Maps of VGG by the names of its rectifiers, and the small variant."""

import pytest
import torch
import torch.nn.functional as F

from stages.nets.encoders.load import build, load_encoder, save_encoder
from stages.nets.trunks.vgg import VGG
from stages.teachers import scorer
from tests.parts.test_teachers import block_of, packed, taught

# Places in torchvision's features. Source: torchvision's configurations D and E, counted by hand.
PLACES = {
    "vgg16": {"relu1_1": 1, "relu1_2": 3, "relu2_2": 8, "relu3_1": 11, "relu3_3": 15, "relu4_1": 18, "relu4_3": 22,
              "relu5_3": 29},
    "vgg19": {"relu1_1": 1, "relu2_1": 6, "relu3_1": 11, "relu4_1": 20, "relu5_1": 29, "relu1_2": 3, "relu2_2": 8,
              "relu3_2": 13, "relu4_2": 22, "relu5_2": 31, "relu5_4": 35},
    "vgg_small": {"relu1_2": 3, "relu2_2": 8, "relu3_1": 11, "relu3_2": 13, "relu4_1": 18, "relu4_3": 22,
                  "relu5_2": 27},
}  # fmt: skip


@pytest.fixture
def small(tmp_path):
    """A small network that tells the colours of drawn squares apart, as `teach` leaves it."""
    block = block_of(
        "scorer", "smoke", iterations=40, batch=12, architecture="vgg_small", sets=["cub:species"], learning_rate=1e-3
    )
    facts = taught(scorer, block, {"cub": packed(tmp_path / "cub", "species", 3, 16)}, tmp_path / "out")
    return facts, load_encoder(tmp_path / "out")


def test_the_small_variant_is_taught_like_a_scorer(small):
    facts, encoder = small
    assert (facts["architecture"], facts["arguments"]) == ("vgg_small", {"classes": 3})
    assert facts["held_out"]["cub"]["accuracy"] > 0.7
    assert [map.shape[1] for map in encoder.net.maps(torch.zeros(1, 3, 32, 32), ["relu1_2", "relu5_2"])] == [16, 64]


@pytest.mark.parametrize("depth", PLACES)
def test_names_stand_for_torchvisions_places(depth):
    with torch.device("meta"):
        net = VGG(depth, None)
        x = torch.empty(1, 3, 32, 32)
    places = PLACES[depth]
    ran: list[int] = []
    for number, layer in enumerate(net.features):
        layer.register_forward_hook(lambda *_, at=number: ran.append(at))
    for name, place in places.items():
        ran.clear()
        net.maps(x, [name])
        assert ran == list(range(place + 1))
        assert type(net.features[place]) is torch.nn.ReLU
    maps = net.maps(x, list(places))
    sides = [map.shape[2] for map in maps]
    assert sides == [32 >> (int(name[4]) - 1) for name in places]


def test_maps_are_the_outputs_in_the_order_asked_for():
    torch.manual_seed(0)
    net = VGG("vgg_small", None).eval()
    x = torch.randn(2, 3, 32, 32)
    after, again, before = net.maps(x, ["relu2_2", "relu1_1", "relu2_2"])
    assert torch.equal(after, before) and torch.equal(after, net.feature_maps(x)[1])
    first = net.features[0]
    torch.testing.assert_close(again, F.relu(F.conv2d(x, first.weight, first.bias, padding=1)))
    assert net.maps(x, []) == []
    with pytest.raises(ValueError, match=r"vgg_small has no relu5_3; expected names out of relu1_1, relu1_2"):
        net.maps(x, ["relu1_1", "relu5_3"])


def test_the_small_variant_is_loaded_like_any_encoder(tmp_path):
    torch.manual_seed(0)
    net = build("vgg_small", {"classes": 7})
    convs = [layer for layer in net.features if isinstance(layer, torch.nn.Conv2d)]
    assert [conv.out_channels for conv in convs] == [16, 16, 32, 32, 64, 64, 64, 64, 64, 64, 64, 64]
    assert net(torch.zeros(3, 3, 64, 64)).shape == (3, 7)
    maps = net.maps(torch.randn(1, 3, 64, 64), ["relu1_2", "relu5_2"])
    assert [tuple(map.shape[1:]) for map in maps] == [(16, 64, 64), (64, 4, 4)]
    # The start keeps the size of what runs through it.
    shallow, deep = (map.detach().square().mean().item() for map in maps)
    assert 0.2 < deep / shallow < 5
    view = {"size_px": 64, "crop": [0, 0, 256, 256], "shrink": "bilinear", "mean": [0.5] * 3, "std": [0.5] * 3}
    facts = {"architecture": "vgg_small", "arguments": {"classes": 7}, "view": view}
    save_encoder(tmp_path, net, facts)
    encoder = load_encoder(tmp_path)
    x = torch.rand(2, 3, 64, 64) * 2 - 1
    torch.testing.assert_close(encoder.net.maps(encoder.view(x), ["relu4_1"])[0], net.maps(x, ["relu4_1"])[0])
    assert encoder.encode(x).shape == (2, 64) and len(encoder.feature_maps(x)) == 5
    assert build("vgg_small", {"classes": None}).classifier is None
