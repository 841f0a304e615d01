"""Figures 8 and 10 to 15 from made-up samples: the right picture in the right panel, in the paper's order."""

import numpy as np
import pytest

from stages.data.prepared.packed import Packed
from stages.draw.grid import HOLE_COLOUR
from stages.papers.contrasfill.report import fig08, fig10, fig11, fig15, random_samples
from stages.papers.contrasfill.report.names import BOX_METHODS, PARTIAL
from tests.papers.made_samples import SIDE, filling, packed, samples

DATASETS = ("face", "bird", "car")
INSIDE = (6, 8)  # a pixel of every hole


def shown(figure) -> list[np.ndarray]:
    """All tiles in their own size, from the upper left, line by line."""
    tiles = []
    for axes in figure.axes:
        x, y, *_ = axes.get_position().bounds
        for image in axes.get_images():
            picture = np.asarray(image.get_array())
            tiles.append((round(-y, 4), round(x, 4), picture[:: len(picture) // SIDE, :: len(picture) // SIDE]))
    return [picture for _, _, picture in sorted(tiles, key=lambda tile: tile[:2])]


def words(figure) -> list[str]:
    return [text.get_text() for text in figure.texts]


def inside(picture: np.ndarray) -> tuple[int, ...]:
    return tuple(int(value) for value in picture[INSIDE])


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Data of three datasets and four partial holes."""
    folder = tmp_path_factory.mktemp("store")
    return {name: packed(folder / name, name) for name in (*DATASETS, *PARTIAL)}


def grids(folder, store, codes=3, images=4, **facts):
    return {
        name: samples(folder / f"grid_{name}", store[name], hole="box", images=images, per_image=codes**2, codes=codes,
                      **facts)
        for name in DATASETS
    }  # fmt: skip


def test_figure_8_has_known_codes_in_columns_and_unknown_ones_in_rows(tmp_path, store):
    held = grids(tmp_path, store)["car"]
    block = fig08.Block(contexts=1, known=3, unknown=2)
    made = fig08.illustrate(block, {"data_car": store["car"], "sample_car_contrasfill": held})
    tiles = shown(made.figure)
    first = Packed.open(store["car"]).images[0]
    assert np.array_equal(tiles[0], first) and inside(tiles[1]) == HOLE_COLOUR
    # Line and column count from zero; the samples of a line are numbered on: 0 1 2 / 3 4 5.
    assert [inside(tile) for tile in tiles[2:]] == [filling(0, number) for number in (0, 1, 2, 3, 4, 5)]
    assert {"known 1", "unknown 1", "unknown 2"} <= set(words(made.figure)) and "unknown 3" not in words(made.figure)
    assert "columns share the known code" in made.caption and "car_key00_" in made.caption


def test_samples_that_are_no_grid_or_a_smaller_one_are_refused(tmp_path, store):
    held = grids(tmp_path, store)["car"]
    plain = samples(tmp_path / "plain", store["car"], hole="box", images=4, per_image=9)
    for folder, known in ((held, 4), (plain, 2)):
        with pytest.raises(ValueError, match="the samples are a grid of"):
            fig08.illustrate(
                fig08.Block(contexts=1, known=known, unknown=2),
                {"data_car": store["car"], "sample_car_contrasfill": folder},
            )


def test_figure_15_shows_the_three_datasets_in_order(tmp_path, store):
    held = grids(tmp_path, store)
    inputs = {f"data_{name}": store[name] for name in DATASETS}
    inputs |= {f"sample_{name}_contrasfill": folder for name, folder in held.items()}
    made = fig15.illustrate(fig15.Block(contexts=1, known=3, unknown=3), inputs)
    titles = [text for text in words(made.figure) if "known factor" in text]
    assert titles == [f"{a}, known factor: {b}" for a, b in
                      (("Face", "identity"), ("Bird", "species"), ("Car", "shape"))]  # fmt: skip
    tiles = shown(made.figure)
    assert len(tiles) == 3 * (2 + 9)
    for place, name in enumerate(DATASETS):
        assert np.array_equal(tiles[11 * place], Packed.open(store[name]).images[0])


def test_figure_10_has_its_rows_in_the_papers_order(tmp_path, store):
    inputs = {f"data_{hole}": store[hole] for hole in PARTIAL}
    inputs |= {
        f"sample_{hole}_contrasfill": samples(tmp_path / hole, store[hole], hole="box", images=4, per_image=5)
        for hole in PARTIAL
    }
    made = fig10.illustrate(fig10.Block(rows=1, samples=3), inputs)
    titles = [text for text in words(made.figure) if text in PARTIAL.values()]
    assert titles == ["Both eyes", "One eye", "Lamps and grill", "Part of the bird"]
    tiles = shown(made.figure)
    assert len(tiles) == 4 * (2 + 3)
    for place, hole in enumerate(PARTIAL):
        line = tiles[5 * place : 5 * place + 5]
        assert np.array_equal(line[0], Packed.open(store[hole]).images[0]) and inside(line[1]) == HOLE_COLOUR
        assert [inside(tile) for tile in line[2:]] == [filling(0, number) for number in range(3)]


def test_figure_11_sets_input_paste_and_ours_side_by_side(tmp_path, store):
    inputs = {f"data_{name}": store[name] for name in DATASETS}
    for shade, method in enumerate(("contrasfill", "context_free")):
        inputs |= {
            f"sample_{name}_{method}": samples(tmp_path / f"{name}_{method}", store[name], hole="box", images=8,
                                               per_image=2, shade=shade)
            for name in DATASETS
        }  # fmt: skip
    made = fig11.illustrate(fig11.Block(rows=2, across=2), inputs)
    tiles = shown(made.figure)
    assert len(tiles) == 3 * 2 * 2 * 3 and words(made.figure)[:6] == ["input", "pasted", "ours"] * 2
    # 4 of 8 images, evenly spread: 0, 2 on the first line, 4, 6 on the second; shade 1 is the paste.
    expected = [
        colour for place in (0, 2, 4, 6) for colour in (HOLE_COLOUR, filling(place, 0, 1), filling(place, 0, 0))
    ]
    assert [inside(tile) for tile in tiles[:12]] == expected


@pytest.mark.parametrize(("dataset", "number"), [("face", 12), ("bird", 13), ("car", 14)])
def test_figures_12_to_14_list_five_methods_in_order(tmp_path, store, dataset, number):
    block = random_samples.Block(number=number, dataset=dataset, rows=2, samples=2)
    inputs = {f"data_{dataset}": store[dataset]} | {
        f"sample_{dataset}_{method}": samples(tmp_path / method, store[dataset], hole="box", images=4, per_image=3,
                                              shade=shade)
        for shade, method in enumerate(BOX_METHODS)
    }  # fmt: skip
    made = random_samples.illustrate(block, inputs)
    labels = [text for text in words(made.figure) if text in {label.split()[0] for label in BOX_METHODS.values()}]
    assert labels == ["CoModGAN", "CollageGAN", "BAT-Fill", "ContrasFill-1", "ContrasFill"] * 2
    tiles = shown(made.figure)
    assert len(tiles) == 2 * (3 + 5 * 2)
    first = [inside(tile) for tile in tiles[3:5]]  # CoModGAN's line begins with image, hole and input
    assert first == [filling(0, 0, 0), filling(0, 1, 0)]
    assert [inside(tile) for tile in tiles[11:13]] == [filling(0, 0, 4), filling(0, 1, 4)]
    assert made.caption.startswith(f"Figure {number}. Random samples on the {dataset} dataset")
    del inputs[f"sample_{dataset}_batfill"]
    with pytest.raises(ValueError, match=f"inputs lack sample_{dataset}_batfill"):
        random_samples.illustrate(block, inputs)


def test_one_figure_never_mixes_profiles_or_seeds_of_one_dataset(tmp_path, store):
    held = grids(tmp_path / "a", store)
    held["bird"] = grids(tmp_path / "b", store, profile="paper")["bird"]
    inputs = {f"data_{name}": store[name] for name in DATASETS}
    inputs |= {f"sample_{name}_contrasfill": folder for name, folder in held.items()}
    with pytest.raises(ValueError, match="cannot mix profiles"):
        fig15.illustrate(fig15.Block(contexts=1, known=2, unknown=2), inputs)


def test_no_module_of_the_report_but_figure_1_imports_torch():
    """Diagram and wiring belong to figure 1; a picture of samples starts without waiting for torch."""
    import subprocess
    import sys
    from pathlib import Path

    root = Path(__file__).resolve().parents[2]
    folder = root / "stages/papers/contrasfill/report"
    names = [path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "fig01", "wiring", "diagram")]
    lines = [f"import stages.papers.contrasfill.report.{name}" for name in sorted(names)]
    code = "\n".join([*lines, "import sys", "print('torch' in sys.modules)"])
    found = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False" and len(names) > 20
