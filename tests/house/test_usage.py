"""Every verb says what it takes when asked, at once and without the libraries that it computes with."""

import subprocess
import sys
from pathlib import Path

import pytest

from stages.graph.verbs import VERBS
from stages.runner import usage
from stages.runner.exits import MEANING

ROOT = Path(__file__).resolve().parents[2]


def test_the_verbs_are_the_files_beside_each_other():
    beside = {path.stem for path in (ROOT / "stages").glob("*.py")} - {
        "__init__",
        "block",
        "durable",
        "homes",
        "loading",
        "yaml_text",
    }
    assert beside == set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_help_names_what_a_verb_takes(verb):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", f"stages.{verb}", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    shape = VERBS[verb]
    choices = [shape.choice, *["paper"] * shape.of_paper, *["method"] * shape.method, *["seed"] * shape.seed]
    for word in (*choices, "block", "in", "out", "threads"):
        assert f"  --{word}" in done.stdout, word
    assert all(f"{code} " in done.stdout for code in MEANING)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time")}
    assert "stages.runner.usage" in imported and not imported & {"torch", "numpy", "pandas", "dvc", "snakemake"}


def test_help_lists_what_there_is_to_choose(monkeypatch):
    monkeypatch.chdir(ROOT)
    train = usage.text("train", ("paper", "method", "seed"), "Trains.")
    assert (
        "contrasfill, ganseg" in train and "contrasfill: batfill, collagegan, comodgan, contrasfill; ganseg: " in train
    )
    prepare = usage.text("prepare", ("set",), "Prepares.")
    assert "bird_part" in prepare and "objects" not in prepare, "a part of several sets is none"
    assert "detector, identity, pmg, scenes_detector, scorer" in usage.text("teach", ("what",), "Teaches.")


def test_help_is_no_stage():
    """Nothing is run, written or complained of, whatever else stands on the line."""
    done = subprocess.run(
        [sys.executable, "-m", "stages.train", "--nonsense", "-h"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stdout.startswith("usage: python -m stages.train ") and not done.stderr
