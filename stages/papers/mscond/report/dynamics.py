"""What logits did over the trainings on streets: C4 to C7. Source: supp §2.2, Fig. 2."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.ruled import HEAD, rules_to_csv
from stages.draw.table import rows_to_markdown
from stages.papers.mscond.report.block import ReportBlock as Block
from stages.papers.mscond.report.logits import HEADS, SAID, metric_of, open_dynamics
from stages.papers.mscond.report.names import RUNS, STREETS
from stages.papers.mscond.report.pages import Line, Page, cells_of, page_to_texts
from stages.papers.mscond.report.verdicts import c4, c5, c6, c7

SAID_BEFORE = (
    "A column is a head by the height of its map. Heads of the probe watch StyleGAN2's own maps, are taught by the "
    "discriminator's terms alone, and change nothing in it; so local heads compare with local heads. Overfitting is a "
    "large real less held-out logit, not a large gap. "
)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md, tex and verdicts, from model_<streets>_<run>_<seed> of the three runs of Fig. 2."""
    scores = open_dynamics(inputs, block.profile)
    heads = [(run, head) for run, own in HEADS.items() for head in own]
    lines: list[Line] = [(name, [(run, STREETS, metric_of(name, head)) for run, head in heads]) for name in SAID]
    cells = cells_of(scores, [place for _, places in lines for place in places if place])
    found = [decide(block.profile, inputs) for decide in (c4, c5, c6, c7)]
    sections = [
        ("What is measured", "".join(f"- {name}: {said}\n" for name, said in SAID.items())),
        ("What the text claims", rows_to_markdown(HEAD, [one.row() for one in found])),
    ]
    headings = [f"{RUNS[run]}, {'probe ' if head[0] == 'probe' else ''}{head[1]}" for run, head in heads]
    page = Page("Logits during training", block.profile, headings, lines, cells, {}, SAID_BEFORE, sections)
    return page_to_texts(page) | {"claims.csv": rules_to_csv(*found)}
