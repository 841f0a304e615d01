"""Packs of two domains without pairs: splits trainA, trainB, testA, testB, and teachA, teachB of a drawn set."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from stages.data.image import decode_upright
from stages.data.prepared.ledger import Ledger
from stages.data.prepared.packed import Extra, Index, Row, pack
from stages.data.prepared.walk import Watch
from stages.data.raw import RawFolder
from stages.data.sets.walk import walk_of
from stages.data.sets.wide import (
    UNKNOWN,
    WideBlock,
    kinds_of,
    picture_extra,
    picture_of,
    same_size,
    square,
    square_labels,
)
from stages.data.splits import count_facts
from stages.data.truth import read_kinds, read_map

STEPS = ("found", "decode", "labels")
TRAINING = ("trainA", "trainB")
EVALUATION = ("testA", "testB")


def prepare_domains(
    name: str,
    read: Callable[[RawFolder], dict[str, list[str]]],
    block: WideBlock,
    inputs: dict[str, Path],
    out: Path,
    watch: Watch | None,
) -> None:
    """Packs all pictures of both domains; truth.npy holds what a drawn set says of where things are.

    Raises: FileNotFoundError, ValueError.
    """
    raw = RawFolder.open(inputs["raw"])
    pictures, kinds = read(raw), read_kinds(raw)
    ledger = Ledger(STEPS, root=raw.root)

    def row(key: str, name: str) -> Row:
        image, digest, found = picture_of(raw, name, decode_upright)
        where = read_map(raw, name)
        if where is None:
            truth = np.full((block.size_px, block.size_px), UNKNOWN, np.uint8)
        else:
            same_size(image, where)
            truth = square_labels(where, block.size_px)
        further = {"wide": square(image, block.wide_px), "truth": truth}
        return Row(key, square(image, block.size_px), None, found, digest, further, {"picture": found})

    def complete(keys: list[str]) -> Index:
        ledger.check(name, block.minimum_kept, block.decode_error_limit)
        splits = [key.partition("/")[0] for key in keys]
        numbers, names = kinds_of(walk.told["picture"], kinds)
        labels, values = domain_labels(splits, numbers, names)
        facts = {"wide_px": block.wide_px, **count_facts(splits, block.expected_counts)}
        return Index(splits, EVALUATION, labels, values, facts, training=TRAINING)

    listed = sorted((f"{split}/{path.rpartition('/')[2]}", path) for split, paths in pictures.items() for path in paths)
    walk = walk_of(listed, row, ledger, "pictures")
    extras = picture_extra(block) | {"truth": Extra((block.size_px, block.size_px), "|u1")}
    pack(out, name, block.size_px, False, walk, complete, ledger, extras, watch=watch)


def domain_labels(
    splits: list[str], kinds: np.ndarray, names: list[str]
) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
    """The columns kind, domain and scene (both together, -1 = not known), and what their numbers mean."""
    domains = domains_of(splits)
    scenes = np.where(kinds < 0, -1, domains * len(names) + kinds)
    values = {"kind": names, "domain": ["A", "B"], "scene": [f"{domain} {name}" for domain in "AB" for name in names]}
    return {"kind": kinds, "domain": domains, "scene": scenes}, values


def domains_of(splits: list[str]) -> np.ndarray:
    """0 for A, 1 for B. Shapes: -> int64 [n]."""
    return np.array(["AB".index(split[-1]) for split in splits], np.int64)
