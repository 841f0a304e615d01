"""The discriminator layer by layer, in the order and words of Table 1, off the modules themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from stages.nets.stylegan.stylegan2 import Discriminator
from stages.papers.mscond.methods.gan.block import HeadKeys
from stages.papers.mscond.methods.gan.nets import Branches, Projection, SharedBlock, TableDiscriminator

BACKBONE, SHARED, DISC, PROJ = "backbone", "branch: shared", "branch: disc", "branch: proj"
Shape = tuple[int, ...]


class Layer(NamedTuple):
    """A line: its type and words, what it gives as height x width x channels, its parameters.

    `place` is what it is in a network of any size, `ours` whether Table 1 leaves it out.
    """

    place: str
    kind: str
    words: str
    output: Shape
    parameters: int
    ours: bool = False


def layers_of(keys: HeadKeys) -> list[Layer]:
    """All layers of the discriminator with its branches, in the order in which Table 1 prints them."""
    with torch.device("meta"):
        kind = TableDiscriminator if keys.epilogue == "table1" else Discriminator
        judge = kind(3, keys.size_px, keys.channel_base, keys.channel_limit, keys.deviation_group)
        branches = Branches(keys, keys.local, keys.contrastive)
    taken: dict[nn.Module, tuple[Shape, Shape]] = {}
    for module in (*judge.modules(), *branches.modules()):
        module.register_forward_hook(lambda one, given, made: taken.update({one: (shape(given[0]), shape(made))}))
    image = torch.empty(1, 3, keys.size_px, keys.size_px, device="meta")
    seen = judge(image, whole=True)
    branches(seen.maps, seen.dense)
    if keys.contrastive:
        branches(seen.maps, seen.dense, projecting=True)
    return list(_lines(keys, judge, branches, taken))


def shape(made: Any) -> Shape:
    """[1 C H W] -> (H, W, C), [1 C] -> (C,); nothing for what is no tensor."""
    if not isinstance(made, Tensor):
        return ()
    return (*made.shape[2:], made.shape[1])


def count(module: nn.Module | None) -> int:
    """The parameters of a module."""
    return 0 if module is None else sum(one.numel() for one in module.parameters())


def _lines(
    keys: HeadKeys, judge: Discriminator, branches: Branches, taken: dict[nn.Module, tuple[Shape, Shape]]
) -> Iterator[Layer]:
    def line(place: str, kind: str, words: str, module: nn.Module) -> Layer:
        return Layer(place, kind, words, taken[module][1], count(module))

    yield Layer("image", "-", "Image", taken[judge.from_image][0], 0)
    yield line("from image", BACKBONE, "1x1 Conv", judge.from_image)
    for block in judge.blocks:
        side = taken[block][1][0]
        yield line(f"block to {side}", BACKBONE, "ResBlk", block)
        if side in keys.local:
            head: Any = branches.local[str(side)]
            words = "1x1 ResBlk" if isinstance(head.shared, SharedBlock) else "x + 3 (1x1 Conv, ReLU)"
            yield line(f"shared {side}", SHARED, words, head.shared)
            yield line(f"disc {side}", DISC, "1x1 Conv", head.logit)
            if head.projection is not None:
                yield line(f"proj {side}", PROJ, projection_words(head.projection, "1x1 Conv"), head.projection)
    if keys.epilogue == "stylegan2":
        yield Layer("deviation", BACKBONE, "Group deviation", taken[judge.last][0], 0, True)
        yield line("last", BACKBONE, "3x3 Conv", judge.last)._replace(ours=True)
    yield Layer("flatten", BACKBONE, "Flatten", taken[judge.dense][0], 0)
    yield line("dense", BACKBONE, "Linear", judge.dense)
    yield line("disc 1", DISC, "Linear", judge.logit)
    if branches.whole is not None:
        output = taken[branches.whole][1][2:]
        words = projection_words(branches.whole, "Linear")
        yield Layer("proj 1", PROJ, words, output, count(branches.whole))


def projection_words(head: Projection, layer: str) -> str:
    """What a projection is made of."""
    return layer if head.hidden is None else f"{layer}, ReLU, {layer}"
