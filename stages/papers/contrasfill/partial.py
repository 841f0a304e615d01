"""How diverse fillings of a partial hole are (figure 10): perceptual distance and pixel spread inside the hole."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydantic import Field

from stages.block import Block as Base
from stages.papers.contrasfill.measuring import pair_distances, pair_protocol
from stages.papers.contrasfill.sampled import check_alike, entry, positions_to_holes, read_samples

Progress = Callable[[int, int, str], None]


class Block(Base):
    """What the tables call the hole."""

    dataset: str = Field(min_length=1)


def measure(block: Block, inputs: dict[str, Path], out: Path, device: str, progress: Progress) -> None:
    """Measure the input `sample`: means and medians over images.

    Source: supp §5, Fig. 10; spec §8.6.
    """
    from stages.data.files import write_json
    from stages.data.prepared.packed import Packed
    from stages.metrics.edge import samples_to_hole_spread
    from stages.metrics.scorer import load_scorer

    data, held = Packed.open(inputs["data"]), read_samples(inputs["sample"])
    shared = check_alike({"contrasfill": held}, data)
    scorer = load_scorer(inputs["scorer"], device)
    holes = positions_to_holes(data, held.several, shared["hole"])
    _, distances = pair_distances(held, data, scorer, device)
    progress(1, 2, "distances")
    spreads = [samples_to_hole_spread(rows, hole) for rows, hole in zip(held.multiple, holes, strict=True)]
    common = {key: shared[key] for key in ("hole", "split", "size_px")} | {"region": "hole"}
    pairs = pair_protocol(held, scorer.diversity_protocol | common)
    plain = common | {"per_image": shared["samples"], "mean": "pixels and channels, then images"}
    values = []
    for metric, unit, found, protocol in (
        (f"{scorer.diversity_name}_hole", "1", distances, pairs),
        ("pixel_std_hole", "levels", spreads, plain),
    ):
        middle = protocol | {"mean": protocol["mean"].replace("then images", "then the median of images")}
        values.append(entry("contrasfill", metric, unit, float(np.mean(found)), len(found), protocol))
        values.append(entry("contrasfill", f"{metric}_median", unit, float(np.median(found)), len(found), middle))
    share = float(np.mean([hole.mean() for hole in holes]))
    values.append(entry("contrasfill", "hole_share", "1", share, len(holes), common | {"mean": "images"}))
    for value in values:
        value["dataset"] = block.dataset
    write_json(out / "score.json", {"paper": "contrasfill", **shared, "methods": ["contrasfill"], "values": values})
