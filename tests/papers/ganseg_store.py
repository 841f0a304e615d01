"""A made-up store of GANSeg's runs: every number is a formula of its place, so that a test can say what it must be."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REPORTED = ROOT / "stages/papers/ganseg/reported.csv"
SETS = ("celeba_wild", "taichi", "cub_masks", "flowers")
METRICS = {
    "celeba_wild": (("landmark_error", "%"), ("landmark_error_scops", "%")),
    "taichi": (("mae", "256-px units, sum of 36"), ("iou", "1"), ("iou_all", "1")),
    "cub_masks": (("iou", "1"), ("iou_all", "1"), ("iou_disc", "1")),
    "flowers": (("iou", "1"), ("iou_all", "1"), ("iou_disc", "1")),
}
LOWER = ("landmark_error", "landmark_error_scops", "mae")


def put(folder: Path, name: str, content: dict) -> Path:
    """A folder with one JSON and a receipt whose fingerprint is the folder's name."""
    folder.mkdir(parents=True)
    (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    (folder / "receipt.json").write_text(json.dumps({"fingerprint": f"print of {folder.name}"}), encoding="utf-8")
    return folder


def put_not_run(folder: Path) -> Path:
    """A run that the profile leaves out."""
    return put(folder, "not_run", {"stage": folder.name, "reason": "enabled: false in this profile"})


def number(rank: float, metric: str, dataset: str) -> float:
    """`rank` 0 is the best; every metric in its own range."""
    place = SETS.index(dataset)
    if metric in ("landmark_error", "landmark_error_scops"):
        return 10.0 + rank + place
    return 400.0 + 10 * rank + place if metric == "mae" else 0.8 - 0.1 * rank - 0.01 * place


def score(dataset: str, variant: str, rank: float, profile: str = "demo", parts: int = 8, points: int = 4,
          used: float = 1.0, fired: tuple[str, ...] = ()) -> dict:  # fmt: skip
    """score.json of one segmenter."""
    values = [
        {
            "metric": metric, "unit": unit, "value": number(rank, metric, dataset), "n": 24,
            "protocol": {"backbone_init": "random", "n": 24, "split": "test"},
        }
        for metric, unit in METRICS[dataset]
    ]  # fmt: skip
    protocol = {"backbone_init": "random", "n": 24, "split": "test"}
    values.append({"metric": "parts_used", "unit": "1", "value": used, "n": 24, "protocol": protocol})
    return {
        "paper": "ganseg", "set": dataset, "data": dataset, "variant": variant, "method": "segmenter", "seed": 0,
        "profile": profile, "parts": parts, "points_per_part": points, "backbone_init": "random",
        "fixed_scale": 0.0123 if variant == "fixed" else None, "concentration_weight": 1.25 * parts, "values": values,
        "triviality": {"fired": list(fired), "values": {"background": 0.7}},
    }  # fmt: skip


def segmenters(folder: Path, lines: dict[str, float | None]) -> dict[str, Path]:
    """Inputs score_<row>_<set> of all sets; `lines`: row → rank, or None where it was not run."""
    found = {"reported": REPORTED}
    for row, rank in lines.items():
        for dataset in SETS:
            place = folder / f"{row}_{dataset}"
            if rank is None:
                found[f"score_{row}_{dataset}"] = put_not_run(place)
            else:
                parts = int(row[1:]) if row.startswith("k") else 8
                points = int(row[1:]) if row.startswith("n") else 4
                held = score(dataset, row, rank, parts=parts, points=points)
                found[f"score_{row}_{dataset}"] = put(place, "score", held)
    return found


def agains(folder: Path, lines: dict[str, float | None], seeds: tuple[int, ...] = (1, 2)) -> dict[str, Path]:
    """Inputs again<seed>_<row>_<set>: the lines of table 2 with further seeds."""
    found = {}
    for seed in seeds:
        for name, place in segmenters(folder / str(seed), lines).items():
            if name != "reported":
                found[name.replace("score_", f"again{seed}_")] = place
    return found


def weights(folder: Path, ranks: dict[str, float | None]) -> dict[str, Path]:
    """Inputs weight_<name> on CelebA; what is not ranked was not run."""
    found = {}
    for name in ("k4_heavy", "k4_half", "k4_double", "k16_half", "k16_double", "no_area"):
        rank, place = ranks.get(name), folder / name
        held = None if rank is None else score("celeba_wild", name, rank)
        found[f"weight_{name}"] = put_not_run(place) if held is None else put(place, "score", held)
    return found


def models(folder: Path) -> dict[str, Path]:
    """Inputs model_<set> of the main runs, with the paper's constants and, as in the demo, 8 parts everywhere."""
    constants = {"celeba_wild": 1.25, "taichi": 3.0, "cub_masks": 1.25, "flowers": 3.75}
    blocks = {name: {"concentration_constant": constants[name], "area_weight": 1.0, "parts": 8} for name in SETS}
    return {f"model_{name}": put(folder / f"model_{name}", "model", {"block": block}) for name, block in blocks.items()}


def fidelities(folder: Path, metric: str = "FD-demo") -> dict[str, Path]:
    """Inputs fidelity_main_<set>; taichi was not run."""
    found = {"reported": REPORTED, "fidelity_main_taichi": put_not_run(folder / "fidelity_taichi")}
    for place, name in enumerate(SETS):
        if name != "taichi":
            value = {"metric": metric, "unit": "1", "value": 20.0 + place, "n": 50, "protocol": {"n": 50}}
            content = {"profile": "demo", "variant": "main", "data": name, "values": [value]}
            found[f"fidelity_main_{name}"] = put(folder / f"fidelity_{name}", "score", content)
    return found


def collapses(
    folder: Path, extents: dict[str, float], fired: dict[str, list[list[str]]], kind: str = "collapse"
) -> dict[str, Path]:
    """Inputs <kind>_<row>_<seed>; `fired`: row → the rules that fired by seed, whose last seeds may not have run."""
    found = {}
    for row, extent in extents.items():
        for seed in (0, 1, 2):
            place = folder / f"{kind}_{row}_{seed}"
            if seed >= len(fired[row]):
                found[f"{kind}_{row}_{seed}"] = put_not_run(place)
                continue
            scale = {"collapse": "radius_var", "deviation": "mean_abs"}[kind]
            content = {
                "seed": seed, "images": 64, "steps": 60, "scale": scale, "fired": fired[row][seed],
                "values": {"foreground": 0.5, "empty_samples": 0.25, "image_deviation": 0.125},
                "mechanism": {
                    "scale_largest": extent, "scale_median": extent / 2, "heat_pixels": 1.0 if extent < 1e-9 else 9.0,
                },
            }  # fmt: skip
            found[f"{kind}_{row}_{seed}"] = put(place, "score", content)
    return found


def encoded(folder: Path, fired: list[str]) -> dict[str, Path]:
    """Inputs encoded_<kind>_<set>: CelebA alone runs."""
    found = {}
    for kind in ("points", "masks"):
        for name in SETS:
            place = folder / f"encoded_{kind}_{name}"
            content = {
                "kind": kind, "parts": 8, "steps": 100, "n": 24, "seed": 0, "grid": "pixel_center",
                "reconstruction": 0.1,
                "fired": fired, "values": {"background": 0.5},
            }  # fmt: skip
            found[f"encoded_{kind}_{name}"] = (
                put(place, "score", content) if name == "celeba_wild" else put_not_run(place)
            )
    return found
