"""The table of what each code moves is made from scores, and its sentence counts what the scores hold."""

import json

from tests.conftest import ROOT
from tests.readme import codes, first_screen


def made(root, weak: bool):
    """Scores of seven models over three seeds: known 60 / 20, unknown 50 / 10, in one place 1.9 times."""
    for _, name in codes.ROWS:
        for seed in codes.SEEDS:
            values = {
                "angle_known_between_columns": 60.2, "angle_known_between_rows": 20.0,
                "angle_unknown_between_rows": 50.0, "angle_unknown_between_columns": 10.0,
                "loss_known": 1.23, "loss_unknown": 2.0 + seed,
            }  # fmt: skip
            if weak and (name, seed) == ("bird", 2):
                values["angle_unknown_between_columns"] = 26.0
            rows = [{"method": "contrasfill", "metric": metric, "value": value} for metric, value in values.items()]
            rows.append({"method": "comodgan", "metric": "loss_known", "value": 99.0})
            folder = root / codes.STORE / f"{name}_{seed}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "score.json").write_text(json.dumps({"values": rows}))
    return codes.scores(root)


def test_numbers_stand_by_seed_and_every_comparison_is_counted(tmp_path):
    text = codes.block(made(tmp_path, weak=False))
    assert text.count("\n| ") == 7
    row = "| 60, 60, 60 | 20, 20, 20 | 50, 50, 50 | 10, 10, 10 | 1.2, 1.2, 1.2 | 2.0, 3.0, 4.0 |"
    assert f"| Cars, shape, box holes {row}\n" in text
    assert text.endswith(
        "In 42 of 42 comparisons a code moves its own space at least twice as far as the other code does.\n"
    )


def test_a_comparison_below_two_is_named(tmp_path):
    text = codes.block(made(tmp_path, weak=True))
    assert "In 41 of 42 comparisons" in text
    assert text.endswith("does, else 1.92 times in E_u (birds, object masks, seed 2).\n")


def test_a_score_that_is_not_built_leaves_the_page_as_it_is(tmp_path):
    made(tmp_path, weak=False)
    (tmp_path / codes.STORE / "car_1" / "score.json").unlink()
    assert codes.scores(tmp_path) is None


def test_the_page_has_the_block():
    inside = first_screen.block((ROOT / codes.PAGE).read_text(encoding="utf-8"), "codes")[1]
    assert inside.startswith(codes.HEAD) and all(f"\n| {label} | " in inside for label, _ in codes.ROWS)
