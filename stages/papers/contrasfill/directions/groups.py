"""Groups of alike features: k-means, and the members nearest to each centre."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Groups:
    """Members of all clusters, nearest first within each; `small` counts clusters that had fewer than were wanted.

    Shapes: members int64 [K], rows of the clustered features; labels int64 [K], their clusters.
    """

    members: np.ndarray
    labels: np.ndarray
    small: int
    inertia: float
    iterations: int


def unit_rows(features: np.ndarray) -> np.ndarray:
    """Rows of length 1. Raises: ValueError naming the first row that is zero."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    if not lengths.all():
        raise ValueError(f"feature {int(np.flatnonzero(lengths[:, 0] == 0)[0])} is zero and has no direction")
    return features / lengths


def cluster(features: np.ndarray, clusters: int, iterations: int, seed: int) -> tuple[np.ndarray, np.ndarray, int]:
    """k-means with k-means++ starts, one start, in one thread so that the bits do not depend on the machine's cores.

    Source: supp §4.1 (k-means into 1k clusters); the start and the number of iterations are ours (gap G26).
    Shapes: float32 [N D] → (centres [clusters D], labels int64 [N], iterations run).
    Raises: ValueError for fewer features than clusters.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    if len(features) < clusters:
        raise ValueError(f"{clusters} clusters need as many features, came {len(features)}: raise the key codes")
    with threadpool_limits(1):
        # The stubs know n_init="auto" alone.
        found = KMeans(clusters, init="k-means++", n_init=1, max_iter=iterations, random_state=seed).fit(features)  # pyright: ignore[reportArgumentType]
    return found.cluster_centers_, np.asarray(found.labels_).astype(np.int64), int(found.n_iter_)


def nearest_members(features: np.ndarray, centres: np.ndarray, labels: np.ndarray, count: int) -> Groups:
    """The `count` members of each cluster that are nearest to its centre; all of a cluster that has fewer.

    Source: supp §4.1 (top 10). Equally near members go by their number.
    Shapes: [N D], [C D], [N].
    """
    distances = np.square(features - centres[labels]).sum(1)
    order = np.lexsort((np.arange(len(labels)), distances, labels))
    sizes = np.bincount(labels, minlength=len(centres))
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    rank = np.arange(len(order)) - first[labels[order]]
    members = order[rank < count]
    return Groups(members, labels[members], int((sizes < count).sum()), float(distances.sum()), 0)


def group(features: np.ndarray, clusters: int, nearest: int, iterations: int, seed: int) -> Groups:
    """k-means on features of unit length, then the nearest members. Source: supp §4.1; unit length: ours (gap G26)."""
    unit = unit_rows(features)
    centres, labels, run = cluster(unit, clusters, iterations, seed)
    found = nearest_members(unit, centres, labels, nearest)
    return Groups(found.members, found.labels, found.small, found.inertia, run)
