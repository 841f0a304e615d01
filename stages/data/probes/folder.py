"""A folder of one's own photos."""

from stages.data.folder import read_photos
from stages.data.image import decode_upright
from stages.data.probing import any_decodes
from stages.data.raw import RawFolder


def probe(raw: RawFolder) -> None:
    """Raises: as the reader, and ValueError where no photo can be used."""
    any_decodes(raw, read_photos(raw), "photos", decode_upright)
