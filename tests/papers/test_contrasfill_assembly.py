"""How ContrasFill's and its baselines' parts are put together: every number is computed by hand from the formulas."""

import math

import pytest
import torch
from torch import nn

from stages.engine.plan import Phase
from stages.engine.world import World
from stages.nets.stylegan.noise import NoisePlanes
from stages.papers.contrasfill import combinations
from stages.papers.contrasfill.adversarial import Adversary, discriminator_of
from stages.papers.contrasfill.codes import noise_rows
from stages.papers.contrasfill.methods.stylegan import method as stylegan
from tests.contract.prepared import block_of
from tests.papers.contrasfill_toys import METHODS, block, chance, make, stir

SIDE, ROWS = 32, 8
PIXELS = 3 * SIDE * SIDE
REAL, FAKE, HOLE = 0.5, -0.25, 0.25


class Judge(nn.Module):
    """D(x, M) = 8 (1 - h) m^2 - 1: m the mean of an image, h the share of its hole. Without a mask plane h is 0.

    1/2 for REAL beside a hole of a quarter, -5/8 for FAKE; d D / d pixel = 16 (1 - h) m / pixels.
    """

    def __init__(self):
        super().__init__()
        self.seen, self.orders = [], []

    def forward(self, seen, parts, order, gather, own):
        self.seen.append(seen)
        self.orders.append(order)
        free = 1.0 if seen.shape[1] == 3 else 0.5 + seen[:, 0].mean((1, 2))
        return (8 * free * seen[:, -3:].mean((1, 2, 3)).square() - 1)[:, None]


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def images(value: float, rows: int = ROWS):
    return torch.full((rows, 3, SIDE, SIDE), value)


def quarters(rows: int = ROWS):
    mask = torch.zeros(rows, 1, SIDE, SIDE)
    mask[..., : SIDE // 2, : SIDE // 2] = 1
    return mask


def penalty(gamma: float, mean: float, free: float) -> float:
    """gamma / 2 |grad D|^2, over pixels that all have the same slope."""
    return gamma / 2 * (16 * free * mean) ** 2 / PIXELS


def judged(method: str, **changes):
    """A method with the judge in its discriminator's place."""
    made = make(method, block(method, **changes))
    stir(made.nets["generator"])
    made.nets["discriminator"] = Judge()
    made.adversary = Adversary(made.nets["discriminator"], made.block, World.single())
    return made, made.nets["discriminator"]


# --- the adversarial pair ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("step", "penalised"), [(0, True), (1, False), (8, False), (16, True)])
def test_the_discriminators_terms(step, penalised):
    adversary = Adversary(Judge(), block("collagegan", penalty_every=16, penalty_gamma=3.0), World.single())  # pyright: ignore
    terms = adversary.discriminator_terms(images(FAKE), images(REAL), quarters(), chance(step), step)
    assert terms["D/adversarial"].item() == pytest.approx(softplus(-0.625) + softplus(-0.5), rel=1e-6)
    assert (terms["D/stat/sign_real"].item(), terms["D/stat/sign_fake"].item()) == (1.0, -1.0)
    assert ("D/r1" in terms) == penalised
    if penalised:
        # At real images beside their holes, and times the 16 steps that it stands for.
        assert terms["D/r1"].item() == pytest.approx(16 * penalty(3.0, REAL, 0.75), rel=1e-5)


def test_the_generators_term_reaches_the_image():
    adversary = Adversary(Judge(), block("collagegan"), World.single())  # pyright: ignore
    fake = images(FAKE).requires_grad_()
    term = adversary.generator_terms(fake, quarters(), chance())["G/adversarial"]
    assert term.item() == pytest.approx(softplus(0.625), rel=1e-6)
    # d softplus(-D) / d pixel = -sigmoid(-D) dD, a mean over rows.
    slope = -1 / (1 + math.exp(-0.625)) * 16 * 0.75 * FAKE / PIXELS / ROWS
    assert torch.allclose(torch.autograd.grad(term, fake)[0], torch.full_like(fake, slope), rtol=1e-4)


def test_groups_of_the_deviation_are_shuffled_anew_at_every_step():
    judge = Judge()
    adversary = Adversary(judge, block("collagegan"), World.single())  # pyright: ignore
    for step in (1, 2):
        adversary.discriminator_terms(images(FAKE), images(REAL), quarters(), chance(step), step)
    orders = [order.tolist() for order in judge.orders]
    assert all(sorted(order) == list(range(ROWS)) for order in orders)
    assert len({tuple(order) for order in [*orders, list(range(ROWS))]}) == 3
    made = block("collagegan", deviation_group=2)
    assert (discriminator_of(made).group, discriminator_of(made).from_image.weight.shape[1]) == (2, 4)


@pytest.mark.parametrize("hole", ["object", "box"])
@pytest.mark.parametrize("method", METHODS)
def test_both_phases_judge_composites_of_the_same_holes(method, hole):
    """The fillings come first, then the photos; what is no hole is the photo's own, and the generator learns in G."""
    changes = {"codes_per_space": 4, "batch": ROWS} if method == "contrasfill" else {}
    made, judge = judged(method, hole=hole, **changes)
    batch = {"image": images(REAL), "mask": quarters()}
    batch["mask"][:, :, 0, 0] = 0
    whole = quarters() if hole == "box" else batch["mask"]
    outside = (whole == 0).expand(-1, 3, -1, -1)
    d, g = made.phases(1)
    terms = made.losses(d, batch, {}, chance(1), 1)
    fake, real = judge.seen[0].chunk(2)
    assert torch.equal(real[:, 1:], batch["image"]) and torch.equal(fake[:, 1:][outside], batch["image"][outside])
    assert not torch.allclose(fake[:, 1:], batch["image"], atol=1e-3) and not judge.seen[0].requires_grad
    assert torch.equal(fake[:, :1], 0.5 - whole) and torch.equal(real[:, :1], 0.5 - whole)
    assert terms["D/stat/sign_real"].item() == 1.0
    term = made.losses(g, batch, {}, chance(1), 1)["G/adversarial"]
    fake = judge.seen[1]
    assert torch.equal(fake[:, 1:][outside], batch["image"][outside]) and torch.equal(fake[:, :1], 0.5 - whole)
    assert term.item() == pytest.approx(nn.functional.softplus(-Judge()(fake, 1, None, None, None)).mean().item())
    first = next(made.nets["generator"].mapping.parameters())
    assert torch.autograd.grad(term, first)[0].abs().sum() > 0


def test_the_context_free_discriminator_sees_the_hole_alone():
    made, judge = judged("contrasfill", variant="context_free", codes_per_space=4, batch=ROWS)
    made.losses(made.phases(1)[0], {"image": images(REAL), "mask": quarters()}, {}, chance(1), 1)
    fake, real = judge.seen[0].chunk(2)
    assert torch.equal(real[:, 1:], REAL * quarters().expand(-1, 3, -1, -1))
    assert not fake[:, 1:][(quarters() == 0).expand(-1, 3, -1, -1)].any()


@pytest.mark.parametrize("method", METHODS)
def test_who_learns_how_fast(method):
    made = make(method, block(method, "paper", size_px=32, channel_base=512, channel_limit=32, latent=32))
    assert [(phase.name, phase.learns[0]) for phase in made.phases(0)] == [("D", "discriminator"), ("G", "generator")]
    lazy = {"D": 16, "G": 4 if method == "comodgan" else None}
    for phase, descent in made.descents.items():
        assert (descent.kind, descent.learning_rate, descent.betas, descent.eps) == ("adam", 0.002, (0.0, 0.99), 1e-8)
        assert descent.lazy_every == lazy[phase]


@pytest.mark.parametrize("method", METHODS)
def test_the_mean_code_moves_by_what_is_not_kept(method):
    made = make(method, block(method, latent_average_keep=0.9))
    mappings = made.nets["generator"].mapping
    mapped = []
    for mapping in mappings if method == "contrasfill" else [mappings]:
        mapping.register_forward_hook(lambda module, given, answer: mapped.append(answer))
    made.losses(made.phases(1)[1], {"image": images(REAL, 4), "mask": quarters(4)}, {}, chance(1), 1)
    # CoModGAN may map further codes, for mixing, behind the ones that count.
    averages = made.memory["latent_average"].reshape(-1, made.block.latent)
    for average, codes in zip(averages, mapped, strict=False):
        assert torch.allclose(average, 0.1 * codes.mean(0), atol=1e-6)


@pytest.mark.parametrize(("share", "mixes"), [(0.0, False), (1.0, True)])
def test_comodgan_mixes_styles_by_their_share(share, mixes):
    made = make("comodgan", block("comodgan", style_mixing=share))
    generator, given = made.nets["generator"], []
    generator.register_forward_pre_hook(lambda module, values: given.append(values[5:]))
    for step in range(4):
        made.losses(made.phases(1)[1], {"image": images(REAL, 4), "mask": quarters(4)}, {}, chance(step), 1)
    for second, cut in given:
        assert (second is not None) == mixes and (1 <= cut < generator.styles) == mixes


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_comodgan_may_pull_codes_to_their_mean_in_training(share):
    """The mean is 0 in the discriminator's phase of the first step."""
    made = make("comodgan", block("comodgan", training_truncation=share, style_mixing=1.0))
    generator, given, mapped = made.nets["generator"], [], []
    generator.register_forward_pre_hook(lambda module, values: given.append(values))
    generator.mapping.register_forward_hook(lambda module, values, answer: mapped.append(answer))
    made.losses(made.phases(1)[0], {"image": images(REAL, 4), "mask": quarters(4)}, {}, chance(1), 1)
    (values,) = given
    for used, code in ((values[2], mapped[0]), (values[5], mapped[1])):
        assert torch.allclose(used, share * code, atol=1e-7)


def test_comodgans_dropout_keeps_the_mean():
    made = make("comodgan", block("comodgan", dropout=0.25))
    kept = made.kept("x", images(0.0, 64), chance())
    assert kept.unique().tolist() == pytest.approx([0, 4 / 3]) and kept.mean().item() == pytest.approx(1.0, abs=0.03)


def test_noise_is_drawn_by_row_or_fixed_or_none():
    planes = NoisePlanes([4, 8])
    assert noise_rows(planes, "none", "x", 2, chance()) is None
    assert torch.equal(noise_rows(planes, "const", "x", 2, chance()), planes.fixed)
    drawn = noise_rows(planes, "random", "x", 2, chance())
    assert drawn.shape == (2, 80) and torch.equal(drawn, chance().noise("x", 2, 80, planes.fixed.device))


# --- the contrastive losses -------------------------------------------------------------------------------------------


def loss_by_loops(features, cells, axis: int, temperature: float) -> float:
    """Equations 3 and 4: over ordered pairs of one code, -log f(A, B) / (f(A, B) + sum over A's negatives)."""
    rows = (features / features.norm(dim=1, keepdim=True)).tolist()

    def likeness(a: int, b: int) -> float:
        return math.exp(sum(x * y for x, y in zip(rows[a], rows[b], strict=True)) / temperature)

    losses = []
    for a, anchor in enumerate(cells):
        rest = sum(likeness(a, c) for c, cell in enumerate(cells) if cell[axis] != anchor[axis])
        for b, cell in enumerate(cells):
            if b != a and cell[axis] == anchor[axis]:
                losses.append(-math.log(likeness(a, b) / (likeness(a, b) + rest)))
    return sum(losses) / len(losses)


@pytest.mark.parametrize(("step", "share"), [(0, 1.0), (49, 1.0), (50, 0.1), (99, 0.1)])
@pytest.mark.parametrize("pattern", ["cycle", "full"])
def test_each_space_has_its_loss_and_its_weight_which_falls_to_a_tenth(step, share, pattern):
    made = make("contrasfill", block("contrasfill", codes_per_space=4, temperature=0.7, iterations=100,
                                     lambda_known=(2.0, 0.2), lambda_unknown=(0.5, 0.05)))  # fmt: skip
    cells = combinations.full_grid(4, 4) if pattern == "full" else combinations.subsample(4, 4, "cycle")
    drawn = torch.randn(2, len(cells), 5, generator=torch.Generator().manual_seed(1))
    features = {"known": drawn[0], "unknown": drawn[1]}
    made.features = lambda space, fake, mask: features[space]
    terms = made.contrastive_terms(images(0.0, len(cells)), quarters(len(cells)), cells, step)
    for axis, (space, weight) in enumerate((("known", 2.0), ("unknown", 0.5))):
        loss = loss_by_loops(features[space], cells, axis, 0.7)
        assert terms[f"G/stat/{space}_loss"].item() == pytest.approx(loss, rel=1e-5)
        assert terms[f"G/{space}"].item() == pytest.approx(weight * share * loss, rel=1e-5)
        cosine = torch.nn.functional.cosine_similarity(features[space][:, None], features[space], dim=2)
        pairs = [(a, b) for a, one in enumerate(cells) for b, two in enumerate(cells) if one[axis] != two[axis]]
        hard = [(a, b) for a, b in pairs if cells[a][1 - axis] == cells[b][1 - axis]]
        for name, chosen in (("negative", pairs), ("hard", hard)):
            expected = sum(cosine[a, b].item() for a, b in chosen) / len(chosen)
            assert terms[f"G/stat/{space}_{name}"].item() == pytest.approx(expected, abs=1e-6)


def test_both_contrastive_losses_move_the_generator():
    made = make("contrasfill", block("contrasfill"))
    stir(made.nets["generator"])
    batch = {"image": images(REAL, 4), "mask": quarters(4)}
    terms = made.losses(made.phases(0)[1], batch, {}, chance(), 0)
    for space, number in (("known", 0), ("unknown", 1)):
        first = next(made.generator.mapping[number].parameters())
        assert torch.autograd.grad(terms[f"G/{space}"], first, retain_graph=True)[0].abs().sum() > 0


# --- the unconditional StyleGAN2 --------------------------------------------------------------------------------------


def face_maker():
    made_block = block_of("stages.papers.contrasfill.methods.stylegan.method", "contrasfill.stylegan.base",
                          "contrasfill.stylegan.profile.smoke").model_copy(
        update={"size_px": SIDE, "penalty_gamma": 3.0, "penalty_every": 16, "latent_average_keep": 0.9})  # fmt: skip
    return stylegan.StyleGAN(made_block, World.single(), 0)


@pytest.mark.parametrize(("step", "penalised"), [(0, True), (1, False), (16, True)])
def test_the_face_makers_terms(step, penalised):
    """Without a mask D is 1 for REAL and -1/2 for FAKE."""
    made = face_maker()
    made.nets["discriminator"] = Judge()
    made.imagine = lambda name, real, chance: images(FAKE)
    d, g = (Phase(name, name, (net,)) for name, net in (("D", "discriminator"), ("G", "generator")))
    terms = made.losses(d, {"image": images(REAL)}, {}, chance(step), step)
    assert terms["D/adversarial"].item() == pytest.approx(softplus(-0.5) + softplus(-1.0), rel=1e-6)
    assert ("D/r1" in terms) == penalised
    if penalised:
        assert terms["D/r1"].item() == pytest.approx(16 * penalty(3.0, REAL, 1.0), rel=1e-5)
    terms = made.losses(g, {"image": images(REAL)}, {}, chance(step), step)
    assert {name: term.item() for name, term in terms.items()} == {"G/adversarial": pytest.approx(softplus(0.5))}


def test_the_face_makers_mean_code_follows_the_generators_phase():
    made = face_maker()
    assert (made.descents["D"].lazy_every, made.descents["G"].lazy_every) == (16, None)
    made.imagine("D", images(REAL, 4), chance())
    assert not made.memory["latent_average"].any()
    made.imagine("G", images(REAL, 4), chance())
    with torch.no_grad():
        mapped = made.generator.mapping(chance().normal("G/code", 4, made.block.latent))
    assert torch.allclose(made.memory["latent_average"], 0.1 * mapped.mean(0), atol=1e-6)
