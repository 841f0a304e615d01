"""How a status looks: a block for each stage that runs, then a line for each run that ended."""

from rich.console import Console
from rich.markup import escape

from stages.retrace.status.command import Running, Status


def show(status: Status, console: Console) -> None:
    """Paths stand on lines of their own, so that they can be copied."""
    if not status.running:
        console.print("nothing runs here")
    for one in status.running:
        if not one.alive:
            console.print(
                f"[bold red]✗[/] {escape(one.stage)}: its process {one.pid} is gone; run it again, it goes on"
            )
            continue
        console.print(f"[bold green]●[/] [bold]{escape(one.stage)}[/]  {_where(one)}")
        if one.text:
            console.print(f"    {escape(one.text)}", soft_wrap=True)
        for name, path in (("log", one.log), ("curve", one.curve)):
            if path:
                console.print(f"    {name:<5} {escape(path)}", soft_wrap=True, highlight=False)
    if status.ended:
        console.print("[grey62]ended last:[/]")
    for one in status.ended:
        style = "green" if one.exit == 0 else "red"
        failure = f": {escape(one.failure)}" if one.failure else ""
        console.print(
            f"  [{style}]{one.exit:>3}[/] {escape(one.stage)}  {_span(one.seconds)}  [grey62]{one.meaning}{failure}[/]",
            soft_wrap=True,
        )


def _where(one: Running) -> str:
    if one.done is None or not one.total:
        return f"for {_span(one.seconds)}"
    left = f", about {_span(one.left_s)} left" if one.left_s is not None else ""
    return f"{one.done} of {one.total} ({100 * one.done // one.total} %) after {_span(one.seconds)}{left}"


def _span(seconds: float) -> str:
    """As people say it: 42 s, 3 min 20 s, 5 h 10 min, 2 d 3 h."""
    whole = round(seconds)
    for unit, size, below, smaller in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // smaller} {below}"
    return f"{whole} s"
