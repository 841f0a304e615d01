"""How child and parent classes that the encoders read off test photos agree with labels and with colours.

Source: spec §5.1, claims O1 and O11; settled 18, 19.
"""

from typing import Any

import numpy as np

from stages.data.prepared.order import digest
from stages.data.prepared.packed import Packed
from stages.metrics.clusters import clusters_to_accuracy, clusters_to_information, clusters_to_purity
from stages.papers.onegan.passes import Encoded
from stages.papers.onegan.quality_keys import QualityBlock
from stages.papers.onegan.scores import Scores

METRICS = ("ACC", "NMI", "NMI_max", "NMI_parent", "purity_parent", "NMI_colour", "NMI_label")


def measure_groups(block: QualityBlock, data: Packed, seen: Encoded, children: int, parents: int, rows: Scores) -> None:
    """Adds ACC, NMI and purity of the clusters, how many are used, and the same of clusters in a drawn order.

    `seen` is what the encoders say of the test photos, in their order; `children` and `parents` are N_C and N_P.
    """
    test = data.positions("test")
    labels, colours = data.column("label")[test], data.column("colour")[test]
    used = len(np.unique(seen.child))
    for metric, value in (("clusters", used), ("empty_clusters", children - used)):
        said = {"split": "test", "clusters": f"argmax of {children} child logits"}
        rows.add("onegan", metric, "clusters", value, len(test), said)
    labelled = labels >= 0
    if not labelled.any():
        rows.absent |= dict.fromkeys(METRICS, "no test photo has a label")
        return
    seen = Encoded(*(values[labelled] for values in seen))
    labels, colours = labels[labelled], colours[labelled]
    said = {"split": "test", "clusters": f"argmax of {children} child logits", "labels": len(np.unique(labels))}
    for metric, value in agreement(seen.child, labels).items():
        rows.add("onegan", metric, "1", value, len(labels), said)
    of_parents = said | {"clusters": f"argmax of {parents} parent logits"}
    rows.add("onegan", "NMI_parent", "1", clusters_to_information(seen.parent, labels), len(labels), of_parents)
    rows.add("onegan", "purity_parent", "1", clusters_to_purity(seen.parent, labels), len(labels), of_parents)
    known = colours >= 0
    coloured = len(np.unique(colours[known])) > 1
    if coloured:
        add_colours(rows, "onegan", seen.child[known], colours[known], labels[known], said)
    else:
        why = "fewer than two colour groups are known on the test photos"
        rows.absent |= dict.fromkeys(("NMI_colour", "NMI_label"), why)
    add_chance(block, rows, seen.child, labels, colours if coloured else None, said)


def agreement(clusters: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """ACC by the best assignment, NMI over the arithmetic mean and over the larger of both entropies."""
    return {
        "ACC": clusters_to_accuracy(clusters, labels), "NMI": clusters_to_information(clusters, labels),
        "NMI_max": clusters_to_information(clusters, labels, "max"),
    }  # fmt: skip


def add_colours(
    rows: Scores, method: str, clusters: np.ndarray, colours: np.ndarray, labels: np.ndarray, said: dict[str, Any]
) -> None:
    """NMI with the colours of the objects and, on the same photos, with the labels: O11 compares the two."""
    groups = {"split": said["split"], "clusters": said["clusters"]}
    for metric, truth in (("NMI_colour", colours), ("NMI_label", labels)):
        value = clusters_to_information(clusters, truth)
        rows.add(method, metric, "1", value, len(truth), groups | {"groups": len(np.unique(truth))})


def add_chance(
    block: QualityBlock, rows: Scores, clusters: np.ndarray, labels: np.ndarray, colours: np.ndarray | None,
    said: dict[str, Any],
) -> None:  # fmt: skip
    """The same clusters handed out in a drawn order, a mean over several: small sets agree a good deal by chance."""
    draw = np.random.Generator(np.random.PCG64(digest(block.seed, "permuted clusters")))
    found: dict[str, list[float]] = {}
    for _ in range(block.permutations):
        drawn = draw.permutation(clusters)
        held = agreement(drawn, labels)
        if colours is not None:
            known = colours >= 0
            held["NMI_colour"] = clusters_to_information(drawn[known], colours[known])
            held["NMI_label"] = clusters_to_information(drawn[known], labels[known])
        for metric, value in held.items():
            found.setdefault(metric, []).append(value)
    for metric, values in found.items():
        counted = len(labels) if metric in ("ACC", "NMI", "NMI_max") or colours is None else int((colours >= 0).sum())
        rows.add("permuted", metric, "1", float(np.mean(values)), counted, said | {"permutations": len(values)})
