"""Spectral normalisation, with first vectors that depend on the layer's name alone."""

from collections.abc import Iterable

from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

from stages.engine.chance import initialised

POWER_ITERATIONS = 1


def spectral(net: nn.Module, names: Iterable[str]) -> nn.Module:
    """Divides the weights of these layers by their largest singular value, W / (u' W v), in place.

    One power iteration moves u and v at each forward pass in training; in evaluation they rest. They start from a draw
    keyed by the layer's name, after 15 iterations on the weight that the layer has now, so initialise first; torch's
    own generator is left as it was. In the state the weight that learns is `<name>.parametrizations.weight.original`,
    u and v are `<name>.parametrizations.weight.0._u` and `_v`.

    Source: Miyato et al. 2018, algorithm 1; torch's parametrization.
    Raises: ValueError for a name that is no layer with a weight, or one that is normalised already.
    """
    layers = dict(net.named_modules())
    for name in names:
        layer = layers.get(name)
        if layer is None or not isinstance(getattr(layer, "weight", None), Tensor):
            raise ValueError(f"expected the name of a layer with a weight, got {name!r}")
        if parametrize.is_parametrized(layer, "weight"):
            raise ValueError(f"the layer {name} is normalised already")
        with initialised(0, f"spectral/{name}"):
            parametrizations.spectral_norm(layer, "weight", POWER_ITERATIONS)
    return net
