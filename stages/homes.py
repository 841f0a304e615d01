"""Which file holds which parameters: params.yaml what papers share, stages/papers/<paper>/params.yaml a paper's own.

DVC parses the file of a stage's parameters anew for every stage that it looks at, so with one file for all papers each
paper would make every call for every other paper slower.
"""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

SHARED = "params.yaml"
OWN = "stages/papers/{paper}/params.yaml"


def home(name: str, root: Path = Path()) -> str:
    """The file that holds a layer or key: a paper's own where the name starts with that paper, else params.yaml."""
    own = OWN.format(paper=name.partition(".")[0])
    return own if (root / own).is_file() else SHARED


def files(root: Path = Path()) -> list[str]:
    """All files of parameters, params.yaml first."""
    return [SHARED, *sorted(path.relative_to(root).as_posix() for path in root.glob(OWN.format(paper="*")))]


def papers(root: Path = Path()) -> list[str]:
    """The papers that have a file of their own."""
    return [PurePosixPath(file).parent.name for file in files(root)[1:]]


def check(file: str, keys: Iterable[str], root: Path = Path()) -> None:
    """Refuses a key at the top of a file that is not its home: a paper's file holds one, called as the paper.

    Raises: ValueError naming file, key and home.
    """
    for key in map(str, keys):
        if file != (place := home(key, root)):
            paper = PurePosixPath(file).parent.name
            remedy = f"move it to {place}" if file == SHARED else f"put it under {paper}, or into {place}"
            raise ValueError(f"{file}: {key} may not stand at the top of this file; {remedy}")
