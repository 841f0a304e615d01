"""YAML that a person writes, judged before anything is built of it.

A few lines can stand for 10^9 values, by aliases of aliases, and libyaml dies of lists 100,000 deep without a word.
"""

from pathlib import Path
from typing import Any

import yaml

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# The longest file of this project has some 5,000 values, the deepest is 8 deep.
DEEPEST, MOST_VALUES = 100, 1 << 21
LETTERS_A_VALUE = 100


def load(path: Path) -> Any:
    """The content of a YAML file.

    Raises: FileNotFoundError; ValueError naming file and line where it is no YAML, or as `judge` does.
    """
    return loads(path.read_bytes(), path)


def loads(content: bytes, place: Path | str) -> Any:
    """The same of a file's bytes; `place` is what errors call it."""
    try:
        text = content.decode("utf-8")
        judge(text, place)
        return yaml.load(text, LOADER)
    except yaml.YAMLError as error:
        raise ValueError(f"{place} is not valid YAML: {fault(error)}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{place} is not valid YAML: it is not UTF-8 ({error})") from None


def fault(error: yaml.YAMLError) -> str:
    """What is wrong, and in which line."""
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}: {getattr(error, 'problem', '')}" if mark else str(error)


def judge(text: str, place: Path | str) -> None:
    """Goes through a text without building anything of it.

    Raises: ValueError naming place and line where it is too deep, where its aliases stand for too many values, and
    where one stands for what it is part of; yaml.YAMLError where it does not parse.
    """
    count, values, open_ = 0, dict[str, int](), list[tuple[str | None, int]]()
    for event in yaml.parse(text, LOADER):
        if isinstance(event, yaml.ScalarEvent):
            weight = 1 + len(event.value) // LETTERS_A_VALUE
            count += weight
            if event.anchor:
                values[event.anchor] = weight
        elif isinstance(event, yaml.CollectionStartEvent):
            open_.append((event.anchor, count))
            if len(open_) > DEEPEST:
                raise _wrong(place, event, f"lists and mappings more than {DEEPEST} deep")
            count += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_.pop()
            if anchor:
                values[anchor] = count - before
        elif isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in open_):
                raise _wrong(place, event, f"*{event.anchor}, which is an alias of what it is part of")
            count += values.get(event.anchor, 1)
        if count > MOST_VALUES:
            raise _wrong(
                place, event, f"more than {MOST_VALUES} values in all, each alias counted as what it stands for"
            )


def _wrong(place: Path | str, event: Any, came: str) -> ValueError:
    return ValueError(f"{place}: line {event.start_mark.line + 1} has {came}; write the values out")
