"""The workflows' form, their pinned actions and what they call; ci.yml's own steps over a pull request of a toy."""

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from stages import graph
from tests.house.toy_graph import BIN, ROOT
from tests.retrace.pages import Report
from tests.retrace.shared_tree import RETRACE
from tests.retrace.toy_paper import ToyPaper

FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
TOP = {"name", "on", "permissions", "concurrency", "env", "defaults", "jobs"}
JOB = {"runs-on", "timeout-minutes", "steps", "needs", "if", "permissions", "env", "defaults"}
STEP = {"name", "id", "if", "uses", "with", "run", "env"}
PINNED = re.compile(r"^ +(?:- )?uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
# What may write: the branch of a GPU runner's locks, and the identity that signs roots.
WRITES = {"gpu.yml": {"contents"}, "ci.yml attest": {"id-token", "attestations"}}
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def read(path: Path) -> dict[str, Any]:
    """YAML 1.1, as PyYAML reads it, takes the key `on` for true."""
    return {"on" if key is True else key: value for key, value in yaml.safe_load(path.read_text("utf-8")).items()}


def steps_of(path: Path) -> list[tuple[str, dict[str, Any]]]:
    return [(name, step) for name, job in read(path)["jobs"].items() for step in job["steps"]]


@every_file
def test_a_workflow_has_the_platforms_form(path):
    """No key that the platform does not know, each step one of both kinds, each name used one that is there."""
    content = read(path)
    assert content.keys() <= TOP and {"name", "on", "permissions", "jobs"} <= content.keys()
    for job in content["jobs"].values():
        assert job.keys() <= JOB and {"runs-on", "timeout-minutes", "steps"} <= job.keys()
        assert {job.get("needs")} <= {None, *content["jobs"]}
        known = set()
        for step in job["steps"]:
            assert step.keys() <= STEP and ("uses" in step) != ("run" in step)
            assert "with" not in step or "uses" in step
            for used in re.findall(r"steps\.(\w+)\.", str(step)):
                assert used in known, f"{used} is the id of no step before"
            known.add(step.get("id"))
    text = path.read_text("utf-8")
    assert text.count("${{") == len(re.findall(r"\$\{\{ [^{}]+ \}\}", text))


@every_file
def test_each_action_is_pinned_by_its_commit_with_the_version_beside_it(path):
    lines = [line for line in path.read_text("utf-8").splitlines() if re.search(r"\buses:", line)]
    assert lines and [line for line in lines if not PINNED.match(line)] == []
    said: dict[str, set[str]] = {}
    for line in [line for other in FILES for line in other.read_text("utf-8").splitlines() if PINNED.match(line)]:
        action, _, pin = line.partition("uses: ")[2].partition("@")
        said.setdefault(action, set()).add(pin)
    assert {action: pins for action, pins in said.items() if len(pins) > 1} == {}, "one commit of each action"


@every_file
def test_permissions_are_the_least(path):
    content = read(path)
    places = {path.name: content["permissions"]}
    places |= {f"{path.name} {name}": job.get("permissions", {}) for name, job in content["jobs"].items()}
    for place, given in places.items():
        assert {key for key, value in given.items() if value != "read"} == WRITES.get(place, set())


def test_what_may_sign_runs_no_code_of_the_project():
    steps = [step for name, step in steps_of(ROOT / ".github/workflows/ci.yml") if name == "attest"]
    assert [step["uses"].partition("@")[0] for step in steps] == [
        "actions/download-artifact", "actions/attest-build-provenance",
    ]  # fmt: skip
    signed = steps[1]["with"]["subject-path"].split()
    kept = [step["with"] for _, step in steps_of(ROOT / ".github/workflows/ci.yml") if "upload" in step.get("uses", "")]
    assert [one["path"].split() for one in kept if one["name"] == "root"] == [signed]
    assert "report" in [one["path"] for one in kept]


def test_the_environment_is_kept_by_the_digest_of_the_locks():
    """In each job that sets it up, and before it does."""
    for job in ("tests", "demo"):
        steps = [step for name, step in steps_of(ROOT / ".github/workflows/ci.yml") if name == job]
        (at,) = (at for at, step in enumerate(steps) if "actions/cache" in step.get("uses", ""))
        assert ".venv" in steps[at]["with"]["path"].split()
        assert "hashFiles('envs/*.lock', 'pyproject.toml')" in steps[at]["with"]["key"]
        assert steps[at + 1]["run"].startswith("make setup")


def called(text: str) -> set[tuple[str, ...]]:
    """Program and first word of each command of `make` and `retrace` in a shell text."""
    found = set()
    for line in re.split(r"\n|&&|\|\||[|;(){}]", re.sub(r"(?m)(^|\s)#.*$", "", text)):
        words = [word for word in line.split() if word not in ("if", "then", "else", "!")]
        if words and words[0] in ("make", "retrace"):
            found |= {(words[0], word) for word in (words[1:] if words[0] == "make" else words[1:2])}
    return found


@every_file
def test_each_command_exists(path):
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.M))
    verbs = {place.parent.name for place in (ROOT / "stages/retrace").glob("*/command.py")}
    found = set().union(*(called(step["run"]) for _, step in steps_of(path) if "run" in step))
    assert found and ("retrace", "report") in found and ("make", "setup") in found
    for program, word in found:
        assert word in (targets if program == "make" else verbs), f"{program} {word}"


@pytest.mark.slow
def test_a_pull_request_shows_what_it_changes(published, tmp_path):
    """The steps as they stand, on a commit that changes a number and a picture: in the summary and in the report."""
    paper = published.copy_to(tmp_path / "paper")
    base = git(paper, "rev-parse", "HEAD")
    paper.edit("stages/papers/toy/params.yaml", "grey: 128", "grey: 129")
    paper.edit("stages/papers/toy/params.yaml", "rate: 0.5", "rate: 0.7")
    paper.commit()
    head, summary = git(paper, "rev-parse", "HEAD"), tmp_path / "summary"
    for name in ("what the base makes", "Table 1 from raw data", "every byte is as the receipts say",
                 "the report, and what changed"):  # fmt: skip
        (text,) = (step["run"] for _, step in steps_of(ROOT / ".github/workflows/ci.yml") if step.get("name") == name)
        done = shell(paper, text, BASE=base, RUNNER_TEMP=str(tmp_path), GITHUB_STEP_SUMMARY=str(summary))
        assert done.returncode == 0, done.stdout + done.stderr
        assert git(paper, "rev-parse", "HEAD") == head
    said = summary.read_text()
    assert "since the report in base: numbers that changed 4, pictures 1" in said
    assert said.count("```\n") == 2 and re.search(r"^root [0-9a-f]{64} over \d+ receipts$", said, flags=re.M)
    pages = Report(paper.folder / "report")
    assert pages.wrong() == [] and "ours face KFFA" in pages.raw["changes.html"].decode()
    assert [name for name in pages.raw if name.startswith("earlier/")]
    assert (paper.folder / "report/SHA256SUMS").is_file() and (paper.folder / "root.txt").is_file()


def git(paper: ToyPaper, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=paper.folder, check=True, capture_output=True, text=True).stdout.strip()


def shell(paper: ToyPaper, text: str, **names: str) -> subprocess.CompletedProcess[str]:
    """A step; `make table1` runs the toy's stages one by one, without the cost of an engine."""
    commands = [f"  python {shlex.join(stage.cmd.split()[2:])} || return" for stage in graph.load(paper.folder)]
    functions = RETRACE + "\n".join(["make() {", *commands, "}", ""])
    environment = {**os.environ, **names, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = str(paper.folder)
    words = [
        "bash",
        "--noprofile",
        "--norc",
        "-eo",
        "pipefail",
        "-c",
        functions + text.replace("table1.csv", "table.csv"),
    ]
    return subprocess.run(words, cwd=paper.folder, env=environment, capture_output=True, text=True, timeout=600)
