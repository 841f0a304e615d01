"""Reads the files of parameters."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from stages import homes
from stages.runner.exits import BAD_PARAMS, StageFailure


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML without code, that refuses a key written twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                mark = key.start_mark
                where = f"{mark.name} line {mark.line + 1}"
                raise StageFailure(BAD_PARAMS, f"{where}: the key {key.value!r} is written twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def load(root: Path = Path(), names: Iterable[str] | None = None) -> dict[str, Any]:
    """The parameters of a project; with names, those of the files that hold these layers.

    Raises: StageFailure 78 if a file is missing, not YAML, not a mapping, repeats a key, or holds another's.
    """
    wanted = homes.files(root) if names is None else sorted({homes.home(name, root) for name in names})
    found: dict[str, Any] = {}
    for file in wanted:
        content = read(root / file)
        try:
            homes.check(file, content, root)
        except ValueError as error:
            raise StageFailure(BAD_PARAMS, str(error)) from None
        found |= content
    return found


def read(path: Path) -> dict[str, Any]:
    """One file of parameters.

    Raises: StageFailure 78 if it is missing, not YAML, not a mapping, or repeats a key.
    """
    try:
        with path.open(encoding="utf-8") as text:
            content = yaml.load(text, Loader=_Loader)
    except FileNotFoundError:
        raise StageFailure(BAD_PARAMS, f"expected {path} in the current folder; run from the project root") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StageFailure(BAD_PARAMS, f"{path} is not valid YAML: {error}") from None
    if not isinstance(content, dict):
        raise StageFailure(BAD_PARAMS, f"{path}: expected a mapping, found {type(content).__name__}")
    return content
