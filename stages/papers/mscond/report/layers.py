"""Table 1: every layer of the discriminator as printed, as built at the paper's size, and as built here.

Source: supp §1, Tab. 1.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field

from stages.draw.latex import cells_to_line, escaped, tabular
from stages.draw.style import stamp
from stages.draw.table import lines_to_csv, read_reported, rows_to_markdown
from stages.papers.mscond.methods.gan.block import Block as Training

if TYPE_CHECKING:
    from stages.papers.mscond.drawn import Layer

HEAD = ["type", "printed", "output", "built at paper size", "output", "parameters", "output here", "parameters"]
COLUMNS = ("number", "type", "printed", "printed_output", "paper_layer", "paper_output", "paper_parameters", "output",
           "parameters", "note", "profile")  # fmt: skip
NOTES = {
    "a": "The first ResBlk keeps the side and has 128 channels: it is StyleGAN2's 1x1 convolution from RGB (gap G4).",
    "b": "Text: Conv-ReLU-Conv; the table prints one layer, and no hidden width (gap G7).",
    "c": "Ours: StyleGAN2's epilogue, which the table leaves out (gap G5); without it scale 1 would not be StyleGAN2.",
    "d": "Another reading than the default one of this block (gap G6).",
}


class Block(Training):
    """Keys of MsConD at the profile's size, and the sizes that the paper prints.

    Units: paper_size_px in pixels; the others are widths, as the keys without `paper_`.
    """

    paper_size_px: int = Field(ge=8)
    paper_channel_base: int = Field(gt=0)
    paper_channel_limit: int = Field(gt=0)
    paper_embedding: int = Field(gt=0)
    paper_projection_hidden: int = Field(gt=0)


class Line(NamedTuple):
    """A line: its number in print (0 for a layer that is ours), printed layer and output, what is built, its note."""

    number: int
    printed: str
    printed_output: str
    paper: "Layer"
    here: "Layer | None"
    note: str


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex, from reported.

    Raises: ValueError where what is built differs from what is printed in more than what a note says.
    """
    lines = lines_of(block, inputs["reported"])
    return {
        "csv": lines_to_csv(COLUMNS, (to_record(line, block) for line in lines)),
        "md": to_markdown(block, lines),
        "tex": to_latex(block, lines),
    }


def lines_of(block: Block, reported: Path) -> list[Line]:
    """The built layers in order, each with its printed line."""
    from stages.papers.mscond.drawn import layers_of

    printed = sorted((int(number), kind, words, output) for (kind, number, words), output
                     in read_reported(reported, "table1").items())  # fmt: skip
    sizes = {name.removeprefix("paper_"): getattr(block, name) for name in Block.model_fields if "paper_" in name}
    paper = layers_of(block.model_copy(update=sizes))
    here = {layer.place: layer for layer in layers_of(block)}
    own = [layer for layer in paper if not layer.ours]
    if len(own) != len(printed):
        raise ValueError(f"{reported}: expected {len(own)} lines of Table 1, which are built, came {len(printed)}")
    by_place = {layer.place: line for layer, line in zip(own, printed, strict=True)}
    return [to_line(layer, by_place.get(layer.place), here.get(layer.place)) for layer in paper]


def to_line(paper: "Layer", printed: tuple[int, str, str, str] | None, here: "Layer | None") -> Line:
    """A built layer beside its printed line. Raises: ValueError where type or output differ."""
    if printed is None:
        return Line(0, "", "", paper, here, "c")
    number, kind, words, output = printed
    if (kind, output) != (paper.kind, to_text(paper.output)):
        raise ValueError(
            f"reported.csv, Table 1, line {number}: expected {paper.kind} with output {to_text(paper.output)}, which is"
            f" built, came {kind} with output {output}"
        )
    note = "" if words == paper.words else {"from image": "a"}.get(paper.place, "b" if "proj" in paper.place else "d")
    return Line(number, words, output, paper, here, note)


def to_text(shape: tuple[int, ...]) -> str:
    """16x16x512."""
    return "x".join(map(str, shape))


def to_record(line: Line, block: Block) -> dict[str, str]:
    """A line of the csv."""
    return {
        "number": str(line.number or ""), "type": line.paper.kind, "printed": line.printed,
        "printed_output": line.printed_output, "paper_layer": line.paper.words,
        "paper_output": to_text(line.paper.output), "paper_parameters": str(line.paper.parameters),
        "output": to_text(line.here.output) if line.here else "",
        "parameters": str(line.here.parameters) if line.here else "", "note": line.note, "profile": block.profile,
    }  # fmt: skip


def cells(line: Line) -> list[str]:
    """A line of the page."""
    built = f"{line.paper.words} [{line.note}]" if line.note else line.paper.words
    here = [to_text(line.here.output), f"{line.here.parameters:,}"] if line.here else ["", ""]
    printed = [line.printed, line.printed_output] if line.number else ["ours", ""]
    return [line.paper.kind, *printed, built, to_text(line.paper.output), f"{line.paper.parameters:,}", *here]


def said_of(block: Block, lines: list[Line]) -> list[str]:
    """What stands before the table."""
    paper = sum(line.paper.parameters for line in lines)
    here = sum(line.here.parameters for line in lines if line.here)
    return [
        f"Printed: the text. Built at paper size: {block.paper_size_px} px, {paper:,} parameters; here:"
        f" {block.profile}, {block.size_px} px, {here:,} parameters. Outputs are height x width x channels."
    ]


def notes_of(lines: list[Line]) -> list[str]:
    """The notes that lines refer to."""
    return [f"[{letter}] {NOTES[letter]}" for letter in sorted({line.note for line in lines if line.note})]


def to_markdown(block: Block, lines: list[Line]) -> str:
    """The table with what is said of it and its notes."""
    said = f"{stamp(block.profile).capitalize()}. {' '.join(said_of(block, lines))}\n"
    table = rows_to_markdown(HEAD, map(cells, lines))
    return "\n".join(
        ["# Table 1, the discriminator of MsConD\n", said, table, *(f"{one}\n" for one in notes_of(lines))]
    )


def to_latex(block: Block, lines: list[Line]) -> str:
    """The table in booktabs, with its notes as comments."""
    head = [cells_to_line(map(escaped, HEAD))]
    said = [f"Table 1, the discriminator of MsConD; {stamp(block.profile)}.", *said_of(block, lines), "Needs booktabs."]
    body = [[escaped(text) for text in cells(line)] for line in lines]
    return tabular(said, "llrlrrrr", head, body, notes_of(lines))
