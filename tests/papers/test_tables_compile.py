"""Every table's LaTeX compiles, whatever its cells hold."""

import pytest

from stages.papers.contrasfill.report import (
    ablations,
    context,
    contrasfill_claims,
    directions,
    disentanglement,
    identity_direction,
    partial_masks,
    table1,
)
from stages.papers.ganseg.report import collapse_report, table2, table3, table4, table_fid
from stages.papers.ganseg.report import table1 as ganseg_table1
from tests import latex_check
from tests.papers import claim_scores, ganseg_store, monce_tables, mscond_tables, onegan_tables
from tests.papers.test_contrasfill_ablations import inputs as ablation_inputs
from tests.papers.test_contrasfill_claims import PAGES
from tests.papers.test_directions_report import direction_inputs, identity_inputs


def contrasfill(name, seeds):
    """A table's texts from the scores of one group of the claims."""
    module, group, block = {
        "table1": (table1, "table1", {"hole": "object", "fidelity_tolerance": 1.15}),
        "table1_box": (table1, "box", {"hole": "box", "fidelity_tolerance": 1.15}),
        "disentanglement": (disentanglement, "disentanglement", {}),
        "partial_masks": (partial_masks, "partial", {"ratio": 2.0}),
        "context": (context, "context", {}),
    }[name]

    def made(folder):
        scores = claim_scores.of_group(claim_scores.all_scores(seeds), group)
        inputs = claim_scores.write(folder / "scores", scores) | {"reported": PAGES["reported"]}
        return module.tabulate(module.Block(**block), inputs)

    return made


def claims(folder):
    inputs = PAGES | claim_scores.write(folder / "scores", claim_scores.all_scores())
    return contrasfill_claims.tabulate(contrasfill_claims.Block(), inputs)


def collapse(folder):
    fired = {"n1": [["empty_samples"]], "n2": [["low_variance"]], "n3": [[]]}
    inputs = ganseg_store.collapses(folder, {"n1": 0.0, "n2": 0.0, "n3": 0.1}, fired)
    return collapse_report.tabulate(collapse_report.Block(profile="demo", extent=1e-8, pixels=4.0), inputs)


def segmenter_table(module, lines, **limits):
    return lambda folder: module.tabulate(
        module.Block(profile="demo", **limits), ganseg_store.segmenters(folder, lines)
    )


def weights(folder):
    inputs = {"reported": ganseg_store.REPORTED, **ganseg_store.models(folder)}
    return ganseg_table1.tabulate(ganseg_table1.Block(profile="demo"), inputs)


TABLES = {
    **{
        f"{name}, {len(seeds)} seeds": contrasfill(name, seeds)
        for name in ("table1", "table1_box", "disentanglement", "partial_masks", "context")
        for seeds in ((0,), (0, 1, 2))
    },
    "directions": lambda folder: directions.tabulate(directions.Block(decimals=3), direction_inputs(folder, (0, 1))),
    "identity_direction": lambda folder: identity_direction.tabulate(
        identity_direction.Block(decimals=3, drift_share=0.25), identity_inputs(folder, 55.0, 0.2)
    ),
    "contrasfill_claims": claims,
    "ablations": lambda folder: ablations.tabulate(ablations.Block(), ablation_inputs(folder)),
    "ganseg_table1": weights,
    "ganseg_table2": segmenter_table(table2, {"fixed": None, "original": 0.0}, near=0.15, far=0.4, severe=0.25),
    "ganseg_table3": segmenter_table(table3, {"n3": 2.0, "n4": 0.0, "n6": None, "n8": 1.0}),
    "ganseg_table4": segmenter_table(
        table4, {"k1": 2, "k4": 0.5, "k8": 0, "k12": None, "k16": 1, "k32": 3}, severe=0.25
    ),
    "ganseg_table_fid": lambda folder: table_fid.tabulate(
        table_fid.Block(profile="demo"), ganseg_store.fidelities(folder)
    ),
    "ganseg_collapse_report": collapse,
    **monce_tables.TABLES,
    **mscond_tables.TABLES,
    **onegan_tables.TABLES,
}


@pytest.mark.parametrize("name", TABLES)
def test_every_table_compiles(name, tmp_path):
    text = TABLES[name](tmp_path)["tex"]
    assert latex_check.faults(text, tmp_path) == []
    assert text.splitlines()[0].startswith("% ") and "demo profile" in text.splitlines()[0]


@pytest.mark.parametrize(
    ("good", "bad"),
    [(r"a\_b", "a_b"), (r"5\%", "5%"), (r"\textbf{1}", r"\textbf{1"), (r"$\sigma$", "σ"), (r"$\pm$ 1", r"$\pm 1"),
     (r"& 2 \\", r"& 2 & 3 \\"), (r"\toprule", r"\topruel")],
)  # fmt: skip
def test_the_check_finds_planted_faults(good, bad, tmp_path):
    text = "\n".join([
        r"\begin{tabular}{lc}", r"\toprule", r"a\_b 5\% & \textbf{1} \\", r"$\sigma$ $\pm$ 1 & 2 \\",
        r"\bottomrule", r"\end{tabular}", "",
    ])  # fmt: skip
    assert latex_check.faults(text, tmp_path) == [] and text.count(good) == 1
    assert latex_check.faults(text.replace(good, bad), tmp_path)
