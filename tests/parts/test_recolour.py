"""Photos in random colours: the outlines stay, the colours and no other draw go."""

import numpy as np
import torch
from torch import nn

from stages.engine.chance import Chance
from stages.engine.world import World
from stages.nets.encoders.pmg import PMG
from stages.teachers.pmg import PMGMethod
from stages.teachers.recolour import recoloured
from tests.parts.test_pmg import SMALL, block


def chance(step: int = 0) -> Chance:
    return Chance(3, step, World.single())


def flat_photos(count: int) -> torch.Tensor:
    """Two flat colours side by side in every photo."""
    photos = torch.tensor([0.4, -0.6, 0.1]).view(1, 3, 1, 1).repeat(count, 1, 8, 8)
    photos[:, :, :, 4:] = torch.tensor([-0.2, 0.5, 0.3]).view(1, 3, 1, 1)
    return photos


def test_a_colour_becomes_one_other_colour_wherever_it_is():
    got = recoloured(flat_photos(6), chance(), 1.0)
    for half in (got[:, :, :, :4], got[:, :, :, 4:]):
        assert torch.equal(half, half[:, :, :1, :1].expand_as(half))
    assert float((got - flat_photos(6)).abs().amax(dim=(1, 2, 3)).min()) > 0.05


def test_the_new_colour_is_a_mean_of_the_old_channels_scaled_and_shifted():
    photos, drawn = flat_photos(4), chance()
    mix, gain, shift = (drawn.uniform(f"recolour/{name}", 4, *shape).numpy().astype(np.float64)
                        for name, shape in (("mix", (3, 3)), ("gain", (3,)), ("shift", (3,))))  # fmt: skip
    weights = -np.log1p(-mix)
    weights /= weights.sum(2, keepdims=True)
    old = np.array([0.4, -0.6, 0.1])
    expected = np.clip((weights @ old) * (0.5 + gain) + 0.6 * shift - 0.3, -1, 1)
    np.testing.assert_allclose(recoloured(photos, chance(), 1.0)[:, :, 0, 0].numpy(), expected, atol=1e-5)


def test_white_and_black_stay_in_range_and_a_grey_photo_may_take_a_tint():
    white = recoloured(torch.ones(64, 3, 2, 2), chance(), 1.0)
    assert float(white.max()) == 1.0 and float(white.min()) >= 0.2 - 1e-6
    grey = recoloured(torch.full((64, 3, 2, 2), 0.2), chance(), 1.0)[:, :, 0, 0]
    assert float((grey.amax(1) - grey.amin(1)).mean()) > 0.1


def test_a_share_of_the_photos_is_recoloured_and_the_others_keep_every_bit():
    photos = flat_photos(400)
    kept = (recoloured(photos, chance(), 0.25) == photos).flatten(1).all(1)
    assert 0.65 < float(kept.float().mean()) < 0.85
    assert torch.equal(recoloured(photos, chance(), 0.0), photos)


def test_draws_follow_seed_and_step_alone():
    photos = flat_photos(3)
    assert torch.equal(recoloured(photos, chance(1), 1.0), recoloured(photos, chance(1), 1.0))
    assert not torch.equal(recoloured(photos, chance(1), 1.0), recoloured(photos, chance(2), 1.0))


def test_the_classifier_sees_other_colours_in_all_four_updates_only_where_its_block_says_so():
    photos = flat_photos(4).repeat(1, 1, 4, 4)
    batch = {"image": photos, "label_species": torch.tensor([5, 7, 9, 5])}

    class Seen(nn.Module):
        def __init__(self, net):
            super().__init__()
            self.net, self.images = net, []

        def forward(self, x):
            self.images.append(x)
            return self.net(x)

    for share in (0.0, 1.0):
        method = PMGMethod(
            block(crop_padding_px=0, jigsaw=[1, 1, 1], recolour=share), PMG(**SMALL).eval(), np.array([5, 7, 9])
        )
        seen = Seen(method.nets["net"])
        method.nets["net"] = seen
        for phase in method.phases(0):
            method.losses(phase, batch, {}, chance(), 0)
        expected = recoloured(photos, chance(), share)
        assert len(seen.images) == 4
        for image in seen.images:  # mean and std 0.5 leave [-1, 1] as it is
            torch.testing.assert_close(image, expected)
