"""OneGAN's figures from made-up samples: each cell a picture or a reason, numbers below, captions by numbers."""

import subprocess
import sys

import numpy as np
import pytest

from stages.draw import grid
from stages.papers.onegan.report import fig1, fig2, fig3, fig4, sheets
from stages.papers.onegan.report.block import ReportBlock
from tests.papers import onegan_store as store

DEMO = ReportBlock(profile="demo")
BIRDS, DOGS, CARS = store.SETS
NOT_RUN = f"not run: {store.OUT}"


@pytest.fixture
def sheet_of(monkeypatch):
    """The sheets that figures lay out."""
    held = []
    monkeypatch.setattr(sheets, "sheet_to_figure", lambda sheet, measures: held.append(sheet) or "figure")
    return held


def inputs(folder, sets=store.SETS, changed=None, known=True):
    return {
        **store.samples(folder, sets),
        **store.quality(folder, changed=changed, sets=sets),
        **store.inpainting(folder, changed=changed, sets=sets, known=known),
    }


def test_figure_1_has_a_reference_and_five_rows_of_one_z(tmp_path, sheet_of):
    drawn = fig1.illustrate(DEMO, inputs(tmp_path))
    (sheet,) = sheet_of
    assert [group.title for group in sheet.groups] == ["Birds", "Dogs", "Cars"]
    rows = sheet.groups[0].rows
    assert [row.label for row in rows] == list(fig1.LABELS) and len(rows) == 6
    assert np.array_equal(rows[0].tiles[3], store.tile("fig1_reference", 3))
    assert np.array_equal(rows[5].tiles[2], store.tile("fig1", 4, 2))
    assert rows[5].notes[:4] == ("1 / 1", "2 / 1", "3 / 1", "4 / 2") and not any(row.notes for row in rows[:5])
    assert "z is ignored on Birds (0.099): " in drawn.caption and "Dogs (0.1" not in drawn.caption
    assert "Birds: 000, 001, 002, 003, 004, 005." in drawn.caption


def test_the_captions_say_by_numbers_what_a_picture_cannot(tmp_path, sheet_of):
    held = inputs(tmp_path, changed={(CARS, 0, "onegan", "decided"): 0.09})
    assert "Masks stay grey on Cars (9.0%): " in fig2.illustrate(DEMO, held).caption
    assert "Birds 0.43 and 0.06, Dogs 0.20 and 0.06" in fig3.illustrate(DEMO, held).caption
    said = fig4.illustrate(DEMO, held).caption
    assert "DIP, predicted mask, does not beat one mean colour on Birds (11.0 against 14.0 dB)" in said
    assert "DIP, real mask, does not" not in said and "1,000 steps each" in said


def test_figure_2_has_six_rows_with_iou_below_and_that_with_exact_masks(tmp_path, sheet_of):
    fig2.illustrate(DEMO, inputs(tmp_path))
    rows = sheet_of[0].groups[1].rows
    assert [row.label for row in rows] == list(fig2.LABELS)
    assert rows[5].notes[:3] == ("IoU 0.50 / 0.60", "IoU 0.51", "IoU 0.52 / 0.62")  # the second detection is exact
    assert sheet_of[0].groups[0].rows[5].notes[:2] == ("IoU 0.50", "IoU 0.51")
    assert np.array_equal(rows[4].tiles[2], np.repeat(store.tile("truth", 2)[..., :1], 3, axis=2))
    assert np.array_equal(rows[5].tiles[2], np.repeat(store.tile("mask", 2)[..., :1], 3, axis=2))


def test_figure_3_stands_under_the_categories_photos(tmp_path, sheet_of):
    fig3.illustrate(DEMO, inputs(tmp_path))
    birds, _, cars = sheet_of[0].groups
    head = birds.rows[0]
    assert head.tiles[0] is None and head.notes == ("", *(f"child {number}" for number in range(1, 13)))
    assert len(birds.rows) == 5 and np.array_equal(birds.rows[2].tiles[0], store.tile("fig3_source", 1))
    assert np.array_equal(birds.rows[2].tiles[7], store.tile("fig3", 1, 6))
    assert cars.rows[1].tiles[9:] == (None,) * 4 and cars.rows[0].notes[9:] == ("",) * 4  # eight categories
    assert sheet_of[0].gaps_after == (0,)


def test_figure_4_has_decibels_below_painted_rows_or_says_why_not(tmp_path, sheet_of):
    drawn = fig4.illustrate(DEMO, inputs(tmp_path / "a"))
    rows = sheet_of[0].groups[0].rows
    assert [row.label for row in rows] == list(fig4.LABELS)
    assert rows[3].notes == ("25.0 dB", "26.0 dB", "27.0 dB", "28.0 dB") and rows[5].notes[0] == "11.0 dB"
    assert not any(row.notes for row in rows[:3]) and "PSNR to the true background" in drawn.caption
    real = fig4.illustrate(DEMO, inputs(tmp_path / "b", known=False))
    assert not any(row.notes for group in sheet_of[1].groups for row in group.rows)
    assert "the background behind the object is not known" in real.caption and "does not beat" not in real.caption


@pytest.mark.parametrize(("figure", "columns"), [(fig1, 6), (fig2, 6), (fig3, 13), (fig4, 4)])
def test_a_set_that_is_left_out_is_grey_in_every_cell(figure, columns, tmp_path, sheet_of):
    drawn = figure.illustrate(DEMO, inputs(tmp_path / "a", [BIRDS]))
    for group in sheet_of[0].groups[1:]:
        assert [row.tiles for row in group.rows] == [(NOT_RUN,) * columns] * len(figure.LABELS)
    assert f"Not run: Dogs ({store.OUT}), Cars ({store.OUT})." in drawn.caption
    figure.illustrate(DEMO, inputs(tmp_path / "b", []))
    assert all(tile == NOT_RUN for group in sheet_of[1].groups for row in group.rows for tile in row.tiles)


def test_a_small_profile_has_fewer_poses(tmp_path, sheet_of):
    held = inputs(tmp_path)
    for name in store.SETS:
        np.save(held[f"sample_{name}"] / "fig1.npy", np.load(held[f"sample_{name}"] / "fig1.npy")[:2])
    fig1.illustrate(DEMO, held)
    rows = sheet_of[0].groups[0].rows
    assert [row.label for row in rows] == list(fig1.LABELS[:3]) and rows[2].notes[0] == "1 / 1"


def test_pictures_and_lists_must_agree(tmp_path):
    held = inputs(tmp_path)
    np.save(held[f"sample_{DOGS}"] / "fig1.npy", np.zeros((5, 4, 8, 8, 3), np.uint8))
    with pytest.raises(ValueError, match=r"expected fig1\.npy of \[None, 6\] pictures"):
        fig1.illustrate(DEMO, held)
    store.change(held[f"sample_{CARS}"], lambda facts: facts.update(data="bird_boxes"), "sample")
    with pytest.raises(ValueError, match="whose data is car_boxes, got bird_boxes"):
        fig2.illustrate(DEMO, held)


def drawn_texts(figure) -> dict[str, tuple[float, float]]:
    return {text.get_text(): text.get_position() for text in figure.texts}


def test_notes_stand_below_their_tiles_and_make_the_sheet_higher():
    tile = np.zeros((16, 16, 3), np.uint8)

    def figure(notes):
        rows = (grid.Row("r", (tile, tile), notes), grid.Row("s", (tile, tile)))
        return grid.sheet_to_figure(grid.Sheet(("", ""), (grid.Group("t", rows),), ()))

    plain, noted = figure(()), figure(("one", ""))
    grown = (noted.get_size_inches() - plain.get_size_inches()) * 200
    assert grown == pytest.approx([0, grid.MEASURES.note])
    first, below = noted.axes[0].get_position(), noted.axes[2].get_position()
    across, up = drawn_texts(noted)["one"]
    assert across == pytest.approx((first.x0 + first.x1) / 2) and below.y1 < up < first.y0
    with pytest.raises(ValueError, match="expected 2 notes, got 1"):
        figure(("one",))


def test_no_label_reaches_into_the_pictures():
    labels = [label for module in (fig1, fig2, fig3, fig4) for label in module.LABELS]
    tile = np.zeros((32, 32, 3), np.uint8)
    group = grid.Group("t", tuple(grid.Row(label, (tile,)) for label in labels))
    figure = grid.sheet_to_figure(grid.Sheet(("",), (group,), ()), sheets.MEASURES)
    pen = figure.canvas.get_renderer()
    left = figure.axes[0].get_window_extent(pen).x0
    reach = {text.get_text(): text.get_window_extent(pen).x1 for text in figure.texts}
    assert len(labels) == 20 and all(reach[label] < left for label in labels)


def test_reasons_stay_inside_small_tiles():
    sheet = grid.Sheet(("",), (grid.Group("t", (grid.Row("", (np.zeros((32, 32, 3), np.uint8),)),
                                                grid.Row("", (NOT_RUN,)))),), ())  # fmt: skip
    figure = grid.sheet_to_figure(sheet, sheets.MEASURES)
    axes, pen = figure.axes[1], figure.canvas.get_renderer()
    words, place = axes.texts[0].get_window_extent(pen), axes.get_window_extent(pen)
    assert place.x0 < words.x0 and words.x1 < place.x1 and place.y0 < words.y0 and words.y1 < place.y1


def test_no_table_but_those_of_layers_and_no_figure_imports_torch():
    root = store.ROOT
    folder = root / "stages/papers/onegan/report"
    names = [path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "layers")]
    lines = [f"import stages.papers.onegan.report.{name}" for name in sorted(names)]
    code = "\n".join([*lines, "import sys", "print('torch' in sys.modules)"])
    found = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False" and len(names) > 20
