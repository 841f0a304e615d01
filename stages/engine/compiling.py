"""What a training may have compiled."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn


def compile_chains(nets: Mapping[str, nn.Module], device: torch.device, folder: Path) -> None:
    """Has all modules that can (they have `compiled`) run what stands between their convolutions as compiled pieces.

    What the compiler writes lies in `folder`, so that nothing made by another program is read and a training that goes
    on need not compile again. Values change by rounding.

    Raises: ValueError if no net has such a module, or the compiler does not work on the device.
    """
    able: list[Any] = [module for net in nets.values() for module in net.modules() if hasattr(module, "compiled")]
    if not able:
        raise ValueError(f"compile: elementwise: none of the nets {', '.join(nets)} can be compiled; set compile: none")
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder.resolve())
    try:
        torch.compile(lambda x: x + 1, fullgraph=True, options={"compile_threads": 1})(torch.zeros(8, device=device))
    except Exception as problem:
        said = str(problem).splitlines() or [""]
        raise ValueError(
            f"compile: elementwise: torch's compiler does not work here ({type(problem).__name__}: {said[0]}); it "
            "needs a C++ compiler (g++) and Python's headers: install them, or set compile: none"
        ) from problem
    for module in able:
        module.compiled = True
