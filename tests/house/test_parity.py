"""One graph, two engines: they read the same stages, make the same bytes, and see the same as stale."""

import inspect
import json
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages import graph
from stages.graph.names import CODE, GUARD
from tests.house import engines
from tests.house.resolved import stages_here
from tests.house.toy_graph import OWN, ROOT, ToyGraph

pytestmark = pytest.mark.slow


def assert_three_readers_agree(folder: Path) -> None:
    stages = graph.load(folder)
    ours = {stage.name: engines.of_stage(stage) for stage in stages}
    assert ours == engines.of_dvc(folder)
    assert {stage.rule_name: ours[stage.name] for stage in stages} == engines.of_snakemake(folder)
    assert all(entry.code for entry in ours.values())


def test_readers_agree_on_the_toy(tmp_path):
    assert_three_readers_agree(ToyGraph(tmp_path).folder)


def test_readers_agree_on_the_real_graph(tmp_path):
    """In the profile with the most values; the others have the same graph, and values of the same kinds."""
    for name in ("Snakefile", ".dvcignore", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("stages", "envs"):
        shutil.copytree(ROOT / name, tmp_path / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    (tmp_path / ".dvc").mkdir()
    shutil.copy(ROOT / ".dvc" / "config", tmp_path / ".dvc" / "config")
    text, count = re.subn(r"^profile: \w+$", "profile: paper", (ROOT / "params.yaml").read_text(), flags=re.MULTILINE)
    assert count == 1
    (tmp_path / "params.yaml").write_text(text)
    assert_three_readers_agree(tmp_path)
    finals = [stage for stage in graph.load(tmp_path) if stage.final]
    assert "results/tables/table1.csv" in {out for stage in finals for out in stage.outs}


def test_sources_are_files_that_git_would_keep():
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip("needs git and a checkout")
    stages = stages_here()
    made = graph.producer(stages)
    sources = {dep for stage in stages for dep in stage.deps if dep not in made}
    assert sources and not sources - set(done.stdout.splitlines())


def test_pinned_internals_of_dvc_are_as_the_adapter_uses_them():
    """graph/resolved.py and dvc_lock.py call these; a new DVC that changes them must fail here, not in a user's run."""
    from dvc import parsing
    from dvc.dependency import param
    from dvc.utils import serialize

    assert version("dvc") == "3.67.1"
    assert list(inspect.signature(parsing.DataResolver.__init__).parameters) == ["self", "repo", "wdir", "d"]
    assert {"resolve_one", "get_keys"} <= set(dir(parsing.DataResolver))
    assert "resolved_iterable" in dir(parsing.MatrixDefinition)
    read = set(re.findall(r"\brepo\.(\w+)", inspect.getsource(parsing.DataResolver)))
    assert read == {"fs", "config"}, "the adapter's stand-in for a repository has these two"
    assert list(inspect.signature(serialize.load_path).parameters)[:2] == ["fs_path", "fs"]
    assert inspect.unwrap(param.load_path) is serialize.load_path


# --- random graphs ----------------------------------------------------------------------------------------------------

word = st.from_regex(r"[a-z][a-z0-9]{0,3}", fullmatch=True)
number = st.one_of(st.integers(-99, 99), st.floats(0.001, 9.0).map(lambda x: round(x, 3)), st.booleans())
value = st.recursive(
    st.one_of(number, word),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(word, inner, max_size=3)),
    max_leaves=5,
)


@st.composite
def projects(draw):
    """A dvc.yaml and params.yaml within what we allow: templates, matrices, flags, code, a chain of groups."""
    params = {"profile": draw(word), "axis": draw(st.lists(word, min_size=1, max_size=3, unique=True))}
    params["top"] = {f"k{i}": draw(value) for i in range(draw(st.integers(1, 4)))}
    params["top"]["plain"] = draw(number)
    stages, above = {}, []
    for index in range(draw(st.integers(1, 4))):
        axes = draw(
            st.sampled_from([{}, {"a": "${axis}"}, {"a": ["x", "y2"], "b": [0, 1]}, {"b": [3], "a": "${axis}"}])
        )
        tag = "_".join(f"${{item.{name}}}" for name in axes) or "only"
        out = f"results/${{profile}}/g{index}/{tag}" + draw(st.sampled_from(["", ".csv"]))
        single = st.lists(st.sampled_from([f"top.{key}" for key in params["top"]]), unique=True, max_size=3)
        keys = draw(st.one_of(single, st.just(["top"])))
        stage = {
            "cmd": f"exec python -m stages.run --i {index} --tag {tag} --plain ${{top.plain}}",
            "deps": draw(st.lists(st.sampled_from(["code/a.py", "one.txt", *above]), unique=True, max_size=4)),
            "params": [*keys, *draw(st.sampled_from([[], [{CODE: ["train-toy"]}]]))],
            "outs": [{out: {"cache": False}} if draw(st.booleans()) else out],
            "meta": draw(st.sampled_from([{}, {"threads": 2, "torch": 1, "final": True}])),
        }
        stages[f"g{index}"] = {**({"matrix": axes} if axes else {}), **{k: v for k, v in stage.items() if v}}
        above += [] if axes else [out]
    return {"stages": stages}, params


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("random")
    for name in (".dvc", "code", "stages"):
        (folder / name).mkdir()
    (folder / CODE).write_text('{"train-toy": "c0de", "other": "0"}')
    shutil.copy(ROOT / ".dvc" / "config", folder / ".dvc" / "config")
    for name in ("code/a.py", "one.txt"):
        (folder / name).write_text("x = 1\n")
    return folder


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(project=projects())
def test_adapter_agrees_with_dvc_on_random_graphs(repository, project):
    document, params = project
    (repository / "dvc.yaml").write_text(json.dumps(document))
    (repository / "params.yaml").write_text(json.dumps(params))
    ours = {stage.name: engines.of_stage(stage) for stage in graph.load(repository)}
    assert ours == engines.of_dvc(repository)


# --- both engines over one workspace ----------------------------------------------------------------------------------


def wipe(toy: ToyGraph) -> None:
    for name in ("results", ".snakemake", ".work", ".dvc/tmp", ".dvc/cache"):
        shutil.rmtree(toy.folder / name, ignore_errors=True)
    (toy.folder / "dvc.lock").unlink(missing_ok=True)


@pytest.fixture(scope="module")
def adopted(tmp_path_factory) -> ToyGraph:
    """The toy, run by Snakemake and adopted, so that both engines see it as done."""
    toy = ToyGraph(tmp_path_factory.mktemp("adopted"))
    done = toy.snakemake("--cores", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert toy.dvc("status", "--quiet").returncode == 1, "DVC knows nothing of a Snakemake run"
    told = toy.retrace("adopt", "--json")
    assert told.returncode == 0, told.stdout + told.stderr
    assert len(json.loads(told.stdout)["adopted"]) == 10
    return toy


def test_after_snakemake_and_adopt_dvc_has_nothing_to_do(adopted):
    done = adopted.dvc("repro")
    assert done.returncode == 0 and "Running stage" not in done.stdout and "up to date" in done.stdout, done.stdout


def test_engines_give_equal_bytes_and_dvc_is_adopted_by_snakemake(adopted, tmp_path):
    toy = ToyGraph(tmp_path)
    done = toy.dvc("repro")
    assert done.returncode == 0, done.stdout + done.stderr
    assert toy.results() == adopted.results()
    before = toy.snakemake("-n")
    assert "missing provenance" in before.stdout + before.stderr, "Snakemake cannot tell by itself"
    told = toy.retrace("adopt")
    assert told.returncode == 0 and told.stdout.startswith("adopted 10, "), told.stdout + told.stderr
    after = toy.snakemake("-n")
    text = after.stdout + after.stderr
    assert "Nothing to be done" in text and "missing provenance" not in text
    assert toy.dvc("status", "--quiet").returncode == 0
    assert toy.results() == adopted.results(), "adopting changes no byte"


CHANGES = {
    "one stage's parameter": ("params.yaml", "cub: {base: {count: 4}}", "cub: {base: {count: 5}}", ["render@cub"], 4),
    "a profile's parameter": (OWN, "{demo: {steps: 2}", "{demo: {steps: 3}", ["toy_train"], 6),
    "a verb's code": ("stages/tabulate.py", "read = [", "read = list() + [", ["toy_tabulate"], 2),
    "a verb's comments and docstring": (
        "stages/tabulate.py", '"""Writes its parameters and', '"""Says, in order,\nits parameters and',  [], 0,
    ),
    "order, and a key nobody reads": (
        OWN, "base: {rate: 1.0e-4, steps: 10}\n    profile: {demo: {steps: 2}, smoke: {}, lite: {}, paper: {}}",
        "profile: {paper: {steps: 9}, lite: {}, smoke: {}, demo: {steps: 2}}\n    base: {steps: 10, rate: 1.0e-4}", [],
        0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_makes_the_same_stages_stale_for_both(adopted, case):
    """DVC also has its own first stage, which looks at everything."""
    file, old, new, targets, total = CHANGES[case]
    stages = graph.load(adopted.folder)
    expected = set(graph.find(stages, targets))
    adopted.edit(file, old, new)
    adopted.make_graph()
    try:
        planned = adopted.snakemake("-n")
        text = planned.stdout + planned.stderr
        assert set(engines.direct_jobs(text)) == {stage.rule_name for stage in expected}
        assert len(engines.planned_jobs(text)) == total
        status = json.loads(adopted.dvc("status", "--json").stdout)
        assert set(status) - {GUARD} == {stage.name for stage in expected}
    finally:
        adopted.edit(file, new, old)
        adopted.make_graph()


def test_adopt_leaves_out_what_no_longer_fits(adopted):
    adopted.edit("params.yaml", "cub: {base: {count: 4}}", "cub: {base: {count: 5}}")
    try:
        told = adopted.retrace("adopt", "--json", "results/tables/cub.csv")
        report = json.loads(told.stdout)
        assert told.returncode == 0 and report["adopted"] == ["preflight@cub"]
        assert report["stale"]["render@cub"] == ["the parameter count changed"]
        assert set(report["stale"]) == {"render@cub", "toy_train@cub-0", "toy_train@cub-1", "toy_tabulate@cub"}
        status = set(json.loads(adopted.dvc("status", "--json").stdout))
        assert status - {GUARD} == {"render@cub"}, "still stale, not hidden"
    finally:
        adopted.edit("params.yaml", "cub: {base: {count: 5}}", "cub: {base: {count: 4}}")
    assert adopted.retrace("adopt").returncode == 0, "what was adopted alone is newer than what rests on it"


def test_code_beside_what_is_imported_makes_nothing_stale(adopted):
    """Also not when it comes or goes: DVC's first stage looks, and writes the bytes that it wrote before."""
    beside = "stages/runner/beside.py"
    for change in (lambda: adopted.write(beside, "BESIDE = 1\n"), (adopted.folder / beside).unlink):
        change()
        done = adopted.snakemake("-n")
        assert "Nothing to be done" in done.stdout + done.stderr
        assert set(json.loads(adopted.dvc("status", "--json").stdout)) <= {GUARD}
        assert json.loads(adopted.retrace("explain", "--json").stdout)["direct"] == {}
        done = adopted.dvc("repro")
        assert done.returncode == 0 and done.stdout.count("Running stage") <= 1, done.stdout
        assert adopted.dvc("status", "--quiet").returncode == 0


def test_adopt_refuses_altered_bytes_and_bad_usage(adopted):
    path = adopted.folder / "results/store/demo/model/toy/cub_0/made.txt"
    good = path.read_bytes()
    path.write_bytes(good.replace(b"'0'", b"'7'"))  # same size
    try:
        told = adopted.retrace("adopt", "--json")
        report = json.loads(told.stdout)
        assert told.returncode == 1 and report["adopted"] == []
        assert (
            list(report["broken"]) == ["toy_train@cub-0"]
            and "made.txt has other bytes" in report["broken"]["toy_train@cub-0"][0]
        )
    finally:
        path.write_bytes(good)
    unknown = adopted.retrace("adopt", "results/tables/cab.csv")
    assert unknown.returncode == 2 and "the closest is results/tables/cub.csv" in unknown.stderr
