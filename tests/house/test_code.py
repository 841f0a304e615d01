"""The code of a stage as one value: what it follows, what leaves it as it is, and that its cache only saves time."""

import ast
import contextlib
import hashlib
import io
import sqlite3
import tokenize
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.runner import code, syntax
from stages.runner.code import CACHE, FORM, Code, read_source

ROOT = Path(__file__).resolve().parents[2]
STAGES = ROOT / "stages"
MODULE = '''"""What it is for."""

import math  # roots
from stages.part import name


class Shape:
    """A shape."""

    side: float = 2.0

    def area(self, scale=None):
        """Its area."""
        if scale is None:
            return None
        return math.prod([self.side, self.side,
                          scale])


def f():
    """Says nothing."""
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A verb that imports one module of a package inside a function, which imports another one."""
    (tmp_path / "stages/part").mkdir(parents=True)
    for name, text in {
        "__init__.py": '"""All."""\n', "verb.py": "def f():\n    from stages.part import inner, name\n",
        "part/__init__.py": "", "part/inner.py": "import stages.other\n",
        "other.py": "import json\n", "unused.py": "x = 1\n",
    }.items():  # fmt: skip
        (tmp_path / "stages" / name).write_text(text)
    return tmp_path


def value(project: Path, cached: bool = False) -> str:
    """The digest of the verb's code, read anew."""
    held = Code(project, cached=cached)
    return held.digest(held.closure(["stages.verb"]))


# --- which files ------------------------------------------------------------------------------------------------------


def test_closure_follows_inner_imports_and_packages(project):
    names = ["__init__.py", "other.py", "part/__init__.py", "part/inner.py", "verb.py"]
    assert Code(project, cached=False).closure(["stages.verb"]) == [f"stages/{name}" for name in names]
    with pytest.raises(FileNotFoundError, match=r"expected a module stages\.nothing, found no stages/nothing\.py"):
        Code(project, cached=False).closure(["stages.verb", "stages.nothing"])


def test_closure_ends_where_modules_import_each_other(project):
    (project / "stages/other.py").write_text("import stages.part.inner\nimport stages.verb as verb\n")
    assert len(Code(project, cached=False).closure(["stages.verb"])) == 5


def test_the_value_follows_every_file_of_the_closure_and_no_other(project):
    before = value(project)
    (project / "stages/unused.py").write_text("x = 2\n")
    assert value(project) == before
    (project / "stages/other.py").write_text("import json, math\n")
    assert value(project) != before
    (project / "stages/other.py").write_text("import json\n")
    assert value(project) == before, "it depends on the files alone, not on when they were written"
    (project / "stages/part/name.py").write_text("")
    assert value(project) != before, "what `from stages.part import name` means is a module now"
    (project / "stages/part/name.py").unlink()
    (project / "stages/part/inner.py").rename(project / "stages/part/outer.py")
    (project / "stages/verb.py").write_text("def f():\n    from stages.part import outer, name\n")
    assert value(project) != before, "names of files count"


def test_a_file_that_is_gone_has_no_tree(project):
    held = Code(project, cached=False)
    files = held.closure(["stages.verb"])
    before = held.digest(files)
    (project / "stages/other.py").unlink()
    assert Code(project, cached=False).digest(files) != before


# --- what of a file ---------------------------------------------------------------------------------------------------


def changed(old: str, new: str) -> bool:
    assert MODULE.count(old) == 1
    return read_source(MODULE.replace(old, new).encode()).tree != read_source(MODULE.encode()).tree


@pytest.mark.parametrize(("old", "new"), [
    ("# roots", "# square roots, once"),
    ("  # roots", ""),
    ('"""What it is for."""', '"""What it is\n\nreally for."""'),
    ('"""What it is for."""\n', ""),
    ('"""A shape."""', '"""A square."""'),
    ('"""Its area."""', "'Its area, scaled.'"),
    ('        """Its area."""\n', ""),
    ("self.side,\n                          scale", "self.side, scale"),
    ("return math.prod", "return (math).prod"),
    ("def area(self, scale=None):", "def area(\n        self,\n        scale=None,\n    ):"),
    ("side: float = 2.0", "side: float = 2.000"),
    ("\n\n\nclass", "\n\n\n\n\n# --- shapes\nclass"),
])  # fmt: skip
def test_comments_docstrings_and_layout_leave_it(old, new):
    assert not changed(old, new)


@pytest.mark.parametrize(("old", "new"), [
    ("2.0", "2.5"),
    ("2.0", "2"),
    ("import name", "import name as other"),
    ("from stages.part import name", "from stages.port import name"),
    ("import math  # roots", "import math as m"),
    ("            return None", "            return"),
    ("scale=None", "scale"),
    ("scale is None", "scale is not None"),
    ("side: float = 2.0", "side: float"),
    ("side: float = 2.0", "side = 2.0"),
    ("self.side, self.side", "self.side"),
    ("    def area", "    @property\n    def area"),
    ("    def area", "    async def area"),
    ("scale=None", "*, scale=None"),
    ("[self.side, self.side,\n                          scale]", "(self.side, self.side, scale)"),
    ('    """Says nothing."""\n', '    """Says nothing."""\n    """Says it twice."""\n'),
    ("return math", "assert scale\n        return math"),
])  # fmt: skip
def test_anything_else_changes_it(old, new):
    assert changed(old, new)


@pytest.mark.parametrize(("old", "new"), [
    ("def f():\n    return", "def f():\n    return None"),
    ("x: int", "x: int = None"),
    ("a[:]", "a[None:]"),
    ("a[1:]", "a[None:1]"),
    ("def f(a, b=None): pass", "def f(a=None, b=None): pass"),
    ("f(*a)", "f(a)"),
    ("{**a}", "{None: a}"),
    ("raise", "raise None"),
    ("x = 1", "x = True"),
    ("x = 1", "x = 1.0"),
    ("x = 'a'", "x = b'a'"),
    ("x = 0.0", "x = -0.0"),
    ("if a:\n    b()\nc()", "if a:\n    b()\n    c()"),
    ("if a:\n    pass\nelse:\n    b()", "if a:\n    pass\nb()"),
    ("x = [], ()", "x = (), []"),
    ("f'{a}'", "f'{a!r}'"),
    ("f'{a:.2f}'", "f'{a:.3f}'"),
    ("def f():\n    '''A.'''\n    return 1", "def f():\n    return 1\n    '''A.'''"),
])  # fmt: skip
def test_a_missing_value_is_no_none_and_shapes_are_told_apart(old, new):
    assert read_source(old.encode()).tree != read_source(new.encode()).tree


def test_what_does_not_parse_stands_for_itself():
    """So that a stage with such a file fails as Python says, and an edit of it is seen."""
    one, other = read_source(b"x = (\n"), read_source(b"x = ( # \n")
    assert one.tree == one.sha256 != other.tree and one.names == ()
    assert read_source(b"x = 1\0").tree == read_source(b"x = 1\0").sha256


REAL = sorted(path for place in ("runner", "graph", "nets", "losses") for path in (STAGES / place).rglob("*.py"))
REMARKS = st.text(st.characters(exclude_categories=("C", "Zl", "Zp"), exclude_characters=":="), max_size=30)


def boundaries(text: str) -> list[int]:
    """Numbers of lines after which a line of its own may stand: not within a text of several lines."""
    found = tokenize.generate_tokens(io.StringIO(text).readline)
    return [0, *sorted({token.end[0] for token in found if token.type in (tokenize.NEWLINE, tokenize.NL)})]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_comments_and_blank_lines_anywhere_change_nothing(data):
    path = data.draw(st.sampled_from(REAL))
    text = path.read_text(encoding="utf-8")
    lines, places = text.splitlines(keepends=True), boundaries(text)
    remark = st.one_of(
        st.just("\n"), REMARKS.map(lambda words: f"# {words}\n"), REMARKS.map(lambda w: f"      # {w}\n")
    )
    for place, line in sorted(
        data.draw(st.lists(st.tuples(st.sampled_from(places), remark), max_size=8)), reverse=True
    ):
        lines.insert(place, line)
    assert read_source("".join(lines).encode()).tree == read_source(text.encode()).tree


# --- the cache --------------------------------------------------------------------------------------------------------


def ask(project: Path, sentence: str, *values: object) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(project / CACHE)) as store, store:
        return store.execute(sentence, values).fetchall()


def test_with_and_without_cache_are_one(project):
    plain = value(project)
    assert not (project / CACHE).exists()
    assert value(project, cached=True) == plain and len(ask(project, "SELECT * FROM source")) == 5
    code.read_source.cache_clear()
    assert value(project, cached=True) == plain, "from what is remembered"
    real = Code(ROOT, cached=False)
    files = real.closure(["stages.train", "stages.teachers.scorer"])
    held = Code(ROOT)
    assert held.closure(["stages.train", "stages.teachers.scorer"]) == files
    assert held.digest(files) == real.digest(files)


def test_what_is_remembered_is_read_no_more(project, monkeypatch):
    """The control of the others: a cache that is not used would pass them all."""
    plain = value(project, cached=True)
    monkeypatch.setattr(code, "read_source", lambda content: pytest.fail("read again"))
    assert value(project, cached=True) == plain


@pytest.mark.parametrize("harm", [
    lambda place: place.unlink(),
    lambda place: place.write_bytes(b""),
    lambda place: place.write_bytes(b"no database" * 999),
    lambda place: place.write_bytes(place.read_bytes()[: place.stat().st_size // 2]),
    lambda place: (place.unlink(), place.mkdir()),
], ids=["gone", "empty", "other bytes", "cut", "a folder"])  # fmt: skip
def test_a_damaged_cache_costs_time_alone(project, harm):
    plain = value(project, cached=True)
    harm(project / CACHE)
    assert value(project, cached=True) == value(project, cached=True) == plain


@pytest.mark.parametrize("sentence", [
    "UPDATE source SET names = 'no json'",
    "UPDATE source SET names = NULL",
    "UPDATE source SET names = '3'",
    "ALTER TABLE source RENAME COLUMN tree TO other",
])  # fmt: skip
def test_rows_that_are_none_cost_time_alone(project, sentence):
    plain = value(project, cached=True)
    ask(project, sentence)
    assert value(project, cached=True) == plain


def test_another_form_is_not_believed(project):
    """What an older or newer `text_of` remembered of the same bytes."""
    plain = value(project, cached=True)
    for form in (FORM - 1, FORM + 1):
        ask(project, "UPDATE source SET form = ?, tree = 'poison', names = '[]'", form)
        assert value(project, cached=True) == plain
        assert {row[0] for row in ask(project, "SELECT form FROM source WHERE tree != 'poison'")} == {FORM}
        ask(project, "DELETE FROM source WHERE form = ?", FORM)


def test_a_place_where_nothing_can_be_written_is_no_obstacle(project):
    plain = value(project)
    (project / ".work").write_text("a file")
    assert value(project, cached=True) == plain


# --- docstrings carry nothing -----------------------------------------------------------------------------------------

# For people: help texts and pages, none of which is a stage's output.
MAY_READ_DOCSTRINGS = ("retrace/", "runner/usage.py")
READS = {"__doc__", "getdoc", "get_docstring", "getsource", "getsourcelines", "getcomments", "use_attribute_docstrings"}


def docstrings_read(text: str) -> set[str]:
    fields = ("id", "attr", "arg", "name", "value")
    held = [getattr(node, field, None) for node in ast.walk(ast.parse(text)) for field in fields]
    return {word for word in held if isinstance(word, str)} & READS


@pytest.mark.parametrize("path", sorted(STAGES.rglob("*.py")), ids=lambda path: path.relative_to(STAGES).as_posix())
def test_no_stage_reads_docstrings_or_comments(path):
    """They are no part of the code's value, so no result may hang on them."""
    if not path.relative_to(STAGES).as_posix().startswith(MAY_READ_DOCSTRINGS):
        assert docstrings_read(path.read_text(encoding="utf-8")) == set()


def test_the_test_of_docstrings_sees_a_reader():
    assert docstrings_read("def f(x):\n    return inspect.getdoc(x) or f.__doc__") == {"getdoc", "__doc__"}
    assert docstrings_read("from inspect import getsource") == {"getsource"}
    assert docstrings_read("getattr(f, '__doc__')") == {"__doc__"}
    assert docstrings_read("x: dict = {'doc': 1}") == set()


@pytest.mark.parametrize("terms", [syntax.DEEPEST + 1, 3_000, 20_000, 200_000])
@pytest.mark.parametrize("form", ["x = {}\n", "def f():\n    return {}\n", "async def f():\n    await g({})\n"])
def test_the_bytes_stand_for_a_tree_too_deep_for_some_pythons(terms, form):
    """A sum of many terms, which recursion could not follow; one that a person writes keeps its tree."""
    deep = form.format(" + ".join(["a"] * terms)).encode()
    assert read_source(deep).sha256 == read_source(deep).tree == value_of(deep)
    with pytest.raises(ValueError, match="nested"):
        syntax.text_of(syntax.parsed(deep))
    plain = form.format(" + ".join(["a"] * 300))
    spaced = form.format("  +  ".join(["a"] * 300)) + "# a comment\n"
    assert read_source(plain.encode()).tree == read_source(spaced.encode()).tree != value_of(plain.encode())


def value_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
