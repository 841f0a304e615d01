"""GANSeg's trainings: schedule, weights of the losses, streams of pairs, states, and what must not be touched."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from stages.data.prepared.packed import Index, write_packed
from stages.engine.chance import Chance
from stages.engine.loop import Run, train
from stages.engine.rowchance import RowChance
from stages.engine.session import Session
from stages.engine.weights import load_weights, write_weights
from stages.engine.world import World, settle
from stages.papers.ganseg.methods.autoencoder import method as autoencoder
from stages.papers.ganseg.methods.gan import method as gan
from stages.papers.ganseg.methods.segmenter import method as segmenter
from tests.contract.prepared import block_of, drawn_rows
from tests.papers.ganseg_blocks import SETS, gan_block, gan_layers

WORLD = World.single()
TINY = {"size_px": 32, "batch": 2, "iterations": 4, "tick_every": 2, "keep_every": 1}


@pytest.fixture(scope="module", autouse=True)
def settled():
    settle(torch.device("cpu"))


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Twelve coloured discs on noise, 32 px."""
    folder = tmp_path_factory.mktemp("data")
    splits = ["train"] * 9 + ["test"] * 3
    write_packed(folder, "flowers", 32, True, drawn_rows(32), lambda keys: Index(splits, ("test",)))
    return folder


def smoke(**changes):
    return gan_block("flowers", "smoke", **({"parts": 3, "crop_scale": (1.0, 1.0)} | TINY | changes))


@pytest.fixture(scope="module")
def model(data, tmp_path_factory) -> Path:
    """A generator trained for four steps, as the train verb leaves it."""
    folder, block = tmp_path_factory.mktemp("model"), smoke()
    method, source = gan.for_training(block, {"data": data}, 0, WORLD)
    session = Session(WORLD, folder, tmp_path_factory.mktemp("resume"), lambda: False, lambda *facts: None)
    train(method, source, block, 0, session)
    facts = {"paper": "ganseg", "method": "gan", "seed": 0, "data": "flowers", "block": block.model_dump(mode="json")}
    (folder / "model.json").write_text(json.dumps(facts))
    return folder


def terms_by_step(method, source, steps: int) -> list[dict]:
    """Names of the losses of every step, phases joined."""
    found = []
    for step in range(steps):
        chance, batch = Chance(0, step, WORLD), source.batch(step)
        terms = {}
        for phase in method.phases(step):
            terms |= method.losses(phase, batch, {}, chance, step)
        found.append(terms)
    return found


def test_penalties_come_on_their_own_steps(data):
    method, source = gan.for_training(smoke(penalty_every=3), {"data": data}, 0, WORLD)
    found = terms_by_step(method, source, 5)
    assert [step for step, terms in enumerate(found) if "D/penalty" in terms] == [0, 3]
    for name in ("G/concentration", "G/area"):
        assert [step for step, terms in enumerate(found) if name in terms] == [0, 2, 4]
    assert all({"D/adversarial", "G/adversarial"} <= set(terms) for terms in found)


@pytest.mark.parametrize(
    ("name", "constant", "printed"),
    [("celeba_wild", 1.25, 10), ("taichi", 3.0, 30), ("cub_masks", 1.25, 10), ("flowers", 3.75, 30)],
)
def test_concentration_weight_is_the_constant_times_the_parts(name, constant, printed):
    """Claim C6: equation 7 gives table 1 at the main K, and K = 1 .. 32 the ends of its range."""
    block = gan_block(name)
    assert block.concentration_constant == constant and gan.concentration_weight(block) == printed
    ends = [gan.concentration_weight(gan_block(name, parts=parts)) for parts in (1, 32)]
    assert ends == [constant, 32 * constant]


def test_area_weight_follows_the_side():
    """A part of the same share of the image costs the same: 4 times a quarter of the pixels."""
    assert gan.area_weight(gan_block()) == 1.0
    assert gan.area_weight(gan_block(profile="lite")) == 4.0
    assert gan.area_weight(gan_block(profile="smoke")) == 16.0


def test_area_targets_are_discs_as_wide_as_the_points():
    block = gan_block()
    points = torch.tensor([[[[0.1, 0.1], [-0.1, -0.1], [0.1, -0.1], [-0.1, 0.1]]]])
    made = type("Made", (), {"points": points, "init_mask": torch.full((1, 1, 4, 4), 0.5)})
    # mean absolute deviation 0.1: a radius of 6.4 px at 128
    assert gan.area_targets(block, made).item() == pytest.approx(torch.pi * 6.4**2, rel=1e-5)
    assert gan.area_targets(gan_block(area_target="heatmap"), made).item() == 8


def test_paper_trains_as_printed():
    block = gan_block()
    method = gan.Gan(gan_block(profile="smoke"), WORLD, 0, training=True)
    assert (block.iterations, block.batch, block.points_per_part) == (30_000, 64, 4)
    assert {name: gan_block(name).parts for name in SETS} == dict(zip(SETS, (8, 8, 8, 10), strict=True))
    assert (block.generator_rate, block.discriminator_rate, block.betas) == (1e-4, 4e-4, (0.5, 0.9))
    assert set(method.descents) == {"generator", "discriminator"} and not method.average
    lines = block_of("stages.papers.ganseg.methods.segmenter.block", "ganseg.common.base", "ganseg.segmenter.base")
    assert (lines.iterations, lines.learning_rate, lines.betas) == (10_000, 3e-4, (0.9, 0.999))
    assert (lines.cross_entropy_share, lines.dice_share) == (0.5, 0.5)


@pytest.mark.parametrize("penalty", ["r1", "between"])
def test_other_penalties_are_other_points(penalty, data):
    one, source = gan.for_training(smoke(), {"data": data}, 0, WORLD)
    other, _ = gan.for_training(smoke(penalty=penalty), {"data": data}, 0, WORLD)
    values = [terms_by_step(method, source, 1)[0]["D/penalty"].item() for method in (one, other)]
    assert values[0] != values[1]


@pytest.mark.parametrize("layer", ["released_cub_masks", "corner", "std", "mean_abs"])
def test_variants_of_the_generator_make_blocks_and_images(layer):
    names = gan_layers("flowers", "paper", "main", f"ganseg.generator.variant.{layer}")
    block = block_of("stages.papers.ganseg.methods.gan.block", *names)
    narrow = {"channels": (16,) + (8,) * (len(block.feature_sizes) - 1), "latent": 16, "embedding": 8, "hidden": 8}
    block = block.model_copy(update={**narrow, "parts": 2, "discriminator_channels": (4,) * 6})
    made = gan.for_sampling(block, WORLD).produce({"position": torch.zeros(1)}, Chance(0, 0, WORLD))
    assert made["image"].shape == (1, 3, 128, 128) and torch.isfinite(made["image"]).all()


def test_fixed_extent_is_the_main_runs_mean(data, model):
    block = smoke(sigma="own", sigma_samples=50)
    method, _ = gan.for_training(block, {"data": data, "model": model}, 0, WORLD)
    main = gan.trained_model(model, WORLD)
    z = Chance(0, 0, WORLD).normal("mean_scale", 50, block.latent)
    radius = (main.generator.place(z) - main.generator.place(z).mean(2, keepdim=True)).norm(dim=3)
    expected = (radius.var(2) + 1e-6).mean().item()
    assert method.generator.fixed_scale.item() == pytest.approx(expected, rel=1e-4)
    made = method.produce({"position": torch.zeros(2)}, Chance(0, 0, WORLD))
    assert (made["scale"] == method.generator.fixed_scale).all()
    printed, _ = gan.for_training(smoke(sigma="printed"), {"data": data}, 0, WORLD)
    assert printed.generator.fixed_scale.item() == pytest.approx(0.0065)
    with pytest.raises(ValueError, match="expected a model whose mean_abs"):
        gan.for_training(smoke(sigma="own", scale="mean_abs"), {"data": data, "model": model}, 0, WORLD)


def test_a_fixed_extent_comes_back_with_the_weights(data, model, tmp_path):
    block = smoke(sigma="own", sigma_samples=50)
    method, _ = gan.for_training(block, {"data": data, "model": model}, 0, WORLD)
    write_weights(method.nets, method.memory, tmp_path)
    again = gan.for_sampling(block, WORLD)
    load_weights(again, tmp_path)
    assert torch.equal(again.generator.fixed_scale, method.generator.fixed_scale)
    assert again.generator.fixed_scale != 0.0065


def make(kind: str, data: Path, model: Path):
    """A method in training, its source and block, at smoke size."""
    if kind == "gan":
        block = smoke()
        return *gan.for_training(block, {"data": data}, 3, WORLD), block
    common = ("ganseg.common.base", "ganseg.common.data.flowers", "ganseg.common.profile.smoke")
    if kind == "segmenter":
        layers = ("ganseg.common.base", "ganseg.segmenter.base", *common[1:], "ganseg.segmenter.profile.smoke")
        block = block_of("stages.papers.ganseg.methods.segmenter.block", *layers)
        block = block.model_copy(update=TINY | {"parts": 3})
        return *segmenter.for_training(block, {"model": model}, 3, WORLD), block
    base = [f"ganseg.{part}.base" for part in ("common", "generator", "autoencoder")]
    own = [f"ganseg.{part}.profile.smoke" for part in ("common", "generator", "autoencoder")]
    block = block_of(
        "stages.papers.ganseg.methods.autoencoder.block", *base, f"ganseg.autoencoder.variant.{kind}", *own
    )
    block = block.model_copy(update=TINY | {"parts": 3})
    return *autoencoder.for_training(block, {"data": data}, 3, WORLD), block


KINDS = ("gan", "segmenter", "points", "masks")


def flat(content, path=""):
    if not isinstance(content, dict):
        return {path: content}
    return {name: leaf for key, value in content.items() for name, leaf in flat(value, f"{path}/{key}").items()}


def assert_same_bits(one, other):
    one, other = flat(one), flat(other)
    assert list(one) == list(other)
    for name, leaf in one.items():
        assert torch.equal(leaf, other[name]) if isinstance(leaf, torch.Tensor) else leaf == other[name], name


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_state_comes_back_to_the_bit_and_goes_on_alike(kind, data, model, tmp_path):
    runs = []
    for _ in range(2):
        method, source, block = make(kind, data, model)
        run = Run(method, source, block, 3, WORLD, tmp_path)
        if not runs:
            run.step(source.batch(0))
            run.save()
        runs.append((run, source))
    assert runs[1][0].done == 1
    assert_same_bits(runs[0][0].state(), runs[1][0].state())
    for run, source in runs:
        for step in (1, 2):
            run.step(source.batch(step))
    assert_same_bits(runs[0][0].state(), runs[1][0].state())


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_learns_from_finite_losses(kind, data, model, tmp_path):
    method, source, block = make(kind, data, model)
    run = Run(method, source, block, 3, WORLD, tmp_path)
    before = {name: value.clone() for name, value in flat(run.state()["nets"]).items()}
    for step in range(4):
        run.step(source.batch(step))
    assert all(np.isfinite(float(line.rpartition(",")[2])) for line in run.record.lines)
    learning = {f"/{net}/{name}" for net, module in method.nets.items() for name, _ in module.named_parameters()}
    still = {name for name in learning if torch.equal(before[name], flat(run.state()["nets"])[name])}
    # A fresh U-Net puts a part's points on one spot, whose heat-map falls between the pixels: nothing to steer by.
    unsteered = {name for name in learning if kind == "points" and "mask_generator" in name and "shared" in name}
    assert still <= unsteered


def test_the_same_seed_draws_the_same_images_and_pairs(model):
    main = gan.trained_model(model, WORLD)
    one, again, other = (main.produce({"position": torch.zeros(3)}, Chance(seed, 0, WORLD)) for seed in (1, 1, 2))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["points"], other["points"]) and not torch.equal(one["image"], other["image"])
    method, _, _ = make("segmenter", model, model)
    pairs = [method.pairs(3, Chance(5, step, WORLD)) for step in (0, 0, 1)]
    assert torch.equal(pairs[0][0], pairs[1][0]) and torch.equal(pairs[0][1], pairs[1][1])
    assert not torch.equal(pairs[0][0], pairs[2][0])


def test_a_sample_does_not_depend_on_its_neighbours(model):
    """Evaluation mode: running statistics. In float64, since saturated images make much of a last bit."""
    main = gan.trained_model(model, WORLD)
    together, alone = (
        segmenter.draw_noise(main.block, "sample", len(rows), RowChance(0, rows), torch.device("cpu"))
        for rows in (["a", "b", "c"], ["b"])
    )
    main.generator.double()
    doubles = [type(noise)(*(value.double() for value in vars(noise).values())) for noise in (together, alone)]
    made = [main.generator(noise) for noise in doubles]
    assert torch.allclose(made[0].image[1], made[1].image[0], atol=1e-9)
    assert not torch.allclose(made[0].image[0], made[1].image[0], atol=1e-2)


def test_labels_of_pairs_are_the_generators_masks(model):
    method, _, _ = make("segmenter", model, model)
    image, target = method.pairs(4, Chance(0, 0, WORLD))
    noise = segmenter.draw_noise(method.gan.block, "pair", 4, Chance(0, 0, WORLD), torch.device("cpu"))
    made = method.gan.generator(noise)
    assert torch.equal(image, made.image) and not image.requires_grad
    assert torch.equal(target == 0, made.mask.argmax(1) == 3)
    assert torch.equal(target == 1, made.mask.argmax(1) == 0)


def test_the_segmenters_training_opens_no_real_image(model, tmp_path):
    """A data folder full of poison: training never looks at it."""
    poison = tmp_path / "data"
    poison.mkdir()
    for name in ("card.json", "index.parquet", "images.npy"):
        (poison / name).write_bytes(b"\x00poison")
    layers = ("ganseg.common.base", "ganseg.segmenter.base", "ganseg.common.profile.smoke")
    block = block_of("stages.papers.ganseg.methods.segmenter.block", *layers, "ganseg.segmenter.profile.smoke")
    block = block.model_copy(update={"parts": 3})
    method, source = segmenter.for_training(block, {"model": model, "data": poison}, 0, WORLD)
    out = tmp_path / "out"
    out.mkdir()
    train(method, source, block, 0, Session(WORLD, out, tmp_path / "resume", lambda: False, lambda *facts: None))
    assert set(source.batch(0)) == {"number"}
    with pytest.raises(ValueError, match=r"card\.json"):
        segmenter.finish(block, {"model": model, "data": poison}, out, WORLD, lambda *facts: None)


def test_another_number_of_parts_is_refused(model):
    layers = ("ganseg.common.base", "ganseg.segmenter.base", "ganseg.common.profile.smoke")
    block = block_of("stages.papers.ganseg.methods.segmenter.block", *layers, "ganseg.segmenter.profile.smoke")
    with pytest.raises(ValueError, match="expected a generator with parts 8, came 3"):
        segmenter.for_training(block, {"model": model}, 0, WORLD)


def test_nothing_is_downloaded(model, data, monkeypatch):
    def refuse(*arguments, **names):
        raise AssertionError("a network access")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    monkeypatch.setattr("torch.hub.load_state_dict_from_url", refuse)
    for kind in KINDS:
        make(kind, data, model)


def test_a_model_of_another_method_is_refused(model, tmp_path):
    folder = tmp_path / "other"
    shutil.copytree(model, folder)
    facts = json.loads((folder / "model.json").read_text()) | {"method": "segmenter"}
    (folder / "model.json").write_text(json.dumps(facts))
    with pytest.raises(ValueError, match="expected a model of ganseg gan, came ganseg segmenter"):
        gan.trained_model(folder, WORLD)


def test_data_of_another_side_are_refused(data):
    with pytest.raises(ValueError, match="expected images of 128 px"):
        gan.for_training(gan_block(), {"data": data}, 0, WORLD)


def test_trainings_from_the_users_trunk_file(model, tmp_path):
    """imagenet_file fills the trunk from a torchvision file without its classifier; a wrong digest is refused."""
    layers = ("ganseg.common.base", "ganseg.segmenter.base", "ganseg.common.profile.smoke")
    block = block_of("stages.papers.ganseg.methods.segmenter.block", *layers, "ganseg.segmenter.profile.smoke")
    trunk = segmenter.for_sampling(block, WORLD).net.backbone
    state = {name: torch.ones_like(value) for name, value in trunk.state_dict().items()}
    path = tmp_path / "resnet.pth"
    torch.save({**state, "fc.weight": torch.zeros(2, 2), "fc.bias": torch.zeros(2)}, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    named = {"backbone_init": "imagenet_file", "backbone_file": str(path), "parts": 3}
    good = block.model_copy(update=named | {"backbone_sha256": digest})
    method, _ = segmenter.for_training(good, {"model": model}, 0, WORLD)
    assert (method.net.backbone.conv1.weight == 1).all()
    with pytest.raises(ValueError, match="sha256"):
        segmenter.for_training(good.model_copy(update={"backbone_sha256": "0" * 64}), {"model": model}, 0, WORLD)
