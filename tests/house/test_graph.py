"""The adapter over DVC's resolver: what it gives, and what it refuses by name."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stages import graph

ROOT = Path(__file__).resolve().parents[2]
PARAMS = "profile: demo\nbig: {base: {rate: 1.0e-4, names: [b, a], inner: {z: 1, a: 2}}, profile: {demo: {}}}\n"
CALL = "exec python -m stages.true"
CHAIN = """
stages:
  graph:
    cmd: exec python -m stages.true
    outs: [results/graph.json]
  preflight:
    desc: a need, "x" or "y"
    matrix: {set: [x, y]}
    cmd: exec python -m stages.true ${item.set}
    params: ["big.base"]
    outs: ["results/store/${profile}/preflight/${item.set}"]
  render:
    matrix: {set: [x, y]}
    cmd: exec python -m stages.true ${item.set}
    deps: [code/a.csv, results/graph.json, "results/store/${profile}/preflight/${item.set}"]
    params: [big.base, "big.profile.${profile}", stages/code.json: ["render-${item.set}"]]
    outs: ["results/store/${profile}/raw/${item.set}"]
    meta: {threads: 2, torch: 1, gpu: 1, mem_mb: 5, runtime_min: 6, disk_mb: 7, env: detectron2}
  prepare:
    matrix: {set: [x, y]}
    cmd: exec python -m stages.true ${item.set}
    deps: ["results/store/${profile}/raw/${item.set}"]
    outs: ["results/store/${profile}/data/${item.set}"]
  train:
    cmd: exec python -m stages.true
    deps: ["results/store/${profile}/data/x"]
    outs: ["results/store/${profile}/model"]
  table:
    cmd: exec python -m stages.true
    deps: ["results/store/${profile}/model", "results/store/${profile}/preflight/x"]
    outs:
      - results/tables/t.csv: {cache: false}
      - results/receipts/t.json: {cache: false}
    meta: {final: true, paper: toy, caption: code/t.rst}
"""


def project(folder: Path, stages: str, params: str = PARAMS) -> Path:
    (folder / "code").mkdir(parents=True)
    for name in ("a.csv", "t.rst"):
        (folder / "code" / name).write_text("")
    (folder / "stages").mkdir()
    (folder / "stages/code.json").write_text('{"render-x": "0a", "render-y": "1b"}')
    (folder / "data").mkdir()
    (folder / "data" / "x.txt").write_text("x")
    (folder / "dvc.yaml").write_text(stages)
    (folder / "params.yaml").write_text(params)
    return folder


def one(**changes: object) -> str:
    """A single good stage with some keys replaced."""
    stage = {"cmd": CALL, "deps": ["code/a.csv"], "params": ["big.base"], "outs": ["results/a"], **changes}
    return json.dumps({"stages": {"one": {key: value for key, value in stage.items() if value is not None}}})


def names(stages) -> list[str]:
    return [stage.name for stage in stages]


def test_record_holds_everything_resolved(tmp_path):
    stages = graph.load(project(tmp_path, CHAIN))
    assert names(stages) == [
        *("preflight@x", "preflight@y", "render@x", "render@y", "prepare@x", "prepare@y", "train", "table")
    ]
    render = stages[2]
    assert (render.rule_name, render.group, render.cmd) == ("render_x", "render", "exec python -m stages.true x")
    assert render.deps == ("code/a.csv", "results/store/demo/preflight/x"), "without what only DVC's first stage makes"
    assert (render.code_key, render.code, stages[3].code) == ("render-x", "0a", "1b")
    assert (stages[0].desc, stages[0].code_key, stages[0].code) == ('a need, "x" or "y"', "", "")
    assert render.params == {
        "big.base": {"rate": 0.0001, "names": ["b", "a"], "inner": {"a": 2, "z": 1}},
        "big.profile.demo": {},
    }
    assert (render.threads, render.env, render.final) == (2, "detectron2", False)
    assert render.resources == {"torch": 1, "gpu": 1, "mem_mb": 5, "runtime": 6, "disk_mb": 7}
    assert (render.folders, render.files, render.shown) == (["results/store/demo/raw/x"], [], [])
    table = stages[-1]
    assert (table.threads, table.env, table.final) == (1, "core", True)
    assert (table.folders, table.files, table.shown) == ([], ["results/receipts/t.json"], ["results/tables/t.csv"])
    assert table.report == {"caption": "code/t.rst", "category": "toy"}


def test_order_of_keys_in_params_changes_no_text(tmp_path):
    turned = "profile: demo\nbig: {profile: {demo: {}}, base: {inner: {a: 2, z: 1}, names: [b, a], rate: 1.0e-4}}\n"
    first = graph.load(project(tmp_path / "1", CHAIN))
    second = graph.load(project(tmp_path / "2", CHAIN, turned))
    assert [repr(stage.params) for stage in first] == [repr(stage.params) for stage in second]
    swapped = graph.load(project(tmp_path / "3", CHAIN, PARAMS.replace("[b, a]", "[a, b]")))
    assert repr(first[2].params) != repr(swapped[2].params)


def test_ancestors_producer_and_find(tmp_path):
    stages = graph.load(project(tmp_path, CHAIN))
    assert names(graph.ancestors(stages, ["results/tables/t.csv"])) == [
        *("preflight@x", "render@x", "prepare@x", "train", "table")
    ]
    assert names(graph.ancestors(stages, ["prepare@y"])) == ["preflight@y", "render@y", "prepare@y"]
    assert names(graph.find(stages, ["render", "train"])) == ["render@x", "render@y", "train"]
    assert graph.producer(stages)["results/store/demo/data/y"].name == "prepare@y"
    with pytest.raises(ValueError, match=r"results/tables/t\.cvs; the closest is results/tables/t\.csv"):
        graph.find(stages, ["results/tables/t.cvs"])


def test_supplies_are_those_that_planned_stages_read(tmp_path):
    stages = graph.load(project(tmp_path, CHAIN))
    assert names(graph.supplies(stages, [out for stage in stages for out in stage.outs])) == [
        "preflight@x",
        "preflight@y",
    ]
    assert names(graph.supplies(stages, ["prepare@y"])) == ["preflight@y"]  # reads the raw folder
    assert names(graph.supplies(stages, ["render@x"])) == ["preflight@x"]
    assert names(graph.supplies(stages, ["train", "table"])) == []  # neither training nor a table reads raw data


REFUSED = {
    "no exec": (one(cmd="python -m stages.true"), "cmd must be one plain call"),
    "two commands": (one(cmd="exec python -m stages.true; true"), "cmd must be one plain call"),
    "before the program": (one(cmd="exec env PYTHONPATH=/a python -m stages.true"), "cmd must be one plain call"),
    "an option of Python's": (one(cmd="exec python -O -m stages.true"), "cmd must be one plain call"),
    "another program": (one(cmd="exec python tools/true.py"), "cmd must be one plain call"),
    "another package": (one(cmd="exec python -m others.true"), "cmd must be one plain call"),
    "no verb": (one(cmd="exec python -m stages.retrace.main"), "cmd must be one plain call"),
    "a quoted word": (one(cmd="exec python -m stages.true --out 'a b'"), "cmd must be one plain call"),
    "a pattern": (one(cmd="exec python -m stages.true --out results/*"), "cmd must be one plain call"),
    "two spaces": (one(cmd="exec python -m stages.true  --out a"), "cmd must be one plain call"),
    "redirection": (one(cmd="exec python -m stages.true > a"), "cmd must be one plain call"),
    "list of commands": (one(cmd=[CALL, CALL]), "cmd must be one plain call"),
    "no command": (one(cmd=None), "dvc.yaml: required key not provided @ data['stages']['one']['cmd']"),
    "unknown key": (one(out=["results/b"]), "out is not known here; the closest is outs"),
    "working folder": (one(wdir="code"), "wdir is not known here"),
    "unknown meta": (one(meta={"memory_mb": 3}), "memory_mb is not known here; the closest is mem_mb"),
    "meta of text": (one(meta={"threads": "2"}), "meta.threads must be int, is '2'"),
    "meta of bool": (one(meta={"threads": True}), "meta.threads must be int, is True"),
    "caption alone": (one(meta={"caption": "a.rst"}), "meta.caption needs meta.paper"),
    "output flag": (one(outs=[{"results/a": {"persist": True}}]), "persist is not known here"),
    "output elsewhere": (one(outs=["data/a"]), "must be a plain path under results/"),
    "output climbing": (one(outs=["results/../data"]), "must be a plain path under results/"),
    "output with slash": (one(outs=["results/a/"]), "must be a plain path under results/"),
    "missing source": (one(deps=["code/z.csv"]), "code/z.csv is neither an output of a stage nor a source"),
    "a folder of sources": (one(deps=["code"]), "code is neither an output of a stage nor a source file"),
    "result of nobody": (one(deps=["results/b"]), "results/b is neither an output of a stage nor a source"),
    "user data": (one(deps=["data/x.txt"]), "data/x.txt is neither an output of a stage nor a source"),
    "missing value": (one(params=["big.bsae"]), "params.yaml has no big.bsae: bsae is missing; the closest is base"),
    "other params file": (
        one(params=[{"other.yaml": ["a"]}]),
        "params names 'a' of other.yaml; the file of a is params.yaml",
    ),
    "code of nobody": (
        one(params=[{"stages/code.json": ["render-z"]}]),
        "stages/code.json has no render-z: render-z is missing; the closest is render-",
    ),
    "two codes": (
        one(params=[{"stages/code.json": ["render-x", "render-y"]}]),
        "expected one key of stages/code.json among its params, found ['render-x', 'render-y']",
    ),
    "key in a key": (one(params=["big.base.names", "big.base"]), "params lists big.base and big.base.names within"),
    "missing template": (one(cmd="exec python -m stages.true ${nothing}"), "nothing"),
    "matrix dash": (one(matrix={"a": ["x-y"]}, outs=["results/${item.a}"]), "matrix.a holds x-y"),
    "matrix at": (one(matrix={"a": ["x@y"]}, outs=["results/${item.a}"]), "matrix.a holds x@y"),
    "matrix list": (one(matrix={"a": [["x"]]}), "matrix.a holds"),
    "matrix dictionary": (one(matrix={"a": [{"b": 1}]}), "matrix.a holds"),
    "matrix decimal": (one(matrix={"a": [0.5]}, outs=["results/${item.a}"]), "matrix.a holds 0.5"),
    "shared output": (one(matrix={"a": ["x", "y"]}), "results/a is an output of one@x and of one@y"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(tmp_path, case):
    text, message = REFUSED[case]
    folder = project(tmp_path, text)
    with pytest.raises(ValueError) as caught:
        graph.load(folder)
    assert message in str(caught.value)
    assert case == "missing template" or "one" in str(caught.value), "the message names the stage"


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ({"a_b": ["results/1", []], "a": ["results/${item.x}", ["b"]]}, "would become one rule, a_b"),
        ({"all": ["results/1", []]}, "would become one rule, all"),
        ({"a": ["results/1", []], "b": ["results/1/2", []]}, "results/1/2 of b lies inside output results/1 of a"),
    ],
)
def test_refuses_pairs(tmp_path, stages, message):
    document = {
        name: {"cmd": "exec python -m stages.true", "outs": [out], **({"matrix": {"x": axis}} if axis else {})}
        for name, (out, axis) in stages.items()
    }
    with pytest.raises(ValueError, match=message):
        graph.load(project(tmp_path, json.dumps({"stages": document})))


def test_refuses_a_circle(tmp_path):
    document = {name: {"cmd": "exec python -m stages.true", "deps": [f"results/{other}"], "outs": [f"results/{name}"]}
                for name, other in (("a", "c"), ("b", "a"), ("c", "b"))}  # fmt: skip
    with pytest.raises(ValueError, match="in a circle") as caught:
        graph.load(project(tmp_path, json.dumps({"stages": document})))
    assert all(name in str(caught.value) for name in "abc")


def test_refuses_a_file_that_is_no_yaml(tmp_path):
    with pytest.raises(ValueError, match=r"dvc\.yaml"):
        graph.load(project(tmp_path, "stages: [a, {b"))


def test_needs_no_git_no_repository_and_no_numeric_library(tmp_path):
    folder = project(tmp_path, CHAIN)
    heavy = "('numpy', 'torch', 'pandas', 'dvc.repo', 'scmrepo.git', 'networkx')"
    text = f"import sys; from stages import graph; graph.load('.'); print([m for m in {heavy} if m in sys.modules])"
    env = {"PATH": str(tmp_path), "PYTHONPATH": str(ROOT)}  # no git on this path
    done = subprocess.run([sys.executable, "-c", text], cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
    assert not (folder / ".dvc").exists() and not (folder / ".git").exists()
