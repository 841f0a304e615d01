"""The modules of OneGAN's losses and paths in one namespace."""

import importlib
from types import SimpleNamespace

PACKAGE = "stages.papers.onegan.methods.gan"
NAMES = ("block", "objectives", "patches", "paths", "method")


def as_it_is() -> SimpleNamespace:
    """All that the modules define."""
    found = SimpleNamespace()
    for name in NAMES:
        vars(found).update(vars(importlib.import_module(f"{PACKAGE}.{name}")))
    return found
