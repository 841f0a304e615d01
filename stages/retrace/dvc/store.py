"""Where DVC keeps objects and run cache, and how it reads its own files. Pinned to dvc 3.67.1, as graph.py is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def opened() -> Iterator[Any]:
    """This project's DVC repository, with or without git: what is read and written here needs none.

    Raises: FileNotFoundError where there is no .dvc, ValueError for settings that DVC refuses.
    """
    from dvc.exceptions import DvcException, NotDvcRepoError
    from dvc.repo import Repo

    try:
        repo = Repo(config={"core": {"no_scm": True}})
    except NotDvcRepoError as error:
        raise FileNotFoundError(f"expected DVC's folder .dvc: {error}") from None
    except DvcException as error:
        raise ValueError(f"DVC refuses its settings, mend .dvc/config or .dvc/config.local: {error}") from None
    with repo:
        yield repo


def folders() -> tuple[Path, Path]:
    """Where DVC's own settings put objects and run cache. Raises: as `opened`."""
    with opened() as repo:
        places = Path(repo.cache.local.path), Path(repo.cache.legacy.path, "runs")
    here = Path.cwd()
    one, other = (place.relative_to(here) if place.is_relative_to(here) else place for place in places)
    return one, other


def read_yaml(path: Path) -> Any:
    """A file of DVC's, read by its own rules: it writes 1e-08, which other readers of YAML take for text.

    Raises: ValueError for what is no file, as a pipe that nobody would ever write to, or not YAML.
    """
    from dvc.utils.serialize import ParseError, parse_yaml

    if not path.is_file():
        raise ValueError("no file")
    try:
        return parse_yaml(path.read_text(encoding="utf-8"), path.as_posix())
    except ParseError as error:
        raise ValueError(str(error)) from None


def objects(folder: Path) -> dict[str, tuple[str, int]]:
    """name -> (path, size); what DVC has not finished writing has other names and is left out."""
    found = {}
    for path in sorted(folder.glob("??/*")):
        name = path.parent.name + path.name
        if len(name.removesuffix(".dir")) == 32 and path.is_file():
            found[name] = path.as_posix(), path.stat().st_size
    return found
