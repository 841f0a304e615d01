"""Picture files of one's own: which of a folder count, and what is refused, in plain words, before a network sees it.

What training sets may hold and preparation mends in silence, 16-bit levels, transparency, inks, is refused here: what
is made of such a photo would depend on a conversion that nobody chose.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from stages.data import layout
from stages.data.image import decode, decode_mask, decode_upright
from stages.data.image_file import ImageError, guarded, opened
from stages.data.walk import list_folder, shown

PNG, DEPTH_AT = b"\x89PNG\r\n\x1a\n", 24  # the byte of a PNG's header that holds the bits of a level
REMEDIES = {
    "empty": "give the whole file",
    "truncated": "give the whole file; this one ends too early",
    "corrupt": "give a whole file; this one is damaged",
    "unknown_format": "save it as JPEG, PNG or WebP",
    "several_frames": "save the one frame that you mean as a file of its own",
    "too_many_pixels": "make it smaller",
    "turned": "save photo and mask upright, without the EXIF tag",
    "mask_alpha": "save the mask without an alpha channel",
}


class Picture(NamedTuple):
    """A decoded file: its path from the folder that was named, and its sha256. Shapes: uint8 [H W 3] or bool [H W]."""

    path: str
    sha256: str
    pixels: np.ndarray


def list_pictures(place: Path, what: str) -> dict[str, Path]:
    """The pictures at a place, a file or a folder of any depth, by their paths from it without suffix, sorted.

    Files that are not named as pictures are left out, as the house leaves them out of a set.
    Raises: FileNotFoundError where nothing lies; ValueError for a folder without pictures, two pictures of one name,
    and a link that leads out of the folder.
    """
    if place.is_file():
        return {place.stem: place}
    found: dict[str, Path] = {}
    top = place.resolve()
    for name in list_folder(place).files:
        if not layout.is_picture(name):
            continue
        path, key = place / name, name.rpartition(".")[0]
        if not (real := path.resolve()).is_relative_to(top):
            raise ValueError(
                f"{shown(path)}: expected a file of this folder, came a link to {shown(real)}, outside of it; "
                "copy the file into the folder"
            )
        if key in found:
            raise ValueError(
                f"{shown(place)}: expected one picture of each name, came {found[key].name} and {path.name}; "
                "rename one of them"
            )
        found[key] = path
    if not found:
        raise ValueError(f"{shown(place)}: expected {what} ({', '.join(layout.PICTURES)}) in this folder, found none")
    return found


def read_photo(path: Path, top: Path, marked: bool) -> Picture:
    """A photo in 8-bit colours; turned as its EXIF data say, or refused where a mask is `marked` in it.

    Raises: ValueError naming the file, what was expected, what came and what to do.
    """
    content = path.read_bytes()
    return _picture(path, top, content, lambda: (_refuse_odd(content), (decode if marked else decode_upright)(content)))


def read_mask(path: Path, top: Path) -> Picture:
    """A mask: any level above zero is hole; where only its alpha channel says anything, that is the mask.

    Raises: ValueError as `read_photo`, also for a JPEG, which puts grey where black was.
    """
    content = path.read_bytes()

    def read() -> tuple[None, np.ndarray]:
        if opened(content).format == "JPEG":
            raise ImageError("lossy", "expected a mask in PNG or lossless WebP, came JPEG, which blurs its edges")
        return _refuse_deep(content), decode_mask(content)

    return _picture(path, top, content, read)


def _picture(path: Path, top: Path, content: bytes, read: Callable[[], tuple[object, np.ndarray]]) -> Picture:
    try:
        pixels = read()[1]
    except ImageError as error:
        remedy = REMEDIES.get(error.reason, "save it so")
        raise ValueError(f"{shown(path)}: {error.detail}; {remedy}") from error
    name = path.relative_to(top).as_posix() if top.is_dir() else path.name
    return Picture(name, hashlib.sha256(content).hexdigest(), pixels)


def _refuse_odd(content: bytes) -> None:
    """Raises: ImageError for levels of 16 bits, inks, and a photo that shows what is behind it."""
    _refuse_deep(content)
    image = opened(content)
    if image.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA"):
        came = "inks (CMYK)" if image.mode == "CMYK" else f"mode {image.mode}"
        raise ImageError("mode", f"expected a photo in RGB or grey, came {came}")
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        with guarded(content, f"mode {image.mode} does not decode"):
            alpha = np.asarray(image.convert("RGBA").getchannel("A"))
        if (alpha < alpha.dtype.type(255)).any():
            raise ImageError("alpha", "expected a photo that covers what is behind it, came transparent pixels")


def _refuse_deep(content: bytes) -> None:
    deep = content.startswith(PNG) and content[DEPTH_AT : DEPTH_AT + 1] == b"\x10"
    if deep or opened(content).mode.startswith(("I", "F")):
        raise ImageError("deep", "expected 8 bits a level, came 16")


def palette_image(numbers: np.ndarray, palette: np.ndarray) -> Image.Image:
    """A picture of numbers that shows each in its colour. Shapes: uint8 [S S], uint8 [colours 3]."""
    image = Image.fromarray(numbers)
    image.putpalette(palette.tobytes())
    return image
