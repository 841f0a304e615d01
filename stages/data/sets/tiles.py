"""Clean background: squares of a set's training photos beside the object, or pictures of the user's own."""

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np

from stages.block import Block as Base
from stages.data.boxed import READERS, Boxed, box_of
from stages.data.image import decode, decode_upright, resize_bilinear
from stages.data.layout import is_picture
from stages.data.prepared.boxes import background_tiles
from stages.data.prepared.ledger import Ledger
from stages.data.prepared.packed import Index, Packed, Row, pack
from stages.data.prepared.walk import Walk, Watch
from stages.data.raw import RawFolder
from stages.data.sets.boxed import inside

STEPS = ("decode",)
FOLDER = "backgrounds/"


class Block(Base):
    """Parameters of the tiles of one set; the sides are least ones, as shares of the set's side and of the crop's."""

    backgrounds: Literal["tiles", "user"]
    grow_share: float
    per_strip: int
    side_share: float
    crop_share: float
    minimum_kept: int
    decode_error_limit: float


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs squares of S px, S as in the prepared set.

    Raises: FileNotFoundError; ValueError for fewer tiles than minimum_kept.
    """
    raw, data = RawFolder.open(inputs["raw"]), Packed.open(inputs["data"])
    name, side = f"tiles_{data.card['name']}", data.images.shape[1]
    ledger = Ledger(STEPS, root=raw.root)
    made = _Tiles(block, raw, data)
    listed = made.user_files() if block.backgrounds == "user" else made.training_photos()
    ledger.total = len(listed)

    def complete(keys: list[str]) -> Index:
        sides, scales = walk.told["side_px"], walk.told["scale"]
        bare = ledger.kept - len({key.rpartition("#")[0] for key in keys})
        ledger.check(name, 0, block.decode_error_limit)
        if len(keys) < block.minimum_kept:
            raise ValueError(
                f"{name}: expected at least {block.minimum_kept} tiles, twice the batch (minimum_kept), came "
                f"{len(keys)} from {len(listed)} training photos; {bare} have none. Lower side_share or "
                "crop_share, or put pictures into backgrounds/ of the raw set and set backgrounds to user"
            )
        facts = {
            "count": len(keys), "photos": len(listed), "photos_without_tile": bare,
            "median_side_px": float(np.median(sides)), "scale": float(np.median(scales)),
            "backgrounds": block.backgrounds,
        }  # fmt: skip
        return Index(["train"] * len(keys), ("train",), {"side_px": np.array(sides)}, {}, facts)

    walk = Walk(listed, len(listed), made.rows, "photos")
    pack(out, name, side, False, walk, complete, ledger, watch=watch)


class _Tiles:
    """The tiles of one photo after another."""

    def __init__(self, block: Block, raw: RawFolder, data: Packed) -> None:
        self.block, self.raw, self.data, self.side = block, raw, data, data.images.shape[1]

    def rows(self, key: str, place: str, item: Boxed | None, crop_px: float) -> list[Row]:
        """Rows that tell their sides in pixels, and in sides of the photo's crop."""
        content = self.raw.read(place)
        digest = hashlib.sha256(content).hexdigest()
        image = decode_upright(content) if self.block.backgrounds == "user" else decode(content)
        made = []
        for number, tile in enumerate(self.cut(image, item, crop_px, self.side)):
            told = {"side_px": len(tile), "scale": len(tile) / crop_px}
            small = resize_bilinear(tile, self.side, self.side)
            made.append(Row(f"{key}#{number:02d}", small, None, place, digest, told=told))
        return made

    def training_photos(self) -> list[tuple[str, str, Boxed | None, float]]:
        """(key, place, what is listed of it, side of its crop in px) of each kept training photo."""
        items = {item.key: item for item in READERS[self.data.card["name"]](self.raw)[1]}
        scales, sources = self.data.column("scale"), self.data.column("source")
        size_px = self.data.images.shape[1]
        return [
            (key := self.data.keys[place], str(sources[place]), items[key], float(scales[place]) * size_px)
            for place in self.data.positions("train").tolist()
        ]

    def user_files(self) -> list[tuple[str, str, Boxed | None, float]]:
        """The pictures in backgrounds/. Raises: FileNotFoundError where there are none."""
        found = [name for name in self.raw.files(FOLDER) if is_picture(name)]
        if not found:
            raise FileNotFoundError(
                f"{self.raw.root / FOLDER}: expected pictures of background, came none; put them there, or set "
                "backgrounds to tiles"
            )
        typical = float(np.median(self.data.column("scale"))) * self.data.images.shape[1]
        return [(name.removeprefix(FOLDER), name, None, typical) for name in found]

    def cut(self, image: np.ndarray, item: Boxed | None, crop_px: float, side: int) -> list[np.ndarray]:
        """A photo's tiles, or the middle square of a user's picture."""
        height, width = image.shape[:2]
        if item is None:
            least = min(height, width)
            top, left = (height - least) // 2, (width - least) // 2
            return [image[top : top + least, left : left + least]]
        box = box_of(self.raw, item)
        assert box is not None, "a photo without a box is in no prepared set"
        least_side = max(self.block.side_share * side, self.block.crop_share * crop_px)
        box = inside(box, height, width)
        tiles = background_tiles(width, height, box, self.block.grow_share, least_side, self.block.per_strip)
        return [tile.cut(image) for tile in tiles]
