"""Fréchet distance of whole scenes, four models on three sets, beside the printed FIDs: C1.

Source: supp Fig. 4 to 6, captions.
"""

from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

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
    """Models with a larger distance than StyleGAN2's, in print and here: the printed ones are no slip of ours.

    Here in the seeds that both have, which are named where one of the two has more.
    """
    said = []
    for name, metric in metrics.items():
        printed = {run: given[run, name, "FID"] for run in MODELS if (run, name, "FID") in given}
        worse = [
            f"{RUNS[run]} ({value} against {printed[STYLEGAN]})"
            for run, value in printed.items()
            if STYLEGAN in printed and float(value) > float(printed[STYLEGAN])
        ]
        said += [f"- {SETS[name]}, printed: {', '.join(worse)}\n"] if worse else []
        of_stylegan = cells[STYLEGAN, name, metric].by_seed
        pairs = [compared(title_of(run, profile), cells[run, name, metric].by_seed, of_stylegan) for run in MODELS]
        worse = [told for told in pairs if told]
        said += [f"- {SETS[name]}, here: {', '.join(worse)}\n"] if worse else []
    return "".join(said)


def compared(title: str, ours: Mapping[int, float], of_stylegan: Mapping[int, float]) -> str:
    """Both means over the seeds that both have, if the first is the larger one; empty else."""
    common = sorted(ours.keys() & of_stylegan.keys())
    one, other = (fmean(held[seed] for seed in common) if common else 0.0 for held in (ours, of_stylegan))
    few = "" if ours.keys() == of_stylegan.keys() else f", seed{'s' * (len(common) > 1)} {', '.join(map(str, common))}"
    return f"{title} ({one:.4g} against {other:.4g}{few})" if one > other else ""
