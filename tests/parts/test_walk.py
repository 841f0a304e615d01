"""One list of a user's folder: links, rights, names, junk; whatever cannot be read whole is named."""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from stages.data.convert.command import opened
from stages.data.files import read_json, read_table
from stages.data.raw import RawFolder
from stages.data.walk import MOST_PLACES, list_folder
from stages.draw.scenes.supply import list_user_files
from stages.runner import digest, inputs
from tests.parts.raw_fixtures import put

NOBODY = 65534
# Root may read everything, so another user lists; everything is imported before, as that user may not read it.
AS_ANOTHER = """
import os, sys
from stages.data.walk import list_folder
if os.geteuid() == 0:
    os.setgroups([]); os.setgid({nobody}); os.setuid({nobody})
try:
    print(list_folder(sys.argv[1]).files)
except (ValueError, FileNotFoundError) as error:
    sys.exit(f"{{type(error).__name__}}: {{error}}")
"""
LEFT = {
    ".DS_Store": ".*", "._a.jpg": ".*", ".AppleDouble/a.jpg": ".*", ".Trash-1000/files/a.jpg": ".*", ".git/HEAD": ".*",
    "__MACOSX/._a.jpg": "__MACOSX", "Thumbs.db": "Thumbs.db", "x/THUMBS.DB": "Thumbs.db", "Desktop.ini": "desktop.ini",
    "@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg": "@eaDir", "#recycle/a.jpg": "#recycle", "#snapshot/a.jpg": "#snapshot",
    "$RECYCLE.BIN/a.jpg": "$RECYCLE.BIN", "System Volume Information/IndexerVolumeGuid": "System Volume Information",
    "lost+found/#1234": "lost+found", "images.txt~": "*~", "~$notes.docx": "~$*", "Icon\r": "Icon",
    "x/@Recycle/a.jpg": "@Recycle", "Network Trash Folder/a.jpg": "Network Trash Folder",
}  # fmt: skip
KEPT = (
    *("a.jpg", "x/b.jpg", "Thumbs.db.jpg", "x/lost+found.jpg", "@eaDir.txt", "#1.jpg", "~a.jpg", "é ü/日本.png"),
    *("a b.jpg", "trash/a.jpg", "recycle/a.jpg", "macosx/a.jpg", "desktop.ini.d/a.jpg", "a\\b.jpg", "x/…", "$1.png"),
)


@pytest.mark.parametrize("name", LEFT)
def test_what_systems_leave_is_left_out_and_counted(tmp_path, name):
    put(tmp_path / "a.jpg", "x")
    put(tmp_path / name, "x")
    listing = list_folder(tmp_path)
    assert listing.files == ["a.jpg"] and listing.left_out == {LEFT[name]: 1}


def test_what_a_dataset_may_hold_is_kept(tmp_path):
    for name in KEPT:
        put(tmp_path / name, "x")
    assert list_folder(tmp_path).files == sorted(KEPT) and list_folder(tmp_path).left_out == {}


def test_the_count_stands_beside_the_list_and_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("data/cub/images.txt", *(f"data/cub/{name}" for name in LEFT)):
        put(tmp_path / name, "x")
    outs = [tmp_path / "one", tmp_path / "two"]
    for out in outs:
        out.mkdir()
        list_user_files("data/cub", "cub", "", out)
    counts = read_json(outs[0] / "left_out.json")
    assert counts[".*"] == 5 and counts["Thumbs.db"] == 2 and sum(counts.values()) == len(LEFT)
    assert read_table(outs[0] / "files.parquet")["path"] == ["images.txt"]
    assert f"data/cub: left out {len(LEFT)}: #recycle 1" in capsys.readouterr().out
    assert all(path.read_bytes() == (outs[1] / path.name).read_bytes() for path in outs[0].iterdir())


def as_another(folder: Path) -> subprocess.CompletedProcess:
    words = [sys.executable, "-c", AS_ANOTHER.format(nobody=NOBODY), str(folder)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("closed", "mode"), [("b", 0o700), ("b", 0o711), ("b", 0o744), ("b/2.jpg", 0o600), ("b/3.jpg", 0o000), (".", 0o700)]
)
def test_what_may_not_be_read_stops_and_is_named(closed, mode):
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        root = Path(name) / "set"
        for file in ("a/1.jpg", "b/2.jpg", "b/3.jpg"):
            put(root / file, "x")
        for path in (root, *root.rglob("*")):
            os.chmod(path, 0o755)
        assert as_another(root).stdout == "['a/1.jpg', 'b/2.jpg', 'b/3.jpg']\n"
        os.chmod(root / closed, mode)
        done = as_another(root)
        os.chmod(root / closed, 0o755)
        assert done.returncode == 1 and done.stdout == ""
        assert done.stderr.startswith(f"ValueError: {root / closed}") and "chmod" in done.stderr


def test_lost_and_found_of_root_stops_nobody():
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        put(Path(name) / "a.jpg", "x")
        (Path(name) / "lost+found").mkdir(mode=0o700)
        assert as_another(Path(name)).stdout == "['a.jpg']\n"


@pytest.mark.parametrize("target", ["..", "../..", "/", "self", "{root}", "{root}/a", "../a", "../../link"])
def test_a_link_into_a_folder_that_holds_it_is_named_at_once(tmp_path, target):
    root = tmp_path / "set"
    put(root / "a/b/1.jpg", "x")
    (tmp_path / "link").symlink_to(root)
    (root / "a/self").symlink_to(target.format(root=root))
    for path in (root, tmp_path / "link"):
        with pytest.raises(ValueError, match=r"a/self: expected a .* link to .*; remove it"):
            list_folder(path)


def test_a_loop_over_another_disk_is_named(tmp_path):
    put(tmp_path / "set/1.jpg", "x")
    (tmp_path / "disk").mkdir()
    (tmp_path / "set/more").symlink_to(tmp_path / "disk")
    (tmp_path / "disk/back").symlink_to(tmp_path / "set")
    with pytest.raises(ValueError, match="set/more/back: expected a link to a folder of its own"):
        list_folder(tmp_path / "set")


def test_links_to_other_places_are_followed(tmp_path):
    put(tmp_path / "disk/photos/1.jpg", "one")
    put(tmp_path / "disk/2.jpg", "two")
    root = tmp_path / "set"
    root.mkdir()
    (root / "images").symlink_to(tmp_path / "disk/photos")
    (root / "again").symlink_to(tmp_path / "disk/photos")
    (root / "2.jpg").symlink_to(tmp_path / "disk/2.jpg")
    assert list_folder(root).files == ["2.jpg", "again/1.jpg", "images/1.jpg"]
    assert RawFolder.of_user(root).read("images/1.jpg") == b"one"


def test_a_maze_of_links_ends(tmp_path):
    for level in range(40):
        (tmp_path / f"{level}").mkdir()
        for name in "ab":
            (tmp_path / f"{level}" / name).symlink_to(f"../{level + 1}")
    put(tmp_path / "40/1.jpg", "x")
    with pytest.raises(ValueError, match=f"few links to one folder, came {MOST_PLACES + 1} to .*; remove those"):
        list_folder(tmp_path / "0")


WALKS = {
    "a raw folder": lambda root: RawFolder.open(root).files(),
    "a user's folder": lambda root: RawFolder.of_user(root).files(),
    "a conversion": lambda root: opened(root, "photos"),
    "a stage's input": lambda root: digest.listing(root),
    "an input before its stage": lambda root: inputs.look(root),
}


@pytest.mark.parametrize("links", [("set/b", "set/c"), ("set/b/x", "set/b/y")])
@pytest.mark.parametrize("walk", WALKS)
def test_every_walk_ends_in_a_folder_with_two_links_to_itself(tmp_path, walk, links):
    """Two of them double the ways at each level, 2^40 until the system itself ends a path."""
    put(tmp_path / "set/1.jpg", "x")
    for link in links:
        (tmp_path / link).parent.mkdir(exist_ok=True)
        (tmp_path / link).symlink_to(tmp_path / "set")
    if walk == "an input before its stage":
        assert list(inputs.look(tmp_path / "set")) == [f"{tmp_path}/set/1.jpg"]
        return
    with pytest.raises(ValueError, match=rf"{links[0]}.*{tmp_path}/set, in which|{links[0]}: expected a plain file"):
        WALKS[walk](tmp_path / "set")


@pytest.mark.parametrize(
    ("kind", "message"),
    [("dangling", "a link to gone, where nothing is"), ("itself", "a link to itself, by way of odd"),
     ("circle", "a link to itself, by way of rest"), ("pipe", "came a pipe"),
     ("socket", "came a socket"), ("device", "came a device"), ("below a file", "Not a directory")],
)  # fmt: skip
def test_what_is_neither_file_nor_folder_is_named(tmp_path, kind, message):
    put(tmp_path / "set/a.jpg", "x")
    odd = tmp_path / "set/odd"
    links = {"dangling": "gone", "itself": "odd", "circle": "rest", "device": "/dev/null", "below a file": "a.jpg/b"}
    if kind in links:
        odd.symlink_to(links[kind])
        if kind == "circle":
            (tmp_path / "set/rest").symlink_to("odd")
    elif kind == "pipe":
        os.mkfifo(odd)
    else:
        socket.socket(socket.AF_UNIX).bind(os.path.relpath(odd))
    with pytest.raises((ValueError, FileNotFoundError), match=f"set/odd: expected .*{message}"):
        list_folder(tmp_path / "set")


@pytest.mark.parametrize(
    ("name", "printed"),
    [(b"caf\xe9.jpg", r"b'caf\\xe9.jpg'"), (b"\xff\xfe", r"b'\\xff\\xfe'"), (b"a\nb.jpg", r"b'a\\nb.jpg'"),
     (b"a\x1b[31m.jpg", r"b'a\\x1b\[31m.jpg'"), (b"a\x7f", r"b'a\\x7f'"), (b"\xc2\x85", r"b'\\xc2\\x85'")],
)  # fmt: skip
def test_names_that_no_table_can_hold_are_printed_and_refused(tmp_path, name, printed):
    put(tmp_path / "a.jpg", "x")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"x")
    with pytest.raises(ValueError, match=f"expected a name of printable UTF-8, came {printed}; rename it") as stop:
        list_folder(tmp_path)
    str(stop.value).encode("utf-8")
    assert str(stop.value).isprintable()


def test_a_deep_tree_is_listed(tmp_path):
    place = tmp_path
    for _ in range(900):
        place = place / "d"
    os.makedirs(place)
    put(place / "1.jpg", "x")
    assert list_folder(tmp_path).files == ["d/" * 900 + "1.jpg"]


@pytest.mark.parametrize("kind", ["nothing", "file"])
def test_a_root_that_is_no_folder_is_named(tmp_path, kind):
    if kind == "file":
        put(tmp_path / "set", "x")
    with pytest.raises((ValueError, FileNotFoundError), match=r"set: expected a folder that may be listed"):
        list_folder(tmp_path / "set")
