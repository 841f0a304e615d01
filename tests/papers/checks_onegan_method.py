"""What OneGAN's training sums, from what to what gradients go, and when it stops; the mutants run these too."""

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from stages.engine.chance import Chance
from tests.papers.checks_onegan_paths import DRAWN, WORLD, method_for, same
from tests.papers.onegan_made import drawn_batch

MODEL = {"generator", "child_encoder", "parent_encoder", "background_encoder"}
# Which networks a term of update GE has gradients of; the judges' are not moved then.
ROUTES = {
    "generate/adversarial": {"generator", "child_judge"},
    "generate/adversarial_background": {"generator", "background_judge"},
    "generate/info": {"generator", "child_judge", "child_head"},
    "generate/class": {"generator", "child_encoder", "parent_encoder"},
    "generate/latent": {"child_encoder", "parent_encoder"},
    "generate/bypass": {"parent_encoder", "background_encoder"},
    "generate/codes": {"generator"},
    "generate/mask": {"generator"},
    "rebuild/adversarial": {*MODEL, "child_judge"},
    "rebuild/adversarial_background": {"generator", "background_encoder", "background_judge"},
    "rebuild/image": {*MODEL, "child_judge"},
    "rebuild/ground": {"generator", "background_encoder", "background_judge"},
    "rebuild/divergence": {"child_encoder", "parent_encoder"},
    "rebuild/align": {"generator", "parent_encoder"},
    "rebuild/mask": {"generator", "child_encoder", "parent_encoder"},
    "mix/adversarial": {*MODEL, "child_judge"},
    "mix/adversarial_background": {"generator", "background_encoder", "background_judge"},
    "mix/info": {*MODEL, "child_judge", "child_head"},
    "mix/mask": {"generator", "child_encoder", "parent_encoder"},
}  # fmt: skip
WEIGHTS = {
    "weight_adversarial": 2.0, "weight_background_real": 7.0, "weight_background_kind": 3.0, "weight_info": 1.5,
    "weight_class": 0.5, "weight_latent": 0.3, "weight_bypass": 0.7, "weight_align": 0.9, "weight_rebuild": 11.0,
    "weight_rebuild_background": 5.0, "weight_features": 0.25, "weight_divergence": 0.02, "regularise_codes": 0.004,
    "regularise_mask": 0.6,
}  # fmt: skip


class Step:
    """One step of a method: its batch, what its paths made, and the terms of both updates."""

    def __init__(self, m: SimpleNamespace, step: int = 2, **changes: Any) -> None:
        self.method = method_for(m, **(WEIGHTS | changes))
        self.nets, self.block = self.method.nets, self.method.block
        self.batch = drawn_batch(self.block)
        chance = Chance(0, step, WORLD)
        self.shared = self.method.forward(self.batch, chance)
        judges, makers = self.method.phases(step)
        self.judged = self.method.losses(judges, self.batch, self.shared, chance, step)
        self.terms = self.method.losses(makers, self.batch, self.shared, chance, step)

    def made(self, name: str) -> list:
        return [getattr(self.shared[path], name) for path in ("generate", "rebuild", "mix") if path in self.shared]


def yes(logits: Tensor) -> Tensor:
    """Binary cross entropy against 1."""
    return F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def no(logits: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))


def far(one: Tensor, other: Tensor) -> Tensor:
    return (one - other).abs().mean()


def check_paths_of_each_phase(m: SimpleNamespace) -> None:
    names = {0: ["generate"], 1: ["generate", "rebuild"], 2: ["generate", "rebuild", "mix"]}
    for step, paths in names.items():
        found = Step(m, step)
        assert [path for path in names[2] if path in found.shared] == paths
        assert {name.partition("/")[0] for name in found.terms} == set(paths)
        wanted = {name for name in ROUTES if name.partition("/")[0] in paths}
        assert {name for name in found.terms if "stat/" not in name} == wanted
        assert set(found.judged) == {"D/child", "D/background_real", "D/background_kind"}
    later = {"phase_starts": (2, 5), "iterations": 9}
    block = method_for(m, **later).block
    assert [len(block.active(step)) for step in range(9)] == [1, 1, 2, 2, 2, 3, 3, 3, 3]
    assert [block.phase_steps(step) for step in (0, 1, 2, 4, 5, 8)] == [(0, 2)] * 2 + [(2, 3)] * 2 + [(5, 4)] * 2


def check_update_of_the_judges(m: SimpleNamespace) -> None:
    """Photos against the pictures of all paths, tiles against their grounds; a tile is ground and a photo is not."""
    found = Step(m)
    child, ground = found.nets["child_judge"], found.nets["background_judge"]
    fakes = torch.cat([child(image).real for image in found.made("image")])
    same(found.judged["D/child"], yes(child(found.batch["image"]).real) + no(fakes), 1e-5)
    tiles, photos = ground(found.batch["background_image"]), ground(found.batch["image"])
    grounds = torch.cat([ground(image).real for image in found.made("background")])
    same(found.judged["D/background_real"], 7 * (yes(tiles.real) + no(grounds)), 1e-5)
    same(found.judged["D/background_kind"], 3 * (yes(tiles.kind) + no(photos.kind)), 1e-5)


def check_patches_are_labelled_by_boxes(m: SimpleNamespace) -> None:
    found = Step(m, patch_labels="box")
    ground = found.nets["background_judge"]
    tiles, photos = (ground(found.batch[name]).kind for name in ("background_image", "image"))
    starts = 4 * torch.arange(8)
    touched = (starts + 34 >= 0.2 * 62) & (starts <= 0.8 * 62)
    labels = 1 - (touched[:, None] & touched[None]).float().expand(2, 8, 8)
    assert photos.shape == labels.shape
    expected = yes(tiles) + F.binary_cross_entropy_with_logits(photos, labels)
    same(found.judged["D/background_kind"], 3 * expected, 1e-5)
    moved = Step(m, patch_labels="box")
    moved.batch["box"] = torch.tensor([[0.9, 0.9, 1.0, 1.0]]).expand(2, 4)
    again = moved.method.losses(moved.method.phases(2)[0], moved.batch, moved.shared, DRAWN, 2)
    labels = torch.ones(2, 8, 8)
    labels[:, 6:, 6:] = 0
    photos = moved.nets["background_judge"](moved.batch["image"]).kind
    same(again["D/background_kind"], 3 * (yes(tiles) + F.binary_cross_entropy_with_logits(photos, labels)), 1e-5)


def adversarial(found: Step, path: str) -> tuple[Tensor, Tensor]:
    made = found.shared[path]
    ground = found.nets["background_judge"](made.background)
    return 2 * yes(found.nets["child_judge"](made.image).real), 7 * yes(ground.real) + 3 * yes(ground.kind)


def check_terms_of_generation(m: SimpleNamespace) -> None:
    found = Step(m)
    made, child, nets = found.shared["generate"], found.shared["child"], found.nets
    for name, expected in zip(("adversarial", "adversarial_background"), adversarial(found, "generate"), strict=True):
        same(found.terms[f"generate/{name}"], expected, 1e-5)
    logits = nets["child_head"](nets["child_judge"](made.image).hidden)
    same(found.terms["generate/info"], 1.5 * F.cross_entropy(logits, child), 1e-5)
    style, content = nets["child_encoder"](made.image), nets["parent_encoder"](made.image)
    classes = F.cross_entropy(style.logits, child) + F.cross_entropy(content.logits, found.shared["parent"])
    same(found.terms["generate/class"], 0.5 * classes, 1e-5)
    told = ((made.child, style.child), (made.parent, content.parent), (made.pose, content.pose))
    latent = [((value - code.mean) ** 2 * (-code.spread).exp() + code.spread).mean() / 2 for value, code in told]
    same(found.terms["generate/latent"], 0.3 * torch.stack(latent).sum(), 1e-5)
    behind = nets["background_encoder"](made.image * (1 - made.mask), made.mask)
    bypass = far(content.bypass, made.start_foreground) + far(behind, made.start_background)
    same(found.terms["generate/bypass"], 0.7 * bypass, 1e-5)
    lengths = [(code**2).sum(1).mean() for code in (made.child, made.parent, made.background_code)]
    same(found.terms["generate/codes"], 0.004 * torch.stack(lengths).sum(), 1e-5)


def check_terms_of_reconstruction(m: SimpleNamespace) -> None:
    found = Step(m)
    made, image, nets = found.shared["rebuild"], found.batch["image"], found.nets
    for name, expected in zip(("adversarial", "adversarial_background"), adversarial(found, "rebuild"), strict=True):
        same(found.terms[f"rebuild/{name}"], expected, 1e-5)
    judge, ground = (lambda x: nets["child_judge"](x).features), (lambda x: nets["background_judge"](x).features)
    same(
        found.terms["rebuild/image"], 11 * (far(made.image, image) + 0.25 * far(judge(made.image), judge(image))), 1e-5
    )
    shown = 1 - made.mask
    plain = ((shown * (image - made.background).abs()).sum((1, 2, 3)) / (3 * shown.sum((1, 2, 3)))).mean()
    seen = far(ground(shown * made.background), ground(shown * image))
    same(found.terms["rebuild/ground"], 5 * (plain + 0.25 * seen), 1e-5)
    codes = (made.style.child, made.content.parent, made.content.pose)
    parts = [(code.mean**2 + code.spread.exp() - 1 - code.spread).sum(1).mean() / 2 for code in codes]
    same(found.terms["rebuild/divergence"], 0.02 * torch.stack(parts).sum(), 1e-5)
    start = nets["generator"].foreground.start(made.parent, made.pose)
    same(found.terms["rebuild/align"], 0.9 * far(start, made.content.bypass), 1e-5)


def check_terms_of_the_mixture(m: SimpleNamespace) -> None:
    """The class of a mixture counts by its share, which is another one in every sample."""
    found = Step(m)
    made, nets, share = found.shared["mix"], found.nets, found.shared["share"]
    assert share.shape == (2,) and float(share.min()) >= 0 and float(share.max()) < 1 and share[0] != share[1]
    same(
        made.child,
        share[:, None] * found.shared["generate"].child + (1 - share[:, None]) * found.shared["rebuild"].child,
    )
    for name, expected in zip(("adversarial", "adversarial_background"), adversarial(found, "mix"), strict=True):
        same(found.terms[f"mix/{name}"], expected, 1e-5)
    logits = nets["child_head"](nets["child_judge"](made.image).hidden)
    entropy = F.cross_entropy(logits, found.shared["child"], reduction="none")
    same(found.terms["mix/info"], 1.5 * (share * entropy).mean(), 1e-5)


def check_masks_of_the_named_paths(m: SimpleNamespace) -> None:
    for paths in (("generate", "rebuild", "mix"), ("generate",)):
        found = Step(m, mask_paths=paths)
        assert {name for name in found.terms if name.endswith("/mask")} == {f"{path}/mask" for path in paths}
        for path in paths:
            mask = found.shared[path].mask
            spread = 2 * mask - 1
            sides = (spread.clamp(min=0).mean((1, 2, 3)) - 0.5).abs() + (
                spread.clamp(max=0).mean((1, 2, 3)) + 0.5
            ).abs()
            cost = ((mask.mean((1, 2, 3)) - 0.5).abs() + 0.1 * sides).mean()
            same(found.terms[f"{path}/mask"], 0.6 * cost)
    for path in ("generate", "rebuild", "mix"):
        mask = found.shared[path].mask
        same(found.terms[f"{path}/stat/mask_mean"], mask.mean())
        same(found.terms[f"{path}/stat/decided"], ((mask < 0.1) | (mask > 0.9)).float().mean())
    seen = found.shared["rebuild"].style.logits.argmax(1).unique()
    assert float(found.terms["rebuild/stat/children"]) == len(seen)


def reached(term: Tensor, nets: dict) -> set[str]:
    """The networks that a term has gradients of."""
    named = [(name, parameter) for name, net in nets.items() for parameter in net.parameters()]
    gradients = torch.autograd.grad(term, [one for _, one in named], retain_graph=True, allow_unused=True)
    pairs = zip(named, gradients, strict=True)
    return {name for (name, _), gradient in pairs if gradient is not None and bool(gradient.any())}


def check_routes_of_gradients(m: SimpleNamespace) -> None:
    """Update D reaches the judges alone; what the encoders learn of generated pictures reaches no generator."""
    found = Step(m)
    assert reached(found.judged["D/child"], found.nets) == {"child_judge"}
    for name in ("real", "kind"):
        assert reached(found.judged[f"D/background_{name}"], found.nets) == {"background_judge"}
    for name, term in found.terms.items():
        if "stat/" in name:
            assert not term.requires_grad
        else:
            assert reached(term, found.nets) == ROUTES[name], name
    judges, makers = found.method.phases(2)
    assert set(judges.learns) == {"child_judge", "background_judge"} and set(makers.learns) == {*MODEL, "child_head"}


def check_gradients_within_networks(m: SimpleNamespace) -> None:
    """The aligned start teaches pose and start, and neither the bypass nor v_p; likelihoods stop at what is told."""
    found = Step(m)
    encoder, start = found.nets["parent_encoder"], found.nets["generator"].foreground
    align = found.terms["rebuild/align"]
    for part, moved in ((encoder.bypass, False), (encoder.parent, False), (encoder.pose, True), (start.start, True)):
        gradients = torch.autograd.grad(align, list(part.parameters()), retain_graph=True, allow_unused=True)
        assert any(gradient is not None for gradient in gradients) == moved
    whole = found.shared["generate"]
    for name in ("generate/latent", "generate/bypass"):
        held = (whole.image, whole.child, whole.parent, whole.start_foreground, whole.start_background)
        gradients = torch.autograd.grad(found.terms[name], held, retain_graph=True, allow_unused=True)
        assert all(gradient is None for gradient in gradients), name
    ground = torch.autograd.grad(found.terms["rebuild/ground"], found.shared["rebuild"].mask, allow_unused=True)
    assert ground[0] is None


def guarded(m: SimpleNamespace, means: list[float], step: int, method) -> list[int]:
    """The counts after a step whose paths have these mean masks."""
    method._guard([torch.full((2, 1, 4, 4), mean) for mean in means], step)
    return method.memory[m.GUARD].tolist()


def check_guard(m: SimpleNamespace) -> None:
    """Steps in a row outside the bounds count by path; a tenth of the phase stops, by name."""
    method = method_for(m, phase_starts=(30, 60), iterations=101, guard_low=0.02, guard_high=0.98)
    memory = method.memory[m.GUARD]
    assert memory.shape == (3,) and memory.dtype == torch.int64
    assert guarded(m, [0.01], 0, method) == [1, 0, 0] and guarded(m, [0.99], 1, method) == [2, 0, 0]
    assert guarded(m, [0.97], 2, method) == [0, 0, 0] and guarded(m, [0.03], 3, method) == [0, 0, 0]
    assert guarded(m, [0.01], 29, method) == [1, 0, 0]
    assert guarded(m, [0.5, 0.99], 30, method) == [0, 1, 0] and guarded(m, [0.5, 0.99], 31, method) == [0, 2, 0]
    try:
        guarded(m, [0.5, 0.99], 32, method)
    except FloatingPointError as failure:
        assert all(word in str(failure) for word in ("step 32", "rebuild", "0.990", "guard_high", "3 steps"))
    else:
        raise AssertionError("three of thirty steps outside went on")
    method.memory[m.GUARD].zero_()
    for step in range(60, 64):
        guarded(m, [0.5, 0.5, 0.0], step, method)
    try:
        guarded(m, [0.5, 0.5, 0.0], 64, method)
    except FloatingPointError as failure:
        assert "mix" in str(failure)
    else:
        raise AssertionError("five of forty-one steps outside went on")


def check_what_is_produced(m: SimpleNamespace) -> None:
    method = method_for(m)
    batch = drawn_batch(method.block)
    found, expected = method.produce(batch, DRAWN), m.reconstruct(method.model, batch["image"])
    assert set(found) == {"image", "foreground", "background", "mask"} and not found["image"].requires_grad
    for name, picture in found.items():
        same(picture, getattr(expected, name))


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
