"""CUB-200-2011."""

from stages.data.cub import find_lists, read_birds
from stages.data.probing import any_decodes
from stages.data.raw import RawFolder


def probe(raw: RawFolder) -> None:
    """Raises: as the reader, and ValueError where no photo can be used."""
    base = find_lists(raw)
    any_decodes(raw, [f"{base}images/{bird.name}" for bird in read_birds(raw, base)[1]], "photos of images.txt")
