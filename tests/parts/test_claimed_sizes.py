"""Files that claim to be larger than they are, or unpack to more than they look: refused before room is made."""

import copy
import io
import json
import os
import pickle
import zipfile
from pathlib import Path

import lmdb
import numpy as np
import pytest
import torch

from stages.data import files, lmdb_file, mat_file, weights_kind
from stages.data.convert import taichi_pickle
from stages.data.convert import weights as converting
from stages.data.convert.command import opened
from stages.data.detection_records import read_records
from stages.data.files import read_table, write_table
from stages.data.image_file import Damaged
from stages.data.lsun import LsunImages
from stages.data.raw import RawFolder
from stages.data.reading import npz
from stages.data.unpickler import Unpickler
from stages.teachers import weights

MUCH = 1 << 40


def bomb(path: Path, name: str, size: int = 1 << 24, packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", packing) as archive:
        archive.writestr(name, bytes(size))
    assert path.stat().st_size < size // 500
    return path


@pytest.mark.parametrize(
    ("packing", "said"),
    [(zipfile.ZIP_DEFLATED, "packed ones"), (zipfile.ZIP_LZMA, "packing 14"), (zipfile.ZIP_BZIP2, "packing 12")],
)
def test_a_bomb_among_pictures_is_one_reject_and_ends_a_conversion(tmp_path, packing, said):
    path = bomb(tmp_path / "bird.zip", "0.png", packing=packing)
    ((_, _, picture),) = LsunImages(RawFolder.open(tmp_path))
    assert isinstance(picture, Damaged) and said in picture.detail and "bird.zip, 0.png" in picture.detail
    names, read = opened(path, "photos")
    with pytest.raises(ValueError, match=rf"bird\.zip, 0\.png: expected .*{said}"):
        read(names[0])


def saved(path: Path, content: object, **ways) -> Path:
    torch.save(content, path, **ways)
    return path


def repacked(path: Path, packing: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in held.items():
            archive.writestr(name, content)
    return path


def both_refuse(path: Path, said: str) -> None:
    for read in (weights.read_state, converting.read):
        with pytest.raises(ValueError, match=said) as raised:
            read(path)
        assert str(path) in str(raised.value)


def test_weights_that_unpack_to_more_than_weights_do_are_refused(tmp_path):
    path = repacked(saved(tmp_path / "a.pth", {"a": torch.zeros(1 << 22)}))
    assert path.stat().st_size < 1 << 18
    both_refuse(path, "data/0: it would take 16777216 bytes")
    both_refuse(repacked(saved(tmp_path / "b.pth", {"a": torch.zeros(9)}), zipfile.ZIP_LZMA), "packing 14")


def test_members_that_share_their_bytes_are_refused(tmp_path):
    path = tmp_path / "a.pth"
    with zipfile.ZipFile(saved(path, {"a": torch.rand(1 << 12)}), "a") as archive:
        for number in range(99):
            other = copy.copy(archive.getinfo("a/data/0"))
            other.filename = f"a/data/{number + 1}"
            archive.filelist.append(other)
        archive.comment = b"changed"
    both_refuse(path, "its members claim .* expected at most")


def test_weights_in_the_clear_are_read(tmp_path):
    found = weights.read_state(saved(tmp_path / "a.pth", {"a": torch.zeros(1 << 22)}))
    assert found["a"].shape == (1 << 22,)
    assert converting.read(repacked(tmp_path / "a.pth", zipfile.ZIP_STORED))[0]["a"].shape == (1 << 22,)


def test_a_tensor_that_repeats_one_number_takes_no_room(tmp_path):
    path = saved(tmp_path / "a.pth", {"a": torch.zeros(1).expand(MUCH), "b": torch.ones(1).expand(5)})
    with pytest.raises(ValueError, match=r"a\.pth: expected .*a tensor of shape \(1099511627776,\) repeats 1 numbers"):
        converting.read(path)
    assert converting.read(saved(path, {"b": torch.ones(1).expand(5)}))[0]["b"].tolist() == [1.0] * 5


def test_numbers_that_an_old_file_counts_and_lacks_are_refused(tmp_path):
    path = saved(tmp_path / "a.pth", {"a": torch.rand(3)}, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    place = content.rindex((3).to_bytes(8, "little"))
    path.write_bytes(content[:place] + (1 << 60).to_bytes(8, "little") + content[place + 8 :])
    both_refuse(path, "PyTorch before 1.6")


def test_one_mapping_in_many_places_and_endless_nesting_are_refused(tmp_path):
    shared: dict = {"a": torch.zeros(1)}
    for _ in range(9):
        shared = {str(number): shared for number in range(10)}
    both_refuse(saved(tmp_path / "a.pth", shared), "at most 131072 values")
    deep: dict = {"a": torch.zeros(1)}
    for _ in range(20_000):
        deep = {"a": deep}
    with pytest.raises(ValueError, match=r"b\.pth: expected at most 100 mappings within each other"):
        weights.flat(deep, "", Path("b.pth"))
    with pytest.raises(ValueError, match="expected at most 100 mappings within each other"):
        list(converting._named(deep, "", set()))


def test_a_remembered_object_with_a_huge_number_takes_no_room(tmp_path):
    """The unpickler in C makes a table of as many places: 64 GB for this one."""
    path = tmp_path / "a.pkl"
    path.write_bytes(b"\x80\x02}r" + (0xFFFFFFF0).to_bytes(4, "little") + b"X\x05\0\0\0model}s.")
    with pytest.raises(ValueError, match="does not hold a state dict"):
        weights.read_state(path)


DECLARED = {"bytes": b"\x8e", "text": b"\x8d", "bytearray": b"\x96", "frame": b"\x95"}  # pickle's opcodes of 8 bytes


@pytest.mark.parametrize("what", DECLARED)
def test_a_pickle_that_declares_more_bytes_than_it_has_takes_no_room(tmp_path, what):
    """Said of each reader of users' pickles, with the sizes; the error for want of memory names neither."""
    declaring = b"\x80\x05" + DECLARED[what] + MUCH.to_bytes(8, "little") + b"abc."
    path = tmp_path / "a.pkl"
    path.write_bytes(declaring)
    said = rf"a\.pkl: expected .*it declares {MUCH} bytes, came 4"
    for read in (weights.read_state, lambda path: taichi_pickle.convert(path, tmp_path / "a.npz")):
        with pytest.raises(ValueError, match=said):
            read(path)
    with zipfile.ZipFile(saved(tmp_path / "b.pth", {"a": torch.zeros(1)})) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "b.pth", "w") as archive:
        for name, content in held.items():
            archive.writestr(name, declaring if name.endswith("data.pkl") else content)
    with pytest.raises(ValueError, match=rf"b\.pth: expected .*it declares {MUCH} bytes, came 4"):
        converting.read(tmp_path / "b.pth")


def test_a_pickle_has_what_it_declares():
    content = {"long": bytes(range(256)) * 9000, "array": bytearray(b"abc" * (1 << 20)), "text": "é" * (1 << 20)}
    for protocol in (4, 5):
        assert Unpickler(io.BytesIO(pickle.dumps(content, protocol))).load() == content


def test_a_tar_that_declares_a_name_without_end_is_a_tar(tmp_path):
    head = bytearray(tar_head(1 << 62))
    (tmp_path / "a.tar").write_bytes(bytes(head) + bytes(512))
    assert weights_kind.kind_of(tmp_path / "a.tar").says == "a tar archive"


def tar_head(size: int) -> bytes:
    head = bytearray(512)
    head[:13], head[156:157], head[257:265] = b"././@LongLink", b"L", b"ustar  \0"
    head[124:136] = b"\x80" + size.to_bytes(11, "big")
    head[148:156] = b" " * 8
    head[148:156] = f"{sum(head):06o}\0 ".encode()
    return bytes(head)


@pytest.mark.parametrize("shape", [(MUCH,), (1 << 20, 1 << 20), (5,), (3,)])
def test_an_array_takes_as_many_bytes_as_it_declares(tmp_path, shape):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": shape})
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("value.npy", head.getvalue() + bytes(8 * 4))
    with pytest.raises(ValueError, match=r"a\.npz: expected .*value\.npy: an array of shape .* bytes, came 32"):
        npz(stream.getvalue(), tmp_path / "a.npz", ("value",))


def test_variables_of_a_matlab_file_share_one_limit(monkeypatch):
    from scipy.io import savemat

    monkeypatch.setattr(mat_file, "LARGEST_BYTES", 1 << 16)
    for count, held in ((1, True), (2, False)):
        stream = io.BytesIO()
        savemat(stream, {f"v{number}": np.zeros((1, 5000)) for number in range(count)}, do_compression=True)
        if held:
            assert mat_file.read(stream.getvalue())["v0"].shape == (1, 5000)
        else:
            with pytest.raises(ValueError, match="more than 65536 bytes in all"):
                mat_file.read(stream.getvalue())


def test_a_table_that_repeats_one_value_takes_no_room(tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    write_table(path, {"kept": [True] * 600, "size": [7] * 600})
    assert len(read_table(path)["kept"]) == 600
    monkeypatch.setattr(files, "MOST_VALUES", 1000)
    with pytest.raises(ValueError, match=r"table\.parquet: expected .*1200 values in .* bytes, expected at most 1000"):
        read_table(path)


def test_a_file_too_large_to_be_one_of_a_dataset_is_not_read(tmp_path):
    path = tmp_path / "raw/list.txt"
    path.parent.mkdir()
    path.touch()
    os.truncate(path, 5 << 30)
    with pytest.raises(ValueError, match=r"raw/list\.txt: expected at most 1073741824 bytes, came 5368709120"):
        RawFolder.open(tmp_path / "raw").text("list.txt")
    with pytest.raises(ValueError, match=r"raw/list\.txt: expected 3 bytes .* came 5368709120 bytes"):
        RawFolder(tmp_path / "raw", {"list.txt": (3, "0")}).read("list.txt")


def record(tmp_path: Path, **facts) -> Path:
    entry = {"class": "bird", "score": 0.5, "box": [1, 2, 3, 4], "rle": {"size": [8, 8], "counts": "P2"}}
    path = tmp_path / "records.jsonl"
    path.write_text(json.dumps({"key": "a", "width": 8, "height": 8, "instances": [entry], **facts}))
    return path


def test_a_mask_no_photo_has_is_refused(tmp_path):
    assert len(list(read_records(record(tmp_path)))) == 1
    with pytest.raises(ValueError, match=r"records\.jsonl, line 1: expected .*1048576 x 1048576 px, more than"):
        list(read_records(record(tmp_path, width=1 << 20, height=1 << 20)))
    entry = {"class": "a", "score": 1, "box": [0, 0, 1, 1], "rle": {"size": [8, 8], "counts": "o" * (1 << 12) + "0"}}
    with pytest.raises(ValueError, match="a number of more than 60 bits"):
        list(read_records(record(tmp_path, instances=[entry])))


def test_a_value_of_a_database_too_large_for_a_picture_is_refused(tmp_path, monkeypatch):
    with lmdb.open(str(tmp_path), map_size=1 << 20) as environment, environment.begin(write=True) as transaction:
        transaction.put(b"a", bytes(9000))
    assert [len(value) for _, value in lmdb_file.values(tmp_path / "data.mdb")] == [9000]
    monkeypatch.setattr(lmdb_file, "MOST_BYTES", 8999)
    with pytest.raises(ValueError, match=r"data\.mdb, page \d+: expected a value of at most 8999 bytes, came 9000"):
        list(lmdb_file.values(tmp_path / "data.mdb"))
