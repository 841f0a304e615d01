"""Which file holds which parameters, how they are read, and what is refused."""

from pathlib import Path

import pytest

from stages import graph, homes
from stages.runner import layers, params
from stages.runner.exits import BAD_PARAMS, StageFailure

OWN = "stages/papers/one/params.yaml"
SHARED = "profile: demo\nset:\n  base:\n    size: 8  # ours (gap G4)\nplain:\n  base:\n    x: 5  # code\n"
PAPER = "one:\n  base:\n    rate: 1.0e-4  # supp §1\n    width: 3      # ours (gap G3)\n"
STAGE = """
stages:
  train:
    cmd: exec python -m stages.true
    params: [set.base, {stages/papers/one/params.yaml: [one.base]}]
    outs: [results/model]
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch) -> Path:
    """A project with one paper that has parameters and one that has none."""
    for name in ("one", "two"):
        (tmp_path / "stages/papers" / name).mkdir(parents=True)
    (tmp_path / "params.yaml").write_text(SHARED)
    (tmp_path / OWN).write_text(PAPER)
    (tmp_path / "dvc.yaml").write_text(STAGE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(*names: str) -> str:
    with pytest.raises(StageFailure) as caught:
        layers.merge(params.load(names=names or None), names)
    assert caught.value.code == BAD_PARAMS
    return str(caught.value)


def test_a_paper_s_layers_are_at_home_in_its_own_file(root):
    assert homes.home("one.base") == homes.home("one") == OWN
    assert homes.home("two.base") == homes.home("set.base") == homes.home("profile") == homes.home("") == "params.yaml"
    assert homes.files() == homes.files(root) == ["params.yaml", OWN]


def test_a_stage_reads_the_files_of_its_layers_and_no_other(root):
    assert params.load().keys() == {"profile", "set", "plain", "one"}
    assert params.load(names=["one.base"]).keys() == {"one"}
    (root / "params.yaml").write_text("no: [mapping")
    assert layers.merge(params.load(names=["one.base"]), ("one.base",)) == {"rate": 1.0e-4, "width": 3}


def test_gaps_are_found_in_both_files(root):
    assert layers.gaps(("one.base",)) == ["G3"] and layers.gaps(("set.base",), root) == ["G4"]
    assert layers.gaps(("set.base", "one.base")) == ["G3", "G4"] and layers.gaps(("plain.base",)) == []


@pytest.mark.parametrize(
    ("file", "text", "names", "message"),
    [
        (OWN, PAPER + "set: {}\n", (), f"{OWN}: set may not stand at the top of this file; put it under one, or"),
        ("params.yaml", SHARED + "one: {}\n", (), "params.yaml: one may not stand at the top of this file; move it to"),
        (OWN, "two: {}\n", ("one.base",), f"{OWN}: two may not stand"),
        (OWN, PAPER + "    rate: 2.0\n", ("one.base",), f"{OWN} line 5: the key 'rate' is written twice"),
        (OWN, "one: [base", ("one.base",), f"{OWN} is not valid YAML"),
        (OWN, "- one", ("one.base",), f"{OWN}: expected a mapping, found list"),
        (OWN, PAPER.replace("1.0e-4", "1e-4"), ("one.base",), f"{OWN}: one.base.rate reads as text '1e-4'"),
        (OWN, PAPER, ("one.bsae",), f"{OWN} has no layer 'one.bsae': 'bsae' is missing; the closest is 'one.base'"),
        (OWN, PAPER, ("ones.base",), "params.yaml has no layer 'ones.base': 'ones' is missing; the closest is 'one'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_file(root, file, text, names, message):
    (root / file).write_text(text)
    assert message in refused(*names)


@pytest.mark.parametrize(
    ("listed", "message"),
    [
        ("[one.base]", f"params names 'one.base' of params.yaml; the file of one.base is {OWN}"),
        (f"[{{{OWN}: [set.base]}}]", f"params names 'set.base' of {OWN}; the file of set.base is params.yaml"),
        (f"[{{{OWN}: }}]", f"params names None of {OWN}; expected a key"),
        (f"[{{{OWN}: [one.base.rate, one.base]}}]", "params lists one.base and one.base.rate within it"),
        (f"[{{{OWN}: [one.other]}}]", f"{OWN} has no one.other: other is missing"),
    ],
)
def test_the_graph_refuses_a_key_under_another_file(root, listed, message):
    (root / "dvc.yaml").write_text(STAGE.replace("[set.base, {stages/papers/one/params.yaml: [one.base]}]", listed))
    with pytest.raises(ValueError) as caught:
        graph.load(root)
    assert message in str(caught.value)


def test_the_graph_gives_values_and_files(root):
    (stage,) = graph.load(root)
    assert stage.params == {"set.base": {"size": 8}, "one.base": {"rate": 1.0e-4, "width": 3}}
    assert list(stage.params) == ["set.base", "one.base"]
    assert stage.homes == {"set.base": "params.yaml", "one.base": OWN}
