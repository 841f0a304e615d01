"""What people name and write stays text in a report, and drawings are what their numbers say."""

from pathlib import Path

import pytest

from stages.retrace.report import names, numbers
from stages.retrace.report.curves import TALL, WIDE, curves
from stages.retrace.report.site import Site, size
from stages.retrace.report.texts import Texts
from stages.runner.terminal import OBEYED
from tests.retrace.pages import Report
from tests.retrace.test_report import write

EVIL = "<script>alert(1)</script>\"'>&\x1b[31m\u202e"
SHOWN = "<script>alert(1)</script>\"'>&\\x1b[31m\\u202e"


def test_planted_names_stay_text(paper, tmp_path):
    """In claims, gaps, captions, parameters' comments and a card, as an attacker with write access would put them."""
    written = EVIL.replace("\\", "\\\\").replace('"', '\\"').replace("\x1b", "\\e").replace("\u202e", "\\u202e")
    paper.write("stages/papers/toy/claims.yaml",
                f'- {{id: "{written}", claim: "{written}", evidence: "{written}", rule: "{written}", '
                f'measured_by: "tables/table.csv"}}\n')  # fmt: skip
    paper.write("stages/papers/toy/gaps.yaml",
                f'- {{id: G1, question: "{written}", default: "{written}", keys: ["{written}"], claims: ["{written}"], '
                f'targets: ["{written}"], alternatives: ["{written}"]}}\n'
                "- {id: G2, question: q, default: d, keys: []}\n")  # fmt: skip
    paper.write(
        "stages/papers/toy/errata.yaml",
        f'- {{id: "{written}", place: "{written}", says: "{written}", right: "{written}", handled: G1}}\n',
    )
    paper.write("stages/papers/toy/captions/figure.rst", f"``{EVIL}`` {EVIL}\n")
    paper.write("stages/papers/toy/README.md", f"# {EVIL}\n")
    paper.write(
        "stages/papers/toy/models.yaml",
        f'use: "{written}"\nlimits: ["{written}"]\ntasks: {{ours: "{written}"}}\n',
    )
    write(paper, tmp_path / "out")
    pages = Report(tmp_path / "out")
    assert pages.wrong() == []
    for name in ("claims.html", "gaps.html", "errata.html", "index.html", "result/figure.html"):
        assert SHOWN in pages.pages[name].text, name
    cards = [page for name, page in pages.pages.items() if name.startswith("card/")]
    assert pages.raw["index.js"].count(b'["erratum", ') == 1, "they are found by a search too"
    assert len(cards) == 4 and all(page.text.count(SHOWN) == 3 for page in cards), "title, use and limit"
    assert sum(name.startswith("records/") for name in pages.raw) == 4
    for name, content in pages.raw.items():
        if name.startswith("records/") or name.endswith((".html", ".js", ".yml")):
            assert not OBEYED.search(content.decode().replace("\n", "")), name
            body = content.rpartition(b"---\n")[2]  # a front matter is YAML, and no HTML to anybody
            assert name == "search.html" or b"<script" not in body, name


def test_a_page_in_markdown_has_tables_and_no_html():
    made = Texts(()).markdown("# Head\n\n| | a<br>b |\n|:-|:-:|\n| <b>x</b> | [l](http://e.org) ![p](q.png) **y** |\n")
    assert "<h2>Head</h2>" in made and "a<br />\nb" in made and "<strong>y</strong>" in made
    assert "&lt;b&gt;x" in made and "<a " not in made and "<img" not in made and "style" not in made
    assert '<div class="scroll" tabindex="0" role="region" aria-label="Table 1"><table>' in made and "<td></td>" in made


def test_what_a_text_names_leads_to_its_entry():
    texts = Texts({"gaps.html#toy-G1", "claims.html#toy-C1"})
    site = Site(texts, "demo", "")
    linked = site._pages.from_string("{{ text|linked('toy') }}").render(root="../", text="G1, G12 & C1 of G1x")
    assert linked == ('<a href="../gaps.html#toy-G1">G1</a>, G12 &amp; <a href="../claims.html#toy-C1">C1</a> of G1x')
    assert texts.caption("a ``b`` <c>") == "a <code>b</code> &lt;c&gt;"


def test_names_in_addresses_are_plain():
    assert names.plain("fig01.png") == "fig01.png"
    for odd in ("a b", "../x", "é", "<x>", "", ".hidden", "a" * 200):
        assert names.PLAIN.fullmatch(names.plain(odd)) and names.plain(odd) != odd
    assert names.file("results/figures/a b.png").startswith("files/figures/") and size(1_250_000) == "1.2 MB"


def test_a_curve_is_drawn_to_scale():
    text = "step,images,term,value\n1,1,G/a,4\n2,2,G/a,2\n3,3,G/a,0\n1,1,D/b,1\n2,2,D/b,nan\n3,3,D/b,x\n"
    flat, falling = curves(text.encode(), Path("curve.csv"))
    assert (flat.term, flat.path, flat.low, flat.high) == (
        "D/b",
        " ".join([f"{WIDE // 2},{TALL // 2}"] * 2),
        "1",
        "1",
    )
    assert falling.path == "4,4 120,40 236,76" and falling.steps == ("1", "3") and falling.last == "0"
    assert curves(b"a,b\n1,2\n", Path("x")) == [] and curves(b"\xff", Path("x")) == [] and curves(b"", Path("x")) == []
    long = "step,term,value\n" + "".join(f"{step},t,{step}\n" for step in range(1000))
    assert len(curves(long.encode(), Path("x"))[0].path.split()) == 100


@pytest.mark.parametrize(
    ("difference", "printed", "x", "width", "text"),
    [("0.5", "2", 50, 12, "+25%"), ("-3", "2", 0, 50, "-150%"), ("0", "-2", 50, 0, "+0%")],
)
def test_a_bar_is_as_long_as_its_share(difference, printed, x, width, text):
    bar = numbers._bar({"difference": difference, "printed": printed})
    assert bar and (bar.x, bar.width, bar.text) == (x, width, text)


def test_without_a_difference_of_the_table_there_is_no_bar():
    for row in ({"printed": "3"}, {"difference": "1", "printed": "0"}, {"difference": "", "printed": "2"},
                {"difference": "nan", "printed": "2"}, {"difference": "1", "printed": "1 to 2"}):  # fmt: skip
        assert numbers._bar(row) is None
