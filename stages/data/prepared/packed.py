"""The packed form of a prepared dataset: a few files with random access."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from stages.data.files import read_json, read_table, write_json, write_table
from stages.data.prepared.crop import tight_box
from stages.data.prepared.ledger import Ledger
from stages.data.prepared.rowfile import RowFile

BOX_COLUMNS = ("box_x1", "box_y1", "box_x2", "box_y2")


@dataclass(frozen=True)
class Row:
    """One item to write; digest = sha256 of the source's bytes; extras: its rows of the pack's further arrays.

    Shapes: image uint8 [R R 3], mask uint8 0/1 [R R].
    """

    key: str
    image: np.ndarray
    mask: np.ndarray | None
    source: str
    digest: str
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Index:
    """What is known once all rows are written, in order: splits, labels (-1 = none), names, facts, real columns."""

    splits: list[str]
    evaluation: tuple[str, ...]
    labels: Mapping[str, np.ndarray] = field(default_factory=dict)
    names: Mapping[str, list[str]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    measures: Mapping[str, np.ndarray] = field(default_factory=dict)
    training: tuple[str, ...] = ("train",)


@dataclass(frozen=True)
class Extra:
    """A further array of a pack, in a file of its own: the shape of one row and numpy's name of its type (<f4, |u1)."""

    shape: tuple[int, ...]
    kind: str


def write_packed(
    folder: Path,
    name: str,
    size_px: int,
    masks: bool,
    rows: Iterable[Row],
    complete: Callable[[list[str]], Index],
    ledger: Ledger | None = None,
    extras: Mapping[str, Extra] | None = None,
    blank_masks: bool = False,
) -> None:
    """Streams rows into a packed folder; `complete(keys)` is called after the last row and gives splits and labels.

    With `blank_masks` a mask may be empty or not known (None, written as zeros); its box is -1 then.
    Raises: ValueError for rows out of key order or of a wrong shape, another index, an empty mask, an empty split.
    """
    images = RowFile(folder / "images.npy", (size_px, size_px, 3), "|u1")
    holes = RowFile(folder / "masks.npy", (size_px, size_px), "|u1") if masks else None
    further = {name: RowFile(folder / f"{name}.npy", extra.shape, extra.kind) for name, extra in (extras or {}).items()}
    columns: dict[str, Any] = {"key": [], "split": [], "source": [], "digest": []}
    boxes: list[tuple[int, int, int, int]] = []
    for row in rows:
        if columns["key"] and row.key <= columns["key"][-1]:
            raise ValueError(f"{folder}: expected rows in key order, came {row.key!r} after {columns['key'][-1]!r}")
        images.add(row.image)
        for kind, file in further.items():
            file.add(row.extras[kind])
        if holes is not None:
            mask = np.zeros(holes.shape, np.uint8) if row.mask is None else row.mask
            box = tight_box(mask) or ((-1, -1, -1, -1) if blank_masks else None)
            if box is None:
                raise ValueError(
                    f"{folder}: expected a mask with at least one pixel for key {row.key!r}, came an empty one"
                )
            holes.add(mask)
            boxes.append(box)
        for column in ("key", "source", "digest"):
            columns[column].append(getattr(row, column))
    for file in (images, *further.values()):
        file.close()
    keys = columns["key"]
    index = complete(keys)
    if ledger is not None:
        ledger.check_splits(name, index.splits, (*index.training, *index.evaluation))
    columns["split"] = index.splits
    if holes is not None:
        holes.close()
        columns |= dict(zip(BOX_COLUMNS, np.array(boxes, np.int64).reshape(-1, 4).T, strict=True))
    columns |= {label: np.asarray(values, np.int64) for label, values in index.labels.items()}
    columns |= {measure: np.asarray(values, np.float64) for measure, values in index.measures.items()}
    types: dict[str, str] = dict.fromkeys(("key", "split", "source", "digest"), "str")
    write_table(folder / "index.parquet", columns, types)
    rejects = sorted(ledger.rejects) if ledger else []
    listed = {column: [reject[place] for reject in rejects] for place, column in enumerate(("key", "reason", "detail"))}
    write_table(folder / "rejects.parquet", listed, {"key": "str", "reason": "str", "detail": "str"})
    card = {
        "name": name,
        "size_px": size_px,
        "counts": {"kept": len(keys), "rejected": len(rejects), "reasons": ledger.reasons() if ledger else {}},
        "funnel": ledger.funnel() if ledger else [],
        "labels": {label: list(values) for label, values in index.names.items()},
        "splits": {split: index.splits.count(split) for split in sorted(set(index.splits))},
        "evaluation": list(index.evaluation),
        "facts": dict(index.facts),
    }
    if ledger and ledger.notes:
        card["notes"] = dict(sorted(ledger.notes.items()))
    write_json(folder / "card.json", card)


class Packed:
    """A packed dataset, opened for reading; images and masks stay on disk until they are indexed."""

    def __init__(self, folder: Path, card: dict, table: dict, images: np.ndarray, masks: np.ndarray | None) -> None:
        self.folder, self.card, self._table = folder, card, table
        self.images, self.masks = images, masks

    def needed_masks(self) -> np.ndarray:
        """The masks. Raises: ValueError for a set that was packed without."""
        if self.masks is None:
            raise ValueError(f"{self.folder}: expected masks.npy, this set has none")
        return self.masks

    @classmethod
    def open(cls, folder: Path) -> "Packed":
        """Raises: FileNotFoundError where a file is missing, ValueError where the files do not belong together."""
        folder = Path(folder)
        if not (folder / "card.json").is_file():
            raise FileNotFoundError(
                f"{folder}: expected a prepared dataset (card.json, index.parquet, images.npy); run prepare"
            )
        card, table = read_json(folder / "card.json"), read_table(folder / "index.parquet")
        images = _map(folder / "images.npy")
        masks = _map(folder / "masks.npy") if (folder / "masks.npy").is_file() else None
        lengths = {"index.parquet": len(table["key"]), "images.npy": len(images)} | (
            {} if masks is None else {"masks.npy": len(masks)}
        )
        if len(set(lengths.values())) != 1:
            raise ValueError(f"{folder}: expected equally many items in each file, came {lengths}; run prepare anew")
        return cls(folder, card, table, images, masks)

    def __len__(self) -> int:
        return len(self._table["key"])

    @property
    def keys(self) -> list[str]:
        """The items' keys, ascending."""
        return self._table["key"]

    def column(self, name: str) -> np.ndarray:
        """One column of the index. Raises: ValueError naming the columns that there are."""
        if name not in self._table:
            raise ValueError(f"{self.folder}: expected one of the columns {sorted(self._table)}, came {name!r}")
        return np.asarray(self._table[name])

    def array(self, name: str) -> np.ndarray:
        """A further array of the pack, still on disk. Raises: FileNotFoundError, ValueError for another length."""
        array = _map(self.folder / f"{name}.npy")
        if len(array) != len(self):
            raise ValueError(
                f"{self.folder / name}.npy: expected {len(self)} rows, came {len(array)}; run prepare anew"
            )
        return array

    def positions(self, split: str) -> np.ndarray:
        """Positions of a split, ascending; `evaluation` means the splits that the card names for it. Shapes: int64 [n].

        Raises: ValueError for a split without items.
        """
        splits = self.card["evaluation"] if split == "evaluation" else [split]
        positions = np.flatnonzero(np.isin(self.column("split"), splits))
        if not len(positions):
            raise ValueError(
                f"{self.folder}: expected items of the split {split!r}, came the splits {self.card['splits']}"
            )
        return positions


def _map(path: Path) -> np.ndarray:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected the packed array of a prepared dataset; run prepare anew")
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(
            f"{path}: expected a whole .npy file, came one that does not open ({error}); run prepare anew"
        ) from error
