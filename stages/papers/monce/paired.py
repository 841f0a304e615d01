"""Scores of all runs that make one set's pictures from labels or joints: nearness to photos, and what a judge reads.

The same measure serves the further losses on rooms: a row is called by its input's name.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from stages.metrics.rows import Rows
from stages.papers.monce.measured import MeasureBlock, Run, made_input, runs_of

if TYPE_CHECKING:
    import numpy as np

    from stages.data.prepared.packed import Packed
    from stages.engine.going import Going


class Block(MeasureBlock):
    """How the test split is looked at.

    `batch` pictures are made and looked at together, `judge_batch` judged. `shown` of them are kept for figures. `seed`
    draws the pieces of the sliced distance. `judged` says whether a judge reads the classes of a room again. `sizes`
    are those of its true labels: the pack's own (256 px at full scale), or the files', to which the judge's
    probabilities are stretched.
    """

    batch: int = Field(gt=0)
    judge_batch: int = Field(gt=0)
    shown: int = Field(gt=0)
    seed: int
    judged: Literal["nothing", "rooms"]
    sizes: Literal["label256", "native"]


def measure(block: Block, inputs: dict[str, Path], out: Path, device: str, progress: "Going") -> None:
    """Write score.json, shown_input.npy, shown_target.npy and shown_<run>.npy.

    Inputs: data, scorer, every model_<run>, raw of rooms; without the judge nothing is told of classes.

    Source: supp §6, Fig. 5 to 7 (claims M6, M7); spec §6.1, §6.3, §6.4.
    Raises: ValueError where models are of another set or take other conditions.
    """
    from stages.data.files import write_json
    from stages.data.prepared.packed import Packed
    from stages.metrics.scorer import load_scorer
    from stages.papers.monce.fidelity import Nearness
    from stages.papers.monce.methods.spade import method as spade
    from stages.papers.monce.shown import Shown
    from stages.papers.monce.translating import open_trained, test_split, translate

    data, (runs, absent) = Packed.open(inputs["data"]), runs_of(inputs)
    positions, rows = test_split(data, None).source, Rows(data.card["name"])
    target, condition = data.images[positions], one_condition(runs)
    nearness = Nearness(load_scorer(inputs["scorer"], device), target, "test", block.batch, block.seed, device)
    nearness.measure_halves(rows)
    judge = judge_of(block, data, positions, inputs, rows, device)
    shown = Shown(data, positions, block.shown, out)
    shown.write_condition(condition)
    shown.write_made("target", target)
    for name, run in runs.items():
        trained = open_trained(run.folder, {"spade": spade}, data, device)
        made = translate(trained, data, positions, block.batch, device, progress, name)
        nearness.measure(made, run.method, run.seed, rows)
        if judge is not None:
            judge.measure(made, run.method, run.seed, rows)
        shown.write_made(name, made)
    said = {"paper": "monce", "data": data.card["name"], "profile": block.profile, "shown": shown.keys}
    write_json(out / "score.json", said | {"condition": condition, "values": rows.values, "not_run": absent})


def one_condition(runs: dict[str, Run]) -> str:
    """What all runs make pictures from. Raises: ValueError for two kinds, or a model that takes no condition."""
    found = {run.facts["block"].get("condition") for run in runs.values()}
    if len(found) != 1 or None in found:
        raise ValueError(f"expected models that take one kind of condition, came {sorted(map(str, found))}")
    return found.pop()


def judge_of(
    block: Block, data: "Packed", positions: "np.ndarray", inputs: dict[str, Path], rows: Rows, device: str
) -> Any:
    """The judge of rooms, after the real photos: as packed, and at their own size where labels are so too, or None."""
    folder = made_input(inputs, "judge")
    if block.judged == "nothing" or folder is None:
        return None
    from stages.nets.segmenter import load_segmenter
    from stages.papers.monce.judging import Judged, add_rooms
    from stages.papers.monce.true_labels import packed_rooms, raw_photos, raw_rooms

    packed = block.sizes == "label256"

    def truth():
        return packed_rooms(data, positions) if packed else raw_rooms(data, positions, inputs["raw"])

    judge = load_segmenter(folder)
    judged = Judged(judge, add_rooms, truth, block.sizes, block.judge_batch, device)
    judged.measure(data.images[positions], "real", 0, rows)
    if not packed:
        judged.measure(raw_photos(data, positions, inputs["raw"]), "real_native", 0, rows)
    return judged
