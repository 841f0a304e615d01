"""Samples of a trained ContrasFill-like method: one for every evaluation image, and several for some of them."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from stages.block import Block as Base
from stages.papers.contrasfill.sampled import positions_to_holes

if TYPE_CHECKING:
    from stages.data.prepared.packed import Packed
    from stages.engine.method import Method
    from stages.engine.session import Session
    from stages.engine.world import World


class Block(Base):
    """Which images are sampled, and how often.

    `images` of the split, evenly spread, have `samples` samples each; every image of the split has one.
    codes 0: each sample has codes of its own. codes n: the n x n samples of an image are a grid, column = known code,
    row = unknown code, sample number = n row + column; the codes belong to the image.
    """

    profile: Literal["smoke", "demo", "lite", "paper"]
    hole: Literal["object", "box"]
    split: str
    images: int = Field(gt=0)
    samples: int = Field(gt=1)
    codes: int = Field(ge=0)
    batch: int = Field(gt=0)

    @model_validator(mode="after")
    def check_codes(self) -> "Block":
        """Raises: ValueError where a grid of codes has another number of samples than cells."""
        if self.codes and self.samples != self.codes**2:
            raise ValueError(
                f"a grid of {self.codes} x {self.codes} codes has {self.codes**2} samples, not {self.samples}"
            )
        return self


def positions_to_spread(positions: np.ndarray, count: int) -> np.ndarray:
    """`count` of the positions, evenly spread, in order; all of them where there are fewer.

    Shapes: int64 [N] → int64 [min(count, N)].
    """
    if len(positions) <= count:
        return positions
    return positions[np.arange(count) * len(positions) // count]


def rows_of(singles: list[int], several: list[int], samples: int) -> list[tuple[int, int]]:
    """The rows (position, number of the sample), all samples of one image behind each other.

    The single sample of an image is its sample 0, so an image with several is not drawn anew for its single one.
    """
    chosen = set(several)
    rows = [(position, number) for position in several for number in range(samples)]
    return rows + [(position, 0) for position in singles if position not in chosen]


def sample(block: Block, method: "Method", data: "Packed", seed: int, session: "Session") -> dict[str, Any]:
    """Draw all samples, `batch` rows at once, and write single.npy, multiple.npy and index.parquet.

    Each sample depends on (seed, key of the image, number of the sample) alone. Values are rounded to 8 bits;
    outside the hole they are the image's own.

    Source: supp §5 (object masks), spec §8.1 to §8.3; gap G11 (how many).
    Shapes: single uint8 [N, R, R, 3]; multiple uint8 [images, samples, R, R, 3].
    Raises: ValueError for a method that changes pixels outside the hole.
    """
    from stages.data.files import write_table
    from stages.engine.shards import SHARD_BATCHES, Shards

    out, kept = session.out, Shards(session.resume)
    positions = np.asarray(data.positions(block.split))
    several = positions_to_spread(positions, block.images)
    side = data.images.shape[1]
    place = {int(position): row for row, position in enumerate(positions)}
    place_several = {int(position): row for row, position in enumerate(several)}
    single = np.lib.format.open_memmap(out / "single.npy", "w+", np.uint8, (len(positions), side, side, 3))
    shape = (len(several), block.samples, side, side, 3)
    multiple = np.lib.format.open_memmap(out / "multiple.npy", "w+", np.uint8, shape)
    rows = rows_of(positions.tolist(), several.tolist(), block.samples)
    size = block.batch * SHARD_BATCHES
    for number, start in enumerate(range(0, len(rows), size)):
        part = rows[start : start + size]

        def drawn(start: int = start, part: list[tuple[int, int]] = part) -> dict[str, np.ndarray]:
            pictures = []
            for first in range(0, len(part), block.batch):
                batch = part[first : first + block.batch]
                pictures.append(produce(method, data, batch, seed, block.hole, block.codes, session.world))
                session.progress(start + first + len(batch), len(rows), "samples")
            return {"image": np.concatenate(pictures)}

        made = kept.arrays(number, -(-len(rows) // size), drawn)["image"]
        for (position, sampled), picture in zip(part, made, strict=True):
            if position in place_several:
                multiple[place_several[position], sampled] = picture
            if sampled == 0:
                single[place[position]] = picture
    single.flush()
    multiple.flush()
    keys = data.keys
    columns = {
        "key": [str(keys[position]) for position in positions],
        "position": positions.astype(np.int64),
        "in_multiple": np.isin(positions, several),
    }
    write_table(out / "index.parquet", columns)
    return {
        "images": len(several),
        "samples": block.samples,
        "codes": block.codes,
        "singles": len(positions),
        "size_px": side,
        "split": block.split,
    }


def grid_codes(rows: list[tuple[str, int]], side: int, method: "Method", seed: int) -> dict[str, Any]:
    """Codes of a grid's cells: all cells of an image's column share the known code, all of its row the unknown one.

    Source: supp Fig. 8, Fig. 15. Shapes: rows (key, number) [B] -> code_known, code_unknown [B latent].
    Raises: ValueError for a method that has not both codes.
    """
    from stages.engine.rowchance import RowChance

    if getattr(method.block, "codes", 1) != 2:
        raise ValueError(f"{type(method).__module__} has no known and unknown code; a grid needs both (key codes)")
    place = {"code_known": ("column", lambda number: number % side), "code_unknown": ("row", lambda n: n // side)}
    found = {}
    for name, (line, of) in place.items():
        named = [f"{key}/{line} {of(number)}" for key, number in rows]
        codes = RowChance(seed, named).normal(f"grid/{name}", len(rows), method.block.latent)
        found[name] = codes.to(next(method.nets["generator"].parameters()).device)
    return found


def produce(
    method: "Method", data: "Packed", rows: list[tuple[int, int]], seed: int, hole: str, codes: int, world: "World"
) -> np.ndarray:
    """A batch of samples; hole and codes as in the Block. Shapes: rows (position, number) [B] → uint8 [B, R, R, 3]."""
    import torch

    from stages.data.image import from_tensor, mask_to_tensor, to_tensor
    from stages.engine.rowchance import RowChance

    positions = np.array([position for position, _ in rows])
    images, holes = data.images[positions], positions_to_holes(data, positions, hole)
    batch = {
        "image": to_tensor(images).to(world.device),
        "mask": mask_to_tensor(holes).to(world.device),
        "position": torch.from_numpy(positions).to(world.device),
    }
    keys = data.keys
    if codes:
        batch |= grid_codes([(keys[position], number) for position, number in rows], codes, method, seed)
    chance = RowChance(seed, [f"{keys[position]}/{number}" for position, number in rows])
    with torch.no_grad():
        made = method.produce(batch, chance)["image"]
    if not bool(torch.isfinite(made).all()):
        raise FloatingPointError(f"a sample of {keys[rows[0][0]]} or the {len(rows) - 1} beside it is not finite")
    pictures = from_tensor(made)
    outside = holes == 0
    if not np.array_equal(pictures[outside], np.asarray(images)[outside]):
        raise ValueError(
            f"{type(method).__module__} changed pixels outside the hole; produce must return the composite"
        )
    return pictures
