"""Products of small matrices, one an image."""

from __future__ import annotations

from torch import Tensor


def product(*matrices: Tensor) -> Tensor:
    """M_1 M_2 ... M_n, written out: what is drawn on the CPU is joined there, beside the device, by no layer's kernel.

    Shapes: [B a b], [B b c], ... -> [B a d]; a stack of one stands for all images.
    """
    made = matrices[0]
    for matrix in matrices[1:]:
        made = (made[:, :, :, None] * matrix[:, None]).sum(2)
    return made
