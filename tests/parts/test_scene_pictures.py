"""MsConD's sets as drawn: exact bytes, things where the truth says, bad items where readers find them."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from stages.data.image import decode
from stages.data.lsun import LsunImages
from stages.data.raw import RawFolder
from stages.data.truth import FOLDER, KINDS
from stages.draw.scenes import city_scenes, lsun_scenes
from stages.draw.scenes.chance import generator
from stages.draw.scenes.counted import Thing, paint_things
from stages.draw.scenes.faults import FAULTS
from stages.draw.scenes.kitchen import draw_kitchen
from stages.draw.scenes.labelled import LabelledCanvas
from stages.draw.scenes.livingroom import draw_livingroom
from stages.draw.scenes.plain_street import draw_plain_street
from stages.runner.receipt import check_outputs
from tests.parts.drawn_scenes import block_of, drawn, prepared

# What each thing is drawn in: hues in degrees, at a saturation that nothing else has.
HUES = {
    "city_scenes": {"car": ((345, 360), (0, 12), (40, 62)), "person": ((258, 300),), "bus": ((165, 195),)},
    "livingroom": {"couch": ((345, 360), (0, 12)), "chair": ((38, 60),), "potted plant": ((95, 145),)},
    "kitchen": {"oven": ((345, 360), (0, 12)), "refrigerator": ((165, 195),), "sink": ((212, 245),)},
}
PAINTERS = {"city_scenes": draw_plain_street, "livingroom": draw_livingroom, "kitchen": draw_kitchen}
FRAMES = {"city_scenes": (256, 128), "livingroom": (170, 128), "kitchen": (170, 128)}


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    top = tmp_path_factory.mktemp("scenes")
    return {name: drawn(name, top / name, supply="smoke") for name in HUES}


@pytest.fixture(scope="module")
def packs(sets, tmp_path_factory):
    found = {}
    for name, raw in sets.items():
        found[name] = prepared(name, raw, tmp_path_factory.mktemp(name))
    return found


def truth_of(raw: Path) -> dict[str, dict]:
    rows = map(json.loads, (raw / FOLDER / KINDS).read_text().splitlines())
    return {row["picture"]: row for row in rows}


def faulty(name: str) -> dict[str, str]:
    """{key in the prepared set or its rejects: the fault's kind}."""
    block = block_of(name, supply="smoke")
    if name != "city_scenes":
        return {key: kind for key, kind in lsun_scenes.listing(block, name) if kind}
    whole = {path: kind for _, _, path, kind in city_scenes.listing(block) if kind}
    return {
        path if kind == "strange_name" else path.removeprefix("leftImg8bit/").removesuffix("_leftImg8bit.png"): kind
        for path, kind in whole.items()
    }


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def hue_and_strength(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hue in degrees and whether a pixel is strongly coloured, by HSV. Shapes: uint8 [H W 3] -> [H W] twice."""
    values = image.astype(float) / 255
    high, low = values.max(2), values.min(2)
    spread = np.maximum(high - low, 1e-9)
    red, green, blue = np.moveaxis(values, 2, 0)
    sector = np.select([high == red, high == green], [(green - blue) / spread % 6, (blue - red) / spread + 2],
                       (red - green) / spread + 4)  # fmt: skip
    return sector * 60, (high - low) / np.maximum(high, 1e-9) > 0.6


@pytest.mark.parametrize("name", HUES)
def test_equal_seeds_give_equal_bytes_and_others_differ(name, sets, tmp_path):
    first = digests(sets[name])
    assert digests(drawn(name, tmp_path / "again", supply="smoke")) == first and check_outputs(sets[name], ())
    other = digests(drawn(name, tmp_path / "other", supply="smoke", seed=1))
    pictures = [key for key in first.keys() & other.keys() if key.endswith((".png", "data.mdb"))]
    assert pictures and all(first[key] != other[key] for key in pictures if key not in unchanging(name))


def unchanging(name: str) -> set[str]:
    """Files whose bytes no seed changes."""
    alike = {"garbage", "black"}
    return {f"leftImg8bit/{key}_leftImg8bit.png" for key, kind in faulty(name).items() if kind in alike}


@pytest.mark.parametrize("name", HUES)
def test_readers_reject_each_planted_fault_for_its_reason_and_keep_the_rest(name, packs):
    packed, reasons = packs[name]
    kinds = {fault.kind: fault for fault in FAULTS[name]}
    found = faulty(name)
    assert sorted(found.values()) == sorted(kinds)
    assert reasons == {key: kinds[kind].reason for key, kind in found.items() if not kinds[kind].kept}
    assert {key for key, kind in found.items() if kinds[kind].kept} <= set(packed.keys)
    kept = 20 + sum(fault.kept for fault in kinds.values())
    assert len(packed) == kept and packed.card["splits"] == {"held_out": 4, "train": kept - 4}


@pytest.mark.parametrize("name", HUES)
def test_every_picture_has_a_kind(name, packs, sets):
    packed, _ = packs[name]
    kinds, truth = packed.column("kind"), truth_of(sets[name])
    names = packed.card["labels"]["kind"]
    assert kinds.min() >= 0 and 3 <= len(set(kinds.tolist())) <= len(names) <= 6
    pictures = packed.column("source") if name == "city_scenes" else packed.keys
    assert [names[kind] for kind in kinds] == [truth[picture]["kind"] for picture in pictures]


@pytest.mark.parametrize("name", HUES)
def test_hue_alone_finds_the_things_and_nothing_else(name):
    width, height = FRAMES[name]
    seen = dict.fromkeys(HUES[name], 0)
    stray = total = 0
    for number in range(24):
        scene = PAINTERS[name](generator(7, name, number), width, height)
        hue, strong = hue_and_strength(scene.image)
        inside = np.zeros_like(strong)
        for one in scene.found:
            x1, y1, x2, y2 = one.box
            assert 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height and 0 <= one.covered < 1
            inside[y1:y2, x1:x2] = True
            band = np.any([(hue >= low) & (hue <= high) for low, high in HUES[name][one.category]], 0) & strong
            if one.covered < 0.02:
                seen[one.category] += 1
                assert band[y1:y2, x1:x2].mean() > 0.22, (number, one)
                # What is strongly coloured reaches from one side of the box to the other.
                columns = np.flatnonzero(band[y1:y2, x1:x2].any(0))
                assert columns[-1] - columns[0] + 1 > 0.7 * (x2 - x1)
        stray, total = stray + int((strong & ~inside).sum()), total + strong.sum()
    assert all(count >= 4 for count in seen.values()), seen
    assert stray < 0.01 * total


@pytest.mark.parametrize("name", HUES)
def test_things_stand_in_the_middle_square_and_are_large_enough_at_32_px(name):
    """8 pixels of their own colour are what the demo's detector asks for."""
    width, height = FRAMES[name]
    left = (width - height) // 2
    whole, counts = 0, dict.fromkeys(HUES[name], 0)
    for number in range(40):
        for one in PAINTERS[name](generator(8, name, number), width, height).found:
            x1, y1, x2, y2 = one.box
            counts[one.category] += 1
            whole += x1 >= left and x2 <= left + height
            if one.covered < 0.02:
                assert (x2 - x1) * (y2 - y1) * (32 / height) ** 2 >= 16, one
    assert min(counts.values()) >= 12 and whole > 0.6 * sum(counts.values())


def test_boxes_are_of_what_is_seen_and_shares_of_what_is_hidden():
    def painted(left, top, right, bottom):
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        return lambda canvas, rng: canvas.fill(corners - (0.25, 0.25), (200, 0, 0))

    canvas = LabelledCanvas(np.zeros((20, 30, 3), np.uint8), 0)
    things = [Thing("a", painted(2, 2, 10, 10)), Thing("b", painted(2, 2, 6, 10)), Thing("c", painted(20, 5, 22, 7)),
              Thing("d", painted(19, 4, 24, 9)), Thing("e", painted(40, 4, 44, 9))]  # fmt: skip
    found = {one.category: one for one in paint_things(canvas, things, np.random.default_rng(0))}
    assert set(found) == {"a", "b", "d"}, "what is wholly hidden or outside is not counted"
    assert found["a"].box == (6, 2, 10, 10) and found["a"].covered == 0.5
    assert found["b"].box == (2, 2, 6, 10) and found["b"].covered == 0
    assert found["d"].box == (19, 4, 24, 9)


def test_the_other_database_is_there_and_read_by_nobody(sets):
    raw = RawFolder.open(sets["livingroom"])
    taken = {key for key, _, _ in LsunImages(raw, "living_room_train_lmdb")}
    other = LsunImages(RawFolder.open(sets["livingroom"] / "living_room_val_lmdb"))
    assert len(other) == 2 and not taken & {key for key, _, _ in other}
    assert set(truth_of(sets["livingroom"])) == taken
    assert all(min(decode(content).shape[:2]) >= 120 for _, _, content in other)
