"""Tables in LaTeX: one booktabs tabular, and text with every sign that LaTeX reads as its own."""

from collections.abc import Iterable, Sequence

# Each sign on its own, so that what one becomes is not read again.
SIGNS = str.maketrans({
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "°": r"$^\circ$", "±": r"$\pm$", "×": r"$\times$",
    "≤": r"$\leq$", "≥": r"$\geq$", "−": "$-$", "<": "$<$", ">": "$>$", "|": "$|$", "–": "--", "λ": r"$\lambda$",
    "σ": r"$\sigma$", "τ": r"$\tau$", "→": r"$\rightarrow$", "†": r"$\dagger$",
})  # fmt: skip
DOWN, UP = r"$\downarrow$", r"$\uparrow$"


def escaped(text: str) -> str:
    """Plain text as LaTeX prints it."""
    return text.translate(SIGNS)


def with_printed(ours: str, printed: str) -> str:
    """A value of ours, already LaTeX, with the printed one in grey brackets."""
    return rf"{ours} \textcolor{{gray}}{{({printed})}}"


def cells_to_line(cells: Iterable[str]) -> str:
    """One line of a tabular from cells that are LaTeX already."""
    return " & ".join(cells) + r" \\"


def tabular(
    notes: Sequence[str], alignment: str, head: Iterable[str], body: Iterable[Sequence[str]], end: Sequence[str] = ()
) -> str:
    """A booktabs tabular between comments; `head` holds whole lines, `body` the cells of each, all LaTeX already."""
    lines = [*(f"% {note}" for note in notes), rf"\begin{{tabular}}{{{alignment}}}", r"\toprule", *head, r"\midrule"]
    lines += [
        *(cells_to_line(cells) for cells in body),
        r"\bottomrule",
        r"\end{tabular}",
        *(f"% {note}" for note in end),
    ]
    return "\n".join(lines) + "\n"
