"""What the packs for image translation share: pictures at two sizes, label maps, and what kind of scene each shows."""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from stages.block import Block as Base
from stages.data.image import ImageError, decode, resize
from stages.data.prepared.ledger import Refused
from stages.data.prepared.packed import Extra
from stages.data.raw import RawFolder
from stages.data.sets.walk import photo_of

UNKNOWN = 255  # in truth.npy: nothing is known of a pixel, or it is not judged


class WideBlock(Base):
    """What every such pack's block holds: the side of images.npy, and the side of the copies to cut windows from."""

    size_px: int
    wide_px: int
    expected_counts: dict[str, int]
    minimum_kept: int
    decode_error_limit: float


def picture_of(raw: RawFolder, name: str, read: Callable[[bytes], np.ndarray] = decode) -> tuple[np.ndarray, str, str]:
    """A picture, the sha256 of its file and the file's own path.

    Raises: Refused where it is not there or of one colour; ImageError where it does not decode.
    """
    if not name:
        raise Refused("found", "no_image", "labels without a picture")
    content, digest, found = photo_of(raw, name)
    return not_blank(read(content), found), digest, found


def not_blank(image: np.ndarray, found: str) -> np.ndarray:
    """The picture itself. Raises: Refused where it is of one colour."""
    if (image == image[0, 0]).all():
        raise Refused("decode", "blank", f"{found} has one colour", found)
    return image


def same_size(image: np.ndarray, labels: np.ndarray) -> None:
    """Raises: Refused for a label map of another size than its picture."""
    if image.shape[:2] != labels.shape[:2]:
        raise Refused("labels", "label_size", f"picture {image.shape[:2]}, labels {labels.shape[:2]} (rows, columns)")


def refused(error: ImageError, step: str, place: str) -> Refused:
    """What does not decode beside a picture, as a refusal at its own step."""
    return Refused(step, error.reason, error.detail, place)


def square(image: np.ndarray, side: int) -> np.ndarray:
    """Stretched to a square by bicubic interpolation. Shapes: uint8 [H W 3] -> uint8 [side side 3]."""
    return resize(image, side, side)


def square_labels(labels: np.ndarray, side: int) -> np.ndarray:
    """Stretched to a square by the nearest pixel. Shapes: uint8 [H W] or [H W 3] -> uint8 of side side."""
    return np.array(Image.fromarray(labels).resize((side, side), Image.Resampling.NEAREST))


def picture_extra(block: WideBlock) -> dict[str, Extra]:
    """The array of wide pictures."""
    return {"wide": Extra((block.wide_px, block.wide_px, 3), "|u1")}


def kinds_of(sources: Sequence[str], kinds: dict[str, str]) -> tuple[np.ndarray, list[str]]:
    """The column `kind` of packed pictures (-1 = not known) and the names of all kinds, sorted."""
    names = sorted(set(kinds.values()))
    numbers = [names.index(kinds[source]) if source in kinds else -1 for source in sources]
    return np.array(numbers, np.int64), names


def digest_of(content: bytes) -> str:
    """sha256 of a file."""
    return hashlib.sha256(content).hexdigest()
