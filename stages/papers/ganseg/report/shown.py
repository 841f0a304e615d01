"""What the figures of found masks share: a segmenter's labels of test photos, and which photos are shown."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from stages.data.files import read_json
from stages.data.prepared.packed import Packed
from stages.draw.runs import not_run
from stages.draw.scenes.chance import generator
from stages.papers.ganseg.report.colours import overlay
from stages.papers.ganseg.report.pictures import Strip, enlarged, tiles_to_picture


def photos_to_show(data: Packed, count: int) -> np.ndarray:
    """Places within the test split of `count` photos, uniformly drawn, ascending; all where there are fewer.

    The draw depends on the set alone, so all lines and figures of one count show the same photos.
    Shapes: → int64 [min(count, n)].
    """
    total = len(data.positions("test"))
    if total <= count:
        return np.arange(total)
    return np.sort(generator(0, "ganseg/photos", data.card["name"], count).permutation(total)[:count])


def photos_text(data: Packed, count: int) -> str:
    """How many test photos are shown, and how they were chosen."""
    total = len(data.positions("test"))
    if total <= count:
        return f"all {total} test photos (of {count} asked for)"
    return f"{count} of {total} test photos, drawn uniformly"


def found_to_tiles(folder: Path, data: Packed, places: Sequence[int] | np.ndarray) -> list[np.ndarray]:
    """Test photos with the segmenter's masks laid over them.

    Raises: ValueError where the labels are of another set or another number of photos.
    """
    facts, labels = read_json(folder / "score.json"), np.load(folder / "labels.npy", mmap_mode="r")
    test = np.asarray(data.positions("test"))
    if facts["data"] != data.card["name"] or len(labels) != len(test):
        raise ValueError(
            f"{folder}: expected labels of the {len(test)} test photos of {data.card['name']}, got {len(labels)} of "
            f"{facts['data']}"
        )
    images = data.images
    return [
        enlarged(overlay(np.asarray(images[test[place]]), np.asarray(labels[place]), facts["parts"]))
        for place in places
    ]


def found_to_strip(
    label: str, folder: Path | None, data: Packed, places: Sequence[int] | np.ndarray, columns: int
) -> Strip:
    """A segmenter's masks as one strip; an empty one where it was not trained in this profile, or there is none."""
    if folder is None or not_run(folder) is not None:
        return Strip(label, None)
    return Strip(label, tiles_to_picture(found_to_tiles(folder, data, places), columns))


def open_sets(inputs: Mapping[str, Path], names: Sequence[str]) -> dict[str, Packed]:
    """The prepared sets `data_<set>`."""
    return {name: Packed.open(inputs[f"data_{name}"]) for name in names}
