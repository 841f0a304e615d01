"""Oxford Flowers 102."""

from stages.data.flowers import SPLITS, find_masks, find_photos, read_ids
from stages.data.probing import any_decodes
from stages.data.raw import RawFolder


def probe(raw: RawFolder) -> None:
    """Raises: as the reader, and ValueError where no photo of a split, or no mask of a test photo, can be used."""
    base = find_photos(raw)
    masks, ids = find_masks(raw, base), read_ids(raw)
    for split in SPLITS:
        names = [f"{base}jpg/image_{number:05d}.jpg" for number in ids[split]]
        any_decodes(raw, names, f"photos of {SPLITS[split]} of setid.mat")
    names = [f"{masks}segmim/segmim_{number:05d}.jpg" for number in ids["test"]]
    any_decodes(raw, names, "segmentations of test photos")
