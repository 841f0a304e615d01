"""A trained OneGAN over many items, a batch at a time: what it generates, rebuilds and says of pictures."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stages.data.image import to_tensor
from stages.engine.rowchance import RowChance
from stages.papers.onegan.methods.gan.paths import Layers, Model, encode, generate, one_hot, reconstruct


class Encoded(NamedTuple):
    """What the encoders say of pictures: p(child) [N N_C], its argmax and the parent's [N], and h_c [N D]."""

    shares: np.ndarray
    child: np.ndarray
    parent: np.ndarray
    features: np.ndarray


def encoded(model: Model, images: np.ndarray, batch: int, device: str) -> Encoded:
    """The encoders' words on pictures.  Source: supp Tab. 5, 6. Shapes: uint8 [N S S 3]."""
    parts: list[list[np.ndarray]] = [[], [], [], []]
    with torch.no_grad():
        for start in range(0, len(images), batch):
            style, content = encode(model, to_tensor(images[start : start + batch]).to(device))
            shares = style.logits.float().softmax(1)
            found = (shares, style.logits.argmax(1), content.logits.argmax(1), style.features.float())
            for held, one in zip(parts, found, strict=True):
                held.append(one.cpu().numpy())
    return Encoded(*(np.concatenate(held) for held in parts))


def poses(seed: int, names: Sequence[str], size: int) -> Tensor:
    """z of each name, the same whatever is drawn beside it.  Source: supp Tab. 1. Shapes: -> float32 [N size]."""
    return RowChance(seed, list(names)).normal("pose", len(names), size)


@torch.no_grad()
def generated(
    model: Model, child: np.ndarray, parent: np.ndarray, pose: Tensor, batch: int, device: str, first: int = 0
) -> Iterator[Layers]:
    """Path G of these classes and poses, in order, so many at once; `first` is the number of the first one.

    Shapes: int64 [N], int64 [N], float32 [N d_z] -> Layers of [<= batch ...] on the device.
    Raises: FloatingPointError naming the first item of a batch that is not finite.
    """
    for start in range(0, len(child), batch):
        at = slice(start, start + batch)
        styles, shapes = (torch.from_numpy(np.ascontiguousarray(one[at])).to(device) for one in (child, parent))
        made = generate(model, styles, shapes, pose[at].to(device))
        check_finite(made, f"generation {first + start}")
        yield made


@torch.no_grad()
def rebuilt(
    model: Model,
    images: np.ndarray,
    batch: int,
    device: str,
    child: int | None = None,
    grounds: np.ndarray | None = None,
) -> Iterator[Layers]:
    """Path R of these pictures by the codes' means, in order, so many at once.

    `child` puts the table's code of that class in the place of v_c; `grounds` are painted backgrounds to keep.
    Source: supp §D.2, §D.3. Shapes: uint8 [N S S 3], float32 [N 3 S S] -> Layers of [<= batch ...] on the device.
    Raises: FloatingPointError naming the first item of a batch that is not finite.
    """
    code = None if child is None else code_of(model, child, device)
    for start in range(0, len(images), batch):
        image = to_tensor(images[start : start + batch]).to(device)
        own = None if code is None else code.expand(len(image), -1)
        kept = None if grounds is None else torch.from_numpy(grounds[start : start + batch]).to(device)
        made = reconstruct(model, image, child_code=own, background=kept)
        check_finite(made, f"reconstruction {start}")
        yield made


def code_of(model: Model, child: int, device: str) -> Tensor:
    """v_c = V_c(e_c).  Source: supp Tab. 1. Shapes: -> [1 d_c]."""
    with torch.no_grad():
        classes = one_hot(torch.tensor([child], device=device), model.keys.children)
        return model.generator.foreground.child_table(classes)


def check_finite(made: Layers, first: str) -> None:
    """Raises: FloatingPointError where a picture or a mask is not finite."""
    if not bool(torch.isfinite(made.image).all() and torch.isfinite(made.mask).all()):
        raise FloatingPointError(f"{first}, or another item of its batch, is not finite")
