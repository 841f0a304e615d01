"""The photos and masks that a model is given: paired by name, read, refused in plain words, framed."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from stages.data.own.pictures import Picture
    from stages.data.prepared.packed import Packed


class Given(NamedTuple):
    """Files by the part of the call that named them; the photos as a set in memory, None where none are read.

    `framed` says which pixels of each photo the model saw.
    """

    photos: "dict[str, Picture]"
    masks: "dict[str, Picture]"
    own: "Packed | None"
    framed: list[dict[str, Any]]

    def entries(self) -> dict[str, dict[str, Any]]:
        """All files as inputs of a receipt."""
        parts = {"photo": self.photos, "mask": self.masks}
        return {f"{part}:{file.path}": {"path": file.path, "sha256": file.sha256, "receipt": None}
                for part, files in parts.items() for file in files.values()}  # fmt: skip


def given_photos(photos: Path, mask: Path | None, frame: str, side: int, name: str) -> Given:
    """Reads everything before anything is made of it, so that a bad file at the end costs no work.

    Raises: FileNotFoundError and ValueError naming the file, what was expected, what came and what to do.
    """
    from stages.data.own import framing
    from stages.data.own.pictures import list_pictures, read_mask, read_photo

    places = list_pictures(photos, "photos")
    pairs = {} if mask is None else _masks_of(photos, places, mask)
    held = {key: read_photo(path, photos, marked=mask is not None) for key, path in places.items()}
    marks = {} if mask is None else {key: read_mask(path, mask) for key, path in pairs.items()}
    framed = [framing.frame(photo, marks.get(key), frame, side) for key, photo in held.items()]
    said = [
        {"photo": photo.path, "size": list(photo.pixels.shape[1::-1]), "seen": list(one.window)}
        for photo, one in zip(held.values(), framed, strict=True)
    ]
    return Given(held, marks, framing.pack(name, photos, side, list(held), framed), said)


def _masks_of(photos: Path, places: dict[str, Path], mask: Path) -> dict[str, Path]:
    """The mask of each photo: the one file for the one photo, else by equal names. Raises: ValueError naming both."""
    from stages.data.own.pictures import list_pictures

    found = list_pictures(mask, "masks")
    if photos.is_file() and mask.is_file():
        return dict(zip(places, found.values(), strict=True))
    if lacking := [key for key in places if key not in found]:
        raise ValueError(
            f"{places[lacking[0]]}: expected a mask of the same name in {mask}, found none ({len(lacking)} of "
            f"{len(places)} photos have none); draw one, or take the photo away"
        )
    return {key: found[key] for key in places}
