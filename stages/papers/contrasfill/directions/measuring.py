"""What a found direction changes, against ContrasFill's known code, on the images that all methods have results of."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from stages.block import Block as Base
from stages.papers.contrasfill.sampled import Value, positions_to_holes

if TYPE_CHECKING:
    from torch import Tensor

Progress = Callable[[int, int, str], None]
DIGITS = 9


class Block(Base):
    """How many images go through an encoder at once, and what the tables call the dataset."""

    dataset: str
    batch: int = Field(gt=0)


def measure(block: Block, inputs: dict[str, Path], out: Path, device: str, progress: Progress) -> None:
    """Measures every input `results_<method>`; writes score.json and, per image, angles.parquet.

    KFFA and the perceptual distance are means over the pairs of an image's results, then over images; leakage is the
    mean cosine distance 1 - cos of E_u's features over the same pairs, E_u being ContrasFill's (input model) for all.

    Source: supp §4.1; spec §7.1.
    Raises: ValueError where no image is complete in all methods.
    """
    from stages.data.files import write_json
    from stages.data.prepared.packed import Packed
    from stages.metrics.scorer import encoder_to_protocol, load_scorer
    from stages.nets.encoders.load import load_encoder
    from stages.papers.contrasfill.directions.results import check_same_images, read_results
    from stages.papers.contrasfill.varied import unknown_encoder

    data = Packed.open(inputs["data"])
    prefix = "results_"
    held = {name.removeprefix(prefix): read_results(path) for name, path in inputs.items() if name.startswith(prefix)}
    if not held:
        raise ValueError(f"expected at least one input {prefix}<method>=<folder>, got {sorted(inputs)}")
    check_same_images(held)
    shared = next(iter(held.values())).facts
    if shared["data"] != data.card["name"]:
        raise ValueError(f"the results are of {shared['data']}, the data given are {data.card['name']}")
    complete = np.logical_and.reduce([results.complete for results in held.values()])
    rows = np.flatnonzero(complete)
    if not len(rows):
        short = {name: int((~results.complete).sum()) for name, results in held.items()}
        raise ValueError(f"no image has all results of every method (short images: {short}); raise draws or images")
    encoder, twin = (load_encoder(inputs[name]).to(device) for name in ("encoder", "encoder_indep"))
    unknown = unknown_encoder(inputs["model"], device)
    scorer = load_scorer(inputs["scorer"], device)
    common = {name: shared[name] for name in ("hole", "split", "companions", "bound_drop")}
    common |= {"per_image": shared["samples"]}
    # E_u is another one for every seed, so its digest is no part of a column's protocol.
    unknown_protocol = {key: value for key, value in unknown.protocol.items() if key != "extractor_sha256"}
    holes = positions_to_holes(data, next(iter(held.values())).positions[rows], shared["hole"])
    values: list[Value] = []
    for done, (name, results) in enumerate(sorted(held.items()), start=1):
        several = np.asarray(results.several[rows])
        for metric, (encode, protocol) in {
            "KFFA": (encoder.encode, encoder_to_protocol(encoder)),
            "KFFA_indep": (twin.encode, encoder_to_protocol(twin)),
        }.items():
            angle = known_factor_angle(encode, several, block.batch, device)
            values.append(value_of(name, metric, "degrees", angle, len(rows), protocol | common))
        said = scorer.diversity_protocol | common | {"region": "whole image"}
        distance = perceptual(scorer.perceptor, several, holes, device)
        values.append(value_of(name, scorer.diversity_name, "1", distance, len(rows), said))
        leaked = leakage(unknown.features(several, holes, block.batch, device))
        values.append(value_of(name, "leakage", "1", leaked, len(rows), unknown_protocol | common))
        drift = float(np.abs(results.drift[rows]).mean())
        values.append(value_of(name, "realness_drift", "1", drift, len(rows), common))
        for metric, value in of_walk(results.facts).items():
            values.append(value_of(name, metric, "1", value, len(complete), common))
        progress(done, len(held), name)
    for value in values:
        value["dataset"] = block.dataset
    facts = {name: shared[name] for name in ("paper", "profile", "seed", "hole", "split", "images", "samples")}
    write_json(out / "score.json", {**facts, "data": block.dataset, "methods": sorted(held), "values": values})


def value_of(name: str, metric: str, unit: str, value: float, count: int, protocol: dict[str, Any]) -> Value:
    """One number, as score.json holds it; how many images it rests on may differ between seeds, so n stands beside."""
    return {"method": name, "metric": metric, "unit": unit, "value": value, "n": count, "protocol": protocol}


def known_factor_angle(encode: Callable, several: np.ndarray, batch: int, device: str) -> float:
    """KFFA in degrees of uint8 [N S R R 3]."""
    from stages.metrics.angle import features_to_known_factor_angle
    from stages.metrics.features import samples_to_features

    return features_to_known_factor_angle(samples_to_features(encode, several, batch, device))


def perceptual(perceptor: Any, several: np.ndarray, holes: np.ndarray, device: str) -> float:
    """Perceptual distance between an image's results, over pairs, then images."""
    import torch

    from stages.data.image import to_tensor
    from stages.metrics.perceptual import samples_to_pair_distances

    found = []
    for pictures, hole in zip(several, holes, strict=True):
        mask = torch.from_numpy(hole).to(device)
        found.append(float(samples_to_pair_distances(perceptor, to_tensor(pictures).to(device), mask).whole.mean()))
    return float(np.mean(found))


def leakage(features: "Tensor") -> float:
    """Mean of 1 - cos over the pairs of an image's results, then images, of unknown-factor features [N S D]."""
    import torch

    from stages.metrics.angle import features_to_pair_angles
    from stages.metrics.pairs import pairs_to_means

    angles = features_to_pair_angles(features)
    return float(pairs_to_means(1 - torch.cos(torch.deg2rad(angles))).mean())


def of_walk(facts: dict[str, Any]) -> dict[str, float]:
    """What the study itself found: of all results how many draws missed, of a direction how it was found and walked."""
    found: dict[str, float] = {
        "miss_walked": facts["walk"]["miss"],
        "short_images": len(facts["walk"]["short"]),
        "free_images": facts["free_images"],
    }
    if facts["kind"] == "direction":
        direction = facts["direction"]
        found |= {
            "range": facts["calibration"]["range"],
            "miss_calibrated": facts["calibration"]["miss"],
            "fisher_over_random": direction["fisher"] / max(direction["fisher_random_median"], 10.0**-DIGITS),
            "groups_kept": facts["groups"]["kept"],
        }
    return found
