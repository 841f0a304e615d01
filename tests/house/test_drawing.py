"""The drawing of the graph that README recommends is printed by DVC, and as small as README says."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAID = re.compile(r"\((\d+) boxes in place of (\d+) for\n?\s*`(\w+)`\)")


def drawn(*words: str) -> tuple[set[str], int]:
    """The names in the boxes that `dvc dag` prints for Mermaid, and how many arrows join them."""
    asked = [sys.executable, "-m", "dvc", "dag", "--mermaid", *words]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(re.findall(r'\["(.+?)"\]', done.stdout)), done.stdout.count("-->")


def test_it_shows_groups_and_not_stages():
    said = SAID.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert said, "README says how many boxes the drawing of which target has"
    groups, arrows = drawn("--collapse-foreach-matrix", said[3])
    stages, _ = drawn(said[3])
    assert (len(groups), len(stages)) == (int(said[1]), int(said[2])) and arrows >= len(groups) - 1
    assert said[3] in groups and not any("@" in name for name in groups)
