"""Trunks against torchvision's networks on random weights, and against reference features on real weights."""

import io
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from stages.nets.encoders.load import Encoder, load_strictly
from stages.nets.encoders.view import View
from stages.nets.trunks.alexnet import AlexNet
from stages.nets.trunks.resnet import ResNet
from stages.nets.trunks.squeezenet import SqueezeNet
from stages.nets.trunks.vgg import VGG

WHOLE = (0, 0, 256, 256)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def randomised(net: torch.nn.Module) -> torch.nn.Module:
    """Non-trivial batch-norm statistics, so that a swapped layer cannot hide behind zeros and ones."""
    generator = torch.Generator().manual_seed(1)
    for name, value in net.state_dict().items():
        if name.endswith("running_mean"):
            value.copy_(0.1 * torch.randn(value.shape, generator=generator))
        elif name.endswith("running_var"):
            value.copy_(1 + 0.2 * torch.rand(value.shape, generator=generator))
    return net.eval()


@pytest.mark.parametrize(
    "name, ours, side",
    [
        ("resnet18", lambda: ResNet("resnet18", 64, "imagenet", 1000), 65),
        ("resnet34", lambda: ResNet("resnet34", 64, "imagenet", 1000), 65),
        ("resnet50", lambda: ResNet("resnet50", 64, "imagenet", 1000), 65),
        ("squeezenet1_0", lambda: SqueezeNet("squeezenet1_0", 1000), 67),
        ("squeezenet1_1", lambda: SqueezeNet("squeezenet1_1", 1000), 67),
        ("alexnet", lambda: AlexNet(1000), 70),
        ("vgg16", lambda: VGG("vgg16", 1000), 35),
        ("vgg19", lambda: VGG("vgg19", 1000), 35),
    ],
)
def test_trunk_equals_torchvision(name, ours, side):
    import torchvision

    torch.manual_seed(0)
    theirs = randomised(getattr(torchvision.models, name)(weights=None))
    net = ours().eval()
    load_strictly(net, theirs.state_dict(), name)
    x = torch.randn(2, 3, side, side)
    with torch.no_grad():
        expected, got = theirs(x), net(x)
        assert expected.abs().max() > 1e-3
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)
        if not name.startswith("resnet"):
            last = theirs.features(x)
            got = net.feature_maps(x)[-1]
            if name.startswith("squeezenet"):
                torch.testing.assert_close(got, last, rtol=1e-4, atol=1e-5)
                torch.testing.assert_close(net.embed(x), last.mean(dim=(2, 3)), rtol=1e-4, atol=1e-5)
            else:  # ours keeps the map before the last pool
                torch.testing.assert_close(net.features[-1](got), last, rtol=1e-4, atol=1e-5)


def test_resnet_map_strides_and_channels():
    net = ResNet("resnet50", 64, "imagenet", None).eval()
    with torch.no_grad():
        maps = net.feature_maps(torch.zeros(1, 3, 64, 64))
    assert [tuple(m.shape[1:]) for m in maps] == [(256, 16, 16), (512, 8, 8), (1024, 4, 4), (2048, 2, 2)]
    narrow = ResNet("resnet18", 16, "small", None).eval()
    with torch.no_grad():
        maps = narrow.feature_maps(torch.zeros(1, 3, 32, 32))
    assert [tuple(m.shape[1:]) for m in maps] == [(16, 16, 16), (32, 8, 8), (64, 4, 4), (128, 2, 2)]
    assert narrow.embed(torch.zeros(1, 3, 32, 32)).shape == (1, 128)


def test_resnet_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match="resnet101"):
        ResNet("resnet101", 64, "imagenet", None)
    with pytest.raises(ValueError, match="stem"):
        ResNet("resnet18", 64, "tiny", None)
    with pytest.raises(ValueError, match="without a classifier"):
        ResNet("resnet10", 8, "small", None)(torch.zeros(1, 3, 32, 32))


def test_squeezenet_real_weights_give_the_reference_features(shared_data):
    state = torch.load(
        shared_data / "weights/squeezenet1_0_deepcompression_fp16.pt", weights_only=True, map_location="cpu"
    )
    net = SqueezeNet("squeezenet1_0", 1000)
    load_strictly(net, state, "squeezenet")
    encoder = Encoder(net, View(224, WHOLE, "bilinear", MEAN, STD), "squeezenet1_0", "", {})
    reference = np.load(shared_data / "weights/squeezenet1_0_reference.npz")
    with zipfile.ZipFile(shared_data / "coco_stuff_mini.zip") as archive:
        members = {member.rsplit("/", 1)[-1]: member for member in archive.namelist() if member.endswith(".jpg")}
        images = []
        for name in reference["names"]:
            photo = Image.open(io.BytesIO(archive.read(members[str(name)]))).convert("RGB")
            images.append(np.asarray(photo.resize((224, 224), Image.Resampling.BICUBIC)))
    batch = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        features = encoder.encode(batch).numpy()
        top = encoder.net(encoder.view(batch)).topk(5).indices.numpy()
    expected = reference["pooled_features"]
    error = np.abs(features - expected).max() / expected.std()
    assert error < 0.02, error
    assert (top[:, 0] == reference["top5"][:, 0]).all()
