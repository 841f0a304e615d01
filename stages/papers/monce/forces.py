"""Pull and push at the logits: equal for every anchor, whatever Q, weights or iterations.

Source: supp §3's conjecture, spec §1 (note on M4), §8.14.
"""

from typing import Any

TEMPERATURE, POSITIONS, ITERATIONS = 0.07, 48, (10, 50)
WEIGHTS = (0.1, 0.5, 1.0, 2.0, 5.0)
MODES: tuple[Any, ...] = ("uniform", "weight", "monce")


def largest_gaps(device: str) -> dict[str, float]:
    """{weighting: max over Q and counts of iterations of |pull_i - push_i| tau}, by the loss's own gradient in float64.

    Units: shares of 1 / tau.
    """
    return {
        mode: max(largest_gap(mode, weight, count, device) for weight in WEIGHTS for count in ITERATIONS)
        for mode in MODES
    }


def largest_gap(mode: Any, weight: float, iterations: int, device: str) -> float:
    """max_i |pull_i - push_i| tau of drawn similarities. Units: shares of 1 / tau."""
    import torch

    from stages.losses.patch_nce import forces, negative_weights, similarities
    from stages.losses.weighting import Weighting

    generator = torch.Generator().manual_seed(0)
    keys = torch.randn(2, POSITIONS, 16, generator=generator, dtype=torch.float64)
    noise = torch.randn(2, POSITIONS, 16, generator=generator, dtype=torch.float64)
    similarity = similarities((keys + 0.5 * noise).to(device), keys.to(device))
    weighting = Weighting(mode=mode, direction="hard", beta=0.1, iterations=iterations)
    found = forces(similarity, negative_weights(similarity, weighting, weight), TEMPERATURE, weight)
    return float((found.pull - found.push).abs().max()) * TEMPERATURE
