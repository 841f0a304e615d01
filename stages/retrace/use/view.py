"""How the use of a model looks."""

from stages.retrace.page import Page
from stages.retrace.use.command import Used

SHOWN = 6


def show(used: Used, page: Page) -> None:
    """Which model, what it did, how photos were framed, and where everything lies."""
    facts, model = used.facts, used.facts["model"]
    page.pairs([
        ("model", f"{model['paper']} {model['method']} on {model['data']}, seed {model['seed']}: {used.does}"),
        ("receipt", f"{model['receipt']} of {model['path']}"),
        ("profile", _worth(model["profile"])),
        *([("photos", f"{len(facts['photos'])}, {facts['frame']}; {facts['size_px']} px")] if facts["frame"] else []),
        ("seed", str(facts["seed"])),
        ("device", used.receipt["device"]),
    ])  # fmt: skip
    files = [row["file"] for row in facts["made"]]
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    page.say(f"{used.out}: {', '.join(files[:SHOWN])}{more}")
    page.say(f"retrace trace {used.out} follows them to what the model was made from", "dim")


def _worth(profile: str) -> str:
    drawn = profile in ("demo", "smoke")
    return f"{profile or 'not known'}{': a small model taught on drawn data, for looking at' if drawn else ''}"
