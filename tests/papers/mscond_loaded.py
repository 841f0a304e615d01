"""MsConD's contrastive modules in one namespace."""

import importlib
from types import SimpleNamespace

PAPER = "stages.papers.mscond"
# Short name -> module, those that are imported before those that import them.
MODULES = {
    "nce": "stages.losses.nce",
    "matrices": f"{PAPER}.matrices",
    "colours": f"{PAPER}.colours",
    "views": f"{PAPER}.views",
    "matching": f"{PAPER}.matching",
    "contrast": f"{PAPER}.contrast",
    "momentum": f"{PAPER}.momentum",
    "warp": f"{PAPER}.methods.insgen.warp",
    "ada": f"{PAPER}.methods.insgen.ada",
    "insgen": f"{PAPER}.methods.insgen.method",
}


def as_it_is() -> SimpleNamespace:
    """All that the modules define, a later one's in place of what an earlier one calls the same."""
    found = SimpleNamespace()
    for name in MODULES.values():
        vars(found).update(vars(importlib.import_module(name)))
    return found
