"""How near a model's pictures, and the objects in them, come to the real ones of its set.

Source: spec §5.1 (psi 1, fresh noise, no selection), §5.3; settled 1.7 to 1.9 (last weights, equal counts, streaming).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from stages.papers.mscond.measured import MeasureBlock, detections_metric, object_metric, slug, why_blind

if TYPE_CHECKING:
    import numpy as np

    from stages.engine.going import Going
    from stages.metrics.frechet import Statistics
    from stages.metrics.rows import Rows
    from stages.papers.mscond.looking import Looks, Objects

PSI = 1.0


class Block(MeasureBlock):
    """`fakes` pictures are made of the `run`."""

    run: str
    fakes: int = Field(gt=1)


def measure(block: Block, inputs: dict[str, Path], out: Path, device: str, progress: "Going") -> None:
    """Write score.json: values, what is absent and why, counts.

    Inputs: reference, scorer, detector, model; without a detector, all of objects is absent.
    Raises: ValueError where the model is of another set or run, or the reference was measured in another way.
    """
    import numpy as np
    import torch

    from stages.data.files import read_json, write_json
    from stages.metrics.frechet import Running
    from stages.metrics.rows import Rows
    from stages.papers.mscond.generated import pictures_of
    from stages.papers.mscond.looking import Looks, Objects
    from stages.papers.mscond.trained import open_trained
    from stages.teachers.detectors.scenes import open_detector

    reference = read_json(inputs["reference"] / "score.json")
    trained, looks = open_trained(inputs["model"], device), Looks(inputs["scorer"], block, device)
    blind = why_blind(inputs)
    objects = None if blind else Objects(block, open_detector(inputs["detector"], device), looks)
    refuse_another(block, reference, trained.facts, looks, objects)

    def looked_at(numbers: range) -> dict[str, np.ndarray]:
        images = list(pictures_of(trained, block.seed, numbers, block.batch, PSI, noisy=True))
        scenes = np.concatenate([looks.features(batch).numpy() for batch in images])
        progress(numbers.start + len(scenes), block.fakes, "generated pictures")
        return {"scenes": scenes} | (objects.see(images) if objects else {})

    scene = Running()
    for part in progress.kept("pictures").over(block.fakes, block.batch, looked_at):
        for features in torch.from_numpy(part["scenes"]).split(block.batch):
            scene.add(features)
        if objects:
            objects.take(part)
    with np.load(inputs["reference"] / "moments.npz", allow_pickle=False) as real:
        rows, seed = Rows(reference["data"]), trained.facts["seed"]
        value, said = looks.distance(scene.statistics(), moments(real, "scene"))
        said |= reference["pictures"] | {"fakes": block.fakes, "psi": PSI}
        rows.add(block.run, seed, looks.name, "1", value, block.fakes, said)
        if objects:
            absent = measure_objects(block, objects, looks, real, reference, rows, seed)
        else:
            metrics = [object_metric(looks.name, category) for category in block.categories]
            absent = dict.fromkeys((*metrics, *map(detections_metric, block.categories)), blind)
    counts = {
        "images": block.fakes, "detected_images": objects.pictures if objects else 0,
        "objects": {category: objects.found[category] for category in block.categories} if objects else {},
    }  # fmt: skip
    said = {"paper": "mscond", "data": reference["data"], "run": block.run, "seed": seed, "profile": block.profile}
    said |= {"method": trained.facts["method"], "scorer": looks.name, "categories": list(block.categories)}
    said |= {"size_px": reference["pictures"]["size_px"], "objects_count": block.objects_count}
    write_json(out / "score.json", said | {"counts": counts, "absent": absent, "values": rows.values})


def refuse_another(
    block: Block, reference: Mapping[str, Any], model: Mapping[str, Any], looks: "Looks", objects: "Objects | None"
) -> None:
    """Raises: ValueError where model and reference do not belong together, or were looked at in different ways."""
    pairs = {
        "data": (reference["data"], model["data"]),
        "size_px": (reference["pictures"]["size_px"], model["block"]["size_px"]),
        "scorer_sha256": (reference["scorer_sha256"], looks.protocol["extractor_sha256"]),
        "detector": (reference["detector"], objects.detector.facts if objects else None),
        "categories": (reference["categories"], list(block.categories)),
        "objects_count": (reference["objects_count"], block.objects_count),
    }
    for name, (expected, came) in pairs.items():
        if expected != came:
            raise ValueError(f"{block.run}: expected {name} {expected} as the reference has it, came {came}")
    if (came := run_of(model)) != block.run:
        raise ValueError(f"key run: expected {came}, which the model is by its own keys, came {block.run}")


def run_of(model: Mapping[str, Any]) -> str:
    """What a model is called by the method and the keys that it was trained with: insgen, s1_16_on."""
    if model["method"] != "gan":
        return model["method"]
    heights, task = model["block"]["scales"].replace("-", "_"), model["block"]["contrastive"]
    return f"s{heights}_{'on' if task else 'off'}"


def moments(arrays: "Mapping[str, np.ndarray]", name: str) -> "Statistics":
    """What the reference knows under a name."""
    from stages.metrics.frechet import Statistics

    return Statistics(arrays[f"{name}_mean"], arrays[f"{name}_covariance"], int(arrays[f"{name}_count"]))


def measure_objects(
    block: Block,
    objects: "Objects",
    looks: "Looks",
    real: "Mapping[str, np.ndarray]",
    reference: Mapping[str, Any],
    rows: "Rows",
    seed: int,
) -> dict[str, str]:
    """Adds each category's detections in a picture and distance of N crops from N real ones; gives what is absent."""
    absent, counts = dict[str, str](), reference["counts"]
    for category in block.categories:
        metric, made = object_metric(looks.name, category), objects.full(category)
        told = reference["pictures"] | objects.protocol | {"psi": PSI}
        mean = objects.found[category] / objects.pictures
        rows.add(block.run, seed, detections_metric(category), "1/image", mean, objects.pictures, told)
        if counts["objects"][category] < block.objects_count:
            found, where = counts["objects"][category], f"{counts['detected_images']} real pictures"
        elif made is None:
            found, where = objects.found[category], f"{objects.pictures} generated pictures"
        else:
            value, said = looks.distance(made, moments(real, f"object_{slug(category)}"))
            rows.add(block.run, seed, metric, "1", value, block.objects_count, said | told)
            continue
        absent[metric] = f"{found} crops in {where}, {block.objects_count} are compared"
    return absent
