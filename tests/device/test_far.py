"""The device that is not there computes as the CPU does, to the bit, and refuses what a GPU refuses."""

import io

import numpy as np
import pytest
import torch
from torch import nn

from tests.device.far import DEVICE, DeviceFault, Far, beside_the_device, far, nothing_waits


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(4 * 36, 1))


def trained(device: str | torch.device) -> list[torch.Tensor]:
    """Two steps with a penalty on gradients, which needs them twice."""
    made = net().to(device)
    images = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(1)).to(device)
    for _ in range(2):
        x = images.clone().requires_grad_()
        out = made(x).sum()
        (gradient,) = torch.autograd.grad(out, x, create_graph=True)
        (out + gradient.square().sum()).backward()
        with torch.no_grad():
            for parameter in made.parameters():
                parameter -= 0.1 * parameter.grad
                parameter.grad = None
    return [value.detach().cpu() for value in made.state_dict().values()]


def test_training_gives_the_cpus_bits():
    with far():
        there = trained(DEVICE)
    assert all(torch.equal(a, b) for a, b in zip(trained("cpu"), there, strict=True))


def test_what_is_made_there_lies_there():
    with far():
        made = [torch.zeros(2, device=DEVICE), torch.arange(3, device=DEVICE), torch.tensor([1.0], device=DEVICE),
                torch.ones(2).to(DEVICE), torch.ones(2, device=DEVICE)[:1], torch.eye(2).to(DEVICE).T]  # fmt: skip
        assert all(isinstance(one, Far) and one.device == DEVICE for one in made)
        assert made[1].tolist() == [0, 1, 2] and made[3].cpu().numpy().tolist() == [1.0, 1.0]
        view = made[0][:1]
        view += 5
        assert made[0].cpu().tolist() == [5.0, 0.0], "a view is a view there too"
        assert made[1][[2, 0]].tolist() == [2, 0]


def test_a_module_is_laid_out_anew_there():
    with far():
        made = net().to(DEVICE).to(memory_format=torch.channels_last)
        assert made[0].weight.is_contiguous(memory_format=torch.channels_last)
        assert made[0].weight.near.stride() == made[0].weight.stride()


def test_a_saved_state_holds_values():
    with far():
        stream = io.BytesIO()
        torch.save({"a": torch.ones(2, device=DEVICE)}, stream)
    stream.seek(0)
    assert torch.equal(torch.load(stream, weights_only=True)["a"], torch.ones(2))


FAULTS = {
    "a missing .to": lambda x: x + torch.ones(3),
    "a stray .cpu()": lambda x: x.cpu() * x,
    "a pin of a tensor there": lambda x: x.pin_memory(),
    "numpy() there": lambda x: x.numpy(),
    "an array of a tensor there": lambda x: np.asarray(x),
    "a constant made here": lambda x: torch.where(x > 0, x, torch.tensor([1.0, 2.0, 3.0])),
    "the CPU's generator": lambda x: torch.randn(3, device=x.device, generator=torch.Generator()),
    "an index there into a tensor here": lambda x: torch.ones(3)[x.long()],
    "a network that was left here": lambda x: nn.Linear(3, 1)(x.cpu()),
    "from_numpy beside it": lambda x: torch.cat([x, torch.from_numpy(np.ones(3, np.float32))]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_faults_are_found(name):
    with far(), pytest.raises((DeviceFault, TypeError, RuntimeError)):
        FAULTS[name](torch.ones(3, device=DEVICE))


def test_what_a_gpu_allows_is_allowed():
    with far():
        x = torch.ones(3, device=DEVICE)
        assert (x * torch.tensor(2.0)).sum().item() == 6.0, "a number of the CPU goes with it"
        assert x[torch.tensor([0, 2])].tolist() == [1.0, 1.0], "an index may lie on the CPU"
        assert x.copy_(torch.zeros(3)).tolist() == [0.0] * 3, "a copy goes across"
        assert torch.ones(2).pin_memory().device.type == "cpu"


def test_a_study_may_compute_beside_it_where_it_says_so():
    with far(), beside_the_device():
        assert nn.Linear(3, 1)(torch.ones(3)).device.type == "cpu"


def test_a_number_asked_of_it_is_found_where_nothing_may_wait():
    with far():
        x = torch.ones(3, device=DEVICE)
        with nothing_waits():
            y = x.sum()
            for ask in (y.item, y.tolist, lambda: float(y), lambda: bool(y > 0)):
                with pytest.raises(DeviceFault, match="nothing may wait"):
                    ask()
        assert y.item() == 3.0
