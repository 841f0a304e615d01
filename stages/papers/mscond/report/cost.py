"""Parameters and multiply-adds of all runs, counted from their networks at the profile's sizes. Source: spec §9."""

from collections.abc import Mapping
from pathlib import Path

from stages.data.files import read_json
from stages.draw.runs import not_run
from stages.draw.table import Key
from stages.papers.mscond.report.block import ReportBlock as Block
from stages.papers.mscond.report.names import RUNS, STREETS, title_of
from stages.papers.mscond.report.pages import NOT_RUN, Cell, Line, Page, page_to_texts
from stages.papers.mscond.report.runs import check

COUNTED = {
    "parameters_generator": "parameters of the generator",
    "parameters_discriminator": "parameters of the discriminator",
    "parameters_heads": "parameters of local heads, projections, or InsGen's heads",
    "parameters_frozen": "parameters that rest: ProjectedGAN's feature network and its mixing",
    "multiply_adds_generator": "multiply-adds of one generated picture",
    "multiply_adds_judging": "multiply-adds of one judged picture, heads and feature network included",
    "multiply_adds_contrasting": "multiply-adds of query and key of one picture, where there is a contrastive task",
}
SAID = (
    "Counted from the networks: forward passes of convolutions and linear layers, no clock. A backward pass is two of "
    "them. Heads that only watch StyleGAN2 are left out; slow copies are as large as what they copy. "
)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex, from model_<streets>_<run>_0 of all runs and projector."""
    cells: dict[Key, Cell] = {}
    for run in RUNS:
        cells |= cells_of(inputs, run, block.profile)
    lines: list[Line] = [(said, [(run, STREETS, name) for run in RUNS]) for name, said in COUNTED.items()]
    headings = [title_of(run, block.profile) for run in RUNS]
    return page_to_texts(Page("Cost", block.profile, headings, lines, cells, {}, SAID))


def cells_of(inputs: Mapping[str, Path], run: str, profile: str) -> dict[Key, Cell]:
    """What a run costs, or that it was not run. Raises: ValueError for an input that is missing or of another run."""
    if (name := f"model_{STREETS}_{run}_0") not in inputs:
        raise ValueError(f"expected an input named {name}, got {sorted(inputs)}")
    if (reason := not_run(inputs[name])) is not None:
        return {(run, STREETS, one): Cell(word=NOT_RUN, reason=reason) for one in COUNTED}
    facts = read_json(inputs[name] / "model.json")
    check(name, facts | {"profile": facts["block"]["profile"]}, {"data": STREETS, "profile": profile})
    from stages.engine.world import joined
    from stages.papers.mscond.work import cost_of

    with joined(0) as world:
        found = cost_of(facts, inputs["projector"], world)
    told = {"size_px": facts["block"]["size_px"], "method": facts["method"]}
    return {(run, STREETS, one): Cell({0: float(found[one])}, "1", told, exact=True) for one in COUNTED}
