"""How near generated images are to the training photos: one Fréchet distance."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from stages.block import Block as Base

if TYPE_CHECKING:
    from stages.engine.going import Going
    from stages.papers.ganseg.methods.gan.method import Gan


class Block(Base):
    """`images` generated ones are compared with all photos of the training split, `batch` at once."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    images: int = Field(gt=1)
    batch: int = Field(gt=0)


def measure(block: Block, inputs: dict[str, Path], out: Path, device: str, progress: "Going") -> None:
    """Write score.json with the Fréchet distance of `model`'s images from the training split of `data`.

    Generated images are made in evaluation mode, clamped and truncated to 8 bits; photos are as they lie on disk. The
    name is FID only where the scorer is the published Inception; else it says which network it is.

    Source: supp §C; spec §5.1, §9.10 (gap G10).
    Raises: ValueError where model and data are of different sets.
    """
    import torch

    from stages.data.files import read_json, write_json
    from stages.data.prepared.packed import Packed
    from stages.engine.world import World
    from stages.metrics.features import images_to_features
    from stages.metrics.frechet import features_to_statistics, statistics_to_distance, statistics_to_warning
    from stages.metrics.scorer import load_scorer
    from stages.papers.ganseg.methods.gan.method import trained_model

    facts, data = read_json(inputs["model"] / "model.json"), Packed.open(inputs["data"])
    if facts["data"] != data.card["name"]:
        raise ValueError(f"{inputs['model']} was trained on {facts['data']}, the data are {data.card['name']}")
    scorer = load_scorer(inputs["scorer"], device)
    method = trained_model(inputs["model"], World.single(device))
    train = np.asarray(data.positions("train"))

    def generated(numbers: range) -> dict[str, np.ndarray]:
        rows = []
        for start in range(numbers.start, numbers.stop, block.batch):
            images = pictures(method, facts["seed"], np.arange(start, min(start + block.batch, numbers.stop)))
            rows.append(images_to_features(scorer.encode, images, block.batch, device).numpy())
            progress(start + len(images), block.images, "generated images")
        return {"features": np.concatenate(rows)}

    def photos(numbers: range) -> dict[str, np.ndarray]:
        images = data.images[train[numbers.start : numbers.stop]]
        progress(numbers.stop, len(train), "photos")
        return {"features": images_to_features(scorer.encode, images, block.batch, device).numpy()}

    made, real = (
        features_to_statistics(torch.from_numpy(progress.kept(name).joined(count, block.batch, see)["features"]))
        for name, count, see in (("generated", block.images, generated), ("photos", len(train), photos))
    )
    protocol: dict[str, Any] = dict(scorer.fidelity_protocol) | {
        "dimension": len(real.mean), "reals": real.count, "real_split": "train, unaugmented", "n": made.count,
        "dtype": "float64, torch-fidelity", "size_px": int(data.images.shape[1]), "eight_bits": "clamped, truncated",
    }  # fmt: skip
    warning = statistics_to_warning(made, real)
    value = {
        "metric": scorer.fidelity_name,
        "unit": "1",
        "value": statistics_to_distance(made, real),
        "n": made.count,
        "protocol": protocol | ({"warning": warning} if warning else {}),
    }
    said = {"paper": "ganseg", "data": facts["data"], "seed": facts["seed"], "variant": "main"}
    write_json(out / "score.json", said | {"profile": block.profile, "values": [value]})


def pictures(method: "Gan", seed: int, numbers: np.ndarray) -> np.ndarray:
    """8-bit images of these numbers, other draws than the generations of the figures. Shapes: → uint8 [B, S, S, 3]."""
    import torch

    from stages.engine.rowchance import RowChance
    from stages.metrics.eight_bits import truncate_images

    chance = RowChance(seed, [f"fidelity/{number}" for number in numbers])
    made = method.produce({"position": torch.from_numpy(numbers)}, chance)["image"]
    if not bool(torch.isfinite(made).all()):
        raise FloatingPointError(f"generated image {numbers[0]} or its batch is not finite")
    return truncate_images(made)
