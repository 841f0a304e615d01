"""Users' files with flipped bytes, cuts and bytes too many: used, or refused by one error that names the file."""

import base64
import io
import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.data import celeba_lists, celeba_wild, cub, cub_masks, flowers, stanford_cars, stanford_dogs, taichi
from stages.data.convert import flowers17, taichi_pickle
from stages.data.convert.command import opened
from stages.data.detection_records import read_records
from stages.data.ffhq import FFHQ
from stages.data.files import read_json, read_table, write_table
from stages.data.image import ImageError, decode
from stages.data.lsun import LsunImages
from stages.data.raw import RawFolder
from tests.parts.raw_fixtures import class_names, encode, flat, jpeg, put, runs_of, struct

ROOT = Path(__file__).resolve().parents[2]
JOINTS = np.arange(72, dtype=np.float32).reshape(2, 18, 2)


def mat(variables: dict, compressed: bool = False, form: str = "5") -> bytes:
    from scipy.io import savemat

    stream = io.BytesIO()
    savemat(stream, variables, do_compression=compressed, format=form)
    return stream.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def zipped(count: int = 5) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            archive.writestr(f"{number}.png", encode(flat(8, 8, (number, 2, 3)), "PNG"))
    return stream.getvalue()


def annotations(compressed: bool) -> bytes:
    corners = {f"bbox_{corner}": [1, 2] for corner in ("x1", "y1", "x2", "y2")}
    fields = struct(corners | {"class": [1, 2], "fname": ["a.jpg", "b.jpg"]})
    return mat({"annotations": fields, "class_names": class_names(["A SUV", "B Sedan"])}, compressed)


def record() -> bytes:
    mask = np.eye(8, dtype=np.uint8)
    both = [
        {"class": "bird", "score": 0.5, "box": [1, 2, 3, 4], "png": base64.b64encode(encode(mask, "PNG")).decode()},
        {"class": "cat", "score": 1, "box": [0, 0, 1, 1], "rle": {"size": [8, 8], "counts": runs_of(mask > 0)}},
    ]
    return json.dumps({"key": "a", "width": 8, "height": 8, "instances": both}).encode() + b"\n"


def table() -> bytes:
    path = io.BytesIO()
    write_table(path, {"path": ["a", "b"] * 9, "size": list(range(18)), "share": [0.5] * 18, "kept": [True, False] * 9})
    return path.getvalue()


# By name: the whole file, and what reads it when it lies in a folder.
SETID = {"trnid": np.arange(1, 5)[None], "valid": np.arange(5, 7)[None], "tstid": np.arange(7, 12)[None]}
MAPPING = b"idx orig_idx orig_file\n0 119 000120.jpg\n1 7 000008.jpg\n"
BOXES = b"2\nimage_id x_1 y_1 width height\n1.jpg 1 2 3 4\n2.jpg 5 6 7 8\n"
DOG = (
    b"<annotation><object><name>A</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>9</xmax><ymax>8</ymax></bndbox>"
    b"</object></annotation>"
)
LISTS = b"1 a/1.jpg\n2 a/2.jpg\n|1 1\n2 2\n|1 1\n2 0\n|1 x\n2 y\n|1 1.0 2.0 3.0 4.0\n2 1 2 3 4\n"


def read_flowers(folder: Path, content: bytes) -> None:
    put(folder / "setid.mat", content)
    flowers.read_ids(RawFolder.open(folder))


def read_cars(folder: Path, content: bytes) -> None:
    put(folder / "cars_train/a.jpg", b"")
    for name in ("cars_meta", "cars_train_annos"):
        put(folder / f"devkit/{name}.mat", content)
    stanford_cars.read_cars(RawFolder.open(folder))


def dog_list() -> bytes:
    files = {key: np.empty((2, 1), object) for key in ("file_list", "annotation_list")}
    files["file_list"][:, 0], files["annotation_list"][:, 0] = ["a/1.jpg", "b/2.jpg"], ["a/1", "b/2"]
    return mat(files | {"labels": np.array([[1.0], [2.0]])})


def read_dogs(folder: Path, content: bytes) -> None:
    put(folder / "Images/a/1.jpg", b"")
    put(folder / "lists/train_list.mat", content)
    put(folder / "lists/test_list.mat", dog_list().replace(b"a/1", b"a/3").replace(b"b/2", b"b/4"))
    stanford_dogs.read_dogs(RawFolder.open(folder))


def read_box(folder: Path, content: bytes) -> None:
    put(folder / "Annotation/a/1", content)
    stanford_dogs.read_box(RawFolder.open(folder), "Annotation/a/1")


def read_joints(folder: Path, content: bytes) -> dict[str, np.ndarray]:
    put(folder / "landmark/taichi_test_gt.npz", content)
    return taichi.read_joints(RawFolder.open(folder), "", "test")


def read_zip(folder: Path, content: bytes) -> dict[str, str]:
    """{key: reason} of the pictures that do not decode."""
    put(folder / "bird.zip", content)
    images, reasons = LsunImages(RawFolder.open(folder)), {}
    for key, _, picture in images:
        try:
            decode(picture)
        except ImageError as error:
            reasons[key] = error.reason
    return reasons


def read_mapping(folder: Path, content: bytes) -> None:
    put(folder / "CelebA-HQ-to-CelebA-mapping.txt", content)
    celeba_lists.read_mapping(RawFolder.open(folder), "")


def read_partition(folder: Path, content: bytes) -> None:
    put(folder / "list_eval_partition.txt", content)
    put(folder / "identity_CelebA.txt", content)
    celeba_lists.read_identities(RawFolder.open(folder), "")
    celeba_lists.read_partition(RawFolder.open(folder), "")


def read_boxes(folder: Path, content: bytes) -> None:
    put(folder / "list_bbox_celeba.txt", content)
    celeba_wild._read_rows(RawFolder.open(folder), "", "list_bbox_celeba.txt", celeba_wild.BOX, "image_id")


def read_birds(folder: Path, content: bytes) -> None:
    names = ("images", "image_class_labels", "train_test_split", "classes", "bounding_boxes")
    for name, part in zip(names, content.split(b"|") + 5 * [b""], strict=False):
        put(folder / f"{name}.txt", part)
    cub.read_birds(RawFolder.open(folder), "")


def read_split(folder: Path, content: bytes) -> None:
    names, _, codes = content.partition(b"|")
    put(folder / "images.txt", names)
    put(folder / "train_val_test_split.txt", codes)
    (folder / "images/1").mkdir(parents=True, exist_ok=True)
    put(folder / "images/1/a.jpg", b"")
    cub_masks.read_split(RawFolder.open(folder))


def read_categories(folder: Path, content: bytes) -> None:
    put(folder / "ffhq-dataset-v2.json", content)
    FFHQ(RawFolder.open(folder), "", "ffhq-dataset-v2.json").categories()


def read_pickle(folder: Path, content: bytes) -> None:
    taichi_pickle.convert(put(folder / "joints.pkl", content), folder / "joints.npz")


KINDS = {
    "setid.mat": (mat(SETID), read_flowers),
    "annotations.mat": (annotations(False), read_cars),
    "compressed.mat": (annotations(True), read_cars),
    "old.mat": (mat(SETID, form="4"), read_flowers),
    "dogs.mat": (dog_list(), read_dogs),
    "dog.xml": (DOG, read_box),
    "joints.npz": (npz(file_name=np.array(["1.png", "2.png"]), value=JOINTS), read_joints),
    "images.zip": (zipped(), read_zip),
    "table.parquet": (table(), lambda folder, content: read_table(put(folder / "table.parquet", content))),
    "value.json": (b'{"a": [1, 2.5, "x"], "b": null}', lambda f, content: read_json(put(f / "value.json", content))),
    "records.jsonl": (record(), lambda folder, content: list(read_records(put(folder / "records.jsonl", content)))),
    "mapping.txt": (MAPPING, read_mapping),
    "partition.txt": (b"000120.jpg 0\n000008.jpg 2\n", read_partition),
    "boxes.txt": (BOXES, read_boxes),
    "lists.txt": (LISTS, read_birds),
    "split.txt": (b"1 a\n2 b\n|1 0\n2 2\n", read_split),
    "categories.json": (b'{"0": {"category": "training"}, "1": {"category": "validation"}}', read_categories),
    "joints.pkl": (pickle.dumps({"value": [1, 2.5, "x"], "file_name": ["a"]}, 2), read_pickle),
}


def damaged(content: bytes, draw: np.random.Generator) -> bytes:
    """Cut, with some bytes changed, or with bytes put in."""
    kind, changed = draw.random(), bytearray(content)
    if kind < 0.25:
        return content[: int(draw.integers(0, len(content)))]
    place = int(draw.integers(0, len(content)))
    if kind < 0.35:
        changed[place:place] = draw.bytes(int(draw.integers(1, 40)))
        return bytes(changed)
    for _ in range(int(draw.choice([1, 1, 2, 5, 30]))):
        changed[int(draw.integers(0, len(content)))] = int(draw.choice([0, 255, 57, 45, draw.integers(0, 256)]))
    return bytes(changed)


@pytest.mark.parametrize("kind", KINDS)
def test_whole_files_are_read(kind, tmp_path):
    content, read = KINDS[kind]
    if kind != "joints.pkl":
        read(tmp_path, content)


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_used_or_refused_by_name(kind, tmp_path):
    """In all 1,400 examples: never another type of error, and never a signal, which would end the tests."""
    content, read = KINDS[kind]

    @settings(max_examples=80, deadline=None, derandomize=True, database=None)
    @given(seed=st.integers(0, 2**32 - 1))
    def run(seed: int) -> None:
        try:
            read(tmp_path, damaged(content, np.random.default_rng(seed)))
        except FileNotFoundError as error:
            assert kind == "images.zip" and "came no image" in str(error)
        except ValueError as error:
            assert str(tmp_path) in str(error) and "expected" in str(error)

    run()


def test_a_damaged_picture_in_a_zip_is_one_reject(tmp_path):
    """Deflated data that do not inflate raise zlib.error; a wrong sum raises BadZipFile."""
    content = bytearray(zipped())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        places = {entry.filename: entry.header_offset + 30 + len(entry.filename) for entry in archive.infolist()}
        sizes = {entry.filename: entry.compress_size for entry in archive.infolist()}
    content[places["1.png"]] ^= 0xFF
    content[places["3.png"] + sizes["3.png"] // 2] ^= 0x10
    assert read_zip(tmp_path, bytes(content)) == {"1": "corrupt", "3": "corrupt"}
    details = []
    for _, _, picture in LsunImages(RawFolder.open(tmp_path)):
        try:
            decode(picture)
        except ImageError as error:
            details.append(error.detail)
    assert all(f"{tmp_path}/bird.zip, {name}.png: expected" in text for name, text in zip("13", details, strict=True))


def test_a_member_that_claims_too_much_is_a_reject(tmp_path):
    content = bytearray(zipped())
    place = content.rindex(b"PK\x01\x02") + 24
    content[place : place + 4] = (1 << 31).to_bytes(4, "little")
    assert read_zip(tmp_path, bytes(content)) == {"4": "corrupt"}


def test_a_zip_with_an_encrypted_member_is_refused_by_its_name(tmp_path):
    content = bytearray(zipped())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        first = archive.infolist()[0].header_offset
    content[first + 6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ValueError, match=r"expected members in the clear, came an encrypted one, 0\.png"):
        read_zip(tmp_path, bytes(content))


@pytest.mark.parametrize(
    "kind", ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", ">i4", ">f8"]
)
def test_joints_of_every_type_of_number_are_read(tmp_path, kind):
    value = np.arange(72).reshape(2, 18, 2).astype(kind)
    if np.dtype(kind).kind != "u":
        value[0, 3] = -1
        value[1, 0] = (-1, 5)
    found = read_joints(tmp_path, npz(file_name=np.array(["b.png", "a.png"]), value=value))
    assert list(found) == ["a.png", "b.png"] and all(one.dtype == np.float32 for one in found.values())
    assert np.isnan(found["b.png"]).any() == (np.dtype(kind).kind != "u")
    expected = value.astype(np.float32)
    if np.dtype(kind).kind != "u":
        expected[0, 3] = np.nan
    assert np.array_equal(np.stack([found["b.png"], found["a.png"]]), expected, equal_nan=True)


def test_names_may_be_bytes(tmp_path):
    found = read_joints(tmp_path, npz(file_name=np.array([b"2.png", b"1.png"]), value=JOINTS))
    assert list(found) == ["1.png", "2.png"]
    with pytest.raises(ValueError, match=r"taichi_test_gt\.npz: expected file names"):
        read_joints(tmp_path, npz(file_name=np.array([b"\xff", b"1.png"]), value=JOINTS))


def test_joints_that_are_not_seen_may_be_nan_but_not_infinite(tmp_path):
    value = JOINTS.copy()
    value[0, 0] = np.nan
    found = read_joints(tmp_path, npz(file_name=np.array(["1.png", "2.png"]), value=value))
    assert np.isnan(found["1.png"][0]).all() and not np.isnan(found["1.png"][1:]).any()
    for wrong in (np.full_like(value, np.inf), np.full((2, 18, 2), 1e300), value > 0, value.astype(complex)):
        with pytest.raises(ValueError, match=r"taichi_test_gt\.npz: expected"):
            read_joints(tmp_path, npz(file_name=np.array(["1.png", "2.png"]), value=wrong))


@pytest.mark.parametrize("content", [b"", b"PK", npz(other=JOINTS), npz(file_name=np.array([b"1"]), value=JOINTS)[:-9]])
def test_files_that_are_no_joints_say_how_to_make_them(tmp_path, content):
    with pytest.raises(ValueError, match=r"taichi_test_gt\.npz: expected .*; convert the published pickle"):
        read_joints(tmp_path, content)


def test_an_array_alone_and_a_bomb_are_no_joints(tmp_path):
    stream = io.BytesIO()
    np.save(stream, JOINTS)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("value.npy", b"")
    content = bytearray(bomb.getvalue())
    place = content.index(b"PK\x01\x02") + 24
    content[place : place + 4] = (1 << 31).to_bytes(4, "little")
    for wrong in (stream.getvalue(), bytes(content)):
        with pytest.raises(ValueError, match=r"taichi_test_gt\.npz: expected"):
            read_joints(tmp_path, wrong)


def test_ids_with_leading_zeros_are_the_same_ids(tmp_path):
    zeros = LISTS.replace(b"|1 x\n2 y", b"|001 x\n002 y").replace(b"1 a/1", b"01 a/1")
    read_birds(tmp_path / "zeros", zeros)
    raws = [RawFolder.open(tmp_path / "zeros"), RawFolder.open(put(tmp_path / "plain/x", b"").parent)]
    read_birds(tmp_path / "plain", LISTS)
    raws[1] = RawFolder.open(tmp_path / "plain")
    assert cub.read_birds(raws[0], "") == cub.read_birds(raws[1], "")


@pytest.mark.parametrize(
    ("kind", "content", "place"),
    [
        ("lists.txt", LISTS.replace(b"3.0", b"nan"), "bounding_boxes.txt, image 1"),
        ("lists.txt", LISTS.replace(b"3.0", b"wide"), "bounding_boxes.txt, image 1"),
        ("boxes.txt", BOXES.replace(b"5", b"9" * 400), "list_bbox_celeba.txt, line 4"),
        ("boxes.txt", b"9" * 5000 + BOXES, "list_bbox_celeba.txt"),
        ("value.json", b"[" * 100_000, "value.json"),
        ("records.jsonl", b"[" * 100_000, "records.jsonl, line 1"),
        ("records.jsonl", record() + b"\xff\xfe\n", "records.jsonl, line 2"),
        ("records.jsonl", record().replace(b'"width": 8', b'"width": Infinity'), "records.jsonl, line 1"),
        ("categories.json", b"[]", "ffhq-dataset-v2.json"),
        ("table.parquet", b"PAR1" + b"\0" * 40 + b"PAR1", "table.parquet"),
        ("annotations.mat", mat({"annotations": struct({"bbox_x1": [1]})}), "cars_meta.mat"),
    ],
)
def test_lists_that_do_not_read_name_file_and_line(tmp_path, kind, content, place):
    with pytest.raises(ValueError, match="expected") as caught:
        KINDS[kind][1](tmp_path, content)
    assert f"/{place}" in str(caught.value)


def test_an_error_of_the_disk_is_no_damage(tmp_path):
    """EIO, EACCES and the like keep their own exit code."""
    from stages.data.reading import reading

    for error in (OSError(5, "Input/output error"), PermissionError(13, "Permission denied")):
        with pytest.raises(OSError) as caught, reading(tmp_path, "a file"):
            raise error
        assert caught.value is error
    for error in (OSError("Failed to interpret"), OSError(22, "Invalid argument"), MemoryError(), RecursionError()):
        with pytest.raises(ValueError, match="expected a file"), reading(tmp_path, "a file"):
            raise error


def converted(module: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", f"stages.data.convert.{module}", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_commands_that_convert_end_in_a_message(tmp_path):
    path = put(tmp_path / "joints.pkl", b"\x80\x02r\xff\xff\xff\x7f.")
    done = converted("taichi_pickle", str(path), str(tmp_path / "joints.npz"))
    assert done.returncode == 65 and str(path) in done.stderr and "Traceback" not in done.stderr
    done = converted("taichi_pickle", str(tmp_path / "none.pkl"), str(tmp_path / "joints.npz"))
    assert done.returncode == 69 and "none.pkl" in done.stderr and "Traceback" not in done.stderr
    path = put(tmp_path / "flowers17.zip", b"PK no zip")
    done = converted("flowers17", str(path), str(tmp_path / "out"), "--test", "1")
    assert done.returncode == 65 and str(path) in done.stderr and "Traceback" not in done.stderr


def test_a_photo_that_does_not_decode_is_named_by_the_converter(tmp_path):
    put(tmp_path / "jpg/image_0001.jpg", jpeg(flat(8, 8))[:100])
    put(tmp_path / "labels/image_0001.png", encode(np.zeros((8, 8), np.uint8), "PNG"))
    with pytest.raises(ValueError, match=r"jpg/image_0001\.jpg: expected a picture"):
        flowers17.convert(*opened(tmp_path, "photos"), tmp_path / "out", 1)
