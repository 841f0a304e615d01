"""Finds the objects of a raw dataset's photos: writes detections.parquet and detect.json."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stages.runner import Job, run_stage

if TYPE_CHECKING:
    from stages.data.raw import RawFolder


def module_of(choices: dict[str, str]) -> str:
    """Where Block lives."""
    return "stages.teachers.detectors.found"


def photos(name: str, raw: "RawFolder") -> tuple[int, Iterator[tuple[str, bytes]]]:
    """How many photos a set has, and (key, file bytes) of each, keys as `prepare` will ask for them."""
    if name == "stanford_cars":
        from stages.data.stanford_cars import read_cars

        names = sorted({car.name for car in read_cars(raw)[1]})
        return len(names), ((key, raw.read(place)) for key in names if (place := raw.find(key)))
    from stages.data.boxed import READERS

    if name in READERS:
        boxed = sorted(item.photo for item in READERS[name](raw)[1])
        return len(boxed), ((key, raw.read(place)) for key in boxed if (place := raw.find(key)))
    from stages.data.lsun import LsunImages

    images = LsunImages(raw)
    return len(images), ((key, content) for key, _, content in images)


def wanted(job: Job, raw: "RawFolder") -> Iterator[tuple[str, bytes]]:
    """The photos that pass the size filter F1, which is free; others get no record, and `prepare` says why."""
    from stages.data.image import ImageError, size_upright
    from stages.data.selection import passes_size

    total, listed = photos(job.choices["set"], raw)
    for done, (key, content) in enumerate(listed, 1):
        job.progress(done, total, "photos")
        try:
            if passes_size(*size_upright(content), job.block.minimum_side_px, job.block.minimum_long_side_px):
                yield key, content
        except ImageError:
            continue


def detect(job: Job) -> None:
    """Raises: ValueError for an unknown source or one that does not fit; FileNotFoundError, ModuleNotFoundError."""
    from stages.data.detections import write_detections
    from stages.data.raw import RawFolder
    from stages.engine.world import joined
    from stages.teachers.detectors import detectron2_detector, given_masks, precomputed, torchvision_detector

    sources = {
        "precomputed": precomputed,
        "torchvision": torchvision_detector,
        "detectron2": detectron2_detector,
        "masks": given_masks,
    }
    if job.block.source not in sources:
        raise ValueError(f"key source: expected one of {', '.join(sources)}, found {job.block.source!r}")
    raw = RawFolder.open(job.inputs["raw"])
    with joined(job.gpus) as world:
        opened = sources[job.block.source].open_detector
        detector = opened(job.block, raw, job.inputs.get("detector"), str(world.device))
        write_detections(job.out, detector.find(wanted(job, raw)), detector.facts)


if __name__ == "__main__":
    run_stage("detect", detect, module=module_of, choices=("set",))
