"""How a status looks: a block for each stage that runs, then a line for each run that ended."""

from stages.retrace.page import Page, quoted, styled
from stages.retrace.status.command import Running, Status


def show(status: Status, page: Page) -> None:
    """Paths stand on lines of their own, so that they can be copied."""
    if not status.running:
        page.say("nothing runs here")
    for one in status.running:
        if not one.alive:
            gone = f"{quoted(one.stage)}: its process {one.pid} is gone; run it again, it goes on"
            page.say(styled(f"[bold red]✗[/] {gone}"), rest="  ")
            continue
        page.say(styled(f"[bold green]●[/] [bold]{quoted(one.stage)}[/]  {_where(one)}"), rest="  ")
        if one.text:
            page.say(one.text, first="    ")
        page.pairs([(name, path) for name, path in (("log", one.log), ("curve", one.curve)) if path], indent=4)
    if status.ended:
        page.say("ended last:", "grey62")
    for one in status.ended:
        style = "green" if one.exit == 0 else "red"
        failure = f": {quoted(one.failure)}" if one.failure else ""
        said = f"{quoted(one.stage)}  {_span(one.seconds)}  [grey62]{quoted(one.meaning)}{failure}[/]"
        page.say(styled(f"[{style}]{one.exit:>3}[/] {said}"), first="  ", rest="      ")


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
