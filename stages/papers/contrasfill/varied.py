"""What each code moves: angles on grids of codes, the two losses at the end, and the accuracy of E_k and its twin."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from stages.papers.contrasfill.sampled import Samples, Value, entry, positions_to_holes

if TYPE_CHECKING:
    from torch import Tensor

    from stages.data.prepared.packed import Packed
    from stages.papers.contrasfill.methods.contrasfill.method import Block as Trained

# The share of a training's steps, at its end, over which a loss is averaged.
LAST = 0.1
# A teacher's share of right answers on held-out images: by its classes, else whether the nearest image has the label.
ACCURACIES = ("accuracy", "nearest_accuracy")


class Seeing(NamedTuple):
    """An encoding function, what a protocol says of it, and whether it sees the hole alone on black."""

    encode: Callable
    protocol: dict[str, Any]
    alone: bool = False

    def features(self, several: np.ndarray, holes: np.ndarray, batch: int, device: str) -> "Tensor":
        """Features of several samples of each image. Shapes: uint8 [N S R R 3], uint8 0/1 [N R R] -> [N S D]."""
        from stages.metrics.features import samples_to_features

        seen = several * holes[:, None, :, :, None] if self.alone else several
        return samples_to_features(self.encode, seen, batch, device)


def grid_values(
    grid: Samples,
    data: "Packed",
    encoders: dict[str, Any],
    model: Path,
    batch: int,
    device: str,
    common: dict[str, Any],
) -> list[Value]:
    """Angles on grids of codes by the known factor's encoders (`known`, `known_indep`) and by the model's own E_u.

    Source: supp Fig. 8, Fig. 15; spec §8.5. Units: degrees.
    Raises: ValueError where the samples are no grids of codes, or the model has no E_u of its own.
    """
    from stages.metrics.disentangled import grids_to_angles
    from stages.metrics.scorer import encoder_to_protocol

    side = grid.facts["codes"]
    if not side:
        raise ValueError("expected grids of codes, came samples with codes of their own (codes 0)")
    seeing = {name: Seeing(held.encode, encoder_to_protocol(held)) for name, held in encoders.items()}
    seeing["unknown"] = unknown_encoder(model, device)
    holes = positions_to_holes(data, grid.several, grid.facts["hole"])
    values: list[Value] = []
    for name, encoder in seeing.items():
        features = encoder.features(grid.multiple, holes, batch, device)
        angles = grids_to_angles(features.reshape(len(features), side, side, -1))
        sign = -1 if name == "unknown" else 1
        rows = {
            f"angle_{name}_between_columns": angles.between_columns,
            f"angle_{name}_between_rows": angles.between_rows,
            f"score_{name}": sign * (angles.between_columns - angles.between_rows),
        }
        said = encoder.protocol | common | {"grid": f"{side} x {side} codes an image"}
        for metric, found in rows.items():
            spread = float(found.std()) if len(found) > 1 else 0.0
            values.append(
                entry("contrasfill", metric, "degrees", float(found.mean()), len(found), said | {"sd": spread})
            )
    return values


def trained_values(encoders: dict[str, Any], model: Path, common: dict[str, Any]) -> list[Value]:
    """Both losses at the end beside what chance gives, and the held-out accuracy of each teacher that states one.

    A loss is the mean over the last tenth of the steps. Units: losses in nats; accuracies in shares of 1.
    """
    block, losses = trained_block(model), curve_to_losses((model / "curve.csv").read_text(encoding="utf-8"))
    said = common | {"split": "train", "steps": block.iterations, "mean": "the last tenth of the steps"}
    values = [entry("contrasfill", f"loss_{name}", "nats", held, block.batch, said) for name, held in losses.items()]
    alike = common | {"features": "all alike"}
    values.append(entry("contrasfill", "loss_chance", "nats", block_to_chance(block), block.batch, alike))
    for name, encoder in encoders.items():
        held_out = encoder.facts.get("held_out", {})
        accuracy = next((key for key in ACCURACIES if key in held_out), None)
        if accuracy:
            extractor = {"extractor": encoder.facts["architecture"], "measure": accuracy, "split": "held out"}
            number, count = held_out[accuracy], held_out["images"]
            values.append(entry("contrasfill", f"accuracy_{name}", "share", number, count, common | extractor))
    return values


def curve_to_losses(curve: str) -> dict[str, float]:
    """Each space's loss without its weight, over the last tenth of the steps of a curve.csv."""
    lines = [line.split(",") for line in curve.splitlines()[1:]]
    begin = (1 - LAST) * max(int(line[0]) for line in lines)
    found = {}
    for space in ("known", "unknown"):
        held = [float(value) for step, _, term, value in lines if term == f"G/stat/{space}_loss" and int(step) > begin]
        if held:
            found[space] = sum(held) / len(held)
    return found


def block_to_chance(block: "Trained") -> float:
    """The contrastive loss where all features are alike: ln 15 for 8 + 8 codes in 16 images.

    Both spaces have the same where the pattern treats them alike, as every one but `random` does.
    """
    import torch

    from stages.engine.chance import Chance
    from stages.engine.world import World
    from stages.losses.nce import info_nce
    from stages.papers.contrasfill.combinations import masks
    from stages.papers.contrasfill.methods.contrasfill.method import cells_of

    cells = cells_of(block, Chance(0, 0, World.single()), "G/cells")
    sets = {name: torch.from_numpy(mask) for name, mask in masks(cells, "unknown").items()}
    alike = torch.zeros(len(cells), len(cells))
    return float(info_nce(alike, sets["positive"], sets["negative"], block.temperature, block.denominator))


def trained_block(folder: Path) -> "Trained":
    """The keys that a ContrasFill was trained with."""
    from stages.data.files import read_json
    from stages.papers.contrasfill.methods.contrasfill.method import Block as Trained

    return Trained.model_validate(read_json(folder / "model.json")["block"], strict=False)


def unknown_encoder(folder: Path, device: str) -> Seeing:
    """E_u of a trained ContrasFill.

    Raises: ValueError for a model that trained none.
    """
    import hashlib

    from stages.engine.weights import load_weights
    from stages.engine.world import World
    from stages.papers.contrasfill.methods.contrasfill.method import for_sampling

    trained = trained_block(folder)
    method = for_sampling(trained, World.single())
    load_weights(method, folder)
    if "unknown" not in method.nets:
        raise ValueError(
            f"{folder}: expected a model with its own encoder of the unknown factor (unknown_encoder: joint)"
        )
    net = method.nets["unknown"].to(device).eval()
    digest = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    hole = trained.unknown_view == "hole"
    view = f"{'hole alone on black' if hole else 'whole image'}, {trained.size_px} px"
    return Seeing(net, {"extractor": "unknown_encoder", "extractor_sha256": digest, "view": view}, hole)
