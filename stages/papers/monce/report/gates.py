"""Whether the runs of scores were translated at all, with the numbers that decide it."""

from collections.abc import Mapping

from stages.draw.table import rows_to_markdown
from stages.papers.monce.report.names import SETS, TITLES
from stages.papers.monce.report.scores import Score

RULE = (
    "A run is translated where the distance of what it made from the target is at most a quarter of the source's own, "
    "and, where drawn truth is there, half of its pictures get a class of the target.\n\n"
)


def gates(scores: Mapping[str, Score]) -> str:
    """A line for each run that has a gate."""
    rows = []
    for name, score in scores.items():
        for run, gate in score.facts.get("gate", {}).items():
            share = "" if gate.get("share") is None else f"{gate['share']:.0%}"
            word = "yes" if gate["translated"] else "no"
            method, _, seed = run.partition("_")
            label = TITLES[method] + (f", seed {seed}" if seed else "")
            rows.append([f"{SETS[name]}: {label}", f"{gate['made']:.4g}", f"{gate['source']:.4g}", share, word])
    if not rows:
        return f"{RULE}No run was made.\n"
    head = ["run", "made to target", "source to target", "of a target class", "translated"]
    return RULE + rows_to_markdown(head, rows)
