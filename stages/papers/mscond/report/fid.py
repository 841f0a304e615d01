"""Fréchet distance of whole scenes, four models on three sets, beside the printed FIDs: C1.

Source: supp Fig. 4 to 6, captions.
"""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.ruled import HEAD, rules_to_csv
from stages.draw.table import Key, read_reported, rows_to_markdown
from stages.papers.mscond.report.block import ReportBlock as Block
from stages.papers.mscond.report.names import BETTER_LESS, MODELS, MODELS_OF, RUNS, SETS, STYLEGAN, title_of
from stages.papers.mscond.report.pages import Cell, Page, cells_of, page_to_texts
from stages.papers.mscond.report.runs import distance_of, open_scores
from stages.papers.mscond.report.verdicts import c1

COLUMNS = (*MODELS, "halves")
NOT_GIVEN = "no printed value"
SAID = (
    "Models of the last step, untruncated. A distance bears its network's name; FID is torch-fidelity's Inception "
    "alone, and by another network no difference is given. In brackets: printed. Beside the models: one half of the "
    "real pictures from the other, by half as many pictures. At the paper's scale the network of the distance and "
    "ProjectedGAN's feature network both know ImageNet, which favours ProjectedGAN. "
)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md, tex and verdict, from reported, reference_<set> and score_<set>_<run>_<seed>."""
    scores = open_scores(inputs, block.profile, MODELS_OF)
    given = read_reported(inputs["reported"], "fid")
    metrics = {name: distance_of(scores, name) for name in SETS}
    lines = [(f"{SETS[name]}: {metric}{BETTER_LESS}", [(run, name, metric) for run in COLUMNS])
             for name, metric in metrics.items()]  # fmt: skip
    cells = cells_of(scores, [place for _, places in lines for place in places])
    printed = {(run, name, metric): given.get((run, name, "FID"), NOT_GIVEN)
               for name, metric in metrics.items() for run in MODELS}  # fmt: skip
    found = c1(block.profile, inputs)
    sections = [
        ("Behind StyleGAN2", behind(metrics, cells, given, block.profile)),
        ("What the text claims", rows_to_markdown(HEAD, [found.row()])),
    ]
    headings = [title_of(run, block.profile) for run in COLUMNS]
    page = Page("Fréchet distance of scenes", block.profile, headings, lines, cells, printed, SAID, sections)
    return page_to_texts(page) | {"claims.csv": rules_to_csv(found)}


def behind(metrics: Mapping[str, str], cells: Mapping[Key, Cell], given: Mapping[Key, str], profile: str) -> str:
    """Models with a larger distance than StyleGAN2's, in print and here: the printed ones are no slip of ours."""
    said = []
    for name, metric in metrics.items():
        printed = {run: given[run, name, "FID"] for run in MODELS if (run, name, "FID") in given}
        ours = {run: f"{cell.ours:.4g}" for run in MODELS if (cell := cells[run, name, metric]).by_seed}
        for where, held in (("printed", printed), ("here", ours)):
            worse = [
                f"{RUNS[run] if where == 'printed' else title_of(run, profile)} ({value} against {held[STYLEGAN]})"
                for run, value in held.items()
                if STYLEGAN in held and float(value) > float(held[STYLEGAN])
            ]
            said += [f"- {SETS[name]}, {where}: {', '.join(worse)}\n"] if worse else []
    return "".join(said)
