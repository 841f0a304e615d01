"""What a trained segmenter finds in photos of one's own, as its own measure segments the test split."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stages.data.own.kind import Kind, Made

if TYPE_CHECKING:
    from stages.data.prepared.packed import Packed
    from stages.engine.world import World
    from stages.papers.ganseg.methods.segmenter.method import Segmenter

AT_ONCE = 8
KINDS = {"segmenter": Kind("finds the parts of photos", masked=False, options={})}


def frame_of(facts: Mapping[str, Any]) -> str:
    """How photos are framed: as the set was on which the segmenter's generator learned."""
    return "middle" if facts["data"] == "folder" else "stretched_bilinear"


def make(
    method: "Segmenter", facts: Mapping[str, Any], own: "Packed", seed: int, asked: Mapping[str, Any], world: "World"
) -> Iterator[Made]:
    """Of each photo a map of part numbers (0 = background) in the parts' colours, and the photo with these laid over.

    Nothing is drawn at random. Raises: FloatingPointError as `evaluation.segment`.
    """
    import numpy as np

    from stages.papers.ganseg.evaluation import segment
    from stages.papers.ganseg.methods.segmenter.method import predictor
    from stages.papers.ganseg.report.colours import overlay, part_colours

    parts = method.block.parts
    palette = np.concatenate([np.zeros((1, 3), np.uint8), part_colours(parts)])
    found = segment(predictor(method, world), own, np.arange(len(own)), AT_ONCE, lambda *_: None)
    for place, key in enumerate(own.keys):
        labels = found.labels[place]
        shares = np.bincount(labels.reshape(-1), minlength=parts + 1) / labels.size
        centres = found.centroids[place].tolist()
        said = {"photo": key, "shares": shares.tolist(), "centres": centres}
        yield Made(f"{key}_parts", labels, said, palette)
        yield Made(f"{key}_overlay", overlay(own.images[place], labels, parts), {"photo": key})
