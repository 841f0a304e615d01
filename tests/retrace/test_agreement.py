"""`retrace explain` says what both engines would do, but for exceptions that are listed here and seen with the engines.

direct = `dvc status` = jobs of `snakemake -n` with a reason of their own; with those that follow, all of its jobs.
Snakemake tells no reason of its own of a job that follows another one.
"""

import json
import shutil
import subprocess
from dataclasses import dataclass

import pytest

from stages import graph
from stages.graph.names import CODE, GUARD
from stages.graph.names import GRAPH as GENERATED
from tests.house import engines
from tests.house.toy_graph import GRAPH, OWN, OWN_GRAPH, ToyGraph

pytestmark = pytest.mark.slow
TRAIN = {f"toy_train@{name}-{seed}" for name in ("cub", "celebamask_hq") for seed in (0, 1)}
RENDER = {"render@cub", "render@celebamask_hq"}
TABULATE = {"toy_tabulate@cub", "toy_tabulate@celebamask_hq"}
MODELS = "results/store/demo/model/toy"


@dataclass(frozen=True)
class Change:
    """An edit, or with an empty `old` a file to write, with `new` None a folder to delete; and the stages that run."""

    file: str
    old: str
    new: str | None
    direct: set[str]
    note: str = ""


# Changes of different stages are made together, since an engine's answer takes seconds.
AGREED = {
    "values": [
        Change("params.yaml", "cub: {base: {count: 4}}", "cub: {base: {count: 5}}", {"render@cub"}),
        Change(OWN, "steps: 10}", "steps: 11}", TRAIN, "a later layer overrides it"),
        Change(OWN, "table: {base: {digits: 3}", "table: {base: {digits: 3, more: 1}", TABULATE),
    ],
    "code and command": [
        Change("stages/train.py", "read = [", "read = list() + [", TRAIN),
        Change(OWN_GRAPH, "layers: [table]", "layers: [table]\n    with: [table.more]", TABULATE),
    ],
    "what changes no result": [
        Change("stages/train.py", "read = [", "read = [  # in order\n        ", set()),
        Change(GRAPH, "render: {mem_mb", "render: {gpu: 1, mem_mb", RENDER, "the same work"),
        Change("params.yaml", "celebamask_hq: {base: {supply: user, root: data/celebamask_hq}",
               "celebamask_hq: {base: {root: data/celebamask_hq, supply: user}", set()),
    ],
    "a layer emptied": [Change(OWN, "{demo: {steps: 2}", "{demo: {}", TRAIN)],
}  # fmt: skip

# The change, what `dvc status` says instead, and what `snakemake -n` does.
EXCEPTIONS = {
    "Snakemake never looks at a file that nothing reads": [
        (Change("results/tables/cub.md", "", "edited\n", {"toy_tabulate@cub"}), {"toy_tabulate@cub"}, set()),
    ],
    "Snakemake looks at a folder's own mark, not into it, and makes no folder again that no job needs": [
        (Change(f"{MODELS}/cub_0/made.txt", "", "edited\n", {"toy_train@cub-0", "toy_tabulate@cub"}),
         {"toy_train@cub-0", "toy_tabulate@cub"}, set()),
        (Change(f"{MODELS}/celebamask_hq_0", "", None, {"toy_train@celebamask_hq-0"}),
         {"toy_train@celebamask_hq-0", "toy_tabulate@celebamask_hq"}, set()),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def adopted(tmp_path_factory) -> ToyGraph:
    """The small graph of the house tests, committed, run by Snakemake and adopted."""
    toy = ToyGraph(tmp_path_factory.mktemp("agreed"))
    toy.edit(OWN, "table: {base: {digits: 3}}", "table: {base: {digits: 3}, more: {}}")
    for words in (("add", "-A"), ("-c", "user.name=n", "-c", "user.email=e", "commit", "--quiet", "-m", "state")):
        subprocess.run(["git", *words], cwd=toy.folder, check=True)
    done = toy.snakemake("--cores", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    told = toy.retrace("adopt", "--json")
    assert told.returncode == 0, told.stdout + told.stderr
    return toy


def apply(toy: ToyGraph, changes: list[Change], before: dict[str, bytes]) -> None:
    """Makes the changes and notes what to put back."""
    for change in changes:
        path = toy.folder / change.file
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        for file in files:
            before.setdefault(file.relative_to(toy.folder).as_posix(), file.read_bytes())
        if change.new is None:
            shutil.rmtree(path)
        elif change.old:
            toy.edit(change.file, change.old, change.new)
        else:
            path.write_text(change.new)


def answers(toy: ToyGraph, changes: list[Change]) -> tuple[dict, set[str], set[str], set[str]]:
    """What explain, DVC and Snakemake (own reasons, all jobs) say after changes, by stages' names; all is put back.

    Of DVC's the first stage is left out, which looks at everything and always writes the same.
    """
    before = {name: (toy.folder / name).read_bytes() for name in (GENERATED, CODE)}
    try:
        apply(toy, changes, before)
        toy.make_graph()
        named = {stage.rule_name: stage.name for stage in graph.load(toy.folder)}
        planned = toy.snakemake("-n")
        status = json.loads(toy.dvc("status", "--json").stdout)
        said = json.loads(toy.retrace("explain", "--json").stdout)
    finally:
        for name, content in before.items():
            (toy.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (toy.folder / name).write_bytes(content)
    text = planned.stdout + planned.stderr
    own, jobs = set(engines.direct_jobs(text)), engines.planned_jobs(text)
    return said, set(status) - {GUARD}, {named[rule] for rule in own if rule in named}, {named[rule] for rule in jobs}


def first(toy: ToyGraph, names: set[str]) -> set[str]:
    """Those before which no other one stands."""
    stages = graph.load(toy.folder)
    return {name for name in names if {one.name for one in graph.ancestors(stages, [name])} & names == {name}}


@pytest.mark.parametrize("case", AGREED)
def test_all_three_agree(adopted, case):
    said, by_dvc, own, jobs = answers(adopted, AGREED[case])
    assert set(said["direct"]) == by_dvc == set().union(*(change.direct for change in AGREED[case]))
    assert own == first(adopted, by_dvc)
    assert set(said["direct"]) | set(said["downstream"]) == jobs
    for change in AGREED[case]:
        for stage in change.direct:
            assert any(change.note in one["note"] for one in said["direct"][stage]), stage
            assert change.note or not any(one["note"] for one in said["direct"][stage]), stage


@pytest.mark.parametrize("case", EXCEPTIONS)
def test_known_exceptions(adopted, case):
    """Both ways: an engine that learns to see one of these fails here."""
    entries = EXCEPTIONS[case]
    said, by_dvc, own, _ = answers(adopted, [change for change, _, _ in entries])
    assert set(said["direct"]) == set().union(*(change.direct for change, _, _ in entries))
    assert by_dvc == set().union(*(dvc for _, dvc, _ in entries))
    assert own == first(adopted, set().union(*(snakemake for _, _, snakemake in entries)))


def test_what_adopt_passed_over_is_no_reason_any_more(adopted, tmp_path):
    """A comment, and a waived change: once both engines are told, none of the three would run anything."""
    shutil.copytree(adopted.folder, tmp_path / "copy", symlinks=True)
    toy = ToyGraph.__new__(ToyGraph)
    toy.folder = tmp_path / "copy"
    toy.edit("stages/train.py", "read = [", "read = [  # in order\n        ")
    toy.edit("stages/runner/exits.py", "\nDONE = 0", "\n# All is well.\nDONE = 0")
    toy.edit("stages/tabulate.py", "read = [", "read = list() + [")
    toy.make_graph()
    told = toy.retrace("adopt", "--accept", "toy_tabulate", "--reason", "the same list")
    assert told.returncode == 0, told.stdout + told.stderr
    said, by_dvc, own, jobs = answers(toy, [])
    assert said["direct"] == {} and not (by_dvc or own or jobs)
    shutil.rmtree(toy.folder / ".snakemake/metadata")
    assert json.loads(toy.retrace("explain", "--json").stdout)["direct"] == {}, "DVC remembers the code's digest too"
