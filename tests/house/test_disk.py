"""What a full disk is told of: the folder whose file system is short, and what it is short of."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from stages.runner import disk

ROOM, NONE = 70 << 30, 0
FULL = OSError(28, "No space left on device")
OUT, RESUME = Path("results/store/a"), Path(".work/resume/b")


@pytest.fixture()
def rooms(tmp_path, monkeypatch):
    """Free bytes and inodes by folder: of the longest that a path lies in; else there is room."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    for name in ("results/store", "results/receipts", ".work", "tmp", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    known: dict[str, tuple[int, int]] = {}

    def statvfs(path):
        place = Path(path).absolute()
        held = [one for name, one in known.items() if place.is_relative_to(tmp_path / name)]
        free, inodes = held[0] if held else (ROOM, 9)
        return SimpleNamespace(f_bavail=free >> 12, f_frsize=1 << 12, f_files=100, f_favail=inodes)

    monkeypatch.setattr(os, "statvfs", statvfs)
    return known


@pytest.mark.parametrize("name", [".work", "results/store", "results/receipts", "tmp"])
def test_the_folder_that_is_full_is_named_and_no_other(rooms, name):
    rooms[name] = 8 << 10, 9
    said = disk.full(FULL, (OUT, RESUME))
    assert said.startswith("the disk is full: 8 kB free where ") and f"{name}" in said.partition(" lies")[0]
    assert str(ROOM >> 10) not in said and "No space left" in said and said.endswith("make room and run it again")


def test_the_file_that_the_error_names_goes_first(rooms):
    rooms["elsewhere"] = rooms["tmp"] = NONE, 9
    said = disk.full(OSError(28, "No space left on device", "elsewhere/x"), (OUT, RESUME))
    assert "0 kB free where elsewhere/x lies" in said


def test_inodes_are_called_inodes(rooms):
    rooms[".work"] = ROOM, 0
    said = disk.full(FULL, (OUT, RESUME))
    assert said.startswith(f"the disk is full: no inodes are free where {RESUME} lies, though ")


def test_where_all_have_room_only_the_error_speaks(rooms):
    """A quota, or a file that was larger than all the room there is again."""
    for failure in (FULL, OSError(122, "Disk quota exceeded", "results/store/x")):
        said = disk.full(failure, (OUT, RESUME))
        assert said == f"the disk is full ({failure}); make room and run it again"


def test_an_unclear_error_is_that_of_a_full_disk_only_where_the_stage_writes(rooms):
    assert disk.full(RuntimeError("unexpected pos 64 vs 0"), (OUT, RESUME)) == ""
    rooms["tmp"] = NONE, 9
    assert disk.full(RuntimeError("unexpected pos 64 vs 0"), (OUT, RESUME)) == ""
    rooms[".work"] = NONE, 9
    assert f"0 kB free where {RESUME} lies" in disk.full(RuntimeError("unexpected pos 64 vs 0"), (OUT, RESUME))
    assert disk.full(KeyError("x"), (OUT, RESUME)) == disk.full(FileNotFoundError("x"), (OUT, RESUME)) == ""
