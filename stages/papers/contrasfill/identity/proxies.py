"""What a face's picture says of three attributes inside windows that its part masks give; no parser reads new images.

A moved image is measured in the windows of the photo that was inverted: eyes and mouth stay about where they were.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stages.data.image import resize_mask

ATTRIBUTES = ("eyes_open", "mouth_open", "lip_saturation")
EYES, LIPS, MOUTH = ("l_eye", "r_eye"), ("u_lip", "l_lip"), ("mouth", "u_lip", "l_lip")


@dataclass(frozen=True)
class Windows:
    """Where one face is measured. Shapes: bool [R R] each."""

    eyes: np.ndarray
    mouth: np.ndarray
    lips: np.ndarray
    skin: np.ndarray


def parts_to_windows(parts: Mapping[str, np.ndarray], side: int, margin: int) -> Windows | None:
    """Windows from part masks; None where eyes, lips or skin are not to be seen.

    Eyes and mouth are the boxes of their parts with a margin; lips are the parts themselves; skin is the skin outside
    both boxes.    Shapes: bool [H W] each. Units: margin in pixels of the side.
    """
    small = {name: resize_mask(mask, side, side) > 0 for name, mask in parts.items()}

    def union(names: tuple[str, ...]) -> np.ndarray:
        held = [small[name] for name in names if name in small]
        return np.logical_or.reduce(held) if held else np.zeros((side, side), bool)

    eyes, mouth, lips = (union(names) for names in (EYES, MOUTH, LIPS))
    if not (eyes.any() and lips.any()):
        return None
    boxes = boxed(eyes, margin), boxed(mouth, margin)
    skin = union(("skin",)) & ~boxes[0] & ~boxes[1]
    return Windows(*boxes, lips, skin) if skin.any() else None


def boxed(mask: np.ndarray, margin: int) -> np.ndarray:
    """The mask's box, wider by a margin on every side."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = np.zeros_like(mask)
    box[max(rows[0] - margin, 0) : rows[-1] + 1 + margin, max(columns[0] - margin, 0) : columns[-1] + 1 + margin] = True
    return box


def attributes(image: np.ndarray, windows: Windows, threshold: float) -> dict[str, float]:
    """The three proxies of one picture.

    eyes_open, mouth_open: share of the window whose colour is farther than `threshold` from the mean skin colour;
    lip_saturation: mean of (max - min) / max over the lips' pixels.

    Source: ours (gap G28; spec §7.2 asks for eyes' area and lips' saturation).
    Shapes: uint8 [R R 3]. Units: threshold as a share of full scale, Euclidean in RGB.
    """
    values = image.astype(np.float64) / 255
    far = np.linalg.norm(values - values[windows.skin].mean(0), axis=-1) > threshold
    lips = values[windows.lips]
    highest = lips.max(1)
    saturation = np.divide(highest - lips.min(1), highest, out=np.zeros(len(lips)), where=highest > 0)
    return {
        "eyes_open": float(far[windows.eyes].mean()),
        "mouth_open": float(far[windows.mouth].mean()),
        "lip_saturation": float(saturation.mean()),
    }
