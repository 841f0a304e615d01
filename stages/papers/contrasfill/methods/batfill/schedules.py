"""How BAT-Fill's learning rates rise and fall."""

import math


def warm_then_cosine(tokens: int, warmup: int, final: int, floor: float) -> float:
    """Learning-rate factor behind `tokens` hole tokens: linear over the warm-up, then a half cosine to the floor.

    f = t / warmup for t < warmup, else max(floor, (1 + cos(pi (t - warmup) / (final - warmup))) / 2).  As released,
    the first update, before which nothing is counted, is at the full rate. Behind `final` it stays at the floor.

    Source: BAT-Fill (code), trainers/bat_trainer.py, after minGPT. Units: tokens of holes.
    """
    if not tokens:
        return 1.0
    if tokens < warmup:
        return tokens / warmup
    return max(floor, 0.5 * (1 + math.cos(math.pi * min(1.0, (tokens - warmup) / (final - warmup)))))


def flat_then_linear(step: int, turn: int, last: int) -> float:
    """Learning-rate factor: 1 up to `turn`, then straight towards 0 at `last`. Source: contrasfill §6.3 (30 + 30)."""
    return 1.0 if step < turn else max(0.0, (last - step) / max(1, last - turn))
