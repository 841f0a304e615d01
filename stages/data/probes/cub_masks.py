"""CUB-200-2011 with segmentations."""

from stages.data.cub_masks import find_masks, mask_name, read_split
from stages.data.image import decode_channel
from stages.data.probing import any_decodes
from stages.data.raw import RawFolder


def probe(raw: RawFolder) -> None:
    """Raises: as the reader, and ValueError where no photo of a split, or no mask of a test photo, can be used."""
    base, splits = read_split(raw)
    masks = find_masks(raw, base)
    for wanted in ("train", "test"):
        names = [name for name, split in splits.items() if split == wanted]
        any_decodes(raw, [f"{base}images/{name}" for name in names], f"photos of the split {wanted}")
    any_decodes(raw, [mask_name(masks, name) for name in names], "masks of test photos", decode_channel)
