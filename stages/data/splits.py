"""Splits that depend on keys alone, never on positions."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence


def by_hash(keys: Sequence[str], evaluation_count: int, evaluation: str, asked: str = "evaluation_count") -> list[str]:
    """Sorts the keys by sha256 and holds the first `evaluation_count` out; `asked` is the parameter that says so.

    Source: spec §2.4 (gap G6). Shapes: keys [N] -> split names [N], `evaluation` or train.
    Raises: ValueError where the hold-out would not leave at least as many keys for training, or keys repeat.
    """
    if len(set(keys)) != len(keys):
        raise ValueError(f"expected distinct keys, came {len(keys) - len(set(keys))} repeated ones")
    if evaluation_count < 1 or 2 * evaluation_count > len(keys):
        raise ValueError(
            f"{asked}: expected 1 to {len(keys) // 2} of {len(keys)} kept keys, came {evaluation_count}; "
            "lower it, or supply more images"
        )
    ordered = sorted(keys, key=lambda key: hashlib.sha256(key.encode()).digest())
    held_out = set(ordered[:evaluation_count])
    return [evaluation if key in held_out else "train" for key in keys]


def count_facts(splits: Sequence[str], expected: Mapping[str, int]) -> dict[str, dict]:
    """What a card says of a published split: the known counts, and {split: [expected, came]} where they differ."""
    came = Counter(splits)
    differing = {split: [count, came[split]] for split, count in expected.items() if came[split] != count}
    return {"expected_counts": dict(expected), "count_differences": differing}
