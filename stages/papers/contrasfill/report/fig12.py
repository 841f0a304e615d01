"""Figure 12: random samples on the face dataset. Source: supp §5, Fig. 12."""

from collections.abc import Mapping
from pathlib import Path

from stages.papers.contrasfill.report.drawn import Drawn
from stages.papers.contrasfill.report.random_samples import Block, random_samples


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data_face and sample_face_<method> of every method."""
    return random_samples(12, "face", block, inputs)
