"""Generated files follow their sources: `make graph` writes them, nothing starts while they are stale."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stages import graph
from stages.graph import written
from stages.graph.names import CHECKED, CODE, LINK
from stages.graph.names import GRAPH as GENERATED
from stages.runner.code import Code
from stages.runner.plan import roots
from stages.train import module_of
from tests.house.resolved import ROOT, arguments_of, modules_of, stages_here
from tests.house.toy_graph import GRAPH, OWN, OWN_GRAPH, ToyGraph


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The real tree's sources and generated files."""
    for name in ("stages", "envs"):
        shutil.copytree(ROOT / name, tmp_path / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("params.yaml", GENERATED):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but what git ignores."""
    names = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    kept = [name for name in names if not {".work", "__pycache__"} & set(name.parts)]
    assert kept
    return {name.as_posix(): (folder / name).read_bytes() for name in kept}


# --- the real tree ----------------------------------------------------------------------------------------------------


def test_what_is_committed_is_what_the_sources_say(copy):
    """Equal text from nothing, and a second run writes nothing: not even the times change."""
    written.refuse_stale(ROOT)
    kept = contents(copy)
    assert written.write(copy) == []
    for name in (GENERATED, CODE, LINK):
        (copy / name).unlink()
    assert written.write(copy) == [GENERATED, CODE, LINK]
    assert contents(copy) == kept and os.readlink(copy / LINK) == f"../{GENERATED}"
    times = {name: (copy / name).lstat().st_mtime_ns for name in (GENERATED, CODE, LINK)}
    assert written.write(copy) == []
    assert times == {name: (copy / name).lstat().st_mtime_ns for name in times}


def keys_of(copy: Path) -> dict[str, str]:
    """code.json as the sources of a tree have it now."""
    return json.loads(written.code_text(copy, written.groups(copy)))


def differing(copy: Path, module: str) -> set[str]:
    """The keys that follow an edit of one file."""
    before, text = keys_of(copy), (copy / module).read_text(encoding="utf-8")
    (copy / module).write_text(f"{text}\n\nEDITED = True\n", encoding="utf-8")
    after = keys_of(copy)
    assert before.keys() == after.keys() and before == json.loads((ROOT / CODE).read_text())
    return {key for key in before if before[key] != after[key]}


@pytest.fixture(scope="module")
def closures() -> dict[str, list[str]]:
    """Key of code.json -> the files behind it, from the resolved commands."""
    code, found = Code(ROOT, cached=False), {}
    for stage in stages_here():
        verb, arguments = arguments_of(stage)
        files = code.closure(roots(arguments.verb, modules_of(verb, arguments)))
        assert found.setdefault(stage.code_key, files) == files, "one key is one closure"
    return found


def test_every_key_is_the_digest_of_the_commands_own_closure(closures):
    code = Code(ROOT, cached=False)
    assert {key: code.digest(files) for key, files in closures.items()} == json.loads((ROOT / CODE).read_text())


def test_an_edit_of_one_paper_s_network_leaves_the_other_paper_alone(copy):
    changed = differing(copy, "stages/nets/unet.py")
    assert changed and not [key for key in changed if key.split("-")[1] == "contrasfill"]
    assert {key.split("-")[1] for key in changed} == {"ganseg"}


@pytest.mark.parametrize("module", ["stages/losses/nce.py", "stages/engine/loop.py"])
def test_an_edit_of_a_part_changes_exactly_the_keys_that_hold_it(copy, closures, module):
    holding = {key for key, files in closures.items() if module in files}
    assert differing(copy, module) == holding and 0 < len(holding) < len(closures)


def test_an_edit_of_what_wraps_every_verb_changes_every_key(copy, closures):
    assert differing(copy, "stages/runner/publish.py") == set(closures)


@pytest.mark.parametrize(("paper", "figure"), [("contrasfill", "fig09"), ("ganseg", "fig03")])
def test_an_edit_of_a_figure_changes_its_own_key_alone(copy, paper, figure):
    assert differing(copy, f"stages/papers/{paper}/report/{figure}.py") == {f"illustrate-{paper}-{figure}"}


def test_no_figure_hangs_on_another_s_module(closures):
    figures = [key for key in closures if key.startswith("illustrate-")]
    for key in figures:
        _, paper, name = key.split("-")
        holding = {other for other in figures if f"stages/papers/{paper}/report/{name}.py" in closures[other]}
        assert holding == {key}


NEW = {
    "graph.yaml": """
stages:
  train:
    desc: the new paper's model
    matrix: {set: [face, bird], seed: [0, 1]}
    train: plain
    seed: ${item.seed}
    layers: [train]
    in: {data: "data/${item.set}"}
    out: model/${item.set}_${item.seed}
  table:
    desc: the new paper's table
    tabulate: table
    layers: [table]
    in: {one: model/face_0}
    out: tables/newpaper_table
""",
    "params.yaml": """
newpaper:
  train: {base: {}, profile: {smoke: {}, demo: {}, lite: {}, paper: {}}}
  table: {base: {}}
""",
    "__init__.py": "",
    "report/__init__.py": "",
    "report/table.py": '"""Tabulates."""\n',
    "captions/table.rst": "A table.\n",
}  # fmt: skip


def test_a_new_paper_is_one_folder_and_no_line_elsewhere(copy):
    """Only generated files change, by lines that are added; all other stages stay as they are."""
    before, stages = contents(copy), {stage.name: stage for stage in graph.load(copy)}
    place = "stages/papers/newpaper"
    method = module_of({"paper": "newpaper", "method": "plain"}).replace(".", "/")
    new = {f"{place}/{name}": text for name, text in NEW.items()}
    new |= {f"{method}.py": '"""Trains."""\n\nfrom stages.losses import nce\n\nused = nce\n'}
    for name, text in new.items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text(text)
    words = [sys.executable, "-m", "stages.graph"]
    done = subprocess.run(
        words, cwd=copy, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, f"wrote {GENERATED}, {CODE}\n"), done.stderr
    after = contents(copy)
    assert after.keys() - before.keys() == new.keys()
    # The link speaks of dvc.yaml.
    assert {name for name in before if before[name] != after[name]} == {GENERATED, CODE, LINK}
    lines = iter(after[GENERATED].splitlines())
    assert all(line in lines for line in before[GENERATED].splitlines()), "old lines stay, in their order"
    made = {stage.name: stage for stage in graph.load(copy)}
    added = made.keys() - stages.keys()
    train = {f"newpaper_train@{name}-{seed}" for name in ("face", "bird") for seed in (0, 1)}
    assert added == train | {"newpaper_table"}
    shown = lambda stage: (stage.cmd, stage.deps, stage.outs, dict(stage.params), stage.code, stage.meta)  # noqa: E731
    assert {name: shown(stage) for name, stage in made.items() if name not in added} == {
        name: shown(stage) for name, stage in stages.items()
    }
    needed = [stage.name for stage in graph.ancestors(list(made.values()), ["newpaper_table"])]
    assert needed[-2:] == ["newpaper_train@face-0", "newpaper_table"] and "prepare_face" in needed


# --- both engines on the toy ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def looked(tmp_path_factory) -> ToyGraph:
    """The toy, whose generated files DVC has looked at and found right; no stage has run."""
    toy = ToyGraph(tmp_path_factory.mktemp("looked"))
    done = toy.dvc("repro", "graph")
    assert done.returncode == 0 and (toy.folder / CHECKED).is_file(), done.stdout + done.stderr
    again = toy.dvc("repro", "graph")
    assert again.returncode == 0 and "Running stage" not in again.stdout, "DVC holds it to be up to date"
    return toy


def edit(file: str, old: str, new: str) -> Callable[[ToyGraph], None]:
    return lambda toy: toy.edit(file, old, new)


def unlink(toy: ToyGraph) -> None:
    (toy.folder / LINK).unlink()


def other_digit(toy: ToyGraph) -> None:
    content = json.loads((toy.folder / CODE).read_text())
    toy.edit(CODE, content["train-toy-plain"], "0" * 64)


LAYER = "table: {base: {digits: 3}, profile: {smoke: {}, demo: {}, lite: {}, paper: {}}}"
# What is edited -> words that are said besides.
STALE = {
    "a verb's code": (edit("stages/tabulate.py", "read = [", "read = list() + ["), "tabulate-toy-table"),
    "the runner's code": (edit("stages/runner/exits.py", "\nDONE = 0", "\nDONE = 0\nMORE = 1"), CODE),
    "a graph source": (edit(OWN_GRAPH, "files: [csv, md]", "files: [csv]"), GENERATED),
    "the shared graph source": (edit(GRAPH, "sets: [celebamask_hq, cub]", "sets: [cub, celebamask_hq]"), GENERATED),
    "a description alone": (edit(OWN_GRAPH, "desc: a model of each set", "desc: a model"), "desc: a model"),
    "a layer that the graph would take up": (edit(OWN, "table: {base: {digits: 3}}", LAYER), GENERATED),
    "dvc.yaml": (edit(GENERATED, "      --files csv md", "      --files csv"), "--files csv"),
    "dvc.yaml's description": (edit(GENERATED, "    desc: raw data\n", "    desc: raw dates\n"), "raw dates"),
    "dvc.yaml, a comment": (edit(GENERATED, "# Every command", "# No command"), "No command"),
    "code.json": (other_digit, "train-toy-plain"),
    "the link gone": (unlink, LINK),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", STALE)
def test_nothing_starts_from_stale_files(looked, case):
    """Each by its own way says so before any job; one `make graph`, or the edit taken back, and all is right again."""
    alter, words = STALE[case]
    kept = {name: (looked.folder / name).read_bytes() for name in (GENERATED, CODE, GRAPH, OWN_GRAPH, OWN)}
    kept |= {name: (looked.folder / name).read_bytes() for name in ("stages/tabulate.py", "stages/runner/exits.py")}
    alter(looked)
    try:
        check = looked.call("python", "-m", "stages.graph", "--check")
        assert check.returncode == 78 and "run `make graph`" in check.stderr and words in check.stderr, check.stderr
        planned, made = looked.snakemake("-n"), looked.dvc("repro")
        for done in (planned, made):
            said = done.stdout + done.stderr
            assert done.returncode and "run `make graph`" in said and words in said, said
        assert "Job " not in planned.stdout and made.stdout.count("Running stage") == 1, made.stdout
        assert not (looked.folder / "results/store").exists() and not (looked.folder / "results/tables").exists()
        looked.make_graph()
        assert looked.call("python", "-m", "stages.graph", "--check").returncode == 0
    finally:
        for name, content in kept.items():
            (looked.folder / name).write_bytes(content)
        looked.make_graph()
        assert looked.dvc("repro", "graph").returncode == 0


@pytest.mark.slow
def test_comments_docstrings_and_values_of_parameters_stop_nothing(looked):
    """And make nothing stale: the digests stay, so dvc.yaml and code.json do."""
    kept = {name: (looked.folder / name).read_bytes() for name in (GENERATED, CODE)}
    looked.edit("stages/tabulate.py", "read = [", "read = [  # in order\n        ")
    looked.edit("stages/train.py", '"""Writes its parameters', '"""Writes down its parameters')
    looked.edit(OWN, "digits: 3", "digits: 4")
    looked.edit(GRAPH, "axes:\n", "# Names.\naxes:\n")
    assert looked.call("python", "-m", "stages.graph", "--check").returncode == 0
    done = looked.snakemake("-n")
    assert done.returncode == 0, done.stdout + done.stderr
    done = looked.dvc("repro", "graph")
    assert done.returncode == 0, done.stdout + done.stderr
    assert kept == {name: (looked.folder / name).read_bytes() for name in kept}


def test_a_file_in_the_place_of_the_link_is_refused(copy):
    """With equal bytes DVC sees no difference now, but it would not see the next edit of dvc.yaml."""
    (copy / LINK).unlink()
    shutil.copy(copy / GENERATED, copy / LINK)
    with pytest.raises(ValueError, match=r"stages/written is no link to dvc\.yaml.*; run `make graph`"):
        written.refuse_stale(copy)
    assert written.write(copy) == [LINK]
    written.refuse_stale(copy)


def test_wrong_usage_is_told(looked):
    wrong = looked.call("python", "-m", "stages.graph", "--write")
    assert wrong.returncode == 2 and "usage: python -m stages.graph [--check]" in wrong.stderr
