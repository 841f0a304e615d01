"""The prepared Cityscapes of MsConD: photos of all splits, as squares."""

from collections.abc import Callable, Iterator
from pathlib import Path

from stages.data.cityscapes import read_photos
from stages.data.prepared.ledger import Refused
from stages.data.raw import RawFolder
from stages.data.sets.scenes import Item, SceneBlock, chosen, prepare_scenes


class Block(SceneBlock):
    """Parameters of the set."""


def prepare(block: Block, inputs: dict[str, Path], out: Path, progress: Callable | None = None) -> None:
    """Packs the photos; keys are <split>/<city>/<name>. Raises: FileNotFoundError, ValueError."""
    raw = RawFolder.open(inputs["raw"])
    photos, strange = read_photos(raw)
    listed = {f"{photo.split}/{photo.name}": photo for photo in photos}
    keys = sorted([*chosen(list(listed), block.max_images), *strange])

    def items() -> Iterator[Item]:
        for key in keys:
            if key in listed:
                photo = listed[key]
                yield key, photo.split, photo.photo, raw.read(photo.photo)
            else:
                wanted = "expected <city>_<6 digits>_<6 digits>_leftImg8bit.png"
                yield key, "", key, Refused("found", "file_name", wanted)

    prepare_scenes("city_scenes", block, raw, len(keys), items(), out, progress)
