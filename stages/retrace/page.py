"""Where every command prints its report: a terminal of some width, or a pipe, in which each record is one line.

On a terminal text folds between words, in its own column where the longest word fits there, else below its name; no
word is ever broken, so that digests, paths and numbers can be copied. A pipe gets no folding at all.
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from stages.runner.terminal import OBEYED, safe

Line = str | Text
GAP = "  "
# Narrower columns of prose are worse to read than lines below.
LEAST_COLUMN = 20
# Stands for a space at which nothing may fold.
HARD_SPACE = "\ue000"


def styled(markup: str) -> Text:
    """Text in rich's markup; what comes from elsewhere in it must be escaped by `quoted`."""
    return Text.from_markup(markup, emoji=False)


def quoted(foreign: object) -> str:
    """Something for `styled` that is shown as it is."""
    return escape(str(foreign))


def whole(foreign: object) -> str:
    """The same for a path or command with spaces, at which it must not fold."""
    return quoted(foreign).replace(" ", HARD_SPACE)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Rich would end the process with 1, which means a finding."""
        raise BrokenPipeError


@dataclass
class Twig:
    """A line of a tree, and those that hang from it."""

    text: Line
    twigs: list["Twig"] = field(default_factory=list)

    def add(self, text: Line) -> "Twig":
        self.twigs.append(Twig(text))
        return self.twigs[-1]


class Page:
    """Prints lines, pairs, tables and trees; `width` is that of the terminal, None for a pipe."""

    def __init__(self, stream: IO[str] | None = None, width: int | None = None) -> None:
        place = stream or sys.stdout
        self._console = _Console(file=place, highlight=False, emoji=False)
        self.width = width or (self._console.width if place.isatty() else None)

    def say(self, text: Line, style: str = "", first: str = "", rest: str | None = None) -> None:
        """One line, which folds below `rest` (as many spaces as `first` has letters, if not given)."""
        rest = " " * len(first) if rest is None else rest
        for number, line in enumerate(self._folded(_text(text, style), max(len(first), len(rest)))):
            self._print(Text.assemble(rest if number else first, line))

    def skip(self) -> None:
        """An empty line."""
        self._print(Text())

    def pairs(self, rows: Sequence[tuple[str, Line]], indent: int = 2) -> None:
        """Names in a column, and what is said of each beside them; an empty name goes on with the one before."""
        column = max((len(name) for name, _ in rows), default=0)
        start = indent + column + len(GAP)
        for name, said in rows:
            text, head = _text(said), Text.assemble(" " * indent, (name, "grey62"))
            if self._fits(text, start):
                folded = self._folded(text, start)
                head.pad_right(start - len(head))
                for number, line in enumerate(folded):
                    self._print(Text.assemble(" " * start if number else head, line))
                continue
            if name:
                self._print(head)
            self.say(text, first=" " * (indent + 2))

    def table(self, names: Sequence[str], rows: Sequence[Sequence[Line]], right: str = "", indent: int = 2) -> None:
        """Columns under their names, those in `right` to the right; too narrow for that, each row as pairs."""
        cells = [[_text(cell) for cell in row] for row in rows]
        heads = [Text(name, "grey62") for name in names]
        widths = self._widths([heads, *cells], indent)
        if widths is None:
            for row in cells:
                head = f"{names[0]}  " if names[0] else ""
                self.say(Text.assemble((head, "grey62"), row[0]), first=" " * indent)
                self.pairs([(name, cell) for name, cell in zip(names[1:], row[1:], strict=True) if cell.plain],
                           indent + 2)  # fmt: skip
            return
        for row in [heads, *cells]:
            folded = [self._fold(cell, width) for cell, width in zip(row, widths, strict=True)]
            for number in range(max(map(len, folded))):
                line = Text(" " * indent)
                for name, held, width in zip(names, folded, widths, strict=True):
                    part = held[number].copy() if number < len(held) else Text()
                    room = width - part.cell_len
                    line = Text.assemble(line, " " * room if name in right.split() else "", part,
                                         "" if name in right.split() else " " * room, GAP)  # fmt: skip
                self._print(line)

    def tree(self, top: Twig, before: str = "  ") -> None:
        """A tree with a line a twig."""
        self.say(top.text, first=before)
        self._grow(top, before)

    def _grow(self, branch: Twig, before: str) -> None:
        for twig in branch.twigs:
            is_last = twig is branch.twigs[-1]
            inner = before + ("    " if is_last else "│   ")
            self.say(
                twig.text, first=before + ("└── " if is_last else "├── "), rest=inner + ("│ " if twig.twigs else "  ")
            )
            self._grow(twig, inner)

    def _widths(self, rows: Sequence[Sequence[Text]], indent: int) -> list[int] | None:
        """Of each column; None where they do not fit beside each other without breaking a word."""
        columns = list(zip(*rows, strict=True))
        widths = [max(cell.cell_len for cell in column) for column in columns]
        if self.width is None:
            return widths
        least = [
            max(min(LEAST_COLUMN, width), *map(_longest, column)) for column, width in zip(columns, widths, strict=True)
        ]
        room = self.width - indent - len(GAP) * (len(columns) - 1)
        while sum(widths) > room:
            slack, at = max((width - low, at) for at, (width, low) in enumerate(zip(widths, least, strict=True)))
            if slack <= 0:
                return None
            widths[at] -= min(slack, sum(widths) - room)
        return widths

    def _fits(self, text: Text, start: int) -> bool:
        if self.width is None:
            return True
        room = self.width - start
        return _longest(text) <= room and (room >= LEAST_COLUMN or text.cell_len <= room)

    def _folded(self, text: Text, start: int) -> list[Text]:
        return self._fold(text, None if self.width is None else max(self.width - start, 1))

    def _fold(self, text: Text, width: int | None) -> list[Text]:
        """The lines of a text; without a width one, whatever line ends it holds."""
        if width is None:
            flat = text.split("\n")
            return [Text(" ").join(line for line in flat if line.plain.strip())] if len(flat) > 1 else [text]
        return [part for line in text.split("\n", allow_blank=True) for part in line.divide(_breaks(line.plain, width))]

    def _print(self, line: Text) -> None:
        line.rstrip()
        line.plain = line.plain.replace(HARD_SPACE, " ")
        # Names of columns and of trees' branches too; texts were made safe before they were folded.
        self._console.print(_text(line), soft_wrap=True)


def _text(line: Line, style: str = "") -> Text:
    """With what a terminal would obey shown by its number."""
    text = line.copy() if isinstance(line, Text) else Text(line, style)
    return Text(safe(text.plain), text.style) if OBEYED.search(text.plain) else text


def _breaks(line: str, width: int) -> list[int]:
    """Where lines end so that none is longer, if its words allow that."""
    ends, begun = [], 0
    for word in re.finditer(r"\S+", line):
        if cell_len(line[begun : word.end()]) > width and line[begun : word.start()].strip():
            begun = word.start()
            ends.append(begun)
    return ends


def _longest(text: Text) -> int:
    return max((len(word) for word in text.plain.split()), default=0)
