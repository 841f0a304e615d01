"""GANSeg's sets as drawn: exact bytes, masks and points that fit the picture, bad items where readers find them."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.draw.scenes import celeba_wild, cub_masks, flowers, taichi
from stages.draw.scenes.chance import generator
from stages.draw.scenes.encode import jpeg_exact
from stages.draw.scenes.faults import FAULTS
from stages.draw.scenes.figure import figure_joints
from tests.parts.drawn_scenes import block_of, drawn, prepared

SETS = ("celeba_wild", "cub_masks", "flowers", "taichi")


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    top = tmp_path_factory.mktemp("wild")
    return {name: (drawn(name, top / "raw" / name), top / f"data_{name}") for name in SETS}


@pytest.fixture(scope="module")
def packs(sets):
    return {name: prepared(name, raw, out) for name, (raw, out) in sets.items()}


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def faulty(name: str) -> dict[str, str]:
    """{key in the prepared set: the fault's kind}."""
    block = block_of(name)
    if name == "celeba_wild":
        return {f"{row[2][0]}/{row[1]}": row[3] for row in celeba_wild.listing(block) if row[3]}
    if name == "cub_masks":
        return {f"{row[2]}/{row[1]}": row[3] for row in cub_masks.listing(block) if row[3]}
    if name == "flowers":
        return {f"{row[1]}/{row[0]:05d}": row[2] for row in flowers.listing(block) if row[2]}
    return {f"{row[0]}/{row[1]}": row[2] for row in taichi.listing(block) if row[2]}


@pytest.mark.parametrize("name", SETS)
def test_equal_seeds_give_equal_bytes_and_others_differ(name, sets, tmp_path):
    first = digests(sets[name][0])
    assert digests(drawn(name, tmp_path / "again")) == first
    other = digests(drawn(name, tmp_path / "other", seed=1))
    shared = set(first) & set(other)
    pictures = {key for key in shared if key.endswith((".jpg", ".png"))}
    assert not pictures or sum(first[key] != other[key] for key in pictures) > 0.9 * len(pictures)
    assert first != other


@pytest.mark.parametrize("name", SETS)
def test_readers_reject_each_planted_fault_for_its_reason_and_keep_the_rest(name, packs):
    packed, reasons = packs[name]
    kinds = faulty(name)
    assert sorted(kinds.values()) == sorted(fault.kind for fault in FAULTS[name])
    expected = {fault.kind: fault for fault in FAULTS[name]}
    for key, kind in kinds.items():
        if expected[kind].kept:
            assert key in packed.keys, (kind, reasons.get(key))
        else:
            assert reasons.get(key) == expected[kind].reason, kind
    others = {reason for key, reason in reasons.items() if key not in kinds}
    assert others == ({"small_face"} if name == "celeba_wild" else set())


def test_about_seven_in_ten_faces_pass_and_photos_stand_in_two_lists(packs):
    block = block_of("celeba_wild", "demo")
    rows = [row for row in celeba_wild.listing(block) if not row[3]][:150]
    scenes = [celeba_wild.scene_of(block, row[0]) for row in rows]
    shares = [np.prod(scene.factors["box"][2:]) / scene.image[..., 0].size for scene in scenes]
    assert 0.55 < np.mean(np.array(shares) >= 0.3) < 0.8
    assert len({scene.image.shape for scene in scenes}) > 100
    packed, _ = packs["celeba_wild"]
    names = {split: {key.split("/")[1] for key in packed.keys if key.startswith(split + "/")} for split in
             ("train", "reg_train", "test")}  # fmt: skip
    assert names["train"] & names["reg_train"] and not names["test"] & (names["train"] | names["reg_train"])


def test_landmarks_lie_on_the_features_they_name():
    """White and dark of the eyes, red of the mouth; the left eye is at the picture's left."""
    block = block_of("celeba_wild")
    for number in range(12):
        scene = celeba_wild.scene_of(block, number)
        points = scene.factors["points"]
        assert points[0, 0] < points[1, 0] and points[3, 0] < points[4, 0] and points[2, 1] > points[:2, 1].min()
        x, y = np.rint((points[3] + points[4]) / 2).astype(int)
        red, green, _ = scene.image[y, x].astype(int)
        assert red > 1.6 * green, number
        for x, y in np.rint(points[:2]).astype(int):
            assert scene.image[y, x].max() < 140  # the pupil
        x, y, width, height = scene.factors["box"]
        assert (points[:, 0] > x).all() and (points[:, 0] < x + width).all()
        assert (points[:, 1] > y).all() and (points[:, 1] < y + height).all()


@pytest.mark.parametrize("name", ["cub_masks", "flowers", "taichi"])
def test_objects_stand_out_and_turn_up_everywhere(name, packs):
    packed, _ = packs[name]
    places, contrast = [], []
    for position in np.flatnonzero(packed.column("masked")):
        mask, image = packed.masks[position].astype(bool), packed.images[position].astype(float)
        if mask.any():
            places.append(np.argwhere(mask).mean(axis=0) / len(mask))
            contrast.append(np.abs(image[mask].mean(0) - image[~mask].mean(0)).max())
    spread = np.std(places, axis=0)
    assert spread[1] > 0.05 and spread[0] > (0.01 if name == "taichi" else 0.05)
    assert np.median(contrast) > 40
    assert 0.04 < packed.masks[packed.column("masked") == 1].mean() < 0.4


def test_masks_are_those_of_the_scenes(packs):
    """The prepared masks against the exact masks, resized apart: flowers within the rim of blended pixels."""
    packed, _ = packs["flowers"]
    block = block_of("flowers")
    overlaps = []
    for position, key in enumerate(packed.keys):
        exact = flowers.scene_of(block, int(key.split("/")[1])).parts["main"]
        small = np.asarray(Image.fromarray(exact).resize((32, 32), Image.Resampling.BOX)) > 0
        found = packed.masks[position].astype(bool)
        overlaps.append((small & found).sum() / (small | found).sum())
    assert np.mean(overlaps) > 0.75


def test_blue_background_survives_the_jpeg():
    image = np.zeros((32, 32, 3), np.uint8)
    image[:] = (0, 0, 254)
    read = np.asarray(Image.open(io.BytesIO(jpeg_exact(image))))
    assert (read == (0, 0, 254)).all()


def test_the_figure_has_18_joints_where_they_are_painted():
    for number in range(20):
        joints = figure_joints(generator(number, "x"), 0.5)
        assert joints.shape == (18, 2) and joints[0, 1] < joints[1, 1] < joints[8, 1] < joints[10, 1]
        assert joints[2, 0] < joints[5, 0] and joints[14, 0] < joints[15, 0]  # right is at the picture's left
        assert (joints[:, 1] > 0).all() and (joints[:, 1] < 0.97).all()
    block = block_of("taichi")
    scene = taichi.scene_of(block, "test", "00000.png")
    for joint in (1, 2, 5, 8, 11, 3, 6):
        x, y = np.rint(scene.factors["joints"][joint]).astype(int)
        assert scene.parts["main"][min(y, 63), min(max(x, 0), 63)], joint


def test_joints_are_in_256_px_units_and_some_are_missing(packs):
    packed, _ = packs["taichi"]
    points = packed.array("landmarks")[packed.positions("reg_train")]
    assert 128 < np.nanmax(points) <= 255 and 0.01 < np.isnan(points[..., 0]).mean() < 0.15
    unseen = packed.array("landmarks")[packed.positions("test")]
    assert np.isnan(unseen).all(axis=(1, 2)).sum() == 1  # the planted frame


def test_frames_of_a_video_share_their_place():
    block = block_of("taichi")
    first, second, other = (taichi.scene_of(block, "train", file) for file in ("00000/0000.png", "00000/0001.png",
                                                                               "00001/0000.png"))  # fmt: skip
    assert (first.image[0, 0] == second.image[0, 0]).all() and not np.array_equal(first.image, second.image)
    assert not np.array_equal(first.image, other.image)
