"""How much of its source a translation kept: by what looks alike, by edges, by perceptual distance, by the truth."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stages.metrics.features import images_to_batches
from stages.metrics.overlap import masks_to_iou
from stages.metrics.perceptual import Perceptor, maps_to_unit, unit_to_layer
from stages.metrics.rows import Rows
from stages.metrics.scorer import Scorer, digest_of
from stages.metrics.self_similarity import maps_to_content_distance
from stages.metrics.structure import images_to_background_distance, images_to_edge_distance
from stages.nets.segmenter import VOID, Segmenter
from stages.papers.monce.features import features_of

SOURCE = {"against": "the source"}
STRUCTURE = {"of": "1 - SSIM of gradient lengths", "window": "11 x 11 px, Gaussian"}
OBJECT = 1  # in the truth of animals, and in what their judge says


class Kept:
    """The sources, and what looks at them and at their translations.

    Source: spec §6.5; self-similarity is F/LSeSim's idea, but no unpaired run is trained with VGG-19.
    """

    def __init__(
        self, source: np.ndarray, scorer: Scorer, vgg: Path | None, layers: Sequence[str], batch: int, device: str
    ) -> None:
        """Shapes: source uint8 [N S S 3]. `vgg`: VGG-19's folder, if any. Raises: ValueError for another network."""
        self.source, self.scorer, self.batch, self.device = source, scorer, batch, device
        self.features, self.similar = None, dict[str, Any]()
        if vgg is not None:
            self.features = features_of(vgg, layers, normalise=True).to(device)
            self.similar = {
                "layers": list(layers), "features": self.features.net.depth, "features_sha256": digest_of(vgg),
                "view": "whole image, ImageNet's scale",
            }  # fmt: skip

    def measure(self, made: np.ndarray, method: str, seed: int, rows: Rows) -> None:
        """Adds three distances of translations from their sources, means over items; two without VGG-19."""
        similar, perceived = [], []
        pairs = zip(images_to_batches(self.source, self.batch), images_to_batches(made, self.batch), strict=True)
        with torch.no_grad():
            for pair in pairs:
                left, right = (part.to(self.device) for part in pair)
                perceived.append(images_to_perceptual(self.scorer.perceptor, left, right).double().cpu())
                if self.features is not None:
                    similar.append(maps_to_content_distance(self.features(left), self.features(right)))
        found = {
            "self_similarity": (similar, self.similar),
            self.scorer.diversity_name: (perceived, self.scorer.diversity_protocol),
        }
        for metric, (parts, protocol) in found.items():
            if parts:
                values = torch.cat(parts)
                rows.add(method, seed, metric, "1", float(values.mean()), len(values), protocol | SOURCE)
        edges = images_to_edge_distance(self.source, made)
        rows.add(method, seed, "structure", "1", float(edges.mean()), len(edges), STRUCTURE | SOURCE)


def images_to_perceptual(perceptor: Perceptor, left: Tensor, right: Tensor) -> Tensor:
    """The sum over layers of the mean over places of sum_c w_c (a_c - b_c)^2, of unit features.

    Source: Zhang et al. 2018 (LPIPS). Shapes: [B 3 R R] twice, in [-1, 1] -> [B].
    """
    first, second = (maps_to_unit(perceptor.feature_maps(images)) for images in (left, right))
    heads: Sequence[Tensor | None] = perceptor.heads or (None,) * len(first)
    triples = zip(first, second, heads, strict=True)
    layers = [unit_to_layer(one, other, head).mean((1, 2, 3)) for one, other, head in triples]
    return torch.stack(layers).sum(0)


class Animals:
    """Where the drawn animals are, and a judge of where they are after translation."""

    def __init__(self, judge: Segmenter, source: np.ndarray, truth: np.ndarray, batch: int, device: str) -> None:
        """Shapes: source uint8 [N S S 3], truth uint8 [N S S], 255 = not known."""
        self.judge, self.source, self.truth, self.batch, self.device = judge.to(device), source, truth, batch, device
        self.known = (truth != VOID).any((1, 2))
        # What nobody knows may be animal.
        self.bare = (truth == 0).any((1, 2))
        self.protocol = {"judge": judge.name, "judge_sha256": judge.digest, "truth": "drawn"}

    def measure(self, made: np.ndarray, method: str, seed: int, rows: Rows) -> None:
        """Adds the overlap of found and true animals, and, of translations, the change outside of them."""
        where = np.flatnonzero(self.known)
        if len(where):
            found = [
                self.judge.labels(part.to(self.device)).cpu().numpy() == OBJECT
                for part in images_to_batches(made[where], self.batch)
            ]
            truth = self.truth[where]
            values = masks_to_iou(np.concatenate(found), truth == OBJECT, truth == VOID)
            rows.add(method, seed, "mask_iou", "1", float(values.mean()), len(where), self.protocol)
        where = np.flatnonzero(self.bare)
        if len(where) and made is not self.source:
            values = images_to_background_distance(self.source[where], made[where], self.truth[where])
            rows.add(
                method, seed, "background_l1", "8-bit levels", float(values.mean()), len(where), {"truth": "drawn"}
            )
