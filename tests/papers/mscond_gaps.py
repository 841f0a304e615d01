"""Writes keys and stages of MsConD's gaps anew, from origins and graph: `python -m tests.papers.mscond_gaps`."""

import re
from pathlib import Path

from stages import homes
from stages.runner.layers import comments
from tests.house.resolved import stages_here
from tests.papers.onegan_gaps import rewritten

ROOT = Path(__file__).resolve().parents[2]
GAPS = ROOT / "stages/papers/mscond/gaps.yaml"
# Layers that papers share, whose gaps are MsConD's: its sets and their drawings.
SHARED = re.compile(r"(raw\.|supply\.)?(city_scenes|livingroom|kitchen|scenes)\.")


def marked() -> dict[str, list[str]]:
    """Gap -> the keys whose origin names it, sorted, among the paper's own and those of its shared layers."""
    found: dict[str, list[str]] = {}
    for key, origin in sorted(comments(homes.files(ROOT), ROOT).items()):
        if key.startswith("mscond.") or SHARED.match(key):
            for name in re.findall(r"\bgap (G\d+)\b", origin):
                found.setdefault(name, []).append(key)
    return found


def renewed_file() -> str:
    """gaps.yaml as it should be."""
    return rewritten(GAPS.read_text(encoding="utf-8"), marked(), stages_here())


if __name__ == "__main__":
    GAPS.write_text(renewed_file(), encoding="utf-8")
