"""`adopt` after one engine, after a pull, after edits; what is cosmetic, what a waiver excuses, what nothing does."""

import json
import os
import shutil
import subprocess

import pytest

from stages.graph.names import GUARD
from stages.retrace.adopt import command as adopt
from stages.retrace.evidence import cosmetic
from tests.house.engines import planned_jobs
from tests.house.toy_graph import OWN
from tests.retrace.toy_tree import MODEL, RAW, Tree


@pytest.fixture()
def inside(tree, monkeypatch) -> Tree:
    """The tree as current folder; the engines are not told, since most cases end before."""
    monkeypatch.chdir(tree.folder)
    monkeypatch.setattr(adopt, "_tell", lambda report, engine, words: None)
    cosmetic.old_text.cache_clear()
    return tree


def edit(tree, name: str, old: str, new: str) -> None:
    text = tree.path(name).read_text()
    assert old in text
    tree.path(name).write_text(text.replace(old, new, 1))


def test_comments_and_layout_need_no_waiver_and_satisfy_both_engines(tree):
    """The code's digest is the same: DVC has but to look at the generated files again, Snakemake has nothing to do."""
    edit(tree, "stages/train.py", "def train(job):\n", "# why\ndef train(\n        job):  # more\n\n")
    assert set(json.loads(tree.dvc("status", "--json").stdout)) == {GUARD}
    told = tree.retrace("adopt", "--json")
    report = json.loads(told.stdout)
    assert told.returncode == 0 and len(report["adopted"]) == 11 and report["stale"] == {}, told.stderr
    assert any(
        "stages/train.py: edited since the run in comments, layout or docstrings alone" in note
        for note in report["notes"]
    )
    assert tree.dvc("status", "--quiet").returncode == 0
    text = tree.snakemake("-n").stdout
    assert planned_jobs(text) == set(), text
    assert not tree.path("results/receipts/waivers").exists()
    assert tree.audit().findings == []


def test_comments_are_cosmetic_without_git_too(inside):
    """The receipt holds the digest of the code that ran; the old text is not needed."""
    shutil.rmtree(".git")
    edit(inside, "stages/train.py", "def train(job):\n", "# why\ndef train(job):\n")
    assert adopt.run([], None, None).stale == {}
    edit(inside, "stages/train.py", "* 9", "* 7")
    report = adopt.run([], None, None)
    assert report.stale["toy_train@cub-0"] == ["the file stages/train.py changed"]
    assert "toy_train@cub-0" not in report.adopted
    assert report.stale["toy_tabulate@cub"] == [
        "toy_train@cub-0 before it is not adopted",
        "toy_train@cub-1 before it is not adopted",
    ]


def test_other_files_than_python_are_never_cosmetic(inside):
    edit(inside, "stages/papers/toy/reported.csv", "C2,3\n", "C2,3\n\n")
    assert adopt.run([], None, None).stale == {"toy_illustrate": ["the file stages/papers/toy/reported.csv changed"]}


def test_a_waiver_excuses_one_difference_of_one_receipt(inside):
    edit(inside, "stages/train.py", "* 9", "* 9 + b''")
    assert set(adopt.run([], None, None).stale) >= {"toy_train@cub-0", "toy_train@cub-1", "toy_illustrate"}
    report = adopt.run([], "toy_train", "adds nothing, checked by hand")
    assert len(report.waivers) == 4 and len(report.adopted) == 11 and report.code == 0
    content = json.loads(inside.path(report.waivers[0]).read_bytes())
    known = inside.receipt(content["stage"])
    assert content["reason"] == "adds nothing, checked by hand" and content["receipt"] == inside.digest(
        content["stage"]
    )
    assert content["changes"][0]["old"] == known["code"]["stages/train.py"] != content["changes"][0]["new"]
    assert {path.suffix for path in inside.path("results/receipts/waivers").iterdir()} == {".json"}
    found = inside.audit()
    assert found.findings == [] and sum("waived: adds nothing" in note for note in found.notes) == 4
    edit(inside, "stages/train.py", "* 9", "* 7")
    assert inside.audit().findings[0].file == "stages/train.py", "another edit is another difference"
    assert set(adopt.run([], None, None).stale) >= {"toy_train@cub-0"}


def test_a_parameter_can_be_waived_and_bytes_cannot(inside):
    edit(inside, OWN, "shade: 90", "shade: 91")
    inside.alter("results/figures/fig.png", b"\x07", 80)
    report = adopt.run([], "toy_illustrate", "nobody sees it")
    assert list(report.broken) == ["toy_illustrate"] and report.waivers == [] and report.adopted == []
    assert not inside.path("results/receipts/waivers").exists()


def test_accepting_needs_a_reason_and_a_difference(inside):
    for accept, reason in (("toy_train", None), (None, "because"), ("toy_train", "  ")):
        with pytest.raises(ValueError, match="go together"):
            adopt.run([], accept, reason)
    with pytest.raises(ValueError, match="nothing of it differs"):
        adopt.run([], "toy_train", "because")
    with pytest.raises(ValueError, match="the closest is toy_train"):
        adopt.run([], "toy_trein", "because")


def made_again(tree, *names):
    for name in names:
        command = next(stage.cmd for stage in tree.stages() if stage.name == f"render@{name}")
        assert tree.call("python", *command.split()[2:]).returncode == 0


def test_a_stage_made_again_with_equal_bytes_supersedes_and_with_others_makes_stale(inside):
    """Settled 15: a cosmetic edit is shown, no finding; the consumer's own receipt still names the older one, which is
    kept. Equal bytes of other code may be a lie about which code made them: what consumed them is made again."""
    edit(inside, "stages/render.py", "if __name", "# A comment.\n\nif __name")
    made_again(inside, "cub", "celebamask_hq")
    report = inside.audit()
    assert report.findings == [], report.findings
    assert any(
        f"{RAW}: receipt" in note and "supersedes" in note and "stages/render.py" in note for note in report.notes
    )
    assert len(adopt.run([], None, None).adopted) == 11
    edit(inside, "stages/render.py", "if __name", "UNUSED = 1\n\nif __name")
    made_again(inside, "cub", "celebamask_hq")
    first = inside.audit().findings[0]
    assert (first.kind, first.file) == ("chain", "results/store/demo/raw/celebamask_hq/receipt.json")
    assert adopt.run([], None, None).stale["toy_train@cub-0"] == [f"the input raw ({RAW}) changed"]
    edit(inside, "params.yaml", "count: 4", "count: 5")
    made_again(inside, "cub")
    first = next(one for one in inside.audit().findings if one.stage == "render@cub")
    assert (first.kind, first.stage, first.file) == ("chain", "render@cub", f"{RAW}/receipt.json")
    assert first.vouched_by.startswith("results/store/demo/model/toy/cub_") and "toy_train@cub-0" in first.consumed_by
    stale = adopt.run([], None, None).stale
    assert stale["toy_train@cub-0"] == [f"the input raw ({RAW}) changed"]


def test_after_a_clone_and_a_pull_everything_is_up_to_date_for_both_engines(tree, tmp_path):
    """Final files too: all that a stage makes is in DVC's cache."""
    store, there = tmp_path / "remote", tmp_path / "clone with a space é"
    assert tree.dvc("remote", "add", "--local", "-d", "store", str(store)).returncode == 0
    assert tree.dvc("push").returncode == 0
    tree.git("add", "dvc.lock")
    tree.git("commit", "-qm", "what is built")
    subprocess.run(["git", "clone", "-q", str(tree.folder), str(there)], check=True)
    clone = Tree(there, made=False)
    shutil.rmtree(there / "results")
    assert clone.dvc("remote", "add", "--local", "-d", "store", str(store)).returncode == 0
    pulled = clone.dvc("pull")
    assert pulled.returncode == 0 and clone.path(MODEL, "made.txt").is_file(), pulled.stderr
    told = clone.retrace("adopt", "--json")
    report = json.loads(told.stdout)
    assert told.returncode == 0 and len(report["adopted"]) == 11, told.stdout + told.stderr
    assert report["unbuilt"] == []
    kept = {path.name for path in clone.path("results/receipts").iterdir()}
    assert f"{tree.digest(MODEL)}.json" in kept and len(list(clone.path("results/receipts/current").iterdir())) == 11
    text = clone.snakemake("-n").stdout
    assert planned_jobs(text) == set(), text
    assert clone.audit().findings == []


def test_adopting_a_part_makes_nothing_of_the_rest_stale(tree):
    """A model is read by a table and by a figure: after the table is adopted the figure is no older than its input."""
    assert tree.retrace("adopt").returncode == 0
    times = {path: path.lstat().st_mtime_ns for path in tree.path("results").rglob("*") if path.is_file()}
    assert tree.retrace("adopt", "toy_tabulate@cub").returncode == 0
    done = tree.snakemake("-n")
    assert "Nothing to be done" in done.stdout + done.stderr, done.stdout
    made = {path for path in times if path.parts[len(tree.folder.parts) + 1] in ("store", "tables", "figures")}
    assert {path for path in made if path.lstat().st_mtime_ns != times[path]} == set(), "and no time has moved"


@pytest.mark.parametrize("built_by", ["dvc", "snakemake"])
@pytest.mark.parametrize("wrong", ["2001", "2100"])
def test_adopting_puts_times_in_order_where_they_are_not(tree, wrong, built_by):
    """A checkout leaves outputs in any order of time; a time to come is no reason to make anything.

    What Snakemake writes of a job's costs counts for it among the job's outputs.
    """
    moment = {"2001": 1_000_000_000, "2100": 4_102_444_800}[wrong]
    for stage in tree.stages() if built_by == "snakemake" else ():
        costs = tree.path(".work/benchmarks", f"{stage.rule_name}.jsonl")
        costs.parent.mkdir(parents=True, exist_ok=True)
        costs.write_text("{}\n")
    for path in (tree.path(RAW), tree.path(MODEL), tree.path("results/tables/cub.csv")):
        os.utime(path, (moment, moment))
    assert tree.retrace("adopt").returncode == 0
    assert "Nothing to be done" in tree.snakemake("-n").stdout
    assert tree.dvc("status", "--quiet").returncode == 0


def test_an_interrupted_adopt_converges(inside, monkeypatch):
    """Killed between the engines, or before receipts were kept: run again, the end is the same."""
    shutil.rmtree("results/receipts/current")
    monkeypatch.setattr(adopt, "_tell", lambda *rest: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        adopt.run([], None, None)
    monkeypatch.setattr(adopt, "_tell", lambda *rest: None)
    assert len(adopt.run([], None, None).adopted) == 11
    assert len(os.listdir("results/receipts/current")) == 11 and inside.audit().findings == []


def test_an_engine_that_cannot_be_told_is_named(tree, monkeypatch):
    monkeypatch.chdir(tree.folder)
    monkeypatch.setattr(adopt.sys, "executable", str(tree.folder / "bin" / "python"))
    report = adopt.run([], None, None)
    assert report.code == 3 and set(report.failed) == {"snakemake", "python"} and "run make" in report.failed["python"]
