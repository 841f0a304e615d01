"""LSUN objects and scenes, in whichever form they came."""

from itertools import islice

from stages.data.image import decode_upright
from stages.data.lsun import LsunImages
from stages.data.probing import TRIED, any_usable
from stages.data.raw import RawFolder


def probe(raw: RawFolder, prefer: str = "") -> None:
    """`prefer` as the reader has it. Raises: as the reader, and ValueError where none of the first can be used."""
    images = ((source, content) for _, source, content in islice(LsunImages(raw, prefer), TRIED))
    any_usable(raw, images, "images by key", decode_upright)
