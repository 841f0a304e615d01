"""What is compiled between convolutions runs where its tensors lie, waits for no device, and gives the CPU's bits."""

import torch

from stages.nets import chain
from stages.nets.stylegan.equal import EqualConv
from stages.nets.stylegan.modconv import ModulatedConv
from tests.device.far import DEVICE, far, nothing_waits
from tests.parts.test_chain import forget, image, told, twice


def nets() -> list[torch.nn.Module]:
    """An up, a down and a plain convolution, told to compile."""
    torch.manual_seed(0)
    made = [ModulatedConv(3, 4, 3, sample="up", noisy=True), ModulatedConv(3, 4, 3, sample="down"),
            EqualConv(3, 4, 3, down=True)]  # fmt: skip
    for net in made:
        told(net, True)
    return made


def learn(device: torch.device) -> list[torch.Tensor]:
    """Values and both gradients of each."""
    found = []
    for net in nets():
        net.to(device)
        x = image(2, 3, 8, 8, kind=torch.float32).to(device).requires_grad_()
        style = (image(2, 3, kind=torch.float32, seed=1) + 1).to(device).requires_grad_()
        if isinstance(net, EqualConv):
            found += twice(net, (x,), (x,))
        else:
            noise = image(2, 1, 16, 16, kind=torch.float32, seed=2).to(device) if net.strength is not None else None
            found += twice(net, (x, style, noise), (x, style))
    return found


def test_pieces_run_on_the_device(monkeypatch):
    forget()
    # What is built cannot run on a device that is not there; what is built of can.
    monkeypatch.setattr(chain, "compiled", lambda function: function)
    with far():
        with nothing_waits():
            there = learn(DEVICE)
        there = [value.detach().cpu() for value in there]
    forget()
    here = [value.detach() for value in learn(torch.device("cpu"))]
    forget()
    assert all(torch.equal(one, other) for one, other in zip(there, here, strict=True))
