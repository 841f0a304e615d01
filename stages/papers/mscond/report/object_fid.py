"""Fréchet distance of objects by category, scales and contrastive task: C2, C3. Source: supp §2.1, Fig. 1."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

from stages.draw.ruled import HEAD, rules_to_csv
from stages.draw.table import Key, rows_to_markdown
from stages.papers.mscond.measured import detections_metric, object_metric
from stages.papers.mscond.report.block import ReportBlock as Block
from stages.papers.mscond.report.names import (
    BETTER_LESS,
    MEAN,
    REAL,
    REFERENCE,
    RUNS,
    RUNS_OF,
    SETS,
    title_of,
)
from stages.papers.mscond.report.pages import Line, Page, cells_of, page_to_texts
from stages.papers.mscond.report.runs import Score, Scores, categories_of, distance_of, open_scores
from stages.papers.mscond.report.verdicts import c2, c3

COLUMNS = (*RUNS, "halves", "real")
SAID = (
    "Crops that one detector finds in real and in generated pictures, as many of each (N); a run with fewer has no "
    "number, and its count stands there. The mean is over the categories in which every run of the set has a number in "
    "every seed. `detections`: accepted boxes a picture; few of them may flatter a distance. "
)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md, tex and verdicts, from reference_<set> and score_<set>_<run>_<seed>."""
    scores = open_scores(inputs, block.profile, RUNS_OF)
    scores = with_means(scores)
    lines = [line for name in SETS for line in lines_of(scores, name)]
    cells = cells_of(scores, [place for _, places in lines for place in places if place])
    found = [c2(block.profile, inputs), c3(block.profile, inputs)]
    sections = [("What the text claims", rows_to_markdown(HEAD, [one.row() for one in found]))]
    headings = [title_of(run, block.profile) for run in COLUMNS]
    page = Page(
        "Fréchet distance of objects", block.profile, headings, lines, cells, {}, SAID + counts(scores), sections
    )
    return page_to_texts(page) | {"claims.csv": rules_to_csv(*found)}


def counts(scores: Scores) -> str:
    """N of each set."""
    held = {name: next((s.facts["objects_count"] for (n, _), s in scores.items() if n == name and s.facts), None)
            for name in SETS}  # fmt: skip
    said = [f"{SETS[name]} {'not run' if count is None else f'{count:,}'}" for name, count in held.items()]
    return f"N: {', '.join(said)}. "


def lines_of(scores: Scores, dataset: str) -> list[Line]:
    """Mean, distances and detections of a set; real pictures have detections alone, and no mean is taken of halves."""
    distance, title = distance_of(scores, dataset), SETS[dataset]
    categories = categories_of(scores, dataset)
    metrics = [object_metric(distance, name) for name in categories]
    found: list[Line] = [(f"{title}: mean{BETTER_LESS}", places(dataset, object_metric(distance, MEAN), RUNS))]
    found += [
        (f"{title}: {name}{BETTER_LESS}", places(dataset, metric, (*RUNS, "halves")))
        for name, metric in zip(categories, metrics, strict=True)
    ]
    return found + [
        (f"{title}: detections, {name}", places(dataset, detections_metric(name), (*RUNS, "real")))
        for name in categories
    ]


def places(dataset: str, metric: str, methods: Collection[str]) -> list[Key | None]:
    """A place for each column that a line has, where the set has the run."""
    return [
        (method, dataset, metric) if method in methods and (method in REAL or method in RUNS_OF[dataset]) else None
        for method in COLUMNS
    ]


def with_means(scores: Scores) -> dict[tuple[str, str], Score]:
    """Every run's score with its mean over the categories that are there in every seed of every run of its set."""
    found = dict(scores)
    for name in SETS:
        distance, runs = distance_of(scores, name), [scores[name, run] for run in RUNS_OF[name]]
        common = [
            category
            for category in categories_of(scores, name)
            if not any(score.missing(object_metric(distance, category)) for score in runs)
        ]
        for score in runs:
            by_seed = {seed: with_mean(facts, score.run, distance, common) for seed, facts in score.by_seed.items()}
            found[name, score.run] = replace(score, by_seed=by_seed)
    return found | {place: score for place, score in scores.items() if place[1] == REFERENCE}


def with_mean(facts: Mapping[str, Any], run: str, distance: str, common: list[str]) -> Mapping[str, Any]:
    """A score with one further value, or why it has none."""
    metric = object_metric(distance, MEAN)
    if not common:
        return {**facts, "absent": facts["absent"] | {metric: "no category has a number in every run and seed"}}
    metrics = [object_metric(distance, category) for category in common]
    held = [value for value in facts["values"] if value["method"] == run and value["metric"] in metrics]
    row = held[0] | {"metric": metric, "value": fmean(value["value"] for value in held)}
    return {**facts, "values": [*facts["values"], row | {"protocol": {"mean over": ", ".join(common)}}]}
