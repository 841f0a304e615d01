"""What dvc.yaml shows of the stages: every path is made, every table's numbers are metrics, models are well named."""

import json

import pytest
import yaml

from stages.draw.table import COLUMNS
from stages.engine import record
from tests.house.resolved import stages_here
from tests.house.toy_graph import OWN_GRAPH, ROOT, ToyGraph

DOCUMENT = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
STAGES = stages_here()
PROFILE = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["profile"]
MADE = {out for stage in STAGES for out in stage.outs}


def here(path: str) -> str:
    return path.replace("${profile}", PROFILE)


def test_every_number_of_a_table_is_a_metric_and_drawn():
    tables = {out for out in MADE if out.startswith("results/tables/") and out.endswith(".csv")}
    tables = {out for out in tables if not out.endswith(".claims.csv")}
    assert set(DOCUMENT["metrics"]) == {out for out in MADE if out.startswith("results/tables/") and ".json" in out}
    drawn = {name for entry in DOCUMENT["plots"] if isinstance(entry, dict) for name in entry}
    verdicts = {out.replace(".verdicts.json", ".csv") for out in DOCUMENT["metrics"] if ".verdicts." in out}
    numbers = {out.replace(".metrics.json", ".csv") for out in DOCUMENT["metrics"] if ".metrics." in out}
    # Symbols and layers, no results.
    described = {f"results/tables/onegan_table{number}.csv" for number in range(1, 10)}
    described |= {"results/tables/mscond_table1.csv"}
    assert numbers | verdicts | described == tables and not described & (numbers | verdicts)
    assert numbers & verdicts == set() and numbers <= drawn and len(verdicts) == 6
    assert {entry for entry in DOCUMENT["plots"] if isinstance(entry, str)} == {o for o in MADE if o.endswith(".png")}


def test_models_are_made_by_a_stage_named_as_tags_take_it_and_drawn_with_their_curve():
    from gto.constants import assert_name_is_valid

    drawn = {name for entry in DOCUMENT["plots"] if isinstance(entry, dict) for name in entry}
    assert len(DOCUMENT["artifacts"]) == 29
    for name, entry in DOCUMENT["artifacts"].items():
        assert_name_is_valid(name)
        assert here(entry["path"]) in MADE and f"{entry['path']}/{record.FILE}" in drawn
        assert name.startswith(entry["labels"][0]) and entry["type"] == "model"


def test_templates_name_columns_that_the_files_have():
    columns = {"curve": set(record.COLUMNS), "table": set(COLUMNS)}
    for entry in DOCUMENT["plots"]:
        for shape in entry.values() if isinstance(entry, dict) else ():
            assert {shape["x"], shape["y"]} <= columns[shape["template"]]
    for name, known in columns.items():
        template = json.loads((ROOT / ".dvc/plots" / f"{name}.json").read_text())
        own = {step["as"] for step in template.get("transform", [])}
        fields = {part["field"] for part in (template["facet"], *template["spec"]["encoding"].values())}
        assert {one for one in fields if not one.startswith("<DVC_")} <= known | own | {"rev"}


@pytest.mark.parametrize(
    ("stage", "chosen", "message"),
    [
        ("    out: model/${item.set}_${item.seed}\n", "{sed: [0]}", "there is no axis sed; the closest is"),
        ("    out: model/${item.set}_${item.seed}\n", "{seed: [7]}", "artifact.seed: 7 is no point of it"),
        ("    out: tables/${item.set}\n", "{}", "expected a stage whose out is model/…, found tables/"),
    ],
)
def test_a_wrong_artifact_is_named(tmp_path, stage, chosen, message):
    toy = ToyGraph(tmp_path)
    toy.edit(OWN_GRAPH, stage, f"{stage}    artifact: {chosen}\n")
    done = toy.call("python", "-m", "stages.graph")
    assert done.returncode == 78 and message in done.stderr and OWN_GRAPH in done.stderr
