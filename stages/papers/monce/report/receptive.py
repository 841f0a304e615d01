"""The receptive fields of the contrasted layers, and those of a generator without blur: M1. Source: supp §2."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.ruled import HEAD, Ruled, rules_to_csv
from stages.draw.table import rows_to_markdown
from stages.draw.verdict import FAILS, HOLDS, Part, Verdict
from stages.papers.monce.report.block import ReportBlock as Block
from stages.papers.monce.report.pages import Cell, Page, page_to_texts
from stages.papers.monce.report.scores import open_score

PRINTED = (1, 9, 15, 35, 99)
WAYS = {"supports": "by gradients", "closed_form": "in closed form"}
NETS = {"blurred": "with blur", "control": "without blur (control)"}
RULE = "both ways give 1, 9, 15, 35, 99 px exactly, and the generator without blur gives others"


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md, tex and verdict, from receptive."""
    facts = open_score(inputs, "receptive", block.profile).facts
    protocol = {key: facts[key] for key in ("side_px", "width", "blocks", "dtype")}
    names = [f"layer {layer}" for layer in facts["layers"]]
    cells, methods, headings = {}, [], {}
    for net, title in NETS.items():
        for way, how in WAYS.items():
            methods.append(f"{net}_{way}")
            headings[methods[-1]] = f"{title}, {how}"
            for name, side in zip(names, facts[net][way], strict=True):
                cells[methods[-1], "generator", name] = Cell(((0, float(side)),), "px", protocol, "")
    printed = {("blurred_supports", "generator", name): str(side) for name, side in zip(names, PRINTED, strict=True)}
    found = m1(block.profile, inputs)
    said = "Sides of the support of one unit. Norms and rectifiers are left out and all weights are positive. "
    lines = [("generator", name) for name in names]
    sections = [("What the text claims", rows_to_markdown(HEAD, [found.row()]))]
    page = Page("Receptive fields", block.profile, methods, lines, cells, printed, said, sections, headings)
    return page_to_texts(page) | {"claims.csv": rules_to_csv(found)}


def m1(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """M1; no seeds, since the weights do not matter."""
    facts = open_score(inputs, "receptive", profile).facts
    parts = [
        Part(how, ", ".join(map(str, facts["blurred"][way])), int(tuple(facts["blurred"][way]) == PRINTED), "px")
        for way, how in WAYS.items()
    ]
    control = tuple(facts["control"]["supports"])
    parts.append(Part("control", ", ".join(map(str, control)), int(control != PRINTED), "px"))
    word = HOLDS if all(part.met for part in parts) else FAILS
    return Ruled(Verdict("M1", word, profile, tuple(parts), 0), RULE)
