"""horse2zebra."""

from stages.data.domains import FOLDERS
from stages.data.horse2zebra import read_pictures
from stages.data.image import decode_upright
from stages.data.probing import any_decodes
from stages.data.raw import RawFolder


def probe(raw: RawFolder) -> None:
    """Raises: as the reader, and ValueError where no picture of a folder can be used."""
    pictures = read_pictures(raw)
    for folder in FOLDERS:
        any_decodes(raw, pictures[folder], f"pictures in {folder}", decode_upright)
