"""Birds, dogs and cars about their boxes as packed: faults, columns, masks, tiles, and what training reads of them."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from stages.data import extras
from stages.data.boxed import READERS, box_of
from stages.data.image import decode
from stages.data.prepared.beside import BesideSource
from stages.data.prepared.boxes import box_crop
from stages.data.prepared.packed import Packed
from stages.data.prepared.rows import Rows
from stages.data.prepared.windows import WindowSource
from stages.data.raw import RawFolder
from stages.draw.scenes.boxed import listing
from stages.draw.scenes.faults import FAULTS
from tests.parts.boxed_fixtures import SETS, detected, packed, scenes_of, tiled
from tests.parts.drawn_scenes import block_of, drawn
from tests.parts.raw_fixtures import encode, jpeg, put

SIZES = {"train": 16, "test": 4}
LOOSE = {"minimum_kept": 8, "decode_error_limit": 1.0}
ONE = SimpleNamespace(rank=0, size=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """{set: (raw folder, pack, reasons of rejects, tiles)}."""
    top, found = tmp_path_factory.mktemp("boxed"), {}
    for name in SETS:
        raw = drawn(name, top / name, **SIZES)
        table = None if name == "bird_boxes" else detected(name, raw, top / f"{name}_found")
        data, reasons = packed(name, raw, top / f"{name}_data", table, **LOOSE)
        found[name] = raw, data, reasons, tiled(raw, data.folder, top / f"{name}_tiles")
    return found


def faulty(name: str) -> dict[str, str]:
    """{key in the prepared set: the fault's kind}."""
    scenes, block = scenes_of(name), block_of(name, **SIZES)
    kinds = {number: kind for number, _, kind in listing(name, block) if kind}
    if name == "car_boxes":
        return {scenes.path_of(block, number): kind for number, kind in kinds.items()}
    suffix = ".jpg" if name == "dog_boxes" else ""
    folder = {"photo_without_row": "Images/"} if name == "dog_boxes" else {}
    return {f"{folder.get(kind, '')}{scenes.path_of(number)}{suffix}": kind for number, kind in kinds.items()}


@pytest.mark.parametrize("name", SETS)
def test_each_planted_fault_is_rejected_for_its_reason_or_kept(name, made):
    _, data, reasons, _ = made[name]
    kinds, expected = faulty(name), {fault.kind: fault for fault in FAULTS[name]}
    assert sorted(kinds.values()) == sorted(expected)
    for key, kind in kinds.items():
        if expected[kind].kept:
            assert key in data.keys, (kind, reasons.get(key))
        else:
            assert reasons.get(key) == expected[kind].reason, kind
    assert len(reasons) == sum(not fault.kept for fault in FAULTS[name])
    unmasked = {data.keys[place] for place in np.flatnonzero(data.column("masked") == 0)}
    assert {kinds[key] for key in unmasked} == {"missing_mask" if name == "bird_boxes" else "no_detection"}
    for place in np.flatnonzero(data.column("masked") == 0):
        assert not data.needed_masks()[place].any() and not data.array("cover")[place].any()
        assert data.column("colour")[place] == -1


@pytest.mark.parametrize("name", SETS)
def test_crops_masks_and_grounds_fit_each_other(name, made):
    folder, data, _, _ = made[name]
    raw = RawFolder.open(folder)
    items = {item.key: item for item in READERS[name](raw)[1]}
    assert data.array("wide").shape[1:] == (38, 38, 3)
    cover, exact, ground = (data.array(array) for array in ("cover", "exact", "background"))
    known = data.column("masked") == 1
    assert (cover[known] >= exact[known]).all(), "a hole leaves nothing of the drawn object, whatever was detected"
    for place, key in enumerate(data.keys[:6]):
        image = decode(raw.read(data.column("source")[place]))
        height, width = image.shape[:2]
        crop = box_crop(width, height, box_of(raw, items[key]), 1.2)
        wanted = Image.fromarray(image).crop(crop).resize((32, 32), Image.Resampling.BILINEAR)
        assert np.array_equal(data.images[place], np.asarray(wanted))
        assert data.column("scale")[place] == pytest.approx(crop.side / 32)
        share = Image.fromarray(extras.read_mask(raw, items[key].photo).astype(np.float32)).crop(crop)
        area = np.asarray(share.resize((32, 32), Image.Resampling.BOX))
        clear = np.abs(area - 0.5) > 0.01
        assert np.array_equal(exact[place][clear], (area > 0.5)[clear])
        rows, columns = np.nonzero(exact[place])
        edges = [float(data.column(f"box_{side}")[place]) * 32 for side in ("left", "top", "right", "bottom")]
        found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert np.abs(np.array(found) - edges).max() < 2
    far = (cover[known] == 0) & (exact[known] == 0)
    error = np.abs(data.images[known].astype(int) - ground[known])[far]
    assert np.median(error) <= 3, "outside the object the photo is the ground, up to its jpeg"


@pytest.mark.parametrize("name", SETS)
def test_masks_are_the_exact_ones_of_birds_and_detections_of_others(name, made):
    data = made[name][1]
    known = data.column("masked") == 1
    one, other = data.needed_masks()[known] > 0, data.array("exact")[known] > 0
    overlap = ((one & other).sum((1, 2)) / (one | other).sum((1, 2))).mean()
    assert overlap == 1 if name == "bird_boxes" else 0.65 < overlap < 0.93


def test_classes_colours_and_facts(made):
    for name, classes in zip(SETS, (12, 12, 8), strict=True):
        data = made[name][1]
        assert (
            len(data.card["facts"]["classes"]) == classes
            and data.card["labels"]["label"] == data.card["facts"]["classes"]
        )
        assert set(data.column("label").tolist()) == set(range(classes))
        assert data.card["facts"]["drawn"] and data.card["facts"]["wide_px"] == 38
    birds = made["bird_boxes"][1]
    clean = (birds.column("masked") == 1) & (birds.column("split") == "train")
    pairs = np.stack([birds.column("label") % 3, birds.column("colour")], 1)
    groups = {tuple(pair) for pair in pairs[clean].tolist()}
    assert len(groups) == 3, "three plumages are three groups"


def test_too_few_masks_give_no_colours(made, tmp_path):
    folder = tmp_path / "raw"
    shutil.copytree(made["car_boxes"][0], folder)
    (folder / "detections.jsonl").write_text("")
    table = detected("car_boxes", folder, tmp_path / "found")
    data, _ = packed("car_boxes", folder, tmp_path / "data", table, **LOOSE)
    assert set(data.column("colour").tolist()) == {-1} and not data.column("masked").any()
    assert data.card["facts"]["without_mask"] == len(data)


def test_the_users_own_masks_stand_for_detections(made, tmp_path):
    folder, data, _, _ = made["dog_boxes"]
    shutil.copytree(folder, tmp_path / "raw")
    raw = RawFolder.open(folder)
    for item in READERS["dog_boxes"](raw)[1]:
        mask = (tmp_path / "raw" / extras.mask_name(item.photo)).read_bytes()
        put((tmp_path / "raw/masks" / item.photo).with_suffix(".png"), mask)
    table = detected("dog_boxes", tmp_path / "raw", tmp_path / "found", "masks")
    given, _ = packed("dog_boxes", tmp_path / "raw", tmp_path / "data", table, **LOOSE)
    assert given.keys == data.keys and given.column("masked").all()
    assert np.array_equal(given.needed_masks(), given.array("exact"))
    put((tmp_path / "raw/masks" / item.photo).with_suffix(".png"), encode(np.ones((9, 9), np.uint8), "PNG"))
    with pytest.raises(ValueError, match=r"masks/Images/.*expected the photo's size"):
        detected("dog_boxes", tmp_path / "raw", tmp_path / "again", "masks")
    with pytest.raises(FileNotFoundError, match=r"expected masks/<path of a photo>\.png, came none"):
        detected("dog_boxes", folder, tmp_path / "none", "masks")


@pytest.mark.parametrize("name", SETS)
def test_tiles_are_ground_of_training_photos(name, made):
    folder, data, _, tiles = made[name]
    facts, raw = tiles.card["facts"], RawFolder.open(folder)
    training = {data.keys[place] for place in data.positions("train")}
    assert {key.split("#")[0] for key in tiles.keys} <= training and facts["count"] == len(tiles) >= 16
    assert tiles.images.shape[1:] == (32, 32, 3) and set(tiles.column("split")) == {"train"}
    assert facts["photos_without_tile"] == len(training) - len({key.split("#")[0] for key in tiles.keys})
    assert facts["median_side_px"] == np.median(tiles.column("side_px"))
    scales = dict(zip(data.keys, data.column("scale"), strict=True))
    shares = []
    for key, side in zip(tiles.keys, tiles.column("side_px"), strict=True):
        crop_px = scales[key.split("#")[0]] * 32
        assert side >= max(16, crop_px / 2)
        shares.append(side / crop_px)
    assert facts["scale"] == pytest.approx(np.median(shares))
    ground = decode(raw.read(extras.background_name(tiles.column("source")[0]))).reshape(-1, 3)
    first = tiles.images[0].reshape(-1, 3)
    assert np.abs(first.mean(0) - ground.mean(0)).max() < 14


def test_too_few_tiles_stop_and_the_users_backgrounds_replace_them(made, tmp_path):
    folder, data, _, _ = made["car_boxes"]
    with pytest.raises(ValueError, match=r"at least 4000 tiles, twice the batch \(minimum_kept\)"):
        tiled(folder, data.folder, tmp_path / "few", minimum_kept=4000)
    with pytest.raises(FileNotFoundError, match="backgrounds: expected pictures of background"):
        tiled(folder, data.folder, tmp_path / "none", backgrounds="user")
    shutil.copytree(folder, tmp_path / "raw")
    for number in range(3):
        image = np.zeros((40, 60, 3), np.uint8)
        image[:, 10:50] = 80 * number
        put(tmp_path / f"raw/backgrounds/{number}.jpg", jpeg(image))
    tiles = tiled(tmp_path / "raw", data.folder, tmp_path / "user", backgrounds="user", minimum_kept=3)
    assert tiles.column("side_px").tolist() == [40, 40, 40]
    assert [round(float(image.mean())) for image in tiles.images] == [0, 80, 160], "the middle square"
    assert tiles.card["facts"]["photos_without_tile"] == 0


def test_a_background_of_the_users_is_turned_upright(made, tmp_path):
    """Nothing is marked in it: red above, blue below, stored on its side."""
    folder, data, _, _ = made["car_boxes"]
    shutil.copytree(folder, tmp_path / "raw")
    upright = np.zeros((40, 40, 3), np.uint8)
    upright[:20, :, 0] = upright[20:, :, 2] = 250
    exif = Image.Exif()
    exif[0x0112] = 6
    put(tmp_path / "raw/backgrounds/0.png", encode(np.rot90(upright, 1).copy(), "PNG", exif=exif))
    tile = tiled(tmp_path / "raw", data.folder, tmp_path / "user", backgrounds="user", minimum_kept=1).images[0]
    assert tile[:14, :, 0].min() > 200 and tile[-14:, :, 2].min() > 200 and tile[:14, :, 2].max() < 20


def test_training_needs_no_masks(made, tmp_path):
    """The feed gives the same bytes where masks, covers, exact masks and grounds are gone."""
    _, data, _, tiles = made["dog_boxes"]
    shutil.copytree(data.folder, tmp_path / "data")
    for array in ("masks", "cover", "exact", "background"):
        (tmp_path / "data" / f"{array}.npy").unlink()
    feeds = []
    for folder in (data.folder, tmp_path / "data"):
        opened = Packed.open(folder)
        first = WindowSource(opened, opened.positions("train"), 4, 0, ONE, True, 100, "images", boxed=True)
        second = WindowSource(tiles, tiles.positions("train"), 4, 0, ONE, True, 0, "tiles")
        feeds.append(BesideSource(first, second))
    for step in (0, 3):
        one, other = (feed.batch(step) for feed in feeds)
        assert set(one) == {"image", "position", "box", "background_image", "background_position"}
        assert all(torch.equal(one[key], other[key]) for key in one)
        assert one["background_image"].shape == one["image"].shape == (4, 3, 32, 32)


def test_boxes_follow_window_and_flip(made, tmp_path):
    """Painted into the wide copies, each box is found again where the batch says it is."""
    data = made["bird_boxes"][1]
    positions = data.positions("train")
    windows = WindowSource(data, positions, 8, 0, ONE, True, 100, "images", boxed=True)
    wide = np.zeros(data.array("wide").shape, np.uint8)
    edges = np.stack([data.column(f"box_{side}") for side in ("left", "top", "right", "bottom")], 1)
    for place, (left, top, right, bottom) in enumerate(np.rint(edges * 38).astype(int)):
        wide[place, top:bottom, left:right] = 255
    np.save(tmp_path / "wide.npy", wide)
    windows.wide["image"] = Rows(tmp_path / "wide.npy")
    for step in range(5):
        batch = windows.batch(step)
        for image, box in zip(batch["image"].numpy(), batch["box"].numpy(), strict=True):
            rows, columns = np.nonzero(image[0] > 0)
            found = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
            assert np.abs(found - box * 32).max() < 1.01
        assert batch["box"].dtype == torch.float32 and batch["box"].min() >= 0 and batch["box"].max() <= 1
    whole = WindowSource(data, positions, 8, 0, ONE, False, 0, "images", boxed=True).batch(0)
    assert np.allclose(whole["box"].numpy(), edges[whole["position"].numpy()])


def test_feeds_of_two_sizes_or_of_one_name_are_refused(made):
    data = made["bird_boxes"][1]
    four, eight = (WindowSource(data, data.positions("train"), size, 0, ONE, False, 0) for size in (4, 8))
    with pytest.raises(ValueError, match="one size for both sets, came 4 and 8"):
        BesideSource(four, eight)
    with pytest.raises(ValueError, match="came image, position twice"):
        BesideSource(four, four, prefix="").batch(0)
