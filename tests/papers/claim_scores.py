"""Made-up scores of every group behind the claims, in the documented formats; by default every claim holds."""

from __future__ import annotations

import json
from pathlib import Path

from tests.papers.scores import score

DATASETS = ("face", "bird", "car")
PARTIAL = {"both_eyes": 0.5, "one_eye": 0.1, "car_front": 0.5, "bird_part": 0.1}


def value(method: str, dataset: str, metric: str, number: float, **protocol) -> dict:
    """One entry of a score."""
    return {"method": method, "dataset": dataset, "metric": metric, "unit": "1", "value": number, "n": 4,
            "protocol": {"n": 4, "split": "evaluation"} | protocol}  # fmt: skip


def facts(data: str, seed: int, values: list[dict]) -> dict:
    """One score.json."""
    return {"paper": "contrasfill", "data": data, "seed": seed, "profile": "demo", "hole": "box", "values": values}


def box(dataset: str, seed: int) -> dict:
    """Table 1's numbers with ContrasFill-1 between CoModGAN and ContrasFill."""
    held = score(dataset, seed)
    for entry in held["values"]:
        entry["protocol"] = entry["protocol"] | {"hole": "box"}
    held["values"] += [
        {**entry, "method": "contrasfill1", "value": entry["value"] + 5}
        for entry in held["values"]
        if entry["method"] == "comodgan"
    ]
    return held | {"hole": "box"}


def moved(dataset: str, seed: int, **common) -> list[dict]:
    """Angles of 40 degrees by a space's own code and of 10 by the other, a tenth more a seed; losses, accuracies."""
    values = []
    for feature in ("known", "known_indep", "unknown"):
        columns, rows = (10.0, 40.0) if feature == "unknown" else (40.0, 10.0)
        extra = {"sd": 0.3 + seed} | (
            {"extractor": "unknown_encoder", "extractor_sha256": f"{seed}"} if feature == "unknown" else {}
        )
        for metric, number in (
            (f"angle_{feature}_between_columns", columns),
            (f"angle_{feature}_between_rows", rows),
            (f"score_{feature}", 30.0),
        ):
            values.append(value("contrasfill", dataset, metric, number + 0.1 * seed, **extra))
    for metric, number in (("loss_known", 0.9), ("loss_unknown", 1.5), ("loss_chance", 2.71)):
        values.append(value("contrasfill", dataset, metric, number))
    accuracies = ("accuracy_known", "accuracy_known_indep") if dataset != "face" else ("accuracy_known",)
    values += [value("contrasfill", dataset, metric, 0.75) for metric in accuracies]
    for entry in values:
        entry["protocol"] |= common
    return values


def grid(dataset: str, seed: int) -> dict:
    """What each code moves in box holes."""
    return facts("car" if dataset == "car_colour" else dataset, seed, moved(dataset, seed))


def objects(dataset: str, seed: int) -> dict:
    """Table 1's numbers with what each of ContrasFill's codes moves."""
    held = score(dataset, seed)
    return held | {"values": held["values"] + moved(dataset, seed, hole="object")}


def partial(hole: str, seed: int) -> dict:
    """Loosely tied holes five times as diverse."""
    middle = PARTIAL[hole] + 0.001 * seed
    metrics = {"PD-demo_hole": middle, "PD-demo_hole_median": middle, "pixel_std_hole": 9.0,
               "pixel_std_hole_median": 8.0, "hole_share": 0.1}  # fmt: skip
    return facts("face", seed, [value("contrasfill", hole, metric, number) for metric, number in metrics.items()])


def context(dataset: str, seed: int) -> dict:
    """The context-free baseline is worse by one in all three, and real images' own scores stand beside."""
    values = [
        value(method, dataset, metric, number + 0.1 * seed)
        for method, number in (("contrasfill", 1.0), ("context_free", 2.0))
        for metric in ("FD-demo", "seam", "ring_colour")
    ]
    real = [value("real_evaluation", dataset, f"{metric}_real", 0.5) for metric in ("seam", "ring_colour")]
    return facts(dataset, seed, [*values, *real, value("real_train", dataset, "FD-demo_train", 0.1)])


def directions(dataset: str, seed: int) -> dict:
    """Angles of 20 degrees along directions, of 60 by known codes."""
    methods = {"comodgan": 20.0, "collagegan": 20.0, "contrasfill1": 20.0, "contrasfill": 60.0}
    return facts(dataset, seed, [value(name, dataset, "KFFA", number + seed) for name, number in methods.items()])


def identity(dataset: str, seed: int) -> dict:
    """50 degrees at the ends, 40 within and 80 between identities; drifts of 0.2 beside deviations of 0.4."""
    metrics = {"identity_angle_end": 50.0, "identity_angle_between": 80.0, "identity_angle_within": 40.0}
    for name in ("eyes_open", "mouth_open", "lip_saturation"):
        metrics |= {f"drift_{name}": 0.2, f"spread_{name}": 0.4}
    return facts(dataset, seed, [value("stylegan", dataset, metric, number) for metric, number in metrics.items()])


GROUPS = {
    "table1": (objects, DATASETS),
    "box": (box, DATASETS),
    "disentanglement": (grid, (*DATASETS, "car_colour")),
    "partial": (partial, tuple(PARTIAL)),
    "context": (context, DATASETS),
    "directions": (directions, DATASETS),
    "identity": (identity, ("face",)),
}


def all_scores(seeds: tuple[int, ...] = (0,)) -> dict[str, dict]:
    """Every score by the name of its input."""
    return {
        f"{group}_{name}_{seed}": make(name, seed)
        for group, (make, names) in GROUPS.items()
        for name in names
        for seed in seeds
    }


def write(folder: Path, scores: dict[str, dict]) -> dict[str, Path]:
    """Score folders, by the name of the input."""
    inputs = {}
    for name, content in scores.items():
        inputs[name] = folder / name
        inputs[name].mkdir(parents=True)
        (inputs[name] / "score.json").write_text(json.dumps(content), encoding="utf-8")
    return inputs


def of_group(scores: dict[str, dict], group: str) -> dict[str, dict]:
    """One group's scores as a table's own stage names them."""
    return {name.replace(group, "score", 1): held for name, held in scores.items() if name.startswith(f"{group}_")}
