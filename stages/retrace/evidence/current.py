"""Whether a built stage's receipt still speaks of the graph, the parameters, the code and the inputs of today."""

from pathlib import Path
from typing import Any

from stages.graph import Stage
from stages.runner import receipt
from stages.runner.arguments import LISTS, SINGLES, Arguments, parse
from stages.runner.digest import file_digest


def receipt_path(stage: Stage) -> Path:
    """Inside a stage's folder, or among the outputs of a stage of final files.

    Raises: ValueError for a stage that declares neither.
    """
    places = [Path(out, "receipt.json") for out in stage.folders]
    places += [Path(out) for out in stage.outs if Path(out).parent == receipt.RECEIPTS]
    if len(places) != 1:
        raise ValueError(f"dvc.yaml: stage {stage.name} must declare one folder, or final files and one receipt under "
                         f"{receipt.RECEIPTS}/; it declares {list(stage.outs)}")  # fmt: skip
    return places[0]


def arguments(stage: Stage) -> Arguments:
    """The stage's command line as its runner reads it."""
    words = stage.cmd.split()  # the graph takes no command that a shell would read otherwise
    module = words[words.index("-m") + 1]
    words = words[words.index("-m") + 2 :]
    choices = tuple(word[2:] for word in words if word.startswith("--") and word[2:] not in (*LISTS, *SINGLES))
    return parse(module.removeprefix("stages."), choices, words)


def changes(stage: Stage, content: dict[str, Any]) -> list[str]:
    """What differs between a receipt and the present, one line each; empty if the stage would make the same again."""
    given = arguments(stage)
    found = [] if content["command"] == list(given.canonical) else ["the command"]
    found += _params(stage, given, content["params"])
    lock = content["environment"]
    for path, known in sorted({**content["code"], lock["lock"]: lock["sha256"]}.items()):
        if not Path(path).is_file() or file_digest(Path(path)) != known:
            found.append(f"the file {path}")
    for name, known in sorted(content["inputs"].items()):
        path = Path(known["path"])
        if not path.exists() or receipt.of_input(path) != known:
            found.append(f"the input {name} ({path})")
    return found


def _params(stage: Stage, given: Arguments, known: dict[str, Any]) -> list[str]:
    """dvc.yaml lists a stage's layers as its params, under the names that its command gives."""
    merged: dict[str, Any] = {}
    for layer in given.layers:
        merged.update(stage.params.get(layer, {}))
    return [f"the parameter {key}" for key in sorted(known) if key not in merged or merged[key] != known[key]]
