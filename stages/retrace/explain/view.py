"""How an explanation looks: stages with equal reasons together, each reason with what it was and what it is."""

import difflib
import json
import re
from pathlib import Path
from typing import Any

from stages.retrace.evidence.cosmetic import old_text
from stages.retrace.explain.command import Explanation
from stages.retrace.explain.staleness import Reason
from stages.retrace.page import Line, Page, quoted, styled

NAMED = 6
LINES = 8
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def show(answer: Explanation, page: Page) -> None:
    total = len(answer.direct) + len(answer.downstream) + len(answer.current)
    if not answer.direct:
        page.say(styled(f"[bold green]up to date[/]  all {total} stages"))
        return
    unbuilt = [name for name, reasons in answer.direct.items() if reasons[0].kind == "missing"]
    counts = [
        f"[bold]{len(answer.direct) - len(unbuilt)}[/] changed", f"[bold]{len(unbuilt)}[/] not built",
        f"[bold]{len(answer.downstream)}[/] follow", f"[bold]{len(answer.current)}[/] up to date",
    ]  # fmt: skip
    page.say(styled(f"of {total} stages: " + ", ".join(counts)))
    groups: dict[tuple[Reason, ...], list[str]] = {}
    for name, reasons in answer.direct.items():
        if name not in unbuilt:
            groups.setdefault(reasons, []).append(name)
    for reasons, names in groups.items():
        _point(page, "red", f"[bold]{quoted(_names(names))}[/]")
        page.pairs(_rows(reasons))
    if unbuilt:
        _point(page, "yellow", f"[bold]not built yet:[/] {quoted(_names(unbuilt))}")
    if answer.downstream:
        _point(page, "cyan", f"[bold]they follow:[/] {quoted(_names(list(answer.downstream)))}")


def _point(page: Page, colour: str, markup: str) -> None:
    page.skip()
    page.say(styled(f"[bold {colour}]●[/] {markup}"), rest="  ")


def _names(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _rows(reasons: tuple[Reason, ...]) -> list[tuple[str, Line]]:
    rows: list[tuple[str, Line]] = []
    for reason in reasons:
        rows.append((reason.kind, styled(f"{quoted(reason.name)}{_change(reason)}")))
        if reason.note:
            rows.append(("", styled(f"[yellow]{quoted(reason.note)}[/]")))
        rows += [("", styled(line)) for line in _lines(reason)]
    return rows


def _change(reason: Reason) -> str:
    if reason.kind in ("parameter", "dependency"):
        return f"  [red]{quoted(_text(reason.old))}[/] → [green]{quoted(_text(reason.new))}[/]"
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
    gone = [f"[red]- {quoted(mark + word)}[/]" for word in old if word not in new]
    come = [f"[green]+ {quoted(mark + word)}[/]" for word in new if word not in old]
    return _cut(
        [line for pair in zip(gone, come, strict=False) for line in pair] + gone[len(come) :] + come[len(gone) :]
    )


def _numbered(old: list[str], new: list[str]) -> list[str]:
    lines = []
    for kind, a, b, c, d in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if kind != "equal":
            lines += [f"[grey62]{a + n + 1:>4}[/] [red]- {quoted(text)}[/]" for n, text in enumerate(old[a:b])]
            lines += [f"[grey62]{c + n + 1:>4}[/] [green]+ {quoted(text)}[/]" for n, text in enumerate(new[c:d])]
    return _cut(lines)


def _cut(lines: list[str]) -> list[str]:
    return lines if len(lines) <= LINES else [*lines[: LINES - 1], f"[grey62]… {len(lines) - LINES + 1} more lines[/]"]
