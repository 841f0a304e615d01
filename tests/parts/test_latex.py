"""Tables in LaTeX: any text comes through as it is, and what is written compiles where a TeX is at hand."""

import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as some

from stages.draw.latex import DOWN, cells_to_line, escaped, tabular, with_printed

TEX = shutil.which("pdflatex") or shutil.which("tectonic")
ALL_SIGNS = r"\ & % $ # _ { } ~ ^ ° ± σ –"


def table() -> str:
    head = [cells_to_line(["", escaped("50 %_a") + DOWN])]
    body = [["x", with_printed(r"\textbf{1.5}", "2.0")], [escaped(ALL_SIGNS), escaped("1 ± 2°")]]
    return tabular(["Needs booktabs and xcolor."], "lc", head, body, ["one seed"])


def test_a_tabular_by_hand():
    made = tabular(["a note"], "lc", [cells_to_line(["", "head"])], [["x", "1"], ["y", "2"]], ["end"])
    assert made.splitlines() == [
        "% a note", r"\begin{tabular}{lc}", r"\toprule", r" & head \\", r"\midrule", r"x & 1 \\", r"y & 2 \\",
        r"\bottomrule", r"\end{tabular}", "% end",
    ]  # fmt: skip
    assert with_printed("1.5", "2") == r"1.5 \textcolor{gray}{(2)}"


def test_each_sign_by_hand():
    assert escaped(r"a\b") == r"a\textbackslash{}b", "what a sign becomes is not read again"
    assert escaped("50 % of x_1 & #2") == r"50 \% of x\_1 \& \#2"
    assert escaped("{~^$}") == r"\{\textasciitilde{}\textasciicircum{}\$\}"
    assert escaped("3 ± 1° – σ") == r"3 $\pm$ 1$^\circ$ -- $\sigma$"
    assert escaped("λ ≤ 2 × τ < −1 | x") == r"$\lambda$ $\leq$ 2 $\times$ $\tau$ $<$ $-$1 $|$ x"


@given(some.text(some.characters(codec="ascii", exclude_categories=["Cc"]), max_size=40))
def test_escaped_text_balances_and_leaves_no_sign_alone(text):
    made = escaped(text)
    plain = re.sub(r"\\text[a-z]+\{\}|\\[&%$#_{}]|\$\^\\circ\$|\$\\pm\$|\$\\sigma\$|\$[<>|]\$", "", made)
    assert not set(plain) & set("\\&%$#_{}~^<>|")


@pytest.mark.skipif(TEX is None, reason="needs pdflatex or tectonic")
def test_it_compiles(tmp_path):
    page = r"\documentclass{article}\usepackage{booktabs,xcolor}\begin{document}" + table() + r"\end{document}"
    (tmp_path / "page.tex").write_text(page, encoding="utf-8")
    options = ["-interaction=nonstopmode", "-halt-on-error"] if "pdflatex" in str(TEX) else []
    done = subprocess.run([str(TEX), *options, "page.tex"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and (tmp_path / "page.pdf").is_file(), done.stdout[-2000:]


def test_without_a_tex_lines_have_equal_columns_and_braces_balance():
    made = table()
    rows = [line for line in made.splitlines() if line.endswith(r" \\")]
    assert len(rows) == 3 and {len(re.split(r"(?<!\\)&", row)) for row in rows} == {2}
    bare = re.sub(r"\\[{}]", "", made)
    assert bare.count("{") == bare.count("}") and made.count(r"\begin{") == made.count(r"\end{")
