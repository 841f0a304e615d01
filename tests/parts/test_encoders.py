"""Encoders as later stages use them: frozen, differentiable, independent of the batch; views; real identity weights."""

import io
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from stages.nets.encoders.irse import IRSE50
from stages.nets.encoders.load import Encoder, build, load_encoder, load_state, load_strictly, save_encoder
from stages.nets.encoders.mobilefacenet import MobileFaceNet
from stages.nets.encoders.view import View

WHOLE, FACE = (0, 0, 256, 256), (35, 32, 188, 188)
HALF = (0.5, 0.5, 0.5)
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
# The five-point template that ArcFace-style encoders are trained on, in pixels of a 112-px crop.
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
PMG = {"trunk": "resnet10", "width": 4, "stem": "imagenet", "hidden": 6, "classes": 3, "feature": "penultimate"}
SMALL = [
    ("identity_small", {"width": 4, "dimensions": 8, "size_px": 32}, 8),
    ("identity_resnet", {"trunk": "resnet10", "width": 4, "stem": "small", "dimensions": 8}, 8),
    ("demo_classifier", {"width": 4, "classes": 5}, 16),
    ("pmg", PMG, 6),
    ("pmg", PMG | {"feature": "concat"}, 36),
    ("resnet18", {"width": 4, "stem": "small", "classes": None}, 32),
]
LARGE = [
    ("irse50", {}, 512, 112),
    ("mobilefacenet", {}, 128, 112),
    ("squeezenet1_1", {"classes": 10}, 512, 64),
    ("alexnet", {"classes": 10}, 256, 64),
    ("efficientnet_lite0", {"classes": None}, 320, 64),
]


def facts(architecture, arguments, size=32, crop=WHOLE, shrink="bilinear"):
    view = {"size_px": size, "crop": list(crop), "shrink": shrink, "mean": list(HALF), "std": list(HALF)}
    return {"architecture": architecture, "arguments": arguments, "view": view, "source": "taught", "held_out": {}}


def saved(folder, architecture, arguments, size=32):
    torch.manual_seed(0)
    net = build(architecture, arguments)
    for name, value in net.state_dict().items():
        if name.endswith("running_mean"):
            value.copy_(0.1 * torch.randn(value.shape))
    save_encoder(folder, net, facts(architecture, arguments, size))
    return load_encoder(folder)


@pytest.mark.parametrize("architecture, arguments, width", SMALL)
def test_features_do_not_depend_on_the_batch_and_gradients_reach_the_image_alone(
    tmp_path, architecture, arguments, width
):
    """I14."""
    encoder = saved(tmp_path, architecture, arguments)
    encoder.train()  # a method that puts everything into training mode must not reach it
    assert not any(module.training for module in encoder.modules())
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    torch.manual_seed(1)
    images = (torch.rand(5, 3, 32, 32) * 2 - 1).requires_grad_()
    features = encoder.encode(images)
    assert features.shape == (5, width)
    assert features.dtype == torch.float32
    for i in range(5):
        torch.testing.assert_close(encoder.encode(images[i : i + 1])[0], features[i], rtol=1e-4, atol=1e-5)
    F.normalize(features).square().cumsum(0)[2, 0].backward()
    assert images.grad[:3].abs().sum() > 0
    assert not images.grad[3:].any()
    assert sum(p.numel() for p in encoder.parameters() if p.requires_grad) == 0
    assert all(p.grad is None for p in encoder.parameters())
    assert all(torch.equal(before[name], value) for name, value in encoder.state_dict().items())


@pytest.mark.parametrize("architecture, arguments, width, size", LARGE)
def test_large_architectures_encode_through_their_view(architecture, arguments, width, size):
    torch.manual_seed(0)
    encoder = Encoder(build(architecture, arguments), View(size, FACE, "pool", HALF, HALF), architecture, "", {})
    images = (torch.rand(2, 3, 64, 64) * 2 - 1).requires_grad_()
    features = encoder.encode(images)
    assert features.shape == (2, width)
    features[0].sum().backward()
    assert images.grad[0].abs().sum() > 0
    assert not images.grad[1].any()
    assert not images.grad[0, :, :8].any()  # rows 0..7 of 64 lie outside the crop, which begins at round(35 / 4) = 9


def test_inception_resnet_v1_comes_from_facenet_pytorch():
    encoder = Encoder(build("inception_resnet_v1", {}), View(160, FACE, "bilinear", HALF, HALF), "", "", {})
    images = torch.rand(2, 3, 32, 32).requires_grad_()
    features = encoder.encode(images)
    torch.testing.assert_close(features.norm(dim=1), torch.ones(2))
    features[0, 0].backward()
    assert images.grad[0].abs().sum() > 0


def test_irse50_counts_shapes_and_names():
    """Counted by hand from the layer table of spec §3.1."""
    net = IRSE50().eval()
    count = 3 * 64 * 9 + 2 * 64 + 64
    for channels, depth, units in ((64, 64, 3), (64, 128, 4), (128, 256, 14), (256, 512, 3)):
        for unit in range(units):
            c = channels if unit == 0 else depth
            branch = 2 * c + c * depth * 9 + depth + depth * depth * 9 + 2 * depth + 2 * depth * (depth // 16)
            count += branch + (0 if c == depth else c * depth + 2 * depth)
    count += 2 * 512 + 512 * 49 * 512 + 512 + 2 * 512
    assert sum(p.numel() for p in net.parameters()) == count == 43_797_696
    names = net.state_dict().keys()
    for name in (
        "input_layer.0.weight",
        "input_layer.2.weight",
        "body.0.res_layer.3.weight",
        "body.3.shortcut_layer.1.running_var",
        "body.23.res_layer.5.fc2.weight",
        "output_layer.3.weight",
        "output_layer.4.running_mean",
    ):
        assert name in names
    assert "body.0.shortcut_layer.0.weight" not in names
    with torch.no_grad():
        x = torch.randn(2, 3, 112, 112)
        assert net.body(net.input_layer(x)).shape == (2, 512, 7, 7)
        torch.testing.assert_close(net.embed(x).norm(dim=1), torch.ones(2))


def test_view_crops_on_the_256_grid_and_pools_like_psp():
    x = torch.rand(2, 3, 256, 256) * 2 - 1
    view = View(112, FACE, "pool", HALF, HALF)
    torch.testing.assert_close(view(x), F.adaptive_avg_pool2d(x[:, :, 35:223, 32:220], 112))
    small = torch.rand(1, 3, 64, 64) * 2 - 1
    crop = small[:, :, 9 : 9 + 47, 8 : 8 + 47]
    expected = F.interpolate(crop, size=(112, 112), mode="bilinear", antialias=True)
    torch.testing.assert_close(view(small), expected)
    same = View(64, WHOLE, "bilinear", (0.4, 0.5, 0.6), (0.2, 0.3, 0.4))(small)
    expected = ((small + 1) / 2 - torch.tensor([0.4, 0.5, 0.6]).view(3, 1, 1)) / torch.tensor([0.2, 0.3, 0.4]).view(
        3, 1, 1
    )
    torch.testing.assert_close(same, expected)
    with pytest.raises(ValueError, match="square RGB"):
        view(torch.zeros(1, 3, 32, 31))
    with pytest.raises(ValueError, match="crop"):
        View(112, (200, 0, 100, 100), "pool", HALF, HALF)
    with pytest.raises(ValueError, match="shrink"):
        View(112, WHOLE, "nearest", HALF, HALF)


def test_saving_twice_gives_the_same_bytes_and_loading_keeps_the_outer_generator(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        saved(tmp_path / name, "identity_small", SMALL[0][1])
    for name in ("encoder.json", "weights.safetensors"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    torch.manual_seed(3)
    first = torch.rand(1)
    torch.manual_seed(3)
    encoder = load_encoder(tmp_path / "one")
    assert torch.equal(torch.rand(1), first)
    assert encoder.name == "identity_small"
    assert len(encoder.digest) == 64


def test_errors_of_a_folder_say_what_is_wrong(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"encoder\.json"):
        load_encoder(tmp_path)
    encoder = saved(tmp_path, "identity_small", SMALL[0][1])
    with pytest.raises(ValueError, match="no feature maps"):
        encoder.feature_maps(torch.zeros(1, 3, 32, 32))
    with pytest.raises(ValueError, match=r"inception\.\*"):
        load_state(tmp_path, "inception")
    net = build("identity_small", SMALL[0][1])
    save_encoder(tmp_path, net, facts("resnet77", {}))
    with pytest.raises(ValueError, match="resnet77"):
        load_encoder(tmp_path)
    save_encoder(tmp_path, net, facts("identity_small", {"width": 4}))
    with pytest.raises(ValueError, match="does not take the arguments"):
        load_encoder(tmp_path)
    save_encoder(tmp_path, net, facts("identity_small", SMALL[0][1] | {"width": 8}))
    with pytest.raises(ValueError, match="of another shape"):
        load_encoder(tmp_path)
    save_encoder(tmp_path, net, facts("demo_classifier", {"width": 4, "classes": 2}))
    with pytest.raises(ValueError, match="missing"):
        load_encoder(tmp_path)
    save_encoder(tmp_path, net, facts("inception_and_alexnet", {}))
    with pytest.raises(ValueError, match="load_state"):
        load_encoder(tmp_path)


def aligned_crop(photo: Image.Image, points: np.ndarray, side: int) -> np.ndarray:
    """The crop in which the five points lie on the template as well as a similarity can put them (Umeyama 1991)."""
    template = TEMPLATE * side / 112
    a, b = template - template.mean(0), points - points.mean(0)
    u, s, vt = np.linalg.svd(b.T @ a)
    turn = np.diag([1, np.sign(np.linalg.det(u @ vt))])
    matrix = (s * np.diag(turn)).sum() / (a**2).sum() * (u @ turn @ vt)
    shift = points.mean(0) - matrix @ template.mean(0)
    data = (*matrix[0], shift[0], *matrix[1], shift[1])
    return np.asarray(photo.transform((side, side), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR))


def test_mobilefacenet_tells_real_people_apart(shared_data):
    """Settled point 27: measured, not assumed. 112-px crops of 12 people, 8 photos each."""
    state = torch.load(shared_data / "weights/mobilefacenet_foamliu_128d.pt", weights_only=True, map_location="cpu")
    net = MobileFaceNet()
    load_strictly(net, state, "mobilefacenet")
    encoder = Encoder(net, View(112, WHOLE, "pool", *IMAGENET), "mobilefacenet", "", {})
    crops, people = [], []
    with zipfile.ZipFile(shared_data / "celeba_wild_ids.zip") as archive:
        identity = dict(line.split() for line in archive.read("Anno/identity_CelebA.txt").decode().splitlines())
        lines = archive.read("Anno/list_landmarks_celeba.txt").decode().splitlines()[2:]
        points = {line.split()[0]: np.array(line.split()[1:], float).reshape(5, 2) for line in lines}
        for person in sorted(set(identity.values()), key=int)[:12]:
            for name in sorted(file for file in identity if identity[file] == person)[:8]:
                photo = Image.open(io.BytesIO(archive.read(f"img_celeba/{name}"))).convert("RGB")
                crops.append(aligned_crop(photo, points[name], 112))
                people.append(int(person))
    images = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        features = F.normalize(encoder.encode(images)).numpy()
    cosine = features @ features.T
    same = np.equal.outer(people, people) & ~np.eye(len(people), dtype=bool)
    different = ~np.equal.outer(people, people)
    print(f"same {cosine[same].mean():.3f}, different {cosine[different].mean():.3f} over {len(people)} crops")
    assert cosine[same].mean() > 0.5
    assert abs(cosine[different].mean()) < 0.06
    nearest = np.where(np.eye(len(people), dtype=bool), -2, cosine).argmax(1)
    assert (np.array(people)[nearest] == people).mean() > 0.95
