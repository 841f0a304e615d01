"""Image files as datasets hold them, and the damaged and unusual ones that turn up among them."""

import io

import numpy as np
from PIL import Image

ORIENTATION = 0x0112  # the EXIF tag; 6 = turn the stored picture a quarter clockwise to see it upright


def jpeg(image: np.ndarray, quality: int) -> bytes:
    """RGB jpeg."""
    return _saved(Image.fromarray(image), "JPEG", quality=quality)


def jpeg_exact(image: np.ndarray) -> bytes:
    """RGB jpeg that keeps large areas of one colour exact: full quality, colour at full resolution."""
    return _saved(Image.fromarray(image), "JPEG", quality=100, subsampling=0)


def webp(image: np.ndarray, quality: int) -> bytes:
    """Lossy webp, by the encoder's quickest method."""
    return _saved(Image.fromarray(image), "WEBP", quality=quality, method=0)


def png(image: np.ndarray) -> bytes:
    """RGB or grey png."""
    return _saved(Image.fromarray(image), "PNG", compress_level=1)


def png_wide(values: np.ndarray) -> bytes:
    """A map of numbers up to 65,535 as 16-bit grey png. Shapes: int [H W]."""
    return _saved(Image.fromarray(values.astype(np.uint16)), "PNG", compress_level=1)


def png_mask(mask: np.ndarray, three_channels: bool = False) -> bytes:
    """A mask [H W] bool as 0 and 255 in one grey channel or three equal ones: both occur."""
    grey = Image.fromarray(mask.astype(np.uint8) * 255)
    return _saved(grey.convert("RGB") if three_channels else grey, "PNG", compress_level=1)


def spoiled(image: np.ndarray, kind: str, quality: int) -> bytes:
    """The picture as an unusual or damaged file.

    Kinds: truncated, empty, garbage, cmyk, sixteen_bit (grey png), rotated (stored on its side with an EXIF note).
    Raises: ValueError for another kind.
    """
    picture = Image.fromarray(image)
    if kind == "truncated":
        whole = jpeg(image, quality)
        return whole[: len(whole) * 2 // 5]
    if kind == "empty":
        return b""
    if kind == "garbage":
        return b"this was an image once " * 40
    if kind == "cmyk":
        return _saved(picture.convert("CMYK"), "JPEG", quality=quality)
    if kind == "sixteen_bit":
        return _saved(
            Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257), "PNG", compress_level=1
        )
    if kind == "rotated":
        exif = Image.Exif()
        exif[ORIENTATION] = 6
        return _saved(picture.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=quality, exif=exif)
    raise ValueError(f"expected one of truncated, empty, garbage, cmyk, sixteen_bit, rotated; came {kind!r}")


def _saved(picture: Image.Image, form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()
