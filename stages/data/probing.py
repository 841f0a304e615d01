"""What every probe ends with: the photos that a reader will ask for are there, and can be decoded."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from stages.data.image import ImageError, decode
from stages.data.raw import RawFolder

# Spread evenly over the set, so that a few bad items, which a reader lists and goes on, do not stop a run.
TRIED = 16


def spread(items: Sequence, count: int = TRIED) -> list:
    """At most `count` of the items, evenly spread, the first among them."""
    return [items[place * len(items) // count] for place in range(count)] if len(items) > count else list(items)


def any_decodes(raw: RawFolder, names: Sequence[str], what: str, read: Callable[[bytes], np.ndarray] = decode) -> None:
    """Decodes listed pictures until one can be. Raises: as any_usable."""
    tried = ((name, raw.find(name)) for name in spread(names))
    any_usable(raw, ((found or name, raw.read(found) if found else None) for name, found in tried), what, read)


def any_usable(
    raw: RawFolder,
    pictures: Iterable[tuple[str, bytes | None]],
    what: str,
    read: Callable[[bytes], np.ndarray] = decode,
) -> None:
    """Decodes pictures (path, content) until one can be. Raises: ValueError with the first path and what it lacks."""
    problems = []
    for place, content in pictures:
        if content is None:
            problems.append(f"{raw.root / place} is not there")
            continue
        try:
            read(content)
        except ImageError as error:
            problems.append(f"{raw.root / place} does not decode ({error})")
        else:
            return
    tried = f"none of {len(problems)} tried can be used; the first: {problems[0]}" if problems else "none"
    raise ValueError(f"{raw.root}: expected {what}, came {tried}; restore the files, or link the folder that has them")
