"""What the prepared rooms of LSUN share: the pictures of the database to train on, or of a folder or zip of them."""

from pathlib import Path

from stages.data import junk
from stages.data.lsun import LsunImages
from stages.data.prepared.walk import Watch
from stages.data.raw import RawFolder
from stages.data.sets.scenes import SceneBlock, chosen, prepare_scenes
from stages.data.truth import FOLDER

PART = "images"  # the only part of the published set that is used, as expected_counts calls it


def prepare_rooms(
    name: str, prefer: str, block: SceneBlock, inputs: dict[str, Path], out: Path, watch: Watch | None
) -> None:
    """Packs the rooms in key order. Raises: FileNotFoundError, ValueError."""
    raw = RawFolder.open(inputs["raw"])
    images = LsunImages(raw.without(f"{FOLDER}/"), prefer)
    if images.left_out:
        print(f"{raw.root}: {junk.said(images.left_out)}", flush=True)
    # Millions of keys, which nobody needs where all pictures are taken.
    wanted = frozenset(chosen(images.keys(), block.max_images)) if block.max_images else None
    items = ((key, source, PART, read) for key, source, read in images.readers(wanted))
    prepare_scenes(name, block, raw, len(images if wanted is None else wanted), items, out, watch)
