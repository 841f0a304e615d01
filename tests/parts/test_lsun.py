"""LSUN objects: three storage forms behind one iterator, and the prepared birds and cars."""

import hashlib
import zipfile
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from stages.data.detections import write_detections
from stages.data.files import read_table
from stages.data.instances import ImageDetections, Instance, encode_mask
from stages.data.lsun import LsunImages
from stages.data.prepared.packed import Packed
from stages.data.raw import RawFolder
from stages.data.sets import bird, car, objects
from tests.parts.raw_fixtures import block_of, encode, file_list, flat, jpeg, lmdb_folder, put, rectangle


def key(number: int) -> str:
    return hashlib.sha1(str(number).encode()).hexdigest()


VALUES = {key(i): jpeg(flat(8, 9, (i, 0, 0))) for i in range(7)}


def tree(root):
    for name, content in VALUES.items():
        put(root.joinpath(*name[:6], f"{name}.webp"), content)
    put(root / "detections.jsonl", "")
    return root


def flat_tree(root):
    for name, content in VALUES.items():
        put(root / f"{name}.jpg", content)
    return root


def packed_zip(root):
    root.mkdir()
    with zipfile.ZipFile(root / "bird.zip", "w") as archive:
        for name, content in reversed(VALUES.items()):
            archive.writestr(f"{name[0]}/{name}.webp", content)
    return root


def database(root):
    return lmdb_folder(root / "bird", VALUES).parent


def test_a_turned_photo_is_turned_as_the_detector_saw_it(tmp_path):
    """30 x 20 px stored on its side; the record is of the upright photo."""
    exif = Image.Exif()
    exif[0x0112] = 6
    image = flat(20, 30, (9, 9, 200))
    image[8:16, 10:18] = (220, 30, 9)
    mask = np.zeros((20, 30), bool)
    mask[8:16, 10:18] = True
    for number in range(2):
        put(tmp_path / f"raw/{key(number)}.png", encode(np.rot90(image, 1).copy(), "PNG", exif=exif))
    for name in ("found", "out"):
        (tmp_path / name).mkdir()
    one = ImageDetections(30, 20, (Instance("bird", 0.9, (10.0, 8.0, 18.0, 16.0), encode_mask(mask)),))
    write_detections(tmp_path / "found", [(key(0), one), (key(1), one)], {})
    loose = {"minimum_side_px": 0, "minimum_long_side_px": 0, "inside_share": 0.5, "coverage_low": 0.01}
    block = block_of(bird, "bird", size_px=16, evaluation_count=1, minimum_kept=2, coverage_high=0.99, **loose)
    bird.prepare(block, {"raw": tmp_path / "raw", "detections": tmp_path / "found"}, tmp_path / "out")
    pack = Packed.open(tmp_path / "out")
    inside = pack.needed_masks()[0] == 1
    assert (pack.images[0, ..., 0] > 110)[inside].mean() > 0.8 and (pack.images[0, ..., 0] < 110)[~inside].mean() > 0.8


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("form", [tree, flat_tree, packed_zip, database])
def test_every_form_gives_the_same_values_in_key_order(tmp_path, form, listed):
    root = form(tmp_path / "raw")
    images = LsunImages(RawFolder.open(file_list(root, tmp_path / "listed") if listed else root))
    assert len(images) == 7
    for _ in range(2):
        assert [(name, content) for name, _, content in images] == sorted(VALUES.items())


def test_database_is_opened_without_a_lock_or_a_write(tmp_path):
    folder = lmdb_folder(tmp_path / "raw", VALUES)
    put(folder / "lock.mdb", b"")
    before = (folder / "data.mdb").read_bytes()
    for path in folder.iterdir():
        path.chmod(0o444)
    assert len(list(LsunImages(RawFolder.open(folder)))) == 7
    assert (folder / "data.mdb").read_bytes() == before and (folder / "lock.mdb").read_bytes() == b""


def test_missing_or_mixed_layouts_are_errors(tmp_path):
    put(tmp_path / "none/readme.txt", "")
    with pytest.raises(FileNotFoundError, match=r"data\.mdb and lock\.mdb"):
        LsunImages(RawFolder.open(tmp_path / "none"))
    put(tmp_path / f"twice/{key(0)}.webp", b"")
    put(tmp_path / f"twice/a/{key(0)}.jpg", b"")
    with pytest.raises(ValueError, match="each key once"):
        LsunImages(RawFolder.open(tmp_path / "twice"))
    put(tmp_path / "two/a/data.mdb", b"")
    put(tmp_path / "two/b/data.mdb", b"")
    with pytest.raises(ValueError, match="one LMDB"):
        LsunImages(RawFolder.open(tmp_path / "two"))
    put(tmp_path / "bad/data.mdb", b"not a database" * 1000)
    with pytest.raises(ValueError, match="does not open"):
        len(LsunImages(RawFolder.open(tmp_path / "bad")))
    put(tmp_path / "zip/bird.zip", b"PK not a zip")
    with pytest.raises(ValueError, match="does not open"):
        LsunImages(RawFolder.open(tmp_path / "zip"))
    with zipfile.ZipFile(tmp_path / "zip/bird.zip", "w") as archive:
        archive.writestr("bird/data.mdb", b"")
    with pytest.raises(FileNotFoundError, match="unzip it"):
        LsunImages(RawFolder.open(tmp_path / "zip"))


def scene(width, height, *boxes, shade=200):
    """An image and detections: boxes are (class, score, x1, y1, x2, y2), painted and masked as rectangles."""
    image, instances = flat(height, width, (20, 20, 20)), []
    for name, score, x1, y1, x2, y2 in boxes:
        image[y1 : y2 + 1, x1 : x2 + 1] = (shade, 10, 10)
        code = encode_mask(rectangle(height, width, x1, y1, x2, y2))
        instances.append(Instance(name, score, (x1, y1, x2 + 1, y2 + 1), code))
    return image, ImageDetections(width, height, tuple(instances))


def prepare(tmp_path, scenes: dict, module=bird, contents=None, **changes) -> tuple[Packed, dict]:
    values = {name: encode(image, "PNG") for name, (image, _) in scenes.items()} | (contents or {})
    lmdb_folder(tmp_path / "raw", values)
    (tmp_path / "detections").mkdir()
    write_detections(tmp_path / "detections", [(name, found) for name, (_, found) in scenes.items() if found], {})
    (tmp_path / "out").mkdir()
    limits = {"size_px": 16, "evaluation_count": 1, "minimum_kept": 1, "decode_error_limit": 0.3} | changes
    block = block_of(objects, module.__name__.rsplit(".", 1)[1], **limits)
    module.prepare(block, {"raw": tmp_path / "raw", "detections": tmp_path / "detections"}, tmp_path / "out")
    packed, table = Packed.open(tmp_path / "out"), read_table(tmp_path / "out/rejects.parquet")
    assert all(table["detail"])
    return packed, dict(zip(table["key"], table["reason"], strict=True))


GOOD = ("bird", 0.9, 150, 100, 349, 299)


def test_prepared_birds_keep_the_good_and_list_the_rest(tmp_path):
    wrong_size = scene(600, 450, GOOD)[0], scene(600, 451, GOOD)[1]
    scenes = {
        "good1": scene(600, 450, GOOD),
        "good2": scene(401, 513, ("bird", 0.9, 100, 100, 299, 299), ("person", 0.95 - 0.1, 0, 0, 50, 50)),
        "f1_a": scene(400, 600, GOOD),
        "f1_b": scene(512, 512, GOOD),
        "f2_cat": scene(600, 450, GOOD, ("cat", 0.95, 0, 0, 20, 20)),
        "f2_none": (scene(600, 450, GOOD)[0], ImageDetections(600, 450, ())),
        "f3": scene(600, 450, GOOD, ("person", 0.6, 0, 0, 599, 300)),
        "small": scene(600, 450, ("bird", 0.9, 100, 100, 130, 130)),
        "large": scene(600, 450, ("bird", 0.9, 75, 0, 524, 440)),
        "cut": scene(900, 450, ("bird", 0.9, 100, 100, 800, 300)),
        "no_record": (scene(600, 450, GOOD)[0], None),
        "size": wrong_size,
    }
    png = encode(scenes["good1"][0], "PNG")
    contents = {"empty": b"", "truncated": png[: len(png) // 2], "garbage": b"??"}
    scenes["truncated"] = scenes["good1"]  # its header and detections are fine, its pixels are cut
    contents["cut_no_record"] = png[: len(png) // 2]  # no detector could read it: listed for what it is
    scenes["cut_no_record"] = (scenes["good1"][0], None)
    packed, rejected = prepare(tmp_path, scenes, contents=contents)
    assert packed.keys == ["good1", "good2"]
    assert rejected == {
        "f1_a": "small", "f1_b": "small", "f2_cat": "other_class", "f2_none": "no_instance", "f3": "larger_instance",
        "small": "small_hole", "large": "large_hole", "cut": "cut_by_crop", "no_record": "no_record",
        "size": "other_size",
        "empty": "empty", "truncated": "truncated", "garbage": "unknown_format", "cut_no_record": "truncated",
    }  # fmt: skip
    assert packed.card["counts"] == {"kept": 2, "rejected": 14, "reasons": packed.card["counts"]["reasons"]}
    funnel = packed.card["funnel"]
    assert funnel[0] == ["decode", 16, 12] and funnel[-1][2] == 2
    assert all(before[2] == after[1] for before, after in pairwise(funnel))
    assert sorted(packed.column("split").tolist()) == ["evaluation", "train"]
    assert len(packed.positions("evaluation")) == 1


def test_mask_and_image_stay_aligned(tmp_path):
    packed, _ = prepare(tmp_path, {"a": scene(600, 450, GOOD), "b": scene(450, 600, ("bird", 0.9, 30, 400, 229, 560))})
    for image, mask in zip(packed.images, packed.masks, strict=True):
        red = image[..., 0] > 110  # painted 200 on 20
        assert mask.any() and (red == mask.astype(bool)).mean() > 0.93
    for position, mask in enumerate(packed.masks):
        ys, xs = np.nonzero(mask)
        box = [int(packed.column(f"box_{corner}")[position]) for corner in ("x1", "y1", "x2", "y2")]
        assert box == [xs.min(), ys.min(), xs.max(), ys.max()]


def test_cars_accept_trucks_and_birds_do_not_accept_cars(tmp_path):
    scenes = {
        name: scene(600, 450, (kind, 0.9, 150, 100, 349, 299))
        for name, kind in (("a", "car"), ("b", "truck"), ("c", "bird"))
    }
    packed, rejected = prepare(tmp_path / "1", scenes, car)
    assert packed.keys == ["a", "b"] and rejected == {"c": "other_class"} and packed.card["name"] == "car"
    with pytest.raises(ValueError, match=r"evaluation_count|at least"):
        prepare(tmp_path / "2", scenes)


def test_floor_and_ceiling_stop(tmp_path):
    scenes = {"a": scene(600, 450, GOOD), "b": scene(600, 450, GOOD)}
    with pytest.raises(ValueError, match="expected at least 3 kept items"):
        prepare(tmp_path / "1", scenes, minimum_kept=3)
    with pytest.raises(ValueError, match="do not decode"):
        prepare(tmp_path / "2", scenes, contents={"c": b"", "d": b""})


def test_two_runs_give_equal_bytes(tmp_path):
    scenes = {"a": scene(600, 450, GOOD), "b": scene(500, 620, GOOD), "c": scene(400, 400)}
    for run in ("1", "2"):
        prepare(tmp_path / run, scenes)
    names = sorted(path.name for path in (tmp_path / "1/out").iterdir())
    assert names == ["card.json", "images.npy", "index.parquet", "masks.npy", "rejects.parquet"]
    for name in names:
        assert (tmp_path / "1/out" / name).read_bytes() == (tmp_path / "2/out" / name).read_bytes()
