"""What a verb says of itself when asked with --help."""

import json
import sys
from pathlib import Path

from stages.runner.exits import MEANING

WORDS = ("--help", "-h")
CODE = Path("stages/code.json")
SHARED = (
    ("--block LAYER …", "layers of the parameters, merged left to right"),
    ("--in NAME=PATH …", "inputs: folders of other stages, or files"),
    ("--some NAME", "of inputs whose names begin so, those that this profile leaves out may be missing, but not all"),
    ("--spare NAME …", "inputs that the stage does without where this profile leaves them out"),
    ("--out PATH", "the folder to write, or with --files what stands before each suffix"),
    ("--files SUFFIX …", "of tables and figures: the files to write"),
    ("--threads N", "CPU threads"),
    ("--gpu N", "GPUs to ask for; without one it runs on the CPU"),
)


def text(verb: str, choices: tuple[str, ...], description: str = "") -> str:
    """Description (that of the running program), choices with what the graph chooses, shared words, exit codes."""
    lines = [
        f"usage: python -m stages.{verb} --CHOICE VALUE … --block LAYER … --in NAME=PATH … --out PATH --threads N",
        "",
    ]
    lines += [(description or sys.modules["__main__"].__doc__ or "").strip(), "", "Its choices, each with one value:"]
    lines += [f"  --{name:<17} {_known(verb, name, choices)}".rstrip() for name in choices]
    lines += ["", "As every stage:", *(f"  {word:<19} {meaning}" for word, meaning in SHARED)]
    lines += ["", "Exit codes:", *(f"  {code:<4}{meaning}" for code, meaning in MEANING.items())]
    lines += ["", "`dvc.yaml` holds the whole command of every stage; `snakemake -n` and `dvc repro --dry` print them."]
    return "\n".join(lines) + "\n"


def _known(verb: str, name: str, choices: tuple[str, ...]) -> str:
    """The values of a choice, as the graph chooses: code.json has a key `verb-value-value` for each set of them."""
    if name == "seed":
        return "a whole number"
    keys = json.loads(CODE.read_text(encoding="utf-8")) if CODE.is_file() else {}
    places = [one for one in choices if one != "seed"]
    chosen = [dict(zip(places, key.split("-")[1:], strict=False)) for key in keys if key.split("-")[0] == verb]
    found = sorted({one[name].replace("/", ".") for one in chosen if name in one})
    if name in ("method", "what") and "paper" in places:
        pairs = {(one["paper"], one[name].replace("/", ".")) for one in chosen if name in one}
        found = [f"{paper}: {', '.join(sorted(value for own, value in pairs if own == paper))}"
                 for paper in sorted({paper for paper, _ in pairs})]  # fmt: skip
    return "; ".join(found) if ":" in "".join(found) else ", ".join(found)
