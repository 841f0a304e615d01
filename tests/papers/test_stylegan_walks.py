"""The unconditional StyleGAN2 at work: training, inversion, walks and their numbers."""

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from stages.engine.world import World, settle
from stages.metrics.perceptual import Perceptor, samples_to_pair_distances
from stages.papers.contrasfill.identity.direction import several_of, to_layers
from stages.papers.contrasfill.identity.drift import Moved, to_values
from stages.papers.contrasfill.identity.extreme import largest
from stages.papers.contrasfill.identity.inversion import Block as InversionBlock
from stages.papers.contrasfill.identity.inversion import Inversion, network, perceptual
from stages.papers.contrasfill.identity.proxies import attributes, parts_to_windows
from stages.papers.contrasfill.methods.stylegan import method as stylegan
from stages.papers.contrasfill.methods.stylegan.nets import SmallInverter
from tests.contract.prepared import PARAMS, block_of
from tests.papers.contrasfill_toys import chance

METHOD = "stages.papers.contrasfill.methods.stylegan.method"
SMOKE = ("contrasfill.stylegan.base", "contrasfill.stylegan.profile.smoke")


# --- training -------------------------------------------------------------------------------------------------------


def test_training_is_repeatable_and_every_parameter_learns(tmp_path):
    from stages.engine.loop import Run

    settle(torch.device("cpu"))
    block = block_of(METHOD, *SMOKE).model_copy(update={"style_mixing": 1.0})
    image = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1

    class Source:
        size = 4

        def batch(self, step):
            return {"image": image}

    states = []
    for name in "ab":
        run = Run(stylegan.StyleGAN(block, World.single(), 0), Source(), block, 0, World.single(), tmp_path / name)
        start = {key: value.clone() for key, value in run.method.nets["generator"].state_dict().items()}
        run.step({"image": image})
        run.step({"image": image})
        states.append(run.method.nets["generator"].state_dict())
    same = {key for key, value in start.items() if torch.equal(value, states[0][key])}
    assert same == {"planes", *(key for key in start if key.endswith("strength"))}
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())
    assert torch.equal(run.averages.copies["generator"].planes, start["planes"])


class Known(nn.Module):
    """Stands for E_k."""

    def encode(self, images):
        return images.mean((2, 3)) + 2


def inversion_of(space: str) -> Inversion:
    names = ("contrasfill.inversion.base", "contrasfill.inversion.profile.smoke")
    from stages.runner import layers

    block = layers.validate(InversionBlock, layers.merge(PARAMS, names), names)
    block = block.model_copy(update={"space": space})
    model = stylegan.for_sampling(block_of(METHOD, *SMOKE), World.single())
    model.memory["latent_average"] = torch.arange(16.0)
    net = network(block, 32, model.nets["generator"].styles, 16, 0)
    perceptor = Perceptor(lambda images: [images, images[:, :, ::2]], None)
    return Inversion(block, net, model, perceptor, Known())


@pytest.mark.parametrize("space", ["w", "w_plus"])
def test_an_inversion_adds_its_answer_to_the_average_code(space):
    method = inversion_of(space)
    images = torch.rand(2, 3, 32, 32) * 2 - 1
    codes = method.invert(images)
    assert codes.shape == (2, 8, 16)
    answer = codes - torch.arange(16.0)
    torch.testing.assert_close(answer, method.nets["inversion"](images), atol=1e-5, rtol=1e-4)
    assert torch.equal(answer[:, :1].expand_as(answer), answer) == (space == "w")
    with torch.no_grad():
        for parameter in method.nets["inversion"].parameters():
            parameter.zero_()
        assert torch.equal(method.invert(images), torch.arange(16.0).expand(2, 8, 16))


def test_reconstruction_losses_are_weighed_and_reach_the_encoder_alone():
    method = inversion_of("w_plus")
    for net in method.frozen.values():
        net.requires_grad_(False)
    images = torch.rand(2, 3, 32, 32) * 2 - 1
    terms = method.losses(method.phases(0)[0], {"image": images}, {}, chance(), 0)
    made = method.stylegan.synthesise(method.invert(images))
    torch.testing.assert_close(terms["inversion/squares"], (made - images).square().mean())
    cosine = F.cosine_similarity(made.mean((2, 3)) + 2, images.mean((2, 3)) + 2)
    torch.testing.assert_close(terms["inversion/identity"], 0.1 * (1 - cosine).mean())
    torch.testing.assert_close(terms["inversion/perceptual"], 0.8 * perceptual(method.perceptor, made, images))
    sum(terms.values()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in method.nets["inversion"].parameters())
    assert all(p.grad is None for p in method.frozen["generator"].parameters())


def test_the_training_distance_is_the_measured_one():
    images = torch.rand(2, 3, 8, 8) * 2 - 1
    perceptor = Perceptor(lambda x: [x, x[:, :2, ::2, ::2]], (torch.rand(3), torch.rand(2)))
    measured = samples_to_pair_distances(perceptor, images, torch.ones(8, 8)).whole
    torch.testing.assert_close(
        perceptual(perceptor, images[:1], images[1:]).double(), measured[0], rtol=1e-5, atol=1e-7
    )


def test_psp_is_refused_where_its_codes_do_not_fit():
    names = ("contrasfill.inversion.base", "contrasfill.inversion.profile.paper")
    from stages.runner import layers

    block = layers.validate(InversionBlock, layers.merge(PARAMS, names), names)
    assert (block.architecture, block.weight_squares, block.weight_perceptual, block.weight_identity) == (
        "psp", 1.0, 0.8, 0.1)  # fmt: skip
    with pytest.raises(ValueError, match="512 numbers a layer, came 32"):
        network(block, 32, 8, 32, 0)
    assert SmallInverter(32, 512, 16, 8, 16, True)(torch.zeros(3, 3, 32, 32)).shape == (3, 8, 16)


# --- walks and their numbers ----------------------------------------------------------------------------------------


def test_extreme_offsets_are_found_for_each_face():
    bounds, calls = np.array([0.3, 7.7, np.inf, 0.0]), itertools.count()

    def holds(which, offsets):
        next(calls)
        return offsets <= bounds[which]

    found, limited = largest(holds, 4, 1.0, 64.0, 30)
    assert found == pytest.approx([0.3, 7.7, 64, 0], abs=1e-6) and limited.tolist() == [False, False, True, False]
    assert (found <= bounds).all()


def test_a_direction_covers_all_layers_with_unit_length():
    vector = np.random.default_rng(0).standard_normal(12)
    vector /= np.linalg.norm(vector)
    assert np.array_equal(to_layers(vector, 3, "w_plus").reshape(-1), vector)
    tiled = to_layers(vector, 3, "mean_w")
    assert tiled.shape == (3, 12) and np.linalg.norm(tiled) == pytest.approx(1)
    # What the regressor of the mean reads grows by |step| / sqrt(layers).
    assert (5 * tiled).mean(0) @ vector == pytest.approx(5 / 3**0.5)


def test_people_with_one_photo_are_left_out():
    positions, labels = several_of(np.array([3, -1, 2, 3, 5, 2, 3]), 2)
    assert positions.tolist() == [0, 2, 3, 5, 6] and labels.tolist() == [3, 2, 3, 2, 3]
    with pytest.raises(ValueError, match="two people with 3 photos each, the set has 1"):
        several_of(np.array([3, 3, 3, 2]), 3)


def drawn_face(eye: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """32 px: skin of one colour, a dark eye of `eye` rows, saturated lips."""
    image = np.full((32, 32, 3), (200, 150, 120), np.uint8)
    parts = {name: np.zeros((64, 64), bool) for name in ("skin", "l_eye", "u_lip")}
    parts["skin"][4:60, 4:60] = True
    parts["l_eye"][16:24, 16:32] = True
    parts["u_lip"][44:48, 24:40] = True
    image[8 : 8 + eye, 8:16] = 10
    image[22:24, 12:20] = (200, 50, 100)
    return image, parts


def test_attributes_by_hand():
    image, parts = drawn_face(eye=3)
    windows = parts_to_windows(parts, 32, 1)
    assert windows.eyes.sum() == 6 * 10 and windows.lips.sum() == 16 and windows.mouth.sum() == 4 * 10
    found = attributes(image, windows, 0.25)
    assert found["eyes_open"] == pytest.approx(3 * 8 / 60)
    assert found["mouth_open"] == pytest.approx(16 / 40)
    assert found["lip_saturation"] == pytest.approx(0.75)
    wider, _ = drawn_face(eye=4)
    assert attributes(wider, windows, 0.25)["eyes_open"] > found["eyes_open"]
    del parts["l_eye"]
    assert parts_to_windows(parts, 32, 1) is None


def test_angles_along_a_walk_are_means_of_both_sides():
    """Features turn by 10, 20 degrees to one side and 30, 40 to the other."""
    turns = np.deg2rad([-20.0, -10, 0, 30, 40])
    features = np.stack([np.cos(turns), np.sin(turns)], 1)[None].repeat(2, 0)
    moved = Moved(features, np.array([True, False]), [[{"eyes_open": float(i)} for i in range(5)], [None] * 5])
    assert moved.middle == 2 and moved.angles() == pytest.approx([20, 30])
    assert moved.values("eyes_open").tolist() == [[0, 1, 2, 3, 4]]


def test_a_drift_counts_both_ends_without_their_signs_and_a_trend_from_left_to_right():
    """One face opens its eyes by .2 to the left and shuts them by .1 to the right; another moves by .3 each."""
    rows = [[0.7, 0.5, 0.4], [0.1, 0.4, 0.7]]
    cells = [[dict.fromkeys(("eyes_open", "mouth_open", "lip_saturation"), value) for value in row] for row in rows]
    features = np.array([[[1.0, 0.0]] * 3] * 2)
    features[:, 2] = [0.0, 1.0]
    facts = {"split": "test", "codes": "w", "images": 2, "faces": 5, "data": "face", "extremes": [1.0, 3.0],
             "limited": 0, "free_images": 1}  # fmt: skip
    values = to_values("stylegan", facts, Moved(features, np.array([True, True]), cells), {"identity_angle_within": 9})
    found = {value["metric"]: value["value"] for value in values}
    for name in ("eyes_open", "mouth_open", "lip_saturation"):
        assert found[f"drift_{name}"] == pytest.approx((0.2 + 0.1 + 0.3 + 0.3) / 4)
        assert found[f"trend_{name}"] == pytest.approx((-0.3 + 0.6) / 2)
        assert found[f"spread_{name}"] == pytest.approx(0.05)
    # One end is at 90 degrees, the other has not turned.
    assert found["identity_angle_end"] == found["identity_angle_1"] == pytest.approx(45)
    assert (found["extreme_offset"], found["free_images"], found["identity_angle_within"]) == (2.0, 1.0, 9)


def test_a_measured_face_without_attributes_is_no_shorter_row():
    faces = [[{"eyes_open": 1.0}, None], [{"eyes_open": 2.0}, {"eyes_open": 3.0}]]
    moved = Moved(np.zeros((2, 2, 4)), np.array([True, True]), faces)
    with pytest.raises(ValueError, match="without attributes"):
        moved.values("eyes_open")
    assert Moved(moved.features, np.array([False, True]), faces).values("eyes_open").tolist() == [[2.0, 3.0]]
