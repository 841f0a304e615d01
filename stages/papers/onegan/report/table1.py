"""Table 1: the symbols of the text, with the sizes that each set's model was trained at. Source: supp Table 1."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stages import yaml_text
from stages.data.files import read_json
from stages.draw.latex import cells_to_line, escaped, tabular
from stages.draw.runs import not_run
from stages.draw.style import stamp
from stages.draw.table import Row, rows_to_csv, rows_to_markdown
from stages.papers.onegan.report.block import ReportBlock as Block
from stages.papers.onegan.report.given import printed_sizes
from stages.papers.onegan.report.names import SETS
from stages.papers.onegan.report.pages import NOT_RUN

HEAD = ["", "symbol", "description", "computed as", "printed", *SETS.values()]


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv of the sizes, md and tex of all symbols, from notation, reported and model_<set>."""
    listed: list[dict[str, str]] = yaml_text.load(inputs["notation"])
    printed, models = (
        printed_sizes(inputs["reported"]),
        {name: open_model(inputs, name, block.profile) for name in SETS},
    )
    sizes = [one for one in listed if "key" in one]
    rows = [to_row(one, name, models[name], printed, block.profile) for one in sizes for name in SETS]
    said = (
        f"# Notation, {block.profile} profile\n\n{stamp(block.profile).capitalize()}. Table 1 of the text; at the "
        "right the sizes of each set's model. d_z and H, W follow the profile, N_C and N_P the set (gap G6).\n\n"
    )
    body = [cells(one, printed, models) for one in listed]
    tex = [[one["kind"], one["tex"], *map(escaped, plain(line[2:]))] for one, line in zip(listed, body, strict=True)]
    notes = [f"Notation; {stamp(block.profile)}.", "Needs booktabs."]
    head = [cells_to_line(map(escaped, HEAD))]
    return {
        "csv": rows_to_csv(rows), "md": said + rows_to_markdown(HEAD, body),
        "tex": tabular(notes, "l" * 4 + "r" * (len(HEAD) - 4), head, tex),
    }  # fmt: skip


def open_model(inputs: Mapping[str, Path], dataset: str, profile: str) -> dict[str, Any] | str:
    """The keys that a set's model was trained with, or why there is none.

    Raises: ValueError for an input that is missing or of another profile.
    """
    if (name := f"model_{dataset}") not in inputs:
        raise ValueError(f"expected an input named {name}, got {sorted(inputs)}")
    if (reason := not_run(inputs[name])) is not None:
        return reason
    held: dict[str, Any] = read_json(inputs[name] / "model.json")["block"]
    if held["profile"] != profile:
        raise ValueError(f"{name}: expected a model of the profile {profile}, got {held['profile']}")
    return held


def cells(one: Mapping[str, str], printed: Mapping[str, str], models: Mapping[str, Any]) -> list[str]:
    """A symbol's line; live values where it is a size."""
    live = ["" if "key" not in one else live_value(one["key"], models[name]) for name in SETS]
    return [one["kind"], one["symbol"], one["description"], one["computed"], printed.get(one["symbol"], ""), *live]


def live_value(key: str, model: dict[str, Any] | str) -> str:
    """A model's size, or that it was not run."""
    return NOT_RUN if isinstance(model, str) else str(model[key])


def plain(texts: Sequence[str]) -> list[str]:
    """Words that LaTeX prints without its own signs for Greek letters."""
    return [text.replace("φ", "phi") for text in texts]


def to_row(one: Mapping[str, str], dataset: str, model: Any, printed: Mapping[str, str], profile: str) -> Row:
    """A size as a tidy line, with the printed one where the text has it."""
    symbol, unit = one["symbol"], "px" if one["key"] == "size_px" else "1"
    beside, live = printed.get(symbol, ""), live_value(one["key"], model)
    if isinstance(model, str):
        return Row("onegan", dataset, symbol, unit, live, profile, seeds="0", printed=beside, protocol=model)
    difference = str(int(live) - int(beside)) if beside else ""
    return Row("onegan", dataset, symbol, unit, live, profile, printed=beside, difference=difference,
               protocol=f"key={one['key']}")  # fmt: skip
