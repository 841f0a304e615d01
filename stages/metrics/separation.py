"""How far apart labelled groups of vectors lie, in the space they live in."""

import numpy as np


def neighbour_purity(vectors: np.ndarray, labels: np.ndarray, neighbours: int) -> float:
    """The share of each vector's nearest others that carry its own label, a mean over vectors; a vector is not its own.

    Source: spec §6.3 (with 10 neighbours). Shapes: [N D], [N]. Units: 1 = separate; chance = the shares' squares.
    Raises: ValueError with no more vectors than neighbours, or lengths that differ.
    """
    from sklearn.neighbors import NearestNeighbors

    vectors, labels = np.asarray(vectors, np.float64), np.asarray(labels)
    if len(vectors) != len(labels) or len(vectors) <= neighbours:
        came = f"{len(vectors)} and {len(labels)} labels"
        raise ValueError(f"expected more than {neighbours} labelled vectors, came {came}")
    nearest = NearestNeighbors(n_neighbors=neighbours).fit(vectors).kneighbors(return_distance=False)
    return float((labels[nearest] == labels[:, None]).mean())


def silhouette(vectors: np.ndarray, labels: np.ndarray) -> float:
    """Mean of (b − a) / max(a, b): a = mean distance within the own group, b = to the nearest other group.

    Source: spec §6.3; known (Rousseeuw 1987). Shapes: [N D], [N]. Units: −1 to 1, higher is more separate.
    Raises: ValueError with fewer than two groups, or as many groups as vectors.
    """
    from sklearn.metrics import silhouette_score

    return float(silhouette_score(np.asarray(vectors, np.float64), np.asarray(labels)))
