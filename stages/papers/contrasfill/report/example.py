"""The counts of the 4 x 4 example (C14), from the set functions that the loss uses. Source: supp §3."""

from stages.papers.contrasfill import combinations
from stages.papers.contrasfill.report.comparing import Comparison, Side

CODES = 4  # supp §3
PATTERN = "cycle"  # gap G5; the count is the same for every pattern
# What the text says of the example. The sentence with 4 C(16, 2) = 480 positive pairs is on the errata list.
PRINTED = {
    "combinations": 16, "positives of an image": 3, "negatives of an image": 12, "hard negatives of an image": 3,
    "positive pairs": 24, "images of the subsample": 8,
}  # fmt: skip


def counts() -> dict[str, int]:
    """Counted over all images: a number that is not the same for every image would show as a ValueError."""
    cells = combinations.full_grid(CODES, CODES)
    found = {"combinations": len(cells)}
    for name, members in (
        ("positives", combinations.positives),
        ("negatives", combinations.negatives),
        ("hard negatives", combinations.hard_negatives),
    ):
        (found[f"{name} of an image"],) = {
            len(members(cells, cell, space)) for cell in cells for space in combinations.SPACES
        }
    (found["positive pairs"],) = {len(combinations.positive_pairs(cells, space)) for space in combinations.SPACES}
    found["images of the subsample"] = len(combinations.subsample(CODES, CODES, PATTERN))
    return found


def example_comparisons() -> list[Comparison]:
    """Every count against the text's."""
    found = counts()
    return [
        Comparison("example", name, Side("counted", {0: found[name]}), "=", Side("text", {0: said}), measured=False)
        for name, said in PRINTED.items()
    ]
