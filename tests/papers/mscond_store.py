"""A made-up store of MsConD's scores, models and samples as its modules write them: numbers are formulas."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np

from stages.data.files import write_json, write_table
from stages.papers.mscond.report.names import BASELINES, RUNS_OF, SETS, STREETS

ROOT = Path(__file__).resolve().parents[2]
PAPER = ROOT / "stages/papers/mscond"
GIVEN = {"reported": PAPER / "reported.csv", "claims": PAPER / "claims.yaml"}
OUT = "enabled: false in this profile"
SIDE, SHOWN, UNCURATED, COUNT = 32, 6, 18, 150
FD = "FD-demo"
CATEGORIES = {
    "city_scenes": ["car", "person", "bus"],
    "livingroom": ["couch", "chair", "potted plant"],
    "kitchen": ["oven", "refrigerator", "sink"],
}
# Scene distance of each run; with it every ordering of the text holds. A category's is half, and rises with its place.
DISTANCE = {"s1_off": 60.0, "s1_on": 56.0, "s1_8_off": 50.0, "s1_8_on": 45.0, "s1_16_off": 40.0, "s1_16_on": 30.0,
            "insgen": 52.0, "projectedgan": 48.0}  # fmt: skip
Changed = Mapping[tuple[str, str, int, str], float | str]  # set, run, seed, metric -> another number, or why none
Ran = Callable[[str, str, int], bool]


def always(dataset: str, run: str, seed: int) -> bool:
    """Every run with every seed."""
    return True


def demo(dataset: str, run: str, seed: int) -> bool:
    """What the demo enables."""
    return seed == 0 or (dataset == STREETS and run in ("s1_off", "s1_16_off", "s1_16_on"))


def smoke(dataset: str, run: str, seed: int) -> bool:
    """What the smoke profile enables."""
    return seed == 0 and dataset != "kitchen" and run in (*BASELINES, "s1_16_on")


def put(folder: Path, name: str, content: Mapping) -> Path:
    """A folder with one JSON and a receipt whose fingerprint is the folder's name."""
    folder.mkdir(parents=True)
    write_json(folder / f"{name}.json", content)
    write_json(folder / "receipt.json", {"fingerprint": f"print of {folder.name}"})
    return folder


def put_not_run(folder: Path) -> Path:
    """A stage that the profile leaves out."""
    return put(folder, "not_run", {"stage": folder.name, "reason": OUT})


def change(folder: Path, edit: Callable[[dict], object], name: str = "score") -> None:
    """Edit a folder's JSON in place."""
    path = folder / f"{name}.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    edit(facts)
    write_json(path, facts)


def points(seeds: Iterable[int], sets: Iterable[str] = SETS) -> list[tuple[str, str, int]]:
    """All trainings of the graph with these seeds: rooms have seed 0 alone."""
    return [
        (name, run, seed) for name in sets for run in RUNS_OF[name] for seed in seeds if not seed or name == STREETS
    ]


def numbers(dataset: str, run: str, seed: int) -> dict[str, float]:
    """What is measured of a run: further seeds add a tenth each."""
    scene = DISTANCE[run] + seed / 10
    objects = {f"{FD} object {name}": scene / 2 + 5 * at for at, name in enumerate(CATEGORIES[dataset])}
    found = {f"detections_{name}": 1.6 / (1 + at) + seed / 100 for at, name in enumerate(CATEGORIES[dataset])}
    return {FD: scene, **objects, **found}


def row(dataset: str, method: str, seed: int, metric: str, value: float, **protocol: object) -> dict:
    """One number of a score."""
    unit, n = ("1/image", 1024) if metric.startswith("detections") else ("1", COUNT if "object" in metric else 1024)
    return {"method": method, "seed": seed, "dataset": dataset, "metric": metric, "unit": unit, "value": value, "n": n,
            "protocol": {"extractor": "taught", "psi": 1.0} | protocol}  # fmt: skip


def facts(dataset: str, run: str, seed: int, profile: str, values: list[dict], absent: Mapping[str, str]) -> dict:
    """One score.json."""
    counts = {"images": 1024, "detected_images": 1024, "objects": dict.fromkeys(CATEGORIES[dataset], 12)}
    return {"paper": "mscond", "data": dataset, "run": run, "seed": seed, "profile": profile, "scorer": FD,
            "categories": CATEGORIES[dataset], "objects_count": COUNT, "size_px": SIDE, "counts": counts,
            "values": values, "absent": dict(absent)}  # fmt: skip


def scores(
    folder: Path, seeds: Iterable[int] = (0,), changed: Changed | None = None, ran: Ran = always, profile: str = "demo"
) -> dict[str, Path]:
    """Inputs score_<set>_<run>_<seed> and reference_<set>."""
    found = {}
    for name in SETS:
        place = folder / f"reference_{name}"
        if not any(ran(name, run, 0) for run in RUNS_OF[name]):
            found[place.name] = put_not_run(place)
            continue
        values = [row(name, "halves", 0, FD, 9.0)]
        values += [row(name, "halves", 0, f"{FD} object {one}", 6.0) for one in CATEGORIES[name][:2]]
        values += [row(name, "real", 0, f"detections_{one}", 1.7) for one in CATEGORIES[name]]
        few = {f"{FD} object {CATEGORIES[name][2]}": "40 crops in 400 real pictures, 300 are compared"}
        found[place.name] = put(place, "score", facts(name, "reference", 0, profile, values, few))
    for name, run, seed in points(seeds):
        place = folder / f"score_{name}_{run}_{seed}"
        if not ran(name, run, seed):
            found[place.name] = put_not_run(place)
            continue
        held = {metric: (changed or {}).get((name, run, seed, metric), value)
                for metric, value in numbers(name, run, seed).items()}  # fmt: skip
        values = [row(name, run, seed, metric, one) for metric, one in held.items() if not isinstance(one, str)]
        absent = {metric: one for metric, one in held.items() if isinstance(one, str)}
        found[place.name] = put(place, "score", facts(name, run, seed, profile, values, absent))
    return found


# Statistics of logits at a tick t in [0, 1]: (mean real, mean fake, deviation real, deviation fake).
Curve = Callable[[float], tuple[float, float, float, float]]
DRIFTS: Curve = lambda t: (0.2 + 2.0 * t, -0.2 - 2.0 * t, 1.0, 1.0)  # noqa: E731
PROBED: Curve = lambda t: (0.5, -0.5, 1.0, 1.0)  # noqa: E731
CLOSE: Curve = lambda t: (0.2, -0.2, 1.0, 1.0)  # noqa: E731
CALM: Curve = lambda t: (0.2, -0.2, 1.0, 1.2)  # noqa: E731


def unstable(t: float) -> tuple[float, float, float, float]:
    """Fake logits that deviate twice as much and jump from tick to tick."""
    return 0.2, -0.2 + 0.3 * (round(t * 1000) % 2), 1.0, 2.0 + t


CURVES: dict[str, dict[tuple[str, int], Curve]] = {
    "s1_off": {("own", 1): DRIFTS, ("probe", 8): PROBED, ("probe", 16): PROBED},
    "s1_16_off": {("own", 1): CLOSE, ("own", 8): CLOSE, ("own", 16): unstable},
    "s1_16_on": {("own", 1): CLOSE, ("own", 8): CLOSE, ("own", 16): CALM},
}


def models(
    folder: Path, seeds: Iterable[int] = (0,), curves: Mapping[tuple[str, int, str, int], Curve] | None = None,
    ran: Ran = always, ticks: int = 180, held_out: bool = True, profile: str = "demo",
) -> dict[str, Path]:  # fmt: skip
    """Inputs model_<streets>_<run>_<seed>; `curves` by run, seed, source and height in place of the usual ones."""
    found = {}
    for _, run, seed in points(seeds, [STREETS]):
        place = folder / f"model_{STREETS}_{run}_{seed}"
        if not ran(STREETS, run, seed):
            found[place.name] = put_not_run(place)
            continue
        content = {"paper": "mscond", "method": "gan", "seed": seed, "data": STREETS, "block": {"profile": profile}}
        found[place.name] = put(place, "model", content)
        if run in CURVES:
            heads = {head: (curves or {}).get((run, seed, *head), curve) for head, curve in CURVES[run].items()}
            write_dynamics(place, heads, ticks, held_out)
    return found


def write_dynamics(folder: Path, heads: Mapping[tuple[str, int], Curve], ticks: int, held_out: bool) -> None:
    """dynamics.parquet of 80 images a tick; held-out logits are .1 lower than real ones."""
    lines = []
    for tick in range(ticks):
        for (source, height), curve in heads.items():
            real, fake, wide, fake_wide = curve(tick / 1000)
            told = {"real": (real, wide), "fake": (fake, fake_wide)}
            told |= {"held_out": (real - 0.1, wide)} if held_out else {}
            for domain, (mean, deviation) in told.items():
                place = {"images": (tick + 1) * 80, "height": height, "domain": domain, "source": source}
                held = {"n": 80 * height**2, "mean": mean, "std": deviation, "minimum": mean - 3 * deviation,
                        "maximum": mean + 3 * deviation, "share_positive": 0.5, "std_image": deviation / 2}  # fmt: skip
                lines.append(place | held)
    columns = {name: [line[name] for line in lines] for name in lines[0]}
    types = {"domain": "str", "source": "str", "images": "int", "height": "int", "n": "int"}
    write_table(folder / "dynamics.parquet", columns, {name: types.get(name, "float") for name in columns})


# Hue of a category's blob, by its place in the set's list.
PAINTS = ((200, 40, 40), (230, 190, 40), (40, 170, 180))


def scene(dataset: str, number: int) -> tuple[np.ndarray, list[list[float]]]:
    """A picture with one block for each category, which moves with the number, and their boxes. uint8 [S S 3]."""
    picture = np.full((SIDE, SIDE, 3), (150, 170, 190), np.uint8)
    picture[SIDE // 2 :] = (110, 108, 105)
    picture[:, :, 0] += np.uint8(7 * list(SETS).index(dataset))
    boxes = []
    for at, paint in enumerate(PAINTS):
        left, up = (5 * number + 11 * at) % (SIDE - 12), SIDE // 2 - 3 + 4 * at
        picture[up : up + 5, left : left + 11] = paint
        boxes.append([left, up, left + 11, up + 5])
    return picture, boxes


def samples(folder: Path, ran: Ran = always, profile: str = "demo") -> dict[str, Path]:
    """Inputs sample_<set>_<run> of the four models; the third category of each set is found in two pictures or none."""
    found = {}
    for name in SETS:
        for run in (*BASELINES, "s1_16_on"):
            place = folder / f"sample_{name}_{run}"
            if not ran(name, run, 0):
                found[place.name] = put_not_run(place)
                continue
            told = {"paper": "mscond", "method": "gan", "seed": 0, "data": name, "profile": profile, "psi": 0.7,
                    "uncurated": UNCURATED, "looked_at": 200, "shown": SHOWN, "size_px": SIDE,
                    "categories": CATEGORIES[name]}  # fmt: skip
            found[place.name] = put(place, "sample", told)
            np.save(place / "uncurated.npy", np.stack([scene(name, number)[0] for number in range(UNCURATED)]))
            counts = (SHOWN, SHOWN, 2 if name == STREETS else 0)
            held, absent = {}, {}
            for at, (category, count) in enumerate(zip(CATEGORIES[name], counts, strict=True)):
                if not count:
                    absent[category] = "no detection in 200 generated pictures"
                    continue
                latents = [3 * number + at for number in range(count)]
                made = [scene(name, latent) for latent in latents]
                held[category] = {"latents": latents, "boxes": [[boxes[at]] for _, boxes in made],
                                  "scores": [[1.0]] * count, "pictures": 57 + count}  # fmt: skip
                np.save(place / f"objects_{category.replace(' ', '_')}.npy", np.stack([picture for picture, _ in made]))
            write_json(place / "objects.json", {"detector": {"architecture": "blob"}, "psi": 0.7, "looked_at": 200,
                                                "categories": held, "absent": absent})  # fmt: skip
    return found


def everything(
    folder: Path, seeds: Iterable[int] = (0,), changed: Changed | None = None, ran: Ran = always
) -> dict[str, Path]:
    """What all tables read."""
    given = [*seeds]
    return GIVEN | scores(folder, given, changed, ran) | models(folder, given, ran=ran)
