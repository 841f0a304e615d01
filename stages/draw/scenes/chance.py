"""Random generators that depend on nothing but a seed and names."""

import hashlib

import numpy as np


def generator(seed: int, *names: object) -> np.random.Generator:
    """A generator keyed by the SHA-256 of the seed and the names, so that one drawing never shifts another."""
    key = "/".join([str(seed), *(str(name) for name in names)])
    return np.random.Generator(np.random.PCG64(int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "big")))


def spread(candidates: np.ndarray, count: int) -> list[int]:
    """Positions of `count` rows far from each other: each next row maximises its distance to the rows taken so far.

    Shapes: candidates [N D] -> count positions, the first row first.
    Raises: ValueError if there are fewer candidates than rows to take.
    """
    if count > len(candidates):
        raise ValueError(f"expected at least {count} candidates to choose from, came {len(candidates)}")
    taken = [0]
    distance = np.square(candidates - candidates[0]).sum(1)
    while len(taken) < count:
        taken.append(int(distance.argmax()))
        distance = np.minimum(distance, np.square(candidates - candidates[taken[-1]]).sum(1))
    return taken
