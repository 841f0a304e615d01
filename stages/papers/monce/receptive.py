"""How many pixels a unit of each contrasted layer sees, with the blur of the resampling layers and without it.

Source: supp §2 (claim M1: 1, 9, 15, 35, 99 px); settled in every profile at 256 px.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import Field

from stages.papers.monce.measured import MeasureBlock

Progress = Callable[[int, int, str], None]


class Block(MeasureBlock):
    """The generator that is measured, far narrower than the paper's, which changes no support.

    Units: side_px in pixels.
    """

    side_px: int = Field(gt=0)
    width: int = Field(gt=0)
    blocks: int = Field(ge=5)
    layers: tuple[int, ...]


def measure(block: Block, inputs: dict[str, Path], out: Path, device: str, progress: Progress) -> None:
    """Write score.json: the side of each layer's support, by gradients in float64 and in closed form. No inputs.

    Weights are positive, norms and rectifiers left out; the control has its strides in the convolutions.
    """
    from stages.data.files import write_json

    found = {}
    for done, (name, blur) in enumerate((("blurred", True), ("control", False)), start=1):
        found[name] = seen(block, blur, device)
        progress(done, 2, name)
    said = {"paper": "monce", "profile": block.profile, "dtype": "float64", "unit": "px", "layers": list(block.layers)}
    said |= {"side_px": block.side_px, "width": block.width, "blocks": block.blocks}
    write_json(out / "score.json", said | found)


def seen(block: Block, blur: bool, device: str) -> dict[str, Any]:
    """The supports of one generator, by both ways."""
    from stages.engine.chance import initialised
    from stages.nets.receptive import closed_form, supports
    from stages.nets.resnet_generator import ResnetGenerator

    with initialised(0, "receptive"):  # the weights are replaced; only the global generator has to stay as it is
        net = ResnetGenerator(block.width, block.blocks, 1.0, blur=blur)
    return {
        "supports": supports(net.to(device), block.layers, block.side_px),
        "closed_form": closed_form(list(net.layers), block.layers),
    }
