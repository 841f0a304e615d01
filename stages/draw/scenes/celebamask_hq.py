"""The drawn CelebAMask-HQ: jpg images, part PNGs, and the lists that join them with CelebA."""

from pathlib import Path

import numpy as np

from stages.draw.scenes import celeba_lists as lists
from stages.draw.scenes.canvas import Scene
from stages.draw.scenes.chance import generator
from stages.draw.scenes.encode import jpeg, png_mask, spoiled
from stages.draw.scenes.face import PARTS, draw_face
from stages.draw.scenes.face_factors import expression, face_context, identities
from stages.draw.scenes.faults import SPOILED, planted_faults
from stages.draw.scenes.supply import Progress, RawBlock

LAYOUT = """  CelebAMask-HQ/CelebA-HQ-img/<i>.jpg
  CelebAMask-HQ/CelebAMask-HQ-mask-anno/<i // 2000>/<i:05d>_<part>.png
  CelebAMask-HQ/CelebA-HQ-to-CelebA-mapping.txt
  list_eval_partition.txt, identity_CelebA.txt"""
NAME = "celebamask_hq"
FOLDER_SIZE = 2000  # ids per mask folder
UNMAPPED = 40  # photos of CelebA that CelebA-HQ does not hold, listed all the same


class Block(RawBlock):
    """Drawing numbers."""

    images: int
    identities: int
    image_px: int
    mask_px: int
    quality: int


def indices(block: Block) -> list[int]:
    """The CelebA-HQ index of each item: a third from 0, the rest around 2000, in an order that says nothing."""
    total = block.images + len(planted_faults(NAME, block.images, block.faults))
    low = total // 3
    start = FOLDER_SIZE - (total - low) // 2
    known = np.array([*range(low), *range(start, start + total - low)])
    if len(set(known.tolist())) != total:
        raise ValueError(
            f"raw.{NAME}: expected images to fit below and around {FOLDER_SIZE}, came {block.images}; lower it"
        )
    return generator(block.seed, NAME, "indices").permutation(known).tolist()


def scene_of(block: Block, number: int) -> Scene:
    """The scene of item `number`; people take turns, everything else is drawn apart from who it is."""
    person = identities(block.identities, block.seed)[number % block.identities]
    look = expression(generator(block.seed, NAME, "look", number))
    around = face_context(generator(block.seed, NAME, "around", number))
    return draw_face(person, look, around, block.image_px, block.mask_px)


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    base = out / "CelebAMask-HQ"
    (base / "CelebA-HQ-img").mkdir(parents=True)
    faults = planted_faults(NAME, block.images, block.faults)
    places = indices(block)
    for number, index in enumerate(places):
        scene = scene_of(block, number)
        kind = faults[number].kind if number in faults else ""
        _write_image(block, base, index, kind, scene)
        _write_parts(base, index, kind, scene, three_channels=index % 7 == 3)
        if progress:
            progress(number + 1, len(places))
    _write_lists(block, out, places, {number: fault.kind for number, fault in faults.items()})


def _write_image(block: Block, base: Path, index: int, kind: str, scene: Scene) -> None:
    if kind == "mask_without_image":
        return
    name = f"{index:05d}.jpg" if kind == "strange_name" else f"{index}.jpg"
    content = spoiled(scene.image, kind, block.quality) if kind in SPOILED else jpeg(scene.image, block.quality)
    (base / "CelebA-HQ-img" / name).write_bytes(content)


def _write_parts(base: Path, index: int, kind: str, scene: Scene, three_channels: bool) -> None:
    """One PNG for each part that is there."""
    if kind == "strange_name":
        return
    folder = base / "CelebAMask-HQ-mask-anno" / str(index // FOLDER_SIZE)
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        mask = scene.parts[part]
        if not mask.any() or (kind == "no_face_part" and part not in ("hair", "cloth", "neck")):
            continue
        if kind == "mask_of_other_size" and part == "nose":
            mask = mask[::2, ::2]
        (folder / f"{index:05d}_{part}.png").write_bytes(png_mask(mask, three_channels))


def _write_lists(block: Block, out: Path, places: list[int], kinds: dict[int, str]) -> None:
    rng = generator(block.seed, NAME, "originals")
    splits = [lists.split_of(number, block.identities) for number in range(len(places))]
    files = lists.originals(splits, rng)
    names = rng.permutation(np.arange(1, lists.HIGHEST_IDENTITY + 1))[: block.identities].tolist()
    mapping, parts, people = {}, {}, {}
    for number, (index, file) in enumerate(zip(places, files, strict=True)):
        kind = kinds.get(number)
        if kind != "no_mapping_row":
            mapping[index] = file
        if kind != "no_partition_row":
            parts[file] = splits[number]
        if kind != "no_identity_row":
            people[file] = names[number % block.identities]
    for value in rng.integers(2, lists.RANGES["train"][1], UNMAPPED).tolist():
        if value not in files:
            parts[value], people[value] = "train", names[value % block.identities]
    for path, text in (
        (out / "CelebAMask-HQ" / "CelebA-HQ-to-CelebA-mapping.txt", lists.mapping_text(mapping)),
        (out / "list_eval_partition.txt", lists.partition_text(parts)),
        (out / "identity_CelebA.txt", lists.identity_text(people)),
    ):
        path.write_text(text, encoding="ascii")
