"""The deep image prior: its size, what it never sees, how it learns, goes on, and keeps photos apart."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from stages.data.files import read_json, write_json
from stages.data.prepared.packed import Packed
from stages.engine.chance import Chance
from stages.engine.state import Interrupted
from stages.engine.world import World, settle
from stages.papers.onegan.choosing import photos_for
from stages.papers.onegan.methods.prior import method as prior
from stages.papers.onegan.methods.prior.holes import holes_for
from stages.papers.onegan.methods.prior.nets import Prior
from stages.papers.onegan.work import prior_work
from tests.papers.onegan_painted import (
    MASKED,
    PREDICTED,
    SPLITS,
    WORLD,
    disc,
    drawn_boxes,
    fitted,
    prior_block,
    sampled,
)

FILES = ("weights.safetensors", "images.npy", "losses.npy", "holes.npy", "keys.json", "curve.csv")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> dict[str, Path]:
    settle(torch.device("cpu"))
    folder = tmp_path_factory.mktemp("boxes")
    data = drawn_boxes(folder / "data")
    return {"data": data, "sample": sampled(folder / "sample", Packed.open(data))}


@pytest.fixture(scope="module")
def data(inputs) -> Packed:
    return Packed.open(inputs["data"])


def same(first: Path, second: Path) -> bool:
    return all((first / name).read_bytes() == (second / name).read_bytes() for name in FILES)


@pytest.mark.parametrize("profile, count", [("paper", 3_002_627), ("lite", 3_002_627), ("demo", 28_867)])
def test_the_size_of_the_network(profile, count):
    block = prior_block(profile)
    with torch.device("meta"):
        net = Prior(block.input_channels, block.channels, block.scales, block.leak)
        made = net(torch.zeros(1, block.input_channels, block.size_px, block.size_px))
    assert sum(one.numel() for one in net.parameters()) == count and not list(net.buffers())
    assert made.shape == (1, 3, block.size_px, block.size_px)


def test_what_the_text_says_stands_in_the_paper_profile():
    block = prior_block("paper")
    assert (block.iterations, block.learning_rate, block.step_noise, block.input_range) == (1000, 0.01, 0.03, 0.1)
    assert round(prior_work(block.model_dump(), "meta") / 1e9, 2) == 8.11


def test_work_by_hand():
    """One scale, one channel, 4 px: beside 16, down 4 x 9 twice, up 16 x 18 and 16, colours 16 x 3."""
    block = prior_block(size_px=32, scales=1, channels=1, input_channels=1)
    assert prior_work(block.model_dump(), "meta") == 64 * (16 + 36 + 36 + 288 + 16 + 48)


def test_a_plain_computation_of_one_scale():
    """Layer by layer with torch's functions, from the same weights."""
    torch.manual_seed(3)
    net, x = Prior(2, 3, 1, 0.2), torch.rand(1, 2, 8, 8)
    weights = dict(net.named_parameters())
    functional = torch.nn.functional

    def norm(y, name):
        centred = y - y.mean((0, 2, 3), keepdim=True)
        unit = centred / (centred.square().mean((0, 2, 3), keepdim=True) + 1e-5).sqrt()
        return unit * weights[f"{name}.weight"].view(1, -1, 1, 1) + weights[f"{name}.bias"].view(1, -1, 1, 1)

    def conv(y, name, stride=1):
        weight = weights[f"{name}.0.weight"]
        y = functional.pad(y, [weight.shape[-1] // 2] * 4, "reflect")
        y = norm(functional.conv2d(y, weight, weights[f"{name}.0.bias"], stride), f"{name}.1")
        return torch.where(y > 0, y, 0.2 * y)

    below = conv(conv(x, "scales.down.0", 2), "scales.down.1").repeat_interleave(2, 2).repeat_interleave(2, 3)
    joined = norm(torch.cat([conv(x, "scales.beside"), below], 1), "scales.joined")
    out = conv(conv(joined, "scales.out.0"), "scales.out.1")
    colours = functional.conv2d(out, weights["colours.weight"], weights["colours.bias"])
    assert torch.allclose(net(x), 1 / (1 + torch.exp(-colours)), atol=1e-5)
    assert torch.equal(net(x), net.eval()(x)), "a made picture is normed by its own statistics in every mode"


def test_photos_come_by_the_hash_of_their_keys(data):
    able = [key for key, split, masked in zip(data.keys, SPLITS, MASKED, strict=True) if split == "test" and masked]
    expected = sorted(able, key=lambda key: hashlib.sha256(key.encode()).digest())
    for count in (1, 2, len(able)):
        assert [data.keys[place] for place in photos_for(data, count)] == expected[:count]
    assert [data.keys[place] for place in photos_for(data, 1, ("6.png", "3.png"))] == ["6.png", "3.png"]
    with pytest.raises(ValueError, match=r"key photos: expected at most 4.*came 5"):
        photos_for(data, 5)
    for stranger in ("4.png", "0.png", "elsewhere.png"):  # without a mask, of training, of no set
        with pytest.raises(ValueError, match=rf"key ids: .*came '{stranger}'"):
            photos_for(data, 1, ("3.png", stranger))


def test_holes_by_hand(data, inputs, tmp_path):
    positions = photos_for(data, 3)
    real = holes_for(prior_block(), data, positions, inputs)
    assert np.array_equal(real, np.stack([disc(int(place), 6.5) for place in positions]))
    found = holes_for(prior_block(hole="predicted"), data, positions, inputs)
    expected = np.stack([disc(int(place), 3.0) for place in positions])
    expected[:, 0, :4] = [level > 127 for level in PREDICTED]
    assert np.array_equal(found, expected) and found.dtype == np.uint8
    short = tmp_path / "short"
    short.mkdir()
    np.save(short / "predicted_mask.npy", np.load(inputs["sample"] / "predicted_mask.npy")[:1])
    write_json(short / "sample.json", {"predicted_keys": ["7.png"]})
    with pytest.raises(ValueError, match=r"expected predicted masks of 32 px.*sample the model on these data"):
        holes_for(prior_block(hole="predicted"), data, positions, {"sample": short})


def test_the_loss_of_a_step_by_hand(inputs, data):
    """mean((f(z + n) - x)^2 k) with the photo's own input and the step's noise; the memory keeps what was made."""
    block = prior_block(photos=2)
    method, source = prior.for_training(block, inputs, 0, WORLD)
    batch, net = source.batch(5), method.nets["photo_01"]
    terms = method.losses(method.phases(5)[0], batch, {}, Chance(0, 5, WORLD), 5)
    key, place = method.keys[1], photos_for(data, 2)[1]
    noise = Chance(0, 5, WORLD).shared_normal(f"noise/{key}", 1, 8, 32, 32)
    made = net(method.inputs[1] + block.step_noise * noise)[0]
    photo = torch.from_numpy(data.images[place].transpose(2, 0, 1).astype(np.float32)) / 255
    keep = torch.from_numpy(1.0 - data.array("cover")[place]).float()
    by_hand = (((made - photo) * keep) ** 2).sum() / (3 * 32 * 32)
    losses = method.memory["losses"]
    assert torch.allclose(losses[1, 1], by_hand, rtol=1e-5) and losses[1, 0] == 0, "not the first step"
    assert torch.allclose(terms["prior/masked"], losses[:, 1].sum())
    assert terms["prior/stat/greatest"] == losses[:, 1].max()
    assert torch.equal(method.memory["pictures"][1], made)
    assert method.inputs[1].min() >= 0 and 0.099 < method.inputs[1].max() <= 0.1
    assert not torch.equal(method.inputs[0], method.inputs[1])


def test_pixels_under_the_hole_change_no_byte(inputs, data, tmp_path):
    """And one pixel beside it does."""
    block = prior_block(photos=2, iterations=6)
    images, holes = np.array(data.images[photos_for(data, 2)]), holes_for(block, data, photos_for(data, 2), inputs)
    run = {}
    for name, changed in {"hidden": holes > 0, "seen": np.zeros_like(holes, bool)}.items():
        folder = drawn_boxes(tmp_path / name)
        pack = np.load(folder / "images.npy")
        other = images.copy()
        other[changed] = 255 - other[changed]
        if name == "seen":
            other[0, 0, 0] = 255 - other[0, 0, 0]
        pack[photos_for(data, 2)] = other
        np.save(folder / "images.npy", pack)
        run[name] = fitted(block, {"data": folder}, tmp_path / f"{name}_out")
    plain = fitted(block, inputs, tmp_path / "plain")
    assert same(plain, run["hidden"]) and not same(plain, run["seen"])


def test_a_stopped_run_goes_on_to_the_same_bytes(inputs, tmp_path):
    block = prior_block(photos=2, iterations=7, keep_every=100, tick_every=2)
    whole, parts = fitted(block, inputs, tmp_path / "whole"), tmp_path / "parts"
    with pytest.raises(Interrupted):
        fitted(block, inputs, parts, stop_at=4)
    assert not (parts / "images.npy").exists()
    fitted(block, inputs, parts)
    assert same(whole, parts)
    assert not same(whole, fitted(block, inputs, tmp_path / "other", seed=1))


def test_each_photo_is_fitted_as_if_alone(inputs, tmp_path):
    """Photos of a batch share neither weights, noise nor moments."""
    block = prior_block(photos=3, iterations=5)
    together = fitted(block, inputs, tmp_path / "together")
    keys = read_json(together / "keys.json")["keys"]
    images, losses = np.load(together / "images.npy"), np.load(together / "losses.npy")
    for place, key in enumerate(keys):
        alone = fitted(prior_block(ids=(key,), iterations=5), inputs, tmp_path / key)
        assert np.array_equal(np.load(alone / "images.npy")[0], images[place])
        assert np.array_equal(np.load(alone / "losses.npy")[0], losses[place])
    assert len({image.tobytes() for image in images}) == 3


def test_every_process_fits_all_photos_with_the_same_draws(inputs):
    found = []
    for world in (WORLD, World(0, 2, WORLD.device), World(1, 2, WORLD.device)):
        method, source = prior.for_training(prior_block(photos=2), inputs, 0, world)
        assert source.size == world.size
        method.losses(method.phases(3)[0], source.batch(3), {}, Chance(0, 3, world), 3)
        found.append(method.memory["pictures"])
    assert torch.equal(found[0], found[1]) and torch.equal(found[0], found[2])


def test_the_loss_falls_below_a_tenth(inputs, tmp_path):
    """Outside of the hole, on stripes; the first loss is that of fresh weights."""
    out = fitted(prior_block(photos=1, iterations=250), inputs, tmp_path / "long")
    ((first, last),) = np.load(out / "losses.npy")
    assert last < 0.1 * first


def test_the_last_output_is_what_the_last_step_made(inputs, tmp_path):
    """After one step: the picture of the first weights, before they moved, rounded to 8 bits."""
    out = fitted(prior_block(photos=2, iterations=1), inputs, tmp_path / "once")
    method, source = prior.for_training(prior_block(photos=2), inputs, 0, WORLD)
    method.losses(method.phases(0)[0], source.batch(0), {}, Chance(0, 0, WORLD), 0)
    expected = (method.memory["pictures"].numpy() * 255).round().astype(np.uint8).transpose(0, 2, 3, 1)
    assert np.array_equal(np.load(out / "images.npy"), expected)
    losses = np.load(out / "losses.npy")
    assert losses.dtype == np.float32 and np.array_equal(losses[:, 0], losses[:, 1]) and (losses > 0).all()


def test_blocks_that_do_not_fit(inputs):
    with pytest.raises(ValueError, match="scales: expected size_px to be at least 2 cells after 5 halvings"):
        prior_block(scales=5)
    with pytest.raises(ValueError, match=r"size_px: expected 32, the side of .*came 64"):
        prior.for_training(prior_block(size_px=64), inputs, 0, WORLD)
