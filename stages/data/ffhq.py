"""FFHQ: photos in folders of a thousand, their categories, and label maps from a face parser."""

import json
import re
from dataclasses import dataclass

import numpy as np

from stages.data.celebamask import face_of_labels
from stages.data.image import ImageError, decode_labels
from stages.data.raw import RawFolder

IMAGES = "images1024x1024/"
CATEGORIES = "ffhq-dataset-v2.json"
LABELS = "labels/"
FOLDER_SIZE = 1000  # ids that share a folder
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

    @classmethod
    def open(cls, raw: RawFolder) -> "FFHQ":
        """Raises: FileNotFoundError with the layout where there is no photo or no list of categories."""
        for wanted in (IMAGES, CATEGORIES):
            if not raw.files(wanted):
                raise FileNotFoundError(f"{raw.root}: expected FFHQ{LAYOUT}\ncame no {wanted}")
        return cls(raw)

    def image_names(self) -> tuple[dict[int, str], list[str]]:
        """{i: relative path} of the photos, ascending, and the files that are not where their number says."""
        images, strange = {}, []
        for name in self.raw.files(IMAGES):
            match = re.fullmatch(r"(\d{5})\.png", name.rsplit("/", 1)[1])
            if match and image_name(int(match[1])) == name:
                images[int(match[1])] = name
            else:
                strange.append(name)
        return dict(sorted(images.items())), strange

    def categories(self) -> dict[int, str]:
        """{i: training or validation}. Raises: ValueError for a list of another form."""
        try:
            listed = json.loads(self.raw.text(CATEGORIES))
            return {int(index): str(entry["category"]) for index, entry in listed.items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f'{self.raw.root}/{CATEGORIES}: expected {{"0": {{"category": …}}, …}}, came another form ({error!r})'
            ) from error

    def face_mask(self, index: int, label_order: str) -> np.ndarray:
        """The face region of a photo's label map, in the order that its parser writes.

        Source: supp §2 ("the same process"); spec §2.3. Shapes: -> bool [H W]. Raises: ImageError.
        """
        name = label_name(index)
        if not self.raw.exists(name):
            raise ImageError("no_labels", f"expected {name}, came no such file")
        mask = face_of_labels(decode_labels(self.raw.read(name)), label_order)
        if not mask.any():
            raise ImageError("no_face_part", f"expected at least one pixel of 12 face parts in {name}, came none")
        return mask
