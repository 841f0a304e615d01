"""Which file holds which parameters: the one that the first words of their name say.

`teacher.pmg.base` stands in stages/params/teacher.yaml or, where that was broken up, in stages/params/teacher/pmg.yaml,
`contrasfill.common.base` in stages/papers/contrasfill/params.yaml or …/params/common.yaml, and so on from word to word.
params.yaml holds what has no other place: the profile. DVC parses the files of a stage's parameters anew for every
stage that it looks at, so that each line beside what a stage reads makes every call slower.
"""

import os.path
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

SHARED = "params.yaml"
PIECES = "stages/params"
OWN = "stages/papers/{paper}/params"
SUFFIX = ".yaml"


def home(name: str, root: Path = Path()) -> str:
    """The file that holds a layer or key; where none does, the folder that it should be a file of, or params.yaml."""
    first, *rest = name.split(".")
    for stem in (OWN.format(paper=first), f"{PIECES}/{first}"):
        if found := _within(stem, rest, root):
            return found
    return SHARED


def _within(stem: str, words: Sequence[str], root: Path) -> str:
    """The file of a name from a file or folder on; the last folder where no file is; empty where there is neither."""
    if os.path.isfile(f"{root}/{stem}{SUFFIX}"):
        return stem + SUFFIX
    if not os.path.isdir(f"{root}/{stem}"):
        return ""
    return (_within(f"{stem}/{words[0]}", words[1:], root) if words else "") or stem


def templates(words: Sequence[str]) -> list[str]:
    """The files that may hold a name, of whose words some may be templates, from the shortest on."""
    stems = ([OWN.format(paper=words[0]), *words[1:]], [PIECES, *words])
    return ["/".join(stem[:depth]) + SUFFIX for stem in stems for depth in range(1, len(stem) + 1)]


def files(root: Path = Path()) -> list[str]:
    """All files of parameters, params.yaml first."""
    found = [path for stem in (PIECES, OWN.format(paper="*")) for path in sorted(root.glob(f"{stem}/**/*{SUFFIX}"))]
    found += sorted(root.glob(OWN.format(paper="*") + SUFFIX))
    return [SHARED, *(path.relative_to(root).as_posix() for path in found)]


def papers(root: Path = Path()) -> list[str]:
    """The papers that have parameters of their own."""
    return sorted({words[0] for file in files(root) if not file.startswith(f"{PIECES}/") and (words := held(file))})


def names(words: Sequence[str], root: Path = Path()) -> list[str]:
    """What files say that the next word of a name may be, the first where there is none yet."""
    return sorted({more[len(words)] for file in files(root) if (more := held(file))[: len(words)] == tuple(words)
                   and len(more) > len(words)})  # fmt: skip


def held(file: str) -> tuple[str, ...]:
    """The first words of all names in a file; none for params.yaml."""
    parts = PurePosixPath(file).with_suffix("").parts
    return () if file == SHARED else parts[2:] if file.startswith(f"{PIECES}/") else (parts[2], *parts[4:])


def check(file: str, content: Mapping[str, Any], root: Path = Path()) -> None:
    """Refuses a file that holds another key than its name says, or one that stands in a second file too.

    Raises: ValueError naming file, key and home.
    """
    words, node = held(file), content
    for depth, word in enumerate(words):
        before = words[:depth]
        for key in node:
            if key != word:
                place = home(".".join((*before, key)), root)
                raise ValueError(
                    f"{file}: {'.'.join((*before, key))} may not stand in this file, which holds {'.'.join(words)}; "
                    f"its place is {place if place != file else PurePosixPath(file).with_name(key + SUFFIX)}"
                )
        if not isinstance(node.get(word), Mapping):
            raise ValueError(f"{file}: expected {'.'.join(words)}, as its name says, and keys below it")
        node = node[word]
    for name in [".".join(words)] if words else map(str, content):
        if (place := home(name, root)) != file:
            raise ValueError(f"{file}: {name} may not stand here, its place is {place}; keep one of the two")
    if words and (second := _beside(file, root)):
        raise ValueError(f"{file}: {'.'.join(held(second))} may not stand in {second} beside it; keep one of the two")


def _beside(file: str, root: Path) -> str:
    """A file in the folder that has a file's name: a second place for its keys."""
    folder = root / PurePosixPath(file).with_suffix("")
    return next((path.relative_to(root).as_posix() for path in sorted(folder.glob(f"**/*{SUFFIX}"))), "")
