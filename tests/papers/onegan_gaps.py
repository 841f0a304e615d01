"""Writes keys and stages of OneGAN's gaps anew, from origins and graph: `python -m tests.papers.onegan_gaps`."""

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from stages import graph, homes
from stages.runner.layers import comments
from tests.house.resolved import stages_here
from tests.papers.declare_gaps import reads

ROOT = Path(__file__).resolve().parents[2]
GAPS = ROOT / "stages/papers/onegan/gaps.yaml"
WIDTH = 150
# Layers that papers share, whose gaps are OneGAN's: its sets, their drawings and tiles, and their masks.
SHARED = re.compile(r"(raw\.|supply\.)?(bird_boxes|dog_boxes|car_boxes|tiles)\.|detect\.boxes\.")


def marked() -> dict[str, list[str]]:
    """Gap -> the keys whose origin names it, sorted, among the paper's own and those of its shared layers."""
    found: dict[str, list[str]] = {}
    for key, origin in sorted(comments(homes.files(ROOT), ROOT).items()):
        if key.startswith("onegan.") or SHARED.match(key):
            for name in re.findall(r"\bgap (G\d+)\b", origin):
                found.setdefault(name, []).append(key)
    return found


def groups(stages: Iterable[graph.Stage], keys: Iterable[str]) -> list[str]:
    """The groups of stages that read one of these keys, in the graph's order."""
    return [*dict.fromkeys(stage.group for stage in stages if any(reads(stage, key) for key in keys))]


def rewritten(text: str, keys: Mapping[str, Sequence[str]], stages: Sequence[graph.Stage]) -> str:
    """The file with other lists of keys, and of stages where there are keys; all else stays as it is."""
    entries = re.split(r"(?m)^(?=- id: )", text)
    return "".join(renewed(entry, keys, stages) if entry.startswith("- id: ") else entry for entry in entries)


def renewed(entry: str, keys: Mapping[str, Sequence[str]], stages: Sequence[graph.Stage]) -> str:
    """One gap with its lists; without keys its stages are those that it names itself."""
    held = keys.get(str(yaml.safe_load(entry)[0]["id"]), ())
    entry = with_list(entry, "keys", held)
    return with_list(entry, "stages", groups(stages, held)) if held else entry


def with_list(entry: str, name: str, listed: Sequence[str]) -> str:
    """A gap with another list, over as many lines as it takes."""
    lines = textwrap.wrap(f"{name}: [{', '.join(listed)}]", WIDTH, initial_indent="  ", subsequent_indent="    ",
                          break_long_words=False, break_on_hyphens=False)  # fmt: skip
    return re.sub(rf"(?ms)^  {name}: \[.*?\]\n", "\n".join(lines) + "\n", entry, count=1)


def renewed_file() -> str:
    """gaps.yaml as it should be."""
    return rewritten(GAPS.read_text(encoding="utf-8"), marked(), stages_here())


if __name__ == "__main__":
    GAPS.write_text(renewed_file(), encoding="utf-8")
