"""MsConD's contrastive modules in one namespace: as they are, or from changed copies."""

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
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


def gathered(modules: Iterable[str]) -> SimpleNamespace:
    """All that modules define, a later one's in place of what an earlier one calls the same."""
    found = SimpleNamespace()
    for name in modules:
        vars(found).update(vars(importlib.import_module(name)))
    return found


def as_it_is() -> SimpleNamespace:
    return gathered(MODULES.values())


def sources() -> dict[str, str]:
    return {name: (ROOT / f"{module.replace('.', '/')}.py").read_text("utf-8") for name, module in MODULES.items()}


def from_copies(folder: Path, package: str, texts: Mapping[str, str]) -> SimpleNamespace:
    """The modules from copies in a package of their own."""
    home = folder / package
    home.mkdir()
    (home / "__init__.py").write_text("")
    for name, text in texts.items():
        for short, module in MODULES.items():
            text = text.replace(f"from {module} import", f"from {package}.{short} import")
        (home / f"{name}.py").write_text(text, encoding="utf-8")
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        return gathered(f"{package}.{name}" for name in texts)
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
