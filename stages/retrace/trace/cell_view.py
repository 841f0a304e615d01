"""How one number of a table looks: each seed behind it, and what each seed's value was computed from."""

from rich.markup import escape
from rich.panel import Panel
from rich.tree import Tree

from stages.retrace.looks import line, place
from stages.retrace.trace.cell import Cell


def cell(one: Cell) -> Panel:
    """A number, each seed behind it, and what each seed's value was computed from."""
    names = ", ".join(v for k, v in one.row.items() if k in ("method", "dataset", "metric"))
    verdict = "[green]the scores give it[/]" if one.agrees else f"[bold red]but the scores give {one.mean:.6g}[/]"
    spread = f" ± {one.row['spread']}" if one.row.get("spread") else ""
    root = Tree(f"[bold]{names} = {one.row.get(one.column, '')}{spread}[/]  {verdict}", guide_style="grey39")
    if one.row.get("printed"):
        profile = one.row.get("profile", "")
        root.add(f"printed in the paper: [bold]{one.row['printed']}[/]  [grey62]ours is of the {profile} profile[/]")
    if one.row.get("protocol"):
        root.add(f"[grey62]{escape(one.row['protocol'])}[/]")
    for behind in one.behind:
        branch = root.add(f"seed {behind.seed or '—'}: [bold]{behind.value:.6g}[/]  {line(behind.score)}")
        for sample in behind.samples:
            branch.add(f"[grey62]sample set:[/] {line(sample)}")
        for model in behind.models:
            branch.add(f"[grey62]model:[/] {line(model)}")
        for key, path in behind.named:
            branch.add(f"[grey62]{key}:[/] {place(path)}")
        for name, node in behind.others:
            branch.add(f"[grey62]also read, {name}: {place(node.stage)}[/]")
    return Panel(root, title="number", title_align="left", border_style="green" if one.agrees else "red")
