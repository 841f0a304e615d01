"""How scores look: the protocol, then the numbers."""

from typing import Any

from stages.retrace.page import Page
from stages.retrace.score.command import Scored


def show(scored: Scored, page: Page) -> None:
    """What was compared, by which network, each number with how it was taken, and what could not be."""
    content = scored.content
    network = content["extractor"]
    drawn = ": taught on drawn data, no evidence" if network["profile"] in ("demo", "smoke") else ""
    page.pairs([
        ("folder", _side(content["folder"])), ("against", _side(content["against"])),
        ("extractor", f"{network['path']}, receipt {network['receipt']}"),
        ("profile", f"{network['profile'] or 'not known'}{drawn}"),
    ])  # fmt: skip
    page.skip()
    rows = [[row["metric"], row["method"], f"{row['value']:.6g}", row["unit"], str(row["n"])]
            for row in content["values"]]  # fmt: skip
    page.table(("measure", "of", "value", "unit", "pictures"), rows)
    for row in content["values"]:
        said = ", ".join(f"{name} {value}" for name, value in row["protocol"].items())
        page.say(f"{row['metric']} of {row['method']}: {said}", "dim", rest="  ")
    for name, why in content["absent"].items():
        page.say(f"{name}: not measured, {why}")


def _side(said: dict[str, Any]) -> str:
    what = f"{said['folder']}" if "folder" in said else f"set {said['set']}, split {said['split']}"
    return (
        f"{what}: {said['pictures']} pictures of {said['size_px']} px, resize {said['resize']}, sha256 {said['sha256']}"
    )
