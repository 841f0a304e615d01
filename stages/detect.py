"""Finds the objects of a raw dataset's photos: writes detections.parquet and detect.json."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from stages.runner import Job, run_stage

if TYPE_CHECKING:
    from stages.data.raw import RawFolder
    from stages.teachers.detectors.found import Detector

Photo = tuple[str, Callable[[], bytes]]
# Threads that read files while the detector works on those before.
READERS = 2
# Sets that take masks of the user's own.
MASKED = ("dog_boxes", "car_boxes")


def module_of(choices: dict[str, str]) -> str:
    """Where Block lives."""
    return f"stages.teachers.detectors.{'found' if choices['set'] in MASKED else 'unmasked'}"


def photos(name: str, raw: "RawFolder") -> tuple[int, Iterator[Photo]]:
    """How many photos a set has, and (key, what reads its file) of each, in key order; keys as `prepare` will ask."""
    if name == "stanford_cars":
        from stages.data.stanford_cars import read_cars

        names = sorted({car.name for car in read_cars(raw)[1]})
        return len(names), ((key, partial(raw.read, place)) for key in names if (place := raw.find(key)))
    from stages.data import boxed

    if name in boxed.READERS:
        names = sorted(item.photo for item in boxed.READERS[name](raw)[1])
        return len(names), ((key, partial(raw.read, place)) for key in names if (place := raw.find(key)))
    from stages.data.lsun import LsunImages

    images = LsunImages(raw)
    return len(images), ((key, read) for key, _, read in images.readers())


def wanted(job: Job, listed: list[Photo], advance: Callable[[], None]) -> Iterator[tuple[str, bytes]]:
    """The photos that pass the size filter F1, which is free; others get no record, and `prepare` says why."""
    from stages.data.image import ImageError, size_upright
    from stages.data.selection import passes_size
    from stages.engine.ahead import ahead

    def looked_at(photo: Photo) -> tuple[str, bytes] | None:
        content = photo[1]()
        try:
            size = size_upright(content)
        except ImageError:
            return None
        passes = passes_size(*size, job.block.minimum_side_px, job.block.minimum_long_side_px)
        return (photo[0], content) if passes else None

    for found in ahead(listed, looked_at, READERS, job.block.batch):
        advance()
        if found is not None:
            yield found


def shards(job: Job, total: int, listed: Iterator[Photo], detector: "Detector") -> Iterator[bytes]:
    """What is found in each `shard` photos: kept by an earlier run, or found now and kept.

    A stop ends it between two photos; what is lost is the work on less than a shard.
    """
    from stages.data.detections import shard_of
    from stages.engine.shards import Shards

    kept, size, done = Shards(job.resume), job.block.shard, 0

    def advance() -> None:
        nonlocal done
        done += 1
        job.advance(done, total, "photos")

    number = 0
    while chosen := list(islice(listed, size)):
        done = number * size
        yield kept.part(number, -(-total // size), lambda: shard_of(detector.find(wanted(job, chosen, advance))))
        number += 1
    if not number:
        yield shard_of(())


def detect(job: Job) -> None:
    """Raises: ValueError for an unknown source or one that does not fit; FileNotFoundError, ModuleNotFoundError."""
    from stages.data.detections import write_shards
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
        with job.deferred_stop():
            write_shards(job.out, shards(job, *photos(job.choices["set"], raw), detector), detector.facts)


if __name__ == "__main__":
    run_stage("detect", detect, module=module_of, choices=("set",))
