"""Tables in LaTeX: any text comes through as it is, and what is written compiles."""

import re

from hypothesis import given
from hypothesis import strategies as some

from stages.draw.latex import DOWN, cells_to_line, escaped, tabular, with_printed
from tests import latex_check

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


def test_it_compiles_and_its_lines_have_equal_columns(tmp_path):
    made = table()
    assert latex_check.faults(made, tmp_path) == [] and latex_check.read(made) == []
    assert len([line for line in made.splitlines() if line.endswith(r" \\")]) == 3
