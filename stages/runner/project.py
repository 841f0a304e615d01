"""Where the project's root is, and what to say to whoever is elsewhere: all paths count from there."""

from pathlib import Path

MARKS = ("Snakefile", "stages/graph.yaml")
# Where this code lies, which is the project unless somebody copied the package alone.
OWN = Path(__file__).resolve().parents[2]


def root_above(here: Path) -> Path | None:
    """The project's root, which is this folder or one above it; None outside of a project."""
    return next((folder for folder in (here, *here.parents) if _is_root(folder)), None)


def refuse_elsewhere(needed: str) -> None:
    """Raises: ValueError saying where to go, if the current folder does not hold what the root holds."""
    if not Path(needed).is_file():
        here = Path.cwd()
        raise ValueError(f"expected the project's root, where {needed} lies; this is {here}: {remedy(here)}")


def remedy(here: Path) -> str:
    """How to get to the root."""
    place = root_above(here) or (OWN if _is_root(OWN) else None)
    return f"cd {place}" if place else "cd to it first"


def _is_root(folder: Path) -> bool:
    return all((folder / mark).is_file() for mark in MARKS)
