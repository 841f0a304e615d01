"""Sampling and measuring on a made-up method and dataset: draws by image and number, holes, and what is refused."""

import importlib
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmarks.trainings import TRAININGS
from stages.data.prepared.packed import Index, Packed, Row, write_packed
from stages.engine.rowchance import RowChance
from stages.engine.world import World
from stages.papers.contrasfill import measuring, sampling
from stages.papers.contrasfill.measuring import Block as MeasureBlock
from stages.papers.contrasfill.measuring import Reals, fidelity, keys_to_halves, measure
from stages.papers.contrasfill.sampled import check_alike, entry, positions_to_holes, read_samples
from tests.papers.sessions import session_in

SIDE = 16


def packed(folder, count: int = 14) -> Packed:
    generator = np.random.default_rng(0)
    rows = []
    for number in range(count):
        mask = np.zeros((SIDE, SIDE), np.uint8)
        mask[4:9, 5:12] = 1
        mask[4, 5] = 0
        image = generator.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        rows.append(Row(f"key{number:02d}", image, mask, "made", "0" * 64))
    splits = ["train" if number % 2 else "test" for number in range(count)]
    folder.mkdir()
    write_packed(folder, "face", SIDE, True, rows, lambda keys: Index(splits, ("test",)))
    return Packed.open(folder)


class Painter:
    """Fills a hole with one random colour and the context's mean: what a method's `produce` is to the sampler."""

    def __init__(self, leak: bool = False):
        self.leak, self.batches = leak, []

    def produce(self, batch, chance):
        image, mask = batch["image"], batch["mask"]
        self.batches.append(batch["position"].tolist())
        colour = chance.uniform("colour", len(image), 3, 1, 1) * 2 - 1
        plane = chance.shared_normal("plane", 1, 1, *image.shape[2:]) * 0.05
        filled = (colour + plane).clamp(-1, 1) * 0.9 + 0.1 * image.mean(dim=(1, 2, 3), keepdim=True)
        made = torch.where(mask > 0.5, filled, image)
        return {"image": made * 0.5 if self.leak else made}


def block(**changes) -> sampling.Block:
    base = {
        "profile": "smoke",
        "hole": "object",
        "split": "evaluation",
        "images": 3,
        "samples": 4,
        "codes": 0,
        "batch": 2,
    }
    return sampling.Block(**(base | changes))


def draw(folder, data, **changes):
    folder.mkdir(parents=True, exist_ok=True)
    method, seed = changes.pop("method", Painter()), changes.pop("seed", 0)
    facts = sampling.sample(block(**changes), method, data, seed, session_in(folder))
    facts |= {"paper": "contrasfill", "method": "painter", "seed": seed, "data": "face", "profile": "smoke"}
    facts |= {"hole": changes.get("hole", "object")}
    (folder / "sample.json").write_text(json.dumps(facts), encoding="utf-8")
    return read_samples(folder)


@pytest.fixture
def data(tmp_path):
    return packed(tmp_path / "data")


def test_one_sample_an_image_and_several_for_some(tmp_path, data):
    held = draw(tmp_path / "a", data)
    assert held.single.shape == (7, SIDE, SIDE, 3) and held.multiple.shape == (3, 4, SIDE, SIDE, 3)
    assert held.positions.tolist() == [0, 2, 4, 6, 8, 10, 12] and held.several.tolist() == [0, 4, 8]


def test_samples_do_not_depend_on_the_batch_or_on_how_many_there_are(tmp_path, data):
    held = draw(tmp_path / "a", data)
    for name, changes in {"batch": {"batch": 7}, "more": {"images": 7, "samples": 6}}.items():
        other = draw(tmp_path / name, data, **changes)
        assert np.array_equal(held.single, other.single)
        rows = np.flatnonzero(np.isin(other.several, held.several))
        assert np.array_equal(held.multiple, other.multiple[rows, :4])


def test_the_single_sample_is_the_first_of_several_and_seeds_differ(tmp_path, data):
    held = draw(tmp_path / "a", data)
    assert np.array_equal(held.single[np.isin(held.positions, held.several)], held.multiple[:, 0])
    assert not np.array_equal(held.multiple[:, 0], held.multiple[:, 1])
    assert not np.array_equal(held.single, draw(tmp_path / "b", data, seed=1).single)


def test_batches_are_full_whatever_images_their_rows_are_of(tmp_path, data):
    method = Painter()
    draw(tmp_path / "a", data, method=method, batch=5)
    assert method.batches == [[0] * 4 + [4], [4] * 3 + [8] * 2, [8] * 2 + [2, 6, 10], [12]]


def test_pixels_outside_the_hole_are_the_images_own(tmp_path, data):
    held = draw(tmp_path / "a", data)
    outside = data.masks[held.positions] == 0
    assert np.array_equal(held.single[outside], data.images[held.positions][outside])
    with pytest.raises(ValueError, match="outside the hole"):
        draw(tmp_path / "b", data, method=Painter(leak=True))


def test_a_box_hole_is_the_masks_tight_box(tmp_path, data):
    box = positions_to_holes(data, np.array([0, 3]), "box")
    assert box.sum() == 2 * 5 * 7 and box[:, 4:9, 5:12].all()
    assert positions_to_holes(data, np.array([0]), "object").sum() == 5 * 7 - 1
    with pytest.raises(ValueError, match="object or box"):
        positions_to_holes(data, np.array([0]), "round")
    data.masks = np.concatenate([np.zeros_like(data.masks[:1]), data.masks[1:]])
    with pytest.raises(ValueError, match="1 of 2 masks are empty"):
        positions_to_holes(data, np.array([0, 3]), "box")


def test_rows_draw_for_themselves():
    both = RowChance(0, ["a/0", "b/0"])
    assert torch.equal(both.normal("z", 2, 5)[1], RowChance(0, ["b/0"]).normal("z", 1, 5)[0])
    assert not torch.equal(both.normal("z", 2, 5), both.normal("y", 2, 5))
    assert torch.equal(both.shared_normal("z", 3), RowChance(0, ["c/9"]).shared_normal("z", 3))
    assert torch.equal(both.permutation("p", 6).sort().values, torch.arange(6))
    with pytest.raises(ValueError, match="expected 2 rows"):
        both.uniform("u", 3, 1)


def test_samples_of_other_facts_or_images_are_not_compared(tmp_path, data):
    first = draw(tmp_path / "a", data)
    for name, changes in {"seed": {"seed": 1}, "samples": {"samples": 3}, "images": {"images": 2}}.items():
        with pytest.raises(ValueError, match=f"cannot be compared: {name} is"):
            check_alike({"one": first, "two": draw(tmp_path / name, data, **changes)}, data)


def encoder_folder(folder, seed: int):
    from stages.nets.encoders.load import build, save_encoder

    arguments = {"width": 4, "classes": 5}
    view = {"size_px": SIDE, "crop": [0, 0, 256, 256], "shrink": "bilinear", "mean": [0.5] * 3, "std": [0.5] * 3}
    torch.manual_seed(seed)
    folder.mkdir()
    facts = {"architecture": "demo_classifier", "arguments": arguments, "view": view}
    save_encoder(folder, build("demo_classifier", arguments), facts)
    return folder


def test_measure_writes_every_number_with_its_protocol(tmp_path, data):
    inputs = {"data": tmp_path / "data"}
    for place, name in enumerate(("encoder", "encoder_indep", "scorer")):
        inputs[name] = encoder_folder(tmp_path / name, place)
    for method in ("one", "two"):
        draw(tmp_path / method, data)
        inputs[f"sample_{method}"] = tmp_path / method
    texts = []
    for batch in (2, 64):
        out = tmp_path / f"out{batch}"
        out.mkdir()
        measure(MeasureBlock(batch=batch), inputs, out, "cpu", lambda *_: None)
        texts.append(json.loads((out / "score.json").read_text(encoding="utf-8")))
    score = texts[0]
    assert {name: score[name] for name in ("data", "seed", "profile", "hole", "split")} == {
        "data": "face", "seed": 0, "profile": "smoke", "hole": "object", "split": "evaluation",
    }  # fmt: skip
    held = {(value["method"], value["metric"]): value for value in score["values"]}
    metrics = ("FD-demo", "FD-demo_halves", "PD-demo", "PD-demo_hole", "KFFA", "KFFA_indep")
    reals = {("real_train", "FD-demo_train"), ("real_halves", "FD-demo_halves_floor")}
    assert set(held) == {(m, k) for m in ("one", "two") for k in metrics} | reals
    counts = {"FD-demo": 7, "FD-demo_train": 7, "FD-demo_halves": 4, "FD-demo_halves_floor": 4}
    for (method, metric), value in held.items():
        assert value["n"] == value["protocol"]["n"] == counts.get(metric, 3)
        assert {"extractor", "extractor_sha256", "view", "hole", "split", "size_px"} <= set(value["protocol"])
        assert value["unit"] == ("degrees" if metric.startswith("KFFA") else "1")
        if method == "one":
            assert value["value"] == held["two", metric]["value"]
    assert "singular" in held["one", "FD-demo"]["protocol"]["warning"]
    assert (
        held["one", "KFFA"]["protocol"]["extractor_sha256"] != held["one", "KFFA_indep"]["protocol"]["extractor_sha256"]
    )
    assert held["one", "PD-demo_hole"]["value"] > held["one", "PD-demo"]["value"] > 0
    for first, second in zip(texts[0]["values"], texts[1]["values"], strict=True):
        assert first["value"] == pytest.approx(second["value"], rel=1e-4, abs=1e-6)


def test_with_a_grid_and_its_model_measure_says_what_each_code_moves(tmp_path, data, monkeypatch):
    inputs = {"data": tmp_path / "data", "model": tmp_path / "model"}
    for place, name in enumerate(("encoder", "encoder_indep", "scorer")):
        inputs[name] = encoder_folder(tmp_path / name, place)
    for name in ("grid", "sample_one"):
        draw(tmp_path / name, data)
        inputs[name] = tmp_path / name
    seen = {}

    def found(metric, *given):
        seen[metric] = given
        return [entry("contrasfill", metric, "degrees", 1.0, 3, {"hole": "object"})]

    monkeypatch.setattr(measuring, "grid_values", lambda *given: found("angle_known_between_rows", *given))
    monkeypatch.setattr(measuring, "trained_values", lambda *given: found("loss_known", *given))
    (tmp_path / "out").mkdir()
    measure(MeasureBlock(batch=64), inputs, tmp_path / "out", "cpu", lambda *_: None)
    values = json.loads((tmp_path / "out/score.json").read_text(encoding="utf-8"))["values"]
    assert [(value["metric"], value["dataset"]) for value in values[-2:]] == [
        ("angle_known_between_rows", "face"), ("loss_known", "face"),
    ]  # fmt: skip
    grid, _, encoders, model = seen["angle_known_between_rows"][:4]
    assert (grid.multiple.shape, set(encoders), model) == ((3, 4, 16, 16, 3), {"known", "known_indep"}, inputs["model"])
    assert seen["loss_known"][:2] == (encoders, inputs["model"])


class Pixels:
    """A scorer whose features are an image's first two pixels, and a set of one row of pixels an image."""

    fidelity_name, fidelity_protocol = "FD-demo", {"extractor": "pixels"}

    @staticmethod
    def encode(images):
        return 10 * images[:, 0, 0, :2]

    def __init__(self, chance: np.random.Generator, count: int):
        self.context, self.keys = chance.normal(0, 30, 2 * count), [f"k{i}" for i in range(2 * count)]
        self.images = self.filled(np.arange(2 * count), chance)

    def filled(self, rows, chance):
        """The context pixel stays, the hole's is drawn anew around half of it: what may truly be there."""
        images = np.zeros((len(rows), 1, 3, 3), np.uint8)
        images[:, 0, 0] = np.clip(self.context[rows] + 128, 0, 255).round()[:, None]
        hole = self.context[rows] / 2 + chance.normal(0, 30, len(rows))
        images[:, 0, 1] = np.clip(hole + 128, 0, 255).round()[:, None]
        return images

    def positions(self, split):
        half = len(self.context) // 2
        return np.arange(half) if split == "evaluation" else np.arange(half, 2 * half)


def test_a_perfect_sampler_reaches_the_floor_of_halves_and_undercuts_training_images():
    """Means over 200 draws of 24 images whose holes are filled from the very distribution that the photos are from."""
    found: dict[str, list[float]] = {}
    for draw_number in range(200):
        chance = np.random.default_rng(draw_number)
        data = Pixels(chance, 24)
        rows = data.positions("evaluation")
        held = SimpleNamespace(single=data.filled(rows, chance))
        reals = Reals(data, "evaluation", data, 64, "cpu")
        values = [*fidelity("perfect", held, reals, data, {}), *reals.against_themselves(data, {})]
        for value in values:
            found.setdefault(value["metric"], []).append(value["value"])
    mean = {name: float(np.mean(values)) for name, values in found.items()}
    error = {name: float(np.std(values)) / 200**0.5 for name, values in found.items()}
    assert abs(mean["FD-demo_halves"] - mean["FD-demo_halves_floor"]) < 4 * error["FD-demo_halves_floor"]
    assert mean["FD-demo"] < 0.8 * mean["FD-demo_train"], "composites keep the evaluation images' own pixels"


def test_the_photos_themselves_are_at_the_floor_and_a_collapse_is_above_it():
    chance = np.random.default_rng(0)
    data = Pixels(chance, 24)
    rows = data.positions("evaluation")
    reals = Reals(data, "evaluation", data, 64, "cpu")
    floor = reals.against_themselves(data, {})[1]["value"]
    flat = data.images[rows].copy()
    flat[:, 0, 1] = 128
    true, collapsed = (
        fidelity("x", SimpleNamespace(single=images), reals, data, {})[1]["value"]
        for images in (data.images[rows], flat)
    )
    assert true == pytest.approx(floor, rel=1e-6) and collapsed > floor


def test_halves_are_by_the_keys_digests():
    """By hand: sha256 begins a: ca97…, b: 3e23…, c: 2e7d…, d: 18ac…, e: 3f79…."""
    first, second = keys_to_halves(list("abcde"))
    assert (first.tolist(), second.tolist()) == ([0, 1, 3], [2, 4])
    with pytest.raises(ValueError, match="four evaluation images, came 3"):
        keys_to_halves(list("abc"))


@pytest.mark.parametrize("name", ["contrasfill", "comodgan", "batfill"])
def test_networks_give_the_same_samples_in_other_batches_but_for_a_last_bit(tmp_path, monkeypatch, name):
    """Draws belong to a row; sums within a network may be ordered by the batch."""
    monkeypatch.setattr(sys.modules[__name__], "SIDE", 32)
    data, one = packed(tmp_path / "data"), TRAININGS[name]
    made = importlib.import_module(one.module).for_sampling(one.block("smoke"), World.single())
    for net in made.nets.values():
        net.eval()
    alone, beside = (draw(tmp_path / str(batch), data, method=made, batch=batch) for batch in (1, 16))
    for pictures, others in ((alone.single, beside.single), (alone.multiple, beside.multiple)):
        difference = np.abs(pictures.astype(int) - others)
        assert difference.max() <= 1 and np.count_nonzero(difference) <= 1e-3 * difference.size
    assert np.unique(alone.multiple[data.masks[alone.positions[[0, 2, 4]]][:, None].repeat(4, 1) > 0]).size > 8
