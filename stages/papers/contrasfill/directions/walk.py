"""One baseline's known-factor direction, found and walked along (supp §4.1)."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from stages.data.prepared.packed import Packed
from stages.engine.chance import Chance
from stages.engine.world import World
from stages.nets.encoders.load import load_encoder
from stages.papers.contrasfill.directions.calibrate import Calibration, accepted, calibrate
from stages.papers.contrasfill.directions.groups import Groups, group
from stages.papers.contrasfill.directions.keeping import keep
from stages.papers.contrasfill.directions.regressor import Direction, RegressorBlock, find
from stages.papers.contrasfill.directions.walker import Walker
from stages.papers.contrasfill.discovering import (
    Study,
    StudyBlock,
    check_fits,
    contexts,
    open_model,
    produced,
    steered,
)

Stepped = Callable[[np.ndarray, np.ndarray], Iterator[tuple[np.ndarray, Tensor, np.ndarray]]]


class Block(StudyBlock, RegressorBlock):
    """Keys of the study. Units: range_start and range_limit in lengths of the latent space."""

    codes: int = Field(gt=0)
    clusters: int = Field(gt=1)
    nearest: int = Field(gt=1)
    cluster_iterations: int = Field(gt=0)
    calibration_draws: int = Field(gt=0)
    miss: float = Field(gt=0, lt=1)
    miss_tolerance: float = Field(gt=0)
    range_start: float = Field(gt=0)
    range_limit: float = Field(gt=0)
    halvings: int = Field(gt=0)


def discover(study: Study) -> None:
    """Inputs: model, data, encoder (E_k). Leaves the results' folder, direction.npy and the regressor's weights.

    Raises: ValueError where model, data and holes do not belong together.
    """
    block, data = study.block, Packed.open(study.inputs["data"])
    trained = open_model(study.inputs["model"], study.paper, study.method, study.seed, study.session.world)
    check_fits(trained, data, block.hole, study.inputs["model"])
    codes, features = draw_codes(study, trained.method, data)
    groups = grouped(study, features)
    direction = find(
        codes[groups.members], groups.labels, block, study.seed, study.session
    )  # fmt: skip
    np.save(study.session.out / "direction.npy", direction.vector)
    walker, stepped = along(study, trained.method, data, direction.vector)
    calibration = calibrated(study, walker, stepped)
    facts = {
        "groups": {"codes": len(codes), "clusters": block.clusters, "kept": len(groups.members),
                   "small_clusters": groups.small, "inertia": groups.inertia, "iterations": groups.iterations},
        "direction": described(direction),
        "calibration": {"range": calibration.range, "miss": calibration.miss, "reached": calibration.reached,
                        "bracket": calibration.bracket, "curve": calibration.curve},
    }  # fmt: skip
    walk(study, walker, stepped, calibration, facts)


def along(study: Study, method: Any, data: Packed, direction: np.ndarray) -> tuple[Walker, Stepped]:
    """The walker, and its results at steps: S' = G(I, w_o + s d).

    Shapes: direction [latent]; of the second: which int64 [K], steps [K] -> as `Walker.varied`.
    """
    codes: list[np.ndarray] = []

    def make(batch: dict[str, Tensor], names: list[str], variations: np.ndarray | None) -> dict[str, Tensor]:
        moved = None if variations is None else torch.from_numpy(variations).float().to(study.session.world.device)
        with steered(method, moved) as noted:
            made = produced(method, batch, names, study.seed)
        if variations is None:
            codes.append(noted[0].cpu().double().numpy())
        return made

    walker = Walker(study, method, data, make)
    base = np.concatenate(codes)
    return walker, lambda which, steps: walker.varied(which, base[which] + steps[:, None] * direction)


def draw_codes(study: Study, method: Any, data: Packed) -> tuple[np.ndarray, np.ndarray]:
    """Mapped codes of random fillings of random held-out contexts, and the fillings' known-factor features.

    Source: supp §4.1 (100k samples; penultimate features).
    Shapes: -> float32 [codes latent], float32 [codes D].
    """
    block = study.block
    encoder = load_encoder(study.inputs["encoder"]).to(study.session.world.device)
    positions = np.asarray(data.positions(block.split))
    chosen = positions[Chance(study.seed, "contexts", World.single()).numpy("codes").integers(
        len(positions), size=block.codes)]  # fmt: skip

    def drawn(numbers: range) -> dict[str, np.ndarray]:
        codes, features = [], []
        for start in range(numbers.start, numbers.stop, block.batch):
            rows = chosen[start : min(start + block.batch, numbers.stop)]
            batch = contexts(data, rows, block.hole, study.session.world)
            with torch.no_grad(), steered(method) as noted:
                made = produced(method, batch, [f"code {start + row}" for row in range(len(rows))], study.seed)
                features.append(encoder.encode(made["image"]).float().cpu().numpy())
            codes.append(noted[0].float().cpu().numpy())
            study.advance(start + len(rows), block.codes, "codes")
        return {"codes": np.concatenate(codes), "features": np.concatenate(features)}

    found = study.kept("codes").joined(block.codes, block.batch, drawn)
    return found["codes"], found["features"]


def grouped(study: Study, features: np.ndarray) -> Groups:
    """The groups of all codes, which are sought in one go."""
    block = study.block

    def sought() -> dict[str, np.ndarray]:
        found = group(features, block.clusters, block.nearest, block.cluster_iterations, study.seed)
        return {name: np.asarray(value) for name, value in vars(found).items()}

    kept = study.kept("groups").once(sought)
    small, inertia, iterations = (kept[name].item() for name in ("small", "inertia", "iterations"))
    return Groups(kept["members"], kept["labels"], small, inertia, iterations)


def calibrated(study: Study, walker: Walker, stepped: Stepped) -> Calibration:
    """R by common random numbers: the same base results and the same draws at every range that is tried."""
    block = study.block
    draws = np.concatenate([uniform(study, key, "calibration", block.calibration_draws) for key in walker.keys])
    which = np.repeat(np.arange(len(walker.keys)), block.calibration_draws)
    tried = 0

    def miss(size: float) -> float:
        nonlocal tried
        tried += 1

        def judged(numbers: range) -> dict[str, np.ndarray]:
            study.advance(min(tried, block.halvings), block.halvings, f"range {size:.3g}")
            part = slice(numbers.start, numbers.stop)
            return {"realness": np.concatenate([real for _, _, real in stepped(which[part], size * draws[part])])}

        realness = study.kept(f"range {tried}").joined(len(which), block.batch, judged)["realness"]
        return float(1 - accepted(realness, walker.realness[which], block.bound_drop).mean())

    return calibrate(miss, block.miss, block.miss_tolerance, block.range_start, block.range_limit, block.halvings)


def walk(study: Study, walker: Walker, stepped: Stepped, calibration: Calibration, facts: dict[str, Any]) -> None:
    """Accepted results of every image, at steps uniform in [-R, R]. Source: supp §4.1."""
    steps = np.stack([calibration.range * uniform(study, key, "walk", study.block.draws) for key in walker.keys])
    keep(
        study,
        walker,
        lambda which, numbers: stepped(which, steps[which, numbers]),
        lambda image, number: float(steps[image, number]),
        "direction",
        facts,
    )


def uniform(study: Study, key: str, name: str, count: int) -> np.ndarray:
    """Draws in [-1, 1] that belong to one image: float64 [count]."""
    return Chance(study.seed, f"{name} {key}", World.single()).numpy("steps").uniform(-1, 1, count)


def described(direction: Direction) -> dict[str, Any]:
    """How well the direction tells held-out groups apart, beside random directions."""
    random = np.array(direction.fisher_random)
    return {"groups": direction.groups, "held_out_groups": direction.held_out, "fisher": direction.fisher,
            "fisher_random_median": float(np.median(random)), "fisher_random_largest": float(random.max()),
            "better_than_random": float((random < direction.fisher).mean())}  # fmt: skip
