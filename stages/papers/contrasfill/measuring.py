"""Table 1's numbers for one dataset: fidelity, diversity and known factor angle of every method, with protocols."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from stages.block import Block as Base
from stages.papers.contrasfill.sampled import Samples, Value, check_alike, entry, positions_to_holes, read_samples
from stages.papers.contrasfill.varied import grid_values, trained_values

if TYPE_CHECKING:
    from torch import Tensor

    from stages.data.prepared.packed import Packed
    from stages.metrics.frechet import Statistics
    from stages.metrics.scorer import Scorer

Progress = Callable[[int, int, str], None]
REAL_TRAIN, REAL_HALVES = "real_train", "real_halves"


class Block(Base):
    """How many images go through an extractor at once; the numbers do not depend on it beyond rounding."""

    batch: int = Field(gt=0)


def measure(block: Block, inputs: dict[str, Path], out: Path, device: str, progress: Progress) -> None:
    """Measure every `sample_<method>` of the inputs and write score.json.

    With the inputs `grid` and `model` also what each of ContrasFill's codes moves.

    Source: supp §5, Table 1; spec §8.1 to §8.3, §8.5.
    """
    from stages.data.files import write_json
    from stages.data.prepared.packed import Packed
    from stages.metrics.scorer import encoder_to_protocol, load_scorer
    from stages.nets.encoders.load import load_encoder

    data = Packed.open(inputs["data"])
    samples = {
        name.removeprefix("sample_"): read_samples(path) for name, path in inputs.items() if name.startswith("sample_")
    }
    if not samples:
        raise ValueError("expected at least one input sample_<method>=<folder>, got none")
    shared = check_alike(samples, data)
    common = {key: shared[key] for key in ("hole", "split", "size_px")}
    scorer = load_scorer(inputs["scorer"], device)
    encoders = {
        "KFFA": load_encoder(inputs["encoder"]).to(device),
        "KFFA_indep": load_encoder(inputs["encoder_indep"]).to(device),
    }
    values = []
    reals = Reals(data, shared["split"], scorer, block.batch, device)
    for done, (name, held) in enumerate(sorted(samples.items()), start=1):
        values += fidelity(name, held, reals, scorer, common)
        values += diversity(name, held, data, scorer, device, common)
        for metric, encoder in encoders.items():
            values.append(
                known_factor(name, metric, held, encoder, block.batch, device, encoder_to_protocol(encoder) | common)
            )
        progress(done, len(samples), name)
    values += reals.against_themselves(scorer, common)
    if "grid" in inputs:
        grid = read_samples(inputs["grid"])
        check_alike({"grid": grid}, data)
        known = {"known": encoders["KFFA"], "known_indep": encoders["KFFA_indep"]}
        values += grid_values(grid, data, known, inputs["model"], block.batch, device, common)
        values += trained_values(known, inputs["model"], common)
    for value in values:
        value["dataset"] = shared["data"]
    write_json(out / "score.json", {"paper": "contrasfill", **shared, "methods": sorted(samples), "values": values})


class Reals:
    """The dataset's own images of the evaluation split, their features taken once, and as many training images."""

    def __init__(self, data: "Packed", split: str, scorer: "Scorer", batch: int, device: str) -> None:
        from stages.metrics.features import images_to_features
        from stages.metrics.frechet import features_to_statistics

        def features(positions: np.ndarray) -> "Tensor":
            return images_to_features(scorer.encode, data.images[positions], batch, device)

        self.batch, self.device = batch, device
        positions, train = np.asarray(data.positions(split)), np.asarray(data.positions("train"))
        every = features(positions)
        self.halves = keys_to_halves([str(data.keys[position]) for position in positions])
        self.evaluation, self.half = features_to_statistics(every), rows_to_statistics(every, self.halves)
        chosen = train[np.arange(min(len(train), len(positions))) * len(train) // len(positions)]
        self.train = features_to_statistics(features(chosen))

    def against_themselves(self, scorer: "Scorer", common: dict[str, Any]) -> list[Value]:
        """Real images' own distances: training images from the evaluation images, and one half of these from the other.

        The first is no floor of the methods' distances: a composite keeps the evaluation image's own pixels around the
        hole, which a training image does not have. The second is the floor of `…_halves`: a sampler that draws what
        may truly be in a hole reaches it in expectation, since its composites are then another draw of the photos and
        as independent of the other half. Lower are, in expectation, only images a little less varied than photos, by
        about one part in the number of images.
        """
        name = scorer.fidelity_name
        first, second = self.half
        return [
            fidelity_value(REAL_TRAIN, f"{name}_train", self.train, self.evaluation, scorer, common),
            fidelity_value(REAL_HALVES, f"{name}_halves_floor", first, second, scorer, common | {"halves": HALVES}),
        ]


HALVES = "of the evaluation images, by sha256 of their keys"


def keys_to_halves(keys: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The rows of two halves, every other one in the order of the keys' sha256, so that no order of a set decides.

    Raises: ValueError for fewer than four keys: a covariance needs two of each half.
    """
    import hashlib

    if len(keys) < 4:
        raise ValueError(f"two halves with a covariance each need four evaluation images, came {len(keys)}")
    order = np.argsort([hashlib.sha256(key.encode()).hexdigest() for key in keys])
    return np.sort(order[::2]), np.sort(order[1::2])


def rows_to_statistics(features: "Tensor", parts: tuple[np.ndarray, np.ndarray]) -> tuple["Statistics", "Statistics"]:
    """Mean and covariance of two parts of a set's features. Shapes: [N, D], int64 [n] and [m]."""
    from stages.metrics.frechet import features_to_statistics

    first, second = (features_to_statistics(features[part]) for part in parts)
    return first, second


def fidelity(name: str, held: Samples, reals: Reals, scorer: "Scorer", common: dict[str, Any]) -> list[Value]:
    """Fréchet distance of one sample per evaluation image from the evaluation images, of all and of halves.

    Of halves: (d(A', B) + d(B', A)) / 2, where A and B are halves of the images and A', B' their samples, so that no
    sample is compared with the image that its context is from.

    Source: spec §8.1; halves are ours.
    """
    from stages.metrics.features import images_to_features
    from stages.metrics.frechet import features_to_statistics

    made = images_to_features(scorer.encode, held.single, reals.batch, reals.device)
    whole = fidelity_value(name, scorer.fidelity_name, features_to_statistics(made), reals.evaluation, scorer, common)
    metric, said = f"{scorer.fidelity_name}_halves", common | {"halves": HALVES}
    crossed = [
        fidelity_value(name, metric, half, other, scorer, said)
        for half, other in zip(rows_to_statistics(made, reals.halves), reversed(reals.half), strict=True)
    ]
    return [whole, crossed[0] | {"value": (crossed[0]["value"] + crossed[1]["value"]) / 2}]


def fidelity_value(name: str, metric: str, made: Any, real: Any, scorer: "Scorer", common: dict[str, Any]) -> Value:
    """One Fréchet number with its protocol."""
    from stages.metrics.frechet import statistics_to_distance, statistics_to_warning

    protocol = scorer.fidelity_protocol | common | {
        "dimension": len(real.mean), "reals": real.count, "per_image": 1, "dtype": "float64, torch-fidelity",
    }  # fmt: skip
    warning = statistics_to_warning(made, real)
    value = statistics_to_distance(made, real)
    return entry(name, metric, "1", value, made.count, protocol | ({"warning": warning} if warning else {}))


def diversity(
    name: str, held: Samples, data: "Packed", scorer: "Scorer", device: str, common: dict[str, Any]
) -> list[Value]:
    """Perceptual distance between samples of one image, over the whole image and inside the hole. Source: spec §8.2."""
    whole, hole = pair_distances(held, data, scorer, device)
    protocol = pair_protocol(held, scorer.diversity_protocol | common)
    metric = scorer.diversity_name
    return [
        entry(name, metric, "1", float(np.mean(whole)), len(whole), protocol | {"region": "whole image"}),
        entry(name, f"{metric}_hole", "1", float(np.mean(hole)), len(hole), protocol | {"region": "hole"}),
    ]


def pair_distances(held: Samples, data: "Packed", scorer: "Scorer", device: str) -> tuple[list[float], list[float]]:
    """Each image's perceptual distance, averaged over pairs of samples: of the whole image, and inside the hole."""
    import torch

    from stages.data.image import to_tensor
    from stages.metrics.perceptual import samples_to_pair_distances

    whole, hole = [], []
    for row, hole_mask in enumerate(positions_to_holes(data, held.several, held.facts["hole"])):
        mask = torch.from_numpy(hole_mask).to(device)
        both = samples_to_pair_distances(scorer.perceptor, to_tensor(held.multiple[row]).to(device), mask)
        whole.append(float(both.whole.mean()))
        hole.append(float(both.hole.mean()))
    return whole, hole


def known_factor(
    name: str, metric: str, held: Samples, encoder: Any, batch: int, device: str, protocol: dict[str, Any]
) -> Value:
    """The angle between known-factor features of samples of one image. Source: spec §8.3."""
    from stages.metrics.angle import features_to_known_factor_angle
    from stages.metrics.features import samples_to_features

    features = samples_to_features(encoder.encode, held.multiple, batch, device)
    value = features_to_known_factor_angle(features)
    return entry(name, metric, "degrees", value, len(features), pair_protocol(held, protocol))


def pair_protocol(held: Samples, protocol: dict[str, Any]) -> dict[str, Any]:
    """How the pairs of samples were averaged."""
    from stages.metrics.pairs import pair_count

    count = held.facts["samples"]
    return protocol | {"per_image": count, "mean": f"{pair_count(count)} pairs, then images"}
