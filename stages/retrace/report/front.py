"""The first page, with a block for each paper, and what the next report may compare itself with."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.retrace.evidence import papers
from stages.retrace.record.earlier import MARK
from stages.retrace.report.claim_pages import counted
from stages.retrace.report.gathered import Gathered
from stages.retrace.report.numbers import Row
from stages.retrace.report.results import Made
from stages.retrace.report.shown import Shown
from stages.retrace.report.site import Site


@dataclass(frozen=True)
class Block:
    """A paper: its verdicts, its root and seeds, and its results in order."""

    paper: str
    title: str
    counts: dict[str, int]
    root: str
    seeds: tuple[str, ...]
    made: tuple[Made, ...]
    unbuilt: tuple[Made, ...]


def problems(all_: Gathered, made: Sequence[Made], shown: Shown) -> list[str]:
    """All that stands in red, each once."""
    told = {one.file for one in all_.audited.findings}
    found = [one.line() for one in all_.audited.findings]
    found += [text for one in made for text in one.problems]
    found += [f"{one.result.out}: {row.name}: {row.problem or _unlike(row)}"
              for one in made for row in one.rows if row.problem or not row.agrees]  # fmt: skip
    found += [f"{claim.paper} {claim.id}: {doubt}" for claim in all_.claims for doubt in claim.untrusted]
    found += [text for path, text in sorted(shown.problems.items()) if path not in told]
    return list(dict.fromkeys(found))


def _unlike(row: Row) -> str:
    return f"the table says {row.ours}, the scores before it give {row.mean}"


def write(all_: Gathered, made: Sequence[Made], wrong: Sequence[str], changes: str, site: Site) -> None:
    """index.html, with a link to the page of `changes` if there is one, and the list of files for later reports."""
    site.page("index.html", "index.html", blocks=[_block(paper, all_, made) for paper in _groups(made)],
              audited=all_.audited, problems=wrong, stages=len(all_.nodes), changes=changes)  # fmt: skip
    files = {(Path(one.result.out).parent / link.text).as_posix(): {"place": link.href, "sha256": link.note}
             for one in made for link in one.files if link.href}  # fmt: skip
    content = {"schema": 1, "profile": all_.profile, "root": all_.audited.root, "files": files}
    site.files[MARK] = (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def _groups(made: Sequence[Made]) -> list[str]:
    """The papers in the order of their names; what is of no paper comes last, under no name."""
    return sorted({one.result.paper for one in made}, key=lambda paper: (not paper, paper))


def _block(paper: str, all_: Gathered, made: Sequence[Made]) -> Block:
    own = [one for one in made if one.result.paper == paper]
    seeds = {seed for one in own for seed in one.seeds}
    return Block(
        paper, papers.title(paper) or "Other results",
        counted(one for one in all_.claims if one.paper == paper), all_.root_of(paper),
        tuple(sorted(seeds, key=lambda seed: (len(seed), seed))), tuple(one for one in own if one.result.node),
        tuple(one for one in own if not one.result.node),
    )  # fmt: skip
