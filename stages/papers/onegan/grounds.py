"""What painted grounds of some photos are worth, as rows of score.json."""

from typing import Any

import numpy as np

from stages.data.prepared.packed import Packed
from stages.metrics.overlap import masks_to_iou
from stages.metrics.rows import Rows
from stages.papers.onegan import painted
from stages.papers.onegan.looking import Looking
from stages.papers.onegan.work import prior_work

UNKNOWN = "the ground behind the object is not known (real photos)"
NO_OUTSIDE = "every hole is a whole photo"
TRUTHS = ("background", "exact")
# A backward pass costs two forward passes.
PASSES_A_STEP = 3
PHOTOS = {"photos": "test, by the hash of their keys"}
NOT_NEUTRAL = {"neutral": "no: OneGAN's own networks judge"}


class Grounds:
    """Rows of every painted ground: means over the photos, and what is said of each.

    A name is a method and the mask that it was given; `seeds` are the methods', 0 for what draws nothing.
    """

    def __init__(
        self, data: Packed, positions: np.ndarray, holes: dict[str, np.ndarray], looking: Looking, seeds: dict[str, int]
    ) -> None:
        """Shapes: positions int64 [K], holes uint8 [K S S] by kind of mask."""
        self.rows, self.looking, self.seeds, self.holes = Rows(data.card["name"]), looking, seeds, holes
        self.photos, self.objects = np.asarray(data.images[positions]), np.asarray(data.needed_masks()[positions])
        known = all((data.folder / f"{name}.npy").is_file() for name in TRUTHS)
        self.truth = [np.asarray(data.array(name)[positions]) for name in TRUTHS] if known else None
        self.absent: dict[str, str] = {} if known else dict.fromkeys(("PSNR_inside", "L1_inside"), UNKNOWN)
        self.each: dict[str, dict[str, list[float]]] = {"psnr": {}, "residual_object": {}}

    def measure(self, name: str, pictures: np.ndarray) -> None:
        """Nearness to the true ground behind the object, change outside of the hole (O9), what is left of the object.

        Shapes: uint8 [K S S 3].
        """
        if self.truth is not None:
            ground, where = self.truth
            said = {"against": "the drawn ground", "where": "the drawn object"}
            psnr = painted.region_to_psnr(pictures, ground, where)
            self.each["psnr"][name] = psnr.tolist()
            self.add(name, "PSNR_inside", "dB", psnr, said)
            self.add(name, "L1_inside", "1", painted.region_to_l1(pictures, ground, where), said)
        self._outside(name, pictures)
        self._residue(name, pictures)

    def look_at_photos(self) -> None:
        """What is seen of the object before anything is painted, and how much of it each hole hides."""
        self._residue("original", self.photos)
        for kind, holes in self.holes.items():
            self.add(
                f"hole_{kind}", "object_covered", "1", painted.covered(holes, self.objects), {"of": "the real mask"}
            )

    def add_losses(self, kind: str, losses: np.ndarray) -> None:
        """The deep image prior's first and last loss. Shapes: float32 [K 2]."""
        for metric, values in zip(("first_loss", "last_loss"), losses.T, strict=True):
            self.add(f"dip_{kind}", metric, "1", values, {"loss": "mean square, 0 in the hole"})

    def add_work(self, keys: dict[str, Any]) -> dict[str, Any]:
        """Multiply-accumulates a photo (O10): of OneGAN a pass, of the prior with these keys three passes a step."""
        work = {
            "onegan_pass": self.looking.work(),
            "dip_pass": prior_work(keys, self.looking.device),
            "dip_steps": keys["iterations"],
        }
        cost = {"onegan": work["onegan_pass"], "dip": PASSES_A_STEP * work["dip_pass"] * work["dip_steps"]}
        said = {"counted": "convolutions and linear layers, as built", "passes_a_step": PASSES_A_STEP}
        for kind in self.holes:
            for method, one in cost.items():
                self.rows.add(
                    f"{method}_{kind}", self.seeds[method], "macs", "multiply-accumulates a photo", one, 1, said
                )
        return work | {"ratio": cost["dip"] / cost["onegan"]}

    def add(self, name: str, metric: str, unit: str, values: np.ndarray, said: dict[str, Any]) -> None:
        """The mean over photos."""
        seed = self.seeds.get(name.rpartition("_")[0], 0)
        self.rows.add(name, seed, metric, unit, float(values.mean()), len(values), PHOTOS | said)

    def _outside(self, name: str, pictures: np.ndarray) -> None:
        method, _, kind = name.rpartition("_")
        kept = [place for place, hole in enumerate(self.holes[kind]) if not hole.all()]
        if not kept:
            self.absent |= {"L1_outside": NO_OUTSIDE, "L1_outside_composited": NO_OUTSIDE}
            return
        made, photos, holes = pictures[kept], self.photos[kept], self.holes[kind][kept]
        said = {"against": "the photo", "where": f"outside of the {kind} mask"}
        self.add(name, "L1_outside", "1", painted.region_to_l1(made, photos, 1 - holes), said)
        if method == "dip":
            whole = painted.composited(photos, made, holes)
            self.add(name, "L1_outside_composited", "1", painted.region_to_l1(whole, photos, 1 - holes), said)

    def _residue(self, name: str, pictures: np.ndarray) -> None:
        """IoU of the mask that OneGAN finds with the real one, lower is better; what D_bg's head B says there."""
        found = masks_to_iou(self.looking.masks(pictures), self.objects)
        self.each["residual_object"][name] = found.tolist()
        self.add(name, "residual_object", "1", found, NOT_NEUTRAL | {"of": "IoU with the real mask"})
        said = NOT_NEUTRAL | {"of": "head B of D_bg, 1 = ground, patches weighed by their share of the object"}
        self.add(name, "judged_real", "1", self.looking.judged(pictures, self.objects), said)
