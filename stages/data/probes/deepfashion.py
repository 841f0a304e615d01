"""DeepFashion."""

from stages.data.deepfashion import read_joints, read_listed
from stages.data.image import ImageError
from stages.data.probing import any_decodes, spread
from stages.data.raw import RawFolder


def probe(raw: RawFolder) -> None:
    """Raises: as the reader, and ValueError where no photo of a list, or no photo's joints, can be used."""
    listed = read_listed(raw)
    for split in ("train", "val"):
        held = [row for row in listed if row.split == split]
        any_decodes(raw, [row.photo for row in held], f"photos of {split}.txt")
        problems = []
        for row in spread(held):
            try:
                read_joints(raw, row)
                break
            except ImageError as error:
                problems.append(str(error))
        else:
            raise ValueError(
                f"{raw.root}: expected joints of photos of {split}.txt, came none; the first: {problems[0]}"
            )
