"""Which file holds which parameters, how they are read, and what is refused."""

from pathlib import Path

import pytest

from stages import graph, homes
from stages.runner import layers, params
from stages.runner.exits import BAD_PARAMS, StageFailure

OWN = "stages/papers/one/params.yaml"
SHARED = "profile: demo\nset:\n  base:\n    size: 8  # ours (gap G4)\nplain:\n  base:\n    x: 5  # code\n"
PAPER = "one:\n  base:\n    rate: 1.0e-4  # supp §1\n    width: 3      # ours (gap G3)\n"
FOLDER = "stages/papers/one/params"
PIECES = {
    f"{FOLDER}/net.yaml": "one:\n  net:\n    base:\n      w: 3  # ours (gap G5)\n",
    f"{FOLDER}/teacher/far.yaml": "one: {teacher: {far: {base: {v: 4}}}}\n",
    f"{FOLDER}/teacher/near.yaml": "one: {teacher: {near: {base: {u: 5}}}}\n",
    "stages/params/alone.yaml": "alone: {base: {x: 1}}\n",
    "stages/params/many/a.yaml": "many: {a: {base: {y: 1}}}\n",
    "stages/params/many/b.yaml": "many: {b: {base: {z: 2}}}\n",
}
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
        (OWN, PAPER + "set: {}\n", (), f"{OWN}: set may not stand in this file, which holds one; its place"),
        ("params.yaml", SHARED + "one: {}\n", (), f"params.yaml: one may not stand here, its place is {OWN}; keep one"),
        (OWN, "two: {}\n", ("one.base",), f"{OWN}: two may not stand in this file, which holds one"),
        (OWN, "{}\n", ("one.base",), f"{OWN}: expected one, as its name says, and keys below it"),
        (OWN, "one: 3\n", ("one.base",), f"{OWN}: expected one, as its name says, and keys below it"),
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


@pytest.fixture
def broken_up(root) -> Path:
    """The same with files of words of a name, a word each."""
    (root / OWN).unlink()
    for file, text in PIECES.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text)
    return root


def test_a_file_may_be_broken_up_into_a_folder(broken_up):
    wanted = {"many.a.base": "stages/params/many/a.yaml", "alone.base.x": "stages/params/alone.yaml",
              "one.net.base": f"{FOLDER}/net.yaml", "one.teacher.far.base": f"{FOLDER}/teacher/far.yaml",
              "set.base": "params.yaml", "profile": "params.yaml", "unknown.base": "params.yaml",
              "many.c.base": "stages/params/many", "many": "stages/params/many",
              "one.teacher.fur": f"{FOLDER}/teacher", "one": FOLDER}  # fmt: skip
    assert {name: homes.home(name) for name in wanted} == wanted
    assert homes.files() == ["params.yaml", *sorted(PIECES)[-3:], *sorted(PIECES)[:3]]
    assert homes.papers() == ["one"]


def test_files_are_read_as_one(broken_up):
    assert params.load() == {
        "profile": "demo", "set": {"base": {"size": 8}}, "plain": {"base": {"x": 5}}, "alone": {"base": {"x": 1}},
        "many": {"a": {"base": {"y": 1}}, "b": {"base": {"z": 2}}},
        "one": {"net": {"base": {"w": 3}}, "teacher": {"far": {"base": {"v": 4}}, "near": {"base": {"u": 5}}}},
    }  # fmt: skip
    names = ("many.a.base", "many.b.base", "one.teacher.far.base", "one.net.base")
    assert layers.merge(params.load(names=names), names) == {"y": 1, "z": 2, "v": 4, "w": 3}
    (broken_up / "stages/params/many/b.yaml").write_text("no: [mapping")
    assert layers.merge(params.load(names=["many.a.base"]), ("many.a.base",)) == {"y": 1}
    assert layers.gaps(names, broken_up) == ["G5"]


@pytest.mark.parametrize(
    ("file", "text", "names", "message"),
    [
        ("stages/params/many/a.yaml", "many: {b: {}}\n", (),
         "many/a.yaml: many.b may not stand in this file, which holds many.a; its place is stages/params/many/b.yaml"),
        ("stages/params/many/a.yaml", "many: {c: {}}\n", ("many.a.base",),
         "many/a.yaml: many.c may not stand in this file, which holds many.a; its place is stages/params/many"),
        ("stages/params/many/a.yaml", "a: {base: {y: 1}}\n", (), "many/a.yaml: a may not stand in this file"),
        ("stages/params/many/a.yaml", "many: {}\n", (), "many/a.yaml: expected many.a, as its name says"),
        ("stages/params/many.yaml", "many: {base: {y: 1}}\n", ("many.base",),
         "many.yaml: many.a may not stand in stages/params/many/a.yaml beside it; keep one of the two"),
        ("stages/params/many.yaml", "many: {base: {y: 1}}\n", (),
         "many/a.yaml: many.a may not stand here, its place is stages/params/many.yaml; keep one of the two"),
        ("stages/params/one.yaml", "one: {base: {y: 1}}\n", (),
         f"stages/params/one.yaml: one may not stand here, its place is {FOLDER}; keep one of the two"),
        ("params.yaml", "profile: demo\nalone: {}\n", (),
         "params.yaml: alone may not stand here, its place is stages/params/alone.yaml; keep one of the two"),
        ("params.yaml", "profile: demo\nmany: {}\n", (),
         "params.yaml: many may not stand here, its place is stages/params/many; keep one of the two"),
        (OWN, PAPER, ("one.net.base",), f"{OWN}: one.net may not stand in {FOLDER}/net.yaml beside it"),
        ("params.yaml", SHARED, ("one.nut.base",),
         f"{FOLDER} has no layer 'one.nut.base': 'nut' is missing; the closest is 'one.net'"),
        ("params.yaml", SHARED, ("many.a.base", "one.teacher.fur.base"),
         f"{FOLDER}/teacher has no layer 'one.teacher.fur.base': 'fur' is missing; the closest is 'one.teacher.far'"),
        ("params.yaml", SHARED, ("alune.base",), "params.yaml has no layer 'alune.base': 'alune' is missing; the"),
        ("params.yaml", SHARED, ("many",), "stages/params/many: the layer 'many' must be a mapping, found None"),
        ("params.yaml", SHARED, ("one",), f"{FOLDER}: the layer 'one' must be a mapping, found None"),
    ],
)  # fmt: skip
def test_a_file_holds_what_its_name_says_and_nobody_else_does(broken_up, file, text, names, message):
    (broken_up / file).write_text(text)
    assert message in refused(*names)


def test_the_graph_lists_a_layer_under_its_file(broken_up):
    listed = "[{'stages/params/many/${item.set}.yaml': ['many.${item.set}.base']}, set.base]"
    stage = STAGE.replace("[set.base, {stages/papers/one/params.yaml: [one.base]}]", listed)
    stage = stage.replace("    cmd", "    matrix: {set: [a, b]}\n    cmd").replace(
        "[results/model]", '["results/${item.set}"]'
    )
    (broken_up / "dvc.yaml").write_text(stage)
    first, second = graph.load(broken_up)
    assert first.params == {"many.a.base": {"y": 1}, "set.base": {"size": 8}}
    assert second.homes == {"many.b.base": "stages/params/many/b.yaml", "set.base": "params.yaml"}
