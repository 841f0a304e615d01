"""How a trace looks: the file, its stage, the tree before it, and what all of it rests on."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.tree import Tree

from stages.retrace.evidence.receipts import Receipt, outputs
from stages.retrace.looks import SHORT, line, place, two_columns, verb, words
from stages.retrace.trace.cell_view import cell
from stages.retrace.trace.command import Trace, Unknown
from stages.retrace.trace.dot import dot

WIDEST_VALUE = 44


def show(trace: Trace | Unknown, console: Console) -> None:
    """Prints a trace; with `dot`, the graph in Graphviz's language and nothing else."""
    if isinstance(trace, Unknown):
        console.print(f"[bold red]not vouched for[/]  {trace.problem}", soft_wrap=True)
        return
    if trace.dot:
        print(dot(trace))
        return
    console.print(head(trace))
    if trace.cell:
        console.print(cell(trace.cell))
        console.print(ground(trace))
        return
    for node in trace.nodes() if trace.full else [trace.found.node]:
        console.print(details(trace, node))
    if trace.depth:
        console.print(tree(trace))
    console.print(ground(trace))


def head(trace: Trace) -> Panel:
    found, node = trace.found, trace.found.node
    grid = two_columns()
    grid.add_row("file", f"[bold]{escape(found.file)}[/]")
    if found.sha256:
        grid.add_row("sha256", found.sha256)
    grid.add_row("found", found.how)
    if found.warning:
        grid.add_row("", f"[{'yellow' if found.trusted else 'bold red'}]{escape(found.warning)}[/]")
    grid.add_row("stage", f"{verb(node)} {node.stage}")
    grid.add_row("receipt", f"{node.digest}  [grey62]{node.place}[/]")
    grid.add_row("fingerprint", node.fingerprint)
    if not trace.shelf.is_current(node):
        since = "has run again since" if node.stage in trace.shelf.current else "is not built here any more"
        grid.add_row("", f"[yellow]not the stage's present receipt: it {since}[/]")
    for entry in trace.shelf.lost(node):
        grid.add_row("", f"[bold red]lost: receipt {entry['receipt'][:SHORT]} of {entry['path']} is not here[/]")
    style = "green" if trace.code == 0 else "red"
    return Panel(grid, title="[bold]trace[/]", title_align="left", border_style=style)


def details(trace: Trace, node: Receipt) -> Panel:
    """A stage's command, parameters with their origins, environment, code and outputs."""
    content, grid = node.content, two_columns()
    grid.add_row("command", escape(" ".join(content["command"])))
    lock = content["environment"]
    grid.add_row("environment", f"{lock['lock']}  [grey62]sha256 {lock['sha256'][:SHORT]}[/]")
    grid.add_row(
        "code", f"{len(content['code'])} files, all with sha256 in the receipt" + ("" if trace.full else ", first")
    )
    for path, sha256 in list(content["code"].items())[: None if trace.full else 3]:
        grid.add_row("", f"[grey62]{sha256[:SHORT]}[/]  {path}")
    for path, entry in list(outputs(node).items())[: None if trace.full else 8]:
        grid.add_row("output" if path == next(iter(outputs(node))) else "", _output(path, entry))
    if len(outputs(node)) > 8 and not trace.full:
        grid.add_row("", f"… {len(outputs(node)) - 8} more")
    parts: list[Any] = [grid]
    if content["params"]:
        parts.append(parameters(trace, node))
    return Panel(Group(*parts), title=f"{verb(node)} {node.stage}", title_align="left", border_style="grey39")


def parameters(trace: Trace, node: Receipt) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="grey62")
    for name in ("parameter", "value", "origin", "set by"):
        table.add_column(name, overflow="fold")
    for one in trace.origins.parameters(node):
        text = json.dumps(one.value, ensure_ascii=False)
        text = text if len(text) <= WIDEST_VALUE else text[: WIDEST_VALUE - 1] + "…"
        now = f" [yellow]now {escape(json.dumps(one.now))}[/]" if one.now is not None else ""
        origin = escape(one.origin) or "[grey39]—[/]"
        style = "yellow" if one.gaps else ""
        layer = one.layer.rsplit(".", 2)[-2:] if not one.layer.endswith(".base") else ["base"]
        table.add_row(one.key, escape(text) + now, f"[{style}]{origin}[/]" if style else origin, ".".join(layer))
    return table


def tree(trace: Trace) -> Panel:
    """One line a stage; a stage met again is only named."""
    node = trace.found.node
    root, seen = Tree(line(node), guide_style="grey39"), {node.digest}
    _grow(trace, root, node, seen, trace.depth)
    stores = sorted(
        {str(Path(*Path(at.stage).parts[:3])) for at in trace.nodes() if at.stage.startswith("results/store/")}
    )
    title = f"made from (store: {', '.join(stores)})" if stores else "made from"
    return Panel(root, title=title, title_align="left", border_style="grey39")


def _grow(trace: Trace, branch: Tree, node: Receipt, seen: set[str], depth: int) -> None:
    for name, entry, by in trace.shelf.inputs(node):
        if by is None:
            lost = " [bold red]its receipt is lost[/]" if entry["receipt"] else ""
            branch.add(f"{place(entry['path'])} [grey39]{entry['sha256'][:SHORT]}[/]{lost}")
        elif by.digest in seen:
            branch.add(f"[grey62]{by.content['verb']} {place(by.stage)} ↑ above[/]")
        else:
            seen.add(by.digest)
            twig = branch.add(line(by) + ("" if name in (by.content["verb"], *words(by)) else f" [grey62]({name})[/]"))
            if depth > 1:
                _grow(trace, twig, by, seen, depth - 1)
            elif by.content["inputs"]:
                twig.add("[grey39]…[/]")


def ground(trace: Trace) -> Panel:
    """What the whole tree rests on."""
    nodes, grid = trace.base(), two_columns()
    last = ""
    for root in trace.roots():
        note = f"  [grey62]{escape(root.note)}[/]" if root.note else ""
        kind = root.kind if root.kind != last else ""
        grid.add_row(kind, f"{root.path}  [grey39]{root.sha256[:SHORT]}[/]{note}")
        last = root.kind
    seeds = sorted(set(trace.seeds().values()))
    code = {path for node in nodes for path in node.content["code"]}
    locks = {(n.content["environment"]["lock"], n.content["environment"]["sha256"][:SHORT]) for n in nodes}
    grid.add_row("seeds", ", ".join(seeds) or "none: nothing before this is random")
    grid.add_row("code", f"{len(code)} files in {len(nodes)} stages")
    grid.add_row("environment", ", ".join(f"{path} [grey39]{digest}[/]" for path, digest in sorted(locks)))
    for number, gap in enumerate(trace.origins.gaps(nodes)):
        text = f"[yellow]{gap.paper} {gap.id}[/] {escape(gap.question)}"
        text += f" [grey62]{escape(gap.default)}[/]" if trace.full else ""
        grid.add_row("gaps" if not number else "", text)
    return Panel(grid, title="resting on", title_align="left", border_style="grey39")


def _output(path: str, entry: dict[str, Any]) -> str:
    return f"{path}  [grey62]sha256 {entry['sha256'][:SHORT]}, {entry['size']:,} bytes[/]"
