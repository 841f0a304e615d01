"""What MsConD's views, colours and partners must be, in closed form or against loops."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from stages.engine.chance import Chance
from stages.engine.world import World
from stages.papers.mscond.contrast_keys import ViewKeys
from tests.papers.checks_mscond_contrast import close, draw

ALONE = World.single()
CHANCE = Chance(0, 0, ALONE)
WHOLE = [0.0, 0.0, 1.0, 1.0]


def keys(**changes: Any) -> ViewKeys:
    return ViewKeys(**({
        "view_area": (0.25, 1.0), "view_ratio": (0.75, 4 / 3), "view_flip": 0.5, "view_jitter": (0.4, 0.4, 0.4, 0.1),
        "view_jitter_share": 0.8, "view_grey_share": 0.2} | changes))  # fmt: skip


def one(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def after(matrix: Tensor, colour: tuple[float, float, float]) -> Tensor:
    return (matrix.double() @ one(*colour, 1))[:, :3]


def plain(*, light=0.0, contrast=0.0, saturation=0.0, hue=0.0, **changes: Any) -> ViewKeys:
    """Jitter of the given reaches for every image, no grey."""
    jitter = {"view_jitter": (light, contrast, saturation, hue), "view_jitter_share": 1.0, "view_grey_share": 0.0}
    return keys(**(jitter | changes))


def check_colours_in_closed_form(m: SimpleNamespace) -> None:
    colour = (0.5, -0.1, 0.2)
    close(after(m.brightness(one(0.3, -1)), colour), [[0.8, 0.2, 0.5], [-0.5, -1.1, -0.8]])
    close(after(m.contrast(one(2, 0.5)), colour), [[1.0, -0.2, 0.4], [0.25, -0.05, 0.1]])
    close(after(m.exposure(one(2, 0)), colour), [[2.0, 0.8, 1.4], [-1, -1, -1]])
    close(after(m.saturation(one(0, 1, 2)), colour), [[0.2] * 3, colour, [0.8, -0.4, 0.2]])
    close(after(m.luma_flip(one(0, 1)), colour), [colour, [0.1, -0.5, -0.2]])
    third = 2 * math.pi / 3
    close(after(m.hue(one(0, third, 2 * third)), colour), [colour, [0.2, 0.5, -0.1], [-0.1, 0.2, 0.5]])
    close(after(m.hue(one(math.pi)), (1, 0, 0)), [[-1 / 3, 2 / 3, 2 / 3]])
    for make in (m.brightness, m.contrast, m.exposure, m.saturation, m.luma_flip, m.hue):
        close(make(one(0.7))[:, 3], [[0, 0, 0, 1]])
    close(m.hue(one(0.4)) @ m.hue(one(-0.4)), torch.eye(4)[None], 1e-7)


def check_colours_go_through_their_own_image_map(m: SimpleNamespace) -> None:
    images = draw(2, 3, 4, 5)
    matrices = m.brightness(one(1, 2)) @ m.saturation(one(0, 1))
    expected = torch.stack([images[0].mean(0).expand(3, 4, 5) + 1, images[1] + 2])
    close(m.coloured(images, matrices), expected)
    # A third of a turn of the hue has red from blue, which a map and its transpose do not share.
    turned = m.coloured(images, m.hue(one(2 * math.pi / 3, 0)))
    close(turned, torch.stack([images[0][[2, 0, 1]], images[1]]), 1e-6)
    with pytest.raises(ValueError, match=r"expected images with 3 planes, came shape \(2, 1, 4, 5\)"):
        m.coloured(images[:, :1], matrices)


def check_boxes(m: SimpleNamespace) -> None:
    views = m.draw_views(keys(), CHANCE, "view", 2000)
    boxes = views.boxes.double()
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    assert boxes.min() >= 0 and boxes.max() <= 1 and width.max() <= 1 and height.max() <= 1
    area, ratio = width * height, width / height
    assert 0.2499 < area.min() < 0.27 and 0.9 < area.max() <= 1.0001
    assert 0.7499 < ratio.min() < 0.77 and 1.3 < ratio.max() < 1.3334
    assert abs(ratio.log().mean()) < 0.02
    # Where the room that a box leaves is used evenly, its share lies at 1/2 in the mean.
    loose = (width < 0.9) & (height < 0.9)
    for start, side in ((0, width), (1, height)):
        used = boxes[loose, start] / (1 - side[loose])
        assert abs(used.mean() - 0.5) < 0.03 and used.min() < 0.02 and used.max() > 0.98
    assert abs(views.flips.double().mean() - 0.5) < 0.04 and views.flips.dtype == torch.bool
    assert torch.unique(boxes, dim=0).shape[0] == 2000
    assert abs(m.draw_views(keys(view_flip=0.2), CHANCE, "view", 2000).flips.double().mean() - 0.2) < 0.04


def check_the_first_try_that_fits_is_taken(m: SimpleNamespace) -> None:
    area, ratio = (0.5, 1.0), (0.25, 4.0)
    views = m.draw_views(keys(view_area=area, view_ratio=ratio), CHANCE, "view", 300)
    tries, whole = CHANCE.uniform("view/crop", 300, 10, 4).double().numpy(), 0
    for row in range(300):
        expected = WHOLE
        for share, shape, across, down in tries[row]:
            size = area[0] + share * (area[1] - area[0])
            form = math.exp(math.log(ratio[0]) + shape * (math.log(ratio[1]) - math.log(ratio[0])))
            width, height = math.sqrt(size * form), math.sqrt(size / form)
            if width <= 1 and height <= 1:
                left, top = across * (1 - width), down * (1 - height)
                expected = [left, top, left + width, top + height]
                break
        whole += expected == WHOLE
        close(views.boxes[row], expected, 1e-5)
    assert whole
    never = m.draw_views(keys(view_area=(1.0, 1.0), view_ratio=(2.0, 2.0)), CHANCE, "view", 4)
    close(never.boxes, [WHOLE] * 4)


def check_draws_follow_name_step_and_row(m: SimpleNamespace) -> None:
    for make in (lambda c, name, n: m.draw_views(keys(), c, name, n).boxes, lambda c, name, n: m.draw_views(
            keys(), c, name, n).flips, lambda c, name, n: m.draw_colours(keys(), c, name, n)):  # fmt: skip
        whole = make(CHANCE, "a", 40)
        assert torch.equal(whole, make(CHANCE, "a", 40))
        assert not torch.equal(whole, make(CHANCE, "b", 40)) and not torch.equal(
            whole, make(Chance(0, 1, ALONE), "a", 40)
        )
        for rank in range(2):
            assert torch.equal(make(Chance(0, 0, World(rank, 2, ALONE.device)), "a", 20), whole[rank::2])


def check_views_that_do_not_move(m: SimpleNamespace) -> None:
    views = m.draw_views(keys(), CHANCE, "view", 3, moved=False)
    close(views.boxes, [WHOLE] * 3)
    assert not views.flips.any()
    images = draw(3, 3, 8, 8).float()
    grey, where = m.seen(images, plain(), CHANCE, "view", moved=False)
    close(grey, images, 1e-5)
    assert torch.equal(where.boxes, views.boxes)


def check_looking(m: SimpleNamespace) -> None:
    """A view's pixels by bilinear interpolation one by one, border repeated."""
    images, size = draw(4, 3, 6, 6), 6
    boxes = torch.tensor([WHOLE, WHOLE, [0.0, 0.25, 0.5, 1.0], [0.3, 0.1, 0.9, 0.5]])
    flips = torch.tensor([False, True, False, True])
    colours = m.brightness(one(0, 0, 0, 0.5))
    found = m.look(images, m.Views(boxes, flips), colours)
    for row, (x0, y0, x1, y1) in enumerate(boxes.tolist()):
        for v in range(size):
            for u in range(size):
                share = (u + 0.5) / size
                x = (x0 + (1 - share if flips[row] else share) * (x1 - x0)) * size - 0.5
                y = (y0 + (v + 0.5) / size * (y1 - y0)) * size - 0.5
                left, top = math.floor(x), math.floor(y)
                value = torch.zeros(3, dtype=torch.float64)
                for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
                    weight = (x - left if dx else 1 - x + left) * (y - top if dy else 1 - y + top)
                    place = min(max(top + dy, 0), size - 1), min(max(left + dx, 0), size - 1)
                    value += weight * images[row, :, place[0], place[1]]
                close(found[row, :, v, u], value + (0.5 if row == 3 else 0), 1e-5)
    assert not m.look(images.requires_grad_(), m.Views(boxes, flips), colours).requires_grad


def check_views_lie_where_partners_are_sought(m: SimpleNamespace) -> None:
    """Cells of views of a picture whose colours are its places hold their centres, which `across` and `down` say."""
    size, cells = 32, 4
    share = (torch.arange(size) + 0.5) / size
    places = torch.stack([share.expand(size, size), share[:, None].expand(size, size), torch.zeros(size, size)])
    boxes = torch.tensor([[0.1, 0.2, 0.6, 0.9], [0.1, 0.2, 0.6, 0.9], [0.4, 0.05, 0.95, 0.5]])
    views = m.Views(boxes, torch.tensor([False, True, True]))
    found = m.look(places.expand(3, -1, -1, -1), views, torch.eye(4).repeat(3, 1, 1))
    pooled = torch.nn.functional.avg_pool2d(found, size // cells)[:, :2].flatten(2).transpose(1, 2)
    close(pooled[..., 0].view(3, cells, cells), m.across(*views, cells)[:, None].expand(-1, cells, -1), 1e-5)
    close(pooled[..., 1].view(3, cells, cells), m.down(boxes, cells)[:, :, None].expand(-1, -1, cells), 1e-5)


def check_seen_is_drawn_and_looked_at(m: SimpleNamespace) -> None:
    images = draw(5, 3, 8, 8).float()
    pictures, views = m.seen(images, keys(), CHANCE, "view")
    again = m.draw_views(keys(), CHANCE, "view", 5)
    assert torch.equal(views.boxes, again.boxes) and torch.equal(views.flips, again.flips)
    assert torch.equal(pictures, m.look(images, again, m.draw_colours(keys(), CHANCE, "view", 5)))


def check_jitter(m: SimpleNamespace) -> None:
    def drawn(**changes: Any) -> Tensor:
        return m.draw_colours(plain(**changes), CHANCE, "view", 1000).double()

    def reaches(values: Tensor, middle: float, reach: float) -> None:
        assert middle - reach - 1e-5 < values.min() < middle - 0.9 * reach
        assert middle + 0.9 * reach < values.max() < middle + reach + 1e-5

    close(drawn(), torch.eye(4).expand(1000, 4, 4))
    light = drawn(light=0.4)
    close(after(light, (-1, -1, -1)), [[-1] * 3] * 1000, 1e-5)
    reaches(light[:, 0, 0], 1, 0.4)
    contrast = drawn(contrast=0.3)
    close(contrast[:, :3, 3], [[0] * 3] * 1000)
    reaches(contrast[:, 0, 0], 1, 0.3)
    saturation = drawn(saturation=0.2)
    close(after(saturation, (0.5, 0.5, 0.5)), [[0.5] * 3] * 1000, 1e-5)
    reaches((saturation[:, 0, 0] + saturation[:, 1, 1] + saturation[:, 2, 2] - 1) / 2, 1, 0.2)
    hue = drawn(hue=0.1)
    close(hue @ hue.transpose(1, 2), torch.eye(4).expand(1000, 4, 4), 1e-5)
    turned = torch.atan2((hue[:, 1, 0] - hue[:, 0, 1]) * math.sqrt(3), 3 * hue[:, 0, 0] - 1) / (2 * math.pi)
    reaches(turned, 0, 0.1)
    # x -> c (b (x + 1) - 1): light before contrast.
    both = drawn(light=0.4, contrast=0.4)
    factor = both[:, 0, 0] - both[:, 0, 3]
    reaches(factor, 1, 0.4)
    reaches(both[:, 0, 0] / factor, 1, 0.4)
    close(drawn(light=0.4, view_jitter_share=0.0), torch.eye(4).expand(1000, 4, 4))
    share = (drawn(light=0.4, view_jitter_share=0.8)[:, 0, 0] != 1).double().mean()
    assert abs(share - 0.8) < 0.04


def check_grey(m: SimpleNamespace) -> None:
    grey = m.draw_colours(plain(light=0.4, hue=0.1, view_grey_share=1.0), CHANCE, "view", 100)
    colours = after(grey, (0.5, -0.3, 0.1))
    close(colours, colours[:, :1].expand(-1, 3), 1e-5)
    some = after(m.draw_colours(plain(view_grey_share=0.2), CHANCE, "view", 2000), (0.5, -0.3, 0.1))
    assert abs((some[:, 0] - some[:, 1] < 0.01).double().mean() - 0.2) < 0.03


def matched(m: SimpleNamespace, box_q, flip_q: bool, box_k, flip_k: bool, height: int, near: float = 0.7):
    found = m.match(torch.tensor([box_q]), torch.tensor([flip_q]), torch.tensor([box_k]), torch.tensor([flip_k]),
                    height, near)  # fmt: skip
    return found.positive[0], found.found[0], found.near[0]


def check_identical_views(m: SimpleNamespace) -> None:
    for height in (2, 8):
        for box in (WHOLE, [0.1, 0.3, 0.6, 0.7]):
            positive, found, _ = matched(m, box, False, box, False, height)
            assert positive.tolist() == list(range(height**2)) and found.all()
            mirrored, found, _ = matched(m, box, False, box, True, height)
            assert (
                mirrored.view(height, height).tolist() == positive.view(height, height).flip(1).tolist() and found.all()
            )
            twice, found, _ = matched(m, box, True, box, True, height)
            assert torch.equal(twice, positive) and found.all()
        assert torch.equal(matched(m, WHOLE, False, WHOLE, False, height)[2], torch.eye(height**2).bool())


def check_views_apart(m: SimpleNamespace) -> None:
    left, right = [0.0, 0.0, 0.3, 0.3], [0.7, 0.7, 1.0, 1.0]
    _, found, near = matched(m, left, False, right, False, 8)
    assert not found.any() and not near.any()
    positive, found, near = matched(m, left, False, right, True, 1)
    assert found.all() and near.all() and positive.tolist() == [0]
    # Views that touch pair the cells at their border.
    positive, found, _ = matched(m, [0.0, 0.0, 0.5, 1.0], False, [0.5, 0.0, 1.0, 1.0], False, 8)
    assert found.view(8, 8).sum(0).tolist() == [0] * 7 + [8]
    assert positive.view(8, 8)[:, 7].tolist() == list(range(0, 64, 8))


def check_half_a_picture(m: SimpleNamespace) -> None:
    positive, found, _ = matched(m, [0.0, 0.0, 0.5, 1.0], False, WHOLE, False, 8)
    columns = [max(0, math.floor((u + 0.5) / 2)) for u in range(8)]
    assert columns == [max(0, round((u + 0.5) / 2 - 0.5)) for u in range(8)]
    assert positive.view(8, 8).tolist() == [[8 * v + column for column in columns] for v in range(8)] and found.all()


def check_partners_equal_loops(m: SimpleNamespace) -> None:
    """A hundred pairs of boxes with flips."""
    random = np.random.default_rng(0)
    corners = np.sort(random.uniform(0, 1, (2, 100, 2, 2)), axis=2).reshape(2, 100, 4).astype(np.float32)
    flips = random.random((2, 100)) < 0.5
    boxes, turned = torch.from_numpy(corners), torch.from_numpy(flips)
    for height, near in ((3, 0.7), (4, 1.5)):
        found = m.match(boxes[0], turned[0], boxes[1], turned[1], height, near)
        assert found.positive.dtype == torch.int64 and found.near.shape == (100, height**2, height**2)
        hits = 0
        for row in range(100):
            places: list[list[tuple[float, float]]] = []
            cells: list[float] = []
            for side in range(2):
                x0, y0, x1, y1 = (float(value) for value in corners[side, row])
                columns = range(height - 1, -1, -1) if flips[side, row] else range(height)
                places.append([(x0 + (u + 0.5) / height * (x1 - x0), y0 + (v + 0.5) / height * (y1 - y0))
                               for v in range(height) for u in columns])  # fmt: skip
                cells.append(math.hypot((x1 - x0) / height, (y1 - y0) / height))
            for number, here in enumerate(places[0]):
                apart = [math.dist(here, there) for there in places[1]]
                assert int(found.positive[row, number]) == int(np.argmin(apart))
                close_by = [distance < near * max(cells) for distance in apart]
                assert found.near[row, number].tolist() == close_by
                assert bool(found.found[row, number]) == any(close_by)
                hits += any(close_by)
        assert 100 < hits < 100 * height**2 - 100


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
