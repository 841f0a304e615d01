"""Who calls from another folder, or mistypes what is to be made, is told in a line what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stages.graph import asked
from tests.house.toy_graph import BIN, ROOT, ToyGraph
from tests.house.toy_project import ToyProject

TABLE = "results/tables/cub.csv"


@pytest.fixture(scope="module")
def toy(tmp_path_factory) -> ToyGraph:
    """A project for calls that change nothing."""
    return ToyGraph(tmp_path_factory.mktemp("the project"))


def call(toy: ToyGraph, folder: Path, program: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A program of this environment, in any folder, with the project's own package."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(toy.folder)}
    return subprocess.run([str(BIN / program), *words], cwd=folder, env=environment, capture_output=True, text=True,
                          timeout=120)  # fmt: skip


def plain(done: subprocess.CompletedProcess[str]) -> str:
    text = " ".join((done.stdout + done.stderr).split())
    assert "Traceback" not in text, text
    return text


def test_snakemake_from_another_folder_says_where_to_go(toy, tmp_path):
    for folder in (tmp_path / "elsewhere", toy.folder / "stages"):
        done = call(toy, folder, "snakemake", "-s", str(toy.folder / "Snakefile"), "-n", "--workflow-profile", "none")
        text = plain(done)
        assert (
            done.returncode == 1
            and f"expected the project's root, {toy.folder}" in text
            and f"add -d {toy.folder}" in text
        )
        assert "dependency" not in text and len(text) < 600
    done = call(
        toy, tmp_path / "elsewhere", "snakemake", "-s", str(toy.folder / "Snakefile"), "-d", str(toy.folder), "-n"
    )
    assert done.returncode == 0, plain(done)
    (tmp_path / "link").symlink_to(toy.folder)
    done = call(toy, tmp_path / "link", "snakemake", "-n")
    assert done.returncode == 0, "a root by another name is the root: " + plain(done)


def test_retrace_in_a_folder_below_and_outside(toy, tmp_path):
    below, outside = toy.folder / "stages" / "graph", tmp_path / "outside"
    inside = call(toy, below, "python", "-m", "stages.retrace.main", "explain", TABLE)
    assert inside.returncode == 1 and "not built yet" in plain(inside)
    for folder, word in ((toy.folder / "stages", "../params.yaml"), (toy.folder / "stages", "code.json")):
        done = call(toy, folder, "python", "-m", "stages.retrace.main", "explain", word)
        assert (
            "no stage, group or output is called " + ("params.yaml" if "params" in word else "stages/code.json")
            in done.stderr
        )
    for words in (
        ("explain",),
        ("audit",),
        ("claims",),
        ("status",),
        ("doctor",),
        ("trace", "x"),
        ("adopt",),
        ("crate", "x"),
    ):
        done = call(toy, outside, "python", "-m", "stages.retrace.main", *words)
        assert done.returncode == 2 and done.stderr.count("\n") == 1, plain(done)
        assert "expected a project of Retrace here or in a folder above" in done.stderr and str(outside) in done.stderr
    (outside / "dvc.yaml").write_text("stages: {}\n")
    done = call(toy, outside, "python", "-m", "stages.retrace.main", "explain")
    assert done.returncode == 2 and "expected a project of Retrace" in done.stderr, "another project's dvc.yaml is none"
    assert not list(outside.glob(".work")) and not (outside / "results").exists()


def test_make_from_another_folder_says_where_to_go(tmp_path):
    done = subprocess.run(["make", "-f", str(ROOT / "Makefile"), "help"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and f"this is {tmp_path}: run make -C {ROOT}" in done.stderr
    assert subprocess.run(["make", "-C", str(ROOT), "help"], cwd=tmp_path, capture_output=True).returncode == 0


def test_a_folder_that_is_gone(toy, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f"cd {gone} && rmdir {gone} && exec {sys.executable} -m stages.retrace.main explain"
    environment = {**os.environ, "PYTHONPATH": str(toy.folder)}
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode in (2, 3) and "Traceback" not in done.stderr, done.stderr


@pytest.mark.parametrize("whole", [True, False], ids=["a whole command", "no arguments"])
def test_a_stage_outside_of_the_root(tmp_path, whole):
    project = ToyProject(tmp_path / "project")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(project.folder)}
    command = project.command() if whole else project.command()[:3]
    done = subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 78 and done.stderr.count("\n") == 1, done.stderr
    assert "expected the project's root, where stages/toy.py lies" in done.stderr and "cd to it first" in done.stderr
    assert not list(elsewhere.iterdir()), "nothing is written in a folder that is no project"


def test_a_stage_and_make_graph_say_which_folder(toy, tmp_path):
    for folder in (tmp_path / "elsewhere", toy.folder / "stages" / "graph"):
        for module, file in (("stages.train", "stages/train.py"), ("stages.graph", "stages/graph.yaml")):
            done = call(toy, folder, "python", "-m", module)
            assert done.returncode == 78 and done.stderr.count("\n") == 1, done.stderr
            assert f"where {file} lies" in done.stderr and f"cd {toy.folder}" in done.stderr, done.stderr


TYPOS = {
    "a folder": ("results/tabels/cub.csv", f"the closest is {TABLE}"),
    "a suffix": ("results/tables/cub.cvs", f"the closest is {TABLE}"),
    "a name alone": ("cub.csv", f"the closest is {TABLE}"),
    "absolute": ("{root}/results/tables/cub.csv", f"the closest is {TABLE}"),
    "a model": ("results/store/demo/model/toy/cub0", "the closest is results/store/demo/model/toy/cub_0"),
    "a rule": ("toy_train_cub_l", "toy_train_cub_1: ask for results/store/demo/model/toy/cub_1"),
    "a stage of DVC": ("toy_tabulate@cub", f"it is a stage: ask for {TABLE}"),
    "its mistyped name": ("toy_tabulat@cub", f"the closest is the stage toy_tabulate@cub: ask for {TABLE}"),
    "a group": ("toy_train", "ask for results/store/demo/model/toy/celebamask_hq_0"),
    "a mistyped group": ("toy_trian", "the closest is the stage toy_train: ask for results/store/demo/model/toy/"),
    "nothing like it": ("zzzzzzzz", "`snakemake -n` lists them"),
}


@pytest.mark.parametrize("word, said", TYPOS.values(), ids=TYPOS)
def test_the_closest_of_a_mistyped_target(toy, monkeypatch, word, said):
    """In this process, as the Snakefile calls it."""
    monkeypatch.chdir(toy.folder)
    word = word.format(root=toy.folder)
    monkeypatch.setattr(sys, "argv", ["/x/bin/snakemake", "--cores", "8", "--resources", "torch=1", "--", word])
    from stages import graph

    with pytest.raises(ValueError) as refused:
        asked.refuse_unknown(graph.load(toy.folder))
    assert f"nothing makes {word}; " in str(refused.value) and said in str(refused.value)


SOUND = (
    ["-n"], ["--cores", "8", TABLE], ["-n", "toy_train_cub_0", "all"], ["params.yaml"],
    ["-n", f"./{TABLE}", "results/store/demo/raw/cub/"], ["--report", "report.html", TABLE],
    ["-c", "1", "--resources", "torch=8", "--until", "toy_train_cub_0", "--", TABLE],
    ["--cores", "all", "--set-threads", "toy_train_cub_0=2", "--forcerun", "toy_tabulate_cub", "--", TABLE],
    ["--config", "profile=paper"], ["--directory", "/x", "--snakefile", "y/Snakefile"],
)  # fmt: skip


@pytest.mark.parametrize("words", SOUND, ids=map(" ".join, SOUND))
def test_what_snakemake_knows_is_not_refused(toy, monkeypatch, words):
    from stages import graph

    monkeypatch.chdir(toy.folder)
    monkeypatch.setattr(sys, "argv", ["/x/bin/snakemake", *words])
    asked.refuse_unknown(graph.load(toy.folder))


def test_the_usual_words_ask_no_second_parser(toy, monkeypatch):
    """It takes some ms, and none of the everyday calls needs it."""
    from stages import graph

    monkeypatch.chdir(toy.folder)
    monkeypatch.setattr(asked, "_asked", lambda words: pytest.fail("parsed again"))
    for words in (["-n"], ["--cores", "8", TABLE], ["-n", "-R", "toy_train_cub_0", "--", TABLE]):
        monkeypatch.setattr(sys, "argv", ["snakemake", *words])
        asked.refuse_unknown(graph.load(toy.folder))
    monkeypatch.setattr(sys, "argv", ["-c", "what another program was given"])
    asked.refuse_unknown(graph.load(toy.folder))


def test_snakemake_itself_names_the_closest(toy):
    """Also for --until and its kind; jobs in processes of their own ask for what the main one chose."""
    done = toy.snakemake("-n", "results/tabels/cub.csv")
    text = plain(done)
    assert done.returncode == 1 and f"nothing makes results/tabels/cub.csv; the closest is {TABLE}" in text
    assert "No rule to produce" not in text
    done = toy.snakemake("-n", "--until", "toy_trian_cub_0", "--", TABLE)
    assert done.returncode == 1 and "the closest is the stage toy_train_cub_0" in plain(done)
    done = toy.snakemake("-n", "--until", "toy_train_cub_0", "--", f"./{TABLE}")
    assert done.returncode == 0, plain(done)


def test_retrace_knows_a_file_by_its_name_alone(toy):
    done = toy.retrace("explain", "cub.csv")
    assert done.returncode == 2 and f"the closest is {TABLE}" in done.stderr
