"""Values of parameters: stages read what DVC reads, or refuse it by file, key and line."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from dvc.exceptions import DvcException
from dvc.fs import localfs
from dvc.utils.serialize import load_path
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages import graph, homes
from stages.block import Block
from stages.runner import layers, params, scalars
from stages.runner.exits import StageFailure
from tests.house.resolved import ROOT
from tests.house.toy_project import ToyProject

# What YAML 1.1 and YAML 1.2 read differently, or no stage can use; with a piece of what has to be said.
REFUSED = {
    "020": "16 in YAML 1.1 and as 20 in YAML 1.2; write 20",
    "-0777": "-511 in YAML 1.1 and as -777",
    "0o17": "text '0o17' in YAML 1.1 and as 15",
    "09": "text '09' in YAML 1.1 and as 9",
    "12:30:00": "45000 in YAML 1.1 and as text",
    "1:30": "90 in YAML 1.1",
    "1:30.5": "90.5 in YAML 1.1",
    "1e-4": "write 1.0e-4",
    "-2E5": "write -2.0e+5",
    "1.5e5": "write 1.5e+5",
    ".5e3": "write 0.5e+3",
    "+.5": "text '+.5' in YAML 1.1 and as 0.5",
    "yes": "true in YAML 1.1 and as text 'yes'",
    "No": "false in YAML 1.1",
    "on": "true in YAML 1.1",
    "OFF": "false in YAML 1.1",
    ".nan": "expected a finite number",
    ".NaN": "expected a finite number",
    ".inf": "expected a finite number",
    "-.INF": "expected a finite number",
    "1.0e+999": "expected a finite number",
    "1e999": "expected a finite number",
    "0o_": "no value",
    "._": "no value",
    "9" * 5000: "no value",
    "2020-01-01": "a date",
    "2020-01-01 12:00:00Z": "a date",
    "=": 'write "="',
    "!!python/name:os.system": "the tag tag:yaml.org,2002:python/name:os.system",
    "!!float 1": "the tag",
    "!!binary aGk=": "the tag",
    "!!set {a}": "the tag",
    "!own 3": "the tag !own",
    "! 020": "16 in YAML 1.1",
    "{<<: {b: 1}}": "a merge key",
    "{1: x}": 'has a key that is no text; write "1"',
    "{true: x}": "has a key that is no text",
    "{? [b] : x}": "has a list or a mapping for a key",
    "{b: 1, b: 2}": "the key 'b' is written twice",
    "{b: 1, 'b': 2}": "the key 'b' is written twice",
    "&all [*all]": "an alias of what it is part of",
    "[1, {b: 020}]": "a.1.b reads as 16",
    "x\x85b: 2": "not all read alike",
    "'x\u2028y'": "not all read alike",
    "[1": "is not valid YAML: line",
    "@x": "is not valid YAML: line",
    "\t- 1": "is not valid YAML: line",
    "x: y": "is not valid YAML: line",
    "1\n--- 2": "is not valid YAML",
    "1\n%YAML 1.1": "is not valid YAML|a directive",
}
TAKEN = {
    "20": 20, "-3": -3, "+7": 7, "0": 0, "0x1F": 31, "0b101": 5, "1_000": 1000, "1.0e-4": 1e-4, "1.": 1.0, ".5": 0.5,
    "-0.0": -0.0, "true": True, "False": False, "~": None, "null": None, "": None, "y": "y", "none": "none",
    "'020'": "020", '"yes"': "yes", "!!str 020": "020", "nan": "nan", "1.2.3": "1.2.3", "a b  # c": "a b",
    "[&one 1, *one]": [1, 1], "{b: &m {c: 1}, d: *m}": {"b": {"c": 1}, "d": {"c": 1}}, "1\t# a tab": 1, "x\r\n": "x",
}  # fmt: skip


def by_dvc(path: Path) -> Any:
    try:
        return load_path(str(path), localfs)
    except (DvcException, ValueError, TypeError) as error:
        return error


def alike(ours: Any, theirs: Any) -> bool:
    """Equal with their types, which == does not tell: 1, 1.0 and true, 0.0 and -0.0."""
    return repr(ours) == repr(theirs)


def written(folder: Path, value: str) -> Path:
    path = folder / "params.yaml"
    path.write_bytes(f"a: {value}\n".encode())
    return path


@pytest.mark.parametrize("value", REFUSED)
def test_what_two_readers_take_for_two_things_is_refused_by_name(tmp_path, value):
    path = written(tmp_path, value)
    with pytest.raises(StageFailure) as caught:
        params.read(path)
    told = str(caught.value)
    assert caught.value.code == 78 and str(path) in told and "line" in told and len(told) < 400, told
    assert any(piece in told for piece in REFUSED[value].split("|")), told


@pytest.mark.parametrize("value", TAKEN)
def test_what_both_read_alike_is_taken(tmp_path, value):
    path = written(tmp_path, value)
    assert alike(params.read(path), {"a": TAKEN[value]}) and alike(by_dvc(path), {"a": TAKEN[value]})


def test_a_byte_order_mark_and_other_line_ends_change_nothing(tmp_path):
    path = written(tmp_path, "1")
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: [x,\r\n  y]\r\n")
    assert params.read(path) == by_dvc(path) == {"a": 1, "b": ["x", "y"]}
    for content, told in (
        (b"a: \xff", "is not valid YAML"),
        (b"%YAML 1.1\n---\na: 1\n", "a directive"),
        (b"", "nothing"),
    ):
        path.write_bytes(content)
        with pytest.raises(StageFailure, match=told):
            params.read(path)


@pytest.mark.parametrize("file", homes.files(ROOT))
def test_the_project_s_own_values_are_read_as_dvc_reads_them(file):
    assert alike(params.read(ROOT / file), by_dvc(ROOT / file))


digits = st.text("0123456789", max_size=4)
numbers = st.from_regex(
    r"[-+]?(0[box]?)?[0-9_]{0,4}([.:][0-9_]{0,3}){0,2}([eE][-+]?[0-9_]{0,3})?", fullmatch=True
)  # fmt: skip
words = st.sampled_from(["yes", "no", "on", "off", "true", "false", "null", "~", ".inf", ".nan", "<<", "=", "y", "n"])
cased = words.flatmap(lambda word: st.sampled_from([word, word.title(), word.upper(), f"-{word}", f"{word} "]))
times = st.tuples(digits, st.sampled_from("-:/"), digits, st.sampled_from("-:/"), digits).map("".join)
marked = st.tuples(
    st.sampled_from(["!!str ", "!!int ", "!!float ", "! ", "&a ", "- ", "| ", "'", '"', "[", "{"]), numbers
)
anything = st.text("aeoxn01._-+:~ #'\"[]{},&*!|>%@\t\\\n=<", max_size=7)
values = st.one_of(numbers, cased, times, marked.map("".join), anything, st.text(max_size=5), st.floats().map(repr))


@settings(max_examples=1500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(value=values)
def test_any_value_is_read_as_dvc_reads_it_or_refused(tmp_path, value):
    try:
        path = written(tmp_path, value)
    except UnicodeEncodeError:
        return
    try:
        ours = params.read(path)
    except StageFailure as failure:
        assert failure.code == 78
        return
    assert alike(ours, by_dvc(path))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(value=st.one_of(st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), st.booleans()))
def test_a_remedy_is_taken(value):
    """What is refused for its form alone is taken in the form that the message asks for."""
    text = repr(value).lower()
    try:
        assert scalars.read(text) == value
    except scalars.Unclear as error:
        remedy = re.search(r"; write (\S+)", str(error))
        assert remedy and scalars.read(remedy[1]) == value


def test_a_stage_that_reads_it_names_file_key_and_line(tmp_path):
    project = ToyProject(tmp_path)
    project.set("number", "020")
    done = project.run()
    assert done.returncode == 78 and "params.yaml: toy.base.number reads as 16 in YAML 1.1" in done.stderr
    assert "(line 4)" in done.stderr and "Traceback" not in done.stderr


def test_another_stage_s_layers_are_not_asked(tmp_path):
    path = written(tmp_path, "{x: 020, y: {base: 1}}")
    assert params.read(path, ["a.y"]) == {"a": {"x": None, "y": {"base": 1}}}
    with pytest.raises(StageFailure, match=r"a\.x reads as 16"):
        params.read(path, ["a.y", "a.x"])


def test_both_engines_refuse_the_graph_of_such_parameters(tmp_path):
    for name in ("dvc.yaml", "envs", "params.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "stages", tmp_path / "stages", ignore=shutil.ignore_patterns("__pycache__"))
    place = tmp_path / "stages/params/face.yaml"
    place.write_text(re.sub(r"size_px: 256( +# supp §1)", r"size_px: 0400\1", place.read_text(), count=1))
    with pytest.raises(ValueError, match=r"face\.base\.size_px reads as 256 in YAML 1\.1 and as 400 in YAML 1\.2"):
        graph.load(tmp_path)


class Numbers(Block):
    count: int
    rate: float
    share: tuple[float, ...]
    name: str


@pytest.mark.parametrize(
    ("key", "value"),
    [("count", True), ("count", 2.0), ("count", "2"), ("count", None), ("rate", True), ("rate", "0.1"), ("rate", "nan"),
     ("rate", float("nan")), ("rate", float("inf")), ("share", [0.1, float("-inf")]), ("share", 0.1), ("name", 3),
     ("name", True), ("name", None)],
)  # fmt: skip
def test_a_value_of_another_kind_is_refused_by_its_key(key, value):
    good = {"count": 2, "rate": 0.1, "share": [0.1], "name": "a"}
    layers.validate(Numbers, good, ("a.base",))
    with pytest.raises(StageFailure, match=rf"params\.yaml, layers a\.base:\n  {key}"):
        layers.validate(Numbers, good | {key: value}, ("a.base",))
