"""What MsConD's contrastive loss, queue and slow copies must give, in closed form or against loops."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from stages.engine.chance import Chance
from stages.engine.world import World

ALONE = World.single()
# Keys -> losses at temperature 0.2, all similarities equal; positive 1 and negatives 0; negatives -1. Source: spec 7.20
PRINTED = {63: (4.1588831, 0.3538143, None), 255: (5.5451774, 0.9999612, 0.0115105), 8191: (9.0109133, 4.0287481, None)}
BOXES = torch.tensor(
    [[0.0, 0.0, 0.6, 0.5], [0.1, 0.3, 0.9, 1.0], [0.0, 0.0, 1.0, 1.0], [0.5, 0.1, 1.0, 0.8], [0.2, 0.2, 0.7, 0.6],
     [0.0, 0.4, 0.5, 1.0]]
)  # fmt: skip
FLIPS = torch.tensor([False, True, True, False, True, False])


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def close(found: Any, expected: Any, atol: float = 1e-6) -> None:
    found, expected = (x.detach().numpy() if isinstance(x, Tensor) else np.asarray(x) for x in (found, expected))
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


def pairs(m: SimpleNamespace, height: int, count: int = 3):
    """Projections of `count` images with their partners, width 5."""
    matching = m.match(BOXES[:count], FLIPS[:count], BOXES[3 : 3 + count], FLIPS[3 : 3 + count], height, 0.7)
    return draw(count, 5, height, height), draw(count, 5, height, height, seed=1), matching


def run(m: SimpleNamespace, query, key, matching, step: int = 0, **changes: Any):
    keys = {"temperature": 0.2, "keys_kept": 10_000, "queue": None, "name": "contrast", "world": ALONE} | changes
    return m.contrastive(query, key, matching, chance=Chance(0, step, keys["world"]), **keys)


def looped(query, key, matching, temperature: float, kept: list[int], queue=()) -> tuple[float, float, float, float]:
    """The loss, the mean cosines of positives and negatives, and the share of unmatched queries, one by one."""
    unit = [x.numpy() / np.linalg.norm(x.numpy(), axis=1, keepdims=True) for x in (query, key)]
    flat = [x.reshape(*x.shape[:2], -1).transpose(0, 2, 1) for x in unit]
    losses, positives, negatives = [], [], []
    rows, cells, _ = flat[0].shape
    for row in range(rows):
        for cell in range(cells):
            if not matching.found[row, cell]:
                continue
            q = flat[0][row, cell]
            own = q @ flat[1][row, int(matching.positive[row, cell])]
            others = []
            for number in kept:
                image, place = divmod(number, cells)
                if image != row or not matching.near[row, cell, place]:
                    others.append(q @ flat[1][image, place])
            others += [q @ np.asarray(k) for k in queue]
            rest = sum(math.exp(x / temperature) for x in others)
            losses.append(-math.log(math.exp(own / temperature) / (math.exp(own / temperature) + rest)))
            positives.append(own)
            negatives.append(np.mean(others) if others else 0)
    means = [float(np.mean(values)) for values in (losses, positives, negatives)]
    return means[0], means[1], means[2], 1 - len(losses) / (rows * cells)


def check_closed_forms(m: SimpleNamespace) -> None:
    one, other = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    for count, (equal, apart, opposite) in PRINTED.items():
        for keys, expected in ((one, equal), (other, apart), (-one, opposite)):
            if expected is not None:
                close(m.positive_against(one, one, keys.expand(count, 2), None, 0.2), [expected], 1e-5)
        close(m.positive_against(other, one, -one.expand(count, 2), None, 0.2), [math.log(1 + count)], 1e-5)


def check_excluded_keys_are_no_keys(m: SimpleNamespace) -> None:
    query, positive, keys = draw(4, 3), draw(4, 3, seed=1), draw(6, 3, seed=2)
    excluded = torch.tensor([[True, False, False, True, False, False]]).expand(4, 6)
    found = m.positive_against(query, positive, keys, excluded, 0.3)
    close(found, m.positive_against(query, positive, keys[[1, 2, 4, 5]], None, 0.3), 1e-12)
    assert not torch.allclose(found, m.positive_against(query, positive, keys, None, 0.3))
    with pytest.raises(ValueError, match=r"positive_against: expected exclusions of shape \(4, 6\), came \(4, 5\)"):
        m.positive_against(query, positive, keys, excluded[:, :5], 0.3)


def check_a_query_without_negatives_costs_nothing(m: SimpleNamespace) -> None:
    query = draw(2, 3).requires_grad_()
    excluded = torch.tensor([[True, True], [False, True]])
    losses = m.positive_against(query, draw(2, 3, seed=1), draw(2, 3, seed=2), excluded, 0.2)
    losses.sum().backward()
    assert losses[0] == 0 and losses[1] > 0
    assert query.grad is not None and not query.grad[0].any() and query.grad.isfinite().all() and query.grad[1].any()


def check_half_precision_is_left(m: SimpleNamespace) -> None:
    query, positive, keys = (draw(4, 8, seed=seed).bfloat16() for seed in range(3))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = m.positive_against(query, positive, keys, None, 0.2)
        maps = [draw(2, 8, 1, 1, seed=seed).bfloat16() for seed in range(2)]
        loss = run(m, maps[0], maps[1], pairs(m, 1, 2)[2]).loss
    assert found.dtype == loss.dtype == torch.float32
    close(found, m.positive_against(query.double(), positive.double(), keys.double(), None, 0.2), 1e-5)


def check_loss_equals_loops(m: SimpleNamespace) -> None:
    for height in (1, 2, 4):
        query, key, matching = pairs(m, height)
        for temperature in (0.2, 0.5):
            found = run(m, query, key, matching, temperature=temperature)
            kept = list(range(3 * height**2))
            expected = looped(query, key, matching, temperature, kept)
            close(found.loss, expected[0], 1e-9)
            close([float(found.facts[name]) for name in ("positive", "negative", "unmatched")], expected[1:], 1e-7)
            assert set(found.facts) == {"positive", "negative", "unmatched"} and found.queue is None


def check_a_subset_of_keys_is_drawn_once(m: SimpleNamespace) -> None:
    """It changes with step and name, and positives stay whatever is drawn."""
    query, key, matching = pairs(m, 4)
    values = []
    for step, name in ((0, "contrast"), (1, "contrast"), (0, "other")):
        found = run(m, query, key, matching, step, keys_kept=7, name=name)
        kept = Chance(0, step, ALONE).permutation(name, 48)[:7].tolist()
        expected = looped(query, key, matching, 0.2, kept)
        close([found.loss, found.facts["positive"], found.facts["negative"]], expected[:3], 1e-7)
        values.append(float(found.loss))
    assert len(set(values)) == 3


def check_the_queue_joins_the_negatives(m: SimpleNamespace) -> None:
    query, key, matching = pairs(m, 1)
    queue = nn.functional.normalize(draw(4, 5, seed=7), dim=1)
    found = run(m, query, key, matching, queue=queue)
    close(found.loss, looped(query, key, matching, 0.2, [0, 1, 2], queue)[0], 1e-9)
    close(found.facts["negative"], looped(query, key, matching, 0.2, [0, 1, 2], queue)[2], 1e-7)
    unit = nn.functional.normalize(key.flatten(1), dim=1)
    close(found.queue, torch.cat([queue[3:], unit]), 1e-9)
    assert not found.queue.requires_grad


def check_queues_are_first_in_first_out(m: SimpleNamespace) -> None:
    queue, width = torch.zeros(5, 1), 0
    seen: list[float] = [0.0] * 5
    for count in (2, 2, 3, 5, 8, 1):
        rows = torch.arange(width, width + count, dtype=torch.float32)[:, None]
        width += count
        seen = [*seen, *rows[:, 0].tolist()][-5:]
        queue = m.pushed(queue, rows)
        assert queue[:, 0].tolist() == seen


def check_fresh_queues(m: SimpleNamespace) -> None:
    queue = m.fresh_queue(64, 8, 0, "real")
    assert queue.shape == (64, 8)
    close(queue.norm(dim=1), [1.0] * 64)
    assert abs(float(queue.mean())) < 0.05 and queue.min() < -0.3
    assert torch.equal(queue, m.fresh_queue(64, 8, 0, "real"))
    assert not torch.equal(queue, m.fresh_queue(64, 8, 1, "real"))
    assert not torch.equal(queue, m.fresh_queue(64, 8, 0, "fake"))


def check_order_of_images_and_lengths_do_not_matter(m: SimpleNamespace) -> None:
    query, key, matching = pairs(m, 4)
    loss = run(m, query, key, matching).loss
    order = torch.tensor([2, 0, 1])
    turned = m.Matching(*(part[order] for part in matching))
    close(run(m, query[order], key[order], turned).loss, loss, 1e-9)
    lengths = draw(3, 1, 4, 4, seed=5).exp()
    close(run(m, query * lengths, key * lengths.flip(0), matching).loss, loss, 1e-9)
    assert not torch.allclose(run(m, -query, key, matching).loss, loss)


def check_a_smaller_temperature_is_cheaper_for_separable_keys(m: SimpleNamespace) -> None:
    key = torch.eye(4)[:, :, None, None].double()
    matching = m.Matching(torch.zeros(4, 1, dtype=torch.long), *(torch.ones(4, *[1] * n).bool() for n in (1, 2)))
    losses = [float(run(m, key, key, matching, temperature=t).loss) for t in (0.1, 0.2, 0.5)]
    close(losses, [math.log(1 + 3 * math.exp(-1 / t)) for t in (0.1, 0.2, 0.5)])
    assert losses == sorted(losses)


def check_nothing_matched_is_zero(m: SimpleNamespace) -> None:
    query, key, matching = pairs(m, 2)
    none = matching._replace(found=torch.zeros_like(matching.found))
    query.requires_grad_()
    found = run(m, query, key, none)
    found.loss.backward()
    assert float(found.loss.detach()) == 0 and query.grad is not None and not query.grad.any()
    assert [float(found.facts[name]) for name in ("positive", "negative", "unmatched")] == [0, 0, 1]


def check_keys_have_no_gradient(m: SimpleNamespace) -> None:
    query, key, matching = pairs(m, 2)
    query.requires_grad_()
    key.requires_grad_()
    run(m, query, key, matching).loss.backward()
    assert query.grad is not None and query.grad.any() and key.grad is None


class Half:
    """Process `rank` of two that hold every second image; what the other has is known beforehand."""

    size = 2

    def __init__(self, m: SimpleNamespace, rank: int, key: Tensor, found: Tensor) -> None:
        self.rank, self.everyone, self.count = rank, m.cells(key), found.sum()

    def gather(self, rows: Tensor) -> Tensor:
        assert torch.equal(rows, self.everyone[self.rank :: 2])
        return self.everyone

    def total(self, value: Tensor) -> Tensor:
        return self.count.to(value)


def check_two_processes_are_one(m: SimpleNamespace) -> None:
    for height, count in ((1, 4), (4, 4)):
        boxes = [BOXES[:count], BOXES[-count:].flip(0)]
        matching = m.match(boxes[0], FLIPS[:count], boxes[1], FLIPS[-count:], height, 0.7)
        query, key = draw(count, 5, height, height).requires_grad_(), draw(count, 5, height, height, seed=1)
        whole = run(m, query, key, matching, keys_kept=9)
        (slope,) = torch.autograd.grad(whole.loss, query)
        parts, slopes = [], torch.zeros_like(slope)
        for rank in range(2):
            own = m.Matching(*(part[rank::2] for part in matching))
            world = Half(m, rank, key, matching.found)
            parts.append(run(m, query[rank::2], key[rank::2], own, keys_kept=9, world=world))
            slopes += torch.autograd.grad(parts[-1].loss, query)[0] / 2
        close(sum(part.loss for part in parts) / 2, whole.loss, 1e-9)
        close(slopes, slope, 1e-9)
        for name, value in whole.facts.items():
            close(sum(part.facts[name] for part in parts) / 2, value, 1e-9)


def check_slow_copies(m: SimpleNamespace) -> None:
    nets = {"one": nn.Linear(3, 2), "two": nn.Linear(1, 1)}
    before = m.copied(nets)
    assert set(before) == {f"keys/{net}.{name}" for net in nets for name in ("weight", "bias")}
    with torch.no_grad():
        for net in nets.values():
            for parameter in net.parameters():
                parameter += 1
    for keep in (0.0, 0.5, 0.999, 1.0):
        memory = {name: value.clone() for name, value in before.items()}
        m.follow(memory, nets, keep)
        for name, value in m.parameters_of(memory, "one").items():
            close(value, before[f"keys/one.{name}"] + 1 - keep)
    assert not any(value.requires_grad for value in memory.values())
    m.follow(memory, nets, 0.0)
    assert all(torch.equal(m.parameters_of(memory, "two")[name], p) for name, p in nets["two"].named_parameters())
    called = torch.func.functional_call(nets["one"], m.parameters_of(memory, "one"), (torch.ones(1, 3),))
    close(called, nets["one"](torch.ones(1, 3)))


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
