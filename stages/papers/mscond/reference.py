"""What all models of a set are compared with: the real pictures' moments, and their halves against each other.

Source: spec §5.1, §5.3; settled 1.9 (one stage a set; statistics stream, features of 2.2 million kitchens are 36 GB).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from stages.papers.mscond.measured import SPLIT, MeasureBlock, detections_metric, object_metric, slug, why_blind

if TYPE_CHECKING:
    from stages.data.prepared.packed import Packed
    from stages.engine.going import Going
    from stages.metrics.frechet import Running, Statistics
    from stages.metrics.rows import Rows
    from stages.papers.mscond.looking import Looks, Objects

# The state of the moments is tens of megabytes, and real pictures are up to millions.
STATE_BATCHES, STATE = 256, ("count", "mean", "scatter")


class Block(MeasureBlock):
    """Objects are looked for in `objects_images` real pictures, or in all where there are fewer."""

    objects_images: int = Field(gt=0)


def measure(block: Block, inputs: dict[str, Path], out: Path, device: str, progress: "Going") -> None:
    """Write score.json (values, what is absent and why, counts) and moments.npz.

    Inputs: data, scorer, detector; without a detector, all of objects is absent.
    Shapes: float64 scene_mean [D], scene_covariance [D D], scene_count []; object_<category>_… where there are N crops.
    Raises: ValueError and FloatingPointError as what it calls.
    """
    from stages.data.files import write_json
    from stages.data.prepared.packed import Packed
    from stages.metrics.rows import Rows
    from stages.papers.mscond.looking import Looks, Objects
    from stages.teachers.detectors.scenes import open_detector

    data, looks = Packed.open(inputs["data"]), Looks(inputs["scorer"], block, device)
    facts, dataset = data.card["facts"], data.card["name"]
    pictures = {"size_px": data.card["size_px"], "crop": facts["crop"], "filter": facts["filter"], "real_split": SPLIT}
    rows, absent, real = Rows(dataset), dict[str, str](), data.positions(SPLIT)
    scene = measure_scene(block, data, real, looks, pictures, rows, progress)
    arrays = named("scene", scene.statistics())
    blind = why_blind(inputs)
    objects = None if blind else Objects(block, open_detector(inputs["detector"], device), looks, sets=2)
    if objects is None:
        metrics = [object_metric(looks.name, one) for one in block.categories]
        absent |= dict.fromkeys((*metrics, *map(detections_metric, block.categories)), blind)
    else:
        look_for_objects(block, data, real, objects, progress)
        absent |= measure_objects(block, objects, looks, pictures, rows)
        for category in block.categories:
            if (whole := objects.full(category)) is not None:
                arrays |= named(f"object_{slug(category)}", whole)
    np.savez(out / "moments.npz", **arrays)  # pyright: ignore[reportArgumentType]  # no array is called allow_pickle
    counts = {
        "images": len(real), "detected_images": objects.pictures if objects else 0,
        "objects": {category: objects.found[category] for category in block.categories} if objects else {},
    }  # fmt: skip
    said = {"paper": "mscond", "data": dataset, "run": "reference", "seed": block.seed, "profile": block.profile}
    said |= {"scorer": looks.name, "scorer_sha256": looks.protocol["extractor_sha256"], "pictures": pictures}
    said |= {"detector": objects.detector.facts if objects else None, "categories": list(block.categories)}
    said |= {"objects_count": block.objects_count, "counts": counts, "absent": absent}
    write_json(out / "score.json", said | {"values": rows.values})


def measure_scene(
    block: Block,
    data: "Packed",
    real: np.ndarray,
    looks: "Looks",
    pictures: dict[str, Any],
    rows: "Rows",
    progress: "Going",
) -> "Running":
    """Adds the distance of the real ones at even and at odd places; gives what is known of all of them."""
    from stages.engine.shards import packed, unpacked
    from stages.metrics.frechet import Running

    halves, done = (Running(), Running()), 0
    kept, size = progress.kept("scenes"), block.batch * STATE_BATCHES
    if newest := kept.newest():
        state, done = unpacked(newest[1]), (newest[0] + 1) * size
        halves = tuple(Running.of({name: state[f"{half}_{name}"] for name in STATE}) for half in range(2))
    for start in range(done, len(real), block.batch):
        numbers = np.arange(start, min(start + block.batch, len(real)))
        features = looks.features(data.images[real[numbers]])
        for half, running in enumerate(halves):
            running.add(features[np.flatnonzero(numbers % 2 == half)])
        if (start + block.batch) % size == 0:
            number = start // size
            state = {f"{half}_{name}": array for half, run in enumerate(halves) for name, array in run.arrays().items()}
            kept.keep(number, packed(state))
            kept.forget(number - 1)
        progress(int(numbers[-1]) + 1, len(real), "real pictures")
    value, said = looks.distance(*(half.statistics() for half in halves))
    said |= pictures | {"halves": "even and odd places"}
    rows.add("halves", block.seed, looks.name, "1", value, min(half.count for half in halves), said)
    whole = Running()
    for half in halves:
        whole.merge(half)
    return whole


def look_for_objects(block: Block, data: "Packed", real: np.ndarray, objects: "Objects", progress: "Going") -> None:
    """Goes through real pictures in a drawn order, so that the first N crops are no city's or camera's own."""
    from stages.data.prepared.order import digest

    order = np.random.Generator(np.random.PCG64(digest(block.seed, "real pictures"))).permutation(real)
    order = order[: block.objects_images]

    def seen(numbers: range) -> dict[str, np.ndarray]:
        starts = range(numbers.start, numbers.stop, block.batch)
        found = objects.see(data.images[order[start : min(start + block.batch, numbers.stop)]] for start in starts)
        progress(numbers.stop, len(order), "objects of real pictures")
        return found

    for part in progress.kept("objects").over(len(order), block.batch, seen):
        objects.take(part)


def measure_objects(
    block: Block, objects: "Objects", looks: "Looks", pictures: dict[str, Any], rows: "Rows"
) -> dict[str, str]:
    """Adds detections in a picture, and the first N crops against the next N; gives why a category has none."""
    absent = dict[str, str]()
    for category in block.categories:
        metric, sides = object_metric(looks.name, category), [objects.full(category, number) for number in (0, 1)]
        told = pictures | objects.protocol
        mean = objects.found[category] / objects.pictures
        rows.add("real", block.seed, detections_metric(category), "1/image", mean, objects.pictures, told)
        first, second = sides
        if first is None or second is None:
            found, wanted = objects.found[category], 2 * block.objects_count
            absent[metric] = f"{found} crops in {objects.pictures} real pictures, {wanted} are compared in halves"
            continue
        value, said = looks.distance(first, second)
        said |= told | {"halves": "first and next crops in a drawn order of pictures"}
        rows.add("halves", block.seed, metric, "1", value, block.objects_count, said)
    return absent


def named(name: str, statistics: "Statistics") -> dict[str, np.ndarray]:
    """Moments as arrays of a file."""
    count = np.array(statistics.count, np.float64)
    return {f"{name}_mean": statistics.mean, f"{name}_covariance": statistics.covariance, f"{name}_count": count}
