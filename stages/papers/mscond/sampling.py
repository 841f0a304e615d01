"""What Fig. 3 to 6 show of a trained model: pictures that nobody chose, and the first ones with an object.

Source: supp Fig. 3 to 6 (truncated); spec §5.5; settled 4 (gaps G14, G30).
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from stages.papers.mscond.measured import DetectedBlock, slug, why_blind

if TYPE_CHECKING:
    import numpy as np

    from stages.data.prepared.packed import Packed
    from stages.engine.method import Method
    from stages.engine.world import World
    from stages.metrics.crops import Kept

Progress = Callable[[int, int, str], None]


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
    block: Block,
    method: "Method",
    data: "Packed | None",
    seed: int,
    world: "World",
    out: Path,
    progress: Progress,
    detector: Path,
) -> dict[str, Any]:
    """Write uncurated.npy, objects_<category>.npy and objects.json; gives what captions say.

    Shapes: uncurated uint8 [uncurated S S 3]; objects uint8 [<= shown S S 3], boxes in pixels of the picture.
    Raises: FloatingPointError as `pictures_of`.
    """
    import numpy as np

    from stages.data.files import write_json
    from stages.papers.mscond.generated import pictures_of, trained_of
    from stages.papers.mscond.looking import detected
    from stages.teachers.detectors.scenes import open_detector

    trained, blind = trained_of(method), why_blind({"detector": detector})
    opened = None if blind else open_detector(detector, str(world.device))
    found = {category: Found(block.shown) for category in block.categories}
    count, kept, done = max(block.uncurated, block.looked_at), list["np.ndarray"](), 0
    for images in pictures_of(trained, seed, range(count), block.batch, block.psi, noisy=False):
        kept.append(images[: max(block.uncurated - done, 0)])
        if opened is not None:
            looked = images[: max(block.looked_at - done, 0)]
            for number, objects in enumerate(detected(opened, looked, block), done):
                for category in block.categories:
                    found[category].add(number, images[number - done], objects[category])
        done += len(images)
        progress(done, count, "pictures")
    uncurated = np.concatenate(kept)
    np.save(out / "uncurated.npy", uncurated)
    shown = {category: one for category, one in found.items() if one.pictures}
    for category, one in shown.items():
        np.save(out / f"objects_{slug(category)}.npy", np.stack(one.images))
    nothing = blind or f"no detection in {block.looked_at} generated pictures"
    write_json(out / "objects.json", {
        "detector": opened.facts if opened else None, "psi": block.psi, "looked_at": block.looked_at,
        "categories": {category: one.facts() for category, one in shown.items()},
        "absent": {category: nothing for category in block.categories if category not in shown},
    })  # fmt: skip
    return {
        "uncurated": block.uncurated, "looked_at": block.looked_at, "shown": block.shown, "psi": block.psi,
        "size_px": uncurated.shape[1], "categories": list(block.categories),
    }  # fmt: skip
