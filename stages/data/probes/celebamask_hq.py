"""CelebAMask-HQ, with the lists of CelebA that are there."""

from stages.data import celeba_lists as lists
from stages.data.celebamask import CelebAMaskHQ
from stages.data.image import decode_mask
from stages.data.probing import any_decodes
from stages.data.raw import RawFolder


def probe(raw: RawFolder) -> None:
    """Raises: as the reader, and ValueError where no image or no part mask can be used."""
    reader = CelebAMaskHQ.open(raw)
    images, strange = reader.image_names()
    if not images:
        raise ValueError(f"{raw.root / strange[0]}: expected <i>.jpg without leading zeros, came this name")
    any_decodes(raw, list(images.values()), "images")
    any_decodes(raw, [reader.mask_place(index, "parts") for index in images], "masks of face parts", decode_mask)
    lists.probe(raw, reader.base)
