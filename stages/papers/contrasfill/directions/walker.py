"""Base results of the study's images, results of one method around them, and the realness of each."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stages.data.image import from_tensor
from stages.data.prepared.packed import Packed
from stages.nets.stylegan.stylegan2 import beside_mask
from stages.papers.contrasfill.directions.realness import Judge
from stages.papers.contrasfill.discovering import Study, contexts
from stages.papers.contrasfill.sampling import positions_to_spread

STREAM = "base"  # all results of an image share the draws of its base result: only what is varied moves
Make = Callable[[dict[str, Tensor], list[str], np.ndarray | None], dict[str, Tensor]]


class Walker:
    """Results around base results.

    `make(batch, names, variations)` fills a batch of contexts; variations is None for base results. The base results'
    pictures and realness are `pictures` and `realness`.

    Source: supp §4.1.
    """

    def __init__(self, study: Study, method: Any, data: Packed, make: Make) -> None:
        self.study, self.data, self.make = study, data, make
        self.positions = positions_to_spread(np.asarray(data.positions(study.block.split)), study.block.images)
        self.keys = [str(data.keys[position]) for position in self.positions]
        rows, block = np.arange(len(self.keys)), study.block
        made = [self._made(rows[start : start + block.batch], None) for start in range(0, len(rows), block.batch)]
        images, masks = (torch.cat([part[name] for part in made]) for name in ("image", "mask"))
        seen = beside_mask(images, masks)
        self.judge = Judge(method.nets["discriminator"], seen, block.companions, block.batch)
        places = torch.arange(len(rows), device=images.device)
        parts = [self.judge.realness(seen[part], part) for part in places.split(block.batch)]
        self.realness = torch.cat(parts).cpu().double().numpy()
        self.pictures = from_tensor(images)

    def varied(self, which: np.ndarray, variations: np.ndarray) -> Iterator[tuple[np.ndarray, Tensor, np.ndarray]]:
        """Results of the images `which`, batch by batch: (places in `which`, images, realness).

        Shapes: which int64 [K], variations [K ...] -> int64 [b], float32 [b 3 R R], float64 [b].
        """
        for start in range(0, len(which), self.study.block.batch):
            places = np.arange(start, min(start + self.study.block.batch, len(which)))
            made = self._made(which[places], variations[places])
            chosen = torch.from_numpy(which[places]).to(made["image"].device)
            realness = self.judge.realness(beside_mask(made["image"], made["mask"]), chosen)
            yield places, made["image"], realness.cpu().double().numpy()

    def _made(self, rows: np.ndarray, variations: np.ndarray | None) -> dict[str, Tensor]:
        batch = contexts(self.data, self.positions[rows], self.study.block.hole, self.study.session.world)
        return self.make(batch, [f"{self.keys[row]}/{STREAM}" for row in rows], variations)


def common_facts(study: Study, walker: Walker, kind: str) -> dict[str, Any]:
    """What all results say of themselves."""
    block = study.block
    return {"kind": kind, "paper": study.paper, "method": study.method, "data": walker.data.card["name"],
            "seed": study.seed, "profile": block.profile, "hole": block.hole, "split": block.split,
            "images": len(walker.keys), "samples": block.samples, "companions": block.companions,
            "bound_drop": block.bound_drop}  # fmt: skip
