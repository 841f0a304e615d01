"""Images: each irregular file is either turned into the right pixels or refused with a reason."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from stages.data import image as images
from stages.data.image import (
    ImageError,
    decode,
    decode_channel,
    decode_labels,
    decode_mask,
    decode_upright,
    resize,
    resize_mask,
    size_of,
    size_upright,
)
from tests.parts.raw_fixtures import encode, flat, jpeg

STAGES = Path(images.__file__).parents[1]


def picture(height: int = 24, width: int = 40) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 6 % 256, y * 10 % 256, (x + y) * 4 % 256], axis=2).astype(np.uint8)


def refused(content: bytes, read=decode) -> str:
    with pytest.raises(ImageError) as caught:
        read(content)
    assert caught.value.detail
    return caught.value.reason


def test_png_and_lossless_webp_decode_exactly():
    for content in (encode(picture(), "PNG"), encode(picture(), "WEBP", lossless=True)):
        assert np.array_equal(decode(content), picture())
        assert size_of(content) == (40, 24)


def test_jpeg_and_webp_decode_closely():
    smooth = flat(24, 40, (90, 140, 200))
    for content in (jpeg(smooth), encode(smooth, "WEBP", quality=95)):
        assert np.abs(decode(content).astype(int) - smooth).max() <= 3


# How a picture is stored whose EXIF orientation shows it upright: the standard's table of first row and first column.
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],  # top, right
    3: lambda upright: upright[::-1, ::-1],  # bottom, right
    4: lambda upright: upright[::-1],  # bottom, left
    5: lambda upright: upright.swapaxes(0, 1),  # left, top
    6: lambda upright: np.rot90(upright, 1),  # right, top
    7: lambda upright: upright[::-1, ::-1].swapaxes(0, 1),  # right, bottom
    8: lambda upright: np.rot90(upright, -1),  # left, bottom
}


def noted(orientation: int, kind: str = "PNG", **options) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(np.ascontiguousarray(STORED[orientation](picture())), kind, exif=exif, **options)


@pytest.mark.parametrize("orientation", STORED)
def test_a_photo_without_marks_is_turned_upright(orientation):
    assert np.array_equal(decode_upright(noted(orientation)), picture())
    assert np.array_equal(decode_upright(noted(orientation, "WEBP", lossless=True)), picture())
    assert size_upright(noted(orientation)) == (40, 24)
    off = np.abs(decode_upright(noted(orientation, "JPEG", quality=95)).astype(int) - picture())
    assert np.median(off) <= 4


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("read", [decode, size_of, decode_mask, decode_channel, decode_labels])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_with_marks_is_refused_where_it_is_to_be_turned(kind, read, orientation):
    content = noted(orientation, kind)
    if orientation == 1:
        assert read is decode_labels or len(read(content)) in (2, 24)
    else:
        with pytest.raises(ImageError, match=rf"EXIF orientation {orientation}, expected 1 or none.*; store it"):
            read(content)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_the_standard_has_not_turns_nothing(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encode(picture(), "PNG", exif=exif)
    assert np.array_equal(decode(content), picture()) and np.array_equal(decode_upright(content), picture())


def test_only_sets_without_marks_turn_photos():
    """Scenes, two domains, the user's own photos, photos whose objects we find; no other opens a picture."""
    texts = {path.relative_to(STAGES).as_posix(): path.read_text() for path in STAGES.rglob("*.py")}
    turning = {name for name, text in texts.items() if "decode_upright" in text} - {"data/image.py"}
    sets = {f"data/sets/{name}.py" for name in ("folder", "objects", "scenes", "tiles", "two_domains")}
    probes = {f"data/probes/{name}.py" for name in ("city_scenes", "folder", "horse2zebra", "lsun", "summer2winter")}
    own = {"data/own/pictures.py"}  # where no mask is given beside them (test_own_photos.py)
    assert turning == sets | probes | own | {"teachers/detector.py", "teachers/detectors/found.py"}
    opening = {name for name, text in texts.items() if re.search(r"\bexif_transpose\(|\bImage\.open\(", text)}
    assert {name for name in opening if name.startswith(("data/", "teachers/"))} == {"data/image_file.py"}


def test_cmyk_becomes_rgb():
    stream = io.BytesIO()
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(stream, "JPEG", quality=95)
    result = decode(stream.getvalue())
    assert result.shape == (16, 16, 3)
    assert np.abs(result[8, 8].astype(int) - (255, 0, 0)).max() < 12


def test_sixteen_bit_grey_is_scaled_not_clipped():
    levels = np.array([[0, 257, 12850, 32896, 65535]], np.uint16)
    assert decode(encode(levels, "PNG"))[0, :, 1].tolist() == [0, 1, 50, 128, 255]


def test_transparent_pixels_become_white():
    layered = np.zeros((4, 4, 4), np.uint8)
    layered[:2] = (10, 20, 30, 255)
    result = decode(encode(layered, "PNG"))
    assert result[0, 0].tolist() == [10, 20, 30] and result[3, 3].tolist() == [255, 255, 255]


def test_grey_and_palette_become_rgb():
    grey = np.full((5, 6), 77, np.uint8)
    assert (decode(encode(grey, "PNG")) == 77).all()
    stream = io.BytesIO()
    Image.fromarray(flat(5, 6, (12, 34, 56))).convert("P", palette=Image.Palette.ADAPTIVE).save(stream, "PNG")
    assert (decode(stream.getvalue()) == (12, 34, 56)).all()


@pytest.mark.parametrize("read", [decode, size_of, decode_mask, decode_labels])
def test_zero_bytes_and_other_formats_are_refused(read):
    assert refused(b"", read) == "empty"
    assert refused(b"not an image at all", read) == "unknown_format"
    assert refused(encode(picture(), "GIF"), read) == "unknown_format"
    assert refused(encode(picture(), "BMP"), read) == "unknown_format"


def test_animation_is_refused():
    stream = io.BytesIO()
    frames = [Image.fromarray(flat(8, 8, (shade, 0, 0))) for shade in (0, 200)]
    frames[0].save(stream, "WEBP", save_all=True, append_images=frames[1:])
    assert refused(stream.getvalue()) == "several_frames"


def test_too_many_pixels_are_refused(monkeypatch):
    content = encode(picture(40, 40), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert refused(content) == "too_many_pixels"
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert refused(content, size_of) == "too_many_pixels"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_truncated_files_are_refused_or_complete_at_every_length(kind):
    noise = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    content = encode(noise, kind)
    whole = decode(content)
    refusals = 0
    for length in range(4 if kind == "PNG" else 12, len(content)):
        try:
            assert np.array_equal(decode(content[:length]), whole), length  # only what follows the pixels is missing
        except ImageError as error:
            assert error.reason == "truncated", length
            refusals += 1
    assert refusals > 0.95 * (len(content) - 12)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["JPEG", "PNG", "WEBP"]),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=6),
    st.floats(0, 1),
)
def test_damaged_files_never_raise_anything_else(kind, edits, share):
    content = bytearray(encode(picture(), kind))
    for place, value in edits:
        content[int(place * len(content))] = value
    content = bytes(content[: int(share * len(content)) + 1])
    for read in (decode, size_of, decode_mask, decode_labels):
        try:
            read(content)
        except ImageError as error:
            assert error.reason


def test_masks_of_any_storage_agree():
    mask = np.zeros((6, 9), bool)
    mask[2:4, 3:7] = True
    forms = [
        encode(mask.astype(np.uint8), "PNG"),
        encode(mask.astype(np.uint8) * 255, "PNG"),
        encode(np.repeat(mask[..., None].astype(np.uint8) * 255, 3, axis=2), "PNG"),
        encode(
            np.stack([mask * 0, mask * 0, mask * 1], axis=2).astype(np.uint8), "PNG"
        ),  # luminance would round to zero
        encode(mask.astype(np.uint16) * 300, "PNG"),
        encode(mask, "PNG"),
        encode(
            np.dstack([np.repeat(mask[..., None] * 255, 3, axis=2), np.full(mask.shape, 255)]).astype(np.uint8), "PNG"
        ),
    ]
    for content in forms:
        assert np.array_equal(decode_mask(content), mask)


def test_palette_label_map_keeps_indices():
    labels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    paletted = Image.fromarray(labels)
    paletted.putpalette([255 - i for i in range(256) for _ in range(3)])
    stream = io.BytesIO()
    paletted.save(stream, "PNG")
    assert np.array_equal(decode_labels(stream.getvalue()), labels)
    assert refused(encode(flat(3, 3), "PNG"), decode_labels) == "label_mode"


def test_resize_is_antialiased():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    small = resize(stripes, 16, 16)
    assert small.shape == (16, 16, 3)
    assert np.abs(small[4:-4, 4:-4].astype(int) - 128).max() < 30  # nearest would give 0 or 255


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_mask_resize_is_area_with_half_kept(factor, size, seed):
    mask = np.random.default_rng(seed).random((size * factor, size * factor)) < 0.5
    expected = mask.reshape(size, factor, size, factor).mean(axis=(1, 3)) >= 0.5
    assert np.array_equal(resize_mask(mask, size, size), expected.astype(np.uint8))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_tensor_round_trip_is_exact(seed):
    batch = np.random.default_rng(seed).integers(0, 256, (2, 5, 7, 3), dtype=np.uint8)
    tensor = images.to_tensor(batch)
    assert tensor.shape == (2, 3, 5, 7) and str(tensor.dtype) == "torch.float32" and tensor.is_contiguous()
    assert float(tensor[1, 2, 3, 4]) == pytest.approx(batch[1, 3, 4, 2] / 127.5 - 1, abs=1e-6)
    assert np.array_equal(images.from_tensor(tensor), batch)


def test_from_tensor_clips_and_mask_gets_a_channel():
    import torch

    values = torch.tensor([-2.0, -1.0, 0.0, 1.0, 3.0]).reshape(1, 1, 1, 5).expand(1, 3, 1, 5)
    assert images.from_tensor(values)[0, 0, :, 0].tolist() == [0, 0, 128, 255, 255]
    mask = images.mask_to_tensor(np.array([[[0, 1]]], np.uint8))
    assert mask.shape == (1, 1, 1, 2) and mask.dtype == torch.float32 and mask.flatten().tolist() == [0.0, 1.0]
