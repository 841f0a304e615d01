"""Figure 14: random samples on the car dataset. Source: supp §5, Fig. 14."""

from collections.abc import Mapping
from pathlib import Path

from stages.papers.contrasfill.report.drawn import Drawn
from stages.papers.contrasfill.report.random_samples import Block, random_samples


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data_car and sample_car_<method> of every method."""
    return random_samples(14, "car", block, inputs)
