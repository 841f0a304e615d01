"""What OneGAN's own loss terms must give, each check in closed form or against loops; the mutants run them too."""

import math
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor

SHAPE = (1, 8, 8)
# c -> L_MB, L_MD, L_RM of a mask that is c everywhere. Source: spec 7.1.
CONSTANT = {
    0.0: (0.5, 1.0, 0.6), 0.25: (0.25, 0.5, 0.3), 0.5: (0.0, 1.0, 0.1), 0.75: (0.25, 0.5, 0.3), 0.9: (0.4, 0.8, 0.48),
    1.0: (0.5, 1.0, 0.6),
}  # fmt: skip


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def close(found, expected, atol: float = 1e-6) -> None:
    found = found.detach().numpy() if isinstance(found, Tensor) else found
    expected = expected.detach().numpy() if isinstance(expected, Tensor) else expected
    np.testing.assert_allclose(found, np.asarray(expected), rtol=0, atol=atol)


def filled(*values: float) -> Tensor:
    """One mask for each value, which it has everywhere."""
    return torch.tensor(values, dtype=torch.float64).view(-1, 1, 1, 1).expand(-1, *SHAPE)


def shared_out(share: float, inside: float = 1.0, outside: float = 0.0) -> Tensor:
    """One mask, `inside` in a share of its pixels."""
    places = math.prod(SHAPE)
    count = round(share * places)
    flat = torch.cat([torch.full((count,), inside), torch.full((places - count,), outside)]).double()
    return flat.view(1, *SHAPE)


def all_of(m: SimpleNamespace, mask: Tensor) -> list[Tensor]:
    return [m.balance(mask).mean(), m.decisiveness(mask).mean(), m.mask_regularisation(mask)]


def check_masks_that_are_one_number(m: SimpleNamespace) -> None:
    for value, expected in CONSTANT.items():
        close(torch.stack(all_of(m, filled(value))), expected)
    for value in (0.1, 0.3, 0.6, 0.95):
        decided = abs(2 * value - 1.5) + 0.5 if value >= 0.5 else 0.5 + abs(2 * value - 0.5)
        close(torch.stack(all_of(m, filled(value))[:2]), [abs(value - 0.5), decided])


def check_masks_of_zeros_and_ones(m: SimpleNamespace) -> None:
    for share in (0.0, 0.125, 0.25, 0.5, 0.75, 1.0):
        off = abs(share - 0.5)
        close(torch.stack(all_of(m, shared_out(share))), [off, 2 * off, 1.2 * off])


def check_masks_half_and_half(m: SimpleNamespace) -> None:
    for level in (0.5, 0.6, 0.75, 1.0):
        expected = [0, 2 * (1 - level), 0.2 * (1 - level)]
        close(torch.stack(all_of(m, shared_out(0.5, level, 1 - level))), expected)


def check_each_mask_counts_for_itself(m: SimpleNamespace) -> None:
    both = filled(1.0, 0.0)
    close(m.balance(both), [0.5, 0.5])
    close(m.mask_regularisation(both), 0.6)
    close(m.mask_regularisation(both.flip(0)), m.mask_regularisation(both))
    mask = filled(0.7, 0.2).clone().requires_grad_()
    m.balance(mask).sum().backward()
    assert mask.grad is not None
    close(mask.grad, filled(1 / 64, -1 / 64))


def check_mask_symmetries(m: SimpleNamespace) -> None:
    mask = draw(3, *SHAPE).sigmoid()
    order = torch.randperm(64, generator=torch.Generator().manual_seed(1))
    turned = mask.flatten(2)[..., order].view_as(mask)
    larger = mask.repeat_interleave(3, 2).repeat_interleave(3, 3)
    for name in ("balance", "decisiveness"):
        found = getattr(m, name)(mask)
        assert float(found.min()) > 0.001
        for other in (1 - mask, turned, larger):
            close(getattr(m, name)(other), found)


def check_code_lengths(m: SimpleNamespace) -> None:
    ones, none = torch.ones(2, 16), torch.zeros(2, 32)
    close(m.code_lengths(ones, none, none), 16)
    close(m.code_lengths(ones, torch.ones(2, 32), torch.ones(2, 32)), 80)
    codes = draw(3, 4), draw(3, 5, seed=1)
    close(m.code_lengths(*codes), sum(float((code**2).sum()) / 3 for code in codes))


def check_divergence(m: SimpleNamespace) -> None:
    zeros, ones = torch.zeros(2, 7), torch.ones(2, 7)
    close(m.divergence(m.Normal(zeros, zeros)), 0)
    close(m.divergence(m.Normal(ones, zeros)), 0.5 * 7)
    mean, spread = draw(3, 4), draw(3, 4, seed=1)
    ours = torch.distributions.Normal(mean, (spread / 2).exp())
    kind = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    close(m.divergence(m.Normal(mean, spread)), torch.distributions.kl_divergence(ours, kind).sum(1).mean())


def check_likelihood(m: SimpleNamespace) -> None:
    mean, spread, value = draw(3, 4), draw(3, 4, seed=1), draw(3, 4, seed=2).requires_grad_()
    ours = torch.distributions.Normal(mean, (spread / 2).exp())
    expected = -ours.log_prob(value.detach()).mean() - 0.5 * math.log(2 * math.pi)
    mean.requires_grad_()
    found = m.likelihood(value, m.Normal(mean, spread))
    close(found, expected)
    found.backward()
    assert value.grad is None and mean.grad is not None
    at_value = m.likelihood(value, m.Normal(value.detach(), spread))
    close(at_value, spread.mean() / 2)
    for step in (-0.1, 0.1):
        assert float(m.likelihood(value, m.Normal(value.detach() + step, spread))) > float(at_value)


def check_cross_entropy(m: SimpleNamespace) -> None:
    logits, classes = draw(3, 5), torch.tensor([4, 0, 2])
    shares = np.exp(logits.numpy()) / np.exp(logits.numpy()).sum(1, keepdims=True)
    close(m.cross_entropy(logits, classes), [-math.log(shares[row, kind]) for row, kind in enumerate(classes.tolist())])


def check_ground_difference(m: SimpleNamespace) -> None:
    image, ground, mask = draw(2, 3, 4, 4), draw(2, 3, 4, 4, seed=1), draw(2, 1, 4, 4, seed=2).sigmoid()
    mask[1] = mask[1] ** 4
    expected = []
    for number in range(2):
        shown = 1 - mask[number, 0].numpy()
        difference = np.abs(image[number].numpy() - ground[number].numpy()).sum(0)
        expected.append((shown * difference).sum() / (3 * shown.sum()))
    assert abs(expected[0] - expected[1]) > 1e-3
    mask, ground = mask.requires_grad_(), ground.requires_grad_()
    found = m.ground_difference(image, ground, mask)
    close(found, np.mean(expected))
    found.backward()
    assert mask.grad is None and ground.grad is not None
    close(m.ground_difference(image, image + 0.3, torch.zeros(2, 1, 4, 4)), 0.3)
    close(m.ground_difference(image, ground, torch.ones(2, 1, 4, 4)), 0)


def published_range(low: float, high: float) -> set[int]:
    """FineGAN's patches of a box on 126 px.  Source: code (FineGAN), spec 2.2."""
    first = max(0, math.ceil((low - 34) / 4))
    last = min(23, math.floor(23 - ((126 - 34) - high) / 4)) + 1
    return set(range(first, last))


def check_patches_of_a_box(m: SimpleNamespace) -> None:
    random = np.random.default_rng(0)
    corners = np.sort(random.uniform(-0.1, 1.1, (40, 2, 2)), axis=1).reshape(40, 4)
    hits = m.patches_to_hits(torch.from_numpy(corners), 126, 34, 4, 24).numpy()
    for (left, top, right, bottom), found in zip(corners * 126, hits, strict=True):
        across, down = published_range(left, right), published_range(top, bottom)
        expected = [[float(row in down and column in across) for column in range(24)] for row in range(24)]
        np.testing.assert_array_equal(found, expected)


def check_patches_of_the_printed_judge(m: SimpleNamespace) -> None:
    """Field 70, distance 16, four outputs a side: by what each square covers; edges count."""
    boxes = torch.tensor([[0.0, 0.0, 0.1, 0.1], [0.6, 0.0, 0.9, 1.0], [0.5, 0.5, 0.5, 0.9], [70 / 126, 0, 1, 0.01]])
    hits = m.patches_to_hits(boxes, 126, 70, 16, 4)
    assert hits.shape == (4, 4, 4) and hits.dtype == torch.float32
    np.testing.assert_array_equal(hits[0], [[1, 0, 0, 0]] + [[0] * 4] * 3)
    np.testing.assert_array_equal(hits[1], [[0, 1, 1, 1]] * 4)
    assert not hits[2].any()
    np.testing.assert_array_equal(hits[3], [[1, 1, 1, 1]] + [[0] * 4] * 3)


def check_patch_entropy(m: SimpleNamespace) -> None:
    logits, labels = draw(2, 3, 3), (draw(2, 3, 3, seed=1) > 0).double()
    shares = 1 / (1 + np.exp(-logits.numpy()))
    chosen = np.where(labels.numpy() > 0, shares, 1 - shares)
    close(m.patch_entropy(logits, labels), -np.log(chosen).mean())


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
