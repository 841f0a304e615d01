"""The packed form of a prepared dataset: a few files with random access."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from stages.data.files import read_json, read_table, write_json, write_table
from stages.data.prepared.growing import Growing
from stages.data.prepared.ledger import Ledger
from stages.data.prepared.row import Extra as Extra
from stages.data.prepared.row import Row as Row
from stages.data.prepared.rows import Rows
from stages.data.prepared.walk import Walk, Watch

BOX_COLUMNS = ("box_x1", "box_y1", "box_x2", "box_y2")


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


def pack(
    folder: Path,
    name: str,
    size_px: int,
    masks: bool,
    walk: Walk,
    complete: Callable[[list[str]], Index],
    ledger: Ledger | None,
    extras: Mapping[str, Extra] | None = None,
    blank_masks: bool = False,
    watch: Watch | None = None,
) -> None:
    """Walks over items into a packed folder; `complete(keys)` is called after the last one and gives splits and labels.

    Raises: ValueError as `Growing`, for another index and for an empty split.
    """
    growing = Growing(watch.resume / "arrays" if watch else folder, size_px, masks, extras or {}, blank_masks)
    account = Ledger(()) if ledger is None else ledger
    walk.run(growing, account, watch)
    growing.finish(folder)
    index = complete(growing.keys)
    if ledger is not None:
        ledger.check_splits(name, index.splits, (*index.training, *index.evaluation))
    columns: dict[str, Any] = {
        "key": growing.keys, "split": index.splits, "source": growing.sources, "digest": growing.digests
    }  # fmt: skip
    if masks:
        columns |= dict(zip(BOX_COLUMNS, np.array(growing.boxes, np.int64).reshape(-1, 4).T, strict=True))
    columns |= {label: np.asarray(values, np.int64) for label, values in index.labels.items()}
    columns |= {measure: np.asarray(values, np.float64) for measure, values in index.measures.items()}
    types: dict[str, str] = dict.fromkeys(("key", "split", "source", "digest"), "str")
    write_table(folder / "index.parquet", columns, types)
    rejects = sorted(account.rejects)
    listed = {column: [reject[place] for reject in rejects] for place, column in enumerate(("key", "reason", "detail"))}
    write_table(folder / "rejects.parquet", listed, {"key": "str", "reason": "str", "detail": "str"})
    card = {
        "name": name,
        "size_px": size_px,
        "counts": {"kept": len(growing.keys), "rejected": len(rejects), "reasons": account.reasons()},
        "funnel": account.funnel(),
        "labels": {label: list(values) for label, values in index.names.items()},
        "splits": {split: index.splits.count(split) for split in sorted(set(index.splits))},
        "evaluation": list(index.evaluation),
        "facts": dict(index.facts),
    }
    if account.notes:
        card["notes"] = dict(sorted(account.notes.items()))
    write_json(folder / "card.json", card)


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
    """Packs rows that cost little, as `pack` does; a run that is killed begins anew."""
    walk = Walk(((row.key, row.source, row) for row in rows), 0, lambda key, place, row: row, "rows")
    pack(folder, name, size_px, masks, walk, complete, ledger, extras, blank_masks)


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

    def rows(self, name: str) -> Rows:
        """What reads rows of images, masks or a further array. Raises: FileNotFoundError, ValueError as `array`."""
        self.array(name)
        return Rows(self.folder / f"{name}.npy")

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
