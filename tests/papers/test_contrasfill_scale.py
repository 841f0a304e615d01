"""ContrasFill on several processes, on prepared data, in bf16, and once at the paper's size (settled 29)."""

import resource
import time

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from stages.data.prepared.packed import Index, Row, write_packed
from stages.engine.exchange import Exchange
from stages.engine.world import World
from stages.nets.encoders.load import save_encoder
from stages.nets.encoders.small import SmallIdentity
from tests.engine.toy import in_world
from tests.papers.contrasfill_toys import METHODS, batch_of, block, chance, make, module, running


def keep_gradients(world, folder, method, fills):
    """The first step's losses and gradients of both phases, R1 included, of this process's share."""
    made_block = block(method, fills=fills)
    made = make(method, made_block, world)
    whole = batch_of(made_block.batch)
    batch = {name: value[world.rank :: world.size] for name, value in whole.items()}
    found, drawn = {}, type(chance())(0, 0, world)
    for net in made.nets.values():
        net.requires_grad_(True)
    shared = made.forward(batch, drawn)
    for phase in made.phases(0):
        for name, net in made.nets.items():
            net.requires_grad_(name in phase.learns).zero_grad()
        terms = made.losses(phase, batch, shared, drawn, 0)
        learnable = {name: list(made.nets[name].parameters()) for name in phase.learns}
        with Exchange(world, learnable).during(phase.learns):
            sum(term for name, term in terms.items() if "stat/" not in name).backward()
        for net in phase.learns:
            parameters = dict(made.nets[net].named_parameters())
            found |= {f"{net}.{name}": p.grad.clone() for name, p in parameters.items() if p.grad is not None}
        found |= {name: world.mean(term.detach()) for name, term in terms.items()}
    found["average"] = made.memory["latent_average"].clone()
    save_file(found, folder / f"{method}-{world.size}-{world.rank}.safetensors")


@pytest.mark.parametrize(("method", "fills"), [*((method, "fresh") for method in METHODS), ("contrasfill", "shared")])
def test_two_processes_have_the_gradients_of_one(tmp_path, method, fills):
    keep_gradients(World.single(), tmp_path, method, fills)
    assert in_world(2, tmp_path, keep_gradients, tmp_path, method, fills) == [0, 0]
    one = load_file(tmp_path / f"{method}-1-0.safetensors")
    assert one["D/r1"] > 0
    for rank in range(2):
        two = load_file(tmp_path / f"{method}-2-{rank}.safetensors")
        assert set(one) == set(two)
        for name, value in one.items():
            scale = value.abs().max().clamp_min(1e-4)
            assert ((two[name] - value).abs().max() / scale) < 1e-3, name


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("fills", ["fresh", "shared"])
def test_a_step_in_bf16_stays_finite_and_keeps_losses_in_float32(method, fills, tmp_path):
    run = running(method, block(method, precision="bf16", fills=fills), tmp_path)
    seen = {}

    def spy(phase, *arguments):
        terms = type(run.method).losses(run.method, phase, *arguments)
        seen.update(terms)
        return terms

    run.method.losses = spy
    run.step(batch_of(4))
    assert all(
        torch.isfinite(term) and term.dtype == torch.float32 for name, term in seen.items() if "stat/" not in name
    )
    for net in run.method.nets.values():
        assert all(torch.isfinite(p).all() and p.dtype == torch.float32 for p in net.parameters())


def faces(folder, size=32, count=8):
    rng = np.random.default_rng(0)
    folder.mkdir()

    def rows():
        for number in range(count):
            mask = np.zeros((size, size), np.uint8)
            mask[8:20, 8:20] = 1
            yield Row(f"{number:03d}", rng.integers(0, 256, (size, size, 3), dtype=np.uint8), mask, "s", "d")

    write_packed(
        folder, "face", size, True, rows(), lambda keys: Index(["train"] * (count - 2) + ["test"] * 2, ("test",))
    )
    return folder


def encoder(folder):
    folder.mkdir()
    view = {"size_px": 32, "crop": [0, 0, 256, 256], "shrink": "bilinear", "mean": [0.5] * 3, "std": [0.5] * 3}
    arguments = {"width": 4, "dimensions": 8, "size_px": 32}
    facts = {"architecture": "identity_small", "arguments": arguments, "view": view}
    save_encoder(folder, SmallIdentity(**arguments), facts)
    return folder


@pytest.mark.parametrize("method", METHODS)
def test_training_is_built_from_prepared_data_and_an_encoder_folder(method, tmp_path):
    inputs = {"data": faces(tmp_path / "face"), "encoder": encoder(tmp_path / "encoder")}
    made, source = module(method).for_training(block(method), inputs, 0, World.single())
    batch = source.batch(0)
    assert source.size == 4 and batch["position"].max() < 6
    for phase in made.phases(0):
        assert all(torch.isfinite(term) for term in made.losses(phase, batch, {}, chance(), 0).values())
    assert set(made.frozen) == ({"known"} if method == "contrasfill" else set())
    with pytest.raises(ValueError, match=r"expected images of 64 px .*came 32"):
        module(method).for_training(block(method, "lite"), inputs, 0, World.single())


@pytest.mark.slow
def test_one_step_at_256_px_on_four_images_fits_and_is_finite(tmp_path, capsys):
    run = running(
        "contrasfill",
        block("contrasfill", "paper", batch=4, codes_per_space=2, precision="fp32", channels_last=False),
        tmp_path,
    )
    assert sum(p.numel() for p in run.method.nets["generator"].parameters()) == 62_146_713
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    run.step(batch_of(4, 256))
    seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with capsys.disabled():
        print(f"\n256 px, 4 images: peak {after / 1024:.0f} MiB (nets {before / 1024:.0f} MiB), {seconds:.0f} s")
    for net in run.method.nets.values():
        assert all(torch.isfinite(parameter).all() for parameter in net.parameters())
