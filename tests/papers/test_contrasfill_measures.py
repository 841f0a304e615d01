"""ContrasFill's further measures on pictures whose features are known: grids of codes, partial holes, contexts."""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from stages.data.files import write_json, write_table
from stages.data.prepared.packed import Index, Packed, Row, write_packed
from stages.metrics.features import samples_to_features
from stages.metrics.frechet import features_to_distance, features_to_statistics
from stages.metrics.perceptual import Perceptor
from stages.metrics.scorer import Scorer
from stages.papers.contrasfill import context, disentanglement, partial, varied
from stages.papers.contrasfill.directions.measuring import leakage
from stages.papers.contrasfill.measuring import Reals, fidelity, keys_to_halves
from stages.papers.contrasfill.sampling import grid_codes

SIDE = 8
RED, GREEN, YELLOW = (255, 0, 0), (0, 255, 0), (255, 255, 0)


class Turned:
    """An encoder whose features are directions: `red` degrees where red is full, `green` more where green is."""

    name, digest = "turned", "0" * 64

    def __init__(self, red: float, green: float):
        self.turns = torch.tensor([red, green])

    def to(self, device):
        return self

    def encode(self, images):
        angle = torch.deg2rad(((images[:, :2].mean((2, 3)) + 1) / 2 * self.turns).sum(1))
        return torch.stack([angle.cos(), angle.sin()], 1)


def silent(*_):
    """Nobody listens."""


def data_of(folder: Path, pictures: np.ndarray) -> Path:
    """A packed set of these pictures whose holes are the middle 4 x 4."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[2:6, 2:6] = 1
    rows = [Row(f"k{i}", picture, mask, "made", "0" * 64) for i, picture in enumerate(pictures)]
    folder.mkdir()
    splits = ["test"] * len(pictures)
    write_packed(folder, "face", SIDE, True, rows, lambda keys: Index(splits, ("test",)))
    return folder


def samples_of(folder: Path, several: np.ndarray, codes: int = 0) -> Path:
    """A sample folder with `several` [N S R R 3] of a set's first N pictures."""
    count = len(several)
    folder.mkdir()
    facts = {"profile": "demo", "data": "face", "hole": "object", "split": "evaluation", "seed": 0, "images": count,
             "samples": several.shape[1], "singles": count, "size_px": SIDE, "codes": codes}  # fmt: skip
    write_json(folder / "sample.json", facts)
    columns = {
        "key": [f"k{i}" for i in range(count)],
        "position": np.arange(count),
        "in_multiple": np.ones(count, bool),
    }
    write_table(folder / "index.parquet", columns)
    np.save(folder / "single.npy", several[:, 0])
    np.save(folder / "multiple.npy", several)
    return folder


def plain(*colours) -> np.ndarray:
    """Pictures of one colour each: uint8 [N R R 3]."""
    return np.broadcast_to(np.array(colours, np.uint8)[:, None, None], (len(colours), SIDE, SIDE, 3)).copy()


def filled(*colours) -> np.ndarray:
    """Black pictures whose hole has a colour each."""
    pictures = np.zeros((len(colours), SIDE, SIDE, 3), np.uint8)
    pictures[:, 2:6, 2:6] = np.array(colours, np.uint8)[:, None, None]
    return pictures


def values_of(out: Path) -> dict[str, float]:
    score = json.loads((out / "score.json").read_text(encoding="utf-8"))
    return {value["metric"]: value["value"] for value in score["values"]}


def test_both_scores_of_a_grid_are_what_their_own_code_changes_beyond_the_other(tmp_path, monkeypatch):
    """Red follows the column (known code), green the row. E_k turns by 60 and 20 degrees, its twin by 5 and 45.

    E_u sees the hole alone, a quarter of the picture on black.
    """
    known = {"encoder": Turned(60, 20), "encoder_indep": Turned(5, 45)}
    monkeypatch.setattr("stages.nets.encoders.load.load_encoder", lambda folder: known[folder.name])
    monkeypatch.setattr("stages.metrics.scorer.encoder_to_protocol", lambda encoder: {"extractor": encoder.name})
    unknown = varied.Seeing(Turned(40, 200).encode, {}, alone=True)
    monkeypatch.setattr(varied, "unknown_encoder", lambda folder, device: unknown)
    monkeypatch.setattr(disentanglement, "trained_values", lambda *given: [])
    grid = plain((0, 0, 9), RED, GREEN, YELLOW)[None]
    inputs = {"data": data_of(tmp_path / "data", plain(RED, RED)), "grid": samples_of(tmp_path / "grid", grid, 2)}
    inputs |= {name: tmp_path / name for name in ("encoder", "encoder_indep", "model")}
    disentanglement.measure(disentanglement.Block(dataset="face", batch=3), inputs, tmp_path, "cpu", silent)
    found = values_of(tmp_path)
    expected = {"known": (60, 20, 40), "known_indep": (5, 45, -40), "unknown": (10, 50, 40)}
    for name, numbers in expected.items():
        metrics = (f"angle_{name}_between_columns", f"angle_{name}_between_rows", f"score_{name}")
        assert [found[metric] for metric in metrics] == pytest.approx(numbers, abs=1e-4)


def test_cells_of_a_column_share_the_known_code_and_cells_of_a_row_the_unknown_one():
    """Sample number = 2 row + column; another image has other codes."""
    method = SimpleNamespace(block=SimpleNamespace(codes=2, latent=3), nets={"generator": torch.nn.Linear(1, 1)})
    rows = [(key, number) for key in "ab" for number in range(4)]
    found = grid_codes(rows, 2, method, 0)
    known, unknown = (found[name].tolist() for name in ("code_known", "code_unknown"))
    assert known[0] == known[2] and known[1] == known[3] and unknown[0] == unknown[1] and unknown[2] == unknown[3]
    everyone = [*known[:2], *known[4:6], *unknown[::2]]
    assert len({tuple(code) for code in everyone}) == len(everyone)


def pixels() -> Scorer:
    """A scorer whose only map is the picture itself."""
    said = {"extractor": "pixels"}
    return Scorer("FD-demo", lambda x: x.flatten(1), said, "PD-demo", Perceptor(lambda x: [x], None), said)


def test_the_distance_of_halves_is_the_mean_of_both_crossings():
    """Fillings of the first half are far from the second's photos, those of the second half near the first's."""
    chance = np.random.default_rng(0)
    photos, made = (chance.integers(0, 256, (10, SIDE, SIDE, 3)).astype(np.uint8) for _ in range(2))
    first, second = keys_to_halves([f"k{i}" for i in range(10)])
    made[first] //= 4
    scorer = pixels()._replace(encode=lambda images: images[:, :, 0, 0])
    reals = object.__new__(Reals)
    reals.batch, reals.device, reals.halves = 4, "cpu", (first, second)
    features = torch.from_numpy(photos[:, 0, 0].astype(np.float32)) / 127.5 - 1
    fillings = torch.from_numpy(made[:, 0, 0].astype(np.float32)) / 127.5 - 1
    reals.evaluation = features_to_statistics(features)
    reals.half = features_to_statistics(features[first]), features_to_statistics(features[second])
    whole, crossed = fidelity("x", SimpleNamespace(single=made), reals, scorer, {})  # pyright: ignore
    one, other = (features_to_distance(fillings[a], features[b]) for a, b in ((first, second), (second, first)))
    assert one > 2 * other > 0
    assert crossed["value"] == pytest.approx((one + other) / 2, rel=1e-4)
    assert whole["value"] == pytest.approx(features_to_distance(fillings, features), rel=1e-4)


def test_means_and_medians_over_partial_holes(tmp_path, monkeypatch):
    """Two images are filled alike, one in red and green: (1, -1, -1) against (-1, 1, -1), both over sqrt 3, so 8/3."""
    monkeypatch.setattr("stages.metrics.scorer.load_scorer", lambda folder, device: pixels())
    several = np.stack([filled(RED, RED), filled(GREEN, GREEN), filled(RED, GREEN)])
    inputs = {"data": data_of(tmp_path / "data", plain(*[(0, 0, 0)] * 3)), "scorer": tmp_path,
              "sample": samples_of(tmp_path / "sample", several)}  # fmt: skip
    partial.measure(partial.Block(dataset="one_eye"), inputs, tmp_path, "cpu", silent)
    assert values_of(tmp_path) == {
        "PD-demo_hole": pytest.approx(8 / 9, rel=1e-5), "PD-demo_hole_median": 0.0,
        # Of two samples the deviation is half of 255 in two of three channels.
        "pixel_std_hole": pytest.approx(85 / 3), "pixel_std_hole_median": 0.0, "hole_share": 0.25,
    }  # fmt: skip


def test_edges_of_samples_are_measured_against_the_real_image(tmp_path):
    """Photos with a step of 10 and of 20 levels at the hole's edge; samples with 40 in both."""
    photos = filled((10, 10, 10), (20, 20, 20))
    made = filled((40, 40, 40), (40, 40, 40))
    data = Packed.open(data_of(tmp_path / "data", photos))
    edges = context.Edges(data, np.arange(2), "object", 1)
    found = {value["metric"]: value for value in edges.of_samples("ours", made, {})}
    assert found["seam"]["value"] == pytest.approx(25.0) and found["seam"]["n"] == 2
    assert found["ring_colour"]["value"] > 0
    real = {value["metric"]: value["value"] for value in edges.of_reals({})}
    assert real["seam_real"] == pytest.approx(15.0)
    assert {value["value"] for value in edges.of_samples("photo", photos, {})} == {0.0}


def test_leakage_is_the_mean_cosine_distance_of_all_pairs():
    """Directions at 0, 60 and 90 degrees, and three equal ones."""
    several = np.stack([plain((0, 0, 9), RED, YELLOW), plain(RED, RED, RED)])
    expected = sum(1 - math.cos(math.radians(angle)) for angle in (60, 90, 30)) / 3 / 2
    features = samples_to_features(Turned(60, 30).encode, several, 2, "cpu")
    assert leakage(features) == pytest.approx(expected, abs=1e-6)
