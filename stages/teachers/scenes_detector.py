"""What finds the objects of scenes: blobs of a class's hues in drawn ones, torchvision's network in photos."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from stages.block import Block as Base
from stages.data.files import write_json
from stages.engine.session import Session
from stages.teachers.detectors.scenes import BLOB


class Block(Base):
    """Keys of a detector of scenes. `file` is read where source is "file", all that follows where it is "blob".

    `bands`: hues of each category in degrees, [from, to]; `saturation` and `value`: more than that, in [0, 1];
    `area_px`: at least as many pixels.
    """

    source: Literal["file", "blob"]
    file: str
    sha256: str
    bands: dict[str, tuple[tuple[float, float], ...]]
    saturation: float = Field(ge=0, le=1)
    value: float = Field(ge=0, le=1)
    area_px: int = Field(gt=0)


def teach(block: Block, inputs: dict[str, Path], session: Session) -> None:
    """Writes detector.json and, from a file, weights.safetensors. There is nothing to learn.

    Raises: FileNotFoundError, ValueError as reading the file does; ValueError for blobs without a band.
    """
    if session.world.rank:
        return
    if block.source == "file":
        # Not with blobs, which need no torchvision.
        from stages.teachers.detectors import published

        return published.convert("file", block.file, block.sha256, session.out)
    if not block.bands or not all(block.bands.values()):
        raise ValueError(f"key bands: expected a band of hues for every category of a blob detector, got {block.bands}")
    told = {
        "bands": {name: [list(band) for band in bands] for name, bands in block.bands.items()},
        "saturation": block.saturation, "value": block.value, "area_px": block.area_px,
    }  # fmt: skip
    write_json(session.out / "detector.json", {"source": BLOB, "told": told})
