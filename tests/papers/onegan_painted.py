"""A small drawn pack with a disc on stripes before a known ground, and runs of the deep image prior on it."""

from pathlib import Path
from typing import Any

import numpy as np

from stages.data.files import write_json
from stages.data.prepared.packed import Extra, Index, Packed, Row, write_packed
from stages.engine.loop import train
from stages.engine.session import Session
from stages.engine.world import World
from stages.papers.onegan.methods.prior import method as prior
from tests.contract.prepared import block_of

SIDE, ROWS = 32, 8
WORLD = World.single()
MASKED = [1, 1, 1, 1, 0, 1, 1, 1]
SPLITS = ["train", "train", "train", "test", "test", "test", "test", "test"]
# The first pixels of a predicted mask: 127 is below one half, 128 is not.
PREDICTED = (0, 127, 128, 255)


def striped(number: int) -> np.ndarray:
    """Dark and light stripes, four pixels wide, whose mean colour is nowhere. Shapes: -> uint8 [S S 3]."""
    y, x = np.mgrid[:SIDE, :SIDE]
    along = x if number % 2 else y
    levels = np.where((along + number) // 4 % 2, 220, 40)
    return np.repeat(levels[..., None], 3, 2).astype(np.uint8)


def disc(number: int, radius: float = 5.0) -> np.ndarray:
    """Shapes: -> uint8 0/1 [S S]."""
    y, x = np.mgrid[:SIDE, :SIDE]
    return ((x - 14 - number % 3) ** 2 + (y - 15) ** 2 <= radius**2).astype(np.uint8)


def rows():
    for number in range(ROWS):
        ground, exact = striped(number), disc(number)
        image = ground.copy()
        image[exact > 0] = (200, 30 * (number % 4), 20)
        extras = {"cover": disc(number, 6.5), "background": ground, "exact": exact}
        mask = exact if MASKED[number] else None
        yield Row(f"{number}.png", image, mask, f"{number}.png", str(number), extras)


def drawn_boxes(folder: Path, truths: bool = True) -> Path:
    """The pack; without `truths` as real photos are, whose ground and exact mask nobody knows."""
    folder.mkdir(parents=True)
    flat = (SIDE, SIDE)
    extras = {"cover": Extra(flat, "|u1"), "background": Extra((*flat, 3), "|u1"), "exact": Extra(flat, "|u1")}
    index = Index(SPLITS, ("test",), {"masked": np.array(MASKED)})
    write_packed(folder, "bird_boxes", SIDE, True, rows(), lambda keys: index, extras=extras, blank_masks=True)
    for name in ("background", "exact"):
        if not truths:
            (folder / f"{name}.npy").unlink()
    return folder


def sampled(folder: Path, data: Packed) -> Path:
    """What the prior reads of a sample: predicted masks, in another order than the pack's."""
    folder.mkdir(parents=True)
    test = data.positions("test")[::-1]
    masks = np.where(np.stack([disc(int(place), 3.0) for place in test]) > 0, 255, 0).astype(np.uint8)
    masks[:, 0, :4] = PREDICTED
    np.save(folder / "predicted_mask.npy", masks)
    write_json(folder / "sample.json", {"predicted_keys": [data.keys[place] for place in test]})
    return folder


def prior_block(profile: str = "demo", hole: str = "real", **changes: Any) -> prior.Block:
    names = [f"onegan.{group}.{layer}" for layer in ("base", f"profile.{profile}") for group in ("common", "prior")]
    names.insert(2, f"onegan.prior.variant.{hole}")
    block = block_of("stages.papers.onegan.methods.prior.block", *names)
    return prior.Block.model_validate(block.model_dump() | changes, strict=False)


def fitted(block: prior.Block, inputs: dict[str, Path], out: Path, seed: int = 0, stop_at: int | None = None) -> Path:
    """A whole training in this process, with model.json, or up to a step at which it is stopped."""
    out.mkdir(parents=True, exist_ok=True)
    seen: list[int] = []
    method, source = prior.for_training(block, inputs, seed, WORLD)
    session = Session(WORLD, out, out / "resume", lambda: stop_at in seen, lambda done, *rest: seen.append(done))
    train(method, source, block, seed, session)
    facts = {"paper": "onegan", "method": "prior", "seed": seed, "data": Packed.open(inputs["data"]).card["name"]}
    write_json(out / "model.json", facts | {"block": block.model_dump(mode="json")})
    prior.finish(block, inputs, out, WORLD, lambda *facts: None)
    return out
