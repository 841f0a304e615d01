"""Zips of images under the rules of folders, and forms of LSUN that lie beside each other."""

import hashlib
import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from stages.data.archive import list_members
from stages.data.files import read_json
from stages.data.lsun import LsunImages
from stages.data.raw import RawFolder
from stages.draw.scenes.supply import list_user_files
from tests.parts.raw_fixtures import flat, jpeg, lmdb_folder, put

PHOTO = jpeg(flat(8, 9))
KEYS = [hashlib.sha1(str(number).encode()).hexdigest() for number in range(3)]


def packed(path: Path, names: list[str | zipfile.ZipInfo], content: bytes = PHOTO) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return path


def flagged(path: Path, bit: int, on: bool = True) -> Path:
    """Sets or clears a bit of the flags of every member, in both places where a zip holds them."""
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(signature)
        while start >= 0:
            (flags,) = struct.unpack_from("<H", content, start + offset)
            struct.pack_into("<H", content, start + offset, flags | bit if on else flags & ~bit)
            start = content.find(signature, start + 4)
    path.write_bytes(content)
    return path


def keys_of(root: Path) -> list[str]:
    return [key for key, _, _ in LsunImages(RawFolder.of_user(root))]


def test_what_systems_pack_beside_the_photos_is_left_out_and_counted(tmp_path):
    names = [
        "bird/x.png",
        "__MACOSX/bird/._x.png",
        "bird/.DS_Store",
        "bird/Thumbs.db",
        "bird/",
        "./x/.//y.png",
        "@eaDir/y.png",
    ]
    members = list_members(packed(tmp_path / "bird.zip", names))
    assert list(members.found) == ["bird/x.png", "x/y.png"]
    assert members.left_out == {".*": 1, "@eaDir": 1, "Thumbs.db": 1, "__MACOSX": 1}
    images = LsunImages(RawFolder.of_user(tmp_path))
    assert [key for key, _, _ in images] == ["x", "y"] and images.left_out == members.left_out


def test_what_is_left_out_of_a_zip_stands_beside_the_list(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    packed(tmp_path / "data/bird/bird.zip", ["x.png", "__MACOSX/._x.png"])
    put(tmp_path / "data/bird/cut.zip", "PK")
    put(tmp_path / "data/bird/.DS_Store", "")
    list_user_files("data/bird", "lsun_bird", "", tmp_path)
    assert read_json(tmp_path / "left_out.json") == {".*": 1, "bird.zip: __MACOSX": 1}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a.png", "../b.png"], r"came one that leads out of it, \.\./b\.png"),
        (["x/../../b.png"], "leads out of it"),
        (["/etc/b.png"], "leads out of it, /etc/b.png"),
        (["../", "a.png"], r"leads out of it, \.\./"),
        (["a.png", "./a.png"], "this one twice, a.png"),
        (["C:\\b.png"], "leads out of it"),
        (["..\\b.png"], "leads out of it"),
        (["__MACOSX/../../b.png"], "leads out of it"),
        (["a.png", "a.png"], "expected each member once, came this one twice, a.png"),
        (["a\nb.png"], r"a\\nb\.png: expected a name of printable UTF-8"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_that_no_folder_could_hold_are_refused(tmp_path, names, message):
    packed(tmp_path / "bird.zip", names)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(ValueError, match=message) as stop:
        keys_of(tmp_path)
    assert f"{tmp_path}/bird.zip" in str(stop.value)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before, "nothing is ever unpacked"


def test_encrypted_members_and_links_are_refused(tmp_path):
    flagged(packed(tmp_path / "bird.zip", ["a.png"]), 0x1)
    with pytest.raises(ValueError, match=r"bird\.zip: expected members in the clear, came an encrypted one, a\.png"):
        keys_of(tmp_path)
    link = zipfile.ZipInfo("a.png")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    packed(tmp_path / "bird.zip", [link], b"/etc/passwd")
    with pytest.raises(ValueError, match=r"expected files, came a link, a\.png"):
        keys_of(tmp_path)


def test_names_in_utf8_are_read_with_and_without_the_flag_and_others_refused(tmp_path):
    path = packed(tmp_path / "bird.zip", ["é/ü.png", "b.png"])
    assert keys_of(tmp_path) == ["b", "ü"]
    flagged(path, 0x800, on=False)
    assert keys_of(tmp_path) == ["b", "ü"]
    assert [content for _, _, content in LsunImages(RawFolder.of_user(tmp_path))] == [PHOTO] * 2
    path.write_bytes(path.read_bytes().replace("ü".encode(), b"\x81\x81"))
    with pytest.raises(ValueError, match=r"bird\.zip: expected names in UTF-8, came one in another encoding, .*\.png"):
        keys_of(tmp_path)
    flagged(path, 0x800)
    with pytest.raises(ValueError, match=r"bird\.zip: expected a zip of images, came a file that does not open"):
        keys_of(tmp_path)


def test_names_packed_by_windows_are_paths(tmp_path):
    packed(tmp_path / "bird.zip", ["bird\\x.png", "__MACOSX\\x.png"])
    images = LsunImages(RawFolder.of_user(tmp_path))
    assert [key for key, _, _ in images] == ["x"] and images.left_out == {"__MACOSX": 1}


@pytest.mark.parametrize("suffix", ["zip", "ZIP"])
def test_a_zip_within_a_zip_is_refused(tmp_path, suffix):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.png", PHOTO)
    packed(tmp_path / f"bird.{suffix}", [f"bird.{suffix}"], inner.getvalue())
    with pytest.raises(ValueError, match=rf"bird\.{suffix}: expected images in the zip, came a zip in it, bird"):
        keys_of(tmp_path)


def test_a_zip_that_holds_the_database_is_told_to_be_unpacked_and_used_once_it_is(tmp_path):
    packed(tmp_path / "bird.zip", ["bird/data.mdb", "bird/lock.mdb"])
    put(tmp_path / "preview.jpg", PHOTO)
    with pytest.raises(FileNotFoundError, match=r"came an LMDB in .*bird\.zip; unzip it beside the zip"):
        keys_of(tmp_path)
    lmdb_folder(tmp_path / "bird", dict.fromkeys(KEYS, PHOTO))
    images = LsunImages(RawFolder.of_user(tmp_path))
    assert [key for key, _, _ in images] == sorted(KEYS) and images.left_out == {"*.jpg": 1, "*.zip": 1}


def test_a_stray_picture_beside_a_zip_of_keys_is_counted(tmp_path):
    packed(tmp_path / "bird.zip", [f"{key}.webp" for key in KEYS])
    put(tmp_path / "preview.jpg", PHOTO)
    put(tmp_path / "README.md", "")
    images = LsunImages(RawFolder.of_user(tmp_path))
    assert [key for key, _, _ in images] == sorted(KEYS) and images.left_out == {"*.jpg": 1, "*.md": 1}


@pytest.mark.parametrize(
    ("forms", "named"),
    [
        ("zip tree", r"bird\.zip and .*webp"), ("lmdb tree", r"bird/data\.mdb and .*webp"),
        ("lmdb zip", r"bird/data\.mdb and bird\.zip"), ("zip zip", r"bird\.zip and other\.ZIP"),
        ("names stray", r"bird\.zip and preview\.jpg"),
    ],
)  # fmt: skip
def test_two_forms_that_cannot_be_told_apart_are_both_named(tmp_path, forms, named):
    if "lmdb" in forms:
        lmdb_folder(tmp_path / "bird", dict.fromkeys(KEYS, PHOTO))
    if "zip" in forms:
        packed(tmp_path / "bird.zip", [f"{key}.webp" for key in KEYS])
    if forms == "zip zip":
        packed(tmp_path / "other.ZIP", ["a.png"])
    if "tree" in forms:
        put(tmp_path / f"{KEYS[0]}.webp", PHOTO)
    if forms == "names stray":
        packed(tmp_path / "bird.zip", ["one.webp"])
        put(tmp_path / "preview.jpg", PHOTO)
    with pytest.raises(ValueError, match=f"in one form, came {named}; move all but one away"):
        keys_of(tmp_path)


def test_every_picture_of_a_tree_is_used_or_read_and_other_files_are_counted(tmp_path):
    for name in ("a.JPG", "b.PNG", "c.jpeg", "d.gif", "e.TIFF", "f.jfif"):
        put(tmp_path / name, PHOTO)
    put(tmp_path / "list.txt", "")
    put(tmp_path / "labels.zip", packed(tmp_path / "labels.zip", ["labels.csv"]).read_bytes())
    images = LsunImages(RawFolder.of_user(tmp_path))
    assert [key for key, _, _ in images] == list("abcdef") and images.left_out == {"*.txt": 1, "*.zip": 1}
