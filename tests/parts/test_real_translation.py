"""MoNCE's readers on real files, where ../shared/data is at hand.

DeepFashion and summer2winter are in no pack: their readers rest on drawn data (test_translation_scenes) and on files
made by the tests (test_translation_sets).
"""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.data import layout
from stages.data.ade20k import read_numbers, read_photos
from stages.data.celebamask import PARTS
from stages.data.cityscapes import read_frames, read_labels
from stages.data.cityscapes_labels import TRAIN_NAMES, VOID, colours_of
from stages.data.convert import camvid
from stages.data.convert.command import opened
from stages.data.prepared.packed import Packed
from stages.data.probes import ade20k, celebamask_hq, cityscapes, horse2zebra
from stages.data.raw import RawFolder
from stages.data.sets import face_parts, horses, rooms, street
from tests.parts.raw_fixtures import block_of, encode, put

LOOSE = {"size_px": 64, "wide_px": 72, "expected_counts": {}, "minimum_kept": 1, "decode_error_limit": 0.0}


def unpacked(shared_data: Path, name: str, folder: Path, only=lambda name: True) -> Path:
    if not (shared_data / f"{name}.zip").is_file():
        pytest.skip(f"needs {name}.zip in ../shared/data")
    with zipfile.ZipFile(shared_data / f"{name}.zip") as archive:
        archive.extractall(folder, [entry for entry in archive.namelist() if only(entry)])
    return folder


def prepare(module, group: str, raw: Path, out: Path, **changes) -> Packed:
    out.mkdir()
    module.prepare(block_of(module, group, **LOOSE | changes), {"raw": raw}, out)
    packed = Packed.open(out)
    assert packed.card["counts"]["rejected"] == 0
    return packed


def test_horses_and_zebras(shared_data, tmp_path):
    root = unpacked(shared_data, "horse2zebra", tmp_path / "raw")
    horse2zebra.probe(RawFolder.of_user(root))
    packed = prepare(horses, "horses", root, tmp_path / "out")
    assert packed.card["splits"] == {"testA": 20, "testB": 20, "trainA": 100, "trainB": 100}
    assert packed.images.std() > 40
    photo = Image.open(root / str(packed.column("source")[0])).convert("RGB")
    difference = np.asarray(photo.resize((64, 64), Image.Resampling.BICUBIC)).astype(int) - packed.images[0]
    assert np.abs(difference).max() <= 1


def test_cityscapes_frames(shared_data, tmp_path):
    root = unpacked(shared_data, "cityscapes_mini", tmp_path / "raw")
    raw = RawFolder.of_user(root)
    with pytest.raises(layout.NotLaidOut, match="no leftImg8bit/val"):
        cityscapes.probe(raw)
    base = root / "dev_1024x512"
    for part in ("leftImg8bit", "gtFine"):  # the third frame as a validation frame
        for path in sorted((base / part / "train/aachen").glob("aachen_000003*")):
            put(base / part / "val/aachen" / path.name, path.read_bytes())
            path.unlink()
    raw = RawFolder.of_user(root)
    cityscapes.probe(raw)
    frames, strange = read_frames(raw)
    assert [frame.split for frame in frames] == ["train", "train", "val"] and strange == []
    for frame in frames:
        train_ids, colours = read_labels(raw, frame)
        ids = np.asarray(Image.open(root / frame.labels))
        shares = {name: (train_ids == place).mean() for place, name in enumerate(TRAIN_NAMES)}
        assert shares["road"] > 0.2 and shares["building"] + shares["vegetation"] > 0.1
        assert (train_ids == VOID).mean() < 0.25 and np.array_equal(colours, colours_of(ids))
        assert ids.max() <= 33
        instances = np.asarray(Image.open(root / frame.labels.replace("labelIds", "instanceIds"))).astype(int)
        # The pack reduced both on their own, so that rims differ here and there.
        assert (np.where(instances < 1000, instances, instances // 1000) == ids).mean() > 0.97
    packed = prepare(street, "street", root, tmp_path / "out")
    assert packed.card["splits"] == {"testA": 1, "testB": 1, "trainA": 2, "trainB": 2}
    road = packed.array("truth")[0] == 0
    assert road[40:].mean() > 0.4 > road[:20].mean()


def test_ade20k_photos(shared_data, tmp_path):
    root = unpacked(shared_data, "ade20k_mini", tmp_path / "raw")
    with pytest.raises(layout.NotLaidOut, match="no ADE_train"):
        ade20k.probe(RawFolder.of_user(root))
    for path in sorted(root.rglob("ADE_val_00000001.*")):
        put(path.parents[1] / "training" / path.name.replace("val", "train"), path.read_bytes())
    raw = RawFolder.of_user(root)
    ade20k.probe(raw)
    photos, _ = read_photos(raw)
    numbers = read_numbers(raw, photos[0])
    labels = np.asarray(Image.open(root / photos[0].labels)).astype(int)
    assert np.array_equal(numbers[labels > 0], labels[labels > 0] - 1) and (numbers[labels == 0] == 150).all()
    packed = prepare(rooms, "rooms", root, tmp_path / "out")
    assert packed.card["splits"] == {"test": 3, "train": 1}
    assert len(np.unique(packed.array("wide_labels"))) > 10


def test_faces_from_their_parts(shared_data, tmp_path):
    """The merged maps of the pack are the official ones, glasses under other parts."""
    first = [f"-img/{i}.jpg" for i in range(30)] + [f"labels/{i}.png" for i in range(30)]
    wanted = (*first, *(f"{i:05d}_{part}.png" for i in range(30) for part in PARTS))
    root = unpacked(shared_data, "celebamask_hq", tmp_path / "raw", lambda name: name.endswith(wanted))
    celebamask_hq.probe(RawFolder.of_user(root))
    packed = prepare(
        face_parts, "face_parts", root, tmp_path / "out", glasses_on_top=False, test_count=6, teach_count=6
    )
    assert packed.card["splits"] == {"teach": 6, "test": 6, "train": 18}
    for position, key in enumerate(packed.keys):
        official = Image.open(root / f"labels/{int(key)}.png").resize((64, 64), Image.Resampling.NEAREST)
        assert np.array_equal(packed.array("labels")[position], np.asarray(official)), key


def test_camvid_in_the_layout_of_cityscapes(shared_data, tmp_path):
    if not (shared_data / "camvid.zip").is_file():
        pytest.skip("needs camvid.zip in ../shared/data")
    names, read = opened(shared_data / "camvid.zip", "photos")
    some = [name for name in names if name.rpartition(".")[0].endswith(("0", "1"))]
    assert camvid.convert(some, read, tmp_path / "raw") == len([name for name in some if name.endswith(".jpg")])
    cityscapes.probe(RawFolder.of_user(tmp_path / "raw"))
    packed = prepare(street, "street", tmp_path / "raw", tmp_path / "out")
    truth = packed.array("truth")[packed.positions("trainA")]
    assert (truth == TRAIN_NAMES.index("road")).mean() > 0.15 and (truth == TRAIN_NAMES.index("sky")).mean() > 0.05
    sky = packed.images[packed.positions("trainA")][truth == TRAIN_NAMES.index("sky")].mean()
    assert sky > 1.4 * packed.images[packed.positions("trainA")][truth == TRAIN_NAMES.index("road")].mean()


@pytest.mark.parametrize(
    ("labels", "names", "message"),
    [((4, 6), ["train/r_00001.jpg"], "beside"), ((4, 5), None, "size"), ((4, 6), [], "no such photo")],
)
def test_camvid_s_gaps_are_refused(tmp_path, labels, names, message):
    held = {"train/r_00001.jpg": encode(np.zeros((4, 6, 3), np.uint8), "JPEG"),
            "trainannot/r_00001.png": encode(np.zeros(labels, np.uint8), "PNG")}  # fmt: skip
    with pytest.raises((FileNotFoundError, ValueError), match=message):
        camvid.convert(list(held) if names is None else names, held.__getitem__, tmp_path)
    held["trainannot/r_00001.png"] = encode(np.full((4, 6), 12, np.uint8), "PNG")
    with pytest.raises(ValueError, match="came 12"):
        camvid.convert(list(held), held.__getitem__, tmp_path)
