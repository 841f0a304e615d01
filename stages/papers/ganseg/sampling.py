"""Random generations of a trained generator with everything on the way: pictures, points, masks, embeddings, scales."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from stages.block import Block as Base

if TYPE_CHECKING:
    from stages.data.prepared.packed import Packed
    from stages.engine.session import Session
    from stages.papers.ganseg.methods.gan.method import Gan


class Block(Base):
    """`generations` are drawn at random; the first `pictures` of them are kept whole, of all the embeddings."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    generations: int = Field(gt=1)
    pictures: int = Field(gt=0)
    batch: int = Field(gt=0)


def sample(block: Block, method: "Gan", data: "Packed | None", seed: int, session: "Session") -> dict[str, Any]:
    """Draw all generations in evaluation mode and write one .npy for each quantity.

    Generation i depends on (seed, i) alone, so none was chosen and any can be drawn again; its noise is kept too.
    `untrained` holds the embeddings of the same noise by the same network before training, as a control.

    Source: supp §D (320 images), Fig. 8 to 11 (90); spec §6.3, §6.7.
    Shapes: images uint8 [P, S, S, 3]; labels uint8 [P, S, S], 0 = background; points float32 [P, K, n, 2] as (x, y) in
    [-1, 1]; noise float32 [P, 3 z + 2]; embeddings, untrained float32 [N, K + 1, d], background last; scales [N, K].
    Raises: FloatingPointError naming the first generation of a batch that is not finite.
    """
    from stages.engine.shards import SHARD_BATCHES, Shards
    from stages.papers.ganseg.methods.gan.method import for_sampling

    bare = for_sampling(method.block, session.world)
    bare.nets["generator"].to(session.world.device).eval()
    kept, size = Shards(session.resume), block.batch * SHARD_BATCHES
    held: dict[str, list[np.ndarray]] = {}
    for part, first in enumerate(range(0, block.generations, size)):

        def drawn(first: int = first, last: int = min(first + size, block.generations)) -> dict[str, np.ndarray]:
            made: dict[str, list[np.ndarray]] = {}
            for start in range(first, last, block.batch):
                numbers = np.arange(start, min(start + block.batch, last))
                one = generate(method, seed, numbers, f"generation {start} or its batch")
                keep(made, one, max(0, block.pictures - start))
                control = embeddings(generate(bare, seed, numbers, "the untrained network"))
                made.setdefault("untrained", []).append(control)
                session.progress(int(numbers[-1]) + 1, block.generations, "generations")
            return {name: np.concatenate(parts) for name, parts in made.items()}

        for name, array in kept.arrays(part, -(-block.generations // size), drawn).items():
            held.setdefault(name, []).append(array)
    for name, parts in held.items():
        np.save(session.out / f"{name}.npy", np.concatenate(parts))
    trained = method.block
    return {
        "generations": block.generations,
        "pictures": min(block.pictures, block.generations),
        "parts": trained.parts,
        "points_per_part": trained.points_per_part,
        "size_px": trained.size_px,
        "grid": trained.grid,
        "scale": trained.scale,
        "kernel": trained.kernel,
    }


def generate(method: "Gan", seed: int, numbers: np.ndarray, who: str) -> dict[str, Any]:
    """The record of the generations with these numbers. Raises: FloatingPointError where an image is not finite."""
    import torch

    from stages.engine.rowchance import RowChance

    chance = RowChance(seed, [f"generation/{number}" for number in numbers])
    made = method.produce({"position": torch.from_numpy(numbers)}, chance)
    if not bool(torch.isfinite(made["image"]).all()):
        raise FloatingPointError(f"{who}: an image is not finite")
    return made


def embeddings(made: dict[str, Any]) -> np.ndarray:
    """Part embeddings and, last, the background's. Shapes: [B K d], [B d] → float32 [B K+1 d]."""
    import torch

    return torch.cat([made["embeddings"], made["bg_embedding"][:, None]], 1).float().cpu().numpy()


def keep(held: dict[str, list[np.ndarray]], made: dict[str, Any], pictures: int) -> None:
    """Add one batch: whole records of its first `pictures` rows, embeddings and scales of all."""
    import torch

    from stages.data.image import from_tensor
    from stages.papers.ganseg.grid import flipped
    from stages.papers.ganseg.record import labels

    rows = slice(0, pictures)
    noises = [made[f"noise_{name}"] for name in ("point", "appearance", "bg_appearance", "bg_position")]
    whole = {
        "images": from_tensor(made["image"][rows]),
        "labels": labels(made["mask"][rows]).cpu().numpy(),
        "points": flipped(made["points"][rows]).float().cpu().numpy(),
        "noise": torch.cat(noises, 1)[rows].float().cpu().numpy(),
    }
    every = {"embeddings": embeddings(made), "scales": made["scale"].float().cpu().numpy()}
    for name, array in ((whole | every) if pictures else every).items():
        held.setdefault(name, []).append(array)
