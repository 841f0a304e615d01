"""Scores of one training: fidelity, agreement of classes, clusters, masks, reconstructions and swapped codes."""

from pathlib import Path
from typing import TYPE_CHECKING

from stages.papers.onegan.quality_keys import QualityBlock as Block

if TYPE_CHECKING:
    import numpy as np

    from stages.engine.going import Going

PARTS = ("reconstruction", "fidelity", "agreement", "clusters", "masks", "swaps")


def measure(block: Block, inputs: dict[str, Path], out: Path, device: str, progress: "Going") -> None:
    """Write score.json: values, what is absent and why, the photos of lowest IoU, and the card of the tiles.

    Inputs: data, tiles, scorer, model. Every row states crop, network, counts and split. What the encoders say of the
    pack and the features of generated pictures are kept, so that a measure that was killed goes on behind them.

    Source: spec §5.1, §6.5; settled 3, 15 to 19. Raises: ValueError and FloatingPointError as what it calls.
    """
    from stages.data.files import write_json
    from stages.data.prepared.packed import Packed
    from stages.papers.onegan.agreeing import measure_agreement
    from stages.papers.onegan.fidelity import measure_background, measure_fidelity
    from stages.papers.onegan.grouping import measure_groups
    from stages.papers.onegan.judging import Looks
    from stages.papers.onegan.passes import Encoded, encoded
    from stages.papers.onegan.rebuilding import rebuild
    from stages.papers.onegan.scores import Scores
    from stages.papers.onegan.segmenting import measure_masks, measure_rebuilt
    from stages.papers.onegan.swapping import measure_swaps
    from stages.papers.onegan.trained import open_trained

    data, tiles = Packed.open(inputs["data"]), Packed.open(inputs["tiles"])
    trained, dataset = open_trained(inputs["model"], data, device), data.card["name"]
    rows, keys, test = Scores(dataset, trained.facts["seed"]), trained.block, data.positions("test")
    looks = Looks(inputs["scorer"], data, block, device)
    looks.measure(rows)

    def said_of(numbers: range) -> dict[str, "np.ndarray"]:
        progress(numbers.start, len(data.images), "what the encoders say")
        return encoded(trained.model, data.images[numbers.start : numbers.stop], block.batch, device)._asdict()

    seen = Encoded(**progress.kept("encoded").joined(len(data.images), block.batch, said_of))
    tested = Encoded(*(values[test] for values in seen))
    rebuilt = rebuild(trained.model, data.images[test], block.batch, device)
    measure_rebuilt(rebuilt, rows)
    progress(1, len(PARTS), "reconstruction")
    measure_fidelity(block, trained, looks, seen, rows, progress)
    measure_background(looks, rebuilt.grounds, tiles, rows)
    progress(2, len(PARTS), "fidelity")
    measure_agreement(block, trained, looks, seen, rows)
    progress(3, len(PARTS), "agreement")
    measure_groups(block, data, tested, keys.children, keys.parents, rows)
    progress(4, len(PARTS), "clusters")
    lowest = measure_masks(block, data, rebuilt, rows)
    progress(5, len(PARTS), "masks")
    measure_swaps(block, trained.model, data, tested, rebuilt, device, rows)
    progress(6, len(PARTS), "swaps")
    told = ("count", "median_side_px", "photos_without_tile", "scale")
    said = {"paper": "onegan", "data": dataset, "seed": rows.seed, "profile": block.profile, "lowest": lowest}
    said |= {"tiles": {name: tiles.card["facts"][name] for name in told}, "absent": rows.absent}
    write_json(out / "score.json", said | {"values": rows.rows.values})
