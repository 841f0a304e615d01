"""The form in which LSUN came: a database, a tree of images, a zip of them; two are told apart, or refused."""

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import PurePosixPath

from stages.data import junk
from stages.data.archive import list_members
from stages.data.layout import NotLaidOut, is_picture, others
from stages.data.raw import RawFolder

TITLE = "LSUN objects"
LAYOUT = """
  data.mdb and lock.mdb (or one folder with them)     key = 40 hex characters, value = encoded image bytes
  or <k[0]>/<k[1]>/.../<k[5]>/<key>.webp              the official export, or all in one folder
  or one .zip of such images"""
DATABASE = "data.mdb"
VALIDATION = "_val_lmdb"
# Pictures that no decoder here takes or that are seldom named so; read all the same, so that each is used or listed.
OTHER_PICTURES = (
    *(".jpe", ".jfif", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif", ".jp2", ".jxl", ".ppm", ".pgm"),
)
# What a set may hold beside its images: the database's lock, and detections made elsewhere.
KNOWN = ("lock.mdb", "detections.jsonl")


@dataclass(frozen=True)
class Form:
    """One of the three: `database`, or `members` as (key, place), sorted, of `archive` or of the folder itself.

    A place is a path in the folder, or (in a zip) the member's own name; `left_out` counts the files that are no
    image, by kind.
    """

    database: str = ""
    archive: str = ""
    members: list[tuple[str, str]] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)


def find_form(raw: RawFolder, prefer: str = "") -> Form:
    """The form in which the set came; of several databases the one in the folder `prefer`, as scenes ship two or more.

    With `prefer` databases in folders called *_val_lmdb are left out: they are other pictures than those to train on.
    Raises: NotLaidOut where none of the forms is there; ValueError for several, and for a key that comes twice.
    """
    names = raw.files()
    databases = _preferred([name for name in names if PurePosixPath(name).name == DATABASE], prefer)
    archives = {name: list_members(raw.root / name) for name in names if name.lower().endswith(".zip")}
    pictures = [name for name in names if _is_picture(name)]
    if len(databases) > 1:
        raise ValueError(f"{raw.root}: expected one LMDB, came {databases}; move the others away")
    packed = {name: [member for member in found.found if _is_picture(member)] for name, found in archives.items()}
    full = [name for name in archives if packed[name]]
    for name, found in archives.items():
        if not databases and any(PurePosixPath(member).name == DATABASE for member in found.found):
            raise NotLaidOut(raw, TITLE, LAYOUT, f"an LMDB in {raw.root / name}; unzip it beside the zip")
        inner = [member for member in found.found if member.lower().endswith(".zip")]
        if inner and (packed[name] or not (databases or full or pictures)):
            raise ValueError(f"{raw.root / name}: expected images in the zip, came a zip in it, {inner[0]}; unzip it")
    if pictures and (databases or full) and not _strays(pictures, packed[full[0]] if full else None):
        full, pictures = [*full, pictures[0]], []
    forms = [*databases, *full]
    if len(forms) > 1:
        raise ValueError(f"{raw.root}: expected {TITLE} in one form, came {' and '.join(forms)}; move all but one away")
    used = {*forms, *(() if forms else pictures)}
    kinds = [_kind(name) for name in names if name not in used and PurePosixPath(name).name not in KNOWN]
    if databases:
        return Form(database=databases[0], left_out=junk.counted(kinds))
    if full:
        found, members = archives[full[0]], packed[full[0]]
        kinds += [_kind(name) for name in found.found if not _is_picture(name)]
        keys = [(key, found.found[name]) for key, name in _keyed(raw, members)]
        inside = Counter(junk.counted(kinds)) + Counter(found.left_out)
        return Form(archive=full[0], members=keys, left_out=dict(sorted(inside.items())))
    if not pictures:
        raise NotLaidOut(raw, TITLE, LAYOUT, f"no image{others(raw)}")
    return Form(members=_keyed(raw, pictures), left_out=junk.counted(kinds))


def _preferred(databases: list[str], prefer: str) -> list[str]:
    if not prefer:
        return databases
    folders = {name: PurePosixPath(name).parent.name for name in databases}
    named = [name for name in databases if folders[name] == prefer]
    return named or [name for name in databases if not folders[name].endswith(VALIDATION)]


def _is_picture(name: str) -> bool:
    return is_picture(name) or name.lower().endswith(OTHER_PICTURES)


def _is_key(name: str) -> bool:
    return re.fullmatch(r"[0-9a-fA-F]{40}", PurePosixPath(name).stem) is not None


def _strays(pictures: list[str], packed: list[str] | None) -> bool:
    """Whether pictures beside a database or a zip are none of the set: keys name none, and all in the zip."""
    return not any(map(_is_key, pictures)) and (packed is None or all(map(_is_key, packed)))


def _kind(name: str) -> str:
    pure = PurePosixPath(name)
    return f"*{pure.suffix.lower()}" if pure.suffix else pure.name


def _keyed(raw: RawFolder, names: list[str]) -> list[tuple[str, str]]:
    members = sorted((PurePosixPath(name).stem, name) for name in names)
    for (key, name), (following, other) in pairwise(members):
        if key == following:
            raise ValueError(f"{raw.root}: expected each key once, came {key} as {name} and {other}; remove one")
    return members
