"""Photos and masks of one's own: which files count, what is refused in which words, and how a photo is framed."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.data.own.framing import FRAMES, frame, pack
from stages.data.own.pictures import Picture, list_pictures, read_mask, read_photo

SIDE = 32


def image(width: int = 60, height: int = 40) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (height, width, 3)).astype(np.uint8)


def encoded(made: Image.Image, form: str, **options) -> bytes:
    stream = io.BytesIO()
    made.save(stream, form, **options)
    return stream.getvalue()


def deep_png() -> bytes:
    """A PNG in colours of 16 bits, which Pillow would read as one of 8."""
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    head = (2).to_bytes(4, "big") * 2 + bytes([16, 2, 0, 0, 0])
    rows = (b"\0" + b"\x12\x34" * 6) * 2
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


COLOURS = Image.fromarray(image())
CLEAR = Image.fromarray(np.dstack([image(), np.full((40, 60), 200, np.uint8)]))
FRAMES_OF_TWO = {"save_all": True, "append_images": [Image.fromarray(255 - image())]}
BAD = {
    "empty": (b"", "zero bytes.*give the whole file"),
    "text": (b"no picture at all, only words", "expected JPEG, PNG, WEBP, came other bytes.*save it as"),
    "cut": (encoded(COLOURS, "JPEG")[:300], "give the whole file; this one ends too early"),
    "corrupt": (encoded(COLOURS, "PNG")[:60] + bytes(40) + encoded(COLOURS, "PNG")[100:], "this one is damaged"),
    "16 bit grey": (encoded(Image.fromarray(np.full((40, 60), 900, np.uint16)), "PNG"), "8 bits a level, came 16"),
    "16 bit colours": (deep_png(), "8 bits a level, came 16"),
    "animated": (encoded(COLOURS, "WEBP", **FRAMES_OF_TWO), "expected one frame, came 2; save the one frame"),
    "animated png": (encoded(COLOURS, "PNG", **FRAMES_OF_TWO), "expected one frame, came 2"),
    "alpha": (encoded(CLEAR, "PNG"), "came transparent pixels"),
    "clear colour": (encoded(Image.fromarray(np.zeros((40, 60), np.uint8)), "PNG", transparency=0), "transparent"),
    "inks": (encoded(COLOURS.convert("CMYK"), "JPEG"), "RGB or grey, came inks .CMYK."),
    "gif": (encoded(COLOURS, "GIF"), "expected JPEG, PNG, WEBP"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_photo_is_refused_with_its_name_and_what_to_do(name, tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(BAD[name][0])
    with pytest.raises(ValueError, match=rf"photo\.png: .*({BAD[name][1]})") as error:
        read_photo(path, tmp_path, marked=False)
    assert ";" in str(error.value), "it says what to do"


def test_what_loses_nothing_is_read(tmp_path):
    """Grey, a palette, and an alpha channel that hides nothing."""
    opaque = Image.fromarray(np.dstack([image(), np.full((40, 60), 255, np.uint8)]))
    for made in (COLOURS.convert("L"), COLOURS.quantize(16), opaque, COLOURS):
        path = tmp_path / "a.png"
        made.save(path)
        assert np.array_equal(read_photo(path, tmp_path, marked=True).pixels, np.array(made.convert("RGB")))


def test_masks_are_read_as_the_house_reads_them(tmp_path):
    mask = np.zeros((40, 60), np.uint8)
    mask[5:9, 7:12] = 3
    Image.fromarray(mask).save(tmp_path / "m.png")
    assert np.array_equal(read_mask(tmp_path / "m.png", tmp_path).pixels, mask > 0)
    Image.fromarray(mask).save(tmp_path / "m.jpg")
    with pytest.raises(ValueError, match=r"m\.jpg: .*came JPEG, which blurs"):
        read_mask(tmp_path / "m.jpg", tmp_path)
    Image.fromarray(mask.astype(np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(ValueError, match=r"deep\.png: expected 8 bits"):
        read_mask(tmp_path / "deep.png", tmp_path)


def test_a_folder_gives_its_pictures_of_any_depth_and_refuses_what_leads_out(tmp_path):
    top = tmp_path / "top"
    (top / "album").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"expected photos .* in this folder, found none"):
        list_pictures(top, "photos")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        list_pictures(tmp_path / "nowhere", "photos")
    for name in ("b.PNG", "album/a.jpg", "notes.txt", ".hidden.png"):
        (top / name).write_bytes(b"x")
    assert list(list_pictures(top, "photos")) == ["album/a", "b"]
    (top / "album/in.png").symlink_to(top / "b.PNG")
    assert "album/in" in list_pictures(top, "photos")
    (tmp_path / "secret.png").write_bytes(b"x")
    (top / "out.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(ValueError, match=r"out\.png: expected a file of this folder, came a link to .*secret\.png"):
        list_pictures(top, "photos")
    (top / "out.png").unlink()
    (top / "b.jpg").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"one picture of each name, came b\.PNG and b\.jpg|b\.jpg and b\.PNG"):
        list_pictures(top, "photos")


def test_a_folder_behind_a_link_that_leads_out_is_refused(tmp_path):
    (tmp_path / "top").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/a.png").write_bytes(b"x")
    (tmp_path / "top/album").symlink_to(tmp_path / "other")
    with pytest.raises(ValueError, match="outside of it; copy the file"):
        list_pictures(tmp_path / "top", "photos")


def held(pixels: np.ndarray, name: str = "a.png") -> Picture:
    return Picture(name, "0" * 64, pixels)


def square_hole(left: int, top: int, side: int, width: int = 60, height: int = 40) -> Picture:
    mask = np.zeros((height, width), bool)
    mask[top : top + side, left : left + side] = True
    return held(mask, "m.png")


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        (held(np.ones((30, 60), bool), "m.png"), "m.png: expected a mask as large as its photo a.png, 60 x 40 px, came "
                                                 "60 x 30"),
        (square_hole(0, 0, 0), "came all black"),
        (held(np.ones((40, 60), bool), "m.png"), "33.3% lies outside"),
        (square_hole(10, 0, 40), "leaves nothing of the photo"),
    ],
)  # fmt: skip
def test_a_mask_that_fits_no_photo_is_refused(mask, words):
    with pytest.raises(ValueError, match=words):
        frame(held(image()), mask, "around_mask", SIDE)


def test_a_mask_too_fine_for_the_model_is_refused():
    with pytest.raises(ValueError, match="no pixel at 32 px"):
        frame(held(image(640, 400)), square_hole(9, 9, 2, 640, 400), "around_mask", SIDE)


@pytest.mark.parametrize("kind", FRAMES)
def test_a_photo_smaller_than_the_model_is_not_enlarged(kind):
    with pytest.raises(ValueError, match=r"a\.png: expected a photo of at least 64 x 64 px.*came 60 x 40"):
        frame(held(image()), square_hole(1, 1, 9), kind, 64)


def test_each_frame_shows_the_pixels_that_it_says():
    """A white square where the window lies and nothing else gives a white picture."""
    for kind, window in (("middle", (10, 0, 40, 40)), ("around_mask", (20, 0, 40, 40))):
        pixels = np.zeros((40, 60, 3), np.uint8)
        left, top, wide, tall = window
        pixels[top : top + tall, left : left + wide] = 255
        found = frame(held(pixels), square_hole(38, 9, 20), kind, SIDE)
        assert found.window == window and (found.image == 255).all() and found.image.shape == (SIDE, SIDE, 3)
    for kind in ("stretched_bicubic", "stretched_bilinear"):
        found = frame(held(image()), None, kind, SIDE)
        assert found.window == (0, 0, 60, 40) and abs(float(found.image.mean()) - image().mean()) < 3


def test_photos_become_the_set_that_samplers_take():
    mask = square_hole(8, 8, 20)
    framed = [frame(held(image()), mask, "around_mask", SIDE)] * 2
    made = pack("face", Path("photos"), SIDE, ["a", "b"], framed)
    assert made.keys == ["a", "b"] and len(made) == 2 and made.card["size_px"] == SIDE
    assert made.images.shape == (2, SIDE, SIDE, 3) and set(np.unique(made.needed_masks())) == {0, 1}
