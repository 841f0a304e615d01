"""Sheets of all three sets: a group for each, lines of equal tiles, grey ones with why where a set was left out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stages.draw.grid import Group, Measures, Row, Sheet, sheet_to_figure
from stages.papers.onegan.report.names import SETS
from stages.papers.onegan.report.samples import Sample

MEASURES = Measures(tile=128, label=330, head=40, title=54)
ALONE = 4  # columns of reasons where no set was run
KEY_LETTERS = 28  # of a photo's name, in captions

Tile = np.ndarray | str | None


def to_figure(
    labels: Sequence[str], lines: Mapping[str, Sequence[Row]], samples: Mapping[str, Sample], gaps: tuple[int, ...] = ()
) -> Any:
    """A group for each set; `lines` has the rows of the sets that were run, `labels` those of the others.

    Shorter rows are filled up with empty places, those of a set that was left out with its reason.
    """
    count = max((len(row.tiles) for rows in lines.values() for row in rows), default=ALONE)
    groups = []
    for name, title in SETS.items():
        if name in lines:
            groups.append(Group(title, tuple(filled(row, count) for row in lines[name])))
        else:
            reason = f"not run: {samples[name].reason}"
            groups.append(Group(title, tuple(Row(label, (reason,) * count) for label in labels)))
    return sheet_to_figure(Sheet(("",) * count, tuple(groups), gaps), MEASURES)


def filled(row: Row, count: int) -> Row:
    """A row with as many places as the widest has."""
    more = count - len(row.tiles)
    return Row(row.label, (*row.tiles, *[None] * more), (*row.notes, *[""] * more) if row.notes else ())


def grey(mask: np.ndarray) -> np.ndarray:
    """A soft mask as a picture. Shapes: uint8 [S S] -> [S S 3]."""
    return np.repeat(mask[..., None], 3, axis=2)


def said_of(samples: Mapping[str, Sample], keys: Mapping[str, Sequence[str]]) -> str:
    """The end of a caption: which photos are shown, and which sets were not run."""
    said = [
        f"{SETS[name]}: {', '.join(str(key).rpartition('/')[2][:KEY_LETTERS] for key in shown)}."
        for name, shown in keys.items()
    ]
    absent = [f"{SETS[name]} ({one.reason})" for name, one in samples.items() if one.reason]
    said += [f"Not run: {', '.join(absent)}."] if absent else []
    return " ".join(said)
