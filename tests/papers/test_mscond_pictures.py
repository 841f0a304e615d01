"""Pictures of a real generator: truncated to one at psi 0, untouched at 1, and each its own whatever is beside it."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from stages.papers.mscond.generated import pictures_of, trained_of
from stages.papers.mscond.trained import Trained
from tests.papers.mscond_scored import fresh_model


@pytest.fixture(scope="module")
def model() -> Trained:
    """At 8 px, with noise that shows."""
    return fresh_model(noise="random")


def made(model: Trained, numbers, psi: float = 1.0, noisy: bool = False, batch: int = 4, seed: int = 0) -> np.ndarray:
    return np.concatenate(list(pictures_of(model, seed, numbers, batch, psi, noisy)))


def test_psi_0_is_one_picture_for_all_and_psi_1_is_none(model):
    """Spec §7.33."""
    one = made(model, range(6), psi=0.0)
    assert one.shape == (6, 8, 8, 3) and one.dtype == np.uint8 and (one == one[:1]).all()
    free = made(model, range(6))
    assert len({picture.tobytes() for picture in free}) == 6
    mean = model.generator.mapping(torch.randn(64, model.generator.inputs)).mean(0).detach()
    moved = model._replace(mean_style=mean)
    assert (made(moved, range(6)) == free).all(), "psi 1 does not ask for the mean"
    near, far = (
        np.abs(made(moved, range(6), psi=psi) - made(moved, range(6), psi=0.0).astype(int)).mean() for psi in (0.3, 0.9)
    )
    assert 0 < near < far


def test_a_picture_is_that_of_its_latent_alone(model):
    whole = made(model, range(7), noisy=True)
    assert (made(model, range(7), noisy=True, batch=3) == whole).all()
    assert (made(model, [5, 2], noisy=True) == whole[[5, 2]]).all()
    assert (made(model, range(7), noisy=True, seed=1) != whole).any()


def test_noise_is_drawn_where_it_is_asked_for_and_planes_stay_without(model):
    assert (made(model, range(4)) == made(model, range(4))).all()
    assert (made(model, range(4), noisy=True) != made(model, range(4))).any()
    fixed = made(model, range(4), psi=0.0, noisy=True)
    assert len({picture.tobytes() for picture in fixed}) == 4, "each has noise of its own"
    none = fresh_model(noise="none")
    assert (made(none, range(4), noisy=True) == made(none, range(4))).all()


def test_what_the_verb_loaded_is_opened_as_measures_open_it(model):
    held = SimpleNamespace(
        nets={"generator": model.generator}, memory={"latent_average": model.mean_style}, block=model.block
    )
    opened = trained_of(held)  # pyright: ignore[reportArgumentType]
    assert (made(opened, range(3), psi=0.5) == made(model, range(3), psi=0.5)).all()
