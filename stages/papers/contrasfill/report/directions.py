"""What a direction found afterwards changes, against an explicit space. Source: supp §4.1 (main §4.3); spec §7.1."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from stages.block import Block as Base
from stages.papers.contrasfill.report.comparing import Comparison, Measured
from stages.papers.contrasfill.report.names import DATASETS
from stages.papers.contrasfill.report.study import Column, Line, Study, read_group, study_to_texts

METHODS = {
    "comodgan": "CoModGAN, direction",
    "collagegan": "CollageGAN, direction",
    "contrasfill1": "ContrasFill-1, direction",
    "contrasfill": "ContrasFill, known code",
}
GROUP = "directions"
WORDS = (
    "Box holes, the same images for all lines; an image counts where every method has all its results. A baseline's "
    "results are steps s in [-R, R] along its direction d from one base result, redrawn where realness falls by 0.1 "
    "or more; ContrasFill's are known codes at one unknown code, redrawn by the same rule. KFFA in degrees: higher is "
    "a wider change of the known factor. Leakage: mean cosine distance of ContrasFill's unknown features: lower leaves "
    "more untouched. Realness drift: mean |realness - r|. Free images have r of at most 0.1, so that nothing can miss "
    "there. Fisher ratio: between held-out groups of codes over within them, as a multiple of the median of random "
    "directions."
)


class Block(Base):
    """Decimals of distances and shares."""

    decimals: int = Field(ge=0)


def study_of(decimals: int) -> Study:
    """The table's shape."""
    lines = tuple(
        Line(f"{label}, {words}", method, dataset)
        for dataset, label in DATASETS.items()
        for method, words in METHODS.items()
    )
    columns = (
        Column("KFFA", "KFFA", 2),
        Column("KFFA, other encoder", "KFFA_indep", 2),
        Column("perceptual distance", "LPIPS", decimals),
        Column("leakage", "leakage", decimals),
        Column("realness drift", "realness_drift", decimals),
        Column("R", "range", 2, optional=True),
        Column("miss rate at R", "miss_calibrated", decimals, optional=True),
        Column("miss rate of the walk", "miss_walked", decimals, optional=True),
        Column("short images", "short_images", 1, optional=True),
        Column("free images", "free_images", 1, optional=True),
        Column("Fisher ratio", "fisher_over_random", 1, optional=True),
    )
    return Study(GROUP, "The known factor's direction in a baseline against an explicit space", WORDS, lines, columns)


def explicit_space_is_wider(measured: Measured, _: Mapping[str, float]) -> list[Comparison]:
    """C10: along each baseline's direction the known factor changes less than by ContrasFill's known code."""
    made = []
    for dataset, label in DATASETS.items():
        ours = measured.side("ContrasFill", GROUP, "contrasfill", dataset, "KFFA")
        for method, words in METHODS.items():
            if method != "contrasfill":
                side = measured.side(words.split(",")[0], GROUP, method, dataset, "KFFA")
                made.append(Comparison(label, "KFFA", side, "<", ours))
    return made


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex from `score…` folders of the three datasets. Raises: ValueError where one is missing."""
    study, cells = study_of(block.decimals), read_group(inputs, "score")
    return study_to_texts(study, cells, {"C10": explicit_space_is_wider(Measured({GROUP: cells}), {})})
