"""FFHQ: photos in folders of a thousand, their categories, and label maps from a face parser."""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stages.data.celebamask import face_of_labels
from stages.data.image import ImageError, decode_labels
from stages.data.layout import NotLaidOut, bases_of, beside, find_base
from stages.data.raw import RawFolder
from stages.data.reading import json_of, reading

IMAGES = "images1024x1024/"
CATEGORIES = "ffhq-dataset-v2.json"
LABELS = "labels/"
FOLDER_SIZE = 1000  # ids that share a folder
TITLE = "FFHQ"
LAYOUT = """
  images1024x1024/<i // 1000 * 1000:05d>/<i:05d>.png   i = 0..69999
  ffhq-dataset-v2.json                                 {"0": {"category": "training", ...}, ...}
  labels/<i:05d>.png                                   one label map a photo, from a face parser; FFHQ ships none"""


def image_name(index: int) -> str:
    """Relative path of a photo. Source: FFHQ (code)."""
    return f"{IMAGES}{index // FOLDER_SIZE * FOLDER_SIZE:05d}/{index:05d}.png"


def label_name(index: int) -> str:
    """Relative path of a photo's label map; any size of the photo's aspect."""
    return f"{LABELS}{index:05d}.png"


@dataclass(frozen=True)
class FFHQ:
    """Reader of the official layout, with label maps beside it."""

    raw: RawFolder
    base: str
    listed: str

    @classmethod
    def open(cls, raw: RawFolder) -> "FFHQ":
        """Raises: FileNotFoundError with the layout where there is no photo or no list of categories; as find_base."""
        mark = f"{IMAGES}*/*" if bases_of(raw, f"{IMAGES}*/*") else f"{IMAGES}*"
        base = find_base(raw, TITLE, LAYOUT, mark)
        listed = beside(raw, base, CATEGORIES)
        if listed is None:
            raise NotLaidOut(raw, TITLE, LAYOUT, f"no {CATEGORIES}")
        return cls(raw, base, listed)

    def image_names(self) -> tuple[dict[int, str], list[str]]:
        """{i: relative path} of the photos, ascending, and the files that are not where their number says.

        All photos may also lie in one folder.
        """
        images, strange = {}, []
        for name in self.raw.files(self.base + IMAGES):
            folder, _, file = name.removeprefix(self.base).rpartition("/")
            match = re.fullmatch(r"(\d{5})\.(png|jpe?g|webp)", file, re.IGNORECASE | re.ASCII)
            own = {IMAGES.rstrip("/"), image_name(int(match[1])).rpartition("/")[0]} if match else set()
            if match and folder in own and int(match[1]) not in images:
                images[int(match[1])] = name
            else:
                strange.append(name)
        return dict(sorted(images.items())), strange

    @cached_property
    def _labels(self) -> str:
        return beside(self.raw, self.base, f"{LABELS}*") or self.base + LABELS

    def mask_place(self, index: int) -> str:
        """Where a photo's label map is looked for."""
        return self._labels + label_name(index).removeprefix(LABELS)

    def categories(self) -> dict[int, str]:
        """{i: training or validation}. Raises: ValueError for a list of another form."""
        place = self.raw.root / self.listed
        listed = json_of(self.raw.text(self.listed), place)
        with reading(place, '{"0": {"category": …}, …}'):
            return {int(index): str(entry["category"]) for index, entry in listed.items()}

    def face_mask(self, index: int, label_order: str) -> np.ndarray:
        """The face region of a photo's label map, in the order that its parser writes.

        Source: supp §2 ("the same process"); spec §2.3. Shapes: -> bool [H W]. Raises: ImageError.
        """
        wanted = self.mask_place(index)
        name = self.raw.find(wanted)
        if name is None:
            raise ImageError("no_labels", f"expected {wanted}, came no such file")
        mask = face_of_labels(decode_labels(self.raw.read(name)), label_order)
        if not mask.any():
            raise ImageError("no_face_part", f"expected at least one pixel of 12 face parts in {name}, came none")
        return mask
