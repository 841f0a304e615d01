"""BAT-Fill's method as a whole: steps, rates, training, samples."""

import csv
import json

import numpy as np
import pytest
import torch

from stages.data.image import mask_to_tensor, to_tensor
from stages.data.prepared.packed import Index, Packed, Row, write_packed
from stages.engine.chance import Chance
from stages.engine.loop import train
from stages.engine.rowchance import RowChance
from stages.engine.session import Session
from stages.engine.weights import load_weights
from stages.engine.world import World
from stages.papers.contrasfill.methods.batfill import palette
from stages.papers.contrasfill.methods.batfill.method import (
    BatFill,
    Block,
    TwoSources,
    for_sampling,
    for_training,
)
from stages.papers.contrasfill.methods.batfill.schedules import flat_then_linear, warm_then_cosine
from stages.runner import params
from tests.conftest import ROOT


def layers(*names: str) -> dict:
    content, merged = params.load(ROOT), {}
    for name in names:
        found = content
        for part in name.split("."):
            found = found[part]
        merged |= found
    return merged


def block_of(profile: str, **changes) -> Block:
    names = ("contrasfill.batfill.base", f"contrasfill.batfill.profile.{profile}")
    return Block.model_validate_json(json.dumps(layers(*names) | changes))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Twenty noisy images of side 32 with a rectangle as the object, the last four for evaluation."""
    folder, random = tmp_path_factory.mktemp("packed"), np.random.default_rng(0)
    rows = []
    for number in range(20):
        mask = np.zeros((32, 32), np.uint8)
        top, left = random.integers(2, 12, 2)
        mask[top : top + 12, left : left + 14] = 1
        rows.append(Row(f"{number:03d}", random.integers(0, 256, (32, 32, 3), np.uint8), mask, "drawn", "0" * 64))
    splits = ["train"] * 16 + ["evaluation"] * 4
    write_packed(folder, "toy", 32, True, rows, lambda keys: Index(splits, ("evaluation",)))
    return folder


@pytest.fixture(scope="module")
def trained(data):
    method, source = for_training(block_of("smoke"), {"data": data}, 0, World.single())
    return method, source


def rows_of(data, positions) -> dict[str, torch.Tensor]:
    packed = Packed.open(data)
    return {"image": to_tensor(packed.images[positions]), "mask": mask_to_tensor(packed.masks[positions])}


@pytest.mark.parametrize("profile", ["paper", "lite", "demo", "smoke"])
def test_every_profile_gives_a_valid_block(profile):
    assert block_of(profile).iterations == block_of(profile).transformer_steps + block_of(profile).upsampler_steps


def test_block_refuses_steps_that_do_not_add_up_and_a_grid_that_does_not_fit():
    with pytest.raises(ValueError, match="transformer_steps"):
        block_of("smoke", iterations=5)
    with pytest.raises(ValueError, match="grid"):
        block_of("smoke", grid=32)


def test_phases_follow_one_another_with_their_own_batches(trained):
    method, _ = trained
    names = [[phase.name for phase in method.phases(step)] for step in range(4)]
    assert names == [["T"], ["T"], ["D", "G"], ["D", "G"]]
    sources = TwoSources(Counted(12), Counted(8), 3)
    assert [sources.batch(step) for step in range(6)] == [(12, 0), (12, 1), (12, 2), (8, 0), (8, 1), (8, 2)]


class Counted:
    def __init__(self, size):
        self.size = size

    def batch(self, step):
        return self.size, step


def test_learning_rates_warm_up_and_fall():
    """By hand: half of the way after 300 of 200 + 200 tokens, a third of it (cosine 1/2) after 800 of 600 + 600."""
    assert [warm_then_cosine(tokens, 200, 400, 0.1) for tokens in (0, 50, 100, 199)] == [1.0, 0.25, 0.5, 0.995]
    assert warm_then_cosine(200, 200, 400, 0.1) == 1 and warm_then_cosine(300, 200, 400, 0.1) == pytest.approx(0.5)
    assert warm_then_cosine(800, 600, 1200, 0.1) == pytest.approx(0.75)
    assert [warm_then_cosine(tokens, 200, 400, 0.1) for tokens in (390, 400, 600)] == [0.1, 0.1, 0.1]
    assert [flat_then_linear(step, 10, 20) for step in (0, 9, 10, 15, 20)] == [1, 1, 1, 0.5, 0]


def test_the_learning_rate_counts_hole_tokens(data):
    """Holes of 3, 5 and 1 cells: the update behind them is at the rate of the tokens before it, as released."""
    block = block_of("smoke", transformer_warmup_tokens=4, transformer_final_tokens=12)
    method = BatFill(block, torch.zeros(8, 3), 0, World.single(), training=True)
    schedule = method.descents["T"].schedule
    assert schedule is not None
    rates, seen = [], []
    for cells in (3, 5, 1):
        hole = torch.arange(256).expand(1, 256) < cells
        method.transformer_terms(torch.zeros(1, 256, dtype=torch.int64), hole)
        rates.append(schedule(0))
        seen.append(int(method.memory["tokens"]))
    # Behind 0, 3 and 8 tokens: full, 3/4, and half of the way from 4 to 12.
    assert rates == pytest.approx([1.0, 0.75, 0.5]) and seen == [3, 8, 9]


def test_block_refuses_a_warm_up_without_an_end():
    with pytest.raises(ValueError, match="transformer_final_tokens"):
        block_of("smoke", transformer_warmup_tokens=800)


def test_the_released_numbers_of_tokens():
    """150 epochs of 24,183 faces of 32 x 32 tokens in batches of 12, the last incomplete batch of each left out."""
    block = block_of("paper")
    epoch = 24_183 // 12 * 12 * 32 * 32
    assert (block.transformer_warmup_tokens, block.transformer_final_tokens) == (epoch, 150 * epoch)
    assert block.transformer_steps == 150 * (24_183 // 12)


def test_each_net_learns_in_its_phase_alone(trained):
    method, source = trained
    for step in (0, 2):
        chance, batch = Chance(0, step, World.single()), source.batch(step)
        for net in method.nets.values():
            net.requires_grad_(True)
        shared = method.forward(batch, chance)
        for phase in method.phases(step):
            for name, net in method.nets.items():
                net.zero_grad(set_to_none=True)
                net.requires_grad_(name in phase.learns)
            terms = method.losses(phase, batch, shared, chance, step)
            assert all(term.dim() == 0 and torch.isfinite(term) for term in terms.values())
            sum(terms.values()).backward()
            for name, net in method.nets.items():
                grown = [parameter.grad is not None for parameter in net.parameters()]
                assert all(grown) if name in phase.learns else not any(grown), (phase.name, name)
    for net in method.nets.values():
        net.requires_grad_(True)


def test_token_loss_counts_the_whole_batch_over_processes(trained, data):
    """Two halves, each divided by the whole count over two, average to the loss of one process."""
    method, _ = trained
    batch = rows_of(data, np.arange(6))
    batch["mask"][:2, :, 8:] = 0
    tokens, hole = method.to_tokens(batch["image"]), palette.to_hole_cells(batch["mask"], method.block.grid)
    whole = method.transformer_terms(tokens, hole)["T/tokens"]
    parts = []
    for rows in (slice(0, 6, 2), slice(1, 6, 2)):
        half = BatFill(method.block, method.memory["palette"], 0, Halves(hole.sum()), training=True)
        parts.append(half.transformer_terms(tokens[rows], hole[rows])["T/tokens"])
    assert (sum(parts) / 2).item() == pytest.approx(whole.item(), rel=1e-4)


class Halves:
    """A world of two processes that knows the total in advance."""

    size = 2

    def __init__(self, total):
        self.known = total.float()

    def total(self, value):
        return self.known


def test_feature_terms_are_weighted_where_a_vgg_is_there(trained, data):
    method, batch = trained[0], rows_of(data, np.arange(4))
    made = method.upsample(batch["image"], batch["mask"], method.to_tokens(batch["image"]))
    assert "G/vgg" not in method.generator_terms(batch["image"], batch["mask"], made)
    block = block_of("smoke", vgg_weight=2.0, perceptual_weight=0.001)
    other = BatFill(block, method.memory["palette"], 0, World.single(), training=True)
    other.frozen["vgg"] = lambda made, real: (torch.tensor(3.0), torch.tensor(5.0))
    terms = other.generator_terms(batch["image"], batch["mask"], made)
    assert terms["G/vgg"].item() == 6 and terms["G/perceptual"].item() == pytest.approx(0.005)
    l1 = ((made - batch["image"]).abs() * batch["mask"]).mean() / batch["mask"].mean()
    assert terms["G/hole_l1"].item() == pytest.approx(6 * l1.item(), rel=1e-5)


class Judge(torch.nn.Module):
    """Two scales: the mean of each image, and twice that."""

    def forward(self, image):
        return [factor * image.mean((1, 2, 3)) for factor in (1.0, 2.0)]


def test_the_upsamplers_terms_by_hand(data):
    """Photos of 1/2 in which a quarter is hole, painted -1/4 everywhere; the judge's scales weigh the mean 1 and 2."""
    method = BatFill(block_of("smoke"), torch.zeros(8, 3), 0, World.single(), training=True)
    method.nets["D"], seen = Judge(), []
    side = method.block.size_px
    image, mask = torch.full((4, 3, side, side), 0.5), torch.zeros(4, 1, side, side)
    mask[..., : side // 2, : side // 2] = 1

    class Painter(torch.nn.Module):
        def forward(self, context, colours):
            seen.append(context)
            return torch.full_like(image, -0.25)

    method.nets["G"] = Painter()
    block = method.block.model_copy(update={"box_hole_share": 0.0, "random_hole_share": 0.0})
    method.block = block
    chance, (d, g) = Chance(0, 2, World.single()), method.phases(2)
    batch = {"image": image, "mask": mask}
    shared = method.forward(batch, chance)
    # Real: max(0, 1 - 1/2) and max(0, 1 - 1); fake: 1 - 1/4 and 1 - 1/2; a mean over the two scales.
    terms = method.losses(d, batch, shared, chance, 2)
    assert {name: term.item() for name, term in terms.items()} == {"D/hinge": pytest.approx((0.5 + 0.75 + 0.5) / 2)}
    terms = method.losses(g, batch, shared, chance, 2)
    assert {name: term.item() for name, term in terms.items()} == {
        "G/hinge": pytest.approx((0.25 + 0.5) / 2),
        # Both are off by 3/4, each divided by its own share of the image.
        "G/hole_l1": pytest.approx(6 * 0.75), "G/visible_l1": pytest.approx(0.75),
    }  # fmt: skip
    # What the painter is shown, once for both phases: the photo, white in the hole, and the hole.
    (context,) = seen
    assert torch.equal(context[:, :3], torch.where(mask > 0, 1.0, image)) and torch.equal(context[:, 3:], mask)
    assert "made" not in method.forward(batch, Chance(0, 1, World.single())) and len(seen) == 1


def test_who_learns_how_fast():
    block = block_of("paper", size_px=32, grid=8, width=64, hidden=64, layers=1, upsampler_width=4)
    method = BatFill(block, torch.zeros(512, 3), 0, World.single(), training=True)
    rates = {net: (descent.kind, descent.learning_rate, descent.betas) for net, descent in method.descents.items()}
    assert rates == {
        "T": ("adamw", block.transformer_learning_rate, block.transformer_betas),
        "G": ("adam", block.generator_learning_rate, block.upsampler_betas),
        "D": ("adam", block.discriminator_learning_rate, block.upsampler_betas),
    }
    assert block.generator_learning_rate != block.discriminator_learning_rate
    half = block.transformer_steps + block.upsampler_steps // 2
    for net in "GD":
        schedule = method.descents[net].schedule
        assert schedule is not None
        assert (schedule(half - 1), schedule(block.iterations)) == (1.0, 0.0)
        assert schedule((half + block.iterations) // 2) == pytest.approx(0.5, abs=1e-3)


def test_training_saves_what_sampling_loads(data, tmp_path):
    block = block_of("smoke")
    for name in ("out", "resume"):
        (tmp_path / name).mkdir()
    method, source = for_training(block, {"data": data}, 0, World.single())
    session = Session(World.single(), tmp_path / "out", tmp_path / "resume", lambda: False, lambda *_: None)
    train(method, source, block, 0, session)
    with (tmp_path / "out" / "curve.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    first, last = ({line["term"] for line in lines if line["step"] == end["step"]} for end in (lines[0], lines[-1]))
    assert "T/tokens" in first and {"D/hinge", "G/hinge", "G/hole_l1", "G/visible_l1"} <= last
    sampled = for_sampling(block, World.single())
    load_weights(sampled, tmp_path / "out")
    assert "D" not in sampled.nets and torch.equal(sampled.memory["palette"], method.memory["palette"])
    batch = rows_of(data, np.arange(3))
    for net in method.nets.values():
        net.eval().to(memory_format=torch.contiguous_format)  # trained in another layout, which rounds otherwise
    made = [m.produce(batch, RowChance(0, ["a", "b", "c"]))["image"] for m in (method, sampled)]
    assert torch.equal(*made)


def test_samples_keep_what_is_visible_and_never_read_the_hole(data):
    method = for_sampling(block_of("smoke"), World.single())
    method.memory["palette"] = torch.rand(8, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1
    batch, chance = rows_of(data, np.arange(16, 20)), RowChance(3, list("abcd"))
    image = method.produce(batch, chance)["image"]
    visible = (batch["mask"] == 0).expand_as(image)
    assert torch.equal(image[visible], batch["image"][visible]) and not torch.equal(image, batch["image"])
    spoiled = {**batch, "image": torch.where(batch["mask"] > 0, -batch["image"], batch["image"])}
    assert torch.equal(method.produce(spoiled, chance)["image"], image)
    nothing = {**batch, "mask": torch.zeros_like(batch["mask"])}
    assert torch.equal(method.produce(nothing, chance)["image"], batch["image"])


def test_a_sample_is_the_same_alone_and_beside_others(data):
    method = for_sampling(block_of("smoke"), World.single())
    method.memory["palette"] = torch.rand(8, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1
    batch = rows_of(data, np.array([1, 5, 9]))
    together = method.produce(batch, RowChance(0, list("abc")))
    for row, name in enumerate("abc"):
        alone = method.produce({key: value[row : row + 1] for key, value in batch.items()}, RowChance(0, [name]))
        assert torch.equal(alone["tokens"][0], together["tokens"][row])
        assert torch.allclose(alone["image"][0], together["image"][row], atol=1e-5)


def test_samples_of_one_image_differ(data):
    method = for_sampling(block_of("smoke"), World.single())
    method.memory["palette"] = torch.rand(8, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1
    tokens = method.produce(rows_of(data, np.array([1, 1, 1])), RowChance(0, list("abc")))["tokens"]
    assert not torch.equal(tokens[0], tokens[1]) and not torch.equal(tokens[1], tokens[2])


def test_data_of_another_side_are_refused(data):
    with pytest.raises(ValueError, match="size_px"):
        for_training(block_of("lite"), {"data": data}, 0, World.single())
