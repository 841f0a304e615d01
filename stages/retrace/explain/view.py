"""How an explanation looks: stages with equal reasons together, each reason with what it was and what it is."""

import difflib
import json
import re
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stages.retrace.evidence.cosmetic import old_text
from stages.retrace.explain.command import Explanation
from stages.retrace.explain.staleness import Reason
from stages.retrace.looks import two_columns

NAMED = 6
LINES = 8
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def show(answer: Explanation, console: Console) -> None:
    total = len(answer.direct) + len(answer.downstream) + len(answer.current)
    if not answer.direct:
        console.print(f"[bold green]up to date[/]  all {total} stages")
        return
    unbuilt = [name for name, reasons in answer.direct.items() if reasons[0].kind == "missing"]
    counts = [
        f"[bold]{len(answer.direct) - len(unbuilt)}[/] changed", f"[bold]{len(unbuilt)}[/] not built",
        f"[bold]{len(answer.downstream)}[/] follow", f"[bold]{len(answer.current)}[/] up to date",
    ]  # fmt: skip
    console.print(f"of {total} stages: " + ", ".join(counts))
    groups: dict[tuple[Reason, ...], list[str]] = {}
    for name, reasons in answer.direct.items():
        if name not in unbuilt:
            groups.setdefault(reasons, []).append(name)
    for reasons, names in groups.items():
        console.print(f"\n[bold red]●[/] [bold]{escape(_names(names))}[/]")
        console.print(_table(reasons))
    if unbuilt:
        console.print(f"\n[bold yellow]●[/] [bold]not built yet:[/] {escape(_names(unbuilt))}", soft_wrap=True)
    if answer.downstream:
        console.print(
            f"\n[bold cyan]●[/] [bold]they follow:[/] {escape(_names(list(answer.downstream)))}", soft_wrap=True
        )


def _names(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _table(reasons: tuple[Reason, ...]) -> Table:
    table = two_columns()
    for reason in reasons:
        table.add_row(f"  {reason.kind}", f"{escape(reason.name)}{_change(reason)}")
        if reason.note:
            table.add_row("", f"[yellow]{escape(reason.note)}[/]")
        for line in _lines(reason):
            table.add_row("", line)
    return table


def _change(reason: Reason) -> str:
    if reason.kind in ("parameter", "dependency"):
        return f"  [red]{escape(_text(reason.old))}[/] → [green]{escape(_text(reason.new))}[/]"
    if reason.kind == "input":
        return "  [grey62]has other bytes than this stage read[/]"
    return ""


def _text(value: Any) -> str:
    return value if value == "(absent)" else json.dumps(value, ensure_ascii=False)


def _lines(reason: Reason) -> list[str]:
    """Words of a command, packages of a lock, lines of code: what went and what came."""
    if reason.kind == "command":
        return _diff(str(reason.old).split(" --"), str(reason.new).split(" --"), "--")
    if reason.kind not in ("environment", "code", "source") or reason.old is None:
        return []
    old, path = old_text(reason.name, reason.old), Path(reason.name)
    if old is None or not path.is_file():
        return (
            ["[grey62]the line is not known: git's history here does not hold the old text[/]"]
            if path.is_file()
            else []
        )
    before, after = old.decode(errors="replace"), path.read_text(encoding="utf-8", errors="replace")
    if reason.kind == "environment":
        gone, come = ([f"{name}=={version}" for name, version in PIN.findall(text)] for text in (before, after))
        return _diff(gone, come) or ["[grey62]the pins are the same; hashes or comments changed[/]"]
    return _numbered(before.splitlines(), after.splitlines())


def _diff(old: list[str], new: list[str], mark: str = "") -> list[str]:
    gone = [f"[red]- {escape(mark + word)}[/]" for word in old if word not in new]
    come = [f"[green]+ {escape(mark + word)}[/]" for word in new if word not in old]
    return _cut(
        [line for pair in zip(gone, come, strict=False) for line in pair] + gone[len(come) :] + come[len(gone) :]
    )


def _numbered(old: list[str], new: list[str]) -> list[str]:
    lines = []
    for kind, a, b, c, d in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if kind != "equal":
            lines += [f"[grey62]{a + n + 1:>4}[/] [red]- {escape(text)}[/]" for n, text in enumerate(old[a:b])]
            lines += [f"[grey62]{c + n + 1:>4}[/] [green]+ {escape(text)}[/]" for n, text in enumerate(new[c:d])]
    return _cut(lines)


def _cut(lines: list[str]) -> list[str]:
    return lines if len(lines) <= LINES else [*lines[: LINES - 1], f"[grey62]… {len(lines) - LINES + 1} more lines[/]"]
