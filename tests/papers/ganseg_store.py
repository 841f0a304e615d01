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


def score(dataset: str, variant: str, rank: float, profile: str = "demo", parts: int = 8, points: int = 4) -> dict:
    """score.json of one segmenter."""
    values = [
        {
            "metric": metric, "unit": unit, "value": number(rank, metric, dataset), "n": 24,
            "protocol": {"backbone_init": "random", "n": 24, "split": "test"},
        }
        for metric, unit in METRICS[dataset]
    ]  # fmt: skip
    return {
        "paper": "ganseg", "set": dataset, "data": dataset, "variant": variant, "method": "segmenter", "seed": 0,
        "profile": profile, "parts": parts, "points_per_part": points, "backbone_init": "random",
        "fixed_scale": 0.0123 if variant == "fixed" else None, "concentration_weight": 1.25 * parts, "values": values,
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


def collapses(folder: Path, extents: dict[str, float], fired: dict[str, list[str]]) -> dict[str, Path]:
    """Inputs collapse_<row>_<seed>: seeds 0 and 1 run, seed 2 does not."""
    found = {}
    for row, extent in extents.items():
        for seed in (0, 1, 2):
            place = folder / f"collapse_{row}_{seed}"
            if seed == 2:
                found[f"collapse_{row}_{seed}"] = put_not_run(place)
                continue
            content = {
                "seed": seed, "images": 64, "steps": 60, "scale": "radius_var", "fired": fired[row],
                "values": {"foreground": 0.5, "empty_samples": 0.25, "image_deviation": 0.125},
                "mechanism": {
                    "scale_largest": extent, "scale_median": extent / 2, "heat_pixels": 1.0 if extent < 1e-9 else 9.0,
                },
            }  # fmt: skip
            found[f"collapse_{row}_{seed}"] = put(place, "score", content)
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
