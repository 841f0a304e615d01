"""The text's learning rate against a tenth of it, as the public scripts have it: gap G1. Source: supp §2; code."""

from collections.abc import Mapping
from pathlib import Path

from stages.data.files import read_json
from stages.draw.runs import not_run
from stages.papers.monce.report.block import ReportBlock as Block
from stages.papers.monce.report.gates import gates
from stages.papers.monce.report.pages import Page, cells_of, page_to_texts
from stages.papers.monce.report.scores import open_score

METHODS = ("source", "monce", "slow", "halves")


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex, from sweep, and the rates from model_monce and model_slow."""
    sweep = open_score(inputs, "sweep", block.profile)
    cells = cells_of(sweep, "horses", METHODS)
    lines = [("horses", metric) for metric in sweep.metrics() or [sweep.distance]]
    headings = {
        run: f"rate {read_json(folder / 'model.json')['block']['learning_rate']:g}"
        for run in ("monce", "slow")
        if not_run(folder := inputs[f"model_{run}"]) is None
    }
    said = (
        "MoNCE on Horse→Zebra, one seed. The text says 0.002; no public script passes a rate, and their default is "
        "0.0002. Small profiles compare their own rate with a tenth of it. "
    )
    sections = [("Was it translated?", gates({"horses": sweep}))]
    return page_to_texts(Page("Learning rate", block.profile, METHODS, lines, cells, {}, said, sections, headings))
