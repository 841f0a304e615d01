"""The prepared Cityscapes of MsConD: photos of all splits, as squares."""

from functools import partial
from pathlib import Path

from stages.data.cityscapes import read_photos
from stages.data.prepared.ledger import Refused
from stages.data.prepared.walk import Watch
from stages.data.raw import RawFolder
from stages.data.sets.scenes import Item, SceneBlock, chosen, prepare_scenes


class Block(SceneBlock):
    """Parameters of the set."""


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs the photos; keys are <split>/<city>/<name>. Raises: FileNotFoundError, ValueError."""
    raw = RawFolder.open(inputs["raw"])
    photos, strange = read_photos(raw)
    listed = {f"{photo.split}/{photo.name}": photo for photo in photos}
    keys = sorted([*chosen(list(listed), block.max_images), *strange])

    def refused() -> bytes:
        raise Refused("found", "file_name", "expected <city>_<6 digits>_<6 digits>_leftImg8bit.png")

    def item(key: str) -> Item:
        photo = listed.get(key)
        return (
            (key, key, "", refused)
            if photo is None
            else (key, photo.photo, photo.split, partial(raw.read, photo.photo))
        )

    prepare_scenes("city_scenes", block, raw, len(keys), map(item, keys), out, watch)
