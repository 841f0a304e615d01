"""StyleGAN2, MultiscaleD and MsConD in training: what each update moves, the probe, stops, processes, dynamics."""

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from stages.data.files import read_table, write_json
from stages.engine.chance import Chance
from stages.engine.launch import launch
from stages.engine.loop import Run
from stages.engine.plan import Phase
from stages.engine.world import settle
from stages.papers.mscond.contrast import Contrast
from stages.papers.mscond.methods.gan import method as gan
from stages.papers.mscond.trained import latents, make, open_trained
from stages.train import work
from tests.papers.mscond_made import MODULE, WORLD, gan_block, gan_of, pack, photos
from tests.papers.stopped import train_through

D = Phase("Dmain", "D", ())


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> dict[str, Path]:
    settle(torch.device("cpu"))
    return {"data": pack(tmp_path_factory.mktemp("pack") / "city_scenes")}


def chance(step: int = 0) -> Chance:
    return Chance(0, step, WORLD)


def made(inputs: dict[str, Path], folder: Path, run: str, steps: int, **changes: Any) -> Run:
    """A run after some steps."""
    block = gan_block(run, **{"iterations": steps, **changes})
    method, source = gan.for_training(block, inputs, 0, WORLD)
    running = Run(method, source, block, 0, WORLD, folder)
    while running.done < steps:
        running.step(source.batch(running.done))
    return running


def trained(inputs: dict[str, Path], out: Path, run: str, stops_after: int = -1, **changes: Any) -> dict[str, bytes]:
    """The files of a whole training, through a stop behind a step where asked."""
    block = gan_block(run, **changes)
    train_through(lambda: gan.for_training(block, inputs, 0, WORLD), block, out, stops_after)
    gan.finish(block, inputs, out, WORLD, lambda *words: None)
    return {name: (out / name).read_bytes() for name in ("weights.safetensors", "curve.csv", "dynamics.parquet")}


# --- losses ----------------------------------------------------------------------------------------------------------


def silenced(method: gan.GAN) -> gan.GAN:
    """All logits 0."""
    with torch.no_grad():
        for net in (method.nets["discriminator"], method.nets["branches"]):
            for name, parameter in net.named_parameters():
                if "logit" in name:
                    parameter.zero_()
    return method


@pytest.mark.parametrize("weight", [1.0, 2.0])
def test_each_height_counts_its_mean_once(weight):
    """All logits 0: ln 2 for the generator and 2 ln 2 for the discriminator, whatever the height and the batch."""
    method = silenced(gan_of("s1_16_off", weight_local=weight))
    for rows in (4, 8):
        batch = {"image": photos(rows)}
        for phase, factor in (("Gmain", 1), ("Dmain", 2)):
            terms = method.losses(Phase(phase, "G", ()), batch, {}, chance(), 0)
            values = [terms[f"{phase[0]}/adversarial_{height}"].item() for height in (1, 8, 16)]
            assert values == pytest.approx([factor * math.log(2) * each for each in (1, weight, weight)], rel=1e-5)
            assert len(terms) == 3


@pytest.mark.parametrize(("heights", "shares"), [("all", (1, 0.5, 0.5)), ("global", (1, 0, 0))])
def test_the_gradient_penalty_is_on_the_weighted_sum_of_means(heights, shares):
    method = gan_of("s1_16_off", weight_local=0.5, penalty_heights=heights)
    images = photos()
    logits = method.judge(images)
    expected = sum(share * logits[h].mean((1, 2, 3)) for share, h in zip(shares, (1, 8, 16), strict=True))
    torch.testing.assert_close(method.mean_logit(images), expected)
    images.requires_grad_()
    (slope,) = torch.autograd.grad(expected_of(method, images, shares).sum(), images)
    found = method.losses(Phase("Dreg", "D", ()), {"image": images}, {}, chance(), 0)["D/r1"]
    gamma = 0.3 / 2 * 16
    assert found.item() == pytest.approx(gamma * slope.square().flatten(1).sum(1).mean().item(), rel=1e-4)


def expected_of(method: gan.GAN, images: Tensor, shares: tuple[float, ...]) -> Tensor:
    logits = method.judge(images)
    means = [share * logits[h].mean((1, 2, 3)) for share, h in zip(shares, (1, 8, 16), strict=True)]
    return torch.stack(means).sum(0)


def test_penalties_come_at_their_steps():
    method = gan_of()
    names = [[phase.name for phase in method.phases(step)] for step in range(33)]
    assert [step for step, found in enumerate(names) if "Greg" in found] == list(range(0, 33, 4))
    assert [step for step, found in enumerate(names) if "Dreg" in found] == [0, 16, 32]
    assert names[0] == ["Gmain", "Greg", "Dmain", "Dreg"] and names[1] == ["Gmain", "Dmain"]
    assert (method.descents["G"].lazy_every, method.descents["D"].lazy_every) == (4, 16)


def test_the_contrastive_task_comes_at_its_steps():
    method, batch = gan_of(contrast_every=3, iterations=6), {"image": photos()}
    for step, there in ((0, True), (1, False), (2, False), (3, True)):
        found = method.losses(D, batch, {}, chance(step), step)
        assert ("D/contrast_real_16" in found) == there


def test_the_contrastive_term_is_a_mean_over_heights_and_a_sum_over_domains(monkeypatch):
    monkeypatch.setattr(gan, "contrastive", lambda *given, **keys: Contrast(torch.ones(()), {}, None))
    for run, count in (("s1_16_on", 3), ("s1_on", 1)):
        found = gan_of(run, weight_contrast=2.0).contrast({"real": photos(), "fake": photos(4, 1)}, chance())
        assert len(found) == 2 * count
        assert [value.item() for value in found.values()] == pytest.approx([2 / count] * 2 * count)


def gradients(method: gan.GAN, terms: dict[str, Tensor], kind: str) -> dict[str, float]:
    """The largest gradient of every parameter from the terms of a kind."""
    for net in method.nets.values():
        net.zero_grad(set_to_none=True)
    torch.stack([term for name, term in terms.items() if kind in name and "stat/" not in name]).sum().backward()
    return {
        name: 0.0 if parameter.grad is None else parameter.grad.abs().max().item()
        for net, module in method.nets.items()
        for name, parameter in module.named_parameters(prefix=net)
    }


def of(found: dict[str, float], *parts: str) -> list[float]:
    return [value for name, value in found.items() if any(part in name for part in parts)]


def test_each_loss_reaches_its_own_parts():
    method, batch = gan_of(), {"image": photos()}
    real, fake = batch["image"], photos(4, 1)
    found = gradients(method, method.told_apart(real, fake, 0), "adversarial")
    assert min(of(found, "discriminator", "shared", "branches.local.8.logit", "branches.local.16.logit")) > 0
    assert max(of(found, "projection", "whole", "generator")) == 0
    found = gradients(method, method.contrast({"real": real, "fake": fake}, chance()), "contrast")
    inner = [value for name, value in found.items() if name.startswith("discriminator") and "logit" not in name]
    assert min(inner) > 0 and min(of(found, "shared", "projection", "whole")) > 0
    assert max(of(found, ".logit.", "generator")) == 0


def test_a_height_s_loss_ends_where_its_branch_stands():
    method = gan_of("s1_16_off")
    found = gradients(method, method.told_apart(photos(), photos(4, 1), 0), "adversarial_16")
    assert max(of(found, "blocks.1", "blocks.2", "discriminator.last", "dense", "discriminator.logit", "local.8")) == 0
    assert min(of(found, "from_image", "blocks.0", "local.16")) > 0
    found = gradients(method, {"global": method.judge(photos())[1].sum()}, "global")
    assert min(of(found, "discriminator")) > 0 and max(of(found, "branches")) == 0


def test_domains_share_a_pass_but_no_group():
    """What the discriminator says of photos does not depend on the generated ones beside them."""
    method = gan_of("s1_16_off")
    one, other = (method.logits(method.look(torch.cat([photos(), fake]), 2)) for fake in (photos(4, 1), photos(4, 2)))
    alone = method.judge(photos())
    for height in (1, 8, 16):
        torch.testing.assert_close(one[height][:4], alone[height])
        torch.testing.assert_close(other[height][:4], alone[height])
        assert not torch.allclose(one[height][4:], other[height][4:])


# --- copies, queues, probe -------------------------------------------------------------------------------------------


def test_slow_copies_follow_once_a_step_and_queues_turn(inputs, tmp_path):
    running = made(inputs, tmp_path, "s1_16_on", 1, momentum=0.75)
    method = running.method
    fresh = gan_of("s1_16_on")
    name = "keys/discriminator.blocks.0.first.weight"
    start = fresh.nets["discriminator"].blocks[0].first.weight
    now = method.nets["discriminator"].blocks[0].first.weight
    torch.testing.assert_close(method.memory[name], start.detach())
    assert not torch.equal(now, start) and not any(key.startswith("keys/probe") for key in method.memory)
    method.forward({}, chance(1))
    torch.testing.assert_close(method.memory[name], (0.75 * start + 0.25 * now).detach())
    for domain in ("real", "fake"):
        old, new = fresh.memory[f"queue/{domain}"], method.memory[f"queue/{domain}"]
        assert torch.equal(new[:2], old[4:]) and not torch.isin(new[2:], old).any()
        torch.testing.assert_close(new.norm(dim=1), torch.ones(6))


def test_the_probe_changes_nothing_in_stylegan2_and_learns(inputs, tmp_path):
    watched, alone = (made(inputs, tmp_path / str(len(p)), "s1_off", 3, probe=p) for p in ((8, 16), ()))
    for net in ("generator", "discriminator"):
        for name, value in alone.method.nets[net].state_dict().items():
            assert torch.equal(watched.method.nets[net].state_dict()[name], value), f"{net}.{name}"
        assert set(watched.method.nets[net].state_dict()) == set(alone.method.nets[net].state_dict())
    fresh = gan_of("s1_off").nets["probe"].state_dict()
    assert not any(torch.equal(value, fresh[name]) for name, value in watched.method.nets["probe"].state_dict().items())
    assert {"probe"} == set(watched.method.nets) - set(alone.method.nets)


# --- trainings as a whole --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", ["s1_off", "s1_16_on"])
def test_a_training_that_was_stopped_ends_with_the_same_bytes(inputs, tmp_path, run):
    whole = trained(inputs, tmp_path / "whole", run, iterations=5)
    assert trained(inputs, tmp_path / "stopped", run, stops_after=3, iterations=5) == whole


@pytest.mark.parametrize("run", ["same_cell", "stopgrad", "real_only", "chain", "table1", "one_layer"])
def test_other_readings_train(inputs, tmp_path, run):
    running = made(inputs, tmp_path, run, 2)
    lines = [line.split(",") for line in running.record.lines]
    assert all(math.isfinite(float(value)) for _, _, _, value in lines)
    said = {term for _, _, term, _ in lines}
    assert {"D/contrast_real_16", "D/adversarial_16"} <= said
    assert ("D/contrast_fake_16" in said) == (run != "real_only")
    held = any(name.startswith("keys/") for name in running.method.memory)
    assert held == (run != "stopgrad")
    unmatched = {float(value) for _, _, term, value in lines if term.startswith("D/stat/unmatched")}
    assert (unmatched == {0.0}) == (run == "same_cell")


def test_half_precision_reaches_every_part(inputs, tmp_path):
    """Held-out photos are looked at without gradients between passes with them."""
    running = made(inputs, tmp_path, "s1_16_on", 2, precision="bf16")
    fresh = gan_of("s1_16_on")
    for net, module in fresh.nets.items():
        for name, start in module.named_parameters():
            moved = not torch.equal(running.method.nets[net].get_parameter(name), start)
            assert moved != name.endswith(".strength"), f"{net}.{name}"


def test_two_processes_train_as_one(inputs, tmp_path):
    """At a rate at which nothing moves much: sums differ in their last bits, and Adam makes steps of any difference."""
    changes: dict[str, Any] = {"iterations": 3, "learning_rate": 1e-8}
    trained(inputs, tmp_path / "one", "s1_16_on", **changes)
    (tmp_path / "two/resume").mkdir(parents=True)
    arguments = (MODULE, gan_block("s1_16_on", **changes), inputs, 0, tmp_path / "two", tmp_path / "two/resume")
    launch(work, 2, 0, arguments, lambda: False, lambda *facts: None)
    one, two = (curve_of(tmp_path / name) for name in ("one", "two"))
    assert set(one) == set(two) and ("1", "D/r1") in one and ("3", "D/contrast_real_16") in one
    for term, value in one.items():
        assert two[term] == pytest.approx(value, rel=1e-5, abs=1e-5), term
    weights = [load_file(tmp_path / name / "weights.safetensors") for name in ("one", "two")]
    assert set(weights[0]) == set(weights[1])
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=1e-5, atol=1e-5)


def curve_of(folder: Path) -> dict[tuple[str, str], float]:
    with (folder / "curve.csv").open(encoding="utf-8") as file:
        return {(line["step"], line["term"]): float(line["value"]) for line in csv.DictReader(file)}


# --- dynamics --------------------------------------------------------------------------------------------------------


def test_dynamics_are_the_statistics_of_all_logits(inputs, tmp_path, monkeypatch):
    """Oracle: numpy on the logits kept as they came, two steps a tick, the last tick half full."""
    kept: dict[tuple[int, str, int], list[np.ndarray]] = {}
    real = gan.dynamics.note

    def keeping(sums, tick, domain, logits, world):
        for place, each in enumerate(logits):
            kept.setdefault((tick, domain, place), []).append(each.detach().double().numpy())
        real(sums, tick, domain, logits, world)

    monkeypatch.setattr(gan.dynamics, "note", keeping)
    trained(inputs, tmp_path / "model", "s1_off", iterations=5, dynamics_every_images=8)
    table = read_table(tmp_path / "model/dynamics.parquet")
    heads = [("own", 1), ("probe", 8), ("probe", 16)]
    assert len(table["n"]) == len(kept) == 3 * 3 * 3 and table["images"].dtype == np.int64
    assert sorted(set(table["images"])) == [8, 16, 20]
    for row in range(len(table["n"])):
        tick = {8: 0, 16: 1, 20: 2}[int(table["images"][row])]
        head = heads.index((table["source"][row], int(table["height"][row])))
        values = np.concatenate(kept[tick, table["domain"][row], head])
        steps = 1 if table["domain"][row] == "held_out" or tick == 2 else 2
        assert table["n"][row] == values.size == 4 * steps * table["height"][row] ** 2
        expected = {"mean": values.mean(), "std": values.std(), "minimum": values.min(), "maximum": values.max(),
                    "share_positive": (values > 0).mean(), "std_image": values.mean((1, 2, 3)).std()}  # fmt: skip
        for name, value in expected.items():
            assert table[name][row] == pytest.approx(value, rel=1e-6, abs=1e-7), name


def test_no_photo_that_was_held_out_is_trained_on(inputs):
    _, source = gan.for_training(gan_block(dynamics_every_images=8), inputs, 0, WORLD)
    batches = [source.batch(step) for step in range(6)]
    assert ["held_out" in batch for batch in batches] == [True, False] * 3
    shown = {image.numpy().tobytes() for batch in batches for image in batch["image"]}
    apart = {image.numpy().tobytes() for batch in batches if "held_out" in batch for image in batch["held_out"]}
    assert len(shown) == 12 and len(apart) == 4 and not shown & apart


# --- opened ----------------------------------------------------------------------------------------------------------


def test_a_trained_generator_is_opened_and_truncated(inputs, tmp_path):
    changes: dict[str, Any] = {"iterations": 2, "noise": "random"}
    trained(inputs, tmp_path / "model", "s1_16_on", **changes)
    block = gan_block("s1_16_on", **changes)
    facts = {"paper": "mscond", "method": "gan", "seed": 0, "data": "city_scenes"}
    write_json(tmp_path / "model/model.json", {**facts, "block": block.model_dump(mode="json")})
    model = open_trained(tmp_path / "model", "cpu")
    normal = latents(chance(), 5, block.latent)
    images = make(model, normal, 1.0, None)
    assert images.shape == (5, 3, 32, 32) and images.abs().max() <= 1 and not model.generator.training
    own = model.generator(model.generator.spread(model.generator.mapping(normal)), model.generator.planes)
    torch.testing.assert_close(images, own.clamp(-1, 1))
    torch.testing.assert_close(make(model, normal[2:3], 1.0, None)[0], images[2], rtol=1e-4, atol=1e-5)
    middle = make(model, normal, 0.0, None)
    torch.testing.assert_close(middle, middle[:1].expand_as(middle))
    assert not torch.equal(make(model, normal, 0.5, None), images) and model.mean_style.abs().sum() > 0
    with torch.no_grad():
        for name, parameter in model.generator.named_parameters():
            if name.endswith("strength"):
                parameter.fill_(0.5)
    assert not torch.equal(make(model, normal, 1.0, chance(0)), make(model, normal, 1.0, chance(1)))
    write_json(tmp_path / "model/model.json", {**facts, "block": block.model_dump(mode="json") | {"style": 6}})
    with pytest.raises(ValueError, match=r"expected generator\.first_affine\.weight of shape \(4, 6\), came \(4, 5\)"):
        open_trained(tmp_path / "model", "cpu")
    write_json(tmp_path / "model/model.json", {**facts, "paper": "onegan", "block": {}})
    with pytest.raises(ValueError, match="expected a model of mscond, came one of onegan gan"):
        open_trained(tmp_path / "model", "cpu")
