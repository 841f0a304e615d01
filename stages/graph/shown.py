"""What DVC shows beside the stages: metrics are tables' numbers, plots tables, figures and curves, artifacts models.

`dvc metrics`, `dvc plots`, `dvc exp show` and `dvc artifacts` read these; nothing runs for them. Tables and figures
follow by rule, models are those that an entry's `artifact` chooses: DVC has no matrix here, and resolves every line in
each call.
"""

from collections.abc import Sequence
from pathlib import PurePosixPath

from stages.graph.group import Group
from stages.graph.inputs import STORE
from stages.graph.template import fill, points

MODEL = f"{STORE}/model/"
# Templates of ours in .dvc/plots; the columns are those of stages/draw/table.py and stages/engine/record.py.
TABLE = "{x: ours, y: method, template: table}"
CURVE = "{x: step, y: value, template: curve}"


def shown(made: Sequence[Group]) -> dict[str, list[str]]:
    """The lines of each top-level section of dvc.yaml, in the order of the stages.

    Raises: ValueError where two models would have one name.
    """
    metrics, plots, artifacts = [], [], {}
    for group in made:
        for point in points(group.axes):
            outs = [fill(out, {f"item.{axis}": value for axis, value in point.items()}) for out in group.outs]
            final = [out for out in outs if out.startswith(("results/tables/", "results/figures/"))]
            cells = {out.removesuffix(".metrics.json") + ".csv" for out in final if out.endswith(".metrics.json")}
            metrics += [f"- {out}" for out in final if out.endswith(".json")]
            plots += [f"- {out}: {TABLE}" for out in final if out in cells]
            plots += [f"- {out}" for out in final if out.endswith(".png")]
            chosen = group.entry.artifact
            if chosen is None or not all(point[axis] in wanted for axis, wanted in chosen.items()):
                continue
            plots.append(f"- {outs[0]}/curve.csv: {CURVE}")
            if (name := _name(outs[0])) in artifacts:
                raise ValueError(f"{group.file}: stage {group.name}: artifact: {name} is one already")
            paper = PurePosixPath(group.file).parent.name
            artifacts[name] = f'{name}: {{path: "{outs[0]}", type: model, labels: [{paper}]}}'
    return {"metrics": metrics, "plots": plots, "artifacts": list(artifacts.values())}


def _name(out: str) -> str:
    """A model's name as DVC and git tags take it: small letters, digits and `-`, the paper's name first."""
    paper, _, name = out.removeprefix(MODEL).partition("/")
    return f"{paper}-{name.removeprefix(f'{paper}_')}".replace("_", "-").lower()
