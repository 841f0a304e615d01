"""What the report's figures share: opened samples, and one as a line of tiles."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from stages.data.prepared.packed import Packed
from stages.draw.drawn import Drawn as Drawn
from stages.draw.grid import Row, erase, mask_to_tile
from stages.papers.contrasfill.sampled import Samples, check_alike, positions_to_holes, read_samples

KEY_LETTERS = 10  # of a photo's key, in captions


def read_all(inputs: Mapping[str, Path], dataset: str) -> tuple[Packed, dict[str, Samples]]:
    """The data and the samples (`sample_<dataset>_<method>`) of one dataset.

    Raises: ValueError where samples are of other data or of different images.
    """
    data = Packed.open(inputs[f"data_{dataset}"])
    prefix = f"sample_{dataset}_"
    samples = {
        name.removeprefix(prefix): read_samples(path) for name, path in inputs.items() if name.startswith(prefix)
    }
    if not samples:
        raise ValueError(f"expected at least one input {prefix}<method>=<folder>, got {sorted(inputs)}")
    check_alike(samples, data)
    return data, samples


def spread(count: int, wanted: int) -> list[int]:
    """`wanted` places evenly spread over `count`. Raises: ValueError where there are fewer."""
    if wanted > count:
        raise ValueError(f"the figure shows {wanted} images, the samples have several for {count}: lower its `rows`")
    return [place * count // wanted for place in range(wanted)]


def sample_to_row(label: str, data: Packed, held: Samples, place: int, samples: int, context: bool) -> Row:
    """Image, hole and what the method is given (left empty without `context`), then its first samples.

    Raises: ValueError where there are fewer samples.
    """
    if samples > held.multiple.shape[1]:
        raise ValueError(f"the figure shows {samples} samples, there are {held.multiple.shape[1]}: lower its `samples`")
    position = held.several[place]
    image = np.asarray(data.images[position])
    mask = positions_to_holes(data, np.array([position]), held.facts["hole"])[0]
    shown = (image, mask_to_tile(mask), erase(image, mask)) if context else (None, None, None)
    return Row(label, (*shown, *np.asarray(held.multiple[place, :samples])))


def headings(samples: int) -> tuple[str, ...]:
    """Over the tiles of `sample_to_row`."""
    return ("image", "hole", "input", "sample 1", *(str(number) for number in range(2, samples + 1)))


def profile_of(all_samples: list[Samples]) -> str:
    """The profile of all samples of a figure. Raises: ValueError where they differ."""
    profiles = {held.facts["profile"] for held in all_samples}
    if len(profiles) != 1:
        raise ValueError(f"one figure cannot mix profiles, got samples of {sorted(profiles)}")
    return profiles.pop()


def grid_to_rows(data: Packed, held: Samples, place: int, known: int, unknown: int) -> tuple[Row, ...]:
    """One context's grid of codes: columns share the known code, lines the unknown one; the input stands before it.

    The first line begins with the image and what the method is given.

    Shapes: samples of a place are numbered line * codes + column.
    Raises: ValueError where the samples are no grid, or a smaller one.
    """
    codes = held.facts.get("codes", 0)
    if not 0 < max(known, unknown) <= codes:
        raise ValueError(f"the figure shows {known} x {unknown} codes, the samples are a grid of {codes} x {codes}")
    position = held.several[place]
    image = np.asarray(data.images[position])
    mask = positions_to_holes(data, np.array([position]), held.facts["hole"])[0]
    made = np.asarray(held.multiple[place])
    rows = []
    for line in range(unknown):
        before = (image, erase(image, mask)) if line == 0 else (None, None)
        rows.append(Row(f"unknown {line + 1}", (*before, *made[line * codes : line * codes + known])))
    return tuple(rows)


def grid_headings(known: int) -> tuple[str, ...]:
    """Over the tiles of `grid_to_rows`."""
    return ("image", "input", "known 1", *(str(number) for number in range(2, known + 1)))


def contexts_text(data: Packed, held: Samples, places: list[int]) -> str:
    """The images of a figure by the first letters of their own keys, in the order shown."""
    return ", ".join(str(data.keys[held.several[place]])[:KEY_LETTERS] for place in places)


def seeds_text(all_samples: list[Samples]) -> str:
    """`seed 0`, or all of them where there are several."""
    seeds = sorted({held.facts["seed"] for held in all_samples})
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"
