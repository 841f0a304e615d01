"""What the instantiated networks are, layer by layer, in the words of Tables 2 to 9. Nothing is computed."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from stages.papers.onegan.blocks import DownBlock, GLULNorm, ResBlock, ResBlock0, UpBlock
from stages.papers.onegan.common import NetsBlock
from stages.papers.onegan.generator import Start
from stages.papers.onegan.judges import BackgroundJudge
from stages.papers.onegan.methods.gan.method import KINDS


class Layer(NamedTuple):
    """A line of a table: its words, the shape that it gives (without the batch), its parameters."""

    words: str
    shape: tuple[int, ...]
    parameters: int


class Drawing:
    """All networks of a block on the meta device, and the shapes of all that they give."""

    def __init__(self, block: NetsBlock) -> None:
        self.block = block
        with torch.device("meta"):
            self.nets = nn.ModuleDict({name: kind(block) for name, kind in KINDS.items()})
        self.shapes: dict[nn.Module, tuple[int, ...]] = {}
        for module in self.nets.modules():
            module.register_forward_hook(self._noted)
        self._run()

    def layer(self, at: str, what: str) -> Layer:
        """The layer at a path (a part that begins with - counts from the end), or what of it."""
        module: Any = self.nets
        for part in at.split("."):
            module = module[int(part)] if part.removeprefix("-").isdigit() else module.get_submodule(part)
        parameters = sum(one.numel() for one in module.parameters())
        if not what:
            words = words_of(module) + (f"({self.shapes[module][0]})" if isinstance(module, nn.Flatten) else "")
            return Layer(words, self.shapes[module], parameters)
        if what in ("tanh", "sigmoid") and isinstance(module, nn.Conv2d):
            return Layer(f"{words_of(module)} + {what}", self.shapes[module], parameters)
        words, shape = OF_A_MODULE[what](self, module)
        return Layer(words, shape, 0)

    def _noted(self, module: nn.Module, given: Any, made: Any) -> None:
        if isinstance(made, Tensor):
            self.shapes[module] = tuple(made.shape[1:])

    def _run(self) -> None:
        """Every network once, on one sample without numbers."""
        block, nets = self.block, dict[str, Any](self.nets.items())

        def blank(*shape: int) -> Tensor:
            return torch.empty(1, *shape, device="meta")

        image, pose = blank(3, block.size_px, block.size_px), blank(block.pose)
        codes = nets["generator"].codes(blank(block.children), blank(block.parents))
        front, ground = nets["generator"].foreground, nets["generator"].background
        front.finish(front.start(codes.parent, pose), codes.parent, codes.child)
        ground.finish(ground.start(codes.background, pose))
        nets["child_encoder"](image)
        nets["parent_encoder"](image)
        nets["background_encoder"](image, blank(1, block.size_px, block.size_px))
        nets["background_judge"](image)
        nets["child_head"](nets["child_judge"](image).hidden)


def words_of(module: nn.Module) -> str:
    """A module as the tables name it. Raises: TypeError for a kind that no table has."""
    if isinstance(module, nn.Conv2d):
        kernel, stride, padding = module.kernel_size[0], module.stride[0], module.padding[0]
        name = f"K{kernel}P{padding}" if kernel == 3 and stride == 1 else f"K{kernel}S{stride}P{padding}"
        return f"{name}Conv2d({module.in_channels}, {module.out_channels})"
    if isinstance(module, nn.Linear):
        return f"Linear({module.in_features}, {module.out_features})"
    if isinstance(module, nn.Flatten):
        return "Reshape"
    if isinstance(module, nn.GroupNorm | nn.LayerNorm):
        return "LayerNorm"
    if isinstance(module, nn.LeakyReLU):
        return f"lReLU({module.negative_slope})"
    if isinstance(module, GLULNorm):
        return "GLU-LNorm"
    if isinstance(module, UpBlock):
        return f"UPBlk({module.conv.in_channels}, {module.conv.out_channels // 2}, {module.side})"
    if isinstance(module, DownBlock):
        first: Any = module[0]
        return f"DOWNBlk({first.in_channels}, {first.out_channels})"
    layers: Any = getattr(module, "layers", None)
    if isinstance(module, ResBlock0):
        return f"RESBlk0({layers[0].in_channels})"
    if isinstance(module, ResBlock):
        inputs = layers[0].out_channels // 2
        return f"RESBlk({inputs}, {layers[0].in_channels - inputs}, {layers[4].out_channels // 2})"
    raise TypeError(f"expected a layer of Tables 2 to 9, came {type(module).__name__}")


def _reshape(drawing: Drawing, module: Start) -> tuple[str, tuple[int, ...]]:
    shape = (module.linear.out_features // module.least**2, module.least, module.least)
    return f"Reshape({', '.join(map(str, shape))})", shape


def _upsample(drawing: Drawing, module: UpBlock) -> tuple[str, tuple[int, ...]]:
    return f"Upsample2d({module.side // 2}, {module.side})", (module.conv.in_channels, module.side, module.side)


def _resize(drawing: Drawing, module: BackgroundJudge) -> tuple[str, tuple[int, ...]]:
    size, side = drawing.block.size_px, module.side
    name = "DownSample2d" if side < size else "UpSample2d"
    return "" if side == size else f"{name}({size}, {side})", (3, side, side)


def _plain(words: str) -> Callable[[Drawing, nn.Module], tuple[str, tuple[int, ...]]]:
    def found(drawing: Drawing, module: nn.Module) -> tuple[str, tuple[int, ...]]:
        return words, drawing.shapes[module]

    return found


OF_A_MODULE: dict[str, Callable[[Drawing, Any], tuple[str, tuple[int, ...]]]] = {
    "split": _plain("ChannelSplit"), "sigmoid": _plain("Sigmoid"), "multiply": _plain("Multiply"), "add": _plain("Add"),
    "reshape": _reshape, "upsample": _upsample, "resize": _resize,
}  # fmt: skip
