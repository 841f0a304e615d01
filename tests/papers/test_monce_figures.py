"""MoNCE's figures from made-up scores: each cell of a sheet is a picture or a reason, and nothing is dropped."""

import numpy as np
import pytest

from stages.data.prepared.packed import Packed
from stages.draw import grid
from stages.draw.label_colours import PARTS, coloured, distinct
from stages.papers.monce.report import fig1, hist, paired_figure, plan, qsweep, sheets, unpaired_figure
from stages.papers.monce.report.block import ReportBlock
from stages.papers.monce.report.given import given, rooms
from tests.papers import monce_store as store

DEMO = ReportBlock(profile="demo")
NOT_RUN = f"not run: {store.OUT}"
FIVE = ["CycleLoss", "PatchNCE", "F/LSeSim", "WeightNCE", "MoNCE"]


@pytest.fixture
def sheet_of(monkeypatch):
    """The sheets that figures lay out."""
    held = []
    monkeypatch.setattr(sheets, "sheet_to_figure", lambda sheet, measures: held.append(sheet) or "figure")
    return held


def rows(sheet) -> list[tuple]:
    (group,) = sheet.groups
    return [row.tiles for row in group.rows]


def block(number: int, dataset: str, photo: bool = False) -> unpaired_figure.Block:
    return unpaired_figure.Block(profile="demo", figure=number, dataset=dataset, photo=photo)


def test_figure_1_has_a_column_for_each_q_and_a_reason_where_one_was_not_run(tmp_path, sheet_of):
    drawn = fig1.illustrate(DEMO, store.sweep(tmp_path, ("monce", "q01", "q5", "patch")))
    (sheet,) = sheet_of
    assert sheet.headings == ("input", "Q = 0.1", "Q = 0.5", "Q = 1 (default)", "Q = 2", "Q = 5")
    assert len(rows(sheet)) == store.SHOWN
    for place, line in enumerate(rows(sheet)):
        assert np.array_equal(line[0], store.tile("input", place)) and np.array_equal(line[5], store.tile("q5", place))
        assert line[2] == line[4] == NOT_RUN
    assert "Not run: Q = 0.5 (enabled: false in this profile); Q = 2" in drawn.caption and "testA/003" in drawn.caption


def test_figures_2_to_4_have_the_texts_order_and_say_what_was_not_translated(tmp_path, sheet_of):
    made = store.unpaired(tmp_path, failed=("cycle",))
    drawn = unpaired_figure.illustrate(block(2, "street", photo=True), {"score": made["unpaired_street"]})
    unpaired_figure.illustrate(block(3, "horses"), {"score": made["unpaired_horses"]})
    street, horses = sheet_of
    failed = ["CycleLoss\n(not translated)", *FIVE[1:]]
    assert list(street.headings) == ["input", "photo (reference)", *failed] and list(horses.headings) == [
        "input",
        *failed,
    ]
    assert all(isinstance(tile, np.ndarray) for line in rows(street) for tile in line)  # shown none the less
    assert "in no verdict: CycleLoss" in drawn.caption and drawn.caption.startswith("Figure 2.")
    with pytest.raises(ValueError, match="expected the score of seasons, got horses"):
        unpaired_figure.illustrate(block(4, "seasons"), {"score": made["unpaired_horses"]})


def test_figures_5_to_7_show_conditions_in_their_own_colours(tmp_path, sheet_of):
    packs, made = store.packs(tmp_path), store.paired(tmp_path)
    for number, name in ((5, "rooms"), (6, "face_parts"), (7, "people")):
        further = {"more": made["more"]} if name == "rooms" else {}
        inputs = {"data": packs[name], "score": made[f"paired_{name}"], **further}
        paired_figure.illustrate(
            paired_figure.Block.model_validate({"profile": "demo", "figure": number, "dataset": name}), inputs
        )
    found_rooms, faces, people = sheet_of
    assert found_rooms.headings == ("labels", "photo", "Perceptual", "PatchNCE", "WeightNCE", "MoNCE")
    assert faces.headings[0] == "parts" and people.headings[0] == "keypoints"
    first = rows(found_rooms)[0][0]
    assert np.array_equal(first[[0, 5, 12], 0], [distinct(150)[2], (0, 0, 0), distinct(150)[0]])  # sky, unknown, wall
    assert np.array_equal(rows(faces)[0][0][[0, 12], 0], PARTS[[1, 0]])
    assert rows(people)[0][0].any() and rows(people)[0][3] == NOT_RUN


def test_the_contextual_column_stands_where_it_was_run(tmp_path, sheet_of):
    made, five = store.paired(tmp_path, more=True), paired_figure.Block(profile="demo", figure=5, dataset="rooms")
    inputs = {"data": store.packs(tmp_path)["rooms"], "score": made["paired_rooms"], "more": made["more"]}
    paired_figure.illustrate(five, inputs)
    assert sheet_of[0].headings[2:] == ("Perceptual", "Contextual", "PatchNCE", "WeightNCE", "MoNCE")
    store.change(made["more"], lambda facts: facts.update(shown=["other"] * store.SHOWN))
    with pytest.raises(ValueError, match="shown items differs"):
        paired_figure.illustrate(five, inputs)


def test_where_nothing_was_run_every_cell_says_so(tmp_path, sheet_of):
    out = store.put_not_run(tmp_path / "score")
    fig1.illustrate(DEMO, {"sweep": out})
    unpaired_figure.illustrate(block(2, "street", photo=True), {"score": out})
    seven = paired_figure.Block(profile="demo", figure=7, dataset="people")
    drawn = paired_figure.illustrate(seven, {"score": out, "data": store.packs(tmp_path)["people"]})
    assert [rows(sheet) for sheet in sheet_of] == [[(NOT_RUN,) * count] for count in (6, 7, 6)]
    assert f"Nothing of it was run: {store.OUT}." in drawn.caption


def test_pictures_and_the_scores_count_must_agree(tmp_path):
    inputs = store.sweep(tmp_path)
    np.save(inputs["sweep"] / "shown_q5.npy", np.zeros((2, 8, 8, 3), np.uint8))
    with pytest.raises(ValueError, match=r"expected 4 pictures in shown_q5\.npy, got 2"):
        fig1.illustrate(DEMO, inputs)


def test_a_key_that_the_set_does_not_hold_is_named(tmp_path):
    with pytest.raises(ValueError, match="expected the shown item testA/9"):
        given(Packed.open(store.packs(tmp_path)["rooms"]), ["testA/9"], "rooms")


def test_colours_of_classes_differ_and_belong_to_the_class():
    every = distinct(150)
    assert len({tuple(colour) for colour in every.tolist()}) == 150 and not (every == 0).all(1).any()
    assert np.array_equal(rooms([3, 1]), every[[2, 0]]) and len(PARTS) == 19
    assert np.array_equal(coloured(np.array([[0, 1, 2, 255]]), every[:2]), [[every[0], every[1], (0, 0, 0), (0, 0, 0)]])


def test_a_sheet_draws_reasons_on_grey_and_sheets_of_reasons_alone():
    tile = np.full((16, 16, 3), (10, 200, 30), np.uint8)
    sheet = grid.Sheet(("a", "b"), (grid.Group("t", (grid.Row("", (tile, "not run: left out")),)),), ())
    figure = grid.sheet_to_figure(sheet)
    assert [text.get_text() for axes in figure.axes for text in axes.texts] == ["not run: left out"]
    assert figure.axes[1].patches[0].get_facecolor()[:3] == pytest.approx(tuple(c / 255 for c in grid.HOLE_COLOUR))
    alone = grid.Sheet(("a",), (grid.Group("t", (grid.Row("", ("why",)),)),), ())
    assert len(grid.sheet_to_figure(alone).axes) == 1
    with pytest.raises(ValueError, match="tiles of one shape"):
        grid.sheet_to_figure(grid.Sheet(("a",), (grid.Group("t", (grid.Row("", (None,)),)),), ()))


def test_the_curves_mark_what_was_not_translated(tmp_path):
    drawn = qsweep.illustrate(DEMO, store.sweep(tmp_path, ("monce", "q01", "q5", "patch"), failed=("q01",)))
    left, right = drawn.figure.axes
    assert left.get_ylabel() == "FD-demo ↓" and right.get_ylabel() == "mask_iou ↑"
    assert [line.get_xdata().tolist() for line in left.lines] == [[1.0, 5.0], [0.1]]
    none = qsweep.illustrate(DEMO, {"sweep": store.put_not_run(tmp_path / "out")})
    assert all(axes.texts[0].get_text().startswith("not run") for axes in none.figure.axes)


def test_histograms_and_plans(tmp_path):
    inputs = store.similarity(tmp_path)
    drawn = hist.illustrate(DEMO, inputs)
    titles = [axes.get_title(loc="left") for axes in drawn.figure.axes]
    assert titles == ["layer 4", "layer 8", "layer 12", "VGG-19 relu2_2", "VGG-19 relu3_2", "VGG-19 relu4_2"]
    drawn = plan.illustrate(DEMO, inputs)
    assert len(drawn.figure.axes) == 3 and "MoNCE 1.0e-03" in drawn.caption
    for module in (hist, plan):
        none = module.illustrate(DEMO, {"similarity": store.put_not_run(tmp_path / module.__name__)})
        assert "not run" in none.caption
