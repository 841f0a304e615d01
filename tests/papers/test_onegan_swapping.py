"""Swapped child codes: changes counted by hand through stand-ins, and nothing where the code is the own one."""

from typing import Any

import numpy as np
import pytest
import torch

from stages.papers.onegan import swapping
from stages.papers.onegan.passes import Encoded, encoded, rebuilt
from stages.papers.onegan.rebuilding import Reconstructed, rebuild
from stages.papers.onegan.trained import open_trained
from tests.papers.onegan_made import CLASSES, SIDE, trained
from tests.papers.onegan_scored import TEST, layers, numbers, pack, quality_block, said, scores

NOBODY: Any = None  # stand-ins look at no model
CHILD = np.arange(TEST) % CLASSES
LEFT = torch.zeros(1, 1, SIDE, SIDE)
LEFT[..., : SIDE // 4] = 1


def seen() -> Encoded:
    return Encoded(np.eye(CLASSES)[CHILD] * 0.6 + 0.1, CHILD, CHILD // 2, np.zeros((TEST, 2)))


def found_masks(mask: torch.Tensor) -> Reconstructed:
    masks = np.broadcast_to(mask[0].numpy(), (TEST, SIDE, SIDE))
    return Reconstructed(masks, np.zeros((TEST, SIDE, SIDE, 3), np.uint8), np.zeros(TEST), np.zeros(TEST))


def stand_in(mask: torch.Tensor, change):
    """Grey reconstructions; those of a class differ by `change(class)`: a picture [3 S S] in [-1, 1]."""

    def made(model, images, batch, device, child=None, grounds=None):
        image = torch.zeros(len(images), 3, SIDE, SIDE) + (0 if child is None else change(child))
        yield layers(image, mask.expand(len(images), -1, -1, -1))

    return made


def measured(monkeypatch, tmp_path, mask, change, **keys):
    monkeypatch.setattr(swapping, "rebuilt", stand_in(mask, change))
    found = scores()
    data, block = pack(tmp_path / "data"), quality_block(**({"swap_sources": 6, "swap_targets": CLASSES} | keys))
    swapping.measure_swaps(block, NOBODY, data, seen(), found_masks(mask), "cpu", found)
    return found


def test_changes_by_hand(monkeypatch, tmp_path):
    """Red rises by .8 inside and blue falls by .2 outside, in [-1, 1]: .4 / 3 and .1 / 3 in [0, 1]."""
    change = torch.stack([0.8 * LEFT[0, 0], 0 * LEFT[0, 0], -0.2 * (1 - LEFT[0, 0])])
    found = measured(monkeypatch, tmp_path, LEFT, lambda child: change)
    assert numbers(found) == pytest.approx(
        {"swap_inside": 0.4 / 3, "swap_outside": 0.1 / 3, "swap_ratio": 4, "swap_cosine": 1}, abs=1e-6
    )
    # six photos, four classes, none gets its own
    assert said(found, "swap_inside")["n"] == 6 * (CLASSES - 1)
    assert said(found, "swap_inside")["protocol"]["targets"] == CLASSES


def test_cosine_of_pairs_by_hand():
    along, across, back = [1.0, 0, 0], [0, 2.0, 0], [-3.0, 0, 0]
    assert swapping.cosine(np.array([along, across])) == pytest.approx(0)
    assert swapping.cosine(np.array([along, back])) == pytest.approx(-1)
    # pairs: 0, -1, 0
    assert swapping.cosine(np.array([along, across, back])) == pytest.approx(-1 / 3)
    assert swapping.cosine(np.array([along, [0.0, 0, 0]])) == 0


def test_masks_without_an_inside_or_outside_and_codes_that_change_nothing(monkeypatch, tmp_path):
    full = torch.ones_like(LEFT)
    found = measured(monkeypatch, tmp_path / "full", full, lambda child: full[0])
    assert found.rows.values == [] and set(found.absent) == set(swapping.METRICS)
    inside = measured(monkeypatch, tmp_path / "inside", LEFT, lambda child: LEFT[0].expand(3, -1, -1))
    assert numbers(inside)["swap_inside"] == 0.5 and "swap_ratio" not in numbers(inside)
    assert "outside of the masks" in inside.absent["swap_ratio"]


def test_the_code_of_the_own_class_changes_nothing_where_classes_are_the_codes(tmp_path):
    data = pack(tmp_path / "data")
    model = open_trained(trained(tmp_path / "model", recon_code="class"), data, "cpu").model
    images = data.images[:]
    classes = encoded(model, images, 5, "cpu").child
    for child in np.unique(classes).tolist():
        own = images[classes == child]
        one, other = (next(rebuilt(model, own, len(own), "cpu", code)) for code in (None, child))
        assert torch.equal(one.image, other.image) and torch.equal(one.mask, other.mask)
    other = (int(classes[0]) + 1) % 12
    changed = next(rebuilt(model, images[:2], 2, "cpu", other))
    assert not torch.equal(changed.image, next(rebuilt(model, images[:2], 2, "cpu")).image)


def test_a_kept_ground_is_the_one_that_composes(tmp_path):
    data = pack(tmp_path / "data")
    model = open_trained(trained(tmp_path / "model"), data, "cpu").model
    ground = np.full((3, 3, SIDE, SIDE), 0.25, np.float32)
    made = next(rebuilt(model, data.images[:3], 3, "cpu", 1, ground))
    whole = 0.25 * (1 - made.mask) + made.foreground * made.mask
    assert torch.equal(made.background, torch.from_numpy(ground)) and torch.allclose(made.image, whole)


def test_reconstructions_are_scored_by_hand(tmp_path, monkeypatch):
    """A picture of level 255 rebuilt as all zero in [-1, 1] is off by a half: L1 .5 and PSNR 6.02 dB."""
    from stages.papers.onegan import rebuilding

    monkeypatch.setattr(rebuilding, "rebuilt", stand_in(LEFT, None))
    images = np.full((2, SIDE, SIDE, 3), 255, np.uint8)
    images[1] = 128
    found = rebuild(NOBODY, images, 2, "cpu")
    assert found.l1[0] == pytest.approx(0.5) and found.psnr[0] == pytest.approx(10 * np.log10(4))
    assert found.l1[1] == pytest.approx(0.5 / 255, rel=1e-3) and found.psnr[1] > 50
    assert found.masks.shape == (2, SIDE, SIDE) and np.array_equal(found.masks[0], LEFT[0, 0].numpy())
