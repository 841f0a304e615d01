"""Sheets of translations: a line for each shown test item, a column for each method, a reason where there is none."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stages.draw.grid import Group, Measures, Row, Sheet, sheet_to_figure
from stages.papers.monce.report.names import TITLES
from stages.papers.monce.report.scores import Score

MEASURES = Measures(tile=192, head=78, title=54)
NOT_TRANSLATED = "not translated"
KEY_LETTERS = 24  # of an item's key, in captions

Tile = np.ndarray | str


def shown(score: Score, name: str) -> list[Tile]:
    """The pictures of a column, or why there is none, once for each shown item. Shapes: uint8 [S S 3] each.

    Raises: ValueError for another number of pictures than the score says.
    """
    count = max(1, len(score.facts.get("shown", ())))
    reason = score.run.reason if score.run.facts is None else score.facts["not_run"].get(name, "")
    if reason:
        return [f"not run: {reason}"] * count
    pictures = np.load(score.folder / f"shown_{name}.npy")
    if len(pictures) != count:
        raise ValueError(f"{score.folder}: expected {count} pictures in shown_{name}.npy, got {len(pictures)}")
    return list(pictures)


def columns_of(
    score: Score, methods: Sequence[str], headings: Mapping[str, str] | None = None
) -> dict[str, list[Tile]]:
    """A column for each method, by its heading."""
    return {heading_of(score, method, headings or {}): shown(score, method) for method in methods}


def to_figure(title: str, before: Mapping[str, Sequence[Tile]], columns: Mapping[str, Sequence[Tile]]) -> Any:
    """One group of lines: what is given in the columns `before`, then what the methods made of it."""
    lines = zip(*before.values(), *columns.values(), strict=True)
    group = Group(title, tuple(Row("", tuple(line)) for line in lines))
    return sheet_to_figure(Sheet((*before, *columns), (group,), (len(before) - 1,)), MEASURES)


def heading_of(score: Score, method: str, headings: Mapping[str, str]) -> str:
    """A method's name, with a second line where its run fails "was it translated?"."""
    name = headings.get(method, TITLES[method])
    return name if score.translated(method) else f"{name}\n({NOT_TRANSLATED})"


def said_of(score: Score, methods: Sequence[str]) -> str:
    """The end of a caption: which items, which network measured, and what was not run or not translated."""
    if score.run.facts is None:
        return f"Nothing of it was run: {score.run.reason}."
    keys = ", ".join(str(key)[:KEY_LETTERS] for key in score.facts["shown"])
    said = [f"Test items, evenly spaced over the sorted keys, none chosen: {keys}. Weights of the last step, seed 0."]
    absent = {TITLES[name]: score.facts["not_run"][name] for name in methods if name in score.facts["not_run"]}
    said += [f"Not run: {'; '.join(f'{name} ({why})' for name, why in absent.items())}."] if absent else []
    failed = [TITLES[name] for name in methods if not score.translated(name)]
    said += [f"Shown, but not translated by our gate, so in no verdict: {', '.join(failed)}."] if failed else []
    return " ".join(said)
