"""Blocks of GANSeg for tests: the paper's from its parameters, and small ones."""

from stages.papers.ganseg.common import GeneratorBlock
from stages.papers.ganseg.methods.gan.block import Block as GanBlock
from tests.contract.prepared import block_of

SETS = ("celeba_wild", "cub_masks", "flowers", "taichi")


def gan_layers(name: str, profile: str, variant: str = "main", *more: str) -> tuple[str, ...]:
    """Layers of a training run, in the order of dvc.yaml."""
    base = [f"ganseg.{part}.base" for part in ("common", "generator", "gan")]
    data = [f"ganseg.{part}.data.{name}" for part in ("common", "generator", "gan")]
    own = [f"ganseg.{part}.profile.{profile}" for part in ("common", "generator", "gan")]
    return (*base, *data, f"ganseg.common.variant.{variant}", *more, *own)


def gan_block(name: str = "celeba_wild", profile: str = "paper", **changes) -> GanBlock:
    """A block as the runner makes it, with some keys replaced."""
    block = block_of("stages.papers.ganseg.methods.gan.block", *gan_layers(name, profile))
    return GanBlock.model_validate(block.model_dump() | changes, strict=False)


def small(size: int = 64, **changes) -> GeneratorBlock:
    """The demo's generator at one side; narrow, with four levels of the paper's proportions."""
    sizes = (size // 4, size // 4, size // 2, size)
    narrow = {"size_px": size, "feature_sizes": sizes, "channels": (16, 8, 8, 8), "parts": 3}
    return gan_block(profile="demo", **(narrow | changes))
