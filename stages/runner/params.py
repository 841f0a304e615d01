"""Reads the files of parameters, as DVC does, and refuses by name what another reader would take for something else."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import yaml

from stages import homes, yaml_text
from stages.runner import scalars
from stages.runner.exits import BAD_PARAMS, StageFailure

PLAIN = "unquoted"
KNOWN_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "map", "seq")}
# Line ends to YAML 1.1 and letters to 1.2; a directive would choose the version.
UNLIKE = re.compile("^%|[\x85\u2028\u2029]", re.MULTILINE)

Wanted = list[tuple[str, ...]] | None


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Only parses: unquoted words keep a tag of their own, so that no table of this library reads them."""

    yaml_implicit_resolvers: ClassVar[dict] = {None: [(PLAIN, re.compile(""))]}


def load(root: Path = Path(), names: Iterable[str] | None = None) -> dict[str, Any]:
    """The parameters of a project; with names, these layers alone, beside None for what they leave out.

    Raises: StageFailure 78 if a file is missing, not YAML, not a mapping, or holds another's key, and as `read` does.
    """
    names = None if names is None else list(names)
    wanted = homes.files(root) if names is None else sorted({homes.home(name, root) for name in names})
    found: dict[str, Any] = {}
    # A folder is the home of what none of its files holds, which whoever asks for the layer says.
    for file in (place for place in wanted if place.endswith(homes.SUFFIX)):
        content = read(root / file, names)
        try:
            homes.check(file, content, root)
        except ValueError as error:
            raise StageFailure(BAD_PARAMS, str(error)) from None
        _add(found, content)
    return found


def _add(found: dict[str, Any], content: Mapping[str, Any]) -> None:
    """Files share the first words of their names alone, and what one of them leaves out another may hold."""
    for key, value in content.items():
        if isinstance(found.get(key), dict) and isinstance(value, Mapping):
            _add(found[key], value)
        else:
            found[key] = value


def read(path: Path, names: Iterable[str] | None = None) -> dict[str, Any]:
    """One file of parameters; with names, these layers alone are read, so that another's fault stops no stage.

    Raises: StageFailure 78 naming file, key and line where it is missing, not YAML, too deep or too large by aliases,
    no mapping, repeats a key, has a key that is no text or a tag, or holds a value that versions of YAML read
    differently or that is not finite.
    """
    if os.path.lexists(path) and not path.is_file():
        raise StageFailure(BAD_PARAMS, f"{path}: expected a file, found a folder, a pipe or a link that leads nowhere")
    try:
        text = path.read_text(encoding="utf-8")
        yaml_text.judge(text, path)
        root = _Loader(text).get_single_node()
    except FileNotFoundError:
        raise StageFailure(BAD_PARAMS, f"expected {path} in the current folder; run from the project root") from None
    except yaml.YAMLError as error:
        raise StageFailure(BAD_PARAMS, f"{path} is not valid YAML: {yaml_text.fault(error)}") from None
    except UnicodeDecodeError as error:
        raise StageFailure(BAD_PARAMS, f"{path} is not valid YAML: {error}") from None
    except ValueError as error:
        raise StageFailure(BAD_PARAMS, str(error)) from None
    if found := UNLIKE.search(text):
        line, what = text.count("\n", 0, found.start()) + 1, "a directive" if found[0] == "%" else repr(found[0])
        raise StageFailure(BAD_PARAMS, f"{path}: line {line} has {what}, which not all read alike; take it out")
    if not isinstance(root, yaml.MappingNode):
        kind = "list" if isinstance(root, yaml.SequenceNode) else "text" if root else "nothing"
        raise StageFailure(BAD_PARAMS, f"{path}: expected a mapping, found {kind}")
    return _Reading(path).mapping(root, (), None if names is None else [tuple(name.split(".")) for name in names])


class _Reading:
    """Nodes of one file into values."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fail(self, node: yaml.Node, keys: tuple[str, ...], what: str) -> StageFailure:
        name = f" {'.'.join(keys)}" if keys else ""
        return StageFailure(BAD_PARAMS, f"{self.path}:{name} {what} (line {node.start_mark.line + 1})")

    def value(self, node: yaml.Node, keys: tuple[str, ...], wanted: Wanted) -> Any:
        if node.tag == PLAIN:
            try:
                return scalars.read(node.value)
            except scalars.Unclear as error:
                raise self.fail(node, keys, str(error)) from None
        if node.tag not in KNOWN_TAGS:
            raise self.fail(node, keys, f"has the tag {node.tag}; expected plain numbers, texts, lists and mappings")
        if isinstance(node, yaml.ScalarNode):
            return node.value
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, keys, wanted)
        return [self.value(item, (*keys, str(place)), None) for place, item in enumerate(node.value)]

    def mapping(self, node: yaml.MappingNode, keys: tuple[str, ...], wanted: Wanted) -> dict[str, Any]:
        """What is not wanted is None: its name alone is known."""
        found: dict[str, Any] = {}
        for key_node, node_of_value in node.value:
            key = self._key(key_node, keys)
            if key in found:
                where = f"{self.path} line {key_node.start_mark.line + 1}"
                raise StageFailure(BAD_PARAMS, f"{where}: the key {key!r} is written twice")
            inner = None if wanted is None else [rest[1:] for rest in wanted if rest[:1] == (key,)]
            if inner == []:
                found[key] = None
            else:
                found[key] = self.value(node_of_value, (*keys, key), None if inner is None or () in inner else inner)
        return found

    def _key(self, node: yaml.Node, keys: tuple[str, ...]) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self.fail(node, keys, "has a list or a mapping for a key; expected a text")
        key = self.value(node, (*keys, node.value), None)
        if not isinstance(key, str):
            raise self.fail(node, (*keys, node.value), f'has a key that is no text; write "{node.value}"')
        return key
