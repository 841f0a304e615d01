"""One stage's command on the device that is not there: python -m tests.device.run stages.train --paper …

The stage's code finds itself in a world whose device is `far`, and otherwise runs as ever. Nothing heavy is imported
before the stage's own code does it, because the runner sets thread counts first.
"""

import importlib.abc
import importlib.util
import runpy
import sys
from collections.abc import Iterator
from contextlib import contextmanager

WORLD = "stages.engine.world"


def put_far(module) -> None:
    """Gives the engine's module of worlds one that computes on the device."""

    @contextmanager
    def joined(gpus: int, rank: int = 0, size: int = 1, store=None) -> Iterator:
        from tests.device.far import far

        module.settle(module.torch.device("cpu"))
        with far() as device:
            yield module.World(0, 1, device)

    module.joined = joined


class AfterImport(importlib.abc.MetaPathFinder):
    """Imports the module of worlds as ever, then puts the device into it."""

    def find_spec(self, fullname, path, target=None):
        """Only the one module is of interest."""
        if fullname != WORLD:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        run = spec.loader.exec_module
        spec.loader.exec_module = lambda module: (run(module), put_far(module))
        return spec


if __name__ == "__main__":
    sys.meta_path.insert(0, AfterImport())
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
