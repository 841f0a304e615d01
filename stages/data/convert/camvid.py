"""CamVid (the SegNet version, 11 classes) to the layout of Cityscapes, as streets at hand where Cityscapes is not.

`python -m stages.data.convert.camvid camvid.zip data/cityscapes`

Each class becomes the Cityscapes class that it is or is nearest to; void stays unlabelled. The runs of the camera
become sequences of one city.
"""

import argparse
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from stages.data.cityscapes_labels import ID
from stages.data.convert.command import end, opened
from stages.data.image import decode_labels, size_of
from stages.draw.scenes.encode import png

PHOTO = re.compile(r"(?:[\w.-]+/)?(train|val)/(([0-9A-Za-z]+)_f?(\d{5,6}))\.(jpg|png)")
CLASSES = ("sky", "building", "pole", "road", "sidewalk", "vegetation", "traffic sign", "fence", "car", "person",
           "rider", "unlabeled")  # fmt: skip
TABLE = np.array([ID[name] for name in CLASSES], np.uint8)
VOID = 255


def convert(names: list[str], read: Callable[[str], bytes], target: Path) -> int:
    """Writes photos as they are and label maps of Cityscapes' ids; returns how many frames there are.

    Raises: FileNotFoundError where there are no photos or a label map is missing, ValueError for sizes that differ, for
    a label of no class, or where one frame would get the name of another.
    """
    found = [match for name in sorted(names) if (match := PHOTO.fullmatch(name))]
    if not found:
        raise FileNotFoundError("expected train/<run>_<frame>.jpg and trainannot/ beside it, came no such photo")
    runs = {run: place for place, run in enumerate(sorted({match[3] for match in found}))}
    written: set[str] = set()
    for match in found:
        split, suffix = match[1], match[5]
        place = f"{match[0][: match.start(1)]}{split}annot/{match[2]}.png"
        if place not in names:
            raise FileNotFoundError(f"expected {place} beside {match[0]}, came no such file")
        content, labels = read(match[0]), decode_labels(read(place))
        if size_of(content) != labels.shape[::-1]:
            raise ValueError(f"{place}: expected the photo's size {size_of(content)}, came {labels.shape[::-1]}")
        labels = np.where(labels == VOID, len(CLASSES) - 1, labels)
        if labels.max() >= len(CLASSES):
            raise ValueError(f"{place}: expected labels 0 to {len(CLASSES) - 1}, or {VOID}, came {labels.max()}")
        stem = f"{split}/camvid/camvid_{runs[match[3]]:06d}_{int(match[4]):06d}"
        if stem in written:
            raise ValueError(f"{match[0]}: expected each frame of a run once, came a second {stem}")
        written.add(stem)
        for path, data in (
            (target / f"leftImg8bit/{stem}_leftImg8bit.{suffix}", content),
            (target / f"gtFine/{stem}_gtFine_labelIds.png", png(TABLE[labels])),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return len(written)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="CamVid to the layout of Cityscapes")
    parser.add_argument("source", type=Path, help="a zip or folder with train/, trainannot/, val/, valannot/")
    parser.add_argument("target", type=Path, help="the folder to write, such as data/cityscapes")
    chosen = parser.parse_args()
    end(lambda: f"{convert(*opened(chosen.source, 'train/ and trainannot/'), chosen.target)} frames")
