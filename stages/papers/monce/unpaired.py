"""Scores of all runs that translate one set: nearness to the target, content kept, and whether they translated at all.

The same measure serves the sweep over Q and beta and the further seeds: a row is called by its input's name.
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
    from stages.papers.monce.translating import Split


class Block(MeasureBlock):
    """How the test split is looked at.

    `batch` pictures are translated and looked at together, `judge_batch` judged. `shown` of them are kept for figures.
    `layers` are VGG-19's, of self-similarity; `seed` draws the pieces of the sliced distance. `judged` says what a
    judge tells of the set: where its animals are, the classes of a street, or nothing. `sizes` are a street's: the
    pack's own, the files' (full), 512 x 256 (half) or 256 x 128 (negcut).
    """

    batch: int = Field(gt=0)
    judge_batch: int = Field(gt=0)
    shown: int = Field(gt=0)
    seed: int
    layers: tuple[str, ...]
    judged: Literal["nothing", "animals", "street"]
    sizes: Literal["pack", "full", "half", "negcut"]


def measure(block: Block, inputs: dict[str, Path], out: Path, device: str, progress: "Going") -> None:
    """Write score.json, shown_input.npy, shown_<run>.npy and, where photos have pairs, shown_target.npy.

    Inputs: data, scorer, every model_<run>, raw of a street; of features (VGG-19) and judge what is there is used.

    Source: supp §6, Fig. 1 to 4 (claims M2, M3, M5); spec §6; settled 1, 3, 4, 22.
    Raises: ValueError where models are of another set or translate it in two directions.
    """
    from stages.data.files import write_json
    from stages.data.prepared.packed import Packed
    from stages.metrics.scorer import load_scorer
    from stages.metrics.translated import share_of_classes, translated
    from stages.papers.monce.content import Kept
    from stages.papers.monce.fidelity import Nearness, Recognition
    from stages.papers.monce.methods.contrast import method as contrast
    from stages.papers.monce.methods.cycle import method as cycle
    from stages.papers.monce.methods.lsesim import method as lsesim
    from stages.papers.monce.shown import Shown
    from stages.papers.monce.translating import open_trained, test_split, translate

    data, (runs, absent) = Packed.open(inputs["data"]), runs_of(inputs)
    direction, dataset = one_direction(runs), data.card["name"]
    split, rows = test_split(data, direction), Rows(dataset)
    source, target = (data.images[positions] for positions in split)
    origin, domain = "AB" if direction == "a_to_b" else "BA"
    scorer = load_scorer(inputs["scorer"], device)
    nearness = Nearness(scorer, target, f"test{domain}", block.batch, block.seed, device)
    seen = Recognition(inputs["scorer"], data, origin, domain, block.batch, device)
    apart = nearness.measure(source, "source", 0, rows)
    nearness.measure_halves(rows)
    kept = Kept(source, scorer, made_input(inputs, "features"), block.layers, block.batch, device)
    judge = judge_of(block, data, split, inputs, rows, device)
    shown = Shown(data, split.source, block.shown, out)
    shown.write_made("input", source)
    if block.judged == "street":
        shown.write_pairs(split.source, f"test{domain}")
    gate: dict[str, Any] = {}
    for name, run in runs.items():
        methods = {"contrast": contrast, "cycle": cycle, "lsesim": lsesim}
        trained = open_trained(run.folder, methods, data, device)
        made = translate(trained, data, split.source, block.batch, device, progress, name)
        distance = nearness.measure(made, run.method, run.seed, rows)
        kept.measure(made, run.method, run.seed, rows)
        if judge is not None:
            judge.measure(made, run.method, run.seed, rows)
        classes = seen.look(made)
        share = None if classes is None else share_of_classes(classes, seen.classes)
        passed = translated(distance, apart, classes, seen.classes)
        gate[name] = {"translated": passed, "made": distance, "source": apart, "share": share}
        shown.write_made(name, made)
    said = {"paper": "monce", "data": dataset, "profile": block.profile, "direction": direction, "shown": shown.keys}
    write_json(out / "score.json", said | {"values": rows.values, "gate": gate, "not_run": absent})


def one_direction(runs: dict[str, Run]) -> str:
    """The direction in which all runs translate. Raises: ValueError for two, or a model that has none."""
    found = {run.facts["block"].get("direction") for run in runs.values()}
    if len(found) != 1 or None in found:
        raise ValueError(f"expected models that translate in one direction, came {sorted(map(str, found))}")
    return found.pop()


def judge_of(block: Block, data: "Packed", split: "Split", inputs: dict[str, Path], rows: Rows, device: str) -> Any:
    """Who adds what a judge tells, after it has told of the pictures that nobody made; None where there is no judge."""
    folder = made_input(inputs, "judge")
    if block.judged == "nothing" or folder is None:
        return None
    from stages.nets.segmenter import load_segmenter
    from stages.papers.monce.content import Animals

    judge = load_segmenter(folder)
    if block.judged == "animals":
        source, truth = data.images[split.source], data.array("truth")[split.source]
        animals = Animals(judge, source, truth, block.judge_batch, device)
        animals.measure(source, "source", 0, rows)
        return animals
    return street_of(block, judge, data, split.source, inputs["raw"], rows, device)


def street_of(
    block: Block, judge: Any, data: "Packed", labels: "np.ndarray", raw: Path, rows: Rows, device: str
) -> Any:
    """The judge of streets, after the real photos: as packed, and at their own size where labels are so too."""
    from stages.papers.monce.judging import Judged, add_street
    from stages.papers.monce.true_labels import packed_streets, raw_photos, raw_streets, twins

    packed = block.sizes == "pack"
    photos = twins(data, labels, "testA")

    def truth():
        return packed_streets(data, labels) if packed else raw_streets(data, labels, raw)

    judged = Judged(judge, add_street, truth, block.sizes, block.judge_batch, device)
    judged.measure(data.images[photos], "real", 0, rows)
    if not packed:
        judged.measure(raw_photos(data, photos, raw), "real_native", 0, rows)
    return judged
