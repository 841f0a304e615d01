"""BAT-Fill's upsampler, its losses and training holes, and the method as a whole."""

import csv
import json
import math

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
from stages.papers.contrasfill.methods.batfill import holes, objectives, palette
from stages.papers.contrasfill.methods.batfill.method import (
    BatFill,
    Block,
    TwoSources,
    flat_then_linear,
    for_sampling,
    for_training,
    warm_then_cosine,
)
from stages.papers.contrasfill.methods.batfill.nets import (
    MultiscaleDiscriminator,
    Spade,
    Upsampler,
    conv,
    count_steps,
    normalise_positions,
)
from stages.runner import params
from tests.conftest import ROOT

# Training holes


def test_box_is_tight_and_covers_the_mask():
    mask = torch.zeros(2, 1, 6, 6)
    mask[0, 0, 1, 2] = mask[0, 0, 4, 3] = 1
    box = holes.to_box(mask)
    expected = torch.zeros(6, 6)
    expected[1:5, 2:4] = 1
    assert torch.equal(box[0, 0], expected) and not box[1].any()


def test_random_box_has_half_the_side_and_reaches_both_corners():
    boxes = holes.random_box(torch.tensor([[0.0, 0.0], [0.9999, 0.9999], [0.5, 0.2]]), 8)
    assert boxes.sum((1, 2, 3)).tolist() == [16, 16, 16]
    assert boxes[0, 0, :4, :4].all() and boxes[1, 0, 4:, 4:].all()


def test_holes_are_mixed_by_their_shares():
    mask = torch.zeros(4, 1, 8, 8)
    mask[:, 0, 2, 2] = mask[:, 0, 4, 5] = 1
    draw = torch.tensor([[0.05, 0, 0], [0.15, 0, 0], [0.54, 0, 0], [0.56, 0, 0]])
    sizes = holes.mix_holes(mask, draw, box_share=0.45, random_share=0.1).sum((1, 2, 3))
    assert sizes.tolist() == [16, 12, 12, 2]


# Upsampler


@pytest.mark.parametrize(
    ("side", "grid", "steps"), [(256, 32, 2), (128, 32, 1), (64, 32, 0), (64, 16, 1), (32, 16, 0), (512, 32, 3)]
)
def test_up_steps_follow_side_and_grid(side, grid, steps):
    assert count_steps(side, grid) == steps
    with torch.device("meta"):
        net = Upsampler(side, grid, 8, (1, 2), 8)
        assert len(net.ups) == steps and len(net.visible) == 2 + steps
        assert net(torch.empty(2, 4, side, side), torch.empty(2, 3, grid, grid)).shape == (2, 3, side, side)


@pytest.mark.parametrize(("side", "grid"), [(32, 32), (96, 16), (48, 32)])
def test_sides_that_do_not_fit_the_grid_are_refused(side, grid):
    with pytest.raises(ValueError, match="grid"):
        count_steps(side, grid)


def test_upsampler_widths_at_full_size_are_the_published_ones():
    with torch.device("meta"):
        net = Upsampler(256, 32, 64, (1, 1, 2, 4, 8, 16), 128)
    shape = {name: tuple(parameter.shape) for name, parameter in net.named_parameters()}
    weight = "parametrizations.weight.original"
    assert shape[f"colours.0.feature.0.{weight}"] == (256, 3, 3, 3)
    assert shape[f"visible.1.gate.0.{weight}"] == (64, 4, 5, 5)
    assert shape[f"visible.3.feature.0.{weight}"] == (256, 128, 3, 3)
    assert shape[f"fuse.feature.0.{weight}"] == (256, 512, 3, 3)
    assert [net.trunk[i].body[1].feature[0].dilation[0] for i in range(6)] == [1, 1, 2, 4, 8, 16]
    assert shape["ups.0.norms.0.shared.weight"] == (128, 4, 3, 3) and net.ups[0].shortcut is None
    assert shape[f"ups.1.convs.1.feature.{weight}"] == (128, 128, 3, 3) and shape["image.weight"] == (3, 128, 3, 3)


def test_positional_norm_uses_the_unbiased_variance_over_channels():
    x = torch.tensor([1.0, 2.0, 4.0]).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    variance = ((4 / 3) ** 2 + (1 / 3) ** 2 + (5 / 3) ** 2) / 2
    by_hand = (torch.tensor([1.0, 2.0, 4.0]) - 7 / 3) / math.sqrt(variance + 1e-5)
    assert torch.allclose(normalise_positions(x)[0, :, 0, 1], by_hand, atol=1e-6)


def test_spade_with_silent_heads_is_the_norm_alone():
    torch.manual_seed(0)
    spade, x = Spade(6, 4), torch.randn(2, 6, 8, 8)
    for head in (spade.scale, spade.shift):
        torch.nn.init.zeros_(head.weight)
        torch.nn.init.zeros_(head.bias)
    assert torch.equal(spade(x, torch.randn(2, 4, 16, 16)), normalise_positions(x))


def test_spade_sees_zeros_around_its_maps():
    """All weights 1/16, biases 0, a context of ones: by hand a corner's sum has 4 of 9 places, an edge's 6."""
    spade, x = Spade(2, 1), torch.zeros(1, 2, 3, 3)
    for layer in (spade.shared, spade.scale, spade.shift):
        torch.nn.init.constant_(layer.weight, 1 / 16)
        torch.nn.init.zeros_(layer.bias)
    corner, edge, middle = 4 * 4 / 16, 4 * 6 / 16, 4 * 9 / 16
    shift = spade(x, torch.ones(1, 4, 3, 3))[0, 0]  # the norm of zeros is 0, so that the shift alone is left
    assert shift[0, 0].item() == pytest.approx((corner + 2 * edge + middle) / 16)
    assert shift[0, 1].item() == pytest.approx((2 * corner + 3 * edge + middle) / 16)
    assert shift[1, 1].item() == pytest.approx((4 * corner + 4 * edge + middle) / 16)


def test_spectral_norm_bounds_the_largest_singular_value():
    torch.manual_seed(0)
    layer = conv(5, 8, 3)
    layer.parametrizations.weight.original.data.mul_(7)
    for _ in range(300):
        layer(torch.zeros(1, 5, 8, 8))
    assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=1e-3)
    spectral = [name for name, _ in Upsampler(64, 16, 4, (1, 2), 8).named_parameters() if "parametrizations" in name]
    plain = [
        name
        for name, _ in Upsampler(64, 16, 4, (1, 2), 8).named_parameters()
        if "parametrizations" not in name and name.endswith("weight") and ".0.weight" in name
    ]
    assert len(spectral) > 20 and not plain, "every plain layer is spectrally normalised"


def test_discriminator_judges_two_scales():
    net = MultiscaleDiscriminator(8, 4, 2)
    logits = net(torch.randn(2, 3, 64, 64))
    assert len(logits) == 2 and logits[0].shape[2] > logits[1].shape[2] and logits[0].shape[1] == 1
    strided = [m for m in net.scales[0].modules() if isinstance(m, torch.nn.Conv2d) and m.stride == (2, 2)]
    assert len(strided) == 3 and sum(isinstance(m, torch.nn.InstanceNorm2d) for m in net.modules()) == 6


def test_discriminator_at_full_size_has_the_published_parameters_and_maps():
    with torch.device("meta"):
        net = MultiscaleDiscriminator(64, 4, 2)
        maps = net(torch.empty(1, 3, 256, 256))
    assert sum(parameter.numel() for parameter in net.parameters()) == 5_691_524
    # 256 -> 128 -> 64 -> 32 -> 31 -> 30, and half of it: 128 -> 64 -> 32 -> 16 -> 15 -> 14.
    assert [tuple(one.shape) for one in maps] == [(1, 1, 30, 30), (1, 1, 14, 14)]
    kinds = [type(layer).__name__ for layer in net.scales[0].body]
    assert kinds.index("SelfAttention") == 8 and kinds.count("SelfAttention") == 1
    assert net.scales[0].body[8].theta.weight.shape == (32, 256, 1, 1)


# Losses


def test_hinge_values_by_hand():
    real, fake = [torch.tensor([2.0, 0.5]), torch.tensor([-1.0])], [torch.tensor([-2.0, 0.0]), torch.tensor([0.5])]
    assert objectives.hinge_d(real, fake).item() == pytest.approx(((0.25 + 0.5) + (2.0 + 1.5)) / 2)
    assert objectives.hinge_g(fake).item() == pytest.approx((1.0 - 0.5) / 2)


def test_region_l1_is_the_mean_difference_inside_the_region():
    made, real = torch.zeros(1, 3, 4, 4), torch.ones(1, 3, 4, 4)
    region = torch.zeros(1, 1, 4, 4)
    region[0, 0, :2] = 1
    real[0, :, :2] *= 0.25
    assert objectives.region_l1(made, real, region, region.mean()).item() == pytest.approx(0.25)
    assert objectives.region_l1(made, real, 0 * region, torch.tensor(0.0)).item() == 0


def test_caffe_colours_by_hand():
    image = torch.tensor([1.0, 0.0, -1.0]).view(1, 3, 1, 1)  # red 1, green 0.5, blue 0
    expected = [255 * (0 - 0.40760392), 255 * (0.5 - 0.45795686), 255 * (1 - 0.48501961)]
    assert objectives.to_caffe(image).flatten().tolist() == pytest.approx(expected, rel=1e-6)


class StandIn(torch.nn.Module):
    """A trunk whose map of relu k_2 is the mean of the picture's channels times 10^k."""

    def maps(self, x, names):
        return [10.0 ** int(name.removeprefix("relu").removesuffix("_2")) * x.mean(1, keepdim=True) for name in names]


def test_vgg_terms_by_hand_on_a_stand_in():
    """Grey made 0.2 above the real in [-1, 1] is 25.5 above it in 0..255, so that map k differs by 25.5 x 10^k."""
    real = torch.zeros(2, 3, 4, 4)
    vgg, perceptual = objectives.VggDistance(StandIn())(real + 0.2, real)
    by_hand = 25.5 * (10 / 32 + 100 / 16 + 1000 / 8 + 10_000 / 4 + 100_000)
    assert vgg.item() == pytest.approx(by_hand, rel=1e-5)
    assert perceptual.item() == pytest.approx((25.5 * 10_000) ** 2, rel=1e-5)


COUNTS = (2, 2, 4, 4, 4)  # VGG-19's convolutions by resolution


def released_vgg() -> dict[str, torch.Tensor]:
    """A file as the authors' is named: conv1_1 .. conv5_4, by VGG-19's widths."""
    widths, state, before = (64, 128, 256, 512, 512), {}, 3
    for block, (count, width) in enumerate(zip(COUNTS, widths, strict=True), 1):
        for number in range(1, count + 1):
            state[f"conv{block}_{number}.weight"] = torch.randn(width, before, 3, 3) / math.sqrt(4.5 * before)
            state[f"conv{block}_{number}.bias"] = torch.randn(width)
            before = width
    return state


def test_vgg_distance_reads_the_released_file(tmp_path):
    import hashlib

    import torch.nn.functional as F

    torch.manual_seed(0)
    state = released_vgg()
    torch.save(state, tmp_path / "vgg19_conv.pth")
    digest = hashlib.sha256((tmp_path / "vgg19_conv.pth").read_bytes()).hexdigest()
    distance = objectives.read_vgg(str(tmp_path / "vgg19_conv.pth"), digest)
    image = torch.rand(1, 3, 32, 32) * 2 - 1
    same, other = distance(image, image), distance(image, -image)
    assert [term.item() for term in same] == [0, 0] and all(term.item() > 0 for term in other)
    assert not any(parameter.requires_grad for parameter in distance.parameters())

    x, found = objectives.to_caffe(image), distance.maps(image)
    for block, count in enumerate(COUNTS, 1):
        for number in range(1, count + 1):
            name = f"conv{block}_{number}"
            x = F.relu(F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=1))
            if number == 2:
                torch.testing.assert_close(found[f"relu{block}_2"], x, rtol=1e-4, atol=1e-3)
        x = F.max_pool2d(x, 2)


def test_another_vgg_file_is_refused(tmp_path):
    import hashlib

    with pytest.raises(FileNotFoundError, match="vgg_file"):
        objectives.read_vgg(str(tmp_path / "none.pth"), "")
    torch.save({"features.0.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "torchvision.pth")
    digest = hashlib.sha256((tmp_path / "torchvision.pth").read_bytes()).hexdigest()
    with pytest.raises(ValueError, match=r"vgg19_conv.*conv1_1"):
        objectives.read_vgg(str(tmp_path / "torchvision.pth"), digest)


# The method


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
    chance = Chance(0, 0, World.single())
    for step in (0, 2):
        for phase in method.phases(step):
            for name, net in method.nets.items():
                net.zero_grad(set_to_none=True)
                net.requires_grad_(name in phase.learns)
            terms = method.losses(phase, source.batch(step), {}, chance, step)
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
        net.eval()
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
