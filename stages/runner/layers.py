"""Parameters: named layers of params.yaml, merged and validated."""

import difflib
import functools
import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from stages.block import Block
from stages.runner.exits import BAD_PARAMS, StageFailure

NUMBER_LIKE = re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$")


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML without code, that refuses a key written twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise StageFailure(BAD_PARAMS, f"params.yaml line {line}: the key {key.value!r} is written twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def load(path: Path) -> dict[str, Any]:
    """Reads params.yaml.

    Raises: StageFailure 78 if it is missing, not YAML, not a mapping, or repeats a key.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.load(text, Loader=_Loader)
    except FileNotFoundError:
        raise StageFailure(BAD_PARAMS, f"expected {path} in the current folder; run from the project root") from None
    except yaml.YAMLError as error:
        raise StageFailure(BAD_PARAMS, f"{path} is not valid YAML: {error}") from None
    if not isinstance(content, dict):
        raise StageFailure(BAD_PARAMS, f"{path}: expected a mapping, found {type(content).__name__}")
    return content


def layer(params: dict[str, Any], name: str) -> dict[str, Any]:
    """One named layer, such as `contrasfill.comodgan.profile.demo`.

    Raises: StageFailure 78 naming the closest existing name.
    """
    node: Any = params
    walked: list[str] = []
    for part in name.split("."):
        if not isinstance(node, dict) or part not in node:
            near = difflib.get_close_matches(part, [str(key) for key in node] if isinstance(node, dict) else [], n=1)
            hint = f"; the closest is {'.'.join([*walked, near[0]])!r}" if near else ""
            raise StageFailure(BAD_PARAMS, f"params.yaml has no layer {name!r}: {part!r} is missing{hint}")
        node = node[part]
        walked.append(part)
    if not isinstance(node, dict):
        raise StageFailure(BAD_PARAMS, f"params.yaml: the layer {name!r} must be a mapping, found {node!r}")
    return node


def merge(params: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Merges layers left to right: base layers add keys, each key once; every other layer overrides existing keys only.

    Raises: StageFailure 78 for an unknown or doubled key, and for a number that YAML reads as text.
    """
    merged: dict[str, Any] = {}
    for name in names:
        content = layer(params, name)
        is_base = name.rsplit(".", 1)[-1] == "base"
        for key, value in content.items():
            if is_base and key in merged:
                raise StageFailure(BAD_PARAMS, f"params.yaml: {name}.{key} is already a key of an earlier base layer")
            if not is_base and key not in merged:
                near = difflib.get_close_matches(str(key), list(merged), n=1)
                hint = f"; the closest key is {near[0]!r}" if near else ""
                raise StageFailure(BAD_PARAMS, f"params.yaml: {name}.{key} overrides a key that no base has{hint}")
            _refuse_number_like(f"{name}.{key}", value)
            merged[key] = value
    return merged


def _refuse_number_like(key: str, value: Any) -> None:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str) and NUMBER_LIKE.match(item):
            raise StageFailure(BAD_PARAMS, f"params.yaml: {key} reads as text {item!r}; write a number as 1.0e-4")


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
        raise StageFailure(BAD_PARAMS, f"params.yaml, layers {' '.join(names)}:\n{text}") from None


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


def gaps(text: str, names: tuple[str, ...]) -> list[str]:
    """The decisions (G1, G2, …) that a stage's base layers rest on because the papers are silent."""
    used: set[str] = set()
    for name, comment in origins(text).items():
        if name.rsplit(".", 1)[0] in names:
            used.update(re.findall(r"\bG\d+\b", comment))
    return sorted(used, key=lambda gap: int(gap[1:]))
