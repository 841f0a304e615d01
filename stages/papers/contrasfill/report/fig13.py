"""Figure 13: random samples on the bird dataset. Source: supp §5, Fig. 13."""

from collections.abc import Mapping
from pathlib import Path

from stages.papers.contrasfill.report.drawn import Drawn
from stages.papers.contrasfill.report.random_samples import Block, random_samples


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data_bird and sample_bird_<method> of every method."""
    return random_samples(13, "bird", block, inputs)
