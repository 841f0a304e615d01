"""The drawn FFHQ: png photos in folders of a thousand, and label maps as a face parser writes them."""

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from stages.draw.scenes.canvas import Scene
from stages.draw.scenes.chance import generator
from stages.draw.scenes.encode import spoiled
from stages.draw.scenes.face import FACE_PARTS, PARTS, draw_face
from stages.draw.scenes.face_factors import expression, face_context, identities
from stages.draw.scenes.faults import SPOILED, planted_faults
from stages.draw.scenes.supply import Progress, RawBlock

LAYOUT = """  images1024x1024/<i // 1000 * 1000:05d>/<i:05d>.png
  ffhq-dataset-v2.json
  labels/<i:05d>.png"""
NAME = "ffhq"
FOLDER_SIZE = 1000  # photos that share a folder
TRAINING = 60000  # the first photos are FFHQ's training category
# Label i + 1 is part i: the official order, and the public BiSeNet parser's.
ORDERS = {
    "celebamask": PARTS,
    "bisenet": (
        "skin", "l_brow", "r_brow", "l_eye", "r_eye", "eye_g", "l_ear", "r_ear", "ear_r", "nose", "mouth", "u_lip",
        "l_lip", "neck", "neck_l", "cloth", "hair", "hat",
    ),
}  # fmt: skip


class Block(RawBlock):
    """Drawing numbers."""

    images: int
    identities: int
    image_px: int
    label_px: int
    label_order: str
    validation: int


def indices(block: Block) -> list[int]:
    """The number of each item: around 1000, where folders change, but for the `validation` ones after 60,000."""
    total = block.images + len(planted_faults(NAME, block.images, block.faults))
    low = FOLDER_SIZE - (total - block.validation) // 2
    if low < 0:
        raise ValueError(f"raw.{NAME}: expected fewer than {2 * FOLDER_SIZE} images, came {block.images}; lower it")
    late = list(range(TRAINING, TRAINING + block.validation))
    return [*late, *range(low, low + total - block.validation)]


def scene_of(block: Block, number: int) -> Scene:
    """The scene of item `number`; people take turns."""
    person = identities(block.identities, block.seed)[number % block.identities]
    look = expression(generator(block.seed, NAME, "look", number))
    around = face_context(generator(block.seed, NAME, "around", number))
    return draw_face(person, look, around, block.image_px, block.label_px)


def labels_of(scene: Scene, order: str, drop: tuple[str, ...] = ()) -> np.ndarray:
    """What a parser would write: hair and clothes first, since hair also lies behind the head, then the face's parts.

    Shapes: -> uint8 [H W].
    """
    labels = np.zeros(next(iter(scene.parts.values())).shape, np.uint8)
    for part in (*PARTS[len(FACE_PARTS) :], *FACE_PARTS):
        if part not in drop:
            labels[scene.parts[part]] = ORDERS[order].index(part) + 1
    return labels


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    faults = planted_faults(NAME, block.images, block.faults)
    listed = {}
    (out / "labels").mkdir(parents=True)
    places = indices(block)
    for number, index in enumerate(places):
        kind = faults[number].kind if number in faults else ""
        scene = scene_of(block, number)
        folder = out / "images1024x1024" / f"{index // FOLDER_SIZE * FOLDER_SIZE:05d}"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{index}.png" if kind == "strange_name" else f"{index:05d}.png"
        (folder / name).write_bytes(spoiled(scene.image, kind, 90) if kind in SPOILED else _png(scene.image))
        if kind not in ("no_labels", "strange_name"):
            drop = FACE_PARTS if kind == "no_face_part" else ()
            labels = labels_of(scene, block.label_order, drop)
            labels[0, 0] = 19 if kind == "label_above" else labels[0, 0]
            (out / "labels" / f"{index:05d}.png").write_bytes(_png(labels))
        if kind not in ("no_category", "strange_name"):
            listed[str(index)] = {"category": "training" if index < TRAINING else "validation"}
        if progress:
            progress(number + 1, len(places))
    text = json.dumps(dict(sorted(listed.items(), key=lambda item: int(item[0]))), indent=1)
    (out / "ffhq-dataset-v2.json").write_text(text + "\n", encoding="ascii")


def _png(image: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG", compress_level=1)
    return stream.getvalue()
