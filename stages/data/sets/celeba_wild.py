"""The prepared faces in the wild: photos whose face box is large, stretched to a square, with five landmarks."""

from pathlib import Path

from stages.block import Block as Base
from stages.data.celeba_wild import POINTS, passes_face_share, read_faces, to_frame
from stages.data.image import decode, resize_bilinear, size_of
from stages.data.prepared.ledger import Ledger, Refused
from stages.data.prepared.packed import Extra, Index, Row, pack
from stages.data.prepared.walk import Watch
from stages.data.raw import RawFolder
from stages.data.sets.walk import photo_of, walk_of
from stages.data.splits import count_facts

STEPS = ("found", "decode", "face_share")


class Block(Base):
    """Parameters of the set."""

    size_px: int
    face_share: float
    expected_counts: dict[str, int]
    minimum_kept: int
    decode_error_limit: float


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs the photos of all three lists that pass the filter; one that stands in two lists is packed twice.

    Raises: FileNotFoundError, ValueError.
    """
    raw = RawFolder.open(inputs["raw"])
    faces = read_faces(raw)
    ledger = Ledger(STEPS, root=raw.root)

    def row(key: str, photo: str) -> Row:
        content, digest, found = photo_of(raw, photo)
        name = photo.removeprefix(faces.folder)
        for table, lines in (("box", faces.boxes), ("landmarks", faces.landmarks)):
            if name not in lines:
                raise Refused("found", f"no_{table}", f"the list of {table} has no line for {name}")
        width, height = size_of(content)
        _, _, box_width, box_height = faces.boxes[name]
        if not passes_face_share(box_width, box_height, width, height, block.face_share):
            wanted = f"wanted {block.face_share} of {width} x {height} px"
            raise Refused("face_share", "small_face", f"box of {box_width} x {box_height} px, {wanted}")
        image = resize_bilinear(decode(content), block.size_px, block.size_px)
        points = to_frame(faces.landmarks[name], width, height, block.size_px)
        return Row(key, image, None, found, digest, {"landmarks": points})

    def complete(keys: list[str]) -> Index:
        ledger.check("celeba_wild", block.minimum_kept, block.decode_error_limit)
        splits = [key.split("/")[0] for key in keys]
        facts = {"face_share": block.face_share, **count_facts(splits, block.expected_counts)}
        return Index(splits, ("test",), facts=facts)

    listed = [
        (f"{split}/{name}", faces.folder + name) for split in sorted(faces.splits) for name in faces.splits[split]
    ]
    extras = {"landmarks": Extra((len(POINTS), 2), "<f4")}
    walk = walk_of(listed, row, ledger, "photos")
    pack(out, "celeba_wild", block.size_px, False, walk, complete, ledger, extras, watch=watch)
