"""SPADE and its losses: conditions, the order of updates, each comparison against a plain computation."""

import numpy as np
import pytest
import torch

from stages.data.pose_maps import condition as drawn_condition
from stages.data.prepared.packed import Packed
from stages.data.prepared.posed import PosedSource
from stages.engine.chance import Chance
from stages.engine.loop import Run
from stages.engine.world import World, settle
from stages.losses.matching import contextual
from stages.nets.patch_head import rows_at
from stages.papers.monce.conditions import condition_of
from stages.papers.monce.methods.spade import method as spade
from tests.papers.monce_blocks import drawn_pack, fresh_vgg, monce_block, plain_loss

WORLD = World.single()
CHANNELS = {"rooms": 151, "face_parts": 19, "people": 20}


@pytest.fixture(scope="module")
def packs(tmp_path_factory):
    settle(torch.device("cpu"))
    folder = tmp_path_factory.mktemp("drawn")
    vgg = fresh_vgg(folder / "vgg")
    return {name: {"data": drawn_pack(name, folder / name), "features": vgg} for name in ("rooms", "people")}


def made(packs, run: str, data: str = "rooms", **changes):
    """The method and its source."""
    return spade.for_training(monce_block("spade", data, run, **changes), packs[data], 0, WORLD)


def terms_of(method, batch, phase: str, step: int = 0) -> dict:
    (chosen,) = (one for one in method.phases(step) if one.name == phase)
    return method.losses(chosen, batch, {}, Chance(0, step, WORLD), step)


def test_conditions_by_hand():
    """Classes 0 and 2 of four, the last of which is what is not known: said as the pack does, or as 255."""
    block = monce_block("spade", "rooms", "monce", classes=4)
    found = condition_of({"labels": torch.tensor([[[0, 2], [3, 255]]])}, block)
    expected = torch.zeros(1, 4, 2, 2)
    for channel, row, column in ((0, 0, 0), (2, 0, 1), (3, 1, 0), (3, 1, 1)):
        expected[0, channel, row, column] = 1
    assert torch.equal(found, expected) and found.dtype == torch.float32


@pytest.mark.parametrize("data", sorted(CHANNELS))
def test_the_generator_reads_as_many_channels_as_the_condition_has(data):
    paper = monce_block("spade", data, "monce", "paper")
    assert paper.channels == CHANNELS[data] and (paper.width, paper.hidden, paper.doublings) == (64, 128, 5)
    with torch.device("meta"):
        method = spade.Paired(paper, WORLD, 0, training=True)
    counts = {name: sum(one.numel() for one in net.parameters()) for name, net in method.nets.items()}
    assert counts["generator"] == {"rooms": 96_492_483, "face_parts": 92_538_819, "people": 92_568_771}[data]
    assert data != "rooms" or counts["discriminator"] == 5_836_930


def test_people_are_steered_by_their_joints(packs):
    method, source = made(packs, "monce", "people")
    assert isinstance(source, PosedSource)
    for step in (0, 1):  # a window, then the whole picture
        batch = source.batch(step)
        assert batch["condition"].shape == (2, 20, 32, 32) and not method.block.flip
        assert torch.equal(condition_of(batch, method.block), batch["condition"])
        for joints, found in zip(batch["joints"].numpy(), batch["condition"].numpy(), strict=True):
            assert np.array_equal(drawn_condition(joints, 32), found)
    assert terms_of(method, batch, "G")["G/comparison"].isfinite()
    assert method.produce(batch, Chance(0, 0, WORLD))["image"].shape == (2, 3, 32, 32)


def test_pictures_and_labels_are_cut_and_turned_together(packs):
    _, source = made(packs, "monce")
    packed = Packed.open(packs["rooms"]["data"])
    whole = source.batch(1)
    for image, labels, at in zip(whole["image"], whole["labels"], whole["position"].tolist(), strict=True):
        own = packed.array("labels")[at]
        turned = not np.array_equal(labels.numpy(), own)
        assert np.array_equal(labels.numpy(), own[:, ::-1] if turned else own)
        pixels = torch.from_numpy(packed.images[at].copy()).permute(2, 0, 1) / 127.5 - 1
        assert torch.allclose(image, pixels.flip(2) if turned else pixels, atol=1e-5)


def test_generator_first_then_discriminator_on_a_new_picture(packs, tmp_path):
    method, source = made(packs, "monce")
    assert [(phase.name, phase.learns) for phase in method.phases(0)] == [
        ("G", ("generator", "head")), ("D", ("discriminator",)),
    ]  # fmt: skip
    fakes = []
    method.nets["generator"].register_forward_hook(lambda net, given, made: fakes.append(made))
    Run(method, source, method.block, 0, WORLD, tmp_path).step(source.batch(0))
    assert len(fakes) == 2 and fakes[0].requires_grad and not fakes[1].requires_grad
    assert not torch.equal(fakes[0], fakes[1])
    assert all(parameter.grad is None for net in method.nets.values() for parameter in net.parameters())


def test_adversarial_terms_are_hinges_over_both_scales(packs):
    method, source = made(packs, "perceptual", weight_matching=3.0)
    batch = source.batch(0)
    for net in method.nets.values():
        net.eval()  # the norms rest, so that every pass is the same
    with torch.no_grad():
        condition = condition_of(batch, method.block)
        fake = method.nets["generator"](condition)
        scales = [method.nets["discriminator"](torch.cat([condition, seen], 1)) for seen in (fake, batch["image"])]
    pairs = list(zip(*scales, strict=True))
    assert len(pairs) == 2
    hinge = sum((1 - real[-1]).clamp(min=0).mean() + (1 + one[-1]).clamp(min=0).mean() for one, real in pairs) / 2
    matching = sum((a - b).abs().mean() for one, real in pairs for a, b in zip(one[:-1], real[:-1], strict=True)) / 2
    assert terms_of(method, batch, "D")["D/adversarial"].item() == pytest.approx(hinge.item(), rel=1e-4)
    terms = terms_of(method, batch, "G")
    assert terms["G/adversarial"].item() == pytest.approx(-sum(one[-1].mean() for one, _ in pairs).item() / 2, rel=1e-4)
    assert terms["G/matching"].item() == pytest.approx(3 * matching.item(), rel=1e-4)


def looked_through(method, batch):
    """VGG-19's maps of the made and the real pictures, and the places that the chance gives."""
    with torch.no_grad():
        fake = method.nets["generator"](condition_of(batch, method.block))
        both = [method.frozen["features"](seen) for seen in (fake, batch["image"])]
    chance, count = Chance(0, 0, WORLD), method.block.positions
    sizes = [held.shape[2] * held.shape[3] for held in both[1]]
    places = [chance.permutation(f"positions/{at}", size)[:count] for at, size in enumerate(sizes)]
    return list(zip(*both, strict=True)), places


@pytest.mark.parametrize("run", ["perceptual", "contextual", "patch", "weight", "monce", "hard"])
def test_each_comparison_is_its_formula_weighed_by_layer(packs, run):
    method, source = made(packs, run)
    method.nets["generator"].eval()
    batch, block = source.batch(0), method.block
    layers, places = looked_through(method, batch)
    values = []
    for at, (one, two) in enumerate(layers):
        if run == "perceptual":
            values.append((one - two).abs().mean().item())
            continue
        rows = [rows_at(side, places[at]) for side in (one, two)]
        if run == "contextual":
            values.append(contextual(*rows).mean().item())
            continue
        rows = [method.nets["head"].layers[at](side).detach().double().numpy() for side in rows]
        values.append(float(np.mean([plain_loss(a, b, block) for a, b in zip(*rows, strict=True)])))
    assert block.layer_weights == (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1)
    expected = 10 * sum(weight * value for weight, value in zip(block.layer_weights, values, strict=True))
    assert terms_of(method, batch, "G")["G/comparison"].item() == pytest.approx(expected, rel=1e-3)
    assert ("head" in method.nets) == (run not in ("perceptual", "contextual"))


def test_paired_runs_favour_easy_negatives_of_vgg_19(packs):
    paper = {run: monce_block("spade", "rooms", run, "paper") for run in ("monce", "hard", "patch", "perceptual")}
    assert paper["monce"].favour == "easy" and paper["hard"].favour == "hard"
    assert paper["monce"].layers == ("relu1_2", "relu2_2", "relu3_2", "relu4_2", "relu5_2")
    assert (paper["patch"].weighting, paper["perceptual"].comparison) == ("uniform", "perceptual")
    assert (paper["monce"].generator_rate, paper["monce"].judge_rate, paper["monce"].betas) == (1e-4, 4e-4, (0.0, 0.9))


def test_pictures_enter_vgg_as_they_are_unless_asked(packs):
    plain, scaled = (made(packs, "monce", normalise=how)[0].frozen["features"] for how in ("none", "imagenet"))
    images = torch.rand(1, 3, 32, 32) * 2 - 1
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    by_hand = ((images + 1) / 2 - mean[:, None, None]) / deviation[:, None, None]
    assert plain.widths() == [found.shape[1] for found in plain(images)] == [16, 32, 64, 64, 64]
    assert torch.equal(plain(images)[0], plain.net.maps(images, plain.names)[0])
    assert torch.allclose(scaled(images)[4], plain(by_hand)[4], atol=1e-5)
    assert not plain.train().training and not plain.net.training


def test_a_tested_picture_does_not_depend_on_its_neighbours(packs, tmp_path):
    """Evaluation mode: running statistics, and spectral norms that rest."""
    method, source = made(packs, "monce")
    Run(method, source, method.block, 0, WORLD, tmp_path).step(source.batch(0))
    batch, generator = source.batch(1), method.nets["generator"].eval()
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    whole = method.produce(batch, Chance(0, 0, WORLD))["image"]
    alone = method.produce({name: value[1:] for name, value in batch.items()}, Chance(0, 0, WORLD))["image"]
    assert torch.allclose(whole[1:], alone, atol=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())


def test_other_data_are_refused(packs):
    with pytest.raises(ValueError, match=r"expected 20 classes \(key classes\).*came 12"):
        made(packs, "monce", classes=20)
    with pytest.raises(ValueError, match=r"expected pictures of 64 px \(key size_px\), came 32"):
        made(packs, "monce", size_px=64)
    with pytest.raises(ValueError, match="expected a weight for each of the layers"):
        monce_block("spade", "rooms", "monce", layer_weights=(1.0,))
