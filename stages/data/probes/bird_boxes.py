"""CUB-200-2011 with segmentations."""

from stages.data.boxed import read_birds
from stages.data.image import decode_channel
from stages.data.probing import any_decodes
from stages.data.raw import RawFolder


def probe(raw: RawFolder) -> None:
    """Raises: as the reader, and ValueError where no training photo, or no mask of a test photo, can be used."""
    birds = read_birds(raw)[1]
    any_decodes(raw, [bird.photo for bird in birds if bird.split == "train"], "training photos of images.txt")
    masks = [bird.segmentation for bird in birds if bird.split == "test"]
    any_decodes(raw, masks, "segmentations of test photos", decode_channel)
