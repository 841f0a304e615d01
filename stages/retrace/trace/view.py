"""How a trace looks: the file, its stage, the tree before it, and what all of it rests on."""

import json
from pathlib import Path
from typing import Any

from stages.retrace.evidence.receipts import Receipt, outputs
from stages.retrace.looks import SHORT, line, place, verb, words
from stages.retrace.page import Line, Page, Twig, quoted, styled, whole
from stages.retrace.trace import cell_view
from stages.retrace.trace.command import Trace, Unknown
from stages.retrace.trace.dot import dot

WIDEST_VALUE = 44
Rows = list[tuple[str, Line]]


def show(trace: Trace | Unknown, page: Page) -> None:
    """Prints a trace; with `dot`, the graph in Graphviz's language and nothing else."""
    if isinstance(trace, Unknown):
        page.say(styled(f"[bold red]not vouched for[/]  {quoted(trace.problem)}"))
        return
    if trace.dot:
        print(dot(trace))
        return
    _head(trace, page)
    if trace.cell:
        cell_view.show(trace.cell, page)
    else:
        for node in trace.nodes() if trace.full else [trace.found.node]:
            _details(trace, node, page)
        if trace.depth:
            _tree(trace, page)
    _ground(trace, page)


def _head(trace: Trace, page: Page) -> None:
    found, node = trace.found, trace.found.node
    rows: Rows = [("file", styled(f"[bold]{whole(found.file)}[/]"))]
    if found.sha256:
        rows.append(("sha256", found.sha256))
    rows.append(("found", found.how))
    if found.warning:
        rows.append(("", styled(f"[{'yellow' if found.trusted else 'bold red'}]{quoted(found.warning)}[/]")))
    rows.append(("stage", styled(f"{verb(node)} {quoted(node.stage)}")))
    rows.append(("receipt", styled(f"{node.digest}  [grey62]{quoted(node.place)}[/]")))
    rows.append(("fingerprint", node.fingerprint))
    if not trace.is_current:
        since = "has run again since" if node.stage in trace.shelf.current else "is not built here any more"
        rows.append(("", styled(f"[yellow]not the stage's present receipt: it {since}[/]")))
    for entry in trace.shelf.lost(node):
        lost = f"lost: receipt {entry['receipt'][:SHORT]} of {quoted(entry['path'])} is not here"
        rows.append(("", styled(f"[bold red]{lost}[/]")))
    page.say("trace", "bold green" if trace.code == 0 else "bold red")
    page.pairs(rows)


def _details(trace: Trace, node: Receipt, page: Page) -> None:
    """A stage's command, parameters with their origins, environment, code and outputs."""
    content, lock = node.content, node.content["environment"]
    rows: Rows = [("command", " ".join(content["command"]))]
    rows.append(("environment", styled(f"{quoted(lock['lock'])}  [grey62]sha256 {lock['sha256'][:SHORT]}[/]")))
    first = "" if trace.full else ", first"
    rows.append(("code", f"{len(content['code'])} files, all with sha256 in the receipt{first}"))
    for path, sha256 in list(content["code"].items())[: None if trace.full else 3]:
        rows.append(("", styled(f"[grey62]{sha256[:SHORT]}[/]  {quoted(path)}")))
    made = outputs(node)
    for path, entry in list(made.items())[: None if trace.full else 8]:
        rows.append(("output" if path == next(iter(made)) else "", styled(_output(path, entry))))
    if len(made) > 8 and not trace.full:
        rows.append(("", f"… {len(made) - 8} more"))
    page.skip()
    page.say(styled(f"{verb(node)} {quoted(node.stage)}"))
    page.pairs(rows)
    if content["params"]:
        page.table(("parameter", "value", "origin", "set by"), _parameters(trace, node))


def _parameters(trace: Trace, node: Receipt) -> list[list[Line]]:
    rows: list[list[Line]] = []
    for one in trace.origins.parameters(node):
        text = json.dumps(one.value, ensure_ascii=False)
        text = text if len(text) <= WIDEST_VALUE else text[: WIDEST_VALUE - 1] + "…"
        now = f" [yellow]now {quoted(json.dumps(one.now, ensure_ascii=False))}[/]" if one.now is not None else ""
        origin = quoted(one.origin) if one.origin else "[grey39]—[/]"
        layer = one.layer.rsplit(".", 2)[-2:] if not one.layer.endswith(".base") else ["base"]
        marked = styled(f"[yellow]{origin}[/]" if one.gaps else origin)
        rows.append([one.key, styled(quoted(text) + now), marked, ".".join(layer)])
    return rows


def _tree(trace: Trace, page: Page) -> None:
    """One line a stage; a stage met again is only named."""
    node = trace.found.node
    root, seen = Twig(styled(line(node))), {node.digest}
    _grow(trace, root, node, seen, trace.depth)
    stores = sorted(
        {str(Path(*Path(at.stage).parts[:3])) for at in trace.nodes() if at.stage.startswith("results/store/")}
    )
    page.skip()
    page.say(f"made from (store: {', '.join(stores)})" if stores else "made from", "bold")
    page.tree(root)


def _grow(trace: Trace, branch: Twig, node: Receipt, seen: set[str], depth: int) -> None:
    for name, entry, by in trace.shelf.inputs(node):
        if by is None:
            lost = " [bold red]its receipt is lost[/]" if entry["receipt"] else ""
            branch.add(styled(f"{quoted(place(entry['path']))} [grey39]{entry['sha256'][:SHORT]}[/]{lost}"))
        elif by.digest in seen:
            branch.add(styled(f"[grey62]{quoted(by.content['verb'])} {quoted(place(by.stage))} ↑ above[/]"))
        else:
            seen.add(by.digest)
            is_plain = name in (by.content["verb"], *words(by))
            twig = branch.add(styled(line(by) + ("" if is_plain else f" [grey62]({quoted(name)})[/]")))
            if depth > 1:
                _grow(trace, twig, by, seen, depth - 1)
            elif by.content["inputs"]:
                twig.add(styled("[grey39]…[/]"))


def _ground(trace: Trace, page: Page) -> None:
    """What the whole tree rests on."""
    nodes, rows, last = trace.base(), Rows(), ""
    for root in trace.roots():
        note = f"  [grey62]{quoted(root.note)}[/]" if root.note else ""
        kind = root.kind if root.kind != last else ""
        rows.append((kind, styled(f"{quoted(root.path)}  [grey39]{root.sha256[:SHORT]}[/]{note}")))
        last = root.kind
    seeds = sorted(set(trace.seeds().values()))
    code = {path for node in nodes for path in node.content["code"]}
    locks = {(n.content["environment"]["lock"], n.content["environment"]["sha256"][:SHORT]) for n in nodes}
    rows.append(("seeds", ", ".join(seeds) or "none: nothing before this is random"))
    rows.append(("code", f"{len(code)} files in {len(nodes)} stages"))
    said = ", ".join(f"{quoted(path)} [grey39]{digest}[/]" for path, digest in sorted(locks))
    rows.append(("environment", styled(said)))
    for number, gap in enumerate(trace.origins.gaps(nodes)):
        text = f"[yellow]{quoted(gap.paper)} {quoted(gap.id)}[/] {quoted(gap.question)}"
        text += f" [grey62]{quoted(gap.default)}[/]" if trace.full else ""
        rows.append(("gaps" if not number else "", styled(text)))
    page.skip()
    page.say("resting on", "bold")
    page.pairs(rows)


def _output(path: str, entry: dict[str, Any]) -> str:
    return f"{quoted(path)}  [grey62]sha256 {entry['sha256'][:SHORT]}, {entry['size']:,} bytes[/]"
