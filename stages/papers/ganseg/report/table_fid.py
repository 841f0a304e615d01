"""The Fréchet distances of section C: generated images against the training photos, ours beside the printed FID.

Source: supp §C (claim C1).
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from stages.block import Block as Base
from stages.draw.latex import cells_to_line, tabular, with_printed
from stages.draw.runs import Run, open_runs
from stages.draw.style import stamp
from stages.draw.table import Row, check_same, protocol_to_text, read_reported, rows_to_csv, rows_to_markdown
from stages.papers.ganseg.report.names import DATASETS, NOT_RUN


class Block(Base):
    """The profile that the table is about."""

    profile: Literal["smoke", "demo", "lite", "paper"]


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """The table as csv, md and tex, from `fidelity_main_<set>` folders and the `reported` values.

    Raises: ValueError where the sets were measured by different networks.
    """
    runs = {name: run for (_, name), run in open_runs(inputs, "fidelity").items()}
    printed = {name: value for (_, name, _), value in read_reported(inputs["reported"], "fid").items()}
    name = metric_of(runs)
    rows = [to_row(runs[dataset], dataset, name, printed[dataset], block.profile) for dataset in DATASETS]
    return {
        "csv": rows_to_csv(rows),
        "md": to_markdown(rows, name, block.profile),
        "tex": to_latex(rows, name, block.profile),
    }


def metric_of(runs: Mapping[str, Run]) -> str:
    """FID, or what stands in its place. Raises: ValueError where sets have different ones."""
    held = [(name, run.facts["values"][0]["metric"]) for name, run in runs.items() if run.facts is not None]
    check_same("measure", held)
    return held[0][1] if held else "FID"


def to_row(run: Run, dataset: str, metric: str, printed: str, profile: str) -> Row:
    """One line; a difference only where ours is FID itself."""
    value = run.value(metric)
    row = Row("original", dataset, metric, "1", NOT_RUN, profile, seeds="0", printed=printed, protocol=run.reason)
    if value is None:
        return row
    protocol, difference = dict(value["protocol"]), ""
    if metric != "FID":
        protocol["printed"] = "FID, another measure: not comparable in value"
    else:
        difference = f"{value['value'] - float(printed):.6g}"
    said = protocol_to_text(protocol.items())
    return replace(row, ours=f"{value['value']:.6g}", seeds="1", difference=difference, protocol=said)


def to_markdown(rows: list[Row], metric: str, profile: str) -> str:
    """One line a set: ours, printed, their ratio where both are FID."""
    lines = []
    for row in rows:
        both = row.difference != ""
        ratio = f"{float(row.ours) / float(row.printed):.2f}" if both else "not comparable"
        ours = row.ours if row.ours == NOT_RUN else f"{float(row.ours):.2f}"
        lines.append([DATASETS[row.dataset], ours, row.printed, row.difference or "not comparable", ratio])
    other = "" if metric == "FID" else f" {metric} stands where the paper has FID: another network, not comparable."
    return "\n".join([
        f"# Image quality of the main models (§C), {profile} profile\n",
        f"{stamp(profile).capitalize()}. Generated images against the training photos; lower is better; not comparable "
        f"across sets.{other}\n",
        rows_to_markdown(["", f"ours ({metric})", "printed (FID)", "difference", "ours / printed"], lines),
        "## How each line was measured\n",
        "".join(f"- {DATASETS[row.dataset]}: {row.protocol}\n" for row in rows),
    ])  # fmt: skip


def to_latex(rows: list[Row], metric: str, profile: str) -> str:
    """A booktabs tabular with one column a set."""
    notes = [
        f"Image quality, section C; {stamp(profile)}.",
        "Needs booktabs and xcolor. Each cell: ours (printed FID).",
    ]
    body = [[metric, *(with_printed(row.ours, row.printed) for row in rows)]]
    return tabular(notes, "lcccc", [cells_to_line(["", *DATASETS.values()])], body)
