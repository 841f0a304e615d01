"""The members of a user's zip, under the same rules as the files of a folder; no zip is ever unpacked."""

import stat
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from stages.data import junk
from stages.data.walk import refuse_name, shown

ENCRYPTED, UTF8 = 0x1, 0x800  # bits of a member's flags
# What zipfile raises on a damaged or unknown directory, besides its own error.
DAMAGED = (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, ValueError, EOFError, struct.error, OSError)


@dataclass(frozen=True)
class Members:
    """{path as a folder would have it: member}, and how many members of each kind are left out."""

    found: dict[str, str]
    left_out: dict[str, int]


def list_members(path: Path) -> Members:
    """The files of a zip by path, sorted; what `junk` names is left out and counted.

    Raises: ValueError for a file that is no zip, and for a member that is encrypted, a link, there twice, or named as
    no file of a folder may be: upwards, absolute, not UTF-8, with control characters.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except DAMAGED as error:
        raise ValueError(
            f"{shown(path)}: expected a zip of images, came a file that does not open as a zip ({error}); fetch it anew"
        ) from error
    found: dict[str, str] = {}
    kinds = []
    for member in members:
        name = _name(path, member)
        _refuse_way(path, name)
        if name.endswith("/"):
            continue
        name = PurePosixPath(name).as_posix()  # without "." and empty parts
        if kind := junk.kind_of_path(name):
            kinds.append(kind)
            continue
        refuse_name(name, f"{path}: {name}")
        _refuse_kind(path, member, name)
        if name in found:
            raise _wrong(path, name, "each member once", "this one twice", "pack the zip anew")
        found[name] = member.filename
    return Members(dict(sorted(found.items())), junk.counted(kinds))


def _name(path: Path, member: zipfile.ZipInfo) -> str:
    """The member's path: packers of Windows write \\ for /, and some write UTF-8 without saying so."""
    name = member.filename
    if not member.flag_bits & UTF8 and not name.isascii():
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError as error:
            raise _wrong(
                path, name, "names in UTF-8", "one in another encoding", "unpack it, and pack it anew"
            ) from error
    return name.replace("\\", "/")


def _refuse_way(path: Path, name: str) -> None:
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or PureWindowsPath(name).drive:
        raise _wrong(path, name, "members inside the zip's own folder", "one that leads out of it", "do not trust it")


def _refuse_kind(path: Path, member: zipfile.ZipInfo, name: str) -> None:
    if member.flag_bits & ENCRYPTED:
        raise _wrong(path, name, "members in the clear", "an encrypted one", "unpack it with its password")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise _wrong(path, name, "files", "a link", "pack what it leads to")


def _wrong(path: Path, name: str, expected: str, came: str, remedy: str) -> ValueError:
    return ValueError(f"{shown(path)}: expected {expected}, came {came}, {shown(name)}; {remedy}")
