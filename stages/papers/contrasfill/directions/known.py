"""ContrasFill's own way: several known codes at one unknown code, on the images of the direction study (supp §4.1)."""

import numpy as np
from torch import Tensor

from stages.data.prepared.packed import Packed
from stages.engine.rowchance import RowChance
from stages.papers.contrasfill.directions.keeping import keep
from stages.papers.contrasfill.directions.walker import Walker
from stages.papers.contrasfill.discovering import Study, StudyBlock, check_fits, open_model, produced


class Block(StudyBlock):
    """Which images, and how many known codes each."""


def discover(study: Study) -> None:
    """Inputs: model (two codes), data. Leaves a results' folder.

    Every image has one unknown code; its base result has a known code of its own. Known codes are redrawn by the rule
    that redraws a baseline's steps, so that both are compared on results that are as real as their base.
    """
    block, data = study.block, Packed.open(study.inputs["data"])
    trained = open_model(study.inputs["model"], study.paper, study.method, study.seed, study.session.world)
    check_fits(trained, data, block.hole, study.inputs["model"])
    if trained.facts["block"].get("codes") != 2:
        raise ValueError(f"{study.inputs['model']}: known codes are varied in a model with two codes (key codes)")
    latent = trained.facts["block"]["latent"]

    def make(batch: dict[str, Tensor], names: list[str], variations: np.ndarray | None) -> dict[str, Tensor]:
        # Everything but the known code is drawn in the name of the image; the base result has a code 0 of its own.
        numbers = np.zeros(len(names), np.int64) if variations is None else variations
        rows = [f"{name}/known {number}" for name, number in zip(names, numbers, strict=True)]
        known = RowChance(study.seed, rows).normal("code_known", len(rows), latent).to(study.session.world.device)
        return produced(trained.method, batch | {"code_known": known}, names, study.seed)

    walker = Walker(study, trained.method, data, make)
    keep(
        study,
        walker,
        lambda which, numbers: walker.varied(which, numbers + 1),
        lambda image, number: 0.0,
        "known codes",
        {},
    )
