"""MsConD's figures from made-up stores: each cell a picture or a reason, boxes in their place, captions by numbers."""

import subprocess
import sys

import numpy as np
import pytest

from stages.draw import grid
from stages.papers.mscond.report import fig1, fig2, fig3, uncurated
from stages.papers.mscond.report.block import ReportBlock
from stages.papers.mscond.report.names import MODELS, STREETS
from tests.papers import mscond_store as store

DEMO = ReportBlock(profile="demo")
NOT_RUN = f"not run: {store.OUT}"
SEEDS = (0, 1, 2)


def shown(figure: int = 4, dataset: str = STREETS) -> uncurated.Block:
    return uncurated.Block(profile="demo", figure=figure, dataset=dataset)


@pytest.fixture
def sheets(monkeypatch):
    """The sheets that figures lay out."""
    held = []
    for module in (fig3, uncurated):
        monkeypatch.setattr(module, "sheet_to_figure", lambda sheet, measures: held.append(sheet) or "figure")
    return held


def marks(axes) -> dict[str, list[tuple[float, float]]]:
    """The points of a chart by ink."""
    return {line.get_color(): [*zip(line.get_xdata(), line.get_ydata(), strict=True)]
            for line in axes.lines if line.get_marker() == "o"}  # fmt: skip


def first_line(axes, task: str) -> np.ndarray:
    """The means of a series."""
    return next(line.get_ydata() for line in axes.lines if line.get_color() == fig1.TASK[task])


def test_figure_1_has_a_mark_for_each_seed_and_a_line_through_their_means(tmp_path):
    inputs = store.scores(tmp_path, SEEDS, ran=store.demo)
    figure = fig1.illustrate(DEMO, inputs).figure
    assert [axes.get_title("left") for axes in figure.axes[:3]] == [
        "car, N = 150", "person, N = 150", "bus, N = 150",
    ]  # fmt: skip
    car = marks(figure.axes[0])
    without, with_task = car[fig1.TASK["without"]], car[fig1.TASK["with"]]
    assert [round(y, 2) for _, y in without] == [30, 30.05, 30.1, 25, 20, 20.05, 20.1]
    assert [round(y, 2) for _, y in with_task] == [28, 22.5, 15, 15.05, 15.1]
    means = first_line(figure.axes[0], "without")
    assert means == pytest.approx([30.05, 25, 20.05])
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["1", "1-8", "1-16"]


def test_figure_1_says_where_there_is_no_number(tmp_path):
    why = "3 crops in 1024 generated pictures, 150 are compared"
    runs = ("s1_off", "s1_on", "s1_8_off", "s1_8_on", "s1_16_off", "s1_16_on")
    changed = {(STREETS, run, 0, f"{store.FD} object bus"): why for run in runs}
    changed |= {(STREETS, "s1_8_on", 0, f"{store.FD} object car"): why}
    drawn = fig1.illustrate(DEMO, store.scores(tmp_path, changed=changed))
    bus = drawn.figure.axes[2]
    assert not bus.lines and bus.texts[0].get_text().replace("\n", " ") == why
    assert f"car at 1-8 with the task, seed 0 ({why})" in drawn.caption
    line = first_line(drawn.figure.axes[0], "with")
    assert np.isnan(line[1]) and not np.isnan(line[[0, 2]]).any()  # no line over a gap


def test_figure_1_without_any_run_has_the_reason(tmp_path):
    drawn = fig1.illustrate(DEMO, store.scores(tmp_path, ran=lambda *_: False))
    assert drawn.figure.axes[0].texts[0].get_text().replace("\n", " ") == store.OUT
    assert drawn.caption == f"Figure 1. Distance of objects by category: not run ({store.OUT})."


def test_figure_2_has_seven_panels_with_one_range_a_row(tmp_path):
    drawn = fig2.illustrate(DEMO, store.models(tmp_path, SEEDS, ticks=40))
    charts = [axes for axes in drawn.figure.axes if axes.get_title("left")]
    assert [axes.get_title("left")[:3] for axes in charts] == [f"({letter})" for letter in "abcdefg"]
    assert "^{16}" in charts[3].get_title("left") and "^{8}" in charts[5].get_title("left")
    for row in (charts[1:4], charts[4:7]):
        assert len({axes.get_ylim() for axes in row}) == 1
    assert len(charts[0].lines) == 7 and len(charts[1].lines) == 3  # real, fake, held out; and four of the probe
    assert charts[0].lines[0].get_xdata()[-1] == pytest.approx(3.2)  # 40 ticks of 80 images
    assert "Grey: pictures that were held out." in drawn.caption and "MsConD 0. Numbers" in drawn.caption


def test_figure_2_says_what_was_left_out_and_draws_the_lowest_seed(tmp_path):
    def ran(dataset, run, seed):
        return run != "s1_16_off" and (run != "s1_16_on" or seed == 2)

    inputs = store.models(tmp_path, SEEDS, ticks=40, ran=ran, held_out=False)
    drawn = fig2.illustrate(DEMO, inputs)
    charts = [axes for axes in drawn.figure.axes if axes.get_title("left")]
    assert all(store.OUT in axes.texts[0].get_text().replace("\n", " ") for axes in charts[1:4])
    assert "Seeds drawn: StyleGAN2 0, MsConD 2. Not run: MultiscaleD." in drawn.caption
    assert "No pictures are held out in this profile." in drawn.caption and len(charts[0].lines) == 6


def test_figure_3_has_a_row_for_each_category_with_its_boxes(tmp_path, sheets):
    drawn = fig3.illustrate(DEMO, store.samples(tmp_path))
    (sheet,) = sheets
    assert [group.title for group in sheet.groups] == ["Cityscapes", "Livingroom", "Kitchen"]
    rows = sheet.groups[0].rows
    assert [row.label for row in rows] == store.CATEGORIES[STREETS]
    assert rows[0].notes == ("0", "3", "6", "9", "12", "15")
    assert rows[2].notes == ("2", "5", "", "", "", "") and rows[2].tiles[2:] == (None,) * 4
    assert sheet.groups[2].rows[2].tiles == ("no detection in 200 generated pictures", *[None] * 5)
    picture, boxes = store.scene(STREETS, 3)
    plain, factor = grid.enlarge(picture, 4), 4
    left, up, right, down = (round(factor * side) for side in boxes[0])
    tile = rows[0].tiles[1]
    assert tile.shape == (128, 128, 3)
    assert (tile[up, left:right] == 255).all() and (tile[down - 1, left:right] == 255).all()
    assert (tile[up:down, left] == 255).all() and (tile[up:down, right - 1] == 255).all()
    inside = np.s_[up + 1 : down - 1, left + 1 : right - 1]
    assert np.array_equal(tile[inside], plain[inside])
    changed = np.argwhere((tile != plain).any(2))
    assert changed.min(0).tolist() == [up - 1, left - 1] and changed.max(0).tolist() == [down, right]
    assert "Cityscapes, car 63, person 63, bus 59; Livingroom, couch 63, chair 63; Kitchen" in drawn.caption
    assert "hues of drawn objects (blob)" in drawn.caption


@pytest.mark.parametrize("box", [(-3.0, -2.0, 40.0, 50.0), (0.0, 0.0, 0.4, 0.4), (31.9, 31.9, 32.0, 32.0)])
def test_boxes_at_the_edge_stay_inside(box):
    drawn = fig3.with_boxes(np.zeros((32, 32, 3), np.uint8), [box])
    assert drawn.shape == (128, 128, 3) and drawn.any()


def test_a_large_picture_is_not_blown_up():
    assert fig3.with_boxes(np.zeros((256, 256, 3), np.uint8), []).shape == (256, 256, 3)


def test_figures_4_to_6_have_four_blocks_in_the_texts_order_with_their_own_distance(tmp_path, sheets):
    inputs = store.GIVEN | store.samples(tmp_path) | store.scores(tmp_path, SEEDS)
    drawn = uncurated.illustrate(shown(), inputs)
    (sheet,) = sheets
    assert [group.title for group in sheet.groups] == [
        "StyleGAN2 (FD-demo 60)", "ProjectedGAN-demo (taught F) (FD-demo 48)", "InsGen (FD-demo 52)",
        "MsConD (FD-demo 30)",
    ]  # fmt: skip
    rows = sheet.groups[3].rows
    assert [len(row.tiles) for row in rows] == [9, 9]
    assert np.array_equal(rows[1].tiles[2], store.scene(STREETS, 11)[0])
    assert "Printed FID: StyleGAN2 8.04, ProjectedGAN 5.07, InsGen 4.21, MsConD 2.63." in drawn.caption
    said = uncurated.illustrate(shown(5, "livingroom"), inputs).caption
    assert said.startswith("Figure 5. Uncurated samples for Livingroom.") and "MsConD no printed value." in said


def test_a_count_that_fills_no_row_leaves_places_empty(tmp_path, sheets):
    inputs = store.GIVEN | store.samples(tmp_path) | store.scores(tmp_path)
    folder = inputs[f"sample_{STREETS}_s1_off"]
    np.save(folder / "uncurated.npy", np.load(folder / "uncurated.npy")[:4])
    with pytest.raises(ValueError, match=r"expected 18 pictures in uncurated\.npy"):
        uncurated.illustrate(shown(), inputs)
    store.change(folder, lambda facts: facts.update(uncurated=4), "sample")
    uncurated.illustrate(shown(), inputs)
    (row,) = sheets[-1].groups[0].rows
    assert row.tiles[4:] == (None,) * 5


def test_runs_that_are_left_out_are_grey_with_their_reason(tmp_path, sheets):
    inputs = store.GIVEN | store.samples(tmp_path, store.smoke) | store.scores(tmp_path, ran=store.smoke)
    said = fig3.illustrate(DEMO, inputs).caption
    assert f"Not run: Kitchen ({store.OUT})." in said
    (row,) = sheets[0].groups[2].rows
    assert row.tiles == (NOT_RUN,) * 6
    uncurated.illustrate(shown(6, "kitchen"), inputs)
    assert sheets[1].groups[0].title == "StyleGAN2 (not run)" and len(sheets[1].groups) == 4
    assert all(row.tiles == (NOT_RUN,) * 9 for group in sheets[1].groups for row in group.rows)


def test_samples_of_another_set_or_profile_are_refused(tmp_path):
    inputs = store.GIVEN | store.samples(tmp_path) | store.scores(tmp_path)
    name = f"sample_kitchen_{MODELS[0]}"
    with pytest.raises(ValueError, match=f"{name}: expected a sample whose data is kitchen, got livingroom"):
        uncurated.illustrate(shown(6, "kitchen"), inputs | {name: inputs[f"sample_livingroom_{MODELS[0]}"]})
    with pytest.raises(ValueError, match="whose profile is paper, got demo"):
        fig3.illustrate(ReportBlock(profile="paper"), inputs)


def test_no_label_or_title_reaches_too_far():
    """The longest label stands left of the tiles, the longest title within the sheet."""
    tile = np.zeros((128, 128, 3), np.uint8)
    rows = tuple(grid.Row(label, (tile,) * 6) for label in ("potted plant", "dining table", "traffic light"))
    figure = grid.sheet_to_figure(grid.Sheet(("",) * 6, (grid.Group("Livingroom", rows),), ()), fig3.MEASURES)
    pen = figure.canvas.get_renderer()
    left = figure.axes[0].get_window_extent(pen).x0
    labels = [text for text in figure.texts if text.get_text() in {row.label for row in rows}]
    assert len(labels) == 3 and all(text.get_window_extent(pen).x1 < left for text in labels)
    title = "ProjectedGAN-demo (taught F) (FD-squeezenet1_0 1234.5)"
    group = grid.Group(title, (grid.Row("", (tile,) * 9),))
    figure = grid.sheet_to_figure(grid.Sheet(("",) * 9, (group,), ()), uncurated.MEASURES)
    (text,) = [text for text in figure.texts if text.get_text() == title]
    assert text.get_window_extent(figure.canvas.get_renderer()).x1 < figure.bbox.width


def test_nothing_of_figure_1_overlaps_its_legend(tmp_path):
    figure = fig1.illustrate(DEMO, store.scores(tmp_path)).figure
    pen = figure.canvas.get_renderer()
    (legend,) = figure.legends
    lower = legend.get_window_extent(pen).y0
    assert all(axes.title.get_window_extent(pen).y1 < lower and axes._left_title.get_window_extent(pen).y1 < lower
               for axes in figure.axes)  # fmt: skip


def test_no_figure_and_no_table_but_that_of_layers_imports_torch():
    folder = store.ROOT / "stages/papers/mscond/report"
    names = [path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "layers")]
    lines = [f"import stages.papers.mscond.report.{name}" for name in sorted(names)]
    code = "\n".join([*lines, "import sys", "print('torch' in sys.modules)"])
    found = subprocess.run([sys.executable, "-c", code], cwd=store.ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False" and len(names) > 15
