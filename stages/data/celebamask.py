"""CelebAMask-HQ: part masks, their unions, and the list files that join it with CelebA."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from stages.data.image import ImageError, decode_labels, decode_mask
from stages.data.raw import RawFolder

LAYOUT = """
  CelebAMask-HQ/CelebA-HQ-img/<i>.jpg                                     i = 0..29999
  CelebAMask-HQ/CelebAMask-HQ-mask-anno/<i // 2000>/<i:05d>_<part>.png    a missing part has no file
  CelebAMask-HQ/CelebA-HQ-to-CelebA-mapping.txt                           for split: partition and for identities
  list_eval_partition.txt                                                 for split: partition
  identity_CelebA.txt                                                     for identities
  labels/<i>.png                                                          for face_union: labels"""

# The official order: label i + 1 of a merged map is part i, and later parts lie on top.
PARTS = (
    "skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear", "mouth", "u_lip", "l_lip",
    "hair", "hat", "ear_r", "neck_l", "neck", "cloth",
)  # fmt: skip
FACE_PARTS = PARTS[:12]
# The order of the public BiSeNet face parser, which differs from the official one.
BISENET_PARTS = (
    "skin", "l_brow", "r_brow", "l_eye", "r_eye", "eye_g", "l_ear", "r_ear", "ear_r", "nose", "mouth", "u_lip", "l_lip",
    "neck", "neck_l", "cloth", "hair", "hat",
)  # fmt: skip
LABEL_ORDERS = {"celebamask": PARTS, "bisenet": BISENET_PARTS}


def face_labels(label_order: str) -> tuple[int, ...]:
    """Labels of the 12 face parts in a merged map of the given order. Source: supp, spec §2.1, §2.3."""
    order = LABEL_ORDERS[label_order]
    return tuple(sorted(order.index(part) + 1 for part in FACE_PARTS))


def face_of_labels(labels: np.ndarray, label_order: str) -> np.ndarray:
    """The face region of a merged map. Shapes: uint8 [H W] -> bool [H W]. Raises: ImageError for labels above 18."""
    if labels.max(initial=0) > len(PARTS):
        raise ImageError("label_value", f"expected labels 0 to {len(PARTS)}, came {labels.max()}")
    return np.isin(labels, face_labels(label_order))


def union_of_parts(parts: Mapping[str, np.ndarray], names: Iterable[str] = FACE_PARTS) -> np.ndarray:
    """The union of the named part masks; absent parts add nothing. Shapes: bool [H W] each -> bool [H W].

    Raises: ImageError where no named part is there, or sizes differ.
    """
    chosen = [parts[name] for name in names if name in parts]
    if not chosen:
        raise ImageError("no_face_part", f"expected at least one of 12 face parts, came {sorted(parts)}")
    _one_size(parts)
    return np.logical_or.reduce(chosen)


def merge_parts(parts: Mapping[str, np.ndarray]) -> np.ndarray:
    """The merged map: parts in the official order, later ones on top. Shapes: bool [H W] each -> uint8 [H W]."""
    height, width = _one_size(parts)
    labels = np.zeros((height, width), np.uint8)
    for label, name in enumerate(PARTS, 1):
        if name in parts:
            labels[parts[name]] = label
    return labels


def _one_size(parts: Mapping[str, np.ndarray]) -> tuple[int, int]:
    sizes = {name: mask.shape for name, mask in parts.items()}
    if len(set(sizes.values())) != 1:
        listed = ", ".join(f"{name} {size[1]} x {size[0]}" for name, size in sizes.items()) or "no parts"
        raise ImageError("mask_size", f"expected part masks of one size, came {listed}")
    return next(iter(sizes.values()))


@dataclass(frozen=True)
class CelebAMaskHQ:
    """Reader of the official layout, found at the raw folder's root or in its CelebAMask-HQ folder."""

    raw: RawFolder
    base: str

    @classmethod
    def open(cls, raw: RawFolder) -> "CelebAMaskHQ":
        """Raises: FileNotFoundError with the layout where there is no image folder."""
        for base in ("CelebAMask-HQ/", ""):
            if raw.files(base + "CelebA-HQ-img/"):
                return cls(raw, base)
        raise FileNotFoundError(f"{raw.root}: expected CelebAMask-HQ{LAYOUT}\ncame no CelebA-HQ-img folder")

    def image_names(self) -> tuple[dict[int, str], list[str]]:
        """{i: relative path} of the images, ascending, and the files whose names are not <i>.jpg."""
        images, strange = {}, []
        for name in self.raw.files(self.base + "CelebA-HQ-img/"):
            match = re.fullmatch(r"(0|[1-9]\d*)\.(jpg|png|webp)", name.rsplit("/", 1)[1])
            if match and int(match[1]) not in images:
                images[int(match[1])] = name
            else:
                strange.append(name)
        return dict(sorted(images.items())), strange

    def orphans(self) -> list[int]:
        """Ids that have part masks and no image."""
        images, _ = self.image_names()
        names = (name.rsplit("/", 1)[1] for name in self.raw.files(self.base + "CelebAMask-HQ-mask-anno/"))
        masked = {int(match[1]) for match in (re.fullmatch(r"(\d{5,})_\w+\.png", name) for name in names) if match}
        return sorted(masked - set(images))

    def part_name(self, index: int, part: str) -> str:
        """Relative path of one part mask; 2000 ids share a folder."""
        return f"{self.base}CelebAMask-HQ-mask-anno/{index // 2000}/{index:05d}_{part}.png"

    def parts(self, index: int, names: Iterable[str] = PARTS) -> dict[str, np.ndarray]:
        """The part masks that this id has. Shapes: bool [H W] each. Raises: ImageError."""
        found = ((part, self.part_name(index, part)) for part in names)
        return {part: decode_mask(self.raw.read(name)) for part, name in found if self.raw.exists(name)}

    def face_mask(self, index: int, face_union: str, label_order: str) -> np.ndarray:
        """The face region: parts = union of part masks, merged = labels 1..12 of their merge, labels = a given map.

        Shapes: -> bool [H W]. Raises: ImageError.
        """
        if face_union == "parts":
            return union_of_parts(self.parts(index, FACE_PARTS))
        if face_union == "merged":
            return face_of_labels(merge_parts(self.parts(index)), "celebamask")
        name = self.raw.first(f"{self.base}labels/{index}.png", f"labels/{index}.png")
        if name is None:
            raise ImageError("no_labels", f"expected labels/{index}.png, came no such file")
        return face_of_labels(decode_labels(self.raw.read(name)), label_order)
