"""A target of each further paper, two steps of everything, under both engines: equal bytes, receipts too."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from stages import graph
from tests.pipeline.checkout import ROOT, Checkout

pytestmark = pytest.mark.slow
# Each with trainings before it, and few stages: a minute an engine.
TARGETS = {
    "ganseg": "results/figures/ganseg_fig12.png",
    "monce": "results/tables/monce_force.csv",
    "onegan": "results/tables/onegan_table1.csv",
    "mscond": "results/figures/mscond_fig3.png",
}


def test_both_engines_give_the_same_bytes_of_a_target_of_each_paper(tmp_path):
    stages = graph.load(ROOT)
    needed = {stage.name: stage for stage in graph.ancestors(stages, TARGETS.values())}
    for paper in TARGETS:
        assert any(f"--paper {paper}" in stage.cmd and "stages.train" in stage.cmd for stage in needed.values()), paper
    names = [stage.name for stage in graph.find(stages, TARGETS.values())]
    copies = {name: Checkout(tmp_path / name, "smoke") for name in ("snakemake", "dvc")}
    with ThreadPoolExecutor(2) as pool:
        by_snakemake = pool.submit(copies["snakemake"].call, "snakemake", "--cores", "2", *TARGETS.values())
        by_dvc = pool.submit(copies["dvc"].call, "dvc", "repro", *names)
        for done in (by_snakemake.result(), by_dvc.result()):
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    one, other = copies["snakemake"].results(), copies["dvc"].results()
    assert set(TARGETS.values()) <= one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []
    receipts = sum(name.endswith("/receipt.json") for name in one)
    assert receipts >= len(needed) - len(TARGETS), "every stage ran; final files have their receipts elsewhere"
