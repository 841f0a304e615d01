"""summer2winter."""

from stages.data.domains import FOLDERS
from stages.data.image import decode_upright
from stages.data.probing import any_decodes
from stages.data.raw import RawFolder
from stages.data.summer2winter import read_pictures


def probe(raw: RawFolder) -> None:
    """Raises: as the reader, and ValueError where no picture of a folder can be used."""
    pictures = read_pictures(raw)
    for folder in FOLDERS:
        any_decodes(raw, pictures[folder], f"pictures in {folder}", decode_upright)
