"""Files that people write in YAML: nesting and aliases without end are refused by file and line, quickly."""

from pathlib import Path

import pytest

from stages import yaml_text
from stages.runner import params
from stages.runner.exits import BAD_PARAMS, StageFailure

ROOT = Path(__file__).resolve().parents[2]
WIDE = "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"] + [
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)
])  # fmt: skip
BOMBS = {
    "aliases of aliases": (WIDE, "line 7 has more than 2097152 values in all"),
    "merges of merges": (WIDE.replace("[x, x, x, x, x, x, x, x, x, x]", "{x: 1}").replace("[*", "[{<<: *").replace(
        ", *", "}, {<<: *").replace("]", "}]"), "more than 2097152 values"),
    "a long text in many places": (f"a: &a {'x' * 400_000}\nb: [{', '.join(['*a'] * 2000)}]", "line 2 has more than"),
    "lists": (f"a: {'[' * 200_000}", "line 1 has lists and mappings more than 100 deep"),
    "dashes": (f"a:\n  {'- ' * 10_000}x", "line 2 has lists and mappings more than 100 deep"),
    "mappings": ("\n".join(f"{' ' * n}a:" for n in range(300)), "line 101 has lists and mappings more than 100 deep"),
    "itself": ("a: &a {b: [*a]}", "line 1 has *a, which is an alias of what it is part of"),
    "not UTF-8": ("a: \udcff", "is not valid YAML"),
    "two things": ("a: b: c", "is not valid YAML: line 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_what_stands_for_too_much_is_refused_by_file_and_line(tmp_path, name):
    text, said = BOMBS[name]
    path = tmp_path / "params.yaml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=r"params\.yaml") as raised:
        yaml_text.load(path)
    assert said in str(raised.value)
    with pytest.raises(StageFailure, match=r"params\.yaml") as refused:
        params.read(path)
    assert refused.value.code == BAD_PARAMS and said in str(refused.value)


def test_aliases_that_people_write_are_read(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("a: &a {b: [1, 2], c: &c x}\nd: *a\ne: [*c, *a]\n")
    held = {"b": [1, 2], "c": "x"}
    expected = {"a": held, "d": held, "e": ["x", held]}
    assert yaml_text.load(path) == expected and params.read(path) == expected


def test_a_value_that_is_written_twice_counts_once(tmp_path, monkeypatch):
    monkeypatch.setattr(yaml_text, "MOST_VALUES", 9)
    path = tmp_path / "a.yaml"
    # Keys count too: the mapping, three keys, the lists of 1 + 2 and 1 + 1, the alias with its one.
    path.write_text("a: &a [1]\nb: [1, 2]\n")
    assert yaml_text.load(path) == {"a": [1], "b": [1, 2]}
    path.write_text("a: &a [1]\nb: [1, 2]\nc: *a\n")
    with pytest.raises(ValueError, match=r"a\.yaml: line 3 has more than 9 values"):
        yaml_text.load(path)


def test_every_file_of_the_project_is_read_as_before():
    import yaml

    for path in sorted((ROOT / "stages").rglob("*.yaml")):
        assert yaml_text.load(path) == yaml.safe_load(path.read_text(encoding="utf-8")), path


def test_nobody_else_reads_what_people_write():
    """dvc.lock is DVC's own, and cut_off looks at what is left of it after a kill."""
    own = {"stages/yaml_text.py", "stages/runner/params.py", "stages/runner/scalars.py",
           "stages/retrace/doctor/cut_off.py"}  # fmt: skip
    words = ("yaml.load", "yaml.safe_load", "yaml.compose", "get_single_node")
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "stages").rglob("*.py")
        if any(word in path.read_text(encoding="utf-8") for word in words)
    }
    assert found <= own


def test_a_stage_ends_with_78_over_a_bomb(tmp_path):
    from tests.house.toy_project import ToyProject

    project = ToyProject(tmp_path)
    with (project.folder / "params.yaml").open("a") as stream:
        stream.write(WIDE)
    done = project.run()
    assert done.returncode == BAD_PARAMS and "more than 2097152 values" in done.stderr
    assert "Traceback" not in done.stderr
