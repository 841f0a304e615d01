"""Commands that convert: the joints' pickle without running it, labelled flowers into the 102 layout."""

import io
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from stages.data.convert import flowers17, taichi_pickle
from stages.data.convert.command import opened
from stages.data.flowers import read_ids
from stages.data.prepared.packed import Packed
from stages.data.raw import RawFolder
from stages.data.sets import flowers
from tests.parts.raw_fixtures import block_of, encode, flat, jpeg, put

ROOT = Path(__file__).resolve().parents[2]


class Runs:
    """A pickle of this calls a function as it is opened."""

    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("nested", [False, True])
def test_a_hostile_pickle_is_refused_and_never_runs(tmp_path, protocol, nested):
    mark = tmp_path / "mark"
    hostile = Runs(os.system, f"touch {mark}")
    path = tmp_path / "x.pkl"
    path.write_bytes(pickle.dumps({"value": [hostile]} if nested else hostile, protocol))
    with pytest.raises(ValueError, match=r"x\.pkl.*names (posix|nt)\.system; do not open it"):
        taichi_pickle.convert(path, tmp_path / "x.npz")
    assert not mark.exists() and not (tmp_path / "x.npz").exists()


@pytest.mark.parametrize(
    "hostile",
    [
        Runs(eval, "1"), Runs(getattr, "x", "upper"), Runs(np.load, "x"), Runs(subprocess.run, ["true"]),
        Runs(__import__, "os"), np.float64,
    ],
)  # fmt: skip
def test_every_name_that_is_not_listed_is_refused(tmp_path, hostile):
    path = put(tmp_path / "x.pkl", pickle.dumps(hostile))
    with pytest.raises(ValueError, match="do not open it"):
        taichi_pickle.convert(path, tmp_path / "x.npz")


def test_listed_names_become_records_that_do_nothing():
    """A pickle may call numpy.ndarray((10**12,)): it gives a record, not an array."""
    content = pickle.dumps(Runs(np.ndarray, (10**12,)))
    found = taichi_pickle._Reader(io.BytesIO(content)).load()
    assert isinstance(found, taichi_pickle.Record) and found.arguments == ((10**12,),)


@pytest.mark.parametrize("content", [b"", b"not a pickle", pickle.dumps({"a": 1}), pickle.dumps(3)])
def test_other_files_are_refused_with_their_name(tmp_path, content):
    with pytest.raises(ValueError, match=r"x\.pkl: expected"):
        taichi_pickle.convert(put(tmp_path / "x.pkl", content), tmp_path / "x.npz")


def test_the_published_pickle_gives_the_pack_s_arrays(tmp_path, shared_data):
    """Independent oracle: the npz in the pack was converted by others from the same pickle."""
    with zipfile.ZipFile(shared_data / "taichi_landmarks.zip") as archive:
        archive.extractall(tmp_path)
    command = [sys.executable, "-m", "stages.data.convert.taichi_pickle"]
    done = subprocess.run(
        [*command, str(tmp_path / "taichi_test_gt.pkl"), str(tmp_path / "ours.npz")],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "300 frames\n"
    with np.load(tmp_path / "ours.npz") as ours, np.load(tmp_path / "taichi_test_gt.npz") as theirs:
        for name in ("file_name", "frame_number", "value"):
            assert ours[name].dtype == theirs[name].dtype and np.array_equal(ours[name], theirs[name])


def labelled(root: Path, count: int) -> Path:
    image = flat(32, 32, (20, 120, 30))
    image[8:24, 8:24] = (250, 240, 254)
    labels = np.full((32, 32), 3, np.uint8)
    labels[8:24, 8:24] = 1
    labels[:, :4] = 0
    for number in range(1, count + 1):
        put(root / f"jpg/image_{number:04d}.jpg", jpeg(image))
        put(root / f"labels/image_{number:04d}.png", encode(labels, "PNG"))
    return root


def test_labelled_flowers_become_the_102_layout(tmp_path):
    source = labelled(tmp_path / "source", 12)
    assert flowers17.convert(*opened(source, "photos"), tmp_path / "raw", 4) == 12
    again = tmp_path / "again"
    flowers17.convert(*opened(source, "photos"), again, 4)
    names = sorted(path.relative_to(again).as_posix() for path in again.rglob("*.*"))
    assert all((again / name).read_bytes() == (tmp_path / "raw" / name).read_bytes() for name in names)
    ids = read_ids(RawFolder.open(tmp_path / "raw"))
    assert len(ids["test"]) == 4 and len(ids["train"]) == 8 and ids["unused"] == []
    (tmp_path / "out").mkdir()
    block = block_of(
        flowers, "flowers", size_px=16, mask_rule="equal_then_resize", minimum_kept=12, expected_counts={}
    )  # fmt: skip
    flowers.prepare(block, {"raw": tmp_path / "raw"}, tmp_path / "out")
    packed = Packed.open(tmp_path / "out")
    expected = np.zeros((16, 16), np.uint8)
    expected[4:12, 4:12] = 1
    assert all(np.array_equal(mask, expected) for mask in packed.masks)  # although the photo's blue is 254 there
    assert packed.array("unlabelled")[0, :, :2].all() and not packed.array("unlabelled")[0, :, 3:].any()


def test_labelled_flowers_that_do_not_fit_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="came no such photo"):
        flowers17.convert([], bytes, tmp_path, 1)
    source = labelled(tmp_path / "source", 2)
    put(source / "labels/image_0002.png", encode(np.zeros((5, 5), np.uint8), "PNG"))
    with pytest.raises(ValueError, match=r"image_0002\.png: expected \(32, 32\)"):
        flowers17.convert(*opened(source, "photos"), tmp_path / "raw", 1)
    (source / "labels/image_0001.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"labels/image_0001\.png"):
        flowers17.convert(*opened(source, "photos"), tmp_path / "raw", 1)
