"""What MoNCE's weights cost in a step, forward and backward: python -m benchmarks.transport

Run by hand, on the CPU with one thread. Milliseconds of all layers and both terms, each also as a ratio to PatchNCE's,
for plain and log domain, every way to differentiate, solved as one problem or one by one. What the iterations are worth
is no matter of the clock: the measure `transport` says it.
"""

import argparse
import statistics
import time

import torch

from stages.losses.patch_nce import patch_nce
from stages.losses.weighting import Weighting

DIMENSIONS = 256
BETA, TEMPERATURE = 0.1, 0.07


def features(problems: int, batch: int, positions: int) -> list[torch.Tensor]:
    """Unit vectors of each layer and term. Shapes: [B N D] each."""
    draw = torch.Generator().manual_seed(0)
    made = [torch.randn(batch, positions, DIMENSIONS, generator=draw) for _ in range(problems)]
    return [one / one.norm(dim=2, keepdim=True) for one in made]


def once(queries: list[torch.Tensor], keys: list[torch.Tensor], weighting: Weighting, together: bool) -> float:
    """Processor seconds of one forward and backward pass."""
    held = [query.clone().requires_grad_(True) for query in queries]
    begun = time.process_time()
    groups = [(held, keys)] if together else [([query], [key]) for query, key in zip(held, keys, strict=True)]
    losses = [loss for pair in groups for loss in patch_nce(*pair, weighting, TEMPERATURE, 1.0)]
    torch.stack([loss.mean() for loss in losses]).mean().backward()
    return time.process_time() - begun


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("batch", 4), ("positions", 64), ("problems", 10), ("iterations", 10), ("times", 7)):
        parser.add_argument(f"--{name}", type=int, default=value)
    given = parser.parse_args()
    torch.set_num_threads(1)
    queries = features(given.problems, given.batch, given.positions)
    keys = [query.flip(1) for query in queries]
    plain = Weighting("uniform", "hard", BETA, given.iterations)
    cases: dict[str, tuple[Weighting, bool]] = {"PatchNCE": (plain, True)}
    for domain in ("plain", "log"):
        for gradient in ("unroll", "implicit", "detach"):
            chosen = Weighting("monce", "hard", BETA, given.iterations, gradient=gradient, domain=domain)
            for together in (True, False):
                cases[f"{domain}, {gradient}, {'one problem' if together else 'one by one'}"] = (chosen, together)
    first = 0.0
    for name, (weighting, together) in cases.items():
        once(queries, keys, weighting, together)  # the first pass also loads
        spent = statistics.median(once(queries, keys, weighting, together) for _ in range(given.times))
        first = first or spent
        print(f"{name:28s} {1000 * spent:8.1f} ms (x {spent / first:.2f})", flush=True)


if __name__ == "__main__":
    main()
