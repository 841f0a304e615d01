"""Helpers taught on tiny sets and converted from small weight files made here."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from stages.data.files import read_table, write_table
from stages.data.prepared.packed import Index, Packed, Row, write_packed
from stages.engine.session import Session
from stages.engine.world import World
from stages.nets.encoders.load import build, load_encoder, load_state
from stages.nets.trunks.resnet import ResNet
from stages.runner.layers import merge, validate
from stages.runner.params import load
from stages.teach import module_of
from stages.teachers import common, identity, pmg, scorer
from stages.teachers.weights import check_digest, read_state

PARAMS = load(Path(__file__).resolve().parents[2])
HELPERS = {
    "face": identity,
    "face_independent": identity,
    "bird": pmg,
    "bird_independent": pmg,
    "car": pmg,
    "car_independent": pmg,
    "car_shape": pmg,
    "scorer": scorer,
}
COLUMNS = {"bird": "species", "car": "colour", "car_shape": "shape"}
PROFILES = ("paper", "lite", "demo", "smoke")


def block_of(what: str, profile: str, **changes):
    module = HELPERS[what]
    names = (f"teacher.{what}.base", f"teacher.{what}.profile.{profile}")
    if module is pmg:
        layers = ("base", f"who.{what}", f"profile.{profile}", f"form.{profile}.{what}")
        names = tuple(f"teacher.pmg.{layer}" for layer in layers)
    return validate(module.Block, merge(PARAMS, names) | changes, names)


def packed(
    folder: Path, column: str, classes: int, each: int, first: int = 0, side: int = 32, teaching: str = "train"
) -> Path:
    """Squares whose colour is the label; every fourth image of a class is held out."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    colours = generator.integers(0, 256, (classes, 3))
    labels = np.repeat(np.arange(classes), each)

    def rows():
        for number, label in enumerate(labels):
            image = generator.integers(90, 160, (side, side, 3)).astype(np.uint8)
            y, x = generator.integers(0, 12, 2)
            image[y : y + 20, x : x + 20] = colours[label]
            yield Row(f"{number:04d}", image, None, "made", hashlib.sha256(image.tobytes()).hexdigest())

    splits = ["test" if number % 4 == 0 else teaching for number in range(len(labels))]
    index = Index(splits, ("test",), {column: labels + first}, {column: [str(n) for n in range(classes + first)]})
    write_packed(folder, folder.name, side, False, rows(), lambda keys: index)
    return folder


def taught(module, block, inputs, out: Path) -> dict:
    out.mkdir()
    session = Session(World.single(), out, out.parent / f"resume_{out.name}", lambda: False, lambda *_: None)
    module.teach(block, inputs, session)
    return json.loads((out / "encoder.json").read_text())


@pytest.mark.parametrize("what", sorted(HELPERS))
@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_of_every_helper_is_a_valid_block(what, profile):
    block = block_of(what, profile)
    if profile in ("demo", "smoke"):
        assert block.source == "taught"
        assert not block.file
    if profile == "smoke":
        assert block.iterations == 2
    if HELPERS[what] is pmg:
        assert block.column == COLUMNS[what.removesuffix("_independent")]
        assert all(block.view_size_px % n == 0 for n in block.jigsaw)


def test_an_unknown_helper_is_refused_by_name():
    assert module_of({"what": "pmg"}) == "stages.teachers.pmg"
    with pytest.raises(ValueError, match="sound"):
        module_of({"what": "sound"})


def test_identity_is_taught_resumes_and_repeats_byte_for_byte(tmp_path):
    data = packed(tmp_path / "face", "identity", 6, 8, first=3)
    block = block_of("face", "smoke", iterations=30, width=4, dimensions=8, keep_every=10)
    facts = taught(identity, block, {"data": data}, tmp_path / "one")
    assert facts["classes"] == 6
    assert facts["held_out"]["images"] == 12
    assert facts["held_out"]["same_cosine"] > facts["held_out"]["different_cosine"] + 0.3
    assert facts["held_out"]["nearest_accuracy"] > 0.8
    encoder = load_encoder(tmp_path / "one")
    assert encoder.encode(torch.zeros(2, 3, 32, 32)).shape == (2, 8)

    stops = iter([False] * 17 + [True])
    (tmp_path / "two").mkdir()
    places = (World.single(), tmp_path / "two", tmp_path / "resume")
    with pytest.raises(Exception, match="stopped at step 17"):
        identity.teach(block, {"data": data}, Session(*places, lambda: next(stops), lambda *_: None))
    identity.teach(block, {"data": data}, Session(*places, lambda: False, lambda *_: None))
    for name in ("encoder.json", "weights.safetensors", "curve.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_pmg_is_taught_and_says_how_good_it_is(tmp_path):
    data = packed(tmp_path / "cub", "species", 3, 16)
    block = block_of("bird", "smoke", iterations=40, trunk="resnet10", epochs=4, class_balanced=True)
    facts = taught(pmg, block, {"data": data}, tmp_path / "out")
    assert facts["architecture"] == "pmg"
    assert facts["class_values"] == [0, 1, 2]
    assert facts["held_out"]["images"] == 12
    assert facts["held_out"]["accuracy"] > 0.7
    assert facts["held_out"]["combined_accuracy"] > 0.7
    assert load_encoder(tmp_path / "out").encode(torch.zeros(1, 3, 32, 32)).shape == (1, 8)


def test_pmg_begins_from_the_trunk_file(tmp_path):
    torch.manual_seed(5)
    trunk = ResNet("resnet10", 4, "imagenet", 7)
    torch.save(trunk.state_dict(), tmp_path / "trunk.pth")
    digest = hashlib.sha256((tmp_path / "trunk.pth").read_bytes()).hexdigest()
    settings = {"trunk": "resnet10", "trunk_file": str(tmp_path / "trunk.pth"), "trunk_sha256": digest}
    net, _ = pmg.network(block_of("bird", "smoke", **settings), 3)
    assert torch.equal(net.features.layer4[0].conv2.weight, trunk.layer4[0].conv2.weight)
    with pytest.raises(ValueError, match=r"trunk_file.*expected.*found"):
        pmg.network(block_of("bird", "smoke", **(settings | {"trunk_sha256": "0" * 64})), 3)
    with pytest.raises(ValueError, match="does not fit"):
        pmg.network(block_of("bird", "smoke", **(settings | {"trunk": "resnet18"})), 3)


def test_scorer_tells_the_classes_of_three_sets_apart_jointly(tmp_path):
    inputs = {
        "face": packed(tmp_path / "face", "identity", 3, 8),
        "cub": packed(tmp_path / "cub", "species", 2, 8),
        "cars": packed(tmp_path / "cars", "shape", 4, 8, first=1),
    }
    block = block_of("scorer", "smoke", iterations=60, batch=12)
    parts = scorer.open_parts(block, inputs)
    source = scorer.JointSource(parts, block, World.single())
    batch = source.batch(0)
    assert batch["image"].shape == (12, 3, 32, 32)
    assert [sorted(set(batch["class"][i : i + 4].tolist()) - set(range(*span))) for i, span in
            ((0, (0, 3)), (4, (3, 5)), (8, (5, 9)))] == [[], [], []]  # fmt: skip
    facts = taught(scorer, block, inputs, tmp_path / "out")
    assert facts["classes"] == 9
    assert facts["held_out"]["cub"]["accuracy"] > 0.7
    encoder = load_encoder(tmp_path / "out")
    maps = encoder.feature_maps(torch.zeros(2, 3, 32, 32))
    assert [tuple(m.shape[1:]) for m in maps] == [(8, 32, 32), (16, 16, 16), (32, 8, 8), (32, 4, 4)]
    torch.testing.assert_close(encoder.encode(torch.zeros(2, 3, 32, 32)), maps[-1].mean(dim=(2, 3)))
    with pytest.raises(ValueError, match="multiple of 3"):
        scorer.JointSource(parts, block_of("scorer", "smoke", batch=13), World.single())
    with pytest.raises(ValueError, match="boats"):
        scorer.open_parts(block_of("scorer", "smoke", sets=["boats:kind"]), inputs)


@pytest.mark.parametrize("shrink", ["pool", "bilinear"])
def test_sets_of_different_sides_are_taught_as_they_are_seen_later(tmp_path, shrink):
    """What the network is taught on is what its view gives of each set's own images."""
    sides = {"cub": 40, "cars": 24}
    inputs = {name: packed(tmp_path / name, "kind", 2, 8, side=side) for name, side in sides.items()}
    settings = {"sets": ["cub:kind", "cars:kind"], "batch": 8, "flip": False, "view_shrink": shrink}
    block = block_of("scorer", "smoke", **settings)
    parts = scorer.open_parts(block, inputs)
    source = scorer.JointSource(parts, block, World.single())
    facts = taught(scorer, block, inputs, tmp_path / "out")
    assert facts["classes"] == 4 and {name: facts["held_out"][name]["images"] for name in sides} == {
        "cub": 4,
        "cars": 4,
    }
    view = load_encoder(tmp_path / "out").view
    batch = source.batch(3)
    own = [view(one.batch(3)["image"]) for one in source.sources]
    assert [tuple(one.batch(3)["image"].shape) for one in source.sources] == [(4, 3, 40, 40), (4, 3, 24, 24)]
    torch.testing.assert_close(view(batch["image"]), torch.cat(own))


def test_splits_for_judges_alone_are_taught_on_and_all_others_held_out(tmp_path):
    """teachA and teachB, or teach, where a set has them; its training pictures are then unseen ones."""
    folder = packed(tmp_path / "scenes", "scene", 2, 16, teaching="teachA")
    names = {"teachA": ("teachA", "teachB", "trainA"), "test": ("testA",)}
    table = read_table(folder / "index.parquet")
    splits = [names[split][row % len(names[split])] for row, split in enumerate(table["split"])]
    card = json.loads((folder / "card.json").read_text())
    card |= {"splits": {name: splits.count(name) for name in sorted(set(splits))}, "evaluation": ["testA"]}
    (folder / "card.json").write_text(json.dumps(card))
    types = {name: "int" if name == "scene" else "str" for name in table}
    write_table(folder / "index.parquet", {**table, "split": splits}, types)
    data = Packed.open(folder)
    training, held_out, values = common.labelled_positions(data, "scene", 2)
    assert values.tolist() == [0, 1]
    taught_on = np.flatnonzero(np.isin(data.column("split"), ["teachA", "teachB"]))
    assert training.tolist() == taught_on.tolist() and len(taught_on) > 0
    assert held_out.tolist() == np.setdiff1d(np.arange(32), taught_on).tolist()
    assert {"trainA", "testA"} == set(data.column("split")[held_out])


def test_a_file_becomes_an_encoder_and_wrong_files_are_named(tmp_path):
    torch.manual_seed(0)
    arguments = {"width": 4, "stem": "imagenet", "classes": 7}
    net = build("resnet18", arguments).eval()
    torch.save({"state_dict": net.half().state_dict()}, tmp_path / "weights.pth")  # half, as small published files are
    digest = hashlib.sha256((tmp_path / "weights.pth").read_bytes()).hexdigest()
    base = {"source": "file", "file": str(tmp_path / "weights.pth"), "sha256": digest, "architecture": "resnet18"}
    facts = taught(scorer, block_of("scorer", "demo", **base), {}, tmp_path / "out")
    assert (facts["source"], facts["file"], facts["file_sha256"]) == ("file", "weights.pth", digest)
    assert check_digest("file", tmp_path / "weights.pth", f" {digest.upper()}\n") == digest
    x = torch.rand(2, 3, 32, 32) * 2 - 1
    torch.testing.assert_close(load_encoder(tmp_path / "out").encode(x), net.float().embed(x))
    with pytest.raises(ValueError, match=rf"key file: expected .* {'1' * 64}, found {digest}"):
        taught(scorer, block_of("scorer", "demo", **(base | {"sha256": "1" * 64})), {}, tmp_path / "wrong_sha")
    with pytest.raises(ValueError, match=r"none given.*found"):
        taught(scorer, block_of("scorer", "demo", **(base | {"sha256": ""})), {}, tmp_path / "no_sha")
    with pytest.raises(ValueError, match="does not fit"):
        taught(scorer, block_of("scorer", "demo", **(base | {"architecture": "resnet34"})), {}, tmp_path / "wrong_net")
    with pytest.raises(ValueError, match="unknown architecture"):
        taught(scorer, block_of("scorer", "demo", **(base | {"architecture": "lenet"})), {}, tmp_path / "no_net")
    with pytest.raises(FileNotFoundError, match=r"nowhere\.pth"):
        taught(scorer, block_of("scorer", "demo", **(base | {"file": "nowhere.pth"})), {}, tmp_path / "no_file")
    state = {name: value.contiguous() for name, value in net.state_dict().items() if name != "fc.bias"}
    save_file(state, tmp_path / "short.safetensors")
    short = hashlib.sha256((tmp_path / "short.safetensors").read_bytes()).hexdigest()
    changed = base | {"file": str(tmp_path / "short.safetensors"), "sha256": short}
    with pytest.raises(ValueError, match=r"1 names missing \['fc.bias'\]"):
        taught(scorer, block_of("scorer", "demo", **changed), {}, tmp_path / "short")


MADE = Path("made_by_unpickling")


class Payload:
    def __reduce__(self):
        return (MADE.touch, ())


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, {}, Payload()])
def test_only_named_tensors_are_read_and_nothing_is_executed(tmp_path, content, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(content, tmp_path / "file.pth")
    with pytest.raises(ValueError, match="state dict"):
        read_state(tmp_path / "file.pth")
    assert not MADE.exists()


@pytest.mark.parametrize("name", ["file.pth", "file.safetensors"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"not weights at all, but long enough to look"])
def test_damaged_weight_files_are_bad_input(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match="state dict"):
        read_state(tmp_path / name)


def test_the_measuring_pair_keeps_both_networks_apart(tmp_path, monkeypatch):
    """Each is compared with its network, here a small one in the place of Inception."""
    monkeypatch.setattr("stages.metrics.scorer.inception_state", lambda: {"Conv.weight": torch.zeros(2)})
    features = {name: torch.zeros(value.shape) for name, value in build("alexnet", {"classes": 1}).state_dict().items()}
    save_file({"Conv.weight": torch.ones(2)}, tmp_path / "inception.safetensors")
    save_file(features, tmp_path / "alexnet.safetensors")
    sums = {
        name: hashlib.sha256((tmp_path / f"{name}.safetensors").read_bytes()).hexdigest()
        for name in ("inception", "alexnet")
    }
    names = {"file": str(tmp_path / "inception.safetensors"), "sha256": sums["inception"],
             "alexnet_file": str(tmp_path / "alexnet.safetensors"), "alexnet_sha256": sums["alexnet"]}  # fmt: skip
    facts = taught(scorer, block_of("scorer", "paper", **names), {}, tmp_path / "out")
    assert facts["architecture"] == "inception_and_alexnet"
    assert torch.equal(load_state(tmp_path / "out", "inception")["Conv.weight"], torch.ones(2))
    assert set(load_state(tmp_path / "out", "alexnet")) == {name for name in features if name.startswith("features.")}
    swapped = {key.replace("alexnet_", "") if key.startswith("alexnet_") else f"alexnet_{key}": value
               for key, value in names.items()}  # fmt: skip
    with pytest.raises(ValueError, match=r"key file: .*alexnet.safetensors does not fit torch-fidelity's inception-v3"):
        taught(scorer, block_of("scorer", "paper", **swapped), {}, tmp_path / "swapped")


@pytest.mark.parametrize(
    "what, file", [("face", "mobilefacenet_foamliu_128d.pt"), ("scorer", "squeezenet1_0_deepcompression_fp16.pt")]
)
def test_lite_converts_the_real_files(tmp_path, shared_data, what, file):
    block = block_of(what, "lite", file=str(shared_data / "weights" / file))
    facts = taught(HELPERS[what], block, {}, tmp_path / "out")
    assert facts["architecture"] == block.architecture
    assert load_encoder(tmp_path / "out").encode(torch.zeros(1, 3, 64, 64)).shape[0] == 1


def test_pair_cosines_equal_the_mean_over_all_pairs():
    generator = np.random.default_rng(0)
    features, labels = generator.standard_normal((9, 4)), np.array([0, 0, 0, 1, 1, 2, 2, 2, 3])
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    same, different, right = [], [], []
    for i in range(9):
        others = [j for j in range(9) if j != i]
        for j in others:
            (same if labels[i] == labels[j] else different).append(unit[i] @ unit[j])
        if labels[i] != 3:
            right.append(labels[max(others, key=lambda j: unit[i] @ unit[j])] == labels[i])
    found = common.pair_cosines(features, labels)
    assert found["same_cosine"] == pytest.approx(np.mean(same), abs=1e-6)
    assert found["different_cosine"] == pytest.approx(np.mean(different), abs=1e-6)
    assert found["nearest_accuracy"] == pytest.approx(np.mean(right), abs=1e-6)
    assert common.pair_cosines(features[:3], np.arange(3)).keys() == {"different_cosine"}


def test_labels_positions_and_balance(tmp_path):
    data = Packed.open(packed(tmp_path / "face", "identity", 4, 3, first=2))
    labels = data.column("identity")
    training, held_out, values = common.labelled_positions(data, "identity", 2)
    assert values.tolist() == [v for v in (2, 3, 4, 5) if (labels[data.positions("train")] == v).sum() >= 2]
    assert set(training) <= set(data.positions("train"))
    assert not set(held_out) & set(data.positions("train"))
    assert common.labels_to_classes(torch.tensor([5, 2]), np.array([2, 5])).tolist() == [1, 0]
    with pytest.raises(ValueError, match="not all among"):
        common.labels_to_classes(torch.tensor([6]), np.array([2, 5]))
    with pytest.raises(ValueError, match="two or more"):
        common.labelled_positions(data, "identity", 9)
    positions, classes = np.array([4, 7, 8, 9, 11]), np.array([0, 1, 1, 1, 2])
    repeated = common.balanced(positions, classes)
    assert sorted(repeated.tolist()) == [4, 4, 4, 7, 8, 9, 11, 11, 11]
