"""How well embeddings of different parts, background included, are apart: claim C7.

Source: supp §D; measures ours (gap G19).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from stages.block import Block as Base
from stages.data.files import read_json
from stages.draw.runs import not_run
from stages.papers.ganseg.report.names import DATASETS
from stages.papers.ganseg.report.verdicts import Ruled, ruled

MEASURES = ("purity", "silhouette")


class Block(Base):
    """Neighbours whose labels are counted, and the least purity that counts as separate."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    neighbours: int = Field(gt=0)
    purity: float = Field(gt=0, le=1)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """One JSON from `sample_<set>` of every set."""
    sets = {name: measured(inputs[f"sample_{name}"], block.neighbours) for name in DATASETS}
    verdict = verdict_of(sets, block)
    content = {
        "profile": block.profile,
        "neighbours": block.neighbours,
        "sets": sets,
        "claims": {"C7": verdict.entry()},
        "note": "w_k = w_const_k * w_dynamic: the part vectors of one image share a factor, so some separation is "
        "built in. `untrained` measures the same network with the same noise before training.",
    }
    return {"json": json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False) + "\n"}


def measured(folder: Path, neighbours: int) -> dict[str, Any]:
    """Purity and silhouette of trained and untrained embeddings in their own space, not in t-SNE's plane."""
    reason = not_run(folder)
    if reason is not None:
        return {"not_run": reason}
    facts = {key: read_json(folder / "sample.json")[key] for key in ("generations", "parts", "seed")}
    return facts | {
        "fingerprint": read_json(folder / "receipt.json")["fingerprint"],
        "trained": separation(np.load(folder / "embeddings.npy"), neighbours),
        "untrained": separation(np.load(folder / "untrained.npy"), neighbours),
    }


def separation(embeddings: np.ndarray, neighbours: int) -> dict[str, float]:
    """Share of nearest neighbours with the same label, and the mean silhouette. Shapes: float [N, K + 1, d]."""
    from stages.metrics.separation import neighbour_purity, silhouette

    vectors = embeddings.reshape(-1, embeddings.shape[-1]).astype(np.float64)
    labels = np.tile(np.arange(embeddings.shape[1]), len(embeddings))
    return {
        "purity": round(neighbour_purity(vectors, labels, neighbours), 6),
        "silhouette": round(silhouette(vectors, labels), 6),
    }


def verdict_of(sets: Mapping[str, Mapping[str, Any]], block: Block) -> Ruled:
    """C7: the purity reaches the block's on every set that ran, and both measures are above the untrained network's."""
    said = []
    for name, entry in sets.items():
        if "trained" in entry:
            trained, bare = entry["trained"], entry["untrained"]
            words = ", ".join(f"{what} {trained[what]:.3f} (untrained {bare[what]:.3f})" for what in MEASURES)
            met = trained["purity"] >= block.purity and all(trained[what] > bare[what] for what in MEASURES)
            said.append((DATASETS[name], words, met))
    rule = (
        f"{block.neighbours}-neighbour purity at least {block.purity:g} on every set, purity and silhouette above "
        "those of the untrained network"
    )
    return ruled("C7", rule, block.profile, said, len(DATASETS))
