"""One planted fault: where it is, what stands there instead, and which tests ought to notice it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Outdated(ValueError):
    """A list names a text that its file does not hold exactly once, or a test file that is not there."""


@dataclass(frozen=True)
class Fault:
    """`old`, which stands once in `file`, becomes `new`; `tests` are pytest's files or node ids, the likeliest first.

    `survives` is empty, or the reason why no test can notice it.
    """

    paper: str
    file: str
    what: str
    old: str
    new: str
    tests: tuple[str, ...]
    survives: str = ""

    @property
    def name(self) -> str:
        """What a report calls it."""
        return f"{self.file}: {self.what}"

    @property
    def module(self) -> str:
        """The module that it changes."""
        return self.file.removesuffix(".py").replace("/", ".")

    def planted(self) -> str:
        """The file's text with the fault.    Raises: Outdated."""
        path = ROOT / self.file
        if not path.is_file():
            raise Outdated(f"{self.file}: no such file, for the fault {self.what!r}")
        text = path.read_text(encoding="utf-8")
        if (times := text.count(self.old)) != 1:
            raise Outdated(f"{self.file}: expected this text once, found it {times} times: {self.old!r}")
        if self.old == self.new:
            raise Outdated(f"{self.file}: nothing is changed: {self.old!r}")
        return text.replace(self.old, self.new)

    def check(self) -> None:
        """Raises: Outdated for a text or a test that is not there."""
        compile(self.planted(), self.file, "exec")
        for test in self.tests:
            file, *names = test.split("::")
            if not (ROOT / file).is_file():
                raise Outdated(f"{self.name}: no test file {file}")
            if names and f"def {names[-1]}(" not in (ROOT / file).read_text(encoding="utf-8"):
                raise Outdated(f"{self.name}: {file} has no test {names[-1]}")


def spread(listed: Iterable[Fault], count: int) -> list[Fault]:
    """`count` of the faults of each paper, evenly spread over its list; all where it has fewer."""
    by_paper: dict[str, list[Fault]] = {}
    for fault in listed:
        by_paper.setdefault(fault.paper, []).append(fault)
    return [
        own[place * len(own) // min(count, len(own))]
        for own in by_paper.values()
        for place in range(min(count, len(own)))
    ]
