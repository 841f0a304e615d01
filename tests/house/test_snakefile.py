"""The Snakefile as a user meets it: what it runs, what it refuses, and when it stops."""

import json
import re

import pytest

from stages.graph import Stage, jobs
from tests.house import engines
from tests.house.toy_graph import ROOT, ToyGraph
from tests.parts import layouts


@pytest.fixture(scope="module")
def untouched(tmp_path_factory) -> ToyGraph:
    """A project for calls that change nothing."""
    return ToyGraph(tmp_path_factory.mktemp("toy"))


def test_snakefile_holds_no_logic():
    text = (ROOT / "Snakefile").read_text()
    tried = """
try:
    if workflow.is_main_process:
        asked.refuse_elsewhere(workflow.basedir)
    # What DVC's first stage does: no job starts from generated files that are not what their sources say.
    written.refuse_stale(workflow.basedir)
    STAGES = graph.load(workflow.basedir)
    ASKED = jobs.resources(STAGES)
    if workflow.is_main_process:
        asked.refuse_unknown(STAGES)
except ValueError as error:
    raise WorkflowError(safe(str(error)))
"""
    assert text.count(tried) == 1, "what is wrong with the graph stops it in the graph's own words"
    rest = text.replace(tried, "")
    assert len(rest.splitlines()) <= 60
    off, on = rest.index("\ngc.disable()\n"), rest.index("\ngc.freeze()\ngc.enable()\n")
    assert off < rest.index("\nonstart:\n") < on, "rules are made while nothing is collected, and then it goes on"
    assert not re.search(r"^\s*(def|class|lambda|import os|while|try|except)\b|lambda", rest, re.MULTILINE)


def test_rules_carry_what_stages_say(untouched):
    rules = engines.raw_rules(untouched.folder)
    assert len(rules) == 11
    train = rules["toy_train_cub_1"]
    assert train["shell"] == "{params.cmd} > {log} 2>&1"
    assert "--seed 1 " in train["cmd"] and train["params"]["toy.train.profile.demo"] == {"steps": 2}
    assert {key: train["resources"][key] for key in ("torch", "mem_mb", "runtime", "_cores")} == {
        "torch": "1", "mem_mb": "700", "runtime": "1", "_cores": "1"
    }  # fmt: skip
    assert train["env"].endswith("envs/core.yaml")
    assert train["folders"] == train["outs"] == ["results/store/demo/model/toy/cub_1"]
    assert rules["toy_tabulate_cub"]["folders"] == []
    finals = [out for name in ("toy_tabulate_cub", "toy_tabulate_celebamask_hq") for out in rules[name]["outs"]]
    assert sorted(rules["all"]["deps"]) == sorted(finals)


def test_dry_run_lists_all_and_starts_nothing(untouched):
    done = untouched.snakemake("-n")
    assert done.returncode == 0, done.stderr
    assert len(engines.planned_jobs(done.stdout + done.stderr)) == 10
    assert not (untouched.folder / "results").exists()
    assert "profiles/default" in done.stderr, "the default profile is found by itself"


def test_linter_has_nothing_to_say(untouched):
    done = untouched.snakemake("--lint")
    assert done.returncode == 0 and "good condition" in done.stdout + done.stderr


def test_config_on_the_command_line_is_refused(untouched):
    done = untouched.snakemake("-n", "--config", "profile=paper", "steps=3")
    assert done.returncode == 1
    text = " ".join((done.stdout + done.stderr).split())
    assert "profile, steps" in text and "params.yaml" in text


def test_profiles_limit_torch_and_gpu(untouched):
    """Without the default profile's limits all trainings would start at once."""
    limits = (ROOT / "profiles/default/profile.yaml").read_text()
    assert re.search(r"^  torch: 2$", limits, re.MULTILINE)
    on_cluster = untouched.snakemake("-n", "--workflow-profile", "profiles/slurm")
    assert on_cluster.returncode == 0, on_cluster.stderr
    assert "mem_mb=4000" in on_cluster.stdout + on_cluster.stderr  # the default request of a stage that states none


def test_missing_user_data_stops_before_any_job(tmp_path):
    toy = ToyGraph(tmp_path)
    toy.edit("params.yaml", "profile: demo\n", "profile: paper\n")
    assert toy.snakemake("-n").returncode == 0  # planning needs no data
    done = toy.snakemake("--cores", "2")
    text = done.stdout + done.stderr
    assert done.returncode == 69, text
    for name, layout in (("celebamask_hq", "CelebA-HQ-img/<i>.jpg"), ("cub", "train_test_split.txt")):
        assert f"missing in data/{name}: the folder itself" in text and layout in text
    assert not (tmp_path / "results").exists() and not (tmp_path / ".work/logs").exists()
    assert not list((tmp_path / ".snakemake" / "locks").glob("*")), "the next run must not need --unlock"

    only = toy.snakemake("--cores", "2", "results/tables/cub.csv")
    assert only.returncode == 69 and "data/cub" in only.stderr and "data/celebamask_hq" not in only.stderr


def test_supplied_user_data_lets_the_run_start(tmp_path):
    toy = ToyGraph(tmp_path)
    toy.edit("params.yaml", "profile: demo\n", "profile: paper\n")
    layouts.cub(tmp_path / "data/cub")
    split = tmp_path / "data/cub/CUB_200_2011/train_test_split.txt"
    text = split.read_text()
    split.unlink()
    lacking = toy.snakemake("--cores", "2", "results/store/paper/raw/cub")
    assert lacking.returncode == 69 and "missing in data/cub: no CUB_200_2011/train_test_split.txt\n" in lacking.stderr
    (tmp_path / "data/cub/self").symlink_to("../cub")
    looped = toy.snakemake("--cores", "2", "results/store/paper/raw/cub")
    assert looped.returncode == 69 and "data/cub/self: expected a link to a folder of its own" in looped.stderr
    assert not (tmp_path / "results").exists() and "Traceback" not in looped.stderr
    (tmp_path / "data/cub/self").unlink()
    split.write_text(text)
    done = toy.snakemake("--cores", "2", "results/store/paper/raw/cub")
    assert done.returncode == 0, done.stderr
    preflight = json.loads((tmp_path / "results/store/paper/preflight/cub/preflight.json").read_text())
    assert preflight == {"need": "cub", "root": "data/cub", "supply": "user"}


def test_each_rule_runs_its_own_command(tmp_path):
    """A loop variable in `shell:` would be looked up late, and every rule would run the last command.

    And the scheduler looks at the jobs once for each that ends.
    """
    toy = ToyGraph(tmp_path)
    done = toy.snakemake("--cores", "1", "--verbose")
    assert done.returncode == 0, done.stdout + done.stderr
    # With a limit of jobs a second it would look at all jobs again a second after each look.
    looks = done.stderr.count("Resources before job selection")
    assert looks <= 1 + done.stderr.count("Finished jobid"), "the scheduler wakes where a job has ended alone"
    for data, count in (("celebamask_hq", 3), ("cub", 4)):
        for seed in (0, 1):
            text = (tmp_path / f"results/store/demo/model/toy/{data}_{seed}/made.txt").read_text()
            assert text.startswith(f"train\n('paper', 'toy')\n('method', 'plain')\n('seed', '{seed}')\n"), text
            assert f"count={count}" in text
    again = toy.snakemake("--cores", "2")
    assert "Nothing to be done" in again.stdout + again.stderr
    assert (tmp_path / ".work/logs/toy_train_cub_0.log").is_file()
    assert json.loads((tmp_path / ".work/benchmarks/toy_train_cub_0.jsonl").read_text())["s"] >= 0

    toy.edit(
        "stages/tabulate.py", "def tabulate(job):", "def tabulate(job):\n    raise SystemExit('broken on purpose')"
    )
    toy.make_graph()
    failed = toy.snakemake("--cores", "2")
    assert failed.returncode == 1
    assert "broken on purpose" in failed.stdout + failed.stderr, "a failing job's log is shown"


def test_a_machine_that_shares_out_no_gpu_asks_for_none(tmp_path, monkeypatch):
    """The one switch of a cluster without GPUs; Snakemake inside a job reads it too, as it lies in the checkout."""
    gpu, plain = (
        Stage(name, name, "", f"exec python -m stages.{verb}", (), (), {}, {}, "", "", {"mem_mb": 100, **more})
        for name, verb, more in (("a", "train", {"gpu": 1}), ("b", "preflight", {}))
    )
    monkeypatch.chdir(tmp_path)
    assert jobs.resources([gpu, plain]) == {"a": {"gpu": 1, "mem_mb": 700}, "b": {"mem_mb": 700}}
    (tmp_path / ".work").mkdir()
    (tmp_path / ".work/config").write_text("gpus = 0\n")
    assert jobs.resources([gpu, plain]) == {"a": {"mem_mb": 700}, "b": {"mem_mb": 700}}
    assert not jobs.is_small(gpu) and jobs.is_small(plain)


def test_old_logs_of_what_will_run_are_removed(tmp_path):
    log, other = tmp_path / "a.log", tmp_path / "b.log"
    for path in (log, other):
        path.write_text("old\n")
    job = type("Job", (), {"output": ["results/a"], "log": [str(log), str(tmp_path / "none.log")]})
    assert jobs.planned([job, job]) == ["results/a", "results/a"] and not log.exists() and other.exists()
