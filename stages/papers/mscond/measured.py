"""What MsConD's measures and samples share: the keys of what is detected and compared. No torch here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from stages.block import Block as Base
from stages.data.files import read_json

NOT_RUN = "not_run.json"
SPLIT = "train"  # what generators learn from is what they are compared with


class DetectedBlock(Base):
    """What counts as an object.

    Boxes of the `categories` with a score of at least `threshold` whose shorter side has `minimum_side_px` pixels; of
    each category the `objects_per_image` best of a picture. The detector sees `detector_batch` pictures at once.
    """

    profile: Literal["smoke", "demo", "lite", "paper"]
    categories: tuple[str, ...] = Field(min_length=1)
    threshold: float = Field(ge=0, le=1)
    minimum_side_px: float = Field(gt=0)
    objects_per_image: int = Field(gt=0)
    detector_batch: int = Field(gt=0)


class MeasureBlock(DetectedBlock):
    """What is compared: `objects_count` crops of a category, real and generated, stretched to `crop_px` a side.

    `batch` pictures go through generator and scorer at once; `seed` draws latents and the order of real pictures.
    """

    batch: int = Field(gt=0)
    objects_count: int = Field(gt=1)
    crop_px: int = Field(gt=0)
    seed: int


def slug(category: str) -> str:
    """A category's name in names of files and arrays."""
    return category.replace(" ", "_")


def object_metric(scorer: str, category: str) -> str:
    """What the Fréchet distance of crops is called."""
    return f"{scorer} object {category}"


def detections_metric(category: str) -> str:
    """What the mean number of objects in a picture is called."""
    return f"detections_{category}"


def why_blind(inputs: Mapping[str, Path]) -> str:
    """Why nothing is detected where this profile has no detector; else empty."""
    file = inputs["detector"] / NOT_RUN
    return f"no detector: {read_json(file)['reason']}" if file.is_file() else ""
