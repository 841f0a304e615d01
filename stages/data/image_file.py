"""Image files as Pillow opens them: one kind of error for all that is wrong, one photo where there are several."""

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from stages.data.alpha import AlphaError

FORMATS = ("JPEG", "PNG", "WEBP")
ORIENTATION = 0x0112  # the EXIF tag; all but 1 of its values turn or mirror the stored picture
TURNING = range(2, 9)
LYING = range(5, 9)  # those that exchange width and height
# Python keeps one list of filters for all threads.
_FILTERS = threading.Lock()
UNREADABLE = ("empty", "truncated", "corrupt", "unknown_format", "several_frames", "too_many_pixels")


class ImageError(ValueError):
    """An image that cannot be used; `reason` is one word for the table of rejects."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Damaged(bytes):
    """Stands for an image that its archive cannot give: no bytes, and why. Whoever decodes it is told so."""

    def __new__(cls, detail: str) -> "Damaged":
        made = super().__new__(cls)
        made.detail = detail
        return made

    detail: str


@contextmanager
def guarded(content: bytes, what: str) -> Iterator[None]:
    """Around Pillow's work on one file: its decoders raise errors of any type over corrupt data."""
    try:
        yield
    except ImageError:
        raise
    except AlphaError as error:
        raise ImageError("mask_alpha", str(error)) from error
    except UnidentifiedImageError as error:
        raise _damaged(content, "unknown_format", f"expected {', '.join(FORMATS)}, came other bytes") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError("too_many_pixels", str(error)) from error
    except Exception as error:
        raise _damaged(content, "corrupt", f"{what} ({error})") from error


def opened(content: bytes) -> Image.Image:
    """An image whose header is read. Raises: ImageError."""
    if isinstance(content, Damaged):
        raise ImageError("corrupt", content.detail)
    if not content:
        raise ImageError("empty", "expected an image, came zero bytes")
    with guarded(content, "header does not parse"), _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        image = Image.open(io.BytesIO(content), formats=FORMATS)
        if image.format == "MPO":
            # The first picture is the photo, whatever the index of the others says.
            return JpegImageFile(io.BytesIO(content))
        frames = getattr(image, "n_frames", 1)
    if frames != 1:
        raise ImageError("several_frames", f"expected one frame, came {frames}")
    return image


def orientation_of(image: Image.Image, content: bytes) -> int:
    """How an image is to be shown, as its EXIF data say; 1 is as it is. Raises: ImageError."""
    with guarded(content, "EXIF data do not parse"):
        return image.getexif().get(ORIENTATION, 1)


def as_stored(image: Image.Image, content: bytes) -> Image.Image:
    """The image itself. Raises: ImageError for one that its EXIF data ask to turn or mirror.

    Boxes, points and masks beside a photo may be of the stored pixels or of the turned ones, and no file says which.
    """
    orientation = orientation_of(image, content)
    if orientation in TURNING:
        raise ImageError(
            "turned",
            f"EXIF orientation {orientation}, expected 1 or none: nothing says whether what is marked in the photo is "
            "of the stored or of the turned pixels; store it the way its marks see it, without the tag",
        )
    return image


def loaded(content: bytes, turn: bool) -> Image.Image:
    """An image whose pixels are read; one that its EXIF data ask to turn is turned, or refused. Raises: ImageError."""
    image = opened(content)
    with guarded(content, f"{image.format} does not decode"):
        image.load()
        return ImageOps.exif_transpose(image) if turn else as_stored(image, content)


def _damaged(content: bytes, reason: str, detail: str) -> ImageError:
    return ImageError("truncated" if _is_cut(content) else reason, f"{detail}; {len(content)} bytes")


def _is_cut(content: bytes) -> bool:
    """Whether a file that does not decode begins as one of the formats and lacks its end."""
    if content.startswith(b"\xff\xd8"):
        return b"\xff\xd9" not in content[-64:]
    if content.startswith(b"\x89PNG"):
        return b"IEND" not in content[-64:]
    return content.startswith(b"RIFF") and int.from_bytes(content[4:8], "little") + 8 > len(content)
