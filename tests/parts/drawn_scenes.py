"""Any drawn set, drawn and prepared as the stages do, at the smoke profile's size."""

import importlib
from pathlib import Path
from typing import Any

from stages.data.files import read_table
from stages.data.prepared.packed import Packed
from stages.runner import layers, params
from tests.conftest import ROOT

PARAMS = params.load(ROOT)


def block_of(name: str, profile: str = "smoke", supply: str = "demo", **changes) -> Any:
    """A drawing's block."""
    module = importlib.import_module(f"stages.draw.scenes.{name}")
    names = (
        f"supply.{name}.base", f"raw.{name}.base", f"supply.{name}.profile.{supply}", f"raw.{name}.profile.{profile}"
    )  # fmt: skip
    return layers.validate(module.Block, layers.merge(PARAMS, names) | changes, names)


def drawn(name: str, out: Path, **changes) -> Path:
    """A raw folder."""
    out.mkdir(parents=True)
    importlib.import_module(f"stages.draw.scenes.{name}").draw(block_of(name, **changes), out)
    return out


def prepared(name: str, raw: Path, out: Path) -> tuple[Packed, dict[str, str]]:
    """The prepared set of a raw folder, and why each refused photo was."""
    module, names = importlib.import_module(f"stages.data.sets.{name}"), (f"{name}.base", f"{name}.profile.smoke")
    out.mkdir(parents=True, exist_ok=True)
    module.prepare(layers.validate(module.Block, layers.merge(PARAMS, names), names), {"raw": raw}, out)
    table = read_table(out / "rejects.parquet")
    return Packed.open(out), dict(zip(table["key"], table["reason"], strict=True))
