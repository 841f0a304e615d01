"""detectron2's published .pkl files: nested names and arrays, read without running anything that a file asks for."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from stages.data.unpickler import Unpickler

# What a pickle of dictionaries of arrays needs, under numpy's names of all versions; none of it runs a file's code.
ALLOWED = {(f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")} | {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
    ("collections", "OrderedDict"),
}


class _Reader(Unpickler):
    """Refuses every name that arrays do not need."""

    def find_class(self, module: str, name: str):
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return super().find_class(module, name)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays under "model" of a detectron2 checkpoint.

    Raises: ValueError for a file that asks for anything but arrays, or has no "model".
    """
    try:
        with path.open("rb") as stream:
            content = _Reader(stream, encoding="latin1").load()
    except (pickle.UnpicklingError, EOFError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: expected a detectron2 checkpoint of arrays alone, refused: {error}") from error
    state = content.get("model") if isinstance(content, Mapping) else None
    if not isinstance(state, Mapping) or not all(isinstance(value, np.ndarray) for value in state.values()):
        raise ValueError(f"{path}: expected named arrays under 'model', came a {type(content).__name__} without them")
    return dict(state)
