"""A trained model of any of MoNCE's methods, and what it makes of a test split."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from stages.data.files import read_json
from stages.data.image import from_tensor, to_tensor
from stages.data.pose_maps import condition
from stages.data.prepared.packed import Packed
from stages.engine.going import Going
from stages.engine.rowchance import RowChance
from stages.engine.weights import opened
from stages.engine.world import World

Methods = dict[str, ModuleType]
NO_DRAWS = RowChance(0, [])  # no method draws anything when it translates


class Trained(NamedTuple):
    """A method with its weights, and what model.json says."""

    method: Any
    facts: dict[str, Any]


class Split(NamedTuple):
    """Where the test items stand in a pack: what is translated, and what it should look like.

    Of pairs both are the same; else `source` and `target` are all test pictures of the two domains.
    """

    source: np.ndarray
    target: np.ndarray


def open_trained(folder: Path, methods: Methods, data: Packed, device: str) -> Trained:
    """The trained model of a folder, on the device, in evaluation mode. `methods`: the modules that may have made it.

    Raises: ValueError where it is of another method, or was trained on another set or at another size.
    """
    facts = read_json(folder / "model.json")
    if facts["paper"] != "monce" or facts["method"] not in methods:
        raise ValueError(
            f"{folder}: expected a model of monce {sorted(methods)}, came {facts['paper']} {facts['method']}"
        )
    if facts["data"] != data.card["name"]:
        raise ValueError(f"{folder} was trained on {facts['data']}, the data are {data.card['name']}")
    module = methods[facts["method"]]
    if facts["block"]["size_px"] != data.card["size_px"]:
        size = facts["block"]["size_px"]
        raise ValueError(f"{folder} was trained at {size} px, the data have {data.card['size_px']} px")
    return Trained(opened(module, facts["block"], folder, World.single(device)), facts)


def test_split(data: Packed, direction: str | None) -> Split:
    """The test items of a set: of pairs without a direction, else of its two domains, A to B or B to A."""
    if direction is None:
        return Split(data.positions("test"), data.positions("test"))
    both = data.positions("testA"), data.positions("testB")
    return Split(*(both if direction == "a_to_b" else both[::-1]))


def direction_of(trained: Trained) -> str | None:
    """Which way a model translates; None where it makes pictures of conditions."""
    return getattr(trained.method.block, "direction", None)


def to_batch(data: Packed, positions: np.ndarray, conditioned: str | None, device: str) -> dict[str, Tensor]:
    """What `produce` takes of these items: source pictures, labels, or drawn joints."""
    if conditioned is None:
        return {"source": to_tensor(np.asarray(data.images[positions])).to(device)}
    if conditioned == "labels":
        return {"labels": torch.from_numpy(data.array("labels")[positions].astype(np.int64)).to(device)}
    side = data.card["size_px"]
    drawn = [condition(joints * np.float32(side), side) for joints in data.array("joints")[positions]]
    return {"condition": torch.from_numpy(np.stack(drawn)).to(device)}


def produced(trained: Trained, data: Packed, positions: np.ndarray, batch: int, device: str) -> Iterator[Tensor]:
    """What the model makes of these items, so many at once. Shapes: float32 [<= batch 3 S S] on the device.

    Raises: FloatingPointError naming the first item of a batch that is not finite.
    """
    conditioned = getattr(trained.method.block, "condition", None)
    for start in range(0, len(positions), batch):
        at = positions[start : start + batch]
        made = trained.method.produce(to_batch(data, at, conditioned, device), NO_DRAWS)["image"]
        if not bool(torch.isfinite(made).all()):
            raise FloatingPointError(f"the translation of {data.keys[at[0]]}, or of its batch, is not finite")
        yield made


def translate(
    trained: Trained, data: Packed, positions: np.ndarray, batch: int, device: str, progress: Going, name: str
) -> np.ndarray:
    """The translations as 8-bit pictures, rounded; a measure that was killed goes on behind its last shard of them.

    Shapes: -> uint8 [n S S 3], in the order of the positions.
    """

    def made(numbers: range) -> dict[str, np.ndarray]:
        at = positions[numbers.start : numbers.stop]
        images = np.concatenate([from_tensor(one) for one in produced(trained, data, at, batch, device)])
        progress(numbers.stop, len(positions), f"translations of {name}")
        return {"images": images}

    return progress.kept(f"translations of {name}").joined(len(positions), batch, made)["images"]
