"""Where in a user's folder a dataset lies: as published, or some folders deeper, as archives and mirrors unpack."""

import os
from pathlib import Path

from stages.data import junk
from stages.data.raw import RawFolder

PICTURES = (".jpg", ".jpeg", ".png", ".webp")
# What a folder that is linked too deep may be below the one that is meant.
HIGHER = 3


class NotLaidOut(FileNotFoundError):
    """A dataset that is not there, or not as its layout says; `came` is the message without the layout."""

    def __init__(self, raw: RawFolder, title: str, layout: str, came: str) -> None:
        super().__init__(f"{raw.root}: expected {title}{layout}\ncame {came}")
        self.came = came


def is_picture(name: str) -> bool:
    """Whether a file is named as a picture, in small letters or capitals."""
    return name.lower().endswith(PICTURES)


def bases_of(raw: RawFolder, mark: str) -> list[str]:
    """The folders that hold a mark: a file (setid.mat), or pictures at a depth (images/*/*, one * a level), sorted."""
    path, stars = mark.rstrip("/*"), mark.count("*")
    wanted = path.split("/")
    depth = len(wanted) + stars
    found = set()
    for name in raw.files():
        # Before the name is cut apart, which costs ten times as much.
        if wanted[0] not in name or (stars and not is_picture(name)):
            continue
        parts = name.split("/")
        if len(parts) >= depth and parts[-depth : len(parts) - stars] == wanted:
            found.add("".join(f"{part}/" for part in parts[:-depth]))
    return sorted(found)


def find_base(raw: RawFolder, title: str, layout: str, *marks: str) -> str:
    """The one folder that holds all marks: "" or a path that ends with /.

    Raises: NotLaidOut where there is none, with the marks that are missing; ValueError where there are several.
    """
    held = {mark: bases_of(raw, mark) for mark in marks}
    bases = sorted(set.intersection(*map(set, held.values())))
    if len(bases) == 1:
        return bases[0]
    if bases:
        places = " and ".join(str(raw.root / base) for base in bases)
        raise ValueError(f"{raw.root}: expected {title} once, came {places}; link one of them, or move one away")
    absent = [mark for mark in marks if not held[mark]]
    if absent:
        came = f"no {' and no '.join(absent)}"
    else:
        came = "; ".join(f"{mark} in {raw.root / held[mark][0]}" for mark in marks) + ", which is not one folder"
    raise NotLaidOut(raw, title, layout, came + _higher(raw, marks) + others(raw))


def beside(raw: RawFolder, base: str, *marks: str) -> str | None:
    """The path of the first mark that is there, without its stars.

    It lies in the base, else in the nearest folder above it, else it is the only one.
    Raises: ValueError where a mark is at several places and none of them is nearer.
    """
    above = [base]
    while above[-1]:
        above.append("".join(f"{part}/" for part in above[-1].split("/")[:-2]))
    for mark in marks:
        found = bases_of(raw, mark)
        near = next((folder for folder in above if folder in found), None)
        if near is None and len(found) > 1:
            places = " and ".join(str(raw.root / folder) for folder in found[:2])
            raise ValueError(f"{raw.root}: expected {mark} once, came one in {places}; move one away")
        if found:
            return (found[0] if near is None else near) + mark.partition("*")[0]
    return None


def others(raw: RawFolder) -> str:
    """What a folder holds instead of what was looked for, for a message."""
    names, left = raw.files(), f", {junk.said(raw.left_out)}" if raw.left_out else ""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (f"; the folder holds {', '.join(names[:3])}{more}" if names else "; the folder holds no file") + left


def _higher(raw: RawFolder, marks: tuple[str, ...]) -> str:
    """A hint where the link leads too deep; the folders above are only asked for the marks."""
    place = Path(raw.root).resolve()
    for folder in place.parents[:HIGHER]:
        first = [folder / mark.split("/")[0] for mark in marks]
        if any(place.is_relative_to(one) for one in first) and all(
            place.is_relative_to(one) or os.path.isfile(one) for one in first
        ):
            return f"; {folder} seems to hold it: link that folder instead"
    return ""
