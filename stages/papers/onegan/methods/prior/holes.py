"""Which pixels of the photos are hidden from the deep image prior. No torch here."""

from pathlib import Path

import numpy as np

from stages.data.files import read_json
from stages.data.prepared.packed import Packed
from stages.papers.onegan.methods.prior.block import Block

LEVELS = 255


def holes_for(block: Block, data: Packed, positions: np.ndarray, inputs: dict[str, Path]) -> np.ndarray:
    """1 where the object is by the chosen mask. Inputs: sample, of predicted masks, whose holes are m >= threshold.

    Source: supp §D.4 (both masks), spec 6.4; a real mask must cover: after a resize whatever is object in part is hole.
    Shapes: -> uint8 [K S S].
    Raises: ValueError where the sample has no mask for a photo, or masks of another side.
    """
    if block.hole == "real":
        return (np.asarray(data.array("cover")[positions]) > 0).astype(np.uint8)
    folder = inputs["sample"]
    rows = {key: row for row, key in enumerate(read_json(folder / "sample.json")["predicted_keys"])}
    masks = np.load(folder / "predicted_mask.npy", mmap_mode="r", allow_pickle=False)
    keys = [data.keys[place] for place in positions]
    lacking = [key for key in keys if key not in rows]
    if lacking or masks.shape != (len(rows), block.size_px, block.size_px):
        raise ValueError(
            f"{folder}: expected predicted masks of {block.size_px} px for {keys}, came {masks.shape}, without"
            f" {lacking}; sample the model on these data"
        )
    return (masks[[rows[key] for key in keys]] >= LEVELS * block.threshold).astype(np.uint8)
