"""Flowers with label maps (the 17-category set) to the layout of Oxford Flowers 102.

`python -m stages.data.convert.flowers17 flowers17.zip data/flowers --test 90`

Photos keep their numbers. Label 1 is the flower; label 0 is a border that nobody labelled, kept as pixels to leave out
of scores; all else is background. Test photos are chosen by the hash of their names and written to trnid, the others to
tstid, since that is how the set's lists are used.
"""

import argparse
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from stages.data.convert.command import end, opened
from stages.data.flowers import on_blue
from stages.data.image import ImageError, decode, decode_labels
from stages.data.splits import by_hash
from stages.draw.scenes.encode import jpeg_exact, png_mask
from stages.draw.scenes.mat import write_lists

PHOTO = re.compile(r"jpg/image_(\d{4,5})\.jpg")
FLOWER, UNLABELLED = 1, 0


def convert(names: list[str], read: Callable[[str], bytes], target: Path, test: int) -> int:
    """Writes photos, segmentations, pixels to leave out and setid.mat; returns how many photos there are.

    Raises: FileNotFoundError where there are no photos or a label map is missing, ValueError for sizes that differ.
    """
    numbers = sorted((int(found[1]), name) for name in names if (found := PHOTO.fullmatch(name)))
    if not numbers:
        raise FileNotFoundError("expected jpg/image_<number>.jpg and labels/image_<number>.png, came no such photo")
    for folder in ("jpg", "segmim", "unlabelled"):
        (target / folder).mkdir(parents=True, exist_ok=True)
    for number, name in numbers:
        place = name.replace("jpg/", "labels/", 1).removesuffix(".jpg") + ".png"
        if place not in names:
            raise FileNotFoundError(f"expected {place} beside {name}, came no such file")
        content = read(name)
        image, labels = _decoded(decode, content, name), _decoded(decode_labels, read(place), place)
        if labels.shape != image.shape[:2]:
            raise ValueError(f"{place}: expected {image.shape[:2]} rows and columns, came {labels.shape}")
        (target / f"jpg/image_{number:05d}.jpg").write_bytes(content)
        (target / f"segmim/segmim_{number:05d}.jpg").write_bytes(jpeg_exact(on_blue(image, labels == FLOWER)))
        (target / f"unlabelled/unlabelled_{number:05d}.png").write_bytes(png_mask(labels == UNLABELLED))
    splits = by_hash([f"{number:05d}" for number, _ in numbers], test, "test")
    lists = {
        key: [number for (number, _), split in zip(numbers, splits, strict=True) if split == wanted]
        for key, wanted in (("tstid", "train"), ("trnid", "test"), ("valid", "none"))
    }
    write_lists(target / "setid.mat", lists)
    return len(numbers)


def _decoded(decode: Callable[[bytes], np.ndarray], content: bytes, name: str) -> np.ndarray:
    try:
        return decode(content)
    except ImageError as error:
        raise ValueError(
            f"{name}: expected a picture, came {error}; restore it, or remove it with its partner"
        ) from error


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Labelled flowers to the layout of Oxford Flowers 102")
    parser.add_argument("source", type=Path, help="a zip or folder with jpg/ and labels/")
    parser.add_argument("target", type=Path, help="the folder to write, such as data/flowers")
    parser.add_argument("--test", type=int, required=True, help="how many photos to hold out")
    chosen = parser.parse_args()
    end(lambda: f"{convert(*opened(chosen.source, 'jpg/ and labels/'), chosen.target, chosen.test)} photos")
