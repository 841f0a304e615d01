"""How near generated pictures and painted backgrounds come to real ones, plainly and class by class.

Source: spec §5.1 (FineGAN's authors' protocol; conditional scores after Benny et al. 2021); settled 15, 17 (gap G15).
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stages.data.prepared.order import digest
from stages.data.prepared.packed import Packed
from stages.engine.going import Going
from stages.metrics.conditional import inception_score, split_distance, split_score
from stages.metrics.frechet import features_to_statistics, statistics_to_distance, statistics_to_warning
from stages.papers.onegan.common import parent_of
from stages.papers.onegan.judging import Looks
from stages.papers.onegan.passes import Encoded, generated, poses
from stages.papers.onegan.quality_keys import QualityBlock
from stages.papers.onegan.scores import Scores
from stages.papers.onegan.trained import Trained


def measure_fidelity(
    block: QualityBlock, trained: Trained, looks: Looks, seen: Encoded, rows: Scores, progress: Going
) -> None:
    """Adds the Fréchet distance and the inception score, and both split by class, of pictures made for this.

    Evenly many of each child class with its tied parent; then evenly many of the codes that the encoders read off each
    real picture, which has that picture's class. `seen` is what the encoders say of the whole pack.
    """
    splits = trained.block.train_splits
    real = np.sort(np.concatenate([looks.data.positions(split) for split in splits]))
    keys, name = trained.block, looks.scorer.fidelity_name
    child = np.arange(block.images_per_child * keys.children) % keys.children
    parent = np.array([parent_of(one, keys.children, keys.parents) for one in child.tolist()])
    made = features_of(Asked(child, parent, "image"), block, trained, looks, progress)
    said = {"reals": len(real), "real_split": "+".join(splits), "made": f"{block.images_per_child} of each child class"}
    add_distance(rows, "onegan", name, made, looks.features[real], looks.protocol | said)
    add_halves(rows, name, looks.features[real], looks.protocol | {"real_split": "+".join(splits)})
    add_score(rows, "onegan", looks.probabilities(made), block, looks.judge | {"made": said["made"]})
    add_score(rows, "real", looks.probabilities(looks.features[looks.test]), block, looks.judge | {"split": "test"})
    real = real[looks.labels[real] >= 0]
    references = np.repeat(real, block.images_per_reference)
    asked = Asked(seen.child[references], seen.parent[references], "reference")
    made = features_of(asked, block, trained, looks, progress)
    add_conditional(rows, looks, made, references, real, said["real_split"], block)


class Asked(NamedTuple):
    """The classes of pictures to generate, [N] each, and the name under which their poses are drawn."""

    child: np.ndarray
    parent: np.ndarray
    name: str


def features_of(asked: Asked, block: QualityBlock, trained: Trained, looks: Looks, progress: Going) -> Tensor:
    """The scorer's features of generated pictures, each with a pose of its own. Shapes: -> float32 [N D]."""

    def features(numbers: range) -> dict[str, np.ndarray]:
        pose = poses(block.seed, [f"{asked.name}/{number}" for number in numbers], trained.block.pose)
        child, parent = (one[numbers.start : numbers.stop] for one in asked[:2])
        made = generated(trained.model, child, parent, pose, block.batch, looks.device, numbers.start)
        found = looks.made(one.image for one in made).numpy()
        progress(numbers.stop, len(asked.child), "generated pictures")
        return {"features": found}

    kept = progress.kept(f"features {asked.name}").joined(len(asked.child), block.batch, features)
    return torch.from_numpy(kept["features"])


def add_distance(rows: Scores, method: str, metric: str, made: Tensor, real: Tensor, said: dict) -> None:
    """One Fréchet distance, torch-fidelity's, with a warning where covariances are singular."""
    sides = features_to_statistics(made), features_to_statistics(real)
    warning = statistics_to_warning(*sides)
    said = said | {"dtype": "float64, torch-fidelity"} | ({"warning": warning} if warning else {})
    rows.add(method, metric, "1", statistics_to_distance(*sides), len(made), said)


def add_halves(rows: Scores, metric: str, real: Tensor, said: dict) -> None:
    """The distance of two halves of the real ones, which no generator can be expected to pass by much."""
    odd = real[1::2]
    add_distance(rows, "halves", metric, real[::2], odd, said | {"reals": len(odd), "halves": "even and odd places"})


def add_score(rows: Scores, method: str, probabilities: np.ndarray, block: QualityBlock, said: dict) -> None:
    """The inception score with the judge's p(y|x): a mean over parts in a drawn order, its deviation beside it."""
    order = np.random.Generator(np.random.PCG64(digest(block.seed, "splits"))).permutation(len(probabilities))
    parts = [inception_score(probabilities[part]) for part in np.array_split(order, block.splits)]
    said = said | {"splits": block.splits, "sd": float(np.std(parts))}
    rows.add(method, "IS-probe", "1", float(np.mean(parts)), len(probabilities), said)


def add_conditional(
    rows: Scores, looks: Looks, made: Tensor, references: np.ndarray, real: np.ndarray, split: str, block: QualityBlock
) -> None:
    """WC and BC of both measures; a picture has the class of the real one whose codes it was made of."""
    classes, name = looks.labels[references], looks.scorer.fidelity_name
    found = split_distance(looks.features[real].numpy(), looks.labels[real], made.numpy(), classes)
    said = looks.protocol | {
        "reals": len(real), "real_split": split, "covariances": "1/N", "classes": len(np.unique(classes)),
        "made": f"{block.images_per_reference} of the codes of each real picture",
    }  # fmt: skip
    for sort, value in (("WC", found.within), ("BC", found.between)):
        rows.add("onegan", name.replace("F", f"{sort}F", 1), "1", value, len(made), said)
    score = split_score(looks.probabilities(made), classes)
    said = looks.judge | {"made": said["made"], "splits": 1}
    for sort, value in (("WC", score.within), ("BC", score.between)):
        rows.add("onegan", f"{sort}IS-probe", "1", value, len(made), said)


def measure_background(looks: Looks, painted: np.ndarray, tiles: Packed, rows: Scores) -> None:
    """Adds the distance of painted backgrounds of test photos from the tiles, and of halves of the tiles.

    Source: spec §5.1; claim O5. Shapes: painted uint8 [N S S 3].
    """
    metric, real = f"{looks.scorer.fidelity_name} background", looks.pictures(tiles.images)
    said = looks.protocol | {"crop": "tiles of pure background", "reals": len(real), "real_split": "train"}
    add_distance(rows, "onegan", metric, looks.pictures(painted), real, said | {"split": "test"})
    add_halves(rows, metric, real, said)
