"""How many background tiles each set gives, and how far painted backgrounds are from them: O5. Source: supp §D.2."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from stages.draw.ruled import HEAD, rules_to_csv
from stages.draw.table import rows_to_markdown
from stages.papers.onegan.report.block import ReportBlock as Block
from stages.papers.onegan.report.pages import Page, page_to_texts
from stages.papers.onegan.report.runs import Score, open_scores, open_tiles
from stages.papers.onegan.report.verdicts import o5

FAMILIES = ("count", "median_side_px", "photos_without_tile", "scale", "FD", "FID")
SAID = (
    "Tiles are cut beside the dataset's boxes of training photos; scale is a tile's pixel over a crop's. Distances of "
    "different sets from different tiles do not compare, so the count alone decides; in the demo it is drawn so. "
)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md, tex and verdict, from tiles_<set> and score_<set>_<seed>."""
    found = o5(block.profile, inputs)
    scores = open_scores(inputs, "score", block.profile)
    both = {name: with_background(tiles, scores[name]) for name, tiles in open_tiles(inputs).items()}
    sections = [("What the text claims", rows_to_markdown(HEAD, [found.row()]))]
    page = Page("Background tiles", block.profile, both, FAMILIES, ("tiles", "onegan", "halves"), SAID, sections)
    return page_to_texts(page) | {"claims.csv": rules_to_csv(found)}


def with_background(tiles: Score, score: Score) -> Score:
    """A card's numbers with the backgrounds' distances of all seeds."""
    if not tiles.by_seed:
        return tiles
    held = {
        seed: [value for value in facts["values"] if value["metric"].endswith(" background")]
        for seed, facts in score.by_seed.items()
    }
    first = min(held, default=0)
    held[first] = [*tiles.facts["values"], *held.get(first, [])]
    return replace(tiles, by_seed={seed: {"values": values} for seed, values in held.items()})
