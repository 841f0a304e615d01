"""A trained OneGAN that paints grounds and looks for the object in painted ones."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from stages.data.image import from_tensor, mask_to_tensor, to_tensor
from stages.data.prepared.packed import Packed
from stages.papers.onegan.common import patch_field
from stages.papers.onegan.methods.gan.paths import Layers, reconstruct
from stages.papers.onegan.trained import open_trained
from stages.papers.onegan.work import multiply_accumulates


class Looking:
    """The reconstruction path and the background judge on a few pictures at once, with the codes' means."""

    def __init__(self, folder: Path, data: Packed, threshold: float, device: str) -> None:
        """Raises: ValueError for a model of another method, set or size."""
        self.trained, self.threshold, self.device = open_trained(folder, data, device), threshold, device
        self.seed: int = self.trained.facts["seed"]
        self.nets = [part for part in self.trained.model if isinstance(part, torch.nn.Module)]

    def layers(self, images: Tensor, mask: Tensor | None = None) -> Layers:
        """Path R. Shapes: [K 3 S S] in [-1, 1], [K 1 S S] on the device."""
        with torch.no_grad():
            return reconstruct(self.trained.model, images, mask_given=mask)

    def ground(self, photos: np.ndarray, holes: np.ndarray | None = None) -> np.ndarray:
        """I_bg of the photos with the predicted mask, or with these holes as the mask that E_bg sees.

        Source: supp §D.4, settled 20. Shapes: uint8 [K S S 3], uint8 [K S S] or None -> uint8 [K S S 3].
        """
        mask = None if holes is None else mask_to_tensor(holes).to(self.device)
        return from_tensor(self.layers(to_tensor(photos).to(self.device), mask).background)

    def masks(self, pictures: np.ndarray) -> np.ndarray:
        """Where the reconstruction path sees an object. Shapes: uint8 [K S S 3] -> bool [K S S]."""
        found = self.layers(to_tensor(pictures).to(self.device)).mask[:, 0]
        return (found >= self.threshold).cpu().numpy()

    def judged(self, pictures: np.ndarray, regions: np.ndarray) -> np.ndarray:
        """sum_p w_p sigmoid(D_bg_B)_p / sum_p w_p, w_p = the region's share of patch p, of each picture.

        Source: spec 6.4. Shapes: uint8 [K S S 3], uint8 [K S S] with 1 = region -> float64 [K] in (0, 1), 1 = ground.
        """
        judge, (field, stride) = self.trained.judges.background, patch_field(self.trained.block.d_bg_stride)
        side = (self.trained.block.d_bg_side,) * 2
        with torch.no_grad():
            kinds = torch.sigmoid(judge(to_tensor(pictures).to(self.device)).kind.double()).cpu()
        weights = F.avg_pool2d(F.interpolate(mask_to_tensor(regions).double(), side), field, stride)[:, 0]
        return ((weights * kinds).sum((1, 2)) / weights.sum((1, 2))).numpy()

    def work(self) -> int:
        """Multiply-accumulates of one pass on one photo."""
        side = self.trained.block.size_px
        photo = torch.zeros(1, 3, side, side, device=self.device)
        return multiply_accumulates(lambda: self.layers(photo), self.nets)
