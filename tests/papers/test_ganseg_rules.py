"""GANSeg's rules and detectors at their limits, on numbers that are written down here."""

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from stages.metrics.overlap import best_disc
from stages.papers.ganseg.collapse import mechanism
from stages.papers.ganseg.detectors import collapse, triviality
from stages.papers.ganseg.evaluation import landmark_values
from stages.papers.ganseg.report import embed_separation, few_points
from stages.papers.ganseg.report.names import COLUMNS, Column
from stages.papers.ganseg.report.verdicts import fixed_is_worse, original_is_reproduced, reproduced


class Table:
    """Numbers of lines by column: what the rules ask of a table."""

    profile = "paper"

    def __init__(self, lines: Mapping[str, list[float]], printed: float = 1.0):
        self.lines = {row: row for row in lines}
        self.values = {(row, column): value for row, held in lines.items() for column, value in zip(COLUMNS, held)}  # noqa: B905
        self.printed = {("original", column.dataset, column.metric): str(printed) for column in COLUMNS}

    def ours(self, row: str, column: Column) -> float | None:
        return self.values.get((row, column))


def worse(share: float, column: Column) -> float:
    """A number that is worse than 1 by this share."""
    return 1 + share if column.lower_is_better else 1 - share


def worse_by(*shares: float) -> list[float]:
    return [worse(share, column) for share, column in zip(shares, COLUMNS)]  # noqa: B905


@pytest.mark.parametrize(
    ("share", "word"),
    [(-0.5, "better"), (-0.25, "reproduced"), (0.25, "reproduced"), (0.5, "partly"), (0.75, "not reproduced")],
)
def test_both_limits_belong_to_what_they_limit(share, word):
    """Powers of two, which are off by exactly their share."""
    for column in COLUMNS:
        assert reproduced(worse(share, column), 1.0, 0.25, 0.5, column) == word


@pytest.mark.parametrize(("shares", "word"), [((0.25,) * 5, "holds"), ((-0.5, 0, 0, 0, 0), "holds"),
                                              ((0.5, 0, 0, 0, 0), "fails"), ((0, 0, 0.75, 0, 0), "fails")])  # fmt: skip
def test_what_is_reproduced_partly_does_not_meet_claim_c2(shares, word):
    found = original_is_reproduced(Table({"original": worse_by(*shares)}), 0.25, 0.5)  # pyright: ignore
    assert found.verdict.word == word and found.columns == "5 of 5"


@pytest.mark.parametrize(
    ("shares", "word"),
    [((0.25,) * 5, "holds"), ((0.1, 0.1, 0.3, 0.3, 0.9), "holds"), ((0.1, 0.1, 0.1, 0.3, 0.9), "fails"),
     ((-0.1, 0.5, 0.5, 0.5, 0.5), "fails"), ((0.0, 0.5, 0.5, 0.5, 0.5), "fails")],
)  # fmt: skip
def test_a_fixed_sigma_harms_every_column_and_the_median_severely(shares, word):
    tables = {seed: Table({"original": [1.0] * 5, "fixed": worse_by(*shares)}) for seed in range(3)}
    assert fixed_is_worse(tables, 0.25).verdict.word == word  # pyright: ignore[reportArgumentType]
    two = fixed_is_worse({seed: tables[seed] for seed in range(2)}, 0.25).verdict  # pyright: ignore
    assert two.word == "not decided" and f"by seed 0 alone it {word}" in two.why


def test_one_seed_that_is_no_worse_fails_claim_c3():
    tables = {seed: Table({"original": [1.0] * 5, "fixed": worse_by(*[0.5] * 5)}) for seed in range(3)}
    tables[1] = Table({"original": [1.0] * 5, "fixed": worse_by(0.5, -0.01, 0.5, 0.5, 0.5)})
    assert fixed_is_worse(tables, 0.25).verdict.word == "fails"  # pyright: ignore[reportArgumentType]


def hard(labels: np.ndarray) -> np.ndarray:
    """Masks of one part and, last, the background. Shapes: [N S S] -> [N 2 S S]."""
    return np.stack([labels == 1, labels == 0], 1).astype(float)


def test_one_image_again_and_again_is_a_collapse_however_rich_it_is():
    labels = np.zeros((4, 8, 8), int)
    labels[:, 2:6, 2:6] = 1
    image = np.random.default_rng(0).uniform(-1, 1, (1, 3, 8, 8))
    found = collapse(hard(labels), np.repeat(image, 4, axis=0))
    assert found.fired == ("images",) and found.values["image_deviation"] == 0


def test_a_foreground_that_is_everywhere_is_trivial_although_it_overlaps_much():
    """The object fills three quarters of its photo; a mask over all of it has that overlap too."""
    truth = np.ones((4, 8, 8), np.uint8)
    for number in range(4):
        truth[number, :, 2 * number : 2 * number + 2] = 0
    found = triviality(hard(np.ones((4, 8, 8), int)), truth)
    assert "overlap" in found.fired and found.values["iou"] == pytest.approx(0.75)
    assert "overlap" not in triviality(hard(truth.astype(int)), truth).fired


def test_the_mechanism_counts_pixels_by_part():
    """A triangle of radius 1/2 is above 1/2 within 1/4: the four middle pixels of 8. A part without extent has none."""
    block = SimpleNamespace(scale="mean_abs", feature_sizes=(8, 16), grid="pixel_center", kernel="triangle")
    corners = torch.tensor([[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]])
    points = torch.stack([corners, torch.zeros(4, 2)])[None]
    found = mechanism(SimpleNamespace(block=block), [points, points], 0.5)  # pyright: ignore[reportArgumentType]
    assert found == {"scale_largest": 0.5, "scale_median": 0.0, "heat_pixels": 2.0, "heat_side_px": 8.0}


def test_landmark_errors_are_in_percent_of_the_eyes_distance():
    """Parts at the eyes themselves; in test photos the true eyes lie a tenth of their distance lower."""
    chance = np.random.default_rng(0)
    points, test = chance.uniform(0, 256, (12, 2, 2)), chance.uniform(0, 256, (5, 2, 2))
    lower = np.zeros_like(test)
    lower[..., 1] = 0.1 * np.linalg.norm(test[:, 0] - test[:, 1], axis=1)[:, None]
    values = landmark_values((points, points, test, test + lower), {"size_px": 256})
    assert [value["metric"] for value in values] == ["landmark_error", "landmark_error_scops"]
    assert values[0]["value"] == pytest.approx(10.0) and values[0]["unit"] == "%"
    assert values[1]["value"] == pytest.approx(10.0, abs=1.0)  # its true landmarks are rounded to pixels


def test_of_equally_good_discs_the_smallest_is_taken():
    """Without any object all score 0; the smallest holds the four pixels in the middle."""
    assert best_disc(np.zeros((2, 8, 8))).radius_px == pytest.approx(0.5**0.5)


@pytest.mark.parametrize(
    ("extent", "pixels", "vanished"),
    [(0.0, 1.0, True), (1.0e-12, 1.0, False), (0.0, 2.0, False), (0.01, 5.0, False)],
)
def test_a_part_has_vanished_without_extent_and_without_pixels(extent, pixels, vanished):
    """Both limits are open: an extent of 1e-12 counts, and two pixels do."""
    run = SimpleNamespace(facts={"mechanism": {"scale_largest": extent, "heat_pixels": pixels}})
    short = few_points.Short("n1", 0, "radius_var", run)  # pyright: ignore[reportArgumentType]
    assert short.vanished(few_points.Block(profile="paper", extent=1.0e-12, pixels=2.0)) == vanished


@pytest.mark.parametrize(
    ("trained", "untrained", "word"),
    [((0.95, 0.5), (0.9, 0.4), "holds"), ((0.94, 0.5), (0.9, 0.4), "fails"), ((0.97, 0.5), (0.97, 0.4), "fails"),
     ((0.97, 0.4), (0.9, 0.4), "fails")],
)  # fmt: skip
def test_embeddings_are_separate_by_a_least_purity_and_by_training(trained, untrained, word):
    names = ("purity", "silhouette")
    entry = {
        "trained": dict(zip(names, trained, strict=True)),
        "untrained": dict(zip(names, untrained, strict=True)),
    }
    block = embed_separation.Block(profile="paper", neighbours=10, purity=0.95)
    found = embed_separation.verdict_of({"celeba_wild": entry, "taichi": {"not_run": "profile"}}, block)
    assert found.verdict.word == word and found.columns == "1 of 4"
