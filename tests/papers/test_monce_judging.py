"""What a judge reads in pictures, at every size of a protocol; true labels from raw files; all kinds of models."""

import importlib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from stages.data.prepared.packed import Packed
from stages.engine.weights import write_weights
from stages.engine.world import World
from stages.metrics.rows import Rows
from stages.nets.segmenter import VOID, Segmenter
from stages.papers.monce import translating, true_labels
from stages.papers.monce.judging import Judged, add_rooms, add_street, at_size, of_one_size, probabilities
from stages.papers.monce.shown import Shown, palette
from tests.papers.monce_blocks import RAW, drawn_pack, monce_block
from tests.papers.monce_made import painted, reader
from tests.parts.interrupted import going


def labels_of(seed: int, height: int, width: int, classes: int) -> np.ndarray:
    """Blocks of 4 x 4 px of one class, the last column void. Shapes: -> uint8 [height width]."""
    draw = np.random.default_rng(seed).integers(0, classes, (height // 4, width // 4))
    found = draw.repeat(4, 0).repeat(4, 1).astype(np.uint8)
    found[:, -4:] = VOID
    return found


def judged(pictures, truth, add, sizes: str, classes: int = 4, batch: int = 2) -> dict[str, float]:
    rows = Rows("set")
    Judged(reader(classes), add, lambda: iter(truth), sizes, batch, "cpu").measure(pictures, "run", 0, rows)
    assert {value["protocol"]["sizes"] for value in rows.values} == {sizes}
    assert {value["n"] for value in rows.values} == {len(truth)}
    return {value["metric"]: value["value"] for value in rows.values}


@pytest.mark.parametrize("sizes", ["pack", "full", "half", "negcut"])
def test_perfect_streets_have_a_hundred_in_every_protocol_but_for_void_as_error(sizes):
    """One column of 4 px in 32 is void, so seven eighths are right where void is an error."""
    truth = [labels_of(seed, 16, 32, 4) for seed in range(3)]
    pictures = [painted(labels) for labels in truth]
    if sizes in ("half", "negcut"):
        # Bilinear enlargement mixes classes at edges, so each picture has one.
        truth = [np.where(labels == VOID, VOID, seed).astype(np.uint8) for seed, labels in enumerate(truth)]
        pictures = [
            np.stack([np.full((16, 32), 20 * seed)] + 2 * [np.zeros((16, 32))], -1).astype(np.uint8)
            for seed in range(3)
        ]
    found = judged(pictures, truth, add_street, sizes)
    assert found == {"mAP": 100, "pixAcc": 100, "classAcc": 100, "pixAcc_void_as_error": 87.5}


def test_perfect_rooms_have_a_hundred_where_every_class_is_there():
    truth = [labels_of(seed, 16, 16, 4) for seed in range(3)]
    assert judged([painted(labels) for labels in truth], truth, add_rooms, "label256") == pytest.approx(
        {"mIoU": 100, "Acc": 100}
    )
    half = judged([painted(labels % 2) for labels in truth], truth, add_rooms, "label256")
    right = np.concatenate([labels[labels != VOID] < 2 for labels in truth]).mean()
    assert half["Acc"] == pytest.approx(100 * right)


def test_native_rooms_stretch_what_the_judge_says_and_not_the_picture():
    seen = []

    class Watched(Segmenter):
        def forward(self, images):
            seen.append(tuple(images.shape))
            return super().forward(images)

    judge = reader(2)
    watched = Watched(judge.net, "reader", "digest", judge.facts)
    truth = [np.zeros((24, 40), np.uint8), np.zeros((24, 40), np.uint8), np.ones((20, 20), np.uint8)]
    pictures = [painted(np.full((16, 16), label)) for label in (0, 0, 1)]
    rows = Rows("rooms")
    Judged(watched, add_rooms, lambda: iter(truth), "native", 8, "cpu").measure(pictures, "run", 0, rows)
    assert seen == [(2, 3, 16, 16), (1, 3, 16, 16)]
    assert [value["value"] for value in rows.values] == pytest.approx([100, 100])


def test_sizes_of_streets_are_those_of_the_protocols():
    pair = (np.zeros((32, 32, 3), np.uint8), np.arange(64, dtype=np.uint8).repeat(32).reshape(64, 32) // 4)
    for name, shape in (("full", (64, 32)), ("half", (256, 512)), ("negcut", (128, 256))):
        ((image, labels),) = at_size([pair], name)
        assert labels.shape == shape and image.shape == (*shape, 3)
        assert set(np.unique(labels)) == set(range(16)), "labels are not mixed"


def test_batches_hold_neighbours_of_one_size():
    sizes = [(4, 4), (4, 4), (4, 4), (8, 4), (4, 4)]
    pairs = [(np.zeros((*size, 3), np.uint8), np.zeros(size, np.uint8)) for size in sizes]
    assert [len(images) for images, _ in of_one_size(pairs, 2)] == [2, 1, 1, 1]


def test_another_number_of_pictures_than_of_labels_is_refused():
    with pytest.raises(ValueError, match="zip"):
        judged([painted(labels_of(0, 8, 8, 2))], [labels_of(0, 8, 8, 2)] * 2, add_rooms, "label256")


def test_upernet_looks_at_five_sizes_and_others_once():
    from stages.nets.upernet import UPerNet

    class Five(UPerNet):
        def __init__(self):
            nn.Module.__init__(self)
            self.looked = 0

        def over_scales(self, x, short_sides=()):
            self.looked += 1
            return torch.ones(len(x), 2, *x.shape[2:])

    net = Five()
    facts = {"mean": [0.5] * 3, "std": [0.5] * 3, "arguments": {"classes": 2}}
    assert probabilities(Segmenter(net, "upernet101", "", facts), torch.zeros(1, 3, 8, 8)).sum() == 128
    assert net.looked == 1
    seen = probabilities(reader(3), torch.zeros(2, 3, 8, 8))
    torch.testing.assert_close(seen.sum(1), torch.ones(2, 8, 8))


@pytest.fixture(scope="module")
def packs(tmp_path_factory) -> dict[str, Path]:
    """Drawn sets at the smoke profile's size, by name."""
    folder = tmp_path_factory.mktemp("packs")
    return {name: drawn_pack(name, folder) for name in ("street", "rooms", "people")}


def test_labels_of_raw_files_are_those_of_the_pack_at_their_own_size(packs):
    street, rooms = (Packed.open(packs[name]) for name in ("street", "rooms"))
    raws = {name: packs[name].parent / RAW[name] for name in ("street", "rooms")}
    where = street.positions("testB")
    native, own = (list(found) for found in (
        true_labels.raw_streets(street, where, raws["street"]), true_labels.packed_streets(street, where)
    ))  # fmt: skip
    assert {found.shape for found in native} == {(64, 128)} and {found.shape for found in own} == {(32, 32)}
    for large, small in zip(native, own, strict=True):
        assert np.array_equal(large[1::2, 2::4], small)
    photos = list(true_labels.raw_photos(street, true_labels.twins(street, where, "testA"), raws["street"]))
    assert {photo.shape for photo in photos} == {(64, 128, 3)} and len(photos) == len(where)
    where = rooms.positions("test")
    native, own = (list(found) for found in (
        true_labels.raw_rooms(rooms, where, raws["rooms"]), true_labels.packed_rooms(rooms, where)
    ))  # fmt: skip
    for large, small in zip(native, own, strict=True):
        assert large.shape != small.shape == (32, 32) and set(np.unique(small)) <= set(np.unique(large))
        assert large[large != VOID].max() < 12
    taken = street.column("source")[street.positions("testB")[0]]
    with pytest.raises(ValueError, match=r"expected .*, which .* was packed from; prepare it anew"):
        list(true_labels.sources(street, street.positions("testB"), {str(taken)}, raws["street"]))


def test_twins_show_the_same_street(packs):
    street = Packed.open(packs["street"])
    labels = street.positions("testB")
    photos = true_labels.twins(street, labels, "testA")
    truth = street.array("truth")
    assert all(np.array_equal(truth[one], truth[other]) for one, other in zip(labels, photos, strict=True))
    with pytest.raises(ValueError, match="expected a pair for every test item, came none called testC/"):
        true_labels.twins(street, labels, "testC")


MODELS = {
    "cycle": ("street", "cycle"), "lsesim": ("street", "lsesim"), "contrast": ("street", "patch"),
    "spade": ("rooms", "perceptual"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("method", "data", "run"), [(m, d, r) for m, (d, r) in MODELS.items()] + [("spade", "people", "monce")]
)
def test_models_of_every_method_translate_their_test_split(packs, tmp_path, method, data, run):
    """Weights of a whole training go into the half that translates; no picture depends on those beside it."""
    import json

    block = monce_block(method, data, run)
    module = importlib.import_module(f"stages.papers.monce.methods.{method}.method")
    kind = {"contrast": "Contrast", "cycle": "Cycle", "lsesim": "SelfSimilar", "spade": "Paired"}[method]
    made = getattr(module, kind)(block, World.single(), 0, training=True)
    write_weights(made.nets, made.memory, tmp_path)
    facts = {"paper": "monce", "method": method, "seed": 0, "data": data, "block": block.model_dump(mode="json")}
    (tmp_path / "model.json").write_text(json.dumps(facts))
    packed = Packed.open(packs[data])
    model = translating.open_trained(tmp_path, {method: module}, packed, "cpu")
    split = translating.test_split(packed, translating.direction_of(model))
    assert (packed.column("split")[split.source] == ("testB" if data == "street" else "test")).all()
    assert (packed.column("split")[split.target] == ("testA" if data == "street" else "test")).all()
    told = []
    images, again = (
        translating.translate(
            model,
            packed,
            split.source,
            batch,
            "cpu",
            going(tmp_path / str(batch), lambda *words: told.append(words)),
            run,
        )
        for batch in (5, 12)
    )
    assert images.shape == (len(split.source), 32, 32, 3) and images.dtype == np.uint8
    assert np.abs(images.astype(int) - again).max() <= 1 and told[-1][:2] == (len(images), len(images))
    assert len(np.unique(images)) > 10


def test_shown_conditions_are_colours_of_classes_and_skeletons(packs, tmp_path):
    for name, kind in (("rooms", "labels"), ("people", "joints")):
        data = Packed.open(packs[name])
        (tmp_path / name).mkdir()
        Shown(data, data.positions("test"), 3, tmp_path / name).write_condition(kind)
        shown = np.load(tmp_path / name / "shown_input.npy")
        assert shown.shape == (3, 32, 32, 3) and shown.dtype == np.uint8 and shown.max() > 100
    assert len({tuple(colour) for colour in palette(150).tolist()}) == 150 and palette(150).any(1).all()
