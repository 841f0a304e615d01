"""What the teachers share: their block, class numbers, held-out measures, and the encoder they leave."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from stages.data.image import to_tensor
from stages.data.prepared.packed import Packed
from stages.engine.plan import TrainBlock
from stages.engine.world import World
from stages.nets.encoders.load import load_encoder, save_encoder

EVALUATION_BATCH = 64
# How the splits begin that drawn sets have for judges alone.
TEACHING = "teach"


class TeacherBlock(TrainBlock):
    """The keys of every helper.

    `source` "file" converts the user's weight file (path below the project, its sha256, architecture); "taught" trains
    the architecture here. The view is what the encoder will see of any image: crop (top, left, height, width) on a
    256-px grid, size, how to shrink, mean and std of [0, 1] values.
    """

    source: Literal["taught", "file"]
    file: str
    sha256: str
    architecture: str
    seed: int
    batch: int = Field(gt=0)
    learning_rate: float = Field(gt=0)
    view_size_px: int = Field(gt=0)
    view_crop: tuple[int, int, int, int]
    view_shrink: Literal["pool", "bilinear"]
    view_mean: tuple[float, float, float]
    view_std: tuple[float, float, float]

    def view(self) -> dict[str, Any]:
        return {
            "size_px": self.view_size_px,
            "crop": list(self.view_crop),
            "shrink": self.view_shrink,
            "mean": list(self.view_mean),
            "std": list(self.view_std),
        }


def labelled_positions(packed: Packed, column: str, minimum: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(training positions, held-out positions, class values) of one label column.

    Trained on are training rows whose label occurs at least `minimum` times among them; held out is every labelled row
    outside the training split, of whatever class. A set that was drawn to teach judges has splits of its own for them.
    Raises: ValueError if fewer than two classes are left.
    """
    labels = packed.column(column)
    taught = [split for split in packed.card["splits"] if split.startswith(TEACHING)] or ["train"]
    training = np.sort(np.concatenate([packed.positions(split) for split in taught]))
    own = training
    training = training[labels[training] >= 0]
    values, counts = np.unique(labels[training], return_counts=True)
    values = values[counts >= minimum]
    if len(values) < 2:
        raise ValueError(
            f"{packed.card['name']}.{column} has {len(values)} classes with at least {minimum} training images; a "
            "teacher needs two or more: take a larger set, or give the encoder as a file (source: file)"
        )
    held_out = np.setdiff1d(np.flatnonzero(labels >= 0), own)
    return training[np.isin(labels[training], values)], held_out, values


def random_crops(images: Tensor, uniform: Tensor, size: int, padding: int) -> Tensor:
    """A window of `size` of each image, padded by black (-1), at offsets floor(uniform * (places)).

    Source: ContrasFill spec §3.2 (random crop with padding).
    Shapes: images [B C H W]; uniform [B 2] in [0, 1) -> [B C size size].
    Raises: ValueError if the padded image is smaller than the window.
    """
    padded = F.pad(images, (padding,) * 4, value=-1.0)
    places = padded.shape[2] - size + 1
    if places < 1 or padded.shape[2] != padded.shape[3]:
        least = size - 2 * padding
        raise ValueError(f"expected square images of at least {least} px to crop {size}, got {tuple(images.shape)}")
    corners = (uniform * places).long().clamp(max=places - 1).tolist()
    return torch.stack([padded[i, :, y : y + size, x : x + size] for i, (y, x) in enumerate(corners)])


def labels_to_classes(labels: Tensor, values: np.ndarray) -> Tensor:
    """Class numbers 0..M-1 of label values. Raises: ValueError for a label that is none of them."""
    known = torch.as_tensor(values, device=labels.device)
    classes = torch.searchsorted(known, labels).clamp(max=len(known) - 1)
    if not torch.equal(known[classes], labels):
        raise ValueError(f"labels {labels.tolist()} are not all among the {len(known)} classes of the teacher")
    return classes


def balanced(positions: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Positions repeated in turn until every class is as frequent as the largest. Shapes: [n], [n] -> [m]."""
    groups = [positions[labels == value] for value in np.unique(labels)]
    largest = max(len(group) for group in groups)
    return np.concatenate([np.resize(group, largest) for group in groups])


def images_to_rows(function, images: np.ndarray, positions: np.ndarray, world: World) -> np.ndarray:
    """function(images of a few positions) for all of them. Shapes: [N, D] float64."""
    rows = []
    with torch.no_grad():
        for start in range(0, len(positions), EVALUATION_BATCH):
            batch = to_tensor(images[positions[start : start + EVALUATION_BATCH]])
            rows.append(function(batch.to(world.device)).double().cpu().numpy())
    return np.concatenate(rows)


def pair_cosines(features: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Mean cosine of pairs of one label and of pairs of two, by sums of unit vectors, and nearest-neighbour accuracy.

    sum over pairs of cos = (|sum f|^2 - N) / 2. The accuracy asks, for each row whose label occurs again, whether the
    nearest other row has that label. A value that no pair supports is left out.
    """
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    values, classes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    sums = np.zeros((len(values), unit.shape[1]))
    np.add.at(sums, classes, unit)
    within = float((sums**2).sum())
    found: dict[str, float] = {}
    same, different = int((counts * (counts - 1)).sum()), int(len(unit) ** 2 - (counts**2).sum())
    if same:
        found["same_cosine"] = round((within - len(unit)) / same, 6)
    if different:
        found["different_cosine"] = round((float((unit.sum(axis=0) ** 2).sum()) - within) / different, 6)
    if same and different:
        right = []
        for row in np.flatnonzero(counts[classes] > 1):
            near = unit @ unit[row]
            near[row] = -np.inf
            right.append(labels[int(near.argmax())] == labels[row])
        found["nearest_accuracy"] = round(float(np.mean(right)), 6)
    return found


def logits_to_accuracy(logits: np.ndarray, classes: np.ndarray) -> float:
    """Share of rows whose largest logit is their class; rows of unknown class (-1) count as wrong."""
    return round(float((logits.argmax(axis=1) == classes).mean()), 6)


def leave_encoder(
    out: Path, net: nn.Module, architecture: str, arguments: dict[str, Any], block: TeacherBlock, facts: dict[str, Any]
):
    """Writes encoder.json and weights.safetensors and gives the encoder back as later stages will load it."""
    content = {
        "architecture": architecture,
        "arguments": arguments,
        "view": block.view(),
        "held_out": {},
        "source": "taught",
    }
    save_encoder(out, net.cpu().to(memory_format=torch.contiguous_format), {**content, **facts})
    return load_encoder(out)


def note_held_out(out: Path, encoder, measured: dict[str, Any]) -> None:
    """Adds the held-out measures to encoder.json."""
    save_encoder(out, encoder.net, {**encoder.facts, "held_out": measured})
