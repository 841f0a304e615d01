"""How clusters that were found without labels agree with labels."""

import numpy as np


def clusters_to_accuracy(clusters: np.ndarray, labels: np.ndarray) -> float:
    """The share of items that are right under the best one-to-one assignment of clusters to labels.

    ACC = max over assignments a of Σ_k |{i: c_i = k, y_i = a(k)}| / N; where clusters and labels differ in number, the
    ones left over score nothing.

    Source: spec §5.1 (Hungarian matching, rectangular). Shapes: [N], [N] of any integers. Units: 1.
    Raises: ValueError for no items or lengths that differ.
    """
    from scipy.optimize import linear_sum_assignment

    table = _table(clusters, labels)
    rows, columns = linear_sum_assignment(table, maximize=True)
    return float(table[rows, columns].sum() / table.sum())


def clusters_to_information(clusters: np.ndarray, labels: np.ndarray, norm: str = "arithmetic") -> float:
    """Normalised mutual information I(c; y) / norm(H(c), H(y)); 0 where only one of the two has a single value.

    Source: spec §5.1: the arithmetic mean is the headline, `max` what C3-GAN's script divides by.
    Shapes: [N], [N] of any integers. Units: 1.
    Raises: ValueError for no items or lengths that differ.
    """
    from sklearn.metrics import normalized_mutual_info_score

    _table(clusters, labels)
    return float(normalized_mutual_info_score(labels, clusters, average_method=norm))


def clusters_to_purity(clusters: np.ndarray, labels: np.ndarray) -> float:
    """The share of items whose label is the commonest of their cluster.

    Source: known. Shapes: [N], [N] of any integers. Units: 1. Raises: ValueError as `clusters_to_accuracy`.
    """
    table = _table(clusters, labels)
    return float(table.max(axis=1).sum() / table.sum())


def _table(clusters: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How many items of each cluster have each label. Shapes: -> int64 [clusters labels], those that occur."""
    clusters, labels = np.asarray(clusters), np.asarray(labels)
    if clusters.ndim != 1 or clusters.shape != labels.shape or not len(clusters):
        raise ValueError(f"expected a cluster and a label of each item, came {clusters.shape} and {labels.shape}")
    found, rows = np.unique(clusters, return_inverse=True)
    known, columns = np.unique(labels, return_inverse=True)
    table = np.zeros((len(found), len(known)), np.int64)
    np.add.at(table, (rows, columns), 1)
    return table
