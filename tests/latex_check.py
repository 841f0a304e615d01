"""Whether a table's LaTeX compiles: by a TeX where one is at hand, else by its braces, columns and signs."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

DOCUMENT = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage{booktabs}
\usepackage{xcolor}
\begin{document}
%s
\end{document}
"""
COMMANDS = (
    "begin", "end", "toprule", "midrule", "bottomrule", "cmidrule", "multicolumn", "textbf", "textcolor",
    "textbackslash", "textasciicircum", "textasciitilde", "dots", "S",
)  # fmt: skip
IN_MATH = (
    "pm",
    "times",
    "leq",
    "geq",
    "circ",
    "downarrow",
    "uparrow",
    "lambda",
    "sigma",
    "tau",
    "mathrm",
    "rightarrow",
    "dagger",
    "phi",
)


def faults(text: str, folder: Path) -> list[str]:
    """What is wrong with a table; nothing where it compiles."""
    tool = next((name for name in ("tectonic", "pdflatex") if shutil.which(name)), None)
    return compiled(text, folder, tool) if tool else read(text)


def compiled(text: str, folder: Path, tool: str) -> list[str]:
    """The compiler's own errors."""
    path = folder / "table.tex"
    path.write_text(DOCUMENT % text, encoding="utf-8")
    options = ["-interaction=nonstopmode", "-halt-on-error"] if tool == "pdflatex" else []
    done = subprocess.run([tool, *options, path.name], cwd=folder, capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [(done.stdout + done.stderr)[-2000:]]


def read(text: str) -> list[str]:
    """Braces, columns and signs of every line that LaTeX reads."""
    found = []
    lines = [line for line in text.splitlines() if not line.startswith("%")]
    plain = re.sub(r"\\[{}\\$&#%_]", "", "\n".join(lines))
    if plain.count("{") != plain.count("}"):
        found.append("braces do not match")
    align = re.fullmatch(r"\\begin\{tabular\}\{([lcr]+)\}", lines[0])
    if not align or lines[-1] != r"\end{tabular}":
        return [*found, "it does not begin and end as a tabular"]
    for line in lines[1:-1]:
        if line.endswith(r" \\"):
            spans = sum(int(span) - 1 for span in re.findall(r"\\multicolumn\{(\d+)\}", line))
            width = len(re.findall(r"(?<!\\)&", line)) + 1 + spans
            if width != len(align[1]):
                found.append(f"{width} of {len(align[1])} columns: {line}")
            line = re.sub(r"(?<!\\)&", "", line.removesuffix(r" \\"))
        found += signs(line)
    return found


def signs(line: str) -> list[str]:
    """Signs that LaTeX would read as its own, or not at all."""
    outside = re.sub(r"\\[{}$&#%_,]", "", line)
    pieces = outside.split("$")
    if len(pieces) % 2 == 0:
        return [f"a formula is not closed: {line}"]
    known = {"": COMMANDS, "$": IN_MATH}
    found = []
    for place, piece in enumerate(pieces):
        kind = "$" if place % 2 else ""
        unknown = [name for name in re.findall(r"\\([A-Za-z]+)", piece) if name not in known[kind]]
        bare = re.findall(r"[&#%~]" if kind else r"[&#%_^~<>|]", piece) + re.findall(r"[^\x00-\x7fà-ÿ]", piece)
        bare += re.findall(r"\\(?![A-Za-z])", piece)
        found += [f"{sign!r} in {line}" for sign in (*unknown, *bare)]
    return found
