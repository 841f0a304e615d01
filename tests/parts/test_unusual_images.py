"""Photos with previews behind them, masks with an alpha channel, and whatever Pillow's own tests hold."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from stages.data import alpha
from stages.data.files import read_json
from stages.data.image import (
    ImageError,
    decode,
    decode_channel,
    decode_labels,
    decode_mask,
    decode_upright,
    size_of,
)
from stages.data.sets import taichi
from tests.parts import wild_fixtures as fixtures
from tests.parts.raw_fixtures import block_of, encode, flat, jpeg, put


def saved(frames: list[np.ndarray], kind: str, **options) -> bytes:
    stream = io.BytesIO()
    first, *others = [Image.fromarray(frame) for frame in frames]
    first.save(stream, kind, save_all=True, append_images=others, **options)
    return stream.getvalue()


def refused(content: bytes, read=decode) -> str:
    with pytest.raises(ImageError) as caught:
        read(content)
    return caught.value.reason


def halves() -> np.ndarray:
    """Red above, blue below; 24 x 40 px."""
    image = flat(24, 40, (0, 0, 200))
    image[:12] = (200, 0, 0)
    return image


def test_a_photo_with_previews_behind_it_is_the_photo():
    """Phones write a JPEG with an index of further ones, which Pillow calls MPO."""
    previews = [flat(6, 10, (0, 200, 0)), flat(3, 5, (9, 9, 9))]
    content = saved([halves(), *previews], "MPO", quality=95)
    assert Image.open(io.BytesIO(content)).n_frames == 3
    assert size_of(content) == (40, 24)
    assert np.array_equal(decode(content), decode(jpeg(halves())))
    assert decode_mask(content).shape == decode_channel(content).shape == (24, 40)


def test_its_rotation_is_undone_and_a_damaged_preview_does_not_matter():
    exif = Image.Exif()
    exif[0x0112] = 6
    content = saved([np.rot90(halves(), 1), flat(6, 10)], "MPO", quality=95, exif=exif)
    end_of_photo = content.index(b"\xff\xd9") + 2
    for cut in (content, content[: end_of_photo + 40], content[:end_of_photo]):
        result = decode_upright(cut)
        assert refused(cut) == refused(cut, size_of) == "turned" and result.shape == (24, 40, 3)
        assert np.abs(result[2, 20].astype(int) - (200, 0, 0)).max() < 12
        assert np.abs(result[-3, 20].astype(int) - (0, 0, 200)).max() < 12
    assert refused(content[: end_of_photo // 2]) == "truncated"


@pytest.mark.parametrize("place", range(0, 60, 7))
def test_a_damaged_index_of_previews_costs_nothing(place):
    content = bytearray(saved([halves(), flat(6, 10)], "MPO", quality=95))
    content[content.index(b"MPF\0") + 4 + place] ^= 0xFF
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.array_equal(decode(bytes(content)), decode(jpeg(halves())))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animations_stay_refused(kind):
    assert refused(saved([flat(8, 8), flat(8, 8, (1, 2, 3))], kind)) == "several_frames"
    assert refused(saved([flat(8, 8), flat(8, 8, (1, 2, 3))], "GIF")) == "unknown_format"


ON = np.zeros((6, 9), bool)
ON[2:4, 3:7] = True
LEVELS = ON.astype(np.uint8) * 255


def layered(colour, opacity) -> np.ndarray:
    """RGBA of a grey level, or levels, and an opacity, or opacities."""
    channels = [np.broadcast_to(np.asarray(value, np.uint8), ON.shape) for value in (colour, colour, colour, opacity)]
    return np.dstack(channels)


def forms(image: np.ndarray) -> list[bytes]:
    """One RGBA picture as RGBA and LA, in PNG and WEBP."""
    return [encode(image, "PNG"), encode(image[..., 2:], "PNG"), encode(image, "WEBP", lossless=True, exact=True)]


MASKS = {
    "white, the alpha channel is the mask": (layered(255, LEVELS), True),
    "black, the alpha channel is the mask": (layered(0, LEVELS), True),
    "opaque": (layered(LEVELS, 255), False),
    "nothing said by an even alpha channel": (layered(LEVELS, 7), False),
    "both alike": (layered(LEVELS, LEVELS), False),
    "opaque and empty": (layered(0, 255), False),
    "opaque and full": (layered(255, 255), False),
}


@pytest.mark.parametrize("read", [decode_mask, decode_channel])
@pytest.mark.parametrize("form", MASKS)
def test_an_alpha_channel_is_the_mask_where_only_it_says_something(form, read):
    image, is_noted = MASKS[form]
    expected = {"opaque and empty": ON & False, "opaque and full": ON | True}.get(form, ON)
    for content in forms(image):
        said = []
        mask = read(content, said.append)
        assert np.array_equal(mask, expected if read is decode_mask else expected * np.uint8(255))
        assert said == ([alpha.ALPHA_TAKEN] if is_noted else [])


@pytest.mark.parametrize("read", [decode_mask, decode_channel])
@pytest.mark.parametrize(
    "image",
    [layered(LEVELS, 255 - LEVELS), layered(LEVELS, np.eye(6, 9) * 255), layered(255, 0), layered(0, 9)],
    ids=["opposite", "other", "white and invisible", "black and faint"],
)
def test_masks_whose_colours_and_alpha_differ_are_refused(image, read):
    for content in forms(image):
        assert refused(content, read) == "mask_alpha"


def paletted(transparency) -> bytes:
    """Indices 0 and 1, which the palette makes black and white."""
    image = Image.fromarray(ON.astype(np.uint8))
    image.putpalette([0, 0, 0, 255, 255, 255])
    stream = io.BytesIO()
    image.save(stream, "PNG", transparency=transparency)
    return stream.getvalue()


@pytest.mark.parametrize("read", [decode_mask, decode_channel])
def test_transparent_entries_of_palettes_and_keyed_colours_are_alpha_too(read):
    for content in (paletted(b"\xff\xff"), paletted(b"\x00\xff"), encode(LEVELS, "PNG", transparency=0)):
        assert np.array_equal(read(content) > 0, ON)
    assert refused(paletted(b"\xff\x00"), read) == "mask_alpha"
    assert refused(encode(LEVELS, "PNG", transparency=255), read) == "mask_alpha"
    deep = LEVELS.astype(np.uint16) * 257
    assert np.array_equal(read(encode(deep, "PNG", transparency=0)) > 0, ON)
    assert refused(encode(deep, "PNG", transparency=65535), read) == "mask_alpha"


def test_a_palette_of_one_colour_is_read_by_its_transparency():
    image = Image.fromarray(ON.astype(np.uint8))
    image.putpalette([255, 255, 255] * 2)
    stream = io.BytesIO()
    image.save(stream, "PNG", transparency=b"\x00\xff")
    said = []
    assert np.array_equal(decode_mask(stream.getvalue(), said.append), ON) and said == [alpha.ALPHA_TAKEN]


def test_a_mask_in_inks_is_what_it_shows():
    stream = io.BytesIO()
    Image.fromarray(np.repeat(np.repeat(LEVELS, 8, 0), 8, 1)).convert("RGB").convert("CMYK").save(stream, "JPEG")
    large = np.repeat(np.repeat(ON, 8, 0), 8, 1)
    assert (decode_channel(stream.getvalue()) > 127).tolist() == large.tolist()


def test_what_was_taken_is_in_the_log_and_on_the_card(tmp_path, capsys):
    """Two test frames: the mask of one lies in its alpha channel, that of the other says two things."""
    joints = np.full((18, 2), 9.0)
    root = fixtures.taichi(tmp_path / "raw", ["v/1.png"], {"1.png": joints}, {f"{n}.png": joints for n in (2, 3, 4)})
    mask = np.zeros((32, 32), np.uint8)
    mask[8:24, 12:20] = 255
    for name, colour in (("2", np.full_like(mask, 255)), ("3", 255 - mask)):
        put(root / f"taichi-test-masks/{name}.png", encode(np.dstack([colour] * 3 + [mask]), "PNG"))
    (tmp_path / "out").mkdir()
    block = block_of(taichi, "taichi", size_px=16, minimum_kept=1, decode_error_limit=0.5, expected_counts={})
    taichi.prepare(block, {"raw": root}, tmp_path / "out")
    card = read_json(tmp_path / "out/card.json")
    assert card["notes"] == {alpha.ALPHA_TAKEN: 1} and card["counts"]["reasons"] == {"mask_alpha": 1}
    assert capsys.readouterr().out.count(alpha.ALPHA_TAKEN) == 1
    masks = np.load(tmp_path / "out/masks.npy")
    assert [int(one.sum()) for one in masks] == [0, masks[1].sum(), masks[1].sum(), 0] and masks[1].any()


def test_pillow_s_own_pictures_are_used_or_refused(shared_data):
    """Tests/images of Pillow's source package, where somebody has put it beside the real photos."""
    folder = shared_data / "pillow"
    if not folder.is_dir():
        pytest.skip("needs Tests/images of Pillow's source package as ../shared/data/pillow")
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    used = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in files:
            content = path.read_bytes()
            for read in (size_of, decode, decode_mask, decode_channel, decode_labels):
                try:
                    read(content)
                    used += 1
                except ImageError as error:
                    assert error.reason and error.detail, path
    assert len(files) > 400 and used > 1000
