"""What adaptive augmentation must do: its filter, its warp, the order of its changes, its strength."""

import math
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from stages.engine.chance import Chance
from stages.engine.world import World
from stages.losses.penalty import r1
from stages.papers.mscond.methods.insgen.block import AdaKeys
from tests.papers.checks_mscond_contrast import close, draw

ALONE = World.single()
CHANCE = Chance(0, 0, ALONE)


def keys(**changes: Any) -> AdaKeys:
    return AdaKeys(**({
        "ada_target": 0.6, "ada_speed_images": 1000, "ada_every": 4, "ada_shift": 0.125, "ada_scale": 0.2,
        "ada_brightness": 0.2, "ada_contrast": 0.5, "ada_saturation": 1.0} | changes))  # fmt: skip


class Told:
    """Draws as told, by the last part of their names; whatever else is asked for is a change that is not made."""

    def __init__(self, uniform: Mapping[str, float], normal: Mapping[str, float], hits: Mapping[str, float]) -> None:
        self.uniforms, self.normals, self.hits = uniform, normal, hits

    def uniform(self, name: str, rows: int) -> Tensor:
        what = name.removeprefix("told/")
        if what.endswith("/whether"):
            return torch.full((rows,), self.hits.get(what.removesuffix("/whether"), 1.0), dtype=torch.float64)
        return torch.full((rows,), self.uniforms.get(what, 0.3), dtype=torch.float64)

    def normal(self, name: str, rows: int) -> Tensor:
        return torch.full((rows,), self.normals.get(name.removeprefix("told/"), 0.9), dtype=torch.float64)


def told(m: SimpleNamespace, p: float = 0.5, uniform=(), normal=(), hits=()) -> Any:
    return m.Draws(Told(dict(uniform), dict(normal), dict(hits)), "told", 1, p)


def turn(angle: float) -> np.ndarray:
    return np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]])


def moved(x: float, y: float) -> np.ndarray:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def waves(size: int, x: Tensor, y: Tensor) -> Tensor:
    """A smooth picture that goes on beyond its border as its mirror image; places count from the first pixel."""
    step = math.pi / (size - 1)
    return torch.stack([(step * x).cos() * (step * y).cos(), (step * x).cos(), (2 * step * y).cos() + 0.5])[None]


def pixels(size: int) -> tuple[Tensor, Tensor]:
    places = torch.arange(size, dtype=torch.float64)
    y, x = torch.meshgrid(places, places, indexing="ij")
    return x, y


def check_the_filter_is_the_least_asymmetric_wavelet(m: SimpleNamespace) -> None:
    taps = np.array(m.SYM6)
    close(taps.sum(), math.sqrt(2), 1e-9)
    for shift in range(6):
        close(taps[2 * shift :] @ taps[: 12 - 2 * shift], 1.0 if shift == 0 else 0.0, 1e-9)
    places = np.arange(12)
    moments = [((-1.0) ** places * places**power) @ taps for power in range(7)]
    close(moments[:6], [0] * 6, 1e-8)
    assert abs(moments[6]) > 100 and int(np.argmax(taps)) == 5


def check_matrices(m: SimpleNamespace) -> None:
    place = torch.tensor([3.0, 1.0, 1.0], dtype=torch.float64)
    two, five = torch.tensor([2.0]).double(), torch.tensor([5.0]).double()
    close(m.translated(two, five)[0] @ place, [5, 6, 1])
    close(m.scaled(two, five)[0] @ place, [6, 5, 1])
    close(m.rotated(torch.tensor([math.pi / 2]).double())[0] @ place, [-1, 3, 1])


def check_margins(m: SimpleNamespace) -> None:
    assert m.margins(torch.eye(3)[None], 32, 24) == (6, 6, 6, 6)
    assert m.margins(torch.eye(3)[None], 6, 24) == (5, 5, 6, 6)
    source = torch.from_numpy(np.stack([moved(3.5, -2), moved(-1.25, 0)]))
    assert m.margins(source, 32, 24) == (8, 10, 8, 6)
    assert m.margins(torch.from_numpy(moved(100, -100))[None], 32, 24) == (0, 31, 23, 0)
    quarter = torch.from_numpy(turn(math.pi / 2))[None]
    assert m.margins(quarter, 32, 24) == (2, 2, 10, 10)


def check_sampling(m: SimpleNamespace) -> None:
    images, places = (
        draw(2, 3, 6, 9),
        14 * torch.rand(2, 2, 4, 5, generator=torch.Generator().manual_seed(0)).double() - 3,
    )
    places[0, :, 0] = torch.tensor([[-1.0, 8, 9, 30, -30], [0, 5, 6, 30, 2]])
    scale = torch.tensor([2 / 9, 2 / 6], dtype=torch.float64)
    grid = (places.permute(0, 2, 3, 1) + 0.5) * scale - 1
    expected = F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    close(m.sampled(images, places), expected, 1e-12)


def check_doubling(m: SimpleNamespace) -> None:
    """Zeros between pixels of the mirrored row, then the filter; both in plain loops."""
    row, taps = draw(9).numpy(), np.array(m.SYM6) * math.sqrt(2)
    mirrored = np.pad(row, (3, 5), mode="reflect")
    spread = np.zeros(2 * len(mirrored))
    spread[::2] = mirrored
    expected = [sum(taps[k] * spread[r + 6 - k - 1] for k in range(12) if 0 <= r + 5 - k < len(spread))
                for r in range(len(spread))]  # fmt: skip
    matrix = m.doubling(9, 3, 5, torch.zeros(1, dtype=torch.float64))
    close(matrix @ torch.from_numpy(row), expected, 1e-9)


def check_nothing_changes_under_the_identity(m: SimpleNamespace) -> None:
    images = draw(2, 3, 12, 16)
    close(m.resampled(images, torch.eye(3).double().repeat(2, 1, 1)), images, 1e-9)
    close(m.resampled(images.float(), torch.eye(3).repeat(2, 1, 1)), images, 1e-5)
    assert torch.equal(m.warped(images, torch.eye(3).double().repeat(2, 1, 1)), images)


def check_images_that_stay_are_left_out(m: SimpleNamespace) -> None:
    images = draw(3, 3, 12, 12).requires_grad_()
    source = torch.from_numpy(np.stack([moved(1.5, 0), np.eye(3), turn(0.3)]))
    found = m.warped(images, source)
    assert torch.equal(found[1], images[1])
    for row in (0, 2):
        close(found[row], m.resampled(images[row : row + 1], source[row : row + 1])[0], 1e-9)
    (slope,) = torch.autograd.grad(found[1].sum(), images)
    assert torch.equal(slope[1], torch.ones(3, 12, 12).double()) and not slope[[0, 2]].any()


def check_whole_pixels_move_exactly(m: SimpleNamespace) -> None:
    images = draw(2, 3, 12, 12)
    source = torch.from_numpy(np.stack([moved(3, -2), moved(-4, 0)]))
    wide = F.pad(images, (5, 5, 5, 5), mode="reflect")
    expected = torch.stack([wide[0, :, 3:15, 8:20], wide[1, :, 5:17, 1:13]])
    close(m.warped(images, source), expected, 1e-9)


def check_waves_are_seen_where_the_source_says(m: SimpleNamespace) -> None:
    size, middle = 48, 23.5
    x, y = pixels(size)
    images = waves(size, x, y)
    cases = [turn(math.pi / 2), turn(0.4), np.diag([-1.0, 1, 1]), np.diag([0.5, 0.8, 1]), np.diag([1.2, 0.9, 1]),
             turn(0.7) @ moved(2.5, -4.25) @ np.diag([1.1, 0.7, 1])]  # fmt: skip
    for source in cases:
        place = source @ np.stack([x.numpy().ravel() - middle, y.numpy().ravel() - middle, np.ones(size * size)])
        seen = [torch.from_numpy(row.reshape(size, size) + middle) for row in place[:2]]
        close(m.warped(images, torch.from_numpy(source)[None]), waves(size, *seen), 0.012)


def check_changes_of_place_in_their_order(m: SimpleNamespace) -> None:
    """Of a point of the image, step by step; at p = 1/2 a turn is made below 1 - sqrt(1/2) = 0.2929."""
    size = 40
    uniform = {"mirror": 0.7, "quarters": 0.3, "pixels/x": 0.9, "pixels/y": 0.2, "turn_before": 0.6, "turn_after": 0.4}
    normal = {"scale": 1.5, "stretch": -0.7, "shift/x": 0.4, "shift/y": -1.1}
    everything = dict.fromkeys(
        ("mirror", "quarters", "pixels", "scale", "stretch", "shift", "turn_before", "turn_after"), 0.29
    )
    big, wide = 2 ** (0.2 * 1.5), 2 ** (0.2 * -0.7)
    steps = {
        "mirror": np.diag([-1.0, 1, 1]),
        "quarters": turn(math.pi / 2),
        "pixels": moved(round(0.8 * 5), round(-0.6 * 5)),
        "scale": np.diag([big, big, 1]),
        "turn_before": turn(0.2 * math.pi),
        "stretch": np.diag([wide, 1 / wide, 1]),
        "turn_after": turn(-0.2 * math.pi),
        "shift": moved(0.4 * 5, -1.1 * 5),
    }
    for left_out in (None, *steps):
        hits = {name: coin for name, coin in everything.items() if name != left_out}
        forward = np.eye(3)
        for name, step in steps.items():
            forward = forward if name == left_out else step @ forward
        found = m.geometry(told(m, 0.5, uniform, normal, hits), keys(), size)
        close(found[0], np.linalg.inv(forward), 1e-6)
    some = m.geometry(told(m, 0.5, uniform, normal, dict.fromkeys(everything, 0.295)), keys(), size)
    without = {name: step for name, step in steps.items() if not name.startswith("turn")}
    close(some[0], np.linalg.inv(np.linalg.multi_dot(list(reversed(without.values())))), 1e-6)
    whole = moved(round(0.7 * 0.125 * 30), 0)
    rounded = m.geometry(told(m, 0.5, {"pixels/x": 0.85, "pixels/y": 0.5}, {}, {"pixels": 0.0}), keys(), 30)
    close(rounded[0], np.linalg.inv(whole), 1e-6)
    above = m.geometry(told(m, 1.3, uniform, normal, dict.fromkeys(everything, 0.99)), keys(), size)
    assert above.isfinite().all() and not torch.allclose(above, some)


def check_changes_of_colour_in_their_order(m: SimpleNamespace) -> None:
    uniform, normal = {"luma": 0.6, "hue": 0.65}, {"brightness": 0.8, "contrast": -1.2, "saturation": 0.4}
    hits = dict.fromkeys(("brightness", "contrast", "luma", "hue", "saturation"), 0.49)
    one = torch.ones(1, dtype=torch.float64)
    steps = {
        "brightness": m.brightness(0.2 * 0.8 * one),
        "contrast": m.contrast(2 ** (0.5 * -1.2) * one),
        "luma": m.luma_flip(one),
        "hue": m.hue(0.3 * math.pi * one),
        "saturation": m.saturation(2**0.4 * one),
    }
    for left_out in (None, *steps):
        expected = torch.eye(4, dtype=torch.float64)
        for name, step in steps.items():
            expected = expected if name == left_out else step[0] @ expected
        chosen = {name: coin for name, coin in hits.items() if name != left_out}
        close(m.colours(told(m, 0.5, uniform, normal, chosen), keys())[0], expected, 1e-6)
    nothing = m.colours(told(m, 0.5, uniform, normal, dict.fromkeys(hits, 0.5)), keys())
    close(nothing[0], torch.eye(4))


def check_every_change_is_made_with_its_probability(m: SimpleNamespace) -> None:
    draws = m.Draws(CHANCE, "a", 4000, 0.3)
    found = draws.hit("mirror", torch.ones(4000), 0.0)
    assert abs(found.mean() - 0.3) < 0.03
    assert not torch.equal(found, draws.hit("scale", torch.ones(4000), 0.0))
    identity = torch.eye(3)
    untouched = (m.geometry(m.Draws(CHANCE, "a", 2000, 0.2), keys(), 32) - identity).abs().amax((1, 2)) < 1e-6
    # Mirrors and quarter turns are none in a half and a quarter of their draws.
    kept = 0.9 * 0.85 * 0.8**4 * 0.8
    assert abs(untouched.double().mean() - kept) < 0.035
    none = m.Draws(CHANCE, "a", 50, 0.0)
    close(m.geometry(none, keys(), 32), identity.expand(50, 3, 3))
    close(m.colours(none, keys()), torch.eye(4).expand(50, 4, 4))
    evens = draws.even("x")
    assert -1 <= evens.min() < -0.99 and 0.99 < evens.max() < 1


def check_the_pipe(m: SimpleNamespace) -> None:
    images = draw(4, 3, 16, 16).float()
    close(m.augmented(images, 0.0, keys(), CHANCE, "a"), images, 1e-5)
    whole = m.augmented(images, 0.8, keys(), CHANCE, "a")
    draws = m.Draws(CHANCE, "a", 4, 0.8)
    turned = m.warped(images, m.geometry(draws, keys(), 16))
    close(whole, m.coloured(turned, m.colours(draws, keys())), 1e-6)
    assert not torch.allclose(whole, m.augmented(images, 0.8, keys(), CHANCE, "b"))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = m.augmented(images, 0.8, keys(), CHANCE, "a")
    assert found.dtype == torch.float32
    close(found, whole, 1e-6)
    for rank in range(2):
        own = m.augmented(images[rank::2], 0.8, keys(), Chance(0, 0, World(rank, 2, ALONE.device)), "a")
        close(own, whole[rank::2], 1e-5)


def check_first_and_second_derivatives(m: SimpleNamespace) -> None:
    images = draw(2, 3, 8, 8).requires_grad_()

    def pipe(x: Tensor) -> Tensor:
        return m.augmented(x, 0.9, keys(), CHANCE, "a")[:, :, ::3, ::3]

    assert torch.autograd.gradcheck(pipe, (images,), fast_mode=True)
    assert torch.autograd.gradgradcheck(lambda x: pipe(x).sin(), (images,), fast_mode=True)


def check_the_penalty_is_on_images_before_the_pipe(m: SimpleNamespace) -> None:
    """D(x) = a sum(pipe(x)): the penalty is gamma / 2 a^2 |pipe^T 1|^2, its slope twice that over a."""
    images, scale = draw(2, 3, 8, 8).float(), torch.tensor(1.5, requires_grad=True)
    again = images.clone().requires_grad_()
    (slope,) = torch.autograd.grad(m.augmented(again, 0.9, keys(), CHANCE, "a").sum(), again)
    penalty = r1(lambda x: scale * m.augmented(x, 0.9, keys(), CHANCE, "a").sum((1, 2, 3)), images, 4.0)
    expected = 2 * 1.5**2 * float(slope.square().sum()) / 2
    close(penalty, expected, 1e-3 * expected)
    penalty.backward()
    assert scale.grad is not None
    close(scale.grad, 2 * expected / 1.5, 1e-3 * expected)


class Pair:
    """A world of two processes that see the same."""

    def total(self, value: Tensor) -> Tensor:
        return 2 * value


def check_strength_follows_the_signs(m: SimpleNamespace) -> None:
    memory: dict[str, Tensor] = {}
    strength = m.Strength(memory, keys(), 10)
    assert set(memory) == {"ada/strength", "ada/signs"} and strength.p == 0.0
    # 10 images a step, every 4 steps, 1000 images from 0 to 1: 0.04 a move.
    expected, step = 0.0, 0
    for share in (1.0, 0.9, 0.7, 0.8, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0):
        for _ in range(4):
            strength.follow(step)
            close(strength.p, expected)
            logits = torch.cat([torch.full((round(10 * share),), 0.1), torch.full((10 - round(10 * share),), -9.0)])
            strength.saw(logits, ALONE)
            step += 1
        close(memory["ada/signs"], [40 * (2 * round(10 * share) / 10 - 1), 40])
        mean = 2 * round(10 * share) / 10 - 1
        move = (mean > 0.6 + 1e-9) - (mean < 0.6 - 1e-9)
        expected = max(0.0, expected + 0.04 * move)
    for _ in range(120):
        strength.follow(0)
        strength.saw(torch.ones(10), ALONE)
    assert strength.p > 1
    strength.follow(0)
    assert not memory["ada/signs"].any()
    strength.saw(torch.tensor([2.0, -3, 5]), Pair())
    close(memory["ada/signs"], [2, 6])
    before = strength.p
    for step in (1, 2, 3):
        strength.follow(step)
    assert strength.p == before and memory["ada/signs"].any()


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
