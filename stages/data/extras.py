"""What drawn sets of boxes keep outside their layout, in extras/: each scene without its object, and its exact mask."""

import numpy as np

from stages.data.image import decode, decode_channel
from stages.data.raw import RawFolder

FOLDER = "extras"


def background_name(photo: str) -> str:
    """Where the scene of a photo lies without its object."""
    return _name("background", photo)


def mask_name(photo: str) -> str:
    """Where the exact mask of a photo's object lies."""
    return _name("masks", photo)


def has_extras(raw: RawFolder) -> bool:
    """Whether a set is a drawn one; users' sets have none of it."""
    return any(name.startswith(f"{FOLDER}/") for name in raw.files())


def read_background(raw: RawFolder, photo: str) -> np.ndarray:
    """Shapes: -> uint8 [H W 3]. Raises: FileNotFoundError where a drawn set lacks it, ImageError."""
    return decode(raw.read(background_name(photo)))


def read_mask(raw: RawFolder, photo: str) -> np.ndarray:
    """Shapes: -> bool [H W]. Raises: FileNotFoundError where a drawn set lacks it, ImageError."""
    return decode_channel(raw.read(mask_name(photo))) > 127


def _name(kind: str, photo: str) -> str:
    # All in one folder, so that none of them looks like a set's own folder.
    return f"{FOLDER}/{kind}/{photo.rsplit('.', 1)[0].replace('/', '__')}.png"
