"""The prepared photos of one's own: squares without masks, some of them held out by the hash of their paths."""

from pathlib import Path
from typing import Literal

from stages.block import Block as Base
from stages.data.folder import read_photos
from stages.data.image import decode_upright
from stages.data.prepared.ledger import Ledger
from stages.data.prepared.packed import Index, Row, pack
from stages.data.prepared.walk import Watch
from stages.data.raw import RawFolder
from stages.data.sets.scenes import framed
from stages.data.sets.walk import photo_of, walk_of
from stages.data.splits import by_hash

STEPS = ("found", "decode")


class Block(Base):
    """Parameters of the set; `crop` takes the middle square, or squashes the whole photo into one."""

    enabled: bool
    size_px: int
    crop: Literal["center", "squash"]
    held_out: int
    minimum_kept: int
    decode_error_limit: float


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs every photo, turned as its EXIF data say. Raises: FileNotFoundError, ValueError."""
    raw = RawFolder.open(inputs["raw"])
    photos = read_photos(raw)
    ledger = Ledger(STEPS, root=raw.root)

    def row(key: str, photo: str) -> Row:
        content, digest, found = photo_of(raw, photo)
        return Row(key, framed(decode_upright(content), block.size_px, block.crop, "lanczos"), None, found, digest)

    def complete(keys: list[str]) -> Index:
        ledger.check("folder", block.minimum_kept, block.decode_error_limit)
        return Index(by_hash(keys, block.held_out, "test", "held_out"), ("test",), facts={"crop": block.crop})

    walk = walk_of([(photo, photo) for photo in photos], row, ledger, "photos")
    pack(out, "folder", block.size_px, False, walk, complete, ledger, watch=watch)
