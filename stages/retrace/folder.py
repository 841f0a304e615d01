"""A folder that a command fills as a whole: made beside its place, and put there over an earlier one of its kind."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def target(out: str, mark: str, earlier: str) -> Path:
    """Where to write: a place that is new, empty, or holds the file `mark`, by which `earlier` ones are known.

    Raises: ValueError for any other, and for one in results/.
    """
    place = Path(out)
    if place.resolve().is_relative_to(Path("results").resolve()):
        raise ValueError(f"{out} lies in results/, which belongs to the stages; choose another folder")
    if place.exists() and not (place / mark).is_file() and not (place.is_dir() and not any(place.iterdir())):
        raise ValueError(f"expected {out} to be new, empty or {earlier}; choose another folder")
    return place


@contextmanager
def beside(place: Path) -> Iterator[Path]:
    """An empty folder beside a place, which is gone afterwards unless `put` took it."""
    made = place.with_name(f".{place.name}.new")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def put(made: Path, place: Path) -> None:
    """Puts a complete folder in its place; a run that is stopped between leaves what the next one clears away."""
    old = place.with_name(f".{place.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    made.rename(place)
    shutil.rmtree(old, ignore_errors=True)
