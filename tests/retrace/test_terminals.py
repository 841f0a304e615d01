"""What every command prints, on any terminal: few letters, few columns, a pipe, a reader that goes away."""

import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from stages.retrace.page import Page, Twig, quoted, styled, whole
from stages.runner import terminal
from tests.house.toy_graph import OWN, OWN_GRAPH
from tests.house.toy_project import ToyProject
from tests.retrace.test_trace import MODEL, TABLE
from tests.retrace.toy_paper import ToyPaper

DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
COMMANDS = (
    ("trace", TABLE), ("trace", TABLE, "--full"), ("trace", TABLE, "--cell", "ours,face,KFFA"), ("claims",),
    ("explain",), ("audit",), ("status",), ("doctor",), ("trace", "no such thing"), ("--help",),
    ("trace", TABLE, "--json"),
)  # fmt: skip
ASCII = {
    "LANG=C": {"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
    "strict": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "latin": {"PYTHONIOENCODING": "latin-1:strict"},
}


def called(paper: ToyPaper, words: tuple[str, ...], **names: str) -> subprocess.CompletedProcess[bytes]:
    """A command of its own process, piped."""
    environment = {**os.environ, "PYTHONPATH": str(paper.folder), **names}
    command = [sys.executable, "-m", "stages.retrace.main", *words]
    return subprocess.run(command, cwd=paper.folder, env=environment, capture_output=True, timeout=120)


def seen(paper: ToyPaper, columns: int, *words: str) -> str:
    """What a command prints on a terminal of so many columns, without colours."""
    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {**os.environ, "PYTHONPATH": str(paper.folder), "TERM": "xterm"}
    environment.pop("COLUMNS", None)
    command = [sys.executable, "-m", "stages.retrace.main", *words]
    process = subprocess.Popen(command, cwd=paper.folder, env=environment, stdin=other, stdout=other, stderr=other)
    os.close(other)
    raw = b""
    while True:
        try:
            part = os.read(main, 65536)
        except OSError:
            break
        if not part:
            break
        raw += part
    os.close(main)
    process.wait(timeout=60)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", raw.decode()).replace("\r\n", "\n")


@pytest.mark.parametrize("setting", ASCII.values(), ids=ASCII)
def test_a_terminal_of_few_letters_gets_all_of_it(published, setting):
    for words in (*COMMANDS[:4], COMMANDS[-2], COMMANDS[-1]):
        done, whole_ = called(published, words, **setting), called(published, words, PYTHONUTF8="1")
        assert done.returncode == whole_.returncode and b"Traceback" not in done.stderr, (words, done.stderr)
        assert set(DIGEST.findall(done.stdout.decode("latin-1"))) == set(DIGEST.findall(whole_.stdout.decode()))
        if "latin-1:strict" not in setting.values():
            assert done.stdout.isascii(), words
        if "--json" in words:
            assert json.loads(done.stdout.decode("latin-1")) == json.loads(whole_.stdout)


def test_signs_become_letters():
    said = "".join(map(terminal.plain, "≥ 5 · λ → Δ é ² √ … § \udcff 漢"))
    assert said == ">= 5 . lamda -> Delta e 2 sqrt ... sec.  \\xff \\u6f22"
    for sign, letters in terminal.PLAIN.items():
        assert len(sign) == 1 and letters.isascii() and (not 0x2500 <= ord(sign) <= 0x257F or len(letters) == 1)


def test_a_stage_s_messages_survive_too(tmp_path):
    project = ToyProject(tmp_path)
    project.set("words", "[≥, …]")
    verb = project.folder / "stages/toy.py"
    verb.write_text(
        verb.read_text().replace(
            "def toy(job):\n", 'def toy(job):\n    print("λ ≥ 5 …")\n    job.progress(1, 1, "±")\n'
        )
    )
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    for words, said in (
        (project.command(), "lamda >= 5 ..."),
        ([*project.command()[:3], "--help"], "--block LAYER ..."),
    ):
        done = subprocess.run(words, cwd=project.folder, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and said in done.stdout, done.stderr


def test_an_error_that_nobody_expects_is_no_finding(published, paper):
    """Exit code 1 means a finding in results, so a defect of the command has another, and says so."""
    view = paper.folder / "stages/retrace/claims/view.py"
    view.write_text(
        view.read_text().replace(
            "def show(ledger: Ledger, page: Page) -> None:\n", "def show(ledger, page):\n    1 / 0\n"
        )
    )
    done = called(paper, ("claims",))
    assert done.returncode == 4 and b"ZeroDivisionError" in done.stderr and b"retrace itself failed" in done.stderr
    assert "4 retrace itself failed" in called(published, ("--help",), COLUMNS="200").stdout.decode()


def test_help_is_instant():
    """It imports no runner, no graph and no parameters."""
    command = [sys.executable, "-X", "importtime", "-m", "stages.retrace.main", "--help"]
    done = subprocess.run(command, cwd=Path(terminal.__file__).parents[2], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not re.search(r"\| +(pydantic|yaml|dvc|stages\.(runner|graph))\b", done.stderr)


def test_a_reader_that_goes_away_is_no_finding(published):
    environment = {**os.environ, "PYTHONPATH": str(published.folder)}
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "stages.retrace.main", "trace", TABLE, "--full"]
    done = subprocess.run(command, cwd=published.folder, env=environment, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert done.returncode == 141 and done.stderr == b""


def test_a_pipe_gets_one_record_a_line(published):
    """However few columns the shell says that there are: every text of a claim and every parameter is in one line."""
    _, answer = published.answer("claims")
    said = called(published, ("claims",), COLUMNS="40").stdout.decode()
    for claim in answer["claims"]:
        lines = [line for line in said.splitlines() if claim["text"] in line]
        assert len(lines) == 1 and claim["id"] in lines[0]
        assert any(line.split(maxsplit=1) == ["rule", claim["rule"]] for line in said.splitlines())
    _, answer = published.answer("trace", MODEL)
    said = called(published, ("trace", MODEL, "--full"), COLUMNS="40").stdout.decode()
    assert said == called(published, ("trace", MODEL, "--full"), COLUMNS="300").stdout.decode()
    (stage,) = [one for one in answer["stages"] if one["stage"] == MODEL]
    assert " ".join(stage["command"]) in said
    for line in said.splitlines():
        assert line == line.rstrip()


@pytest.mark.parametrize("columns", [80, 40])
def test_a_terminal_never_breaks_a_digest_path_or_number(published, columns):
    for words in COMMANDS[:4]:
        piped = called(published, words).stdout.decode()
        shown = seen(published, columns, *words)
        # A name of a column that is empty in all rows is not said where rows stand below each other.
        assert set(piped.split()) - {"met"} <= set(shown.split()), (words, columns)
        wide = [line for line in shown.splitlines() if len(line) > columns]
        for line in wide:
            alone = line.strip(" │├└─")
            assert len(alone.split()) <= 2 or columns < 40, f"{words}: {line!r} could fold"


def test_the_whole_claim_is_shown(published):
    _, answer = published.answer("claims")
    shown = " ".join(seen(published, 80, "claims").split())
    for claim in answer["claims"]:
        assert " ".join(claim["text"].split()) in shown


def printed(width: int | None, draw) -> list[str]:
    stream = io.StringIO()
    draw(Page(stream, width))
    return stream.getvalue().splitlines()


def test_layout_of_pairs_tables_and_trees():
    digest, path = "f" * 30, "a folder/with a space"
    rows = [
        ("sha256", digest),
        ("", styled(f"[red]{whole(path)}[/]")),
        ("note", "some words that fold in their column"),
    ]
    draw = lambda page: page.pairs(rows)  # noqa: E731
    assert printed(None, draw) == [f"  sha256  {digest}", f"          {path}", f"  note    {rows[2][1]}"]
    assert printed(40, draw) == [f"  sha256  {digest}", f"          {path}", "  note    some words that fold in their",
                                 "          column"]  # fmt: skip
    assert printed(36, draw) == ["  sha256", f"    {digest}", f"          {path}", "  note    some words that fold in",
                                 "          their column"]  # fmt: skip
    table = lambda page: page.table(("", "ours", "rule"), [["a b", "12.5", "one two three four five six"]], "ours")  # noqa: E731
    assert printed(None, table) == ["       ours  rule", "  a b  12.5  one two three four five six"]
    assert printed(34, table) == ["       ours  rule", "  a b  12.5  one two three four", "             five six"]
    assert printed(16, table) == [
        "  a b",
        "    ours  12.5",
        "    rule",
        "      one two",
        "      three four",
        "      five six",
    ]

    def tree(page):
        top = Twig("top")
        top.add(f"first {digest} word").add("inner")
        top.add("last")
        page.tree(top)

    assert printed(None, tree) == ["  top", f"  ├── first {digest} word", "  │   └── inner", "  └── last"]
    assert printed(24, tree) == [
        "  top",
        "  ├── first",
        f"  │   │ {digest}",
        "  │   │ word",
        "  │   └── inner",
        "  └── last",
    ]


def test_foreign_text_is_shown_and_not_obeyed():
    """Markup, colours of the terminal, names of emoji, and line ends in what comes from files."""
    foreign = "a[/b] [bold]c :smile: \x1b[31m d\ne"
    assert printed(None, lambda page: page.say(foreign)) == ["a[/b] [bold]c :smile: \\x1b[31m d e"]
    assert printed(None, lambda page: page.say(styled(f"[red]{quoted(foreign)}[/]"))) == [
        "a[/b] [bold]c :smile: \\x1b[31m d e"
    ]


OBEYED = "".join(map(chr, (0x1B, 0x07, 0x08, 0x0D, 0x7F, 0x85, 0x9B, 0x9D, 0x202E, 0x2066, 0x2069, 0x200F, 0x2028)))


def obeyed_in(text: str) -> set[str]:
    return set(OBEYED) & set(text)


def test_what_a_terminal_obeys_is_shown_by_its_number():
    assert terminal.safe(f"a{OBEYED}b\nc") == (
        "a\\x1b\\x07\\x08\\r\\x7f\\x85\\x9b\\x9d\\u202e\\u2066\\u2069\\u200f\\u2028b\nc"
    )
    assert terminal.safe("λ ≥ é 漢 \udcff") == "λ ≥ é 漢 \udcff", "letters stay"
    name = "\x1b\x9b\u202e"
    assert printed(None, lambda page: page.table((name,), [["x"]]))[0].strip() == terminal.safe(name)
    assert printed(None, lambda page: page.pairs([(name, "x")]))[0].split("  ")[1] == terminal.safe(name)


def test_names_reach_no_terminal_as_they_are(paper):
    """Of a target, of a file in results/, of a parameter, of a stage: in messages, pages and JSON."""
    name = f"results/tables/{OBEYED.replace(chr(0x2028), '')}.csv"
    (paper.folder / name).write_text("x")
    for words in (("trace", "none" + OBEYED), ("explain", OBEYED), ("trace", name), ("claims", OBEYED), ("audit",)):
        code, said = paper.say(*words)
        assert code in (1, 2) and "\\x1b" in said and not obeyed_in(said), words
    code, answer = paper.answer("trace", name)
    assert code == 1 and answer["file"].endswith(name), "JSON gives the name itself"
    assert not obeyed_in(paper.say("trace", name, "--json")[1])
    paper.edit(OWN, "grey: 128", '"\\e[31m\\u202e": 1\n      grey: 128')
    code, said = paper.say("explain")
    assert code == 1 and "\\x1b[31m\\u202e" in said and not obeyed_in(said)
    paper.write("params.yaml", '"\\e[31m": [\n')
    code, said = paper.say("explain")
    assert code == 3 and not obeyed_in(said)


def test_a_stage_s_and_the_graph_s_messages_are_safe(tmp_path):
    project = ToyProject(tmp_path)
    verb = project.folder / "stages/toy.py"
    text = verb.read_text().replace("expected a prime, found 4", "expected a prime, found \\x1b[31m\\u202e4")
    verb.write_text(text.replace("def toy(job):\n", 'def toy(job):\n    job.progress(1, 1, "\\x9b31m")\n'))
    project.set("ending", "value")
    done = project.run()
    assert done.returncode == 65 and "found \\x1b[31m\\u202e4" in done.stderr and "\\x9b31m" in done.stdout
    project.set("ending", "defect")
    verb.write_text(verb.read_text().replace('KeyError("x")', 'RuntimeError("\\x1b[31m")'))
    done = project.run()
    assert done.returncode == 1 and "RuntimeError: \\x1b[31m" in done.stderr


def test_a_message_of_the_graph_is_safe(paper):
    paper.edit(OWN_GRAPH, "desc: the picture", 'desc: the picture\n    "\\e[31m": 1')
    for program, words in (("python", ("-m", "stages.graph")), ("snakemake", ("-n", "--quiet", "all"))):
        done = paper.call(program, *words)
        assert done.returncode and "\\x1b[31m" in done.stdout + done.stderr, program
        assert '\x1b[31m"' not in done.stderr and "\x1b[31m:" not in done.stderr


def test_views_use_the_one_page():
    """No view has a console of its own; bars of progress go to stderr."""
    for path in Path(terminal.__file__).parents[1].joinpath("retrace").rglob("view.py"):
        text = path.read_text(encoding="utf-8")
        assert "page: Page" in text and "rich" not in text, path
