"""Cityscapes, photos alone."""

from stages.data.cityscapes import read_photos
from stages.data.image import decode_upright
from stages.data.probing import any_decodes
from stages.data.raw import RawFolder


def probe(raw: RawFolder) -> None:
    """Raises: as the reader, and ValueError where no photo of train can be used."""
    photos, _ = read_photos(raw)
    any_decodes(raw, [photo.photo for photo in photos if photo.split == "train"], "photos of train", decode_upright)
