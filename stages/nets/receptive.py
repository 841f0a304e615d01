"""How many pixels of the image one unit of a layer sees: by gradients, and in closed form."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from stages.nets.blur import BlurDown, BlurUp
from stages.nets.resnet_generator import ResidualBlock, ResnetGenerator

# They would spread a unit's support over the whole image, or hide a part of it.
REMOVED = (nn.InstanceNorm2d, nn.ReLU, nn.LeakyReLU, nn.Tanh)


def positive(net: nn.Module) -> nn.Module:
    """A copy in float64 without norms and rectifiers, all weights positive, all biases 0: no two paths cancel."""
    net = copy.deepcopy(net).double().requires_grad_(False)
    for module in list(net.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, REMOVED):
                setattr(module, name, nn.Identity())
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.weight.fill_(1 / module.weight[0].numel())
            if module.bias is not None:
                module.bias.zero_()
    return net


def supports(net: ResnetGenerator, taps: Sequence[int], side: int) -> list[int]:
    """The side of the pixels that move the centre unit of each tapped layer of the generator's linear copy.

    Source: MoNCE supp §2 gives 1, 9, 15, 35, 99 for the layers 0, 4, 8, 12, 16.
    Units: pixels; `side` is that of the image the gradient is taken on.
    Raises: ValueError if a support reaches the border, where it would be cut or mirrored, or is no square.
    """
    linear = positive(net)
    if not isinstance(linear, ResnetGenerator):
        raise TypeError(f"expected a ResnetGenerator, got {type(net).__name__}")
    device = next(linear.parameters()).device
    image = torch.zeros(1, 3, side, side, dtype=torch.float64, device=device, requires_grad=True)
    maps = linear.encode(image, taps)
    return [box_side(gradient_of_centre(image, map), tap) for tap, map in zip(taps, maps, strict=True)]


def gradient_of_centre(image: Tensor, features: Tensor) -> Tensor:
    """d (sum over channels of the centre unit) / d image, where it is not 0.    Shapes: -> bool [H W]."""
    centre = features[0, :, features.shape[2] // 2, features.shape[3] // 2].sum()
    (gradient,) = torch.autograd.grad(centre, image, retain_graph=True)
    return (gradient[0] != 0).any(0)


def box_side(touched: Tensor, tap: int) -> int:
    """The side of the box around what is true.    Shapes: bool [H W]. Raises: ValueError as `supports` does."""
    spans = []
    for axis in (0, 1):
        places = touched.any(1 - axis).nonzero().flatten()
        first, last = int(places[0]), int(places[-1])
        if first == 0 or last == touched.shape[axis] - 1:
            raise ValueError(f"the support of layer {tap} reaches the border of {touched.shape[axis]} px; take more")
        spans.append(last - first + 1)
    if spans[0] != spans[1]:
        raise ValueError(f"the support of layer {tap} is {spans[0]} x {spans[1]} px, expected a square")
    return spans[0]


def closed_form(layers: Sequence[nn.Module], taps: Sequence[int]) -> list[int]:
    """r <- r + (k - 1) d j,  j <- j s over the layers up to each tap, from r = j = 1.

    k, s, d: kernel, stride and dilation of a layer; r in pixels.
    Raises: ValueError as `windows` does.
    """
    reach, jump, found = 1, 1, []
    for number, layer in enumerate(layers[: max(taps, default=-1) + 1]):
        for kernel, stride, dilation in windows(layer):
            reach, jump = reach + (kernel - 1) * dilation * jump, jump * stride
        if number in taps:
            found.append(reach)
    return found


def windows(layer: nn.Module) -> list[tuple[int, int, int]]:
    """(kernel, stride, dilation) of what a layer slides over its input, in their order.

    Raises: ValueError for a doubling, behind which units of one layer see areas of different sizes.
    """
    if isinstance(layer, BlurUp | nn.ConvTranspose2d):
        raise ValueError(f"behind a {type(layer).__name__} units see areas of different sizes; tap a layer before it")
    if isinstance(layer, nn.Conv2d):
        return [(layer.kernel_size[0], layer.stride[0], layer.dilation[0])]
    if isinstance(layer, BlurDown):
        return [(len(layer.taps), layer.stride, 1)]
    if isinstance(layer, ResidualBlock):
        return [*windows(layer.conv1), *windows(layer.conv2)]
    return []
