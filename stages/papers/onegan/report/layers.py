"""Tables 2 to 9: every layer as printed, as built at paper size, and as built here, from the networks themselves.

Source: supp Tab. 2 to 9.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import Field

from stages import yaml_text
from stages.draw.latex import cells_to_line, escaped, tabular
from stages.draw.style import stamp
from stages.draw.table import lines_to_csv, rows_to_markdown
from stages.papers.onegan.common import NetsBlock

if TYPE_CHECKING:
    from stages.papers.onegan.drawn import Drawing, Layer

COLUMNS = (
    "table", "module", "printed", "input", "output", "paper_layer", "paper_shape", "paper_parameters", "layer", "shape",
    "parameters", "note", "profile",
)  # fmt: skip
HEAD = ["module", "printed", "input", "output", "built at paper size", "shape", "parameters"]
HERE = ["built here", "shape", "parameters"]
SYMBOLS = {"N_C": "children", "N_P": "parents", "d_c": "child_code", "d_p": "parent_code", "d_bg": "background_code",
           "d_z": "pose"}  # fmt: skip
# 16, S, 2c_o or S/2.
TERM = re.compile(r"(\d*)([A-Za-z]\w*)(?:/(\d+))?|(\d+)")


class Block(NetsBlock):
    """The networks of a profile; `which` table is drawn, and N_C and N_P of the networks at paper size."""

    which: Literal[2, 3, 4, 5, 6, 7, 8, 9]
    paper_children: int = Field(gt=0)
    paper_parents: int = Field(gt=0)


class Line(NamedTuple):
    """A line of a table: what is printed, what is built at paper size and here, and the letter of their difference."""

    printed: Mapping[str, Any]
    paper: "Layer"
    here: "Layer"
    note: str


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex of one table, from printed.

    Raises: ValueError where a layer differs from the printed one without a note, or has a note and does not differ.
    """
    given = yaml_text.load(inputs["printed"])
    table = given["tables"][block.which]
    lines = lines_of(block, table["rows"], given["sizes"])
    notes = {note: given["notes"][note] for note in dict.fromkeys(line.note for line in lines) if note}
    title = f"Table {block.which}, {table['title']}"
    return {
        "csv": lines_to_csv(COLUMNS, (to_record(line, block) for line in lines)),
        "md": to_markdown(title, block, lines, notes),
        "tex": to_latex(title, block, lines, notes),
    }


def lines_of(block: Block, rows: list[dict[str, Any]], sizes: Mapping[str, Any]) -> list[Line]:
    """The lines of a table; a line that a key gives us is there with its key alone."""
    from stages.papers.onegan.drawn import Drawing

    keys = {name: getattr(block, name) for name in NetsBlock.model_fields}
    classes = {"children": block.paper_children, "parents": block.paper_parents}
    paper = NetsBlock.model_validate(keys | dict(sizes) | classes | {"profile": "paper"})
    drawings = Drawing(paper), Drawing(NetsBlock.model_validate(keys))
    return [to_line(row, *drawings) for row in rows if "only" not in row or getattr(block, row["only"])]


def to_line(row: Mapping[str, Any], paper: "Drawing", here: "Drawing") -> Line:
    """A printed line beside its layers."""
    built = [drawing.layer(row["at"], row.get("as", "")) for drawing in (paper, here)]
    symbols = {symbol: getattr(paper.block, key) for symbol, key in SYMBOLS.items()} | row.get("where", {})
    same, note = plain(row["layers"], symbols) == plain(built[0].words, {}), row.get("note", "")
    if same == bool(note):
        raise ValueError(
            f"printed.yaml, {row['at']}: {row['layers']!r} is printed and {built[0].words!r} built at paper size, so"
            f" expected {'no note' if same else 'a note'}, came {note!r}"
        )
    return Line(row, built[0], built[1], note)


def plain(words: str, symbols: Mapping[str, int]) -> str:
    """Words without blanks and with numbers for symbols: `K3P1Conv2d(c_i + d, 2c_i)` -> `K3P1Conv2d(80,128)`."""
    name, bracket, rest = words.replace(" ", "").partition("(")
    inside, closing, after = rest.rpartition(")")
    terms = [value_of(term, symbols) for term in inside.split(",")]
    return f"{name}{bracket}{','.join(terms)}{closing}{after}"


def value_of(term: str, symbols: Mapping[str, int]) -> str:
    """A number, or a sum, share or multiple of symbols, as a number; anything else as it is."""
    parts = [TERM.fullmatch(part) for part in term.split("+")]
    found = [part.groups() for part in parts if part]
    if len(found) < len(parts) or any(symbol and symbol not in symbols for _, symbol, _, _ in found):
        return term
    values = [
        int(number) if number else int(times or 1) * symbols[symbol] // int(share or 1)
        for times, symbol, share, number in found
    ]
    return str(sum(values))


def shape_to_text(shape: tuple[int, ...]) -> str:
    """256 x 16 x 16."""
    return " x ".join(map(str, shape))


def to_record(line: Line, block: Block) -> dict[str, str]:
    """A line of the csv."""
    row, paper, here = line.printed, line.paper, line.here
    return {
        "table": str(block.which), "module": row.get("module", ""), "printed": row["layers"], "input": row["input"],
        "output": row["output"], "paper_layer": paper.words, "paper_shape": shape_to_text(paper.shape),
        "paper_parameters": str(paper.parameters), "layer": here.words, "shape": shape_to_text(here.shape),
        "parameters": str(here.parameters), "note": line.note, "profile": block.profile,
    }  # fmt: skip


def cells(line: Line) -> list[str]:
    """A line of the page; a layer that differs from the printed one has its letter."""
    row, built = line.printed, (line.paper, line.here)
    marked = [f"{layer.words} [{line.note}]" if line.note else layer.words for layer in built]
    texts = [
        text
        for words, layer in zip(marked, built, strict=True)
        for text in (words, shape_to_text(layer.shape), f"{layer.parameters:,}")
    ]
    return [row.get("module", ""), row["layers"], row["input"], row["output"], *texts]


def totals(block: Block, lines: list[Line]) -> str:
    """How many parameters the lines have together; Table 2 shows examples, whose sum means nothing."""
    if block.which == 2:
        return "The lines of Table 2 are examples: one block of each kind within the networks."
    paper, here = sum(line.paper.parameters for line in lines), sum(line.here.parameters for line in lines)
    return f"{paper:,} parameters at paper size, {here:,} here."


def said_of(block: Block, lines: list[Line]) -> list[str]:
    """What stands around the table."""
    classes = f"N_C = {block.paper_children}, N_P = {block.paper_parents}"
    return [
        f"Printed: the text. Built at paper size: the networks at {classes}, without numbers; here: {block.profile},"
        f" {block.size_px} px, width {block.width}, N_C = {block.children}, N_P = {block.parents}.",
        totals(block, lines),
    ]


def to_markdown(title: str, block: Block, lines: list[Line], notes: Mapping[str, str]) -> str:
    """The table with what is said of it and its notes."""
    parts = [f"# {title}\n", f"{stamp(block.profile).capitalize()}. {' '.join(said_of(block, lines))}\n"]
    parts.append(rows_to_markdown([*HEAD, *HERE], map(cells, lines)))
    parts += [f"[{letter}] {text}\n" for letter, text in notes.items()]
    return "\n".join(parts)


def to_latex(title: str, block: Block, lines: list[Line], notes: Mapping[str, str]) -> str:
    """The table in booktabs, with its notes as comments."""
    head = [cells_to_line(map(escaped, [*HEAD, *HERE]))]
    said = [f"{title}; {stamp(block.profile)}.", *said_of(block, lines), "Needs booktabs."]
    body = [[escaped(text) for text in cells(line)] for line in lines]
    return tabular(said, "llllllrllr", head, body, [f"[{letter}] {text}" for letter, text in notes.items()])
