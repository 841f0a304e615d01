"""A made-up store of OneGAN's scores and samples as its modules write them: numbers and tiles are formulas."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np

from stages.data.files import write_json

ROOT = Path(__file__).resolve().parents[2]
PAPER = ROOT / "stages/papers/onegan"
GIVEN = {name: PAPER / f"{name}.csv" for name in ("reported", "reprinted")}
SETS = ("bird_boxes", "dog_boxes", "car_boxes")
SIDE = 16
OUT = "enabled: false in this profile"
NO_TRUTH = "no background is known"
Changed = Mapping[tuple[str, int, str, str], float]  # set, seed, method, metric

# What every claim that can holds with; further seeds add a hundredth each.
ONEGAN = {
    "FD-demo": 40.0, "FD-demo background": 30.0, "IS-probe": 3.0, "WCFD-demo": 50.0, "BCFD-demo": 20.0, "ACC": 0.45,
    "NMI": 0.58, "NMI_max": 0.55, "NMI_parent": 0.3, "purity_parent": 0.4, "clusters": 10.0, "empty_clusters": 2.0,
    "class_agreement": 0.5, "self_agreement_encoder": 0.9, "self_agreement_judge": 0.8, "mask_variance_row": 0.1,
    "mask_variance_column": 0.2, "z_ratio": 0.3, "IoU": 0.6, "Dice": 0.7, "pixel_accuracy": 0.9, "IoU_both": 0.7,
    "IoU_best_polarity": 0.62, "decided": 0.5, "mask_mean": 0.3, "PSNR": 20.4, "L1": 0.06, "swap_inside": 0.43,
    "swap_outside": 0.06, "swap_ratio": 7.0, "swap_cosine": 0.4,
}  # fmt: skip
DETECTED = {"IoU_detection": 0.55, "better_than_detection": 0.2}
OTHERS = {
    ("all_ones", "IoU"): 0.2, ("box", "IoU"): 0.35, ("kmeans", "IoU"): 0.3, ("permuted", "ACC"): 0.2,
    ("permuted", "NMI"): 0.4, ("halves", "FD-demo"): 5.0, ("real", "IS-probe"): 6.0, ("real", "probe_accuracy"): 0.9,
}  # fmt: skip
COUNTS = {"bird_boxes": 900, "dog_boxes": 500, "car_boxes": 60}
# Method and metric -> number of the inpaintings.
PAINTED = {
    **{(method, "PSNR_inside"): value for method, value in {
        "onegan_real": 26.0, "onegan_predicted": 25.0, "dip_real": 19.0, "dip_predicted": 11.0,
        "mean_colour_real": 15.0, "mean_colour_predicted": 14.0}.items()},
    ("onegan_predicted", "L1_outside"): 0.03, ("dip_predicted", "L1_outside_composited"): 0.0,
    ("onegan_real", "residual_object"): 0.1, ("onegan_predicted", "residual_object"): 0.12,
    ("dip_real", "residual_object"): 0.1, ("dip_predicted", "residual_object"): 0.5,
    ("onegan_predicted", "macs"): 1.6e10, ("dip_predicted", "macs"): 2.4e13, ("dip_real", "first_loss"): 0.05,
    ("dip_real", "last_loss"): 0.001,
}  # fmt: skip


def put(folder: Path, name: str, content: Mapping) -> Path:
    """A folder with one JSON and a receipt whose fingerprint is the folder's name."""
    folder.mkdir(parents=True)
    write_json(folder / f"{name}.json", content)
    write_json(folder / "receipt.json", {"fingerprint": f"print of {folder.name}"})
    return folder


def put_not_run(folder: Path) -> Path:
    """A stage that the profile leaves out."""
    return put(folder, "not_run", {"stage": folder.name, "reason": OUT})


def tile(name: str, *place: int) -> np.ndarray:
    """A picture of one colour for each name, with a lighter corner that grows with the place."""
    hue = sum(map(ord, name)) * 37 % 256
    picture = np.full((SIDE, SIDE, 3), (hue, (hue * 3) % 256, 255 - hue), np.uint8)
    reach = 1 + sum(place)
    picture[:reach, :reach] = 240
    return picture


def tiles(folder: Path, name: str, *counts: int) -> None:
    """`name`.npy of tiles. Shapes: uint8 [*counts S S 3]."""
    every = np.zeros((*counts, SIDE, SIDE, 3), np.uint8)
    for place in np.ndindex(*counts):
        every[place] = tile(name, *place)
    np.save(folder / f"{name}.npy", every)


def rows(dataset: str, seed: int, values: Mapping[tuple[str, str], float], changed: Changed) -> list[dict]:
    """Measured numbers; one that is changed to NaN is left out."""
    found = []
    for (method, metric), value in values.items():
        held = changed.get((dataset, seed, method, metric), value)
        protocol = {"split": "test"} | ({"chance": 1 / 12 + seed / 1000} if metric == "class_agreement" else {})
        if held == held:
            found.append({"method": method, "seed": seed, "dataset": dataset, "metric": metric, "unit": "1",
                          "value": held, "n": 96, "protocol": protocol})  # fmt: skip
    return found


def numbers(dataset: str) -> dict[tuple[str, str], float]:
    """All numbers of a quality score of seed 0."""
    own = ONEGAN | (DETECTED if dataset != "bird_boxes" else {})
    own |= {"NMI_colour": 0.6, "NMI_label": 0.3} if dataset == "car_boxes" else {}
    own |= {"swap_inside": 0.2} if dataset == "dog_boxes" else {}
    more = {("detection", "IoU"): 0.8} if dataset != "bird_boxes" else {}
    return {("onegan", metric): value for metric, value in own.items()} | OTHERS | more


def quality(
    folder: Path, seeds: Iterable[int] = (0,), changed: Changed | None = None, sets: Iterable[str] = SETS,
    profile: str = "demo",
) -> dict[str, Path]:  # fmt: skip
    """Inputs score_<set>_<seed>; sets that are not among the given ones were not run."""
    ran, found = set(sets), {}
    for name in SETS:
        for seed in seeds:
            place = folder / f"score_{name}_{seed}"
            if name not in ran:
                found[place.name] = put_not_run(place)
                continue
            moved = {key: value + seed / 100 for key, value in numbers(name).items()}
            facts = {"paper": "onegan", "data": name, "seed": seed, "profile": profile, "absent": {},
                     "values": rows(name, seed, moved, changed or {}),
                     "lowest": [{"key": f"{name}/007", "iou": 0.1, "detection_iou": None if name == SETS[0] else 0.7}],
                     "tiles": {}}  # fmt: skip
            found[place.name] = put(place, "score", facts)
    return found


def inpainting(
    folder: Path, seeds: Iterable[int] = (0,), changed: Changed | None = None, sets: Iterable[str] = SETS,
    known: bool = True, shown: int = 4,
) -> dict[str, Path]:  # fmt: skip
    """Inputs inpainting_<set>, of seed 0, and with _<seed> of further ones; `known`: the true background is."""
    ran, found = set(sets), {}
    for name in SETS:
        for seed in seeds:
            place = folder / (f"inpainting_{name}_{seed}" if seed else f"inpainting_{name}")
            if name not in ran:
                found[place.name] = put_not_run(place)
                continue
            values = {key: value for key, value in PAINTED.items() if known or key[1] != "PSNR_inside"}
            psnr = {who: [PAINTED[who, "PSNR_inside"] + at for at in range(shown)]
                    for who in ("onegan_predicted", "dip_real", "dip_predicted")}  # fmt: skip
            facts = {"paper": "onegan", "data": name, "seed": seed, "profile": "demo", "steps": 1000,
                     "values": rows(name, seed, values, changed or {}), "psnr": psnr if known else {},
                     "absent": {} if known else {"PSNR_inside": NO_TRUTH},
                     "keys": [f"{name}/{at:03d}" for at in range(shown)]}  # fmt: skip
            found[place.name] = put(place, "score", facts)
            for column in ("original", "hole_real", "hole_predicted", "onegan", "dip_real", "dip_predicted"):
                tiles(place, f"fig4_{column}", shown)
    return found


def samples(folder: Path, sets: Iterable[str] = SETS, shown: int = 6) -> dict[str, Path]:
    """Inputs sample_<set>; cars have fewer categories, and dogs detections, of which one is exact."""
    ran, found = set(sets), {}
    for name in SETS:
        place = folder / f"sample_{name}"
        if name not in ran:
            found[place.name] = put_not_run(place)
            continue
        keys, targets = [f"{name}/{at:03d}" for at in range(shown)], 8 if name == "car_boxes" else 12
        ious, exact = ([base + at / 100 for at in range(shown)] for base in (0.5, 0.6))
        detected = {"iou_exact": exact, "detection_iou": [1.0 if at == 1 else 0.7 for at in range(shown)]}
        facts = {"paper": "onegan", "data": name, "seed": 0, "profile": "demo", "predicted_keys": keys,
                 "fig1": {"keys": keys, "child": [*range(shown)], "parent": [at // 3 for at in range(shown)],
                          "z_ratio": 0.099 if name == "bird_boxes" else 0.1},
                 "fig2": {"keys": keys, "iou": ious} | (detected if name == "dog_boxes" else {}),
                 "fig3": {"source_keys": keys[:4], "target_child": [*range(targets)],
                          "target_keys": [f"{name}/{at + 50:03d}" for at in range(targets)]}}  # fmt: skip
        found[place.name] = put(place, "sample", facts)
        tiles(place, "fig1_reference", shown)
        tiles(place, "fig1", 5, shown)
        for column in ("image", "made", "foreground", "background"):
            tiles(place, f"fig2_{column}", shown)
        for column in ("truth", "mask"):
            np.save(place / f"fig2_{column}.npy", np.stack([tile(column, at)[..., 0] for at in range(shown)]))
        tiles(place, "fig3_target", targets)
        tiles(place, "fig3_source", 4)
        tiles(place, "fig3", 4, targets)
    return found


def cards(folder: Path, counts: Mapping[str, int] = COUNTS, sets: Iterable[str] = SETS) -> dict[str, Path]:
    """Inputs tiles_<set>."""
    ran, found = set(sets), {}
    for name in SETS:
        place = folder / f"tiles_{name}"
        facts = {"count": counts[name], "median_side_px": 40, "photos_without_tile": 3, "scale": 0.5}
        found[place.name] = put(place, "card", {"facts": facts}) if name in ran else put_not_run(place)
    return found


def models(folder: Path, sets: Iterable[str] = SETS) -> dict[str, Path]:
    """Inputs model_<set>, with the sizes of the demo."""
    ran, found = set(sets), {}
    for name in SETS:
        place = folder / f"model_{name}"
        block = {"profile": "demo", "children": 8 if name == "car_boxes" else 12, "parents": 4, "pose": 16,
                 "child_code": 32, "parent_code": 16, "background_code": 32, "size_px": 32}  # fmt: skip
        found[place.name] = put(place, "model", {"block": block}) if name in ran else put_not_run(place)
    return found


def everything(folder: Path, seeds: Iterable[int] = (0,), changed: Changed | None = None) -> dict[str, Path]:
    """What all tables read."""
    given = [*seeds]
    pages = {name: PAPER / f"{name}.yaml" for name in ("claims", "notation")}
    scored = quality(folder, given, changed) | inpainting(folder, given, changed)
    return GIVEN | pages | scored | cards(folder) | models(folder)


def change(folder: Path, edit: Callable[[dict], object], name: str = "score") -> None:
    """Edit a folder's JSON in place."""
    path = folder / f"{name}.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    edit(facts)
    write_json(path, facts)
