"""CelebAMask-HQ: part masks, their unions, and the list files that join it with CelebA."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stages.data.image import ImageError, Note, decode_labels, decode_mask
from stages.data.layout import beside, find_base
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


def merge_parts(parts: Mapping[str, np.ndarray], glasses_on_top: bool, painted_first: Sequence[str] = ()) -> np.ndarray:
    """The merged map: parts in the official order, later ones on top; some may lie below all, and glasses above.

    Source: code (CelebAMask-HQ's g_mask; glasses above all: CoCosNet). Shapes: bool [H W] each -> uint8 [H W].
    """
    height, width = _one_size(parts)
    labels = np.zeros((height, width), np.uint8)
    later = [name for name in PARTS if name not in painted_first]
    for name in (*painted_first, *later, *(("eye_g",) if glasses_on_top else ())):
        if name in parts:
            labels[parts[name]] = PARTS.index(name) + 1
    return labels


def _one_size(parts: Mapping[str, np.ndarray]) -> tuple[int, int]:
    sizes = {name: mask.shape for name, mask in parts.items()}
    if len(set(sizes.values())) != 1:
        listed = ", ".join(f"{name} {size[1]} x {size[0]}" for name, size in sizes.items()) or "no parts"
        raise ImageError("mask_size", f"expected part masks of one size, came {listed}")
    return next(iter(sizes.values()))


@dataclass(frozen=True)
class CelebAMaskHQ:
    """Reader of the official layout, wherever in the raw folder it lies."""

    raw: RawFolder
    base: str

    @classmethod
    def open(cls, raw: RawFolder) -> "CelebAMaskHQ":
        """Raises: as find_base where there is no image folder, or several."""
        return cls(raw, find_base(raw, "CelebAMask-HQ", LAYOUT, "CelebA-HQ-img/*"))

    def image_names(self) -> tuple[dict[int, str], list[str]]:
        """{i: relative path} of the images, ascending, and the files whose names are not <i>.jpg."""
        images, strange = {}, []
        for name in self.raw.files(self.base + "CelebA-HQ-img/"):
            match = re.fullmatch(r"(0|[1-9]\d*)\.(jpe?g|png|webp)", name.rsplit("/", 1)[1], re.IGNORECASE | re.ASCII)
            if match and int(match[1]) not in images:
                images[int(match[1])] = name
            else:
                strange.append(name)
        return dict(sorted(images.items())), strange

    @cached_property
    def _masks(self) -> tuple[dict[tuple[int, str], str], list[str]]:
        """{(i, part): relative path}, whatever subfolder it lies in, and the files that are no part mask."""
        folder = beside(self.raw, self.base, "CelebAMask-HQ-mask-anno/*/*", "CelebAMask-HQ-mask-anno/*")
        masks: dict[tuple[int, str], str] = {}
        strange = []
        for name in self.raw.files(folder) if folder else []:
            match = re.fullmatch(r"(\d{5,})_(\w+)\.png", name.rsplit("/", 1)[1], re.IGNORECASE | re.ASCII)
            if match is None or match[2] not in PARTS:
                strange.append(name)
            elif (other := masks.setdefault((int(match[1]), match[2]), name)) != name:
                raise ValueError(f"{self.raw.root}: expected each part mask once, came {other} and {name}; remove one")
        return masks, strange

    def strange_masks(self) -> list[str]:
        """The files among the part masks that are not <i:05d>_<part>.png."""
        return self._masks[1]

    def orphans(self) -> list[int]:
        """Ids that have part masks and no image."""
        images, _ = self.image_names()
        return sorted({index for index, _ in self._masks[0]} - set(images))

    def part_name(self, index: int, part: str) -> str:
        """Relative path of one part mask as published; 2000 ids share a folder."""
        return f"{self.base}CelebAMask-HQ-mask-anno/{index // 2000}/{index:05d}_{part}.png"

    def parts(self, index: int, names: Iterable[str] = PARTS, note: Note = print) -> dict[str, np.ndarray]:
        """The part masks that this id has. Shapes: bool [H W] each. Raises: ImageError."""
        found = ((part, self._masks[0].get((index, part))) for part in names)
        return {part: decode_mask(self.raw.read(name), note) for part, name in found if name}

    @cached_property
    def _labels(self) -> str:
        return beside(self.raw, self.base, "labels/*") or f"{self.base}labels/"

    def mask_place(self, index: int, face_union: str) -> str:
        """Where the face region of an id is looked for: its label map, or a part mask that it has or should have."""
        if face_union == "labels":
            return f"{self._labels}{index}.png"
        held = (self._masks[0].get((index, part)) for part in PARTS)
        return next((name for name in held if name), self.part_name(index, PARTS[0]))

    def face_mask(self, index: int, face_union: str, label_order: str, note: Note = print) -> np.ndarray:
        """The face region: parts = union of part masks, merged = labels 1..12 of their merge, labels = a given map.

        Shapes: -> bool [H W]. Raises: ImageError.
        """
        if face_union == "parts":
            return union_of_parts(self.parts(index, FACE_PARTS, note))
        if face_union == "merged":
            return face_of_labels(merge_parts(self.parts(index, note=note), glasses_on_top=False), "celebamask")
        name = self.raw.find(f"{self._labels}{index}.png")
        if name is None:
            raise ImageError("no_labels", f"expected labels/{index}.png, came no such file")
        return face_of_labels(decode_labels(self.raw.read(name)), label_order)
