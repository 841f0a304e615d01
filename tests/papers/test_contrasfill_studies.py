"""The smaller tables and the table of box holes from made-up scores: cells, protocols over seeds, and what they ask."""

import csv
import io
from pathlib import Path

import pytest

from stages.papers.contrasfill.report import context, disentanglement, partial_masks, table1
from tests.papers import claim_scores

REPORTED = {"reported": Path(__file__).resolve().parents[2] / "stages/papers/contrasfill/reported.csv"}
TABLES = {
    "disentanglement": (disentanglement, disentanglement.Block()),
    "partial": (partial_masks, partial_masks.Block(ratio=2.0)),
    "context": (context, context.Block()),
}


def made(folder: Path, group: str, seeds: tuple[int, ...] = (0,), fault=None) -> dict[str, str]:
    scores = claim_scores.of_group(claim_scores.all_scores(seeds), group)
    if fault:
        fault(scores)
    module, block = TABLES[group]
    return module.tabulate(block, claim_scores.write(folder, scores))


def rows(text: str) -> dict[tuple[str, str, str], dict[str, str]]:
    return {(row["method"], row["dataset"], row["metric"]): row for row in csv.DictReader(io.StringIO(text))}


def line(text: str, label: str) -> list[str]:
    found = next(line for line in text.splitlines() if line.startswith(f"| {label} |"))
    return [cell.strip() for cell in found.split("|")[2:-1]]


def test_disentanglement_has_one_line_a_grid_and_the_score_is_the_difference(tmp_path):
    found = made(tmp_path, "disentanglement")
    angles, losses = ["40.00", "10.00", "30.00", "30.00", "40.00", "10.00", "30.00"], ["0.90", "1.50", "2.71"]
    assert line(found["md"], "Face, identity") == [*angles, *losses, "0.75", ""], "the twin of faces states no accuracy"
    assert line(found["md"], "Car, colour") == [*angles, *losses, "0.75", "0.75"]
    assert len(rows(found["csv"])) == 13 + 3 * 14
    assert "sd=0.3" in rows(found["csv"])["contrasfill", "car_colour", "score_known"]["protocol"]


def test_seeds_share_a_protocol_although_each_trained_its_own_encoder(tmp_path):
    found = made(tmp_path, "disentanglement", (0, 1, 2))
    row = rows(found["csv"])["contrasfill", "car", "score_unknown"]
    assert (row["seeds"], float(row["ours"]), float(row["spread"])) == ("3", pytest.approx(30.1), pytest.approx(0.1))
    assert "extractor_sha256=each seed's own" in row["protocol"] and "sd=" not in row["protocol"]
    assert line(found["md"], "Bird, species")[6] == "30.10 ± 0.10"


def test_protocols_that_really_differ_are_still_refused(tmp_path):
    def other_view(scores):
        scores["score_face_1"]["values"][0]["protocol"]["view"] = "hole"

    with pytest.raises(ValueError, match="protocol of angle_known_between_columns on face differs"):
        made(tmp_path, "disentanglement", (0, 1), other_view)


def test_partial_holes_stand_in_the_order_of_figure_10(tmp_path):
    found = made(tmp_path, "partial")
    labels = [text.split("|")[1].strip() for text in found["md"].splitlines() if text.startswith("| ")]
    assert labels[1:5] == ["Both eyes", "One eye", "Lamps and grill", "Part of the bird"]
    assert line(found["md"], "Both eyes") == ["0.5000", "0.5000", "8.00", "9.00", "0.100"]
    assert "both eyes 0.5 > 2 × one eye 0.2 | 1 of 1" in found["md"]


def test_context_compares_both_methods_and_keeps_the_real_images_beside(tmp_path):
    found = made(tmp_path, "context")
    assert line(found["md"], "Car, context-free, pasted") == ["2.00", "2.000", "2.000"]
    assert line(found["md"], "Car, ContrasFill") == ["1.00", "1.000", "1.000"]
    assert ("real_evaluation", "bird", "seam_real") in rows(found["csv"])
    assert found["md"].count("| C9 |") == 9


@pytest.mark.parametrize("group", TABLES)
def test_a_missing_score_is_named_and_latex_is_balanced(group, tmp_path):
    text = made(tmp_path / "whole", group)["tex"]
    assert text.count("{") == text.count("}") and text.splitlines()[0].startswith("% ") and "no evidence" in text
    counts = {row.count("&") for row in text.splitlines() if row.endswith(r"\\")}
    assert len(counts) == 1
    with pytest.raises(ValueError, match=r"no score holds|expected one"):
        made(tmp_path / "part", group, fault=lambda scores: scores.pop(sorted(scores)[-1]))


def box(folder: Path, seeds: tuple[int, ...] = (0,), fault=None) -> dict[str, str]:
    scores = claim_scores.of_group(claim_scores.all_scores(seeds), "box")
    if fault:
        fault(scores)
    block = table1.Block(hole="box", fidelity_tolerance=1.15)
    return table1.tabulate(block, claim_scores.write(folder, scores) | REPORTED)


def test_box_table_has_five_methods_and_no_printed_numbers(tmp_path):
    found = box(tmp_path)
    assert "# Table 1, box holes, demo profile" in found["md"] and "not in its supplementary" in found["md"]
    assert line(found["md"], "ContrasFill-1")[:3] == ["25.00", "15.000", "15.00"]
    assert {row["printed"] for row in rows(found["csv"]).values()} == {""}
    assert "83.39" not in found["md"] and "gray" not in found["tex"]
    body = [row for row in found["tex"].splitlines() if row.endswith(r"\\")]
    assert [row.count("&") for row in body] == [3, *[9] * 6]


def test_box_table_decides_claims_12_and_13(tmp_path):
    found = box(tmp_path / "a")["md"]
    assert (
        "| C12 |" in found and "Bird 1 of 1, Car 1 of 1 | holds (demo: no evidence)" in found and "| C1 |" not in found
    )

    def weaker(scores):
        for entry in scores["score_face_0"]["values"]:
            if (entry["method"], entry["metric"]) == ("contrasfill1", "KFFA"):
                entry["value"] = 40.0

    assert "Face 0 of 1, Bird 1 of 1, Car 1 of 1 | fails (demo: no evidence)" in box(tmp_path / "b", fault=weaker)["md"]


def test_box_table_refuses_scores_of_object_masks(tmp_path):
    def object_masks(scores):
        for entry in scores["score_face_0"]["values"]:
            entry["protocol"]["hole"] = "object"

    with pytest.raises(ValueError, match="about box holes"):
        box(tmp_path, fault=object_masks)
