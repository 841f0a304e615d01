"""Masks of the user's own: masks/<path of the photo>.png in the raw folder, one object each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stages.data.image import ImageError, decode_mask, size_of
from stages.data.instances import GIVEN, ImageDetections
from stages.data.prepared.crop import tight_box
from stages.data.raw import RawFolder
from stages.teachers.detectors.found import Block, Files

FOLDER = "masks"


class GivenMasks:
    """The masks that there are; a photo without one has no instance."""

    def __init__(self, raw: RawFolder) -> None:
        self.raw = raw
        self.facts: dict[str, Any] = {"source": "masks", "model": "given by the user", "digest": "", "threshold": 0.0}

    def find(self, files: Files) -> Iterator[tuple[str, ImageDetections]]:
        """Raises: ValueError for a mask that does not decode, or of another size than its photo."""
        import numpy as np

        from stages.data.instances import Instance, encode_mask

        for key, content in files:
            try:
                width, height = size_of(content)
            except ImageError:
                continue  # nothing says whether its mask is of the stored or of the turned photo; `prepare` lists it
            place = self.raw.find(f"{FOLDER}/{key.rsplit('.', 1)[0]}.png")
            instances: tuple[Instance, ...] = ()
            if place is not None:
                try:
                    mask = decode_mask(self.raw.read(place))
                except ImageError as error:
                    raise ValueError(f"{self.raw.root / place}: expected a mask, came {error}") from error
                if mask.shape != (height, width):
                    raise ValueError(
                        f"{self.raw.root / place}: expected the photo's size, {width} x {height} px, came "
                        f"{mask.shape[1]} x {mask.shape[0]} px"
                    )
                box = tight_box(mask)
                if box is not None:
                    edges = (float(box[0]), float(box[1]), float(box[2] + 1), float(box[3] + 1))
                    instances = (Instance(GIVEN, 1.0, edges, encode_mask(np.asarray(mask))),)
            yield key, ImageDetections(width, height, instances)


def open_detector(block: Block, raw: RawFolder, folder: Path | None, device: str) -> GivenMasks:
    """Raises: FileNotFoundError where the raw folder has no masks/."""
    if not raw.files(f"{FOLDER}/"):
        raise FileNotFoundError(
            f"{raw.root}: expected {FOLDER}/<path of a photo>.png, came none; put them there, or set source to "
            "detectron2 or precomputed"
        )
    return GivenMasks(raw)
