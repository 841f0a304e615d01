"""Table 1's numbers for one dataset: fidelity, diversity and known factor angle of every method, with protocols."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from stages.block import Block as Base
from stages.papers.contrasfill.sampled import Samples, check_alike, positions_to_holes, read_samples

if TYPE_CHECKING:
    from stages.data.prepared.packed import Packed
    from stages.metrics.scorer import Scorer

Progress = Callable[[int, int, str], None]
Value = dict[str, Any]
REAL = "real_train"


class Block(Base):
    """How many images go through an extractor at once; the numbers do not depend on it beyond rounding."""

    batch: int = Field(gt=0)


def measure(block: Block, inputs: dict[str, Path], out: Path, device: str, progress: Progress) -> None:
    """Measure every `sample_<method>` of the inputs and write score.json.

    Source: supp §5, Table 1; spec §8.1 to §8.3.
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
        values.append(fidelity(name, held, reals, scorer, common))
        values += diversity(name, held, data, scorer, device, common)
        for metric, encoder in encoders.items():
            values.append(
                known_factor(name, metric, held, encoder, block.batch, device, encoder_to_protocol(encoder) | common)
            )
        progress(done, len(samples), name)
    values.append(reals.floor(scorer, common))
    for value in values:
        value["dataset"] = shared["data"]
    write_json(out / "score.json", {"paper": "contrasfill", **shared, "methods": sorted(samples), "values": values})


class Reals:
    """The dataset's own images of the evaluation split, their features taken once."""

    def __init__(self, data: "Packed", split: str, scorer: "Scorer", batch: int, device: str) -> None:
        from stages.metrics.features import images_to_features
        from stages.metrics.frechet import features_to_statistics

        def statistics(positions: np.ndarray) -> Any:
            return features_to_statistics(images_to_features(scorer.encode, data.images[positions], batch, device))

        self.batch, self.device = batch, device
        positions, train = np.asarray(data.positions(split)), np.asarray(data.positions("train"))
        self.evaluation = statistics(positions)
        self.train = statistics(train[np.arange(min(len(train), len(positions))) * len(train) // len(positions)])

    def floor(self, scorer: "Scorer", common: dict[str, Any]) -> Value:
        """What real images themselves reach: as many training images against the evaluation images."""
        return fidelity_value(REAL, f"{scorer.fidelity_name}_floor", self.train, self.evaluation, scorer, common)


def fidelity(name: str, held: Samples, reals: Reals, scorer: "Scorer", common: dict[str, Any]) -> Value:
    """Fréchet distance of one sample per evaluation image from the evaluation images. Source: spec §8.1."""
    from stages.metrics.features import images_to_features
    from stages.metrics.frechet import features_to_statistics

    made = features_to_statistics(images_to_features(scorer.encode, held.single, reals.batch, reals.device))
    return fidelity_value(name, scorer.fidelity_name, made, reals.evaluation, scorer, common)


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


def entry(name: str, metric: str, unit: str, value: float, count: int, protocol: dict[str, Any]) -> Value:
    """One number, as score.json holds it."""
    return {
        "method": name,
        "metric": metric,
        "unit": unit,
        "value": value,
        "n": count,
        "protocol": protocol | {"n": count},
    }
