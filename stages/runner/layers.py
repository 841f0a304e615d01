"""Parameters: named layers of the files of parameters, merged and validated."""

import difflib
import functools
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from stages import homes
from stages.block import Block
from stages.runner.exits import BAD_PARAMS, StageFailure


def layer(params: dict[str, Any], name: str) -> dict[str, Any]:
    """One named layer, such as `contrasfill.comodgan.profile.demo`.

    Raises: StageFailure 78 naming the closest existing name.
    """
    node: Any = params
    walked: list[str] = []
    for part in name.split("."):
        if isinstance(node, dict) and part in node:
            node = node[part]
        elif part in (elsewhere := homes.names(walked)):
            node = None  # a folder, of which no file was read
        else:
            known = [*map(str, node), *elsewhere] if isinstance(node, dict) else elsewhere
            near = difflib.get_close_matches(part, known, n=1)
            hint = f"; the closest is {'.'.join([*walked, near[0]])!r}" if near else ""
            raise StageFailure(BAD_PARAMS, f"{homes.home(name)} has no layer {name!r}: {part!r} is missing{hint}")
        walked.append(part)
    if not isinstance(node, dict):
        raise StageFailure(BAD_PARAMS, f"{homes.home(name)}: the layer {name!r} must be a mapping, found {node!r}")
    return node


def merge(params: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Merges layers left to right: base layers add keys, each key once; every other layer overrides existing keys only.

    Raises: StageFailure 78 for an unknown or doubled key.
    """
    merged: dict[str, Any] = {}
    for name in names:
        content = layer(params, name)
        is_base = name.rsplit(".", 1)[-1] == "base"
        for key, value in content.items():
            if is_base and key in merged:
                raise StageFailure(
                    BAD_PARAMS, f"{homes.home(name)}: {name}.{key} is already a key of an earlier base layer"
                )
            if not is_base and key not in merged:
                near = difflib.get_close_matches(str(key), list(merged), n=1)
                hint = f"; the closest key is {near[0]!r}" if near else ""
                raise StageFailure(
                    BAD_PARAMS, f"{homes.home(name)}: {name}.{key} overrides a key that no base has{hint}"
                )
            merged[key] = value
    return merged


def validate(model: type[Block], merged: dict[str, Any], names: tuple[str, ...]) -> Block:
    """Turns merged layers into the stage's frozen block.

    Raises: StageFailure 78 listing every unknown, missing and mistyped key.
    """
    import json

    try:
        return model.model_validate_json(json.dumps(merged))
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False):
            key = ".".join(str(part) for part in problem["loc"]) or "(block)"
            if problem["type"] == "missing":
                near = difflib.get_close_matches(key, [k for k in merged if k not in model.model_fields], n=1)
                lines.append(f"  {key}: missing{f'; found {near[0]!r} instead' if near else ''}")
            elif problem["type"] == "extra_forbidden":
                near = difflib.get_close_matches(key, [k for k in model.model_fields if k not in merged], n=1)
                lines.append(f"  {key}: no stage reads this key{f'; did you mean {near[0]!r}' if near else ''}")
            else:
                lines.append(f"  {key}: {problem['msg']}, found {problem['input']!r}")
        text = "\n".join(sorted(lines))
        raise StageFailure(BAD_PARAMS, f"{places(names)}:\n{text}") from None


def places(names: tuple[str, ...]) -> str:
    """The files and layers of a stage, as messages name them."""
    return f"{' and '.join(dict.fromkeys(map(homes.home, names)))}, layers {' '.join(names)}"


@functools.cache
def origins(text: str) -> dict[str, str]:
    """The trailing comment of every key, by dotted name: where each number comes from.

    The file keeps one key a line in block style (inner flow mappings are values), so indentation gives the name.
    """
    found: dict[str, str] = {}
    stack: list[tuple[int, str]] = []
    for line in text.splitlines():
        match = re.match(r"^( *)([A-Za-z0-9_]+):(.*)$", line)
        if not match:
            continue
        depth, key, rest = len(match[1]), match[2], match[3]
        while stack and stack[-1][0] >= depth:
            stack.pop()
        stack.append((depth, key))
        comment = re.search(r"(?:^|\s)# *(.*)$", rest)
        if comment:
            found[".".join(name for _, name in stack)] = comment[1].strip()
    return found


def comments(files: Iterable[str], root: Path = Path()) -> dict[str, str]:
    """The origins of every key of some files of parameters."""
    texts = ((root / file).read_text(encoding="utf-8") for file in files)
    return {key: comment for text in texts for key, comment in origins(text).items()}


def gaps(names: tuple[str, ...], root: Path = Path()) -> list[str]:
    """The decisions (G1, G2, …) that a stage's base layers rest on because the papers are silent."""
    used: set[str] = set()
    for key, comment in comments({homes.home(name, root) for name in names}, root).items():
        if key.rsplit(".", 1)[0] in names:
            used.update(re.findall(r"\bG\d+\b", comment))
    return sorted(used, key=lambda gap: int(gap[1:]))
