"""Several processes compute what one computes."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from stages.engine.exchange import Exchange
from stages.engine.norms import synchronise
from stages.engine.world import World, joined
from tests.engine import toy
from tests.engine.toy import block, in_process, in_world, run

ROWS, WIDTH = 8, 5


def whole_batch_loss(features: torch.Tensor) -> torch.Tensor:
    """A loss that mixes all rows: each row's place in the batch matters too."""
    weights = torch.arange(1.0, len(features) + 1)
    return (torch.softmax(features @ features.T, 1).diagonal() * weights).sum()


def test_denormal_numbers_are_zero_in_every_thread_that_a_stage_starts():
    code = (
        "import torch; from stages.engine.world import joined\n"
        "with joined(0):\n"
        "    torch.set_num_threads(2)\n"
        "    below, above = torch.full((1 << 22,), 1e-30) * 1e-10, torch.full((1 << 22,), 1e-30) * 1e-7\n"
        "    print(int(below.count_nonzero()), int(above.count_nonzero()))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["0", str(1 << 22)]


def rows() -> torch.Tensor:
    return torch.sin(torch.arange(ROWS * 3.0)).view(ROWS, 3)


def layer() -> nn.Linear:
    made = nn.Linear(3, WIDTH)
    with torch.no_grad():
        made.weight.copy_(torch.cos(torch.arange(WIDTH * 3.0)).view(WIDTH, 3))
        made.bias.copy_(torch.arange(WIDTH * 1.0))
    return made


def gather_gradient(world: World, folder: Path) -> None:
    own = rows()[world.rank :: world.size].clone().requires_grad_(True)
    made = layer()
    gathered = world.gather(made(own))
    with Exchange(world, {"net": list(made.parameters())}).during(("net",)):
        whole_batch_loss(gathered).backward()
    found = {"rows": own.grad / world.size, "weight": made.weight.grad, "gathered": gathered.detach()}
    save_file({**found, "bias": made.bias.grad}, folder / f"{world.rank}.safetensors")


@pytest.mark.parametrize("size", [2, 4])
def test_gradient_through_gather_is_that_of_one_process(tmp_path, size):
    assert in_world(size, tmp_path, gather_gradient, tmp_path) == [0] * size
    whole, made = rows().requires_grad_(True), layer()
    features = made(whole)
    whole_batch_loss(features).backward()
    for rank in range(size):
        found = load_file(tmp_path / f"{rank}.safetensors")
        torch.testing.assert_close(found["gathered"], features.detach(), rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(found["rows"], whole.grad[rank::size], rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(found["weight"], made.weight.grad, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(found["bias"], made.bias.grad, rtol=1e-5, atol=1e-6)


def norm_double_gradient(world: World, folder: Path) -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Softplus(), nn.Flatten(), nn.Linear(16, 1))
    for number, parameter in enumerate(net.parameters()):
        nn.init.constant_(parameter, 0.1 * (number + 1))
    synchronise(net, world)
    images = torch.sin(torch.arange(ROWS * 48.0)).view(ROWS, 3, 4, 4)[world.rank :: world.size].requires_grad_(True)
    slope = torch.autograd.grad(net(images).sum(), images, create_graph=True)[0]
    with Exchange(world, {"net": list(net.parameters())}).during(("net",)):
        slope.square().sum((1, 2, 3)).mean().backward()
    found = {name: p.grad for name, p in net.named_parameters() if p.grad is not None}
    save_file({**found, **dict(net.named_buffers())}, folder / f"{world.size}-{world.rank}.safetensors")


def test_batch_norm_sees_the_whole_batch_even_in_second_gradients(tmp_path):
    norm_double_gradient(World.single(), tmp_path)
    assert in_world(2, tmp_path, norm_double_gradient, tmp_path) == [0, 0]
    single = load_file(tmp_path / "1-0.safetensors")
    assert single["0.weight"].abs().max() > 1e-6 and single["1.num_batches_tracked"] == 1
    for rank in range(2):
        several = load_file(tmp_path / f"2-{rank}.safetensors")
        assert set(several) == set(single)
        for name, tensor in single.items():
            torch.testing.assert_close(several[name], tensor, rtol=2e-5, atol=1e-6, msg=name)


def member(world: World, folder: Path, numbers) -> None:
    run(folder, numbers, world=world)


def keep_own_weights(world: World, folder: Path) -> None:
    """Trains, then writes this process's own networks."""
    made = []

    def make(*arguments):
        made.append(toy.Toy(*arguments))
        return made[0]

    run(folder, block(), world=world, make=make)
    nets = {f"{net}.{name}": t for net, module in made[0].nets.items() for name, t in module.state_dict().items()}
    save_file({**nets, **made[0].memory}, folder / f"own-{world.rank}.safetensors")


def test_all_processes_end_with_the_same_bits(tmp_path):
    assert in_world(2, tmp_path, keep_own_weights, tmp_path) == [0, 0]
    assert (tmp_path / "own-0.safetensors").read_bytes() == (tmp_path / "own-1.safetensors").read_bytes()


@pytest.mark.parametrize("size", [2, 4])
def test_several_processes_equal_one_within_float_noise(tmp_path, size):
    run(tmp_path / "one", block())
    assert in_world(size, tmp_path / "several", member, tmp_path / "several", block()) == [0] * size
    one, several = (load_file(tmp_path / name / "out" / "weights.safetensors") for name in ("one", "several"))
    assert set(one) == set(several)
    assert max((one[name].double() - several[name].double()).abs().max() for name in one) < 2e-6


def use_local_batch_norm(world: World, folder: Path) -> None:
    import stages.engine.loop

    stages.engine.loop.synchronise = toy.ignore
    run(folder, block(), world=world)


def test_batch_norm_over_each_process_alone_would_be_noticed(tmp_path):
    """The control of the test above: without the exchange the difference is far above float noise."""
    run(tmp_path / "one", block())
    assert in_world(2, tmp_path / "several", use_local_batch_norm, tmp_path / "several") == [0, 0]
    one, several = (load_file(tmp_path / name / "out" / "weights.safetensors") for name in ("one", "several"))
    assert max((one[name].double() - several[name].double()).abs().max() for name in one) > 1e-3


def test_a_batch_that_does_not_divide_is_refused(tmp_path):
    with pytest.raises(ValueError, match="batch of 8 does not divide among 3"):
        run(tmp_path, block(), world=World(0, 3, torch.device("cpu")))


def stop_on_one(world: World, folder: Path) -> None:
    from stages.engine.state import Interrupted

    calls = [0]

    def stop() -> bool:
        calls[0] += 1
        return world.rank == 1 and calls[0] == 5

    with pytest.raises(Interrupted, match="step 4"):
        run(folder, block(), stop=stop, world=world)


def test_a_stop_in_one_process_stops_all_at_the_same_step(tmp_path):
    assert in_world(2, tmp_path, stop_on_one, tmp_path) == [0, 0]
    assert (tmp_path / "resume" / "state-000000000004").is_file()


class Poisoned(toy.Toy):
    def losses(self, phase, batch, shared, chance, step):
        terms = super().losses(phase, batch, shared, chance, step)
        if phase.name == "G" and step == 3 and self.world.rank == self.world.size - 1:
            terms["G/contrast"] = terms["G/contrast"] * float("nan")
        return terms


def poison_one(world: World, folder: Path) -> None:
    with pytest.raises(FloatingPointError, match="G/contrast is nan at step 3"):
        run(folder, block(), world=world, make=Poisoned)


def test_a_loss_that_is_no_number_in_one_process_stops_all(tmp_path):
    assert in_world(2, tmp_path, poison_one, tmp_path) == [0, 0]


def from_environment(rank: int, folder: Path) -> None:
    import os

    names = {"RANK": rank, "WORLD_SIZE": 2, "LOCAL_RANK": rank, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": folder.name}
    os.environ.update({name: str(value) for name, value in names.items()})
    with joined(0) as world:
        assert (world.rank, world.size, world.device.type) == (rank, 2, "cpu")
        total = world.total(torch.tensor(float(rank + 1)))
        world.agree("a number", 5)
        with pytest.raises(RuntimeError, match=r"agree on a rank, found \[0, 1\]"):
            world.agree("a rank", world.rank)
    (folder / str(rank)).write_text(str(total.item()))


def test_torchrun_s_environment_is_understood(tmp_path):
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        folder = tmp_path / str(probe.getsockname()[1])
    folder.mkdir()
    other = toy.FORK.Process(target=from_environment, args=(1, folder))
    other.start()
    assert in_process(from_environment, 0, folder) == 0
    other.join()
    assert [(folder / str(rank)).read_text() for rank in range(2)] == ["3.0", "3.0"]


def test_alone_without_an_environment():
    with joined(0) as world:
        assert world == World.single()
        value = torch.ones(2, requires_grad=True)
        assert world.gather(value) is value and world.total(value) is value
