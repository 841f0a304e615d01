"""Figures: the fingerprint in their metadata, no date, the same bytes twice, and a sheet's pixels."""

import re
import zlib

import numpy as np
import pytest
from PIL import Image

from stages.draw import grid, style

FINGERPRINT = "0123456789abcdef" * 4


def tile(value: int, side: int = 4) -> np.ndarray:
    return np.full((side, side, 3), value, np.uint8)


def sheet() -> grid.Sheet:
    ramp = np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5
    rows = (grid.Row("one", (ramp, tile(40), tile(200))), grid.Row("two", (tile(0), tile(255), ramp)))
    return grid.Sheet(("a", "b", "c"), (grid.Group("Group", rows),), gaps_after=(0,))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folders = []
    for turn in range(2):
        folder = tmp_path_factory.mktemp(f"turn{turn}")
        style.save(grid.sheet_to_figure(sheet()), folder, "sheet", "demo", FINGERPRINT, "A caption.")
        folders.append(folder)
    return folders


def test_png_carries_fingerprint_and_profile_and_nothing_else(saved):
    with Image.open(saved[0] / "sheet.png") as picture:
        assert picture.text == {"retrace:fingerprint": FINGERPRINT, "retrace:profile": "demo"}


def test_pdf_carries_fingerprint_and_profile_and_no_date_or_maker(saved):
    content = (saved[0] / "sheet.pdf").read_bytes()
    assert f"/Keywords (retrace:fingerprint {FINGERPRINT})".encode() in content
    assert b"/Subject (retrace:profile demo)" in content
    for name in (b"CreationDate", b"ModDate", b"/Producer", b"/Creator"):
        assert name not in content


def test_twice_the_same_bytes(saved):
    names = sorted(path.name for path in saved[0].iterdir())
    assert names == ["sheet.md", "sheet.pdf", "sheet.png"]
    for name in names:
        assert (saved[0] / name).read_bytes() == (saved[1] / name).read_bytes()


def test_the_caption_says_profile_and_fingerprint(saved):
    text = (saved[0] / "sheet.md").read_text(encoding="utf-8")
    assert text.startswith("A caption.\n") and FINGERPRINT in text and "no evidence" in text


def test_the_footer_is_drawn_as_text(saved):
    """The profile's stamp and the short fingerprint are in the PDF's page, not only in its metadata."""
    content = (saved[0] / "sheet.pdf").read_bytes()
    parts = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.S)
    page = b"".join(zlib.decompress(part) for part in parts if part[:1] == b"x")
    shown = b"".join(re.findall(rb"\((.*?)\)", page, re.S)).replace(b"\0", b"")
    assert b"drawn data, minutes of training, no evidence" in shown and FINGERPRINT[:16].encode() in shown


def test_every_tile_pixel_is_a_square_of_whole_pixels(saved):
    """40 x 40 squares of the first tile's own colours, and no other colour between them."""
    with Image.open(saved[0] / "sheet.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    measures = grid.MEASURES
    factor = measures.tile // 4
    left, top = measures.margin + measures.label, measures.head + measures.title
    found = pixels[top : top + measures.tile, left : left + measures.tile]
    assert np.array_equal(found, grid.enlarge(sheet().groups[0].rows[0].tiles[0], factor))


def test_gaps_are_wider_where_asked():
    assert grid.columns_to_lefts(3, (0,), 10, 0, grid.Measures(gap=1, wide=5)) == [0, 15, 26]


def test_erase_paints_the_hole_alone():
    mask = np.zeros((4, 4), np.uint8)
    mask[1, 2] = 1
    made = grid.erase(tile(7), mask)
    assert tuple(made[1, 2]) == grid.HOLE_COLOUR and (made.reshape(-1, 3) == 7).all(axis=1).sum() == 15
    assert grid.mask_to_tile(mask)[1, 2].tolist() == [255] * 3 and grid.mask_to_tile(mask).sum() == 765


def test_rows_of_another_length_or_shape_are_refused():
    short = grid.Sheet(("a", "b"), (grid.Group("G", (grid.Row("r", (tile(0),)),)),), ())
    with pytest.raises(ValueError, match="expected 2 tiles, got 1"):
        grid.sheet_to_figure(short)
    mixed = grid.Sheet(("a", "b"), (grid.Group("G", (grid.Row("r", (tile(0), tile(0, 8))),)),), ())
    with pytest.raises(ValueError, match="one shape"):
        grid.sheet_to_figure(mixed)


def test_an_unknown_profile_is_refused():
    with pytest.raises(ValueError, match="demo, smoke, lite, paper"):
        style.stamp("test")


def test_a_picture_without_data_says_so_and_keeps_its_profile():
    assert style.stamp("paper" + style.DATA_FREE) == "paper profile: holds no data, the same in every profile"
    with pytest.raises(ValueError, match="demo, smoke, lite, paper"):
        style.stamp("test" + style.DATA_FREE)


def test_a_board_is_measured_in_inches_from_below():
    from stages.draw.board import board

    held = board(3.0, 2.0)
    held.box((1.0, 0.5), (0.4, 0.2), facecolor="black", edgecolor="none")
    held.figure.canvas.draw()
    pixels = np.asarray(held.figure.canvas.buffer_rgba())[..., :3]
    assert pixels.shape == (400, 600, 3)  # 200 dots to the inch
    dark = np.argwhere(pixels.sum(axis=2) < 60)
    low, high = dark.min(axis=0), dark.max(axis=0) + 1
    # 0.8 to 1.2 inches from the left, 0.4 to 0.6 from below, so 1.4 to 1.6 from above.
    assert np.abs(np.array([*low, *high]) - [280, 160, 320, 240]).max() <= 1
