"""How one number of a table looks: each seed behind it, and what each seed's value was computed from."""

from stages.retrace.looks import line, place
from stages.retrace.page import Page, Twig, quoted, styled
from stages.retrace.trace.cell import Cell


def show(one: Cell, page: Page) -> None:
    """A number, each seed behind it, and what each seed's value was computed from."""
    names = ", ".join(v for k, v in one.row.items() if k in ("method", "dataset", "metric"))
    verdict = "[green]the scores give it[/]" if one.agrees else f"[bold red]but the scores give {one.mean:.6g}[/]"
    spread = f" ± {one.row['spread']}" if one.row.get("spread") else ""
    value = quoted(f"{names} = {one.row.get(one.column, '')}{spread}")
    root = Twig(styled(f"[bold]{value}[/]  {verdict}"))
    if one.row.get("printed"):
        profile = one.row.get("profile", "")
        printed = f"printed in the paper: [bold]{quoted(one.row['printed'])}[/]"
        root.add(styled(f"{printed}  [grey62]ours is of the {quoted(profile)} profile[/]"))
    if one.row.get("protocol"):
        root.add(styled(f"[grey62]{quoted(one.row['protocol'])}[/]"))
    for behind in one.behind:
        branch = root.add(styled(f"seed {behind.seed or '—'}: [bold]{behind.value:.6g}[/]  {line(behind.score)}"))
        for sample in behind.samples:
            branch.add(styled(f"[grey62]sample set:[/] {line(sample)}"))
        for model in behind.models:
            branch.add(styled(f"[grey62]model:[/] {line(model)}"))
        for key, path in behind.named:
            branch.add(styled(f"[grey62]{quoted(key)}:[/] {quoted(place(path))}"))
        for name, node in behind.others:
            branch.add(styled(f"[grey62]also read, {quoted(name)}: {quoted(place(node.stage))}[/]"))
    page.skip()
    page.say(styled(f"[bold {'green' if one.agrees else 'red'}]number[/]"))
    page.tree(root)
