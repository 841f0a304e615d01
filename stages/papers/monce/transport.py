"""How far so many iterations leave loss, gradient and rows of MoNCE from those of many more.

Source: spec §10.2 (gap G5). No clock, which would make other bytes on each machine: benchmarks/transport.py has times.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import Field

from stages.papers.monce.measured import MeasureBlock

if TYPE_CHECKING:
    from torch import Tensor

    from stages.losses.weighting import Weighting

Progress = Callable[[int, int, str], None]
FAVOURS = ("hard", "easy")
GRADIENTS = ("unroll", "implicit", "detach")


class Block(MeasureBlock):
    """The grid, and the features: so many `clusters` of unit vectors, `spread` around their centres.

    A query lies `noise` away from its key, as a trained one does. `reference` is the number of iterations whose loss
    and unrolled gradient count as exact.
    Units: spread and noise in lengths of a unit vector.
    """

    seed: int
    positions: tuple[int, ...]
    betas: tuple[float, ...]
    iterations: tuple[int, ...]
    reference: int = Field(gt=0)
    dimensions: int = Field(gt=0)
    clusters: int = Field(gt=0)
    spread: float = Field(ge=0)
    noise: float = Field(ge=0)
    temperature: float = Field(gt=0)
    negative_weight: float = Field(gt=0)
    transport_domain: Literal["auto", "plain", "log"]


class Case(NamedTuple):
    """One point of the grid."""

    positions: int
    beta: float
    favour: str


def measure(block: Block, inputs: dict[str, Path], out: Path, device: str, progress: Progress) -> None:
    """Write score.json: a row for each point of the grid, way to differentiate, number of iterations; and M4's gaps.

    No inputs.
    """
    from stages.data.files import write_json
    from stages.papers.monce.forces import largest_gaps

    cases = [Case(*point) for point in grid(block)]
    rows = []
    for done, case in enumerate(cases, start=1):
        rows += errors(block, case, device)
        progress(done, len(cases), f"N {case.positions}, beta {case.beta}, {case.favour}")
    keys = ("seed", "reference", "dimensions", "clusters", "spread", "noise", "temperature", "negative_weight")
    said = {key: getattr(block, key) for key in keys} | {"domain": block.transport_domain, "dtype": "float64"}
    said["largest_gaps"] = largest_gaps(device)
    write_json(out / "score.json", {"paper": "monce", "profile": block.profile, **said, "rows": rows})


def grid(block: Block) -> Iterator[tuple[int, float, str]]:
    """All points, in the order of the rows."""
    for positions in block.positions:
        for beta in block.betas:
            for favour in FAVOURS:
                yield positions, beta, favour


def errors(block: Block, case: Case, device: str) -> list[dict[str, Any]]:
    """The rows of one point: relative errors of the loss and, in length, of its gradient; largest of a row sum."""
    queries, keys = (part.to(device) for part in features(block, case.positions))
    exact, slope, _ = loss_and_slope(block, weighting(block, case, block.reference, "unroll"), queries, keys)
    rows = []
    for gradient in GRADIENTS:
        for iterations in block.iterations:
            found = loss_and_slope(block, weighting(block, case, iterations, gradient), queries, keys)
            rows.append(case._asdict() | {
                "gradient": gradient, "iterations": iterations,
                "loss_error": float((found[0] - exact).abs() / exact),
                "gradient_error": float((found[1] - slope).norm() / slope.norm()),
                "row_error": found[2],
            })  # fmt: skip
    return rows


def features(block: Block, positions: int) -> "tuple[Tensor, Tensor]":
    """Queries and keys of one picture, unit vectors in float64. Shapes: [1 N D] twice."""
    import torch

    from stages.engine.chance import Chance
    from stages.engine.world import World

    chance = Chance(block.seed, positions, World.single())

    def drawn(name: str, count: int) -> "Tensor":
        draw = torch.from_numpy(chance.numpy(name).standard_normal((count, block.dimensions)))
        return draw / draw.norm(dim=1, keepdim=True)

    centres = drawn("centres", block.clusters)[torch.arange(positions) % block.clusters]
    keys = centres + block.spread * drawn("keys", positions)
    keys = keys / keys.norm(dim=1, keepdim=True)
    queries = keys + block.noise * drawn("queries", positions)
    return queries[None] / queries.norm(dim=1, keepdim=True), keys[None]


def weighting(block: Block, case: Case, iterations: int, gradient: str) -> "Weighting":
    """MoNCE's weights at one point."""
    from stages.losses.weighting import Weighting

    choices: dict[str, Any] = {"mode": "monce", "direction": case.favour, "gradient": gradient}
    return Weighting(beta=case.beta, iterations=iterations, domain=block.transport_domain, **choices)


def loss_and_slope(
    block: Block, chosen: "Weighting", queries: "Tensor", keys: "Tensor"
) -> "tuple[Tensor, Tensor, float]":
    """The mean loss of all anchors, its gradient at the queries, and the largest error of a row sum."""
    import torch

    from stages.losses.patch_nce import negative_weights, similarities, weighted_nce
    from stages.losses.transport import row_error

    held = queries.clone().requires_grad_(True)
    similarity = similarities(held, keys)
    weights = negative_weights(similarity, chosen, block.negative_weight)
    loss = weighted_nce(similarity, weights, block.temperature, block.negative_weight).mean()
    (slope,) = torch.autograd.grad(loss, held)
    return loss.detach(), slope, float(row_error(weights).max())
