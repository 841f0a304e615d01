"""The drawn sets of boxes at the smoke profile's size, drawn and prepared as the stages do."""

import importlib
from pathlib import Path

from stages import detect as detecting
from stages.data.files import read_table
from stages.data.prepared.packed import Packed
from stages.data.raw import RawFolder
from stages.runner import layers, params

ROOT = Path(__file__).resolve().parents[2]
PARAMS = params.load(ROOT)
SETS = ("bird_boxes", "dog_boxes", "car_boxes")


def scenes_of(name: str):
    """The module that draws a set."""
    return importlib.import_module(f"stages.draw.scenes.{name}")


def detected(name: str, raw: Path, out: Path, source: str = "precomputed") -> Path:
    """A folder of detections."""
    from stages.data.detections import write_detections
    from stages.teachers.detectors import found, given_masks, precomputed

    names = ("detect.base", f"detect.data.{name}", "detect.boxes.smoke")
    block = layers.validate(found.Block, layers.merge(PARAMS, names) | {"source": source}, names)
    folder = RawFolder.open(raw)
    opened = {"precomputed": precomputed, "masks": given_masks}[source].open_detector(block, folder, None, "cpu")
    out.mkdir()
    photos = [(key, content) for key, read in detecting.photos(name, folder)[1] if decodes(content := read())]
    write_detections(out, opened.find(photos), opened.facts)
    return out


def decodes(content: bytes) -> bool:
    """Whether a photo has a header, as the verb asks before it detects."""
    from stages.data.image import ImageError, size_of

    try:
        return bool(size_of(content))
    except ImageError:
        return False


def packed(name: str, raw: Path, out: Path, detections: Path | None, **changes) -> tuple[Packed, dict[str, str]]:
    """A prepared set, and {key: reason} of its rejects."""
    module = importlib.import_module(f"stages.data.sets.{name}")
    names = (f"{name}.base", f"{name}.profile.smoke")
    out.mkdir()
    inputs = {"raw": raw} | ({} if detections is None else {"detections": detections})
    module.prepare(layers.validate(module.Block, layers.merge(PARAMS, names) | changes, names), inputs, out)
    table = read_table(out / "rejects.parquet")
    return Packed.open(out), dict(zip(table["key"], table["reason"], strict=True))


def tiled(raw: Path, data: Path, out: Path, profile: str = "smoke", **changes) -> Packed:
    """The tiles of a prepared set."""
    from stages.data.sets import tiles

    names = ("tiles.base", f"tiles.profile.{profile}")
    out.mkdir()
    block = layers.validate(tiles.Block, layers.merge(PARAMS, names) | changes, names)
    tiles.prepare(block, {"raw": raw, "data": data}, out)
    return Packed.open(out)
