"""Images between bytes, uint8 arrays and network tensors; the only file that converts.

What each irregular image becomes: EXIF-rotated → turned upright; CMYK, grey, palette → RGB; 16-bit → scaled to 8;
transparent → laid on white. Zero bytes, truncated or corrupt data, several frames, too many pixels and formats other
than jpeg, png, webp → ImageError, which a reader lists as a reject.
"""

import io
import struct
import warnings
import zlib
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

if TYPE_CHECKING:
    import torch

FORMATS = ("JPEG", "PNG", "WEBP")
UNREADABLE = ("empty", "truncated", "corrupt", "unknown_format", "several_frames", "too_many_pixels")
# What Pillow's decoders raise on corrupt data, besides its own errors.
_CORRUPT = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error)


class ImageError(ValueError):
    """An image that cannot be used; `reason` is one word for the table of rejects."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def _open(content: bytes) -> Image.Image:
    if not content:
        raise ImageError("empty", "expected an image, came zero bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=FORMATS)
            frames = getattr(image, "n_frames", 1)
    except UnidentifiedImageError as error:
        raise _damaged(content, "unknown_format", f"expected {', '.join(FORMATS)}, came other bytes") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError("too_many_pixels", str(error)) from error
    except _CORRUPT as error:
        raise _damaged(content, "corrupt", f"header does not parse ({error})") from error
    if frames != 1:
        raise ImageError("several_frames", f"expected one frame, came {frames}")
    return image


def _load(content: bytes) -> Image.Image:
    image = _open(content)
    try:
        image.load()
        return ImageOps.exif_transpose(image)
    except _CORRUPT as error:
        raise _damaged(content, "corrupt", f"{image.format} does not decode ({error})") from error


def _damaged(content: bytes, reason: str, detail: str) -> ImageError:
    return ImageError("truncated" if _is_cut(content) else reason, f"{detail}; {len(content)} bytes")


def _is_cut(content: bytes) -> bool:
    """Whether a file that does not decode begins as one of the formats and lacks its end."""
    if content.startswith(b"\xff\xd8"):
        return b"\xff\xd9" not in content[-64:]
    if content.startswith(b"\x89PNG"):
        return b"IEND" not in content[-64:]
    return content.startswith(b"RIFF") and int.from_bytes(content[4:8], "little") + 8 > len(content)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scales 16-bit grey to 8 bits: round(v / 257)."""
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image).astype(np.float64)
        return Image.fromarray(np.clip(np.rint(values / 257.0), 0, 255).astype(np.uint8))
    return image


def size_of(content: bytes) -> tuple[int, int]:
    """(width, height) of the upright image, from its header alone. Raises: ImageError."""
    image = _open(content)
    try:
        turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    except _CORRUPT as error:
        raise _damaged(content, "corrupt", f"EXIF data do not parse ({error})") from error
    width, height = image.size
    return (height, width) if turned else (width, height)


def decode(content: bytes) -> np.ndarray:
    """Decodes jpeg, png or webp to upright RGB. Shapes: bytes -> uint8 [H W 3]. Raises: ImageError."""
    image = _eight_bits(_load(content))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.array(image.convert("RGB"))


def decode_mask(content: bytes) -> np.ndarray:
    """Decodes a mask of one or more channels: any above zero is on. Shapes: -> bool [H W]. Raises: ImageError."""
    image = _load(content)
    if image.mode in ("P", "PA"):
        image = image.convert("RGB")
    if image.mode in ("LA", "RGBA"):
        image = image.convert(image.mode[:-1])
    values = np.asarray(image)
    return np.asarray(values > 0 if values.ndim == 2 else (values > 0).any(axis=2))


def decode_channel(content: bytes) -> np.ndarray:
    """Decodes the first channel of a picture of one or more. Shapes: -> uint8 [H W]. Raises: ImageError."""
    image = _eight_bits(_load(content))
    if image.mode in ("P", "PA", "1", "CMYK"):
        image = image.convert("RGB")
    values = np.asarray(image)
    return np.array(values if values.ndim == 2 else values[..., 0])


def decode_labels(content: bytes) -> np.ndarray:
    """Decodes a label map stored as grey or palette indices. Shapes: -> uint8 [H W]. Raises: ImageError."""
    image = _load(content)
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
