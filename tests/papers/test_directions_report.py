"""Tables of the direction studies and figure 7, from made-up scores whose verdicts are known."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from stages.data.files import write_json
from stages.draw import style
from stages.papers.contrasfill.report import directions, fig07, identity_direction

KFFA = {"comodgan": 40.0, "collagegan": 50.0, "contrasfill1": 55.0, "contrasfill": 60.0}
SETS = ("face", "bird", "car")


def value(method: str, dataset: str, metric: str, number: float, unit: str = "1") -> dict:
    protocol = {"hole": "box"} | ({"extractor": "unknown_encoder"} if metric == "leakage" else {})
    return {"method": method, "dataset": dataset, "metric": metric, "unit": unit, "value": number, "n": 20,
            "protocol": protocol}  # fmt: skip


def direction_score(folder: Path, dataset: str, seed: int, **changes: float) -> Path:
    values = []
    for method, angle in (KFFA | changes).items():
        values.append(value(method, dataset, "KFFA", angle + seed, "degrees"))
        values += [value(method, dataset, name, 0.5) for name in ("leakage", "realness_drift", "PD-demo")]
        values.append(value(method, dataset, "KFFA_indep", angle, "degrees"))
        values += [value(method, dataset, name, 0.1) for name in ("miss_walked", "short_images", "free_images")]
        if method != "contrasfill":
            found = ("range", "miss_calibrated", "fisher_over_random")
            values += [value(method, dataset, name, 0.1) for name in found]
    path = folder / f"{dataset}_{seed}"
    path.mkdir()
    write_json(path / "score.json", {"profile": "demo", "data": dataset, "seed": seed, "values": values})
    return path


def direction_inputs(folder: Path, seeds=(0,), **changes) -> dict[str, Path]:
    return {f"score_{name}_{seed}": direction_score(folder, name, seed, **changes) for name in SETS for seed in seeds}


def test_the_table_shows_every_method_and_where_the_claim_holds(tmp_path):
    block = directions.Block(decimals=3)
    made = directions.tabulate(block, direction_inputs(tmp_path))
    rows = list(csv.DictReader(io.StringIO(made["csv"])))
    assert len(rows) == 3 * (4 * (5 + 3) + 3 * 3)
    assert {row["ours"] for row in rows if (row["metric"], row["method"]) == ("KFFA", "contrasfill")} == {"60"}
    assert "| Face, CoModGAN, direction | 40.00 | 40.00 | 0.500 |" in made["md"]
    assert made["md"].count("| 1 of 1 |") == 9 and "0 of 1" not in made["md"]
    # The known code has no range and no direction: these places stay empty.
    line = next(line for line in made["md"].splitlines() if line.startswith("| Face, ContrasFill, known code"))
    assert line.endswith("|  |  | 0.100 | 0.1 | 0.1 |  |")
    assert r"\toprule" in made["tex"] and "demo profile" in made["tex"]


def test_a_baseline_that_changes_more_fails_the_claim(tmp_path):
    made = directions.tabulate(directions.Block(decimals=3), direction_inputs(tmp_path, collagegan=61.0))
    assert made["md"].count("0 of 1") == 3 and made["md"].count("1 of 1") == 6


def test_seeds_are_averaged_with_their_spread(tmp_path):
    made = directions.tabulate(directions.Block(decimals=3), direction_inputs(tmp_path, seeds=(0, 1, 2)))
    assert "| Face, CoModGAN, direction | 41.00 ± 1.00 |" in made["md"] and "3 of 3" in made["md"]


def test_a_missing_method_is_named(tmp_path):
    inputs = direction_inputs(tmp_path)
    path = inputs["score_bird_0"] / "score.json"
    write_json(path, {"profile": "demo", "data": "bird", "seed": 0, "values": [value("comodgan", "bird", "KFFA", 1.0)]})
    with pytest.raises(ValueError, match="bird"):
        directions.tabulate(directions.Block(decimals=3), inputs)


def identity_inputs(folder: Path, end: float, drift: float) -> dict[str, Path]:
    angles = {"end": end, "within": 35.0, "between": 90.0, "inversion": 60.0}
    values = [value("stylegan", "face", f"identity_angle_{name}", angle, "degrees") for name, angle in angles.items()]
    values.append(value("stylegan", "face", "extreme_offset", 3.0))
    for name in identity_direction.ATTRIBUTES:
        numbers = {"drift": drift, "trend": drift, "spread": 0.4}
        values += [value("stylegan", "face", f"{kind}_{name}", number) for kind, number in numbers.items()]
    write_json(folder / "score.json", {"profile": "demo", "data": "face", "seed": 0, "values": values})
    return {"score_face_0": folder}


# Within a person 35 degrees, between people 90; a change is a drift above a quarter of the deviation, 0.4.
@pytest.mark.parametrize(
    ("end", "drift", "met"), [(55.0, 0.2, 4), (95.0, 0.2, 3), (30.0, 0.2, 3), (55.0, 0.1, 2), (30.0, 0.0, 1)]
)
def test_the_identity_direction_is_entangled_where_people_stay_themselves_and_attributes_move(
    tmp_path, end, drift, met
):
    made = identity_direction.tabulate(
        identity_direction.Block(decimals=3, drift_share=0.25), identity_inputs(tmp_path, end, drift)
    )
    assert made["md"].count("1 of 1") == met and made["md"].count("0 of 1") == 4 - met
    assert f"| StyleGAN2, faces | {end:.2f} | 35.00 | 90.00 | 60.00 | 3.00 |" in made["md"]


def walk_folder(folder: Path, realness: list[float]) -> dict[str, Path]:
    pictures = np.random.default_rng(0).integers(0, 256, (3, 7, 16, 16, 3)).astype(np.uint8)
    np.save(folder / "walk.npy", pictures)
    facts = {"extremes": [1.5, 2.0, 2.5], "realness": realness, "bound_drop": 0.1, "seed": 0, "faces": 40,
             "identities": 9, "shown": ["00000", "00019", "00055"], "profile": "demo"}  # fmt: skip
    write_json(folder / "study.json", facts)
    return {"walk": folder}


def test_figure_7_has_seven_columns_with_the_inversion_in_the_middle(tmp_path):
    drawn = fig07.illustrate(fig07.Block(rows=3), walk_folder(tmp_path, [0.5, 0.05, 0.4]))
    texts = [text.get_text() for text in drawn.figure.texts]
    assert texts[:7] == ["−3/3", "−2/3", "−1/3", "inversion", "+1/3", "+2/3", "+3/3"]
    assert len(drawn.figure.axes) == 21 and "face 2\n± 2" in texts
    assert "00000, 00019, 00055" in drawn.caption and "realness of face 2 is too low" in drawn.caption
    style.save(drawn.figure, tmp_path, "fig07", drawn.profile, "0" * 64, drawn.caption)
    assert (tmp_path / "fig07.png").stat().st_size > 1000
    plain = fig07.illustrate(fig07.Block(rows=1), walk_folder(tmp_path, [0.5, 0.05, 0.4]))
    assert len(plain.figure.axes) == 7 and "too low" not in plain.caption
    with pytest.raises(ValueError, match="shows 4 faces, the study kept 3"):
        fig07.illustrate(fig07.Block(rows=4), walk_folder(tmp_path, [0.5, 0.5, 0.5]))
