"""How far so many Sinkhorn iterations leave loss, gradient and row sums from many more: gap G5. Source: spec §10.2."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.draw.latex import cells_to_line, escaped, tabular
from stages.draw.style import stamp
from stages.draw.table import Row, protocol_to_text, rows_to_csv, rows_to_markdown
from stages.papers.monce.report.block import ReportBlock as Block
from stages.papers.monce.report.scores import open_score

ERRORS = {"loss_error": "loss", "gradient_error": "gradient", "row_error": "row sum"}
HEAD = ["iterations", "differentiated", "negatives", "beta", "largest loss error", "gradient error", "row error"]


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex, from transport; md and tex have the largest error over the counts of positions."""
    facts = open_score(inputs, "transport", block.profile).facts
    shared = {key: value for key, value in facts.items() if key not in ("paper", "profile", "rows")}
    rows = [to_row(row, error, block.profile, shared) for row in facts["rows"] for error in ERRORS]
    lines = worst(facts["rows"])
    said = (
        f"Relative errors of loss and gradient against {facts['reference']} iterations that are differentiated as they "
        "run; largest error of a row sum; the largest over all counts of positions. Columns are exact always. The "
        "paper profile has 50 iterations, the demo 10."
    )
    title = "Iterations of optimal transport"
    head = f"# {title}, {block.profile} profile\n\n{stamp(block.profile).capitalize()}. {said}\n\n"
    notes = [f"{title}; {stamp(block.profile)}.", "Needs booktabs."]
    body = [[escaped(text) for text in line] for line in lines]
    tex = tabular(notes, "rllrrrr", [cells_to_line(map(escaped, HEAD))], body)
    return {"csv": rows_to_csv(rows), "md": head + rows_to_markdown(HEAD, lines), "tex": tex}


def to_row(row: Mapping[str, Any], error: str, profile: str, shared: Mapping[str, Any]) -> Row:
    """One error of one point as a tidy line."""
    method = f"{row['gradient']} {row['iterations']}"
    dataset = f"N {row['positions']}, {row['favour']}, beta {row['beta']:g}"
    return Row(method, dataset, error, "1", f"{row[error]:.6g}", profile, protocol=protocol_to_text(shared.items()))


def worst(rows: list[dict[str, Any]]) -> list[list[str]]:
    """The largest errors over the counts of positions, a line for each of the other choices."""
    found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["iterations"], row["gradient"], row["favour"], row["beta"]), []).append(row)
    return [
        [str(count), gradient, favour, f"{beta:g}", *(f"{max(row[error] for row in held):.1e}" for error in ERRORS)]
        for (count, gradient, favour, beta), held in sorted(found.items())
    ]
