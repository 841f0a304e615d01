"""Which items and classes figures and measures show: far apart, alike, or surest. No torch here.

Source: spec §6.1, §6.3; the text does not say how it chose (gap G13).
"""

from typing import NamedTuple

import numpy as np

NEAR = 2  # groups of references that are alike
POOL = 3  # times as many of the surest classes as are shown, out of which colours are spread


class References(NamedTuple):
    """Places of the chosen items, and the group of each: 0 for those spread apart, 1 and 2 for those alike."""

    places: np.ndarray
    groups: np.ndarray


class Targets(NamedTuple):
    """Child classes in order, and for each the place of the item that is surest of it, and its probability."""

    children: np.ndarray
    places: np.ndarray
    shares: np.ndarray


def farthest(features: np.ndarray, first: int, count: int) -> np.ndarray:
    """Farthest-point sampling: next always the item whose nearest chosen one is farthest; of equal ones the first.

    Source: spec §6.1. Shapes: [N D] -> int64 [count], the first item first.
    Raises: ValueError for more items than there are.
    """
    if not 0 < count <= len(features):
        raise ValueError(f"expected to choose 1 to {len(features)} items, came {count}")
    chosen = [first]
    distance = np.linalg.norm(features - features[first], axis=1)
    while len(chosen) < count:
        distance[chosen] = -1
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(features - features[chosen[-1]], axis=1))
    return np.array(chosen, np.int64)


def references(features: np.ndarray, order: np.ndarray, count: int) -> References:
    """Half of them spread apart, the others in groups of near neighbours: two groups where each has at least two.

    Spreading begins with the first item of `order`, each group with the next item of it that is still free.
    Source: spec §6.1 (D.1 shows very different and very similar classes). Shapes: [N D], int64 [N] -> [count] twice.
    Raises: ValueError for more than there are.
    """
    if count > len(order):
        raise ValueError(f"key columns: expected at most {len(order)}, the test photos, came {count}")
    spread = farthest(features, int(order[0]), count - count // 2)
    places, groups = spread.tolist(), [0] * len(spread)
    left = count // 2
    wanted = NEAR if left >= 2 * NEAR else min(left, 1)
    for group in range(1, wanted + 1):
        size = left // (wanted - group + 1)
        left -= size
        anchor = next(int(place) for place in order if int(place) not in places)
        distance = np.linalg.norm(features - features[anchor], axis=1)
        distance[places] = np.inf
        places += np.argsort(distance, kind="stable")[:size].tolist()
        groups += [group] * size
    return References(np.array(places, np.int64), np.array(groups, np.int64))


def targets(shares: np.ndarray, colours: np.ndarray, count: int) -> Targets:
    """Child classes with the surest items, out of three times as many those of most different colours.

    Source: spec §6.3. Shapes: p(child) [N N_C]; mean colour of each item's object [N 3].
    """
    best, held = shares.max(axis=0), shares.argmax(axis=0)
    count = min(count, shares.shape[1])
    pool = np.argsort(-best, kind="stable")[: POOL * count]
    children = np.sort(pool[farthest(colours[held[pool]], 0, count)])
    return Targets(children, held[children], best[children])


def object_colours(images: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """The mean colour under a soft mask. Shapes: uint8 [N S S 3], [N S S] in [0, 1] -> float64 [N 3] in 0..1."""
    sums = np.stack(
        [np.tensordot(mask, image, 2) for image, mask in zip(images, masks.astype(np.float64), strict=True)]
    )
    return sums / 255 / np.maximum(masks.sum(axis=(1, 2), dtype=np.float64), 1e-6)[:, None]
