"""The table of ablations: one line for each change and set, in the order of the table, from scores by method."""

import csv
import io
import json

import pytest

from stages.papers.contrasfill.report import ablations
from tests.house.resolved import arguments_of, stages_here
from tests.papers.claim_scores import DATASETS, facts, value

METRICS = ("FD-demo", "PD-demo", "KFFA")


def inputs(folder, methods=tuple(ablations.CHANGES)):
    """Every number is a hundred times the place of its set, plus the place of its change, plus a tenth a measure."""
    found = {}
    for place, dataset in enumerate(DATASETS):
        values = [
            value(method, dataset, metric, 100.0 * place + number + 0.1 * measure)
            for number, method in enumerate(methods)
            for measure, metric in enumerate(METRICS)
        ]
        found[f"score_{dataset}_0"] = folder / dataset
        (folder / dataset).mkdir(parents=True)
        (folder / dataset / "score.json").write_text(json.dumps(facts(dataset, 0, values)), encoding="utf-8")
    return found


def test_every_change_stands_beside_contrasfill_on_every_set(tmp_path):
    made = ablations.tabulate(ablations.Block(), inputs(tmp_path))
    rows = list(csv.DictReader(io.StringIO(made["csv"])))
    assert len(rows) == len(DATASETS) * len(ablations.CHANGES) * len(METRICS)
    assert {row["profile"] for row in rows} == {"demo"}
    supcon = next(row for row in rows if (row["dataset"], row["method"], row["metric"]) == ("car", "supcon", "KFFA"))
    assert supcon["ours"] == "208.2"
    lines = [line for line in made["md"].splitlines() if line.startswith("| ") and "concatenation" in line]
    assert [line.split(" | ")[1:3] for line in lines] == [
        ["7.00", "7.100"],
        ["107.00", "107.100"],
        ["207.00", "207.100"],
    ]
    assert "In the subsample an image has one positive for each space" in made["md"], (
        "why SupCon's line changes nothing"
    )
    assert "no evidence" in made["md"] and "claims" not in made["md"]
    assert made["tex"].count(r" \\") == 1 + len(DATASETS) * len(ablations.CHANGES)


def test_a_change_without_scores_is_refused(tmp_path):
    held = tuple(name for name in ablations.CHANGES if name != "sum")
    with pytest.raises(ValueError, match="no score holds sum on face"):
        ablations.tabulate(ablations.Block(), inputs(tmp_path, held))


def test_the_changes_are_those_that_the_graph_trains():

    groups = {f"contrasfill_ablation{kind}{face}" for kind in ("", "_unweighted") for face in ("", "_face")}
    trained = [stage for stage in stages_here() if stage.group in groups]
    layers = [layer for stage in trained for layer in arguments_of(stage)[1].layers]
    variants = {layer.rpartition(".")[2] for layer in layers if ".variant." in layer}
    assert variants == set(ablations.CHANGES) - {"contrasfill"} and len(trained) == len(variants) * len(DATASETS)
