"""Painted grounds: scores by hand, a whole measure against plain computations, and DIP against one mean colour."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from stages.data.extras import background_name
from stages.data.files import read_json, write_json
from stages.data.image import decode_upright
from stages.data.prepared.packed import Packed
from stages.draw.scenes.bird_boxes import Block as Scene
from stages.draw.scenes.boxed import Drawn, write_photo
from stages.engine.world import settle
from stages.papers.onegan import inpainting, painted
from stages.papers.onegan.encoders import BackgroundEncoder, ContentEncoder, StyleEncoder
from stages.papers.onegan.generator import Generator
from stages.papers.onegan.looking import Looking
from stages.papers.onegan.methods.gan.paths import Model, reconstruct
from stages.papers.onegan.work import multiply_accumulates, prior_work
from tests.contract.prepared import block_of
from tests.papers.onegan_made import gan_block, trained
from tests.papers.onegan_painted import disc, drawn_boxes, fitted, prior_block, sampled, striped

METHODS = [f"{who}_{kind}" for who in ("onegan", "dip", "mean_colour") for kind in ("real", "predicted")]
ROWS = ("original", "hole_real", "hole_predicted", "onegan", "dip_real", "dip_predicted")


def block(**changes) -> inpainting.Block:
    names = ("onegan.inpainting.base", "onegan.inpainting.profile.smoke")
    found = block_of("stages.papers.onegan.inpainting", *names)
    return inpainting.Block.model_validate(found.model_dump() | changes, strict=False)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> dict[str, Path]:
    """A drawn set, a model with fresh weights, and priors after three steps."""
    settle(torch.device("cpu"))
    folder = tmp_path_factory.mktemp("boxes")
    found = {"data": drawn_boxes(folder / "data"), "model": trained(folder / "model")}
    found["sample"] = sampled(folder / "sample", Packed.open(found["data"]))
    for kind in ("real", "predicted"):
        found[f"prior_{kind}"] = fitted(prior_block("smoke", kind, photos=3), found, folder / kind)
    return found


def measured(inputs: dict[str, Path], out: Path, **changes) -> dict:
    out.mkdir()
    inpainting.measure(block(**changes), inputs, out, "cpu", lambda *words: None)
    return read_json(out / "score.json")


@pytest.fixture(scope="module")
def score(inputs, tmp_path_factory) -> tuple[dict, Path]:
    out = tmp_path_factory.mktemp("score") / "out"
    return measured(inputs, out), out


def value(score: dict, method: str, metric: str) -> float:
    (found,) = (row for row in score["values"] if (row["method"], row["metric"]) == (method, metric))
    return found["value"]


def test_scores_by_hand():
    """A region of one pixel, off by 51 of 255 in one channel: MSE .04 / 3, L1 .2 / 3; the rest is off and unseen."""
    truth = np.full((2, 2, 2, 3), 100, np.uint8)
    made = truth.copy()
    made[0, 0, 0, 1] += 51
    made[0, 1, 1] = 0
    region = np.zeros((2, 2, 2), np.uint8)
    region[:, 0, 0] = 1
    assert np.allclose(painted.region_to_psnr(made, truth, region), [10 * np.log10(75), 10 * np.log10(12 * 255**2)])
    assert np.allclose(painted.region_to_l1(made, truth, region), [0.2 / 3, 0])
    with pytest.raises(ValueError, match="at least one pixel, came none in picture 1"):
        painted.region_to_l1(made, truth, region * np.array([1, 0], np.uint8)[:, None, None])


def test_fillings_by_hand():
    photo = np.array([[[[10, 0, 0], [21, 0, 4]], [[200, 9, 9], [7, 7, 7]]]], np.uint8)
    hole = np.array([[[0, 0], [1, 1]]], np.uint8)
    filled = painted.mean_coloured(photo, hole)
    assert filled[0, 1].tolist() == [[16, 0, 2]] * 2, "(10 + 21) / 2 = 15.5 goes to the even level"
    assert np.array_equal(filled[0, 0], photo[0, 0])
    assert set(painted.mean_coloured(photo, np.ones_like(hole)).ravel()) == {128}
    assert painted.blanked(photo, hole, (255, 0, 1))[0, 1].tolist() == [[255, 0, 1]] * 2
    other = 255 - photo
    whole = painted.composited(photo, other, hole)
    assert np.array_equal(whole[0, 0], photo[0, 0]) and np.array_equal(whole[0, 1], other[0, 1])
    assert painted.covered(hole, np.array([[[1, 1], [1, 0]]])).tolist() == [1 / 3]
    with pytest.raises(ValueError, match="expected an object in every mask, came none in picture 0"):
        painted.covered(hole, np.zeros((1, 2, 2)))


def test_work_is_counted_where_it_is_done():
    """A convolution that runs twice counts twice, one that does not run does not, norms never."""
    conv, idle, linear, norm = nn.Conv2d(2, 3, 3, 2, 1), nn.Conv2d(2, 3, 3), nn.Linear(5, 7), nn.BatchNorm2d(2)
    net = nn.ModuleList([conv, idle, linear, norm])

    def call():
        conv(norm(torch.zeros(1, 2, 8, 8)))
        conv(torch.zeros(2, 2, 8, 8))
        linear(torch.zeros(4, 5))

    assert multiply_accumulates(call, [net]) == 3 * (3 * 16) * (2 * 9) + 4 * 7 * 5
    assert all(not part._forward_hooks for part in net.modules())


def test_one_pass_replaces_a_thousand_steps():
    """O10 at the printed size: 16.08 G of OneGAN's pass, 8.11 G x 3 x 1,000 of the prior; 1,513.5 times."""
    keys = gan_block(profile="paper")
    with torch.device("meta"):
        nets = Generator(keys), StyleEncoder(keys), ContentEncoder(keys), BackgroundEncoder(keys)
        photo = torch.zeros(1, 3, 128, 128)
    one = multiply_accumulates(lambda: reconstruct(Model(*nets, keys), photo), nets)
    prior = prior_block("paper")
    assert round(one / 1e9, 2) == 16.08
    assert 3 * prior.iterations * prior_work(prior.model_dump(), "meta") / one == pytest.approx(1513.5, abs=0.05)


def test_every_row_of_the_contract(score, inputs):
    found, out = score
    metrics = {"PSNR_inside", "L1_inside", "L1_outside", "residual_object", "judged_real"}
    held = {(row["method"], row["metric"]) for row in found["values"]}
    expected = {(method, metric) for method in METHODS for metric in metrics}
    expected |= {(f"{who}_{kind}", "macs") for who in ("onegan", "dip") for kind in ("real", "predicted")}
    expected |= {(f"dip_{kind}", metric) for kind in ("real", "predicted")
                 for metric in ("L1_outside_composited", "first_loss", "last_loss")}  # fmt: skip
    expected |= {("original", "residual_object"), ("original", "judged_real")}
    expected |= {("hole_real", "object_covered"), ("hole_predicted", "object_covered")}
    assert held == expected and len(found["values"]) == len(expected) and found["absent"] == {}
    keys = read_json(inputs["prior_real"] / "keys.json")["keys"]
    assert (found["keys"], found["steps"], found["seed"], found["data"]) == (keys, 3, 0, "bird_boxes")
    assert all(len(found["psnr"][method]) == 3 for method in METHODS)
    assert {path.name for path in out.iterdir()} == {"score.json", *(f"fig4_{row}.npy" for row in ROWS)}
    for row in ROWS:
        held = np.load(out / f"fig4_{row}.npy")
        assert held.shape == (3, 32, 32, 3) and held.dtype == np.uint8


def test_numbers_against_plain_computations(score, inputs):
    found, out = score
    numbers = [int(key.removesuffix(".png")) for key in found["keys"]]
    ground, exact = np.stack([striped(n) for n in numbers]), np.stack([disc(n) for n in numbers]) > 0
    made = np.load(inputs["prior_predicted"] / "images.npy")
    hole = np.load(inputs["prior_predicted"] / "holes.npy")
    off = [((a[w] / 255 - b[w] / 255) ** 2).mean() for a, b, w in zip(made, ground, exact, strict=True)]
    assert value(score[0], "dip_predicted", "PSNR_inside") == pytest.approx(np.mean(-10 * np.log10(off)))
    assert found["psnr"]["dip_predicted"] == pytest.approx((-10 * np.log10(off)).tolist())
    photos = np.load(out / "fig4_original.npy")
    kept = [abs(a[h == 0] / 255 - b[h == 0] / 255).mean() for a, b, h in zip(made, photos, hole, strict=True)]
    assert value(found, "dip_predicted", "L1_outside") == pytest.approx(np.mean(kept))
    assert value(found, "dip_real", "L1_outside_composited") == 0 < value(found, "onegan_predicted", "L1_outside")
    assert value(found, "hole_real", "object_covered") == 1 > value(found, "hole_predicted", "object_covered")
    losses = np.load(inputs["prior_real"] / "losses.npy")
    assert value(found, "dip_real", "last_loss") == pytest.approx(losses[:, 1].mean())
    assert np.array_equal(np.load(out / "fig4_dip_predicted.npy"), made)
    blank = np.load(out / "fig4_hole_predicted.npy")
    assert (blank[hole > 0] == 255).all() and np.array_equal(blank[hole == 0], photos[hole == 0])
    work = found["macs"]
    assert value(found, "dip_real", "macs") == 3 * 3 * work["dip_pass"]
    assert work["ratio"] == pytest.approx(9 * work["dip_pass"] / work["onegan_pass"])


def test_what_onegan_paints_and_sees(score, inputs):
    """The background layer of path R, by the predicted mask or by the real one; its mask of what others painted."""
    found, out = score
    data = Packed.open(inputs["data"])
    looking, photos = Looking(inputs["model"], data, 0.5, "cpu"), np.load(out / "fig4_original.npy")
    image = torch.from_numpy(photos.transpose(0, 3, 1, 2).astype(np.float32)) / 127.5 - 1
    hole = torch.from_numpy(np.load(inputs["prior_real"] / "holes.npy")).float()[:, None]
    with torch.no_grad():
        plain = reconstruct(looking.trained.model, image).background
        given = reconstruct(looking.trained.model, image, mask_given=hole).background
    for layer, made in ((plain, looking.ground(photos)), (given, looking.ground(photos, hole[:, 0].numpy()))):
        assert np.abs((layer.permute(0, 2, 3, 1).numpy() + 1) * 127.5 - made).max() <= 0.51
    assert not torch.equal(plain, given)
    assert np.array_equal(np.load(out / "fig4_onegan.npy"), looking.ground(photos))
    masks, objects = looking.masks(photos), np.stack([disc(int(key.removesuffix(".png"))) for key in found["keys"]]) > 0
    overlap = (masks & objects).sum((1, 2)) / (masks | objects).sum((1, 2))
    assert value(found, "original", "residual_object") == pytest.approx(overlap.mean(), abs=1e-6)


def test_the_judge_counts_patches_by_their_share_of_the_object(inputs, monkeypatch):
    """Head B made a ramp: weights by plain loops over patches of 34 of 62 pixels, 29 x 29 of them as the judge has."""
    looking = Looking(inputs["model"], Packed.open(inputs["data"]), 0.5, "cpu")
    judge = looking.trained.judges.background
    seen = judge(torch.zeros(1, 3, 32, 32)).kind.shape[-1]
    ramp = torch.arange(seen * seen, dtype=torch.float32).view(1, seen, seen) / 10 - 2

    class Ramp(nn.Module):
        def forward(self, image):
            return judge(image)._replace(kind=ramp.expand(len(image), -1, -1))

    monkeypatch.setattr(looking, "trained", looking.trained._replace(
        judges=looking.trained.judges._replace(background=Ramp())))  # fmt: skip
    region = np.zeros((1, 32, 32), np.uint8)
    region[0, 3:9, 20:30] = 1
    large = region[0][np.arange(62) * 32 // 62][:, np.arange(62) * 32 // 62]
    weights = np.array(
        [[large[4 * i : 4 * i + 34, 4 * j : 4 * j + 34].mean() for j in range(seen)] for i in range(seen)]
    )
    expected = (weights / (1 + np.exp(-ramp[0].double().numpy()))).sum() / weights.sum()
    assert looking.judged(np.zeros((1, 32, 32, 3), np.uint8), region) == pytest.approx([expected])


def test_real_photos_have_no_ground(inputs, tmp_path):
    """The rows are absent with a reason; what needs no truth is measured all the same."""
    real = inputs | {"data": drawn_boxes(tmp_path / "data", truths=False)}
    found = measured(real, tmp_path / "out")
    assert set(found["absent"]) == {"PSNR_inside", "L1_inside"} and found["psnr"] == {}
    assert "not known" in found["absent"]["PSNR_inside"]
    held = {row["metric"] for row in found["values"]}
    assert not held & set(found["absent"]) and {"residual_object", "L1_outside", "macs"} <= held


def test_a_hole_that_is_the_whole_photo(inputs, tmp_path):
    """Grey masks of a short training may cover everything: nothing lies outside, and the mean colour is grey."""
    sample = sampled(tmp_path / "sample", Packed.open(inputs["data"]))
    np.save(sample / "predicted_mask.npy", np.full((5, 32, 32), 255, np.uint8))
    full = inputs | {"sample": sample}
    full["prior_predicted"] = fitted(prior_block("smoke", "predicted", photos=3), full, tmp_path / "full")
    found = measured(full, tmp_path / "out")
    assert "L1_outside" in found["absent"] and value(found, "hole_predicted", "object_covered") == 1
    assert value(found, "dip_predicted", "first_loss") == 0 and np.isfinite(value(found, "dip_real", "L1_outside"))


@pytest.mark.parametrize("key, changed", [("hole", "predicted"), ("data", "dog_boxes"), ("method", "gan")])
def test_a_prior_of_something_else_is_refused(inputs, tmp_path, key, changed):
    folder = tmp_path / "prior"
    folder.mkdir()
    for file in inputs["prior_real"].glob("*.*"):
        (folder / file.name).write_bytes(file.read_bytes())
    facts = json.loads((folder / "model.json").read_text())
    (facts["block"] if key == "hole" else facts)[key] = changed
    write_json(folder / "model.json", facts)
    with pytest.raises(ValueError, match=f"expected onegan prior bird_boxes real holes, came .*{changed}"):
        measured(inputs | {"prior_real": folder}, tmp_path / "out")


def test_priors_of_other_photos_are_refused(inputs, tmp_path):
    other = fitted(prior_block("smoke", "predicted", photos=2), inputs, tmp_path / "two")
    with pytest.raises(ValueError, match=r"expected the photos .*came "):
        measured(inputs | {"prior_predicted": other}, tmp_path / "out")


def test_the_prior_goes_on_with_stripes_that_a_colour_cannot(inputs, tmp_path):
    """A hole in stripes: inside, the prior comes nearer to the ground than the mean colour of what is around it."""
    data = Packed.open(inputs["data"])
    out = fitted(prior_block("demo", photos=1, iterations=300), inputs, tmp_path / "stripes")
    (key,) = read_json(out / "keys.json")["keys"]
    number, hole = int(key.removesuffix(".png")), np.load(out / "holes.npy")
    ground = striped(number)[None]
    photo = data.images[data.keys.index(key)][None]
    ours, flat = (painted.region_to_psnr(made, ground, hole)[0]
                  for made in (np.load(out / "images.npy"), painted.mean_coloured(photo, hole)))  # fmt: skip
    assert ours > flat


@pytest.mark.parametrize("kind", ["", "grey", "sixteen_bit", "cmyk", "rotated"])
def test_the_drawn_ground_has_the_colours_of_its_photo(tmp_path, kind):
    """A photo without colours has a ground without colours, else no painting could come near to it."""
    ground, mask = np.full((40, 40, 3), (200, 90, 30), np.uint8), np.zeros((40, 40), bool)
    mask[10:20, 10:20] = True
    layers = [f"{home}.bird_boxes.{layer}" for home in ("raw", "supply") for layer in ("base", "profile.smoke")]
    scene = Scene.model_validate(block_of("stages.draw.scenes.bird_boxes", *layers).model_dump(), strict=False)
    write_photo(tmp_path, scene, "a/b.jpg", Drawn(ground, ground, mask, {}), kind)
    photo, known = (decode_upright((tmp_path / name).read_bytes()) for name in ("a/b.jpg", background_name("a/b.jpg")))
    assert np.abs(photo.astype(int) - known).max() <= 2
    assert (known[..., 0] == known[..., 2]).all() == (kind in ("grey", "sixteen_bit"))
