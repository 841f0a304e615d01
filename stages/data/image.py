"""Images between bytes, uint8 arrays and network tensors; the only file that converts.

What each irregular image becomes: CMYK, grey, palette → RGB; 16-bit → scaled to 8;
transparent → laid on white; a photo with previews behind it (MPO, as phones write) → the photo. Zero bytes, truncated
or corrupt data, several frames, too many pixels and formats other than jpeg, png, webp → ImageError, which a reader
lists as a reject. So is a picture that EXIF data ask to turn, unless nothing is marked in it: `decode_upright`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from stages.data.alpha import mask_of
from stages.data.image_file import LYING, ImageError, as_stored, guarded, loaded, opened, orientation_of

if TYPE_CHECKING:
    import torch

Note = Callable[[str], object]


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """Scales 16-bit grey to 8 bits: round(v / 257)."""
    if values.dtype == np.uint8:
        return values
    return np.clip(np.rint(values.astype(np.float64) / 257.0), 0, 255).astype(np.uint8)


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith("I") or image.mode == "F"


def _has_alpha(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info


def size_of(content: bytes) -> tuple[int, int]:
    """(width, height) of an image, from its header alone. Raises: ImageError, also for one to be turned."""
    return as_stored(opened(content), content).size


def size_upright(content: bytes) -> tuple[int, int]:
    """(width, height) of what `decode_upright` makes, from the header alone. Raises: ImageError."""
    image = opened(content)
    width, height = image.size
    return (height, width) if orientation_of(image, content) in LYING else (width, height)


def decode(content: bytes) -> np.ndarray:
    """Decodes jpeg, png or webp to RGB.

    Shapes: bytes -> uint8 [H W 3]. Raises: ImageError, also for a picture that its EXIF data ask to turn.
    """
    return _colours(loaded(content, turn=False), content)


def decode_upright(content: bytes) -> np.ndarray:
    """Decodes a photo in which nothing is marked, turned as its EXIF data say.

    Shapes: bytes -> uint8 [H W 3]. Raises: ImageError.
    """
    return _colours(loaded(content, turn=True), content)


def _colours(image: Image.Image, content: bytes) -> np.ndarray:
    with guarded(content, f"mode {image.mode} does not become RGB"):
        if _is_deep(image):
            image = Image.fromarray(_eight_bits(np.asarray(image)))
        if _has_alpha(image):
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        return np.array(image.convert("RGB"))


def decode_mask(content: bytes, note: Note = print) -> np.ndarray:
    """Decodes a mask of one or more channels: any above zero is on; `alpha.mask_of` says what an alpha channel means.

    Shapes: -> bool [H W]. Raises: ImageError.
    """
    return _read_mask(content, lambda values: np.asarray(values > 0 if values.ndim == 2 else (values > 0).any(2)), note)


def decode_channel(content: bytes, note: Note = print) -> np.ndarray:
    """Decodes the first channel of a picture of one or more; an alpha channel is treated as in `decode_mask`.

    Shapes: -> uint8 [H W]. Raises: ImageError.
    """
    return _read_mask(
        content, lambda values: np.array(_eight_bits(values if values.ndim == 2 else values[..., 0])), note
    )


def _read_mask(content: bytes, read: Callable[[np.ndarray], np.ndarray], note: Note) -> np.ndarray:
    image = loaded(content, turn=False)
    with guarded(content, f"mode {image.mode} does not become a mask"):
        if _is_deep(image):
            values, key = np.asarray(image), image.info.get("transparency")
            return (
                read(values)
                if key is None
                else mask_of(values, np.where(values == key, 0, 255).astype(np.uint8), read, note)
            )
        if _has_alpha(image):
            values = np.asarray(image.convert("RGBA"))
            return mask_of(values[..., :3], values[..., 3], read, note)
        # Palettes and inks are no levels.
        wanted = {"1": "L", "P": "RGB", "CMYK": "RGB"}.get(image.mode, image.mode)
        return read(np.asarray(image.convert(wanted)))


def decode_labels(content: bytes) -> np.ndarray:
    """Decodes a label map stored as grey or palette indices. Shapes: -> uint8 [H W]. Raises: ImageError."""
    image = loaded(content, turn=False)
    if image.mode not in ("L", "P"):
        raise ImageError("label_mode", f"expected one 8-bit channel of labels, came mode {image.mode}")
    return np.array(image)


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resizes by antialiased bicubic interpolation. Shapes: uint8 [H W 3] -> uint8 [height width 3]."""
    if image.shape[:2] == (height, width):
        return image
    return np.array(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC))


def resize_bilinear(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resizes by antialiased bilinear interpolation. Shapes: uint8 [H W 3] or [H W] -> uint8 [height width (3)]."""
    return np.array(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))


def resize_by(image: np.ndarray, height: int, width: int, resampling: str) -> np.ndarray:
    """Resizes by a named filter, antialiased: lanczos, or box, the mean over areas.

    Shapes: uint8 [H W 3] -> uint8 [height width 3]. Raises: KeyError for another filter.
    """
    if image.shape[:2] == (height, width):
        return image
    chosen = {"lanczos": Image.Resampling.LANCZOS, "box": Image.Resampling.BOX}[resampling]
    return np.array(Image.fromarray(image).resize((width, height), chosen))


def centre_square(image: np.ndarray) -> np.ndarray:
    """The largest square in the middle; of an odd rest the smaller half lies above or left of it.

    Formula: offset = floor((side - square) / 2).  Source: code (StyleGAN2-ADA's dataset tool).
    Shapes: uint8 [H W 3] -> uint8 [s s 3], s = min(H, W).
    """
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def resize_mask(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resizes by area and keeps pixels at least half covered. Shapes: bool [H W] -> uint8 0/1 [height width]."""
    if mask.shape == (height, width):
        return mask.astype(np.uint8)
    covered = Image.fromarray(mask.astype(np.float32)).resize((width, height), Image.Resampling.BOX)
    # Half an 8-bit level below one half, so that rounding in the filter's weights does not lose an exact half.
    return (np.asarray(covered) >= 0.5 - 1.0e-4).astype(np.uint8)


def to_tensor(images: np.ndarray) -> "torch.Tensor":
    """v / 127.5 - 1. Shapes: uint8 [B H W 3] -> float32 [B 3 H W] in [-1, 1]."""
    import torch

    planes = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
    return planes.to(torch.float32).div_(127.5).sub_(1.0)


def from_tensor(images: "torch.Tensor") -> np.ndarray:
    """round((x + 1) * 127.5), clipped to 8 bits. Shapes: float [B 3 H W] in [-1, 1] -> uint8 [B H W 3]."""
    levels = images.detach().float().add(1.0).mul(127.5).round().clamp(0, 255)
    return np.ascontiguousarray(levels.byte().permute(0, 2, 3, 1).cpu().numpy())


def mask_to_tensor(masks: np.ndarray) -> "torch.Tensor":
    """Shapes: uint8 0/1 [B H W] -> float32 [B 1 H W], 1 = hole."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(masks)[:, None]).to(torch.float32)
