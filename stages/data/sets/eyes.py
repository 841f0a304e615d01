"""What both eye holes share: the box around named face parts, grown a little."""

from pathlib import Path

from stages.block import Block as Base
from stages.data.celebamask import CelebAMaskHQ, union_of_parts
from stages.data.image import ImageError
from stages.data.partial_holes import Box, pack, part_box
from stages.data.prepared.packed import Packed
from stages.data.prepared.walk import Watch
from stages.data.raw import RawFolder


class Block(Base):
    """Which parts the box goes around; kernel_px at 256 px; how many images."""

    parts: tuple[str, ...]
    kernel_px: int
    images: int


def prepare_eyes(kind: str, block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None) -> None:
    """Holes over eyes in the evaluation faces. Raises: FileNotFoundError, ValueError."""
    data, reader = Packed.open(inputs["data"]), CelebAMaskHQ.open(RawFolder.open(inputs["raw"]))
    side = data.card["size_px"]

    def box_of(position: int) -> Box:
        found = reader.parts(int(data.keys[position]), block.parts)
        if missing := sorted(set(block.parts) - set(found)):
            raise ImageError("no_part", f"expected masks of {', '.join(block.parts)}, {', '.join(missing)} missing")
        return part_box(union_of_parts(found, block.parts), block.kernel_px, side)

    pack(data, kind, block.images, box_of, out, watch)
