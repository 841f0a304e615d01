"""Oxford Flowers 102: photos, colour-coded segmentations, and the split that is used the other way round."""

import numpy as np

from stages.data.image import resize_bilinear
from stages.data.layout import NotLaidOut, beside, find_base
from stages.data.raw import RawFolder
from stages.data.reading import mat, reading, whole

LAYOUT = """
  jpg/image_<5 digits>.jpg        segmim/segmim_<5 digits>.jpg (background blue)
  setid.mat (trnid, valid, tstid)"""
TITLE = "Oxford Flowers 102"
SPLITS = {"train": "tstid", "test": "trnid"}  # swapped on purpose: the dataset's test part is the larger one
UNUSED = "valid"
BLUE = (0, 0, 254)


def find_photos(raw: RawFolder) -> str:
    """The folder of jpg/. Raises: as find_base."""
    return find_base(raw, TITLE, LAYOUT, "jpg/*")


def find_masks(raw: RawFolder, base: str) -> str:
    """The folder of segmim/. Raises: FileNotFoundError with the layout; ValueError for several."""
    found = beside(raw, base, "segmim/*")
    if found is None:
        raise NotLaidOut(raw, TITLE, LAYOUT, "no segmim/segmim_<5 digits>.jpg")
    return found.removesuffix("segmim/")


def read_ids(raw: RawFolder) -> dict[str, list[int]]:
    """{train: ids of tstid, test: ids of trnid, unused: ids of valid}, ascending.

    Source: code (ReDO, GANSeg), spec §2.3.
    Raises: FileNotFoundError with the layout, ValueError for a file that is not the split.
    """
    name = beside(raw, "", "setid.mat")
    if name is None:
        raise NotLaidOut(raw, TITLE, LAYOUT, "no setid.mat")
    place = raw.root / name
    content = mat(raw.read(name), place)
    with reading(place, "lists of whole numbers trnid, valid and tstid"):
        ids = {split: sorted(whole(content[key])) for split, key in (*SPLITS.items(), ("unused", UNUSED))}
    together = [value for values in ids.values() for value in values]
    if len(set(together)) != len(together) or not ids["train"] or not ids["test"]:
        counts = {split: len(values) for split, values in ids.items()}
        raise ValueError(f"{place}: expected three lists that share no id, came {counts}, some id twice")
    return ids


def equals_background(image: np.ndarray) -> np.ndarray:
    """Whether a pixel is background: R = 0 or G = 0 or B = 254.

    Source: code (GANSeg), spec §2.3. Shapes: uint8 [H W 3] -> bool [H W].
    """
    return (image[..., 0] == 0) | (image[..., 1] == 0) | (image[..., 2] == 254)


def foreground(image: np.ndarray, size_px: int, rule: str) -> np.ndarray:
    """The flower's mask at S px. resize_then_equal asks the resized colours; equal_then_resize asks those of the file.

    Source: code (GANSeg; ReDO), spec §2.3. Shapes: uint8 [H W 3] -> uint8 0/1 [S S].
    Raises: ValueError for another rule.
    """
    if rule == "resize_then_equal":
        return (~equals_background(resize_bilinear(image, size_px, size_px))).astype(np.uint8)
    if rule == "equal_then_resize":
        levels = (~equals_background(image)).astype(np.uint8) * 255
        return (resize_bilinear(levels, size_px, size_px) > 127).astype(np.uint8)
    raise ValueError(f"mask_rule: expected resize_then_equal or equal_then_resize, came {rule!r}")


def on_blue(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A segmentation in the set's form: the photo inside the mask, blue outside; the photo's own colours are moved off
    the values that mean background.

    Shapes: uint8 [H W 3], bool [H W] -> uint8 [H W 3].
    """
    colours = np.clip(image, (8, 8, 0), (255, 255, 240))
    return np.where(np.asarray(mask)[..., None], colours, BLUE).astype(np.uint8)
