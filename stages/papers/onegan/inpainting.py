"""Grounds without their object: OneGAN's in one pass, the deep image prior's after its steps, and the mean colour.

Source: supp §D.4, Fig. 4 (claims O8 to O10); spec 6.4; settled 4, 5, 18, 20.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from stages.data.files import read_json, write_json
from stages.data.prepared.packed import Packed
from stages.papers.onegan import painted
from stages.papers.onegan.measured import MeasureBlock

Progress = Callable[[int, int, str], None]
Arrays = dict[str, np.ndarray]
KINDS = ("real", "predicted")


class Block(MeasureBlock):
    """What Fig. 4 shows in a hole, and from which value on a mask says object.

    Units: blank in 8-bit levels.
    """

    blank: tuple[int, int, int]
    threshold: float = Field(gt=0, lt=1)


def measure(block: Block, inputs: dict[str, Path], out: Path, device: str, progress: Progress) -> None:
    """Write score.json and the rows of Fig. 4, fig4_<row>.npy, uint8 [K S S 3] each.

    Inputs: data, model (of gan), prior_real and prior_predicted (of prior).
    Raises: ValueError where the models do not belong together.
    """
    from stages.papers.onegan.grounds import Grounds
    from stages.papers.onegan.looking import Looking

    data = Packed.open(inputs["data"])
    priors = {kind: Fitted(inputs[f"prior_{kind}"], kind, data) for kind in KINDS}
    real = priors["real"]
    if real.keys != priors["predicted"].keys:
        raise ValueError(
            f"{inputs['prior_predicted']}: expected the photos {real.keys}, came {priors['predicted'].keys}"
        )
    photos, holes = np.asarray(data.images[real.positions]), {kind: prior.holes for kind, prior in priors.items()}
    looking = Looking(inputs["model"], data, block.threshold, device)
    made: Arrays = {"onegan_real": looking.ground(photos, holes["real"]), "onegan_predicted": looking.ground(photos)}
    made |= {f"dip_{kind}": prior.images for kind, prior in priors.items()}
    made |= {f"mean_colour_{kind}": painted.mean_coloured(photos, holes[kind]) for kind in KINDS}
    grounds = Grounds(data, real.positions, holes, looking, {"onegan": looking.seed, "dip": real.seed})
    for done, (name, pictures) in enumerate(made.items()):
        grounds.measure(name, pictures)
        progress(done + 1, len(made), f"grounds of {name}")
    grounds.look_at_photos()
    for kind, prior in priors.items():
        grounds.add_losses(kind, prior.losses)
    work = grounds.add_work(real.block)
    write_pictures(block, out, photos, holes, made)
    said = {"paper": "onegan", "data": data.card["name"], "profile": block.profile, "seed": looking.seed}
    said |= {"keys": real.keys, "steps": real.block["iterations"], "macs": work, "absent": grounds.absent}
    said |= {"losses": {kind: prior.losses.tolist() for kind, prior in priors.items()}}
    write_json(out / "score.json", said | grounds.each | {"values": grounds.rows.values})


class Fitted:
    """What the deep image prior left of some photos, and where these stand in the set."""

    def __init__(self, folder: Path, kind: str, data: Packed) -> None:
        """Raises: ValueError for a folder of another method, set or kind of hole, or photos that the set lacks."""
        facts = read_json(folder / "model.json")
        self.seed: int = facts["seed"]
        self.block: dict[str, Any] = facts["block"]
        wanted = ("onegan", "prior", data.card["name"], kind)
        found = (facts["paper"], facts["method"], facts["data"], self.block.get("hole"))
        if found != wanted:
            raise ValueError(f"{folder}: expected {' '.join(wanted)} holes, came {' '.join(map(str, found))}")
        self.keys: list[str] = read_json(folder / "keys.json")["keys"]
        places = {key: place for place, key in enumerate(data.keys)}
        if not set(self.keys) <= set(places):
            raise ValueError(f"{folder}: expected photos of {data.folder}, came {self.keys}; train it on these data")
        self.positions = np.array([places[key] for key in self.keys], np.int64)
        self.images, self.holes, self.losses = (
            np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("images", "holes", "losses")
        )


def write_pictures(block: Block, out: Path, photos: np.ndarray, holes: Arrays, made: Arrays) -> None:
    """Writes the rows of Fig. 4.  Source: supp Fig. 4; the blank colour is ours (gap G14)."""
    shown = {"original": photos, "onegan": made["onegan_predicted"]}
    shown |= {f"hole_{kind}": painted.blanked(photos, holes[kind], block.blank) for kind in KINDS}
    shown |= {f"dip_{kind}": made[f"dip_{kind}"] for kind in KINDS}
    for name, pictures in shown.items():
        np.save(out / f"fig4_{name}.npy", pictures)
