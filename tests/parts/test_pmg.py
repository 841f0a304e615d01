"""PMG: jigsaw, pooling, feature, and the four updates of a batch."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from stages.engine.chance import Chance
from stages.engine.loop import Run
from stages.engine.world import World
from stages.nets.encoders.pmg import PMG, jigsaw
from stages.runner.layers import merge, validate
from stages.runner.params import load
from stages.teachers.common import random_crops
from stages.teachers.pmg import Block, PMGMethod

PARAMS = load(Path(__file__).resolve().parents[2])
SMALL = {"trunk": "resnet10", "width": 4, "stem": "imagenet", "hidden": 6, "classes": 3, "feature": "penultimate"}


def block(**changes) -> Block:
    """The smoke profile with the published jigsaw and rates; every test changes what it is about."""
    names = ("teacher.pmg.base", "teacher.pmg.who.bird", "teacher.pmg.profile.smoke", "teacher.pmg.form.smoke.bird")
    published = {
        "jigsaw": [8, 4, 2],
        "trunk_rate": 0.1,
        "learning_rate": 0.02,
        "epochs": 2,
        "iterations": 4,
        "batch": 4,
    }
    return validate(Block, merge(PARAMS, names) | published | changes, names)


class Rows:
    """Four images of three classes, the same at every step."""

    size = 4

    def batch(self, step):
        images = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(step))
        return {"image": images.clamp(-1, 1), "label_species": torch.tensor([5, 7, 9, 5])}


@settings(max_examples=25, deadline=None)
@given(n=st.sampled_from([1, 2, 4, 8]), seed=st.integers(0, 10_000))
def test_jigsaw_keeps_the_multiset_of_blocks_and_one_places_them(n, seed):
    side = 16
    images = torch.arange(2 * 3 * side * side, dtype=torch.float32).reshape(2, 3, side, side)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(n * n))
    got = jigsaw(images, order)
    block_px = side // n

    def cut(picture, place):
        y, x = divmod(place, n)
        return picture[:, y * block_px : (y + 1) * block_px, x * block_px : (x + 1) * block_px]

    for image, puzzle in zip(images, got, strict=True):  # the same permutation for each image, channels together
        for place in range(n * n):
            assert torch.equal(cut(puzzle, place), cut(image, int(order[place])))
    assert torch.equal(got.flatten().sort().values, images.flatten())
    if n == 1:
        assert torch.equal(got, images)


def test_jigsaw_equals_the_published_swaps():
    """The public code swaps block (0, 0) with each block of a shuffled list in turn: one permutation of blocks."""
    n, side = 4, 16
    image = torch.randn(1, 3, side, side)
    cells = np.random.default_rng(3).permutation(n * n)
    places = list(range(n * n))
    swapped = image.clone()
    for cell in cells:
        y, x = (int(v) * 4 for v in divmod(int(cell), n))
        first = swapped[..., 0:4, 0:4].clone()
        swapped[..., 0:4, 0:4] = swapped[..., y : y + 4, x : x + 4].clone()
        swapped[..., y : y + 4, x : x + 4] = first
        places[0], places[cell] = places[cell], places[0]
    assert torch.equal(jigsaw(image, torch.tensor(places)), swapped)


def test_jigsaw_refuses_what_is_no_permutation_of_whole_blocks():
    image = torch.zeros(1, 3, 32, 32)
    with pytest.raises(ValueError, match="permutation"):
        jigsaw(image, torch.tensor([0, 1, 2, 2]))
    with pytest.raises(ValueError, match="permutation"):
        jigsaw(image, torch.tensor([0, 1, 2]))
    with pytest.raises(ValueError, match="divides"):
        jigsaw(torch.zeros(1, 3, 30, 30), torch.arange(16))


def test_global_max_pool_equals_the_official_kernels_at_448():
    """At 448 px the maps are 56, 28 and 14 wide, as the official pool kernels."""
    net = PMG(**SMALL).eval()
    with torch.no_grad():
        x = torch.randn(1, 3, 448, 448)
        maps = net.features.feature_maps(x)
        assert [m.shape[-1] for m in maps[1:]] == [56, 28, 14]
        for branch, (kernel, pooled) in enumerate(zip((56, 28, 14), net.pooled(x), strict=True), 1):
            before = getattr(net, f"conv_block{branch}")(maps[branch])
            assert torch.equal(nn.MaxPool2d(kernel, kernel)(before).flatten(1), pooled)


def test_published_widths_and_parameter_count():
    net = PMG("resnet50", 64, "imagenet", 512, 200, "penultimate")
    assert net.features.channels[1:] == [512, 1024, 2048]
    trunk = 25_557_032 - (2048 * 1000 + 1000)  # torchvision's resnet50 without its classifier

    def head(channels):
        return 2 * channels + channels * 512 + 512 + 2 * 512 + 512 * 200 + 200

    blocks = sum(c * 512 + 2 * 512 + 512 * 1024 * 9 + 2 * 1024 for c in (512, 1024, 2048))
    assert sum(p.numel() for p in net.parameters()) == trunk + blocks + 3 * head(1024) + head(3072)
    small = net.conv_block1[1].bn
    assert (small.eps, small.momentum) == (1e-5, 0.01)


def test_feature_is_the_penultimate_after_elu_or_the_concatenation():
    net = PMG(**SMALL).eval()
    x = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        feature = net.embed(x)
        assert feature.shape == (2, 6)
        assert feature.min() > -1
        torch.testing.assert_close(net.classifier_concat[4](feature), net(x)[3])
        net.feature = "concat"
        assert net.embed(x).shape == (2, 36)
        assert torch.equal(net.embed(x), torch.cat(net.pooled(x), 1))
    with pytest.raises(ValueError, match="feature"):
        PMG(**(SMALL | {"feature": "logits"}))


def test_a_batch_takes_four_updates_and_each_branch_gets_its_own(tmp_path):
    method = PMGMethod(block(), PMG(**SMALL), np.array([5, 7, 9]))
    run = Run(method, Rows(), method.block, 0, World.single(), tmp_path)
    net = method.nets["net"]
    moved: list[set[str]] = []
    update = run._update

    def watched(phase, terms, keep_graph):
        before = {name: value.detach().clone() for name, value in net.named_parameters()}
        values = update(phase, terms, keep_graph)
        moved.append(
            {name.split(".")[0] for name, value in net.named_parameters() if not torch.equal(before[name], value)}
        )
        return values

    run._update = watched
    run.step(Rows().batch(0))
    assert len(moved) == 4
    for branch in (1, 2, 3):
        assert moved[branch - 1] == {"features", f"conv_block{branch}", f"classifier{branch}"}
    assert moved[3] == {"features", "conv_block1", "conv_block2", "conv_block3", "classifier_concat"}
    assert [phase.name for phase in method.phases(0)] == ["branch1", "branch2", "branch3", "concat"]


def test_losses_are_the_published_ones():
    method = PMGMethod(block(crop_padding_px=0), PMG(**SMALL).eval(), np.array([5, 7, 9]))
    batch, chance = Rows().batch(0), Chance(0, 0, World.single())
    classes = torch.tensor([0, 1, 2, 0])
    terms = [method.losses(phase, batch, {}, chance, 0) for phase in method.phases(0)]
    whole = method.nets["net"](batch["image"])[3]  # mean and std 0.5 leave [-1, 1] as it is
    expected = 2 * nn.functional.cross_entropy(whole, classes)
    torch.testing.assert_close(terms[3]["net/concat"], expected)
    puzzle = jigsaw(batch["image"], chance.permutation("branch2/jigsaw", 16))
    expected = nn.functional.cross_entropy(method.nets["net"](puzzle)[1], classes)
    torch.testing.assert_close(terms[1]["net/branch2"], expected)


def test_learning_rates_fall_by_a_cosine_of_the_epoch_in_two_groups():
    method = PMGMethod(block(iterations=400, epochs=200), PMG(**SMALL), np.array([5, 7, 9]))
    assert method.rate(0) == method.rate(1) == 1  # constant within an epoch of two steps
    for epoch in (1, 50, 100, 199):
        assert method.rate(2 * epoch) == pytest.approx((1 + math.cos(math.pi * epoch / 200)) / 2)
    descent = method.descents["net"]
    assert (descent.kind, descent.learning_rate, descent.momentum, descent.weight_decay) == ("sgd", 0.02, 0.9, 5e-4)
    assert descent.scale == {"net.features": 0.1}
    assert any(name.startswith("features.") for name, _ in method.nets["net"].named_parameters())


def test_random_crops_are_windows_of_the_padded_image():
    images = torch.rand(3, 3, 8, 8) * 2 - 1
    padded = nn.functional.pad(images, (2, 2, 2, 2), value=-1.0)
    crops = random_crops(images, torch.tensor([[0.0, 0.0], [0.999, 0.999], [0.5, 0.0]]), 8, 2)
    assert torch.equal(crops[0], padded[0, :, :8, :8])
    assert torch.equal(crops[1], padded[1, :, 4:, 4:])
    assert torch.equal(crops[2], padded[2, :, 2:10, :8])
    with pytest.raises(ValueError, match="at least"):
        random_crops(images, torch.zeros(3, 2), 16, 2)
