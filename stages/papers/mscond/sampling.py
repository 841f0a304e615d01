"""What Fig. 3 to 6 show of a trained model: pictures that nobody chose, and the first ones with an object.

Source: supp Fig. 3 to 6 (truncated); spec §5.5; settled 4 (gaps G14, G30).
"""

from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from stages.metrics.crops import Kept
from stages.papers.mscond.measured import DetectedBlock, slug, why_blind

if TYPE_CHECKING:
    import numpy as np

    from stages.data.prepared.packed import Packed
    from stages.engine.method import Method
    from stages.engine.session import Session
    from stages.papers.mscond.generated import Trained
    from stages.teachers.detectors.scenes import ScenesDetector


class Block(DetectedBlock):
    """The first `uncurated` latents are shown as they come; objects are looked for in the first `looked_at`.

    `shown` pictures of each category; all are truncated by `psi`. `batch` are made at once.
    """

    batch: int = Field(gt=0)
    psi: float
    uncurated: int = Field(gt=0)
    looked_at: int = Field(gt=0)
    shown: int = Field(gt=0)


class Found:
    """The first pictures with an object of one category, and how many there are."""

    def __init__(self, shown: int) -> None:
        self.shown, self.pictures = shown, 0
        self.images, self.latents = list["np.ndarray"](), list[int]()
        self.boxes, self.scores = list[list[list[float]]](), list[list[float]]()

    def add(self, latent: int, image: "np.ndarray", kept: "Kept") -> None:
        """One picture. Shapes: uint8 [S S 3]."""
        if not len(kept.boxes):
            return
        self.pictures += 1
        if len(self.images) < self.shown:
            self.images.append(image)
            self.latents.append(latent)
            self.boxes.append(kept.boxes.tolist())
            self.scores.append(kept.scores.tolist())

    def facts(self) -> dict[str, Any]:
        """What objects.json says."""
        return {"latents": self.latents, "boxes": self.boxes, "scores": self.scores, "pictures": self.pictures}


def sample(
    block: Block, method: "Method", data: "Packed | None", seed: int, session: "Session", detector: Path
) -> dict[str, Any]:
    """Write uncurated.npy, objects_<category>.npy and objects.json; gives what captions say.

    Shapes: uncurated uint8 [uncurated S S 3]; objects uint8 [<= shown S S 3], boxes in pixels of the picture.
    Raises: FloatingPointError as `pictures_of`.
    """
    import numpy as np

    from stages.data.files import write_json
    from stages.engine.shards import SHARD_BATCHES, Shards
    from stages.papers.mscond.generated import trained_of
    from stages.teachers.detectors.scenes import open_detector

    trained, blind = trained_of(method), why_blind({"detector": detector})
    opened = None if blind else open_detector(detector, str(session.world.device))
    found = {category: Found(block.shown) for category in block.categories}
    count, shown_first, shards = max(block.uncurated, block.looked_at), list["np.ndarray"](), Shards(session.resume)
    size = block.batch * SHARD_BATCHES
    for part, first in enumerate(range(0, count, size)):
        numbers = range(first, min(first + size, count))
        make = partial(looked_at, block, trained, seed, session, opened, numbers)
        made = shards.arrays(part, -(-count // size), make)
        shown_first.append(made["images"][: max(block.uncurated - first, 0)])
        for place, category in product(range(len(made["images"])), range(len(block.categories))):
            own = (made["picture"] == place) & (made["category"] == category)
            objects = Kept(made["boxes"][own], made["scores"][own])
            found[block.categories[category]].add(first + place, made["images"][place], objects)
    uncurated = np.concatenate(shown_first)
    np.save(session.out / "uncurated.npy", uncurated)
    shown = {category: one for category, one in found.items() if one.pictures}
    for category, one in shown.items():
        np.save(session.out / f"objects_{slug(category)}.npy", np.stack(one.images))
    nothing = blind or f"no detection in {block.looked_at} generated pictures"
    write_json(session.out / "objects.json", {
        "detector": opened.facts if opened else None, "psi": block.psi, "looked_at": block.looked_at,
        "categories": {category: one.facts() for category, one in shown.items()},
        "absent": {category: nothing for category in block.categories if category not in shown},
    })  # fmt: skip
    return {
        "uncurated": block.uncurated, "looked_at": block.looked_at, "shown": block.shown, "psi": block.psi,
        "size_px": uncurated.shape[1], "categories": list(block.categories),
    }  # fmt: skip


def looked_at(
    block: Block, trained: "Trained", seed: int, session: "Session", opened: "ScenesDetector | None", numbers: range
) -> dict[str, "np.ndarray"]:
    """Pictures of some latents, and the objects in those that are looked at.

    Shapes: images uint8 [n S S 3]; of each object picture (its place among these), category (of block.categories)
    int64 [m], boxes float64 [m 4] and scores float64 [m], in the pictures' order.
    """
    import numpy as np

    from stages.papers.mscond.generated import pictures_of
    from stages.papers.mscond.looking import detected

    images, rows, seen = list["np.ndarray"](), list[tuple[int, int, "np.ndarray", float]](), 0
    for made in pictures_of(trained, seed, numbers, block.batch, block.psi, noisy=False):
        images.append(made)
        if opened is not None:
            looked = made[: max(block.looked_at - numbers.start - seen, 0)]
            for place, objects in enumerate(detected(opened, looked, block), seen):
                for number, category in enumerate(block.categories):
                    boxes, scores = objects[category]
                    rows += [(place, number, box, score) for box, score in zip(boxes, scores, strict=True)]
        seen += len(made)
        session.progress(numbers.start + seen, max(block.uncurated, block.looked_at), "pictures")
    return {
        "images": np.concatenate(images),
        "picture": np.array([row[0] for row in rows], np.int64),
        "category": np.array([row[1] for row in rows], np.int64),
        "boxes": np.array([row[2] for row in rows], np.float64).reshape(-1, 4),
        "scores": np.array([row[3] for row in rows], np.float64),
    }
