"""LSUN objects, in whichever form they came."""

from itertools import islice

from stages.data.lsun import LsunImages
from stages.data.probing import TRIED, any_usable
from stages.data.raw import RawFolder


def probe(raw: RawFolder) -> None:
    """Raises: as the reader, and ValueError where none of the first images by key can be used."""
    images = ((source, content) for _, source, content in islice(LsunImages(raw), TRIED))
    any_usable(raw, images, "images by key")
