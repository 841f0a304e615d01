"""MoNCE's sets as drawn: exact bytes, truth that fits the pictures, bad items where readers find them."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.data.cityscapes_labels import ID, TRAIN_NAMES, VOID, colours_of, train_ids_of_colours
from stages.data.raw import RawFolder
from stages.data.truth import FOLDER, read_kinds
from stages.draw.scenes import ade20k, cityscapes, deepfashion, horse2zebra, summer2winter
from stages.draw.scenes.chance import generator
from stages.draw.scenes.faults import FAULTS
from stages.draw.scenes.street import COAT, class_of, draw_street
from stages.runner.receipt import check_outputs
from tests.parts.drawn_scenes import block_of, drawn, prepared

SETS = {"cityscapes": "street", "horse2zebra": "horses", "summer2winter": "seasons", "ade20k": "rooms",
        "deepfashion": "people"}  # fmt: skip


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    top = tmp_path_factory.mktemp("translation")
    return {name: drawn(name, top / name) for name in SETS}


@pytest.fixture(scope="module")
def packs(sets, tmp_path_factory):
    found = {}
    for name, target in SETS.items():
        found[name] = prepared(target, sets[name], tmp_path_factory.mktemp(target))
    return found


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def faulty(name: str) -> list[tuple[list[str], str]]:
    """(keys in the prepared set or its rejects, the fault's kind)."""
    block = block_of(name)
    if name == "cityscapes":
        rows = [(stem, kind) for _, _, stem, kind in cityscapes.listing(block) if kind]
        odd = "leftImg8bit/train/{}_last_leftImg8bit.png"
        return [([odd.format(stem.rpartition("_")[0])] if kind == "strange_name" else
                 [f"trainA/{stem}", f"trainB/{stem}"], kind) for stem, kind in rows]  # fmt: skip
    if name == "ade20k":
        rows = [(ade20k.stem_of(split, number), kind) for split, number, kind in ade20k.listing(block) if kind]
        odd = "ADEChallengeData2016/images/training/photo_{}.jpg"
        return [([odd.format(stem) if kind == "strange_name" else f"train/{stem}"], kind) for stem, kind in rows]
    if name == "deepfashion":
        rows = [
            (deepfashion.scene_of(block, *row[:2]).factors["name"], row[2])
            for row in deepfashion.listing(block)
            if row[2]
        ]
        return [([f"train/{scene}.jpg"], kind) for scene, kind in rows]
    module = {"horse2zebra": horse2zebra, "summer2winter": summer2winter}[name]
    rows = [(split, module.file_of(split, number), kind) for split, number, kind in module.listing(block) if kind]
    return [([f"{split}/{path.rpartition('/')[2]}"], kind) for split, path, kind in rows]


@pytest.mark.parametrize("name", SETS)
def test_what_is_drawn_is_what_a_stage_may_leave(name, sets):
    """No file is empty, bad items' included: the runner takes those for the marks of a broken stage."""
    assert check_outputs(sets[name], ())


@pytest.mark.parametrize("name", SETS)
def test_equal_seeds_give_equal_bytes_and_others_differ(name, sets, tmp_path):
    first = digests(sets[name])
    assert digests(drawn(name, tmp_path / "again")) == first
    other = digests(drawn(name, tmp_path / "other", seed=1))
    pictures = {key for key in first.keys() & other.keys() if key.endswith((".jpg", ".png"))}
    maps = f"{FOLDER}/maps/"
    ours = {key for key in pictures if key.startswith(FOLDER)}
    taught = {key for key in ours if not key.startswith(maps) or key.startswith(f"{maps}{FOLDER}__")}
    assert all(first[key] == other[key] for key in taught), "the pictures to teach on have a seed of their own"
    differing = {key for key in pictures - taught if first[key] != other[key]}
    assert len(differing) > 0.8 * len(pictures - taught)


@pytest.mark.parametrize("name", SETS)
def test_readers_reject_each_planted_fault_for_its_reason_and_keep_the_rest(name, packs):
    packed, reasons = packs[name]
    rows = faulty(name)
    domains = 2 if name in ("horse2zebra", "summer2winter") else 1
    assert sorted(kind for _, kind in rows) == sorted(domains * [fault.kind for fault in FAULTS[name]])
    expected = {fault.kind: fault for fault in FAULTS[name]}
    for keys, kind in rows:
        for key in keys:
            if expected[kind].kept:
                assert key in packed.keys, (kind, reasons.get(key))
            else:
                assert reasons.get(key) == expected[kind].reason, (kind, key)
    assert set(reasons) == {key for keys, kind in rows if not expected[kind].kept for key in keys}
    counts = packed.card["splits"]
    assert {count for split, count in counts.items() if not split.startswith("train")} == {12}


@pytest.mark.parametrize("name", SETS)
def test_every_good_picture_has_a_kind_and_each_kind_turns_up(name, packs, sets):
    packed, _ = packs[name]
    kinds = packed.column("kind")
    assert kinds.min() >= 0 and len(set(kinds.tolist())) >= len(packed.card["labels"]["kind"]) - 1
    assert len(read_kinds(RawFolder.open(sets[name]))) >= len(set(packed.column("source").tolist())) / 2
    if "domain" in packed.card["labels"] and name != "cityscapes":
        groups = [set(kinds[packed.column("domain") == domain].tolist()) for domain in (0, 1)]
        assert not groups[0] & groups[1]


def test_streets_keep_to_their_labels(sets):
    """Ids as counted, one hue for each kind of thing, and no hue as strong where nothing is counted."""
    for number in range(12):
        street = draw_street(generator(number, "street"), 160, 80)
        assert {int(value) for value in np.unique(class_of(street.ids))} <= set(ID.values())
        assert {ID["sky"], ID["road"], ID["sidewalk"], ID["ego vehicle"]} <= set(np.unique(street.labels).tolist())
        colours = street.image.astype(float)
        strong = (colours.max(2) - colours.min(2)) / np.maximum(colours.max(2), 1) > 0.6
        things = street.ids >= 1000
        assert strong[things].mean() > 0.15 if things.sum() > 150 else True
        # Rims blend, so a pixel beside a thing may be strong too.
        around = np.pad(things, 2)
        near = np.any(
            [around[2 + dy : 82 + dy, 2 + dx : 162 + dx] for dy in range(-2, 3) for dx in range(-2, 3)], axis=0
        )
        assert strong[~near].mean() < 0.01
        person = class_of(street.ids) == ID["person"]
        if person.sum() > 60:
            assert (np.abs(colours[person] - COAT).sum(1) < 60).mean() > 0.15
    raw = sets["cityscapes"]
    instances = np.asarray(Image.open(next(raw.glob("gtFine/train/*/*_instanceIds.png"))))
    assert instances.dtype in (np.uint16, np.int32)


def test_official_colours_lead_to_the_same_train_ids():
    ids = np.arange(34, dtype=np.uint8)[None]
    back = train_ids_of_colours(colours_of(ids))[0]
    for label, found in enumerate(back.tolist()):
        name = next((name for name, place in ID.items() if place == label))
        if name == "polegroup":  # it has the colour of a pole, and only the ids tell them apart
            assert TRAIN_NAMES[found] == "pole"
        else:
            assert found == (TRAIN_NAMES.index(name) if name in TRAIN_NAMES else VOID), name
    assert len(TRAIN_NAMES) == 19 and TRAIN_NAMES[0] == "road" and TRAIN_NAMES[18] == "bicycle"
    assert (train_ids_of_colours(np.full((1, 1, 3), 77, np.uint8)) == VOID).all()


def test_animals_stand_whole_on_the_meadow_and_zebras_are_striped():
    block = block_of("horse2zebra", "demo")
    changes = {}
    for domain in "AB":
        rows = [horse2zebra.scene_of(block, f"test{domain}", number) for number in range(20)]
        shares = [scene.parts["animal"].mean() for scene in rows]
        assert min(shares) > 0.10 and max(shares) < 0.45
        rim = [mask[:, [0, -1]].any() or mask[[0, -1]].any() for mask in (scene.parts["animal"] for scene in rows)]
        assert np.mean(rim) < 0.2
        jumps = [np.abs(np.diff(scene.image.mean(2), axis=1))[scene.parts["animal"][:, 1:]] for scene in rows]
        changes[domain] = np.mean(np.concatenate(jumps) > 60)
    assert changes["B"] > 5 * changes["A"]
    skies = []
    for domain in "AB":
        rows = [horse2zebra.scene_of(block, f"test{domain}", number) for number in range(20)]
        skies.append(np.mean([scene.image[:8].mean((0, 1)) for scene in rows], 0))
    assert np.abs(skies[0] - skies[1]).max() < 6, "one palette of backdrops"


def test_winter_is_whiter_where_the_same_things_are():
    block = block_of("summer2winter", "demo")
    whites = {}
    for domain in "AB":
        scenes = [summer2winter.scene_of(block, f"test{domain}", number) for number in range(12)]
        valleys = [scene.image[scene.factors["where"] == 2].min(1) for scene in scenes]
        whites[domain] = np.concatenate(valleys).mean()
        assert {0, 1, 2, 4} <= set(np.unique(scenes[0].factors["where"]).tolist())
    assert whites["B"] > 180 and whites["A"] < 110


def test_people_have_joints_where_they_are_painted_and_some_lack_some(packs):
    block = block_of("deepfashion", "demo")
    seen, inside = [], []
    for number in range(40):
        scene = deepfashion.scene_of(block, "val", number)
        joints = scene.factors["joints"]
        known = ~np.isnan(joints[:, 0])
        seen.append(known)
        places = (joints[known] * block.image_px).astype(int)
        inside += scene.parts["main"][places[:, 1], places[:, 0]].tolist()
    seen = np.array(seen)
    assert np.mean(inside) > 0.93 and 0.05 < 1 - seen.mean() < 0.5
    assert not seen[:, 0].all() and seen[:, 1].mean() > 0.9 and seen[:, 10].mean() < 0.9  # backs; necks; ankles cut off
    points = packs["deepfashion"][0].array("joints")
    assert np.nanmin(points) >= 0 and np.nanmax(points) < 1


def test_rooms_use_twelve_labels_and_unknown(packs):
    packed, _ = packs["ade20k"]
    assert packed.card["facts"]["classes"] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 17]
    found = set(np.unique(packed.array("labels")).tolist())
    assert found == set(range(13))
