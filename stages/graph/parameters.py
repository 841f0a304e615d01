"""The parameters that dvc.yaml lists for a stage: their values, and the files that hold them."""

from collections.abc import Iterable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from stages import homes
from stages.graph.names import CODE
from stages.graph.rules import closest
from stages.runner import params
from stages.runner.exits import StageFailure


class Parameters:
    """All values of a project, as the stages will read them."""

    def __init__(self, root: Path) -> None:
        """Raises: ValueError for parameters that no stage may read, naming file, key and line."""
        from dvc.fs import localfs
        from dvc.utils.serialize import load_path

        self._home = cache(partial(homes.home, root=root))
        try:
            self._values: dict[str, Any] = params.load(root)
        except StageFailure as failure:
            raise ValueError(str(failure)) from None
        self._code: Any = load_path(str(root / CODE), localfs) if (root / CODE).is_file() else {}

    def of(self, stage: str, entries: Iterable[Any], command: str) -> tuple[dict[str, Any], dict[str, str]]:
        """Dotted key -> value, in the order in which the command names and merges them, and dotted key -> file.

        Raises: ValueError for a key that no file holds, that is listed under another file than its home, or that lies
        within another one: DVC doubles lists under a key that it reads twice.
        """
        places: dict[str, str] = {}
        for entry in entries:
            for file, keys in entry.items() if isinstance(entry, Mapping) else [(homes.SHARED, [entry])]:
                for key in keys if isinstance(keys, list) else [keys]:
                    if not isinstance(key, str) or file not in (CODE, self._home(key)):
                        known = f"the file of {key} is {self._home(key)}" if isinstance(key, str) else "expected a key"
                        raise ValueError(f"dvc.yaml: stage {stage}: params names {key!r} of {file}; {known}")
                    places[key] = file
        for key in places:
            if inner := [other for other in places if other.startswith(f"{key}.")]:
                raise ValueError(f"dvc.yaml: stage {stage}: params lists {key} and {inner[0]} within it")
        # dvc.yaml lists them by file.
        order = {word: place for place, word in enumerate(command.split())}
        merged = sorted(places.items(), key=lambda one: order.get(one[0], 0))
        return {key: self._value(stage, key, file) for key, file in merged}, places

    def _value(self, stage: str, key: str, file: str) -> Any:
        values: Any = self._code if file == CODE else self._values
        for part in key.split("."):
            if not isinstance(values, Mapping) or part not in values:
                hint = closest(part, values if isinstance(values, Mapping) else ())
                raise ValueError(f"dvc.yaml: stage {stage}: {file} has no {key}: {part} is missing{hint}")
            values = values[part]
        return _sorted(values)


def _sorted(value: Any) -> Any:
    """Dictionaries by key: the order of lines makes nothing stale, as in DVC."""
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
