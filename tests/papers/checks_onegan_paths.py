"""What OneGAN's three paths make of codes and photos, each check on a tiny model; the mutants run them too."""

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from stages.engine.chance import Chance
from stages.engine.world import World
from tests.papers.onegan_made import drawn_batch, gan_block

WORLD = World.single()
DRAWN = Chance(0, 2, WORLD)
LAYERS = ("image", "foreground", "background", "mask")


def block_for(m: SimpleNamespace, **changes: Any):
    """The smoke block of the modules under test; the smallest networks that there are."""
    return m.Block.model_validate(gan_block().model_dump() | changes, strict=False)


def method_for(m: SimpleNamespace, **changes: Any):
    return m.OneGAN(block_for(m, **changes), WORLD, 0)


def same(found: Tensor, expected: Tensor, atol: float = 1e-6) -> None:
    torch.testing.assert_close(found.detach(), expected.detach(), rtol=0, atol=atol)


def differ(one: Tensor, other: Tensor) -> None:
    assert float((one - other).detach().abs().max()) > 1e-4


def generated(m: SimpleNamespace, method, child: tuple[int, int] = (11, 3)):
    classes = torch.tensor(child)
    pose = DRAWN.normal("z", 2, method.block.pose)
    return m.generate(method.model, classes, m.parents_of(classes, 12, 4), pose)


def rebuilt(m: SimpleNamespace, method, *rest: Any, **more: Any):
    return m.reconstruct(method.model, drawn_batch(method.block)["image"], *rest, **more)


def check_composition(m: SimpleNamespace) -> None:
    front, behind, mask = (DRAWN.uniform(name, 2, *shape) for name, shape in
                           (("f", (3, 4, 4)), ("b", (3, 4, 4)), ("m", (1, 4, 4))))  # fmt: skip
    same(m.compose(front, behind, torch.zeros(2, 1, 4, 4)), behind)
    same(m.compose(front, behind, torch.ones(2, 1, 4, 4)), front)
    same(m.compose(front, front, mask), front)
    whole = m.compose(front, behind, mask.requires_grad_())
    assert bool((whole <= torch.maximum(front, behind) + 1e-6).all())
    assert bool((whole >= torch.minimum(front, behind) - 1e-6).all())
    whole.sum().backward()
    assert mask.grad is not None
    same(mask.grad, (front - behind).sum(1, keepdim=True))


def check_classes_and_codes(m: SimpleNamespace) -> None:
    vectors = m.one_hot(torch.tensor([0, 2, 1]), 4)
    assert vectors.dtype == torch.float32 and vectors.tolist() == [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0]]
    assert m.parents_of(torch.arange(12), 12, 4).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert m.parents_of(torch.arange(196), 196, 20).unique(return_counts=True)[1].tolist().count(9) == 4
    block = block_for(m)
    child, parent = m.draw_classes(block, DRAWN, 600)
    assert child.dtype == parent.dtype == torch.int64 and parent.tolist() == (child * 4 // 12).tolist()
    counts = torch.bincount(child, minlength=12)
    assert len(counts) == 12 and int(counts.min()) > 25 and int(counts.max()) < 80
    assert m.draw_pose(block, DRAWN, 3).shape == (3, 16)


def check_generation(m: SimpleNamespace) -> None:
    """Both starts are given the one z, and each code stands where its table says."""
    method = method_for(m)
    net, found = method.model.generator, generated(m, method)
    front, ground = net.foreground, net.background
    same(found.child, front.child_table.weight.T[[11, 3]])
    same(found.parent, front.parent_table.weight.T[[3, 1]])
    same(found.background_code, ground.table.weight.T[[3, 1]])
    same(found.pose, DRAWN.normal("z", 2, 16))
    same(found.start_foreground, front.start(found.parent, found.pose))
    same(found.start_background, ground.start(found.background_code, found.pose))
    picture, mask = front.finish(found.start_foreground, found.parent, found.child)
    same(found.foreground, picture)
    same(found.mask, mask)
    same(found.background, ground.finish(found.start_background))
    same(found.image, found.background * (1 - mask) + picture * mask)


def check_reconstruction(m: SimpleNamespace) -> None:
    """The bypasses stand for the pre-images; means are drawn from nothing; the ground is seen without the object."""
    method = method_for(m)
    image, model = drawn_batch(method.block)["image"], method.model
    found, again = rebuilt(m, method), rebuilt(m, method)
    assert all(torch.equal(getattr(found, name), getattr(again, name)) for name in LAYERS)
    style, content = model.child_encoder(image), model.parent_encoder(image)
    same(found.start_foreground, content.bypass)
    for code, mean in ((found.child, style.child), (found.parent, content.parent), (found.pose, content.pose)):
        same(code, mean.mean)
    picture, mask = model.generator.foreground.finish(content.bypass, content.parent.mean, style.child.mean)
    same(found.mask, mask)
    same(found.foreground, picture)
    same(found.start_background, model.background_encoder(image * (1 - mask), mask))
    same(found.background, model.generator.background.finish(found.start_background))
    same(found.image, found.background * (1 - mask) + picture * mask)


def check_reconstruction_draws(m: SimpleNamespace) -> None:
    """mu + exp(s / 2) eps, each code by noise of its own that belongs to the row."""
    method = method_for(m)
    found, means = rebuilt(m, method, DRAWN), rebuilt(m, method)
    style, content = found.style, found.content
    noises = []
    for code, told in ((found.child, style.child), (found.parent, content.parent), (found.pose, content.pose)):
        noises.append((code - told.mean) / (told.spread / 2).exp())
        assert 0.5 < float(noises[-1].detach().std()) < 1.6
    differ(noises[0][:, :16], noises[1])
    differ(noises[1], noises[2])
    same(found.child, style.child.sample(DRAWN.normal("rebuild/child", 2, 32)))
    differ(found.image, means.image)
    assert torch.equal(rebuilt(m, method, Chance(0, 2, WORLD)).image, found.image)


def check_exchanges(m: SimpleNamespace) -> None:
    """Another v_c, ground or seen mask changes what it reaches and nothing else."""
    method = method_for(m)
    found, code = rebuilt(m, method), DRAWN.normal("code", 2, 32)
    other = rebuilt(m, method, child_code=code)
    same(other.child, code)
    assert torch.equal(other.start_foreground, found.start_foreground) and torch.equal(other.parent, found.parent)
    differ(other.foreground, found.foreground)
    differ(other.mask, found.mask)
    kept = rebuilt(m, method, child_code=code, background=found.background)
    assert torch.equal(kept.background, found.background) and torch.equal(kept.foreground, other.foreground)
    same(kept.image, m.compose(other.foreground, found.background, other.mask))
    held = rebuilt(m, method, child_code=code, mask_given=found.mask)
    assert torch.equal(held.background, found.background) and torch.equal(held.start_background, found.start_background)
    assert torch.equal(held.mask, other.mask)
    half = torch.full_like(found.mask, 0.25)
    given = rebuilt(m, method, mask_given=half)
    same(given.start_background, method.model.background_encoder(drawn_batch(method.block)["image"] * 0.75, half))
    same(given.mask, found.mask)


def check_codes_of_classes(m: SimpleNamespace) -> None:
    """Codes of the tables instead: of the likeliest class, or the mean code."""
    for kind in ("class", "softmax"):
        method = method_for(m, recon_code=kind)
        found, net = rebuilt(m, method, DRAWN), method.model.generator
        pairs = ((found.child, found.style.logits, net.foreground.child_table),
                 (found.parent, found.content.logits, net.foreground.parent_table))  # fmt: skip
        for code, logits, table in pairs:
            if kind == "class":
                same(code, table.weight.T[logits.argmax(1)])
            else:
                same(code, logits.softmax(1) @ table.weight.T)
    method = method_for(m, recon_code="class")
    found = rebuilt(m, method)
    own = method.model.generator.foreground.child_table.weight.T[found.style.logits.argmax(1)]
    assert torch.equal(rebuilt(m, method, child_code=own).image, found.image)


def check_what_the_background_encoder_sees(m: SimpleNamespace) -> None:
    """No gradient goes back into the mask; `raw` shows the whole picture."""
    for kind in ("masked", "raw"):
        method = method_for(m, background_input=kind)
        image, mask = drawn_batch(method.block)["image"], torch.full((2, 1, 32, 32), 0.75, requires_grad=True)
        shown = image * 0.25 if kind == "masked" else image
        found = m.see_background(method.model, image, mask)
        same(found, method.model.background_encoder(shown, mask))
        found.sum().backward()
        assert mask.grad is None


def check_mixture(m: SimpleNamespace) -> None:
    """lam 1 is path G and lam 0 path R; between them every sample has its own share of codes and starts."""
    method = method_for(m)
    made, seen = generated(m, method), rebuilt(m, method, DRAWN)
    for share, whole in ((1.0, made), (0.0, seen)):
        found = m.mix(method.model, made, seen, torch.full((2,), share))
        for name in LAYERS:
            same(getattr(found, name), getattr(whole, name))
    shares = torch.tensor([0.25, 0.75])
    found = m.mix(method.model, made, seen, shares)
    for name in ("child", "parent", "start_foreground", "start_background"):
        one, other, mixed = (getattr(layers, name) for layers in (made, seen, found))
        for row, share in enumerate(shares.tolist()):
            same(mixed[row], share * one[row] + (1 - share) * other[row])
    net = method.model.generator
    picture, mask = net.foreground.finish(found.start_foreground, found.parent, found.child)
    same(found.foreground, picture)
    same(found.background, net.background.finish(found.start_background))
    same(found.image, found.background * (1 - mask) + picture * mask)


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
