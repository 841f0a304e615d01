"""A made-up store of MoNCE's scores as the measures write them: every number and tile is a formula of its place."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from stages.data.files import write_json, write_table

ROOT = Path(__file__).resolve().parents[2]
PAPER = ROOT / "stages/papers/monce"
REPORTED = PAPER / "reported.csv"
SIDE, SHOWN = 16, 4
OUT = "enabled: false in this profile"
HORSES = ("cycle", "patch", "lsesim", "weight", "monce")
SWEEP = ("monce", "patch", "q01", "q05", "q2", "q5", "b05", "b1", "b5", "easy", "slow", "top4")
# Where a run stands by its Fréchet distance, 0 the best; content in the opposite order.
RANK = {run: rank for rank, run in enumerate(
    ("monce", "weight", "patch", "lsesim", "cycle", "perceptual", "contextual", "hard", "easy", "q5", "q2", "q05",
     "q01", "b05", "b1", "b5", "slow", "top4"))}  # fmt: skip


def put(folder: Path, name: str, content: dict) -> Path:
    """A folder with one JSON and a receipt whose fingerprint is the folder's name."""
    folder.mkdir(parents=True)
    write_json(folder / f"{name}.json", content)
    write_json(folder / "receipt.json", {"fingerprint": f"print of {folder.name}"})
    return folder


def put_not_run(folder: Path) -> Path:
    """A stage that the profile leaves out."""
    return put(folder, "not_run", {"stage": folder.name, "reason": OUT})


def tile(name: str, place: int) -> np.ndarray:
    """A picture of one colour for each column, with a lighter corner for each line."""
    hue = sum(map(ord, name)) * 37 % 256
    picture = np.full((SIDE, SIDE, 3), (hue, (hue * 3) % 256, 255 - hue), np.uint8)
    picture[: 3 * (place + 1), : 3 * (place + 1)] = 240
    return picture


def row(method: str, seed: int, dataset: str, metric: str, value: float) -> dict:
    """One measured number."""
    protocol = {"scorer": "toy"} if metric != "SWD" else {"scorer": "toy", "levels": [value]}
    protocol |= {"judge": "toy judge"} if metric in ("mAP", "mIoU", "mask_iou") else {}
    return {"method": method, "seed": seed, "dataset": dataset, "metric": metric, "unit": "1", "value": value, "n": 8,
            "protocol": protocol}  # fmt: skip


def score(
    folder: Path, dataset: str, runs: Mapping[str, Iterable[int]], absent: Iterable[str] = (),
    failed: Iterable[str] = (), profile: str = "demo", metrics: Iterable[str] = ("FD-demo", "SWD"),
    changed: Mapping[tuple[str, int, str], float] | None = None, gated: bool = True,
) -> Path:  # fmt: skip
    """A score folder; `runs`: method -> its seeds. Values are 10 + rank + seed / 10; of content 0.9 - rank / 100."""
    content = ("mask_iou", "self_similarity") if dataset == "horses" else ()
    judged = {"street": ("mAP",), "rooms": ("mIoU",)}.get(dataset, ())
    values, gate = [], {}
    for method, seeds in runs.items():
        for seed in seeds:
            for metric in (*metrics, *content, *judged):
                rank = RANK[method]
                value = 0.9 - rank / 100 if metric in ("mask_iou", "mAP", "mIoU") else 10 + rank + seed / 10
                value = (changed or {}).get((method, seed, metric), value)
                values.append(row(method, seed, dataset, metric, value))
            name = f"{method}_{seed}" if seed else method
            share = {"share": 0.75} if dataset == "horses" else {"share": None}
            gate[name] = {"translated": name not in failed, "made": 10.0, "source": 60.0} | share
    values += [row("halves", 0, dataset, metric, 3.0) for metric in metrics]
    values += [row("real", 0, dataset, metric, 0.95) for metric in judged]
    keys = [f"testA/{place:03d}" for place in range(SHOWN)]
    facts = {"paper": "monce", "data": dataset, "profile": profile, "values": values, "shown": keys}
    facts |= {"not_run": dict.fromkeys(absent, OUT)} | ({"gate": gate} if gated else {})
    put(folder, "score", facts)
    for name in ("input", "target", *runs):
        np.save(folder / f"shown_{name}.npy", np.stack([tile(name, place) for place in range(SHOWN)]))
    return folder


def unpaired(folder: Path, **changes: object) -> dict[str, Path]:
    """Inputs unpaired_<set>, all five methods on all sets; the learned form is left out."""
    runs = dict.fromkeys(HORSES, (0,))
    return {
        f"unpaired_{name}": score(folder / f"unpaired_{name}", name, runs, ("learned",), **changes)  # pyright: ignore
        for name in ("street", "horses", "seasons")
    }


def sweep(folder: Path, runs: Iterable[str] = SWEEP, **changes: object) -> dict[str, Path]:
    """Input sweep; runs that are not among the given ones were not run."""
    made = {run: (0,) for run in SWEEP if run in set(runs)}
    absent = [run for run in SWEEP if run not in made]
    return {"sweep": score(folder / "sweep", "horses", made, absent, **changes)}  # pyright: ignore[reportArgumentType]


def seeds(folder: Path, made: Iterable[int] = (1, 2), **changes: object) -> dict[str, Path]:
    """Input seeds: the further seeds, or none of them."""
    if not (held := tuple(made)):
        return {"seeds": put_not_run(folder / "seeds")}
    runs = dict.fromkeys(("patch", "weight", "monce", "q01", "q5"), held)
    return {"seeds": score(folder / "seeds", "horses", runs, **changes)}  # pyright: ignore[reportArgumentType]


def paired(folder: Path, more: bool = False) -> dict[str, Path]:
    """Inputs paired_<set> and more; CelebA-HQ lacks two losses, as in the demo."""
    every: dict[str, Iterable[int]] = dict.fromkeys(["perceptual", "patch", "weight", "monce"], (0,))
    some: dict[str, Iterable[int]] = {"perceptual": (0,), "monce": (0,)}
    rest: dict[str, Iterable[int]] = {"contextual": (0,), "hard": (0,)}
    return {
        "paired_rooms": score(folder / "paired_rooms", "rooms", every, gated=False),
        "paired_face_parts": score(folder / "paired_face", "face_parts", some, ("patch", "weight"), gated=False),
        "paired_people": score(folder / "paired_people", "people", some, ("patch", "weight"), gated=False),
        "more": score(folder / "more", "rooms", rest, gated=False) if more else put_not_run(folder / "more"),
    }


def receptive(folder: Path, sides: Iterable[int] = (1, 9, 15, 35, 99)) -> dict[str, Path]:
    """Input receptive."""
    seen, control = list(sides), [1, 9, 13, 29, 93]
    facts = {"paper": "monce", "profile": "demo", "dtype": "float64", "unit": "px", "layers": [0, 4, 8, 12, 16],
             "side_px": 256, "width": 2, "blocks": 5, "blurred": {"supports": seen, "closed_form": seen},
             "control": {"supports": control, "closed_form": control}}  # fmt: skip
    return {"receptive": put(folder / "receptive", "score", facts)}


def transport(folder: Path) -> dict[str, Path]:
    """Input transport: two counts of positions, so that the table has the larger error."""
    rows = [
        {"positions": count, "beta": 0.1, "favour": "hard", "gradient": "unroll", "iterations": steps,
         "loss_error": count / steps, "gradient_error": 1e-3 / steps, "row_error": 0.5}
        for count in (64, 256) for steps in (1, 10)
    ]  # fmt: skip
    facts = {"paper": "monce", "profile": "demo", "reference": 400, "seed": 0, "rows": rows}
    facts["largest_gaps"] = {"uniform": 1e-16, "weight": 2e-16, "monce": 3e-15}
    return {"transport": put(folder / "transport", "score", facts)}


def similarity(folder: Path) -> dict[str, Path]:
    """Input similarity."""
    made = np.random.default_rng(0)
    edges = np.linspace(-1, 1, 21)

    def one(encoder: str, layer: str, centre: float) -> dict:
        positive, negative = made.normal(0.8, 0.1, 200).clip(-1, 1), made.normal(centre, 0.2, 900).clip(-1, 1)
        return {"encoder": encoder, "layer": layer, "positive": np.histogram(positive, edges)[0].tolist(),
                "negative": np.histogram(negative, edges)[0].tolist(), "positive_mean": float(positive.mean()),
                "negative_mean": float(negative.mean()), "overlap": 0.1}  # fmt: skip

    found = [one("generator", layer, 0.0) for layer in ("4", "8", "12")]
    found += [one("vgg_small", layer, 0.6) for layer in ("relu2_2", "relu3_2", "relu4_2")]
    plans = {"weight": made.dirichlet(np.ones(32), 32), "monce": np.full((32, 32), 1 / 32)}
    plan = {"layer": 8, "key": "testA/000", "favour": "hard", "beta": 0.1, "iterations": 10,
            "column_sums": {mode: held.sum(0).tolist() for mode, held in plans.items()},
            "row_error": {"weight": 0.0, "monce": 1e-3}}  # fmt: skip
    facts = {"paper": "monce", "profile": "demo", "data": "horses", "paired": "rooms", "images": 2,
             "edges": edges.tolist(), "histograms": found, "plan": plan}  # fmt: skip
    place = put(folder / "similarity", "score", facts)
    for mode, held in plans.items():
        np.save(place / f"plan_{mode}.npy", held.astype(np.float32))
    return {"similarity": place}


def curves(folder: Path, runs: Iterable[str] = ("q01", "monce", "q5")) -> dict[str, Path]:
    """Inputs model_<run> of the five Q, and of the tenth of the rate; content 3, adversarial 1."""
    found = {}
    for run in ("q01", "q05", "monce", "q2", "q5", "slow"):
        if run not in set(runs):
            found[f"model_{run}"] = put_not_run(folder / f"model_{run}")
            continue
        rate = 1e-4 if run == "slow" else 1e-3
        place = found[f"model_{run}"] = put(folder / f"model_{run}", "model", {"block": {"learning_rate": rate}})
        terms = {"G/adversarial": 1.0, "G/content": 2.0, "G/identity": 1.0, "G/stat/content_positive": 0.8,
                 "G/stat/content_negative": 0.1, "G/stat/content_unsolved": 0.5}  # fmt: skip
        lines = [f"{step},{step},{term},{value * step}" for step in (1, 2) for term, value in terms.items()]
        (place / "curve.csv").write_text("\n".join(["step,images,term,value", *lines]) + "\n", encoding="utf-8")
    return found


def packs(folder: Path) -> dict[str, Path]:
    """Prepared sets of the paired figures: labels 0 up to the unknown, and joints on a line."""
    found = {}
    for name in ("rooms", "face_parts", "people"):
        place = folder / f"data_{name}"
        place.mkdir(parents=True)
        keys = [f"testA/{at:03d}" for at in range(SHOWN)]
        classes = [1, 3, 17] if name == "rooms" else ["background", "skin"]
        write_json(place / "card.json", {"name": name, "size_px": SIDE, "facts": {"classes": classes}})
        write_table(place / "index.parquet", {"key": keys, "split": ["test"] * SHOWN}, {"key": "str", "split": "str"})
        np.save(place / "images.npy", np.zeros((SHOWN, SIDE, SIDE, 3), np.uint8))
        labels = np.zeros((SHOWN, SIDE, SIDE), np.uint8)
        labels[:, :4], labels[:, 4:8] = 1, len(classes)
        if name == "people":
            np.save(place / "joints.npy", np.linspace(0.1, 0.9, SHOWN * 36).reshape(SHOWN, 18, 2).astype(np.float32))
        else:
            np.save(place / "labels.npy", labels)
        found[name] = place
    return found


def everything(folder: Path) -> dict[str, Path]:
    """What the table of claims reads, as the demo makes it."""
    demo = ("monce", "patch", "q01", "q5")
    return {
        "reported": REPORTED, "claims": PAPER / "claims.yaml", **unpaired(folder), **sweep(folder, demo),
        **seeds(folder, ()), **paired(folder), **receptive(folder), **transport(folder),
    }  # fmt: skip


def change(folder: Path, edit: object) -> None:
    """Edit score.json of a folder in place."""
    path = folder / "score.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    edit(facts)  # pyright: ignore[reportCallIssue]
    write_json(path, facts)
