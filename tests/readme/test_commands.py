"""README to the letter: each line of its command blocks is run as printed, or, where it is dear, made to say what it
would run."""

import re
import time

import pytest
from markdown_it import MarkdownIt

from stages import graph
from tests.conftest import ROOT
from tests.readme import first_screen
from tests.readme.clone import Clone

README = (ROOT / "README.md").read_text(encoding="utf-8")
PARSED = MarkdownIt("commonmark").enable("table").parse(README)
# Blocks that are run as they stand, in this order, in one clone.
RUN = ("The first minute", "Watch a run")
# Sections whose blocks another test runs.
ELSEWHERE = {
    "Sharing results with DVC": "tests/retrace/test_dvc.py",
    "Use a trained model": "tests/retrace/test_use_documented.py",
}
# What takes minutes to hours, or runs these tests.
DEAR = ("test", "table1", "contrasfill", "ganseg", "monce", "onegan", "mscond", "papers")
CHEAP = ("make report",)
NO_COMMANDS = ("text", "python")
SECONDS = 120


def blocks() -> dict[str, list[str]]:
    """The command lines of each section's blocks, comments gone; those above the first section under ''."""
    found: dict[str, list[str]] = {}
    section = ""
    for token, after in zip(PARSED, [*PARSED[1:], None], strict=True):
        if token.type == "heading_open" and token.tag == "h2" and after:
            section = after.content
        if token.type == "fence" and token.info not in NO_COMMANDS:
            lines = (re.sub(r"\s+#\s.*$", "", line).strip() for line in token.content.splitlines())
            found.setdefault(section, []).extend(line for line in lines if line)
    return found


def inline() -> list[str]:
    """What stands as code within the text."""
    children = [child for token in PARSED for child in token.children or ()]
    return [child.content for child in children if child.type == "code_inline"]


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Clone:
    return Clone(tmp_path_factory.mktemp("readme") / "a clone")


def test_every_line_is_run_or_asked_what_it_would_run():
    listed = {f"make {name}" for name in DEAR} | set(CHEAP)
    for section, lines in blocks().items():
        if section in ELSEWHERE:
            assert (ROOT / ELSEWHERE[section]).is_file()
        elif section not in RUN:
            assert [line for line in lines if line not in listed] == [], f"{section or 'the first screen'}: say how"


@pytest.mark.slow
def test_the_first_minute_gives_the_committed_picture(clone):
    """In under two minutes, with every byte; no set-up is asked for where it is done. Then the run is looked at."""
    assert f"cmp {first_screen.FIGURE} {first_screen.PICTURE}" in blocks()[RUN[0]]
    begun = time.monotonic()
    for section in RUN:
        done = clone.run("\n".join(blocks()[section]))
        said = f"{section}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        assert done.returncode == 0, f"{said}; where cmp found a difference, python -m tests.readme renews the picture"
        if section == RUN[0]:
            assert time.monotonic() - begun < SECONDS
            assert "holds no data" in done.stdout and "contrasfill G5" in done.stdout
    assert "results/figures/fig02" in done.stdout, "the status names the run"
    for line in CHEAP:
        done = clone.run(line)
        assert done.returncode == 0, f"{line}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    assert b"fig02.png" in (clone.folder / "report/index.html").read_bytes()


@pytest.mark.parametrize("target", DEAR)
def test_what_is_dear_says_what_it_would_run(clone, target):
    """Every result that it asks an engine for is one of the graph; every file of tests is there."""
    done = clone.run(f"make --dry-run {target}")
    assert done.returncode == 0, done.stderr
    words = done.stdout.split()
    assert ("snakemake" in words) != (target == "test")
    made = {out for stage in graph.load(clone.folder) for out in stage.outs}
    asked = {word for word in words if word.startswith("results/")}
    assert asked - made == set() and (asked or target == "test")
    assert all((clone.folder / word).exists() for word in words if word.startswith("tests/"))


def test_commands_within_the_text_exist():
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))
    verbs = {path.parent.name for path in (ROOT / "stages/retrace").glob("*/command.py")}
    found = [text.split() for text in inline() if re.match(r"(make|retrace) ", text)]
    assert len(found) > 30
    for program, word, *_ in found:
        known = word.startswith("results/") or word in targets if program == "make" else word in verbs
        assert known, f"{program} {word}"


def test_set_up_says_what_it_does():
    """The Makefile's line has README's sizes, and uv is not told to be silent."""
    rule = re.search(r"(?ms)^\.venv/synced:.*?^\ttouch", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert rule
    said = re.search(r"downloads (\S+ GB) and takes (\S+ GB)", rule[0])
    assert said and all(f" {size}" in README for size in said.groups())
    (sync,) = (line for line in rule[0].splitlines() if "pip sync" in line)
    assert "--quiet" not in sync
