"""Perceptual distance: invariant I23, a loop and the lpips package as oracles, the networks of published measures."""

import importlib.util
import io
import json
import subprocess
import sys

import pytest
import torch
from torch import nn

from stages.metrics.pairs import count_to_pairs
from stages.metrics.perceptual import Perceptor, samples_to_pair_distances


@pytest.fixture(scope="module")
def trunk():
    torch.manual_seed(0)
    first, second = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 4, 3, stride=2, padding=1)

    def feature_maps(images):
        low = first(images).relu()
        return [low, second(low).relu()]

    return feature_maps


def pictures(count: int, side: int = 12, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def whole_hole(side: int = 12) -> torch.Tensor:
    return torch.ones(side, side, dtype=torch.uint8)


def oracle(feature_maps, a, b, heads=None) -> float:
    """One pair, layer by layer and place by place."""
    total = 0.0
    with torch.no_grad():
        both = zip(feature_maps(a[None]), feature_maps(b[None]), strict=True)
        for number, (left, right) in enumerate(both):
            _, channels, height, width = left.shape
            layer = 0.0
            for y in range(height):
                for x in range(width):
                    one, two = left[0, :, y, x], right[0, :, y, x]
                    one, two = one / (one.norm() + 1e-10), two / (two.norm() + 1e-10)
                    weights = torch.ones(channels) if heads is None else heads[number]
                    layer += float((weights * (one - two) ** 2).sum())
            total += layer / (height * width)
    return total


def test_equal_images_have_distance_zero(trunk):
    one = pictures(1).repeat(3, 1, 1, 1)
    found = samples_to_pair_distances(Perceptor(trunk, None), one, whole_hole())
    assert found.whole.tolist() == [0.0] * 3 and found.hole.tolist() == [0.0] * 3


def test_equals_the_loop_with_and_without_heads(trunk):
    samples = pictures(3)
    for heads in (None, (torch.rand(6), torch.rand(4))):
        found = samples_to_pair_distances(Perceptor(trunk, heads), samples, whole_hole()).whole
        for (i, j), value in zip(count_to_pairs(3).tolist(), found, strict=True):
            assert float(value) == pytest.approx(oracle(trunk, samples[i], samples[j], heads), rel=1e-4)


def test_symmetric_and_blind_to_order(trunk):
    samples = pictures(4)
    perceptor = Perceptor(trunk, None)
    forward = samples_to_pair_distances(perceptor, samples, whole_hole())
    backward = samples_to_pair_distances(perceptor, samples.flip(0), whole_hole())
    assert sorted(forward.whole.tolist()) == pytest.approx(sorted(backward.whole.tolist()), rel=1e-5)
    assert float(forward.hole.mean()) == pytest.approx(float(backward.hole.mean()), rel=1e-5)


def test_the_hole_alone_counts_what_lies_in_it():
    """A trunk that looks at single pixels: a difference in one quarter is all in that quarter and none outside."""
    samples = torch.full((2, 3, 8, 8), 0.5)
    samples[1, 0, :4, :4] = -0.5
    perceptor = Perceptor(lambda images: [images], None)
    inside, outside = torch.zeros(8, 8), torch.ones(8, 8)
    inside[:4, :4], outside[:4, :4] = 1, 0
    found = samples_to_pair_distances(perceptor, samples, inside)
    assert float(samples_to_pair_distances(perceptor, samples, outside).hole) == 0.0
    assert float(found.hole) == pytest.approx(4 / 3, rel=1e-5)  # (1/√3 + 1/√3)²
    assert float(found.whole) == pytest.approx(4 / 3 / 4, rel=1e-5)


def test_images_outside_their_range_are_refused(trunk):
    with pytest.raises(ValueError, match=r"\[-1, 1\]"):
        samples_to_pair_distances(Perceptor(trunk, None), (pictures(2) + 1) * 127.5, whole_hole())


def test_an_empty_or_misshapen_hole_is_refused(trunk):
    for hole in (torch.zeros(12, 12), torch.ones(6, 6)):
        with pytest.raises(ValueError, match="hole of at least one pixel"):
            samples_to_pair_distances(Perceptor(trunk, None), pictures(2), hole)


@pytest.fixture(scope="module")
def alexnet_state():
    """A made-up AlexNet under torchvision's names."""
    generator = torch.Generator().manual_seed(1)
    shapes = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}
    state = {}
    for place, (out, into, side) in shapes.items():
        state[f"features.{place}.weight"] = (
            torch.randn(out, into, side, side, generator=generator) / (into * side**2) ** 0.5
        )
        state[f"features.{place}.bias"] = torch.randn(out, generator=generator) * 0.1
    return state


def test_lpips_equals_the_package(alexnet_state):
    """The same trunk inside the lpips package, called as its users call it, gives the same numbers."""
    import lpips

    from stages.metrics.scorer import state_to_lpips

    samples = pictures(3, side=64)
    package = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    for name, parameter in package.net.named_parameters():
        parameter.data.copy_(alexnet_state["features." + name.split(".", 1)[1]])
    hole = torch.zeros(64, 64)
    hole[10:40, 20:50] = 1
    found = samples_to_pair_distances(state_to_lpips(alexnet_state), samples, hole)
    spatial = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False, spatial=True)
    spatial.net.load_state_dict(package.net.state_dict())
    with torch.no_grad():
        for (i, j), whole, inside in zip(count_to_pairs(3).tolist(), found.whole, found.hole, strict=True):
            pair = samples[i : i + 1], samples[j : j + 1]
            assert float(whole) == pytest.approx(float(package(*pair)), rel=1e-4)
            assert float(inside) == pytest.approx(float(spatial(*pair)[0, 0][hole > 0].mean()), rel=1e-4)
    assert float(found.whole.min()) > 1e-4


def test_alexnet_with_a_missing_layer_is_refused(alexnet_state):
    from stages.metrics.scorer import state_to_lpips

    part = {name: value for name, value in alexnet_state.items() if not name.startswith("features.8.")}
    with pytest.raises(ValueError, match=r"features\.8\.weight"):
        state_to_lpips(part)


def test_inception_takes_our_images_as_torch_fidelity_takes_bytes(monkeypatch):
    """A made-up state through our wrapper equals torch-fidelity's own class on the 8-bit pixels."""
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    from stages.metrics.scorer import state_to_inception

    empty = io.BytesIO()
    torch.save({}, empty)
    empty.seek(0)
    with monkeypatch.context() as patch, torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        patch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda self, state: None)
        bare = FeatureExtractorInceptionV3("bare", ["2048"], feature_extractor_weights_path=empty)
    pixels = torch.randint(0, 256, (2, 3, 40, 40), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    with torch.no_grad():
        expected = bare(pixels)[0]
        found = state_to_inception(bare.state_dict())(pixels.float() / 127.5 - 1)
    assert found.shape == (2, 2048) and float(expected.abs().max()) > 0
    assert torch.allclose(found, expected, rtol=1e-4, atol=0)
    assert not torch.allclose(found[0], expected[1], rtol=1e-2, atol=0)


def write_encoder(folder, architecture: str, arguments: dict) -> None:
    from stages.nets.encoders.load import build, save_encoder

    view = {"size_px": 64, "crop": [0, 0, 256, 256], "shrink": "bilinear", "mean": [0.5] * 3, "std": [0.5] * 3}
    facts = {"architecture": architecture, "arguments": arguments, "view": view}
    save_encoder(folder, build(architecture, arguments), facts)


@pytest.mark.parametrize(
    ("architecture", "arguments", "names"),
    [
        ("demo_classifier", {"width": 4, "classes": 3}, ("FD-demo", "PD-demo")),
        ("squeezenet1_0", {"classes": 1000}, ("FD-squeezenet1_0", "PD-squeezenet1_0")),
    ],
)
def test_other_networks_never_lend_their_measures_the_published_names(tmp_path, architecture, arguments, names):
    from stages.metrics.scorer import load_scorer

    write_encoder(tmp_path, architecture, arguments)
    scorer = load_scorer(tmp_path)
    assert (scorer.fidelity_name, scorer.diversity_name) == names
    assert scorer.fidelity_protocol["extractor"] == architecture and "none" in scorer.diversity_protocol["heads"]
    assert len(scorer.perceptor.feature_maps(pictures(2, 64))) > 1 and scorer.encode(pictures(2, 64)).ndim == 2


def test_only_inception_and_alexnet_are_called_fid_and_lpips(tmp_path, alexnet_state, monkeypatch):
    from safetensors.torch import save_file

    from stages.metrics import scorer
    from stages.nets.encoders.load import PAIR

    seen = {}
    monkeypatch.setattr(scorer, "state_to_inception", lambda state, device: seen.setdefault("inception", state))
    state = {f"alexnet.{name}": value for name, value in alexnet_state.items()} | {"inception.fc.bias": torch.ones(2)}
    save_file(state, tmp_path / "weights.safetensors")
    (tmp_path / "encoder.json").write_text(json.dumps({"architecture": PAIR}), encoding="utf-8")
    found = scorer.load_scorer(tmp_path)
    assert (found.fidelity_name, found.diversity_name) == ("FID", "LPIPS")
    assert list(seen["inception"]) == ["fc.bias"] and len(found.perceptor.heads) == 5
    assert len(found.fidelity_protocol["extractor_sha256"]) == 64


def test_importing_metrics_imports_neither_torchvision_nor_torch_fidelity():
    """Both cost seconds; only the functions that need them may import them."""
    assert importlib.util.find_spec("torchvision") is not None
    code = (
        "import sys; from stages.metrics import angle, frechet, perceptual, scorer;"
        "print([name for name in ('torchvision', 'torch_fidelity', 'lpips') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
