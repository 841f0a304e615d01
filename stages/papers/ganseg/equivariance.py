"""Measures how exactly the architecture moves with its points: the statements E1 to E14 of part E, as errors.

Source: supp §E; spec §7.
"""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from stages.papers.ganseg.common import GeneratorBlock, contamination_depth

if TYPE_CHECKING:
    from stages.papers.ganseg.methods.gan.nets import Generator
    from stages.papers.ganseg.shifting import Scene

Progress = Callable[[int, int, str], None]
AXES = {"rows": 2, "columns": 3}


class Block(GeneratorBlock):
    """The generator's keys, and how it is shaken.

    `shifts` in pixels of the first level. A second, narrow generator (keys full_…) is measured at the paper's sides,
    where there is an inside that is `interior_px` away from every side.
    Units: reach, scales, radius in coordinates (scales squared); step of the central differences in coordinates.
    """

    seed: int
    rows: int = Field(gt=0)
    shifts: tuple[int, ...]
    reach: float = Field(gt=0, lt=1)
    scales: tuple[float, float]
    radius: float = Field(gt=0)
    step: float = Field(gt=0)
    small_margins: tuple[int, ...]
    full_sizes: tuple[int, ...]
    full_channels: tuple[int, ...]
    full_embedding: int = Field(gt=0)
    full_hidden: int = Field(gt=0)
    full_shifts: tuple[int, ...]
    interior_px: int = Field(gt=0)


def measure(block: Block, inputs: dict[str, Path], out: Path, device: str, progress: Progress) -> None:
    """Write score.json: for both sizes every statement with its largest error over shifts and axes. No inputs."""
    from stages.data.files import write_json

    full = {"size_px": block.full_sizes[-1], "feature_sizes": block.full_sizes, "channels": block.full_channels}
    full |= {"embedding": block.full_embedding, "hidden": block.full_hidden, "shifts": block.full_shifts}
    cases = {"profile": block, "full": block.model_copy(update=full)}
    found = {}
    for done, (name, case) in enumerate(cases.items(), start=1):
        found[name] = measured(case)
        progress(done, len(cases), name)
    write_json(out / "score.json", {"paper": "ganseg", "profile": block.profile, "cases": found})


def measured(block: Block) -> dict[str, Any]:
    """One size: what was built, how far zeros can reach, and the errors."""
    errors: dict[str, float] = {}
    for pixels in block.shifts:
        for axis in AXES.values():
            for name, error in checks(block, pixels, axis):
                errors[name] = max(error, errors.get(name, 0.0))
    return {
        "feature_sizes": list(block.feature_sizes),
        "channels": list(block.channels),
        "margin": block.margin,
        "grid": block.grid,
        "parts": block.parts,
        "contamination_depth": contamination_depth(block.feature_sizes, block.margin),
        "interior_px": block.interior_px if 2 * block.interior_px < block.size_px else None,
        "shifts": list(block.shifts),
        "axes": list(AXES),
        "dtype": "float64",
        "errors": errors,
    }


def checks(block: Block, pixels: int, axis: int) -> Iterator[tuple[str, float]]:
    """Every statement's error for one shift."""
    import torch

    from stages.papers.ganseg import shifting

    generator = build(block)
    scene = scene_for(generator, block)
    move, radius = (pixels, axis), block.radius
    with torch.no_grad():
        yield "E1", shifting.heat_error(generator, scene, *move)
        together, alone = shifting.start_errors(generator, scene, *move)
        yield "E2_together", together
        yield "E2_alone", alone
        yield "E3", shifting.mask_error(generator, scene, *move)
        yield "E3_float32", shifting.mask_error(*to_float32(generator, scene), *move)
        for margin in block.small_margins:
            smaller = build(block.model_copy(update={"margin": margin}))
            yield f"E4_margin_{margin}", shifting.mask_error(smaller, scene, *move)
        yield "E5", shifting.mask_error(build(block.model_copy(update={"grid": "corner"})), scene, *move)
        yield "E6", shifting.foreground_error(generator, scene, *move, radius)
        inside, everywhere = shifting.own_mask_errors(generator, scene, *move, block.interior_px)
        if 2 * block.interior_px + pixels * block.feature_sizes[-1] // block.feature_sizes[0] < block.size_px:
            yield "E7_inside", inside
        yield "E7_everywhere", everywhere
        yield "E8", shifting.background_error(generator, scene, *move)
        stay, additive, coupled = shifting.one_part_errors(generator, scene, *move)
        yield "E9_others", stay
        yield "E9_additive", additive
        yield "E10", coupled
        yield "E11", shifting.independence_error(generator, scene, radius)
        yield "E12", shifting.derivative_error(generator, scene, *move, block.step)
        leaking = copy.deepcopy(generator)
        leaking.mask_generator.add_module("start", shifting.Leaking(leaking.mask_generator.start))
        yield "E13", shifting.mask_error(leaking, scene, *move)
        inner, outer = shifting.blend_errors(generator, scene, *move, radius)
        yield "E14_inside", inner
        yield "E14_everywhere", outer


def build(block: Block) -> "Generator":
    """A generator with fresh weights, the same for every grid and margin, in evaluation mode and float64."""
    from stages.engine.chance import initialised
    from stages.papers.ganseg.methods.gan.nets import Generator

    with initialised(block.seed, "equivariance"):
        generator = Generator(block)
    return generator.double().eval()


def scene_for(generator: "Generator", block: Block) -> "Scene":
    """The parts that are moved, drawn from the block's seed."""
    from stages.engine.chance import Chance
    from stages.engine.world import World
    from stages.papers.ganseg.shifting import numbers_needed, scene_of

    count = block.rows * numbers_needed(block.parts, block.points_per_part, block.embedding)
    numbers = Chance(block.seed, 0, World.single()).uniform("equivariance", 1, count)[0]
    return scene_of(generator, block.rows, block.reach, block.scales, numbers)


def to_float32(generator: "Generator", scene: "Scene") -> tuple["Generator", "Scene"]:
    """The same in single precision, as training runs."""
    from stages.papers.ganseg.shifting import Scene

    single = Scene(*(tensor.float() for tensor in (scene.points, scene.embeddings, scene.position, scene.look)))
    return copy.deepcopy(generator).float(), single
