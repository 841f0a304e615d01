"""The modules of OneGAN's losses and paths in one namespace: as they are, or from changed copies."""

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace

PACKAGE = "stages.papers.onegan.methods.gan"
FOLDER = Path(__file__).resolve().parents[2] / PACKAGE.replace(".", "/")
NAMES = ("block", "objectives", "patches", "paths", "method")


def gathered(package: str) -> SimpleNamespace:
    """All that the modules of a package define."""
    found = SimpleNamespace()
    for name in NAMES:
        vars(found).update(vars(importlib.import_module(f"{package}.{name}")))
    return found


def as_it_is() -> SimpleNamespace:
    return gathered(PACKAGE)


def sources() -> dict[str, str]:
    return {name: (FOLDER / f"{name}.py").read_text(encoding="utf-8") for name in NAMES}


def from_copies(folder: Path, package: str, texts: Mapping[str, str]) -> SimpleNamespace:
    """The modules from copies in a package of their own."""
    home = folder / package
    home.mkdir()
    (home / "__init__.py").write_text("")
    for name, text in texts.items():
        (home / f"{name}.py").write_text(text.replace(PACKAGE, package), encoding="utf-8")
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        return gathered(package)
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.split(".")[0] == package]:
            del sys.modules[name]


def failing(modules: SimpleNamespace, checks: Iterable[Callable[[SimpleNamespace], None]]) -> Callable | None:
    """The first check that fails, by whatever error."""
    for check in checks:
        try:
            check(modules)
        except Exception:
            return check
    return None
