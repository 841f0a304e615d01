"""GANSeg's figures from made-up folders: colours, points, tiles, and what stands where a run was not made."""

import json
from pathlib import Path

import numpy as np
import pytest

from stages.data.prepared.packed import Index, Row, write_packed
from stages.papers.ganseg.report import colours, detections, fig03, fig05, fig06, fig07, generations, pictures, shown
from tests.papers.ganseg_store import SETS, put, put_not_run

SIDE = 16


def test_the_first_colours_are_the_codes_and_all_are_distinct():
    assert len(set(colours.PARTS)) == len(colours.PARTS) == 32
    assert colours.part_colours(3).tolist() == [[255, 0, 0], [0, 0, 255], [255, 255, 0]]
    assert colours.part_colours(4).tolist()[3] == [0, 128, 0] and colours.part_colours(5).tolist()[3] == [255, 0, 255]
    with pytest.raises(ValueError, match="at most 32 parts"):
        colours.part_colours(33)


def test_overlay_is_half_and_half_and_leaves_the_background():
    image = np.full((1, 3, 3), 100, np.uint8)
    found = colours.overlay(image, np.array([[0, 1, 2]], np.uint8), 2)
    assert found.tolist() == [[[100, 100, 100], [178, 50, 50], [50, 50, 178]]]
    with pytest.raises(ValueError, match="labels 0 to 2, got 3"):
        colours.overlay(image, np.array([[0, 1, 3]], np.uint8), 2)


def test_coordinates_meet_the_generators_own_grid():
    """The figures' inverse of the grid agrees with the network's, which is torch's."""
    import torch

    from stages.papers.ganseg.grid import grid

    for kind in ("pixel_center", "corner"):
        places = grid(8, 0, kind, torch.zeros(1))[..., 1].numpy()
        np.testing.assert_allclose(colours.coordinates_to_pixels(places, 8, kind)[3], np.arange(8), atol=1e-5)
    with pytest.raises(ValueError, match="pixel_center or corner"):
        colours.coordinates_to_pixels(np.zeros(2), 8, "middle")


def test_a_mark_stands_at_its_x_and_y():
    """x = 0.5, y = -0.5 of 32 px: column 23.5, row 7.5; the arms are in the part's colour, the corners are not."""
    tile = np.full((32, 32, 3), 200, np.uint8)
    found = colours.mark(tile, np.array([[[0.53125, -0.53125]]]), np.array([[255, 0, 0]], np.uint8), 3, "pixel_center")
    red = np.argwhere((found == (255, 0, 0)).all(2))
    assert red.min(0).tolist() == [4, 21] and red.max(0).tolist() == [10, 27] and len(red) == 13
    assert (found[3, 24] == 0).all() and (found[7, 19] == 200).all() and (tile == 200).all()


def test_marks_outside_are_cut_off():
    tile = np.zeros((8, 8, 3), np.uint8)
    points = np.array([[[1.0, 1.0], [-1.0, -1.0], [5.0, 5.0]]])
    found = colours.mark(tile, points, np.array([[255, 0, 0]], np.uint8), 2, "pixel_center")
    assert (found[0, 0] == (255, 0, 0)).all() or (found[1, 0] == (255, 0, 0)).all()


def test_tiles_fill_rows_and_the_last_may_be_short():
    tiles = [np.full((2, 2, 3), value, np.uint8) for value in (10, 20, 30)]
    found = pictures.tiles_to_picture(tiles, 2)
    gap = pictures.GAP
    assert found.shape == (4 + gap, 4 + gap, 3)
    assert found[0, 0, 0] == 10 and found[0, 2 + gap, 0] == 20 and found[2 + gap, 0, 0] == 30
    assert found[2 + gap, 2 + gap, 0] == 255 and found[2, 0, 0] == 255
    with pytest.raises(ValueError, match="tiles of one shape"):
        pictures.tiles_to_picture([tiles[0], np.zeros((3, 3, 3), np.uint8)], 2)


def texts(figure) -> str:
    return "\n".join(text.get_text() for text in figure.texts)


def test_a_picture_keeps_its_pixels_in_the_figure():
    random = np.random.default_rng(0)
    picture = random.integers(0, 255, (40, 60, 3)).astype(np.uint8)
    panel = pictures.Panel("title", (pictures.Strip("line", picture), pictures.Strip("absent", None)))
    figure = pictures.panels_to_figure([panel], 1)
    figure.canvas.draw()
    drawn = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    top = pictures.HEAD + pictures.TITLE
    left = pictures.MARGIN + pictures.LABEL
    np.testing.assert_array_equal(drawn[top : top + 40, left : left + 60], picture)
    assert "n/a (profile)" in texts(figure) and "title" in texts(figure)


def packed(folder: Path, name: str, tests: int) -> Path:
    """A prepared set of flat photos whose grey value is their number."""
    folder.mkdir(parents=True)
    rows = [
        Row(f"{number:03d}", np.full((SIDE, SIDE, 3), number, np.uint8), None, "x", "0" * 64)
        for number in range(tests + 2)
    ]
    write_packed(folder, name, SIDE, False, rows, lambda keys: Index(["test"] * tests + ["train"] * 2, ("test",)))
    return folder


def found(folder: Path, name: str, tests: int, parts: int = 2) -> Path:
    """A segmenter's folder: photo n has label n % 3 everywhere."""
    put(folder, "score", {"data": name, "parts": parts})
    np.save(
        folder / "labels.npy", (np.arange(tests) % 3).astype(np.uint8)[:, None, None].repeat(SIDE, 1).repeat(SIDE, 2)
    )
    return folder


def opened(folder: Path, name: str, tests: int):
    from stages.data.prepared.packed import Packed

    return Packed.open(packed(folder, name, tests))


def test_photos_are_drawn_once_for_all_lines(tmp_path):
    data = opened(tmp_path / "a", "flowers", 9)
    places = shown.photos_to_show(data, 4)
    assert len(set(places.tolist())) == 4 and sorted(places) == places.tolist() and places.max() < 9
    assert places.tolist() == shown.photos_to_show(data, 4).tolist()
    assert shown.photos_to_show(data, 20).tolist() == list(range(9))
    assert shown.photos_text(data, 4) == "4 of 9 test photos, drawn uniformly"
    assert shown.photos_text(data, 20) == "all 9 test photos (of 20 asked for)"


def test_a_tile_is_its_own_photo_with_its_own_labels(tmp_path):
    data = opened(tmp_path / "a", "flowers", 9)
    tiles = shown.found_to_tiles(found(tmp_path / "b", "flowers", 9), data, [0, 4, 8])
    assert [tile[0, 0].tolist() for tile in tiles] == [[0, 0, 0], [130, 2, 2], [4, 4, 132]]
    with pytest.raises(ValueError, match="expected labels of the 9 test photos of flowers, got 8"):
        shown.found_to_tiles(found(tmp_path / "c", "flowers", 8), data, [0])
    with pytest.raises(ValueError, match="of taichi"):
        shown.found_to_tiles(found(tmp_path / "d", "taichi", 9), data, [0])


@pytest.fixture
def inputs(tmp_path):
    given = {f"data_{name}": packed(tmp_path / f"data_{name}", name, 9) for name in SETS}
    for row in ("fixed", "original", "k1", "k4", "k8", "k12", "k16", "k32"):
        for name in SETS:
            place = tmp_path / f"{row}_{name}"
            ran = row in ("original", "k8") or name == "flowers"
            parts = int(row[1:]) if row.startswith("k") else 2
            given[f"score_{row}_{name}"] = found(place, name, 9, parts) if ran else put_not_run(place)
    for kind in ("points", "masks"):
        for name in SETS:
            place = tmp_path / f"encoded_{kind}_{name}"
            if name == "flowers":
                content = {"data": name, "parts": 2, "fired": ["still", "vague"], "grid": "pixel_center"}
                found(put(place, "other", {}).parent / f"real_{kind}", name, 9)
                (place / "score.json").write_text(json.dumps(content), encoding="utf-8")
                np.save(place / "labels.npy", np.ones((9, SIDE, SIDE), np.uint8))
                np.save(place / "points.npy", np.zeros((9, 2, 4, 2), np.float32))
                given[f"encoded_{kind}_{name}"] = place
            else:
                given[f"encoded_{kind}_{name}"] = put_not_run(place)
    return given


def test_figure_5_and_7_have_all_lines_and_say_what_was_not_run(inputs):
    five = fig05.illustrate(fig05.Block(profile="demo", photos=3), inputs)
    assert texts(five.figure).count("n/a (profile)") == 3 and texts(five.figure).count("fixed σ") == 4
    assert (five.profile, len(five.figure.axes)) == ("demo", 5)
    seven = fig07.illustrate(fig07.Block(profile="demo", photos=2), inputs)
    assert texts(seven.figure).count("n/a (profile)") == 3 * 5 and texts(seven.figure).count("K=32") == 4


def test_figure_6_names_the_rules_that_fired(inputs):
    drawn = fig06.illustrate(fig06.Block(profile="demo", photos=3), inputs)
    assert texts(drawn.figure).count("still") == 2 and texts(drawn.figure).count("n/a (profile)") == 6
    assert "U-Net" in drawn.caption


def test_figures_12_to_15_show_all_of_a_small_split(inputs):
    block = detections.Block(profile="demo", figure=15, dataset="flowers", photos=120, across=4)
    drawn = detections.illustrate(
        block, {"data_flowers": inputs["data_flowers"], "score": inputs["score_original_flowers"]}
    )
    assert drawn.caption.startswith("Figure 15.") and "all 9 test photos (of 120 asked for)" in drawn.caption
    assert len(drawn.figure.axes) == 1


def generation(folder: Path, name: str) -> Path:
    put(
        folder,
        "sample",
        {"data": name, "parts": 2, "points_per_part": 4, "grid": "corner", "seed": 0, "generations": 9},
    )
    np.save(folder / "images.npy", np.full((3, SIDE, SIDE, 3), 100, np.uint8))
    np.save(folder / "labels.npy", np.ones((3, SIDE, SIDE), np.uint8))
    np.save(folder / "points.npy", np.zeros((3, 2, 4, 2), np.float32))
    return folder


def test_generations_have_two_tiles_each(tmp_path):
    block = generations.Block(profile="demo", figure=9, dataset="taichi", across=2)
    drawn = generations.illustrate(block, {"sample": generation(tmp_path / "a", "taichi")})
    axes = drawn.figure.axes[0]
    side = SIDE * pictures.factor_for(SIDE)
    shown_picture = axes.images[0].get_array()
    assert shown_picture.shape == (2 * side + pictures.GAP, 4 * side + 3 * pictures.GAP, 3)
    assert shown_picture[0, 0].tolist() == [100] * 3  # left: the picture; right: the picture with its mask
    assert shown_picture[0, side + pictures.GAP].tolist() == [178, 50, 50]
    assert "3 random generations of Taichi" in drawn.caption and "2 x 4 points" in drawn.caption
    with pytest.raises(ValueError, match="expected generations of taichi, got cub_masks"):
        generations.illustrate(block, {"sample": generation(tmp_path / "b", "cub_masks")})
    absent = generations.illustrate(block, {"sample": put_not_run(tmp_path / "c")})
    assert "n/a (profile)" in texts(absent.figure)


def test_the_layout_of_figure_3_repeats_and_keeps_clusters(tmp_path):
    block = fig03.Block(profile="demo", perplexity=5.0, layout_seed=0)
    random = np.random.default_rng(0)
    embeddings = (np.eye(3, 6)[None] + 0.01 * random.standard_normal((10, 3, 6))).astype(np.float32)
    first = fig03.lay_out(embeddings, block)
    np.testing.assert_array_equal(first, fig03.lay_out(embeddings, block))
    middle = first.mean(0)
    inner = np.linalg.norm(first - middle, axis=2).max()
    outer = min(np.linalg.norm(middle[a] - middle[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
    assert outer > inner
    with pytest.raises(ValueError, match="more than 30 vectors"):
        fig03.lay_out(embeddings, fig03.Block(profile="demo", perplexity=30.0, layout_seed=0))
    inputs = {f"sample_{name}": put_not_run(tmp_path / name) for name in SETS[1:]}
    inputs["sample_celeba_wild"] = put(tmp_path / "ran", "sample", {"parts": 2})
    np.save(tmp_path / "ran" / "embeddings.npy", embeddings)
    drawn = fig03.illustrate(block, inputs)
    assert len(drawn.figure.axes) == 4 and "CelebA-in-the-wild 10 x 3" in drawn.caption
