"""Drawn scenes: exact masks, factors inside them, surroundings that say nothing of the factors."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from stages.data.celebamask import FACE_PARTS as READ_FACE_PARTS
from stages.data.celebamask import PARTS as READ_PARTS
from stages.data.celebamask import union_of_parts
from stages.draw.scenes.bird import bird_backdrop, paint_bird
from stages.draw.scenes.bird_factors import bird_pose, species_list
from stages.draw.scenes.canvas import Canvas, ellipse, place, smooth, trace
from stages.draw.scenes.car import car_backdrop, car_of, car_pose, paint_car
from stages.draw.scenes.car_shapes import COLOURS, SHAPES
from stages.draw.scenes.chance import generator, spread
from stages.draw.scenes.face import FACE_PARTS, PARTS, draw_face
from stages.draw.scenes.face_factors import expression, face_context, identities
from stages.draw.scenes.marks import run_lengths, tight_box

SIZE, MASK = 256, 128
PEOPLE = identities(60, 0)


def face(who: int | None, number: int, seed: int = 0, **around):
    look = expression(generator(seed, "look", number))
    context = replace(face_context(generator(seed, "around", number)), **around)
    return draw_face(None if who is None else PEOPLE[who], look, context, SIZE, MASK)


def hole(scene) -> np.ndarray:
    """The face's parts at the picture's size."""
    mask = union_of_parts({name: mask for name, mask in scene.parts.items() if mask.any()})
    return mask.repeat(SIZE // MASK, 0).repeat(SIZE // MASK, 1)


def bird(which: int, number: int, seed: int = 0):
    """Picture, backdrop and mask of one bird."""
    pose = bird_pose(generator(seed, "pose", number))
    backdrop, _ = bird_backdrop(seed, f"b{number}", 160, 128, pose)
    canvas = Canvas(backdrop)
    paint_bird(canvas, species_list(24, 0)[which], pose)
    return canvas.image(), backdrop, canvas.mask("bird")


def car(shape: str, colour: str, number: int, seed: int = 0):
    """Picture, backdrop and mask of one car."""
    pose = car_pose(generator(seed, "pose", number))
    backdrop, _ = car_backdrop(seed, f"c{number}", 160, 128, pose)
    canvas = Canvas(backdrop)
    paint_car(canvas, car_of(shape, colour, generator(seed, "car", number)), pose)
    return canvas.image(), backdrop, canvas.mask("car")


def small(image: np.ndarray) -> np.ndarray:
    side = min(image.shape[:2])
    left = (image.shape[1] - side) // 2
    crop = Image.fromarray(image[:side, left : left + side])
    return np.asarray(crop.resize((32, 32), Image.Resampling.BOX), np.float64).ravel() / 255


def told_apart(images: list[np.ndarray], labels: list[int], held_out: np.ndarray) -> float:
    """Accuracy of a shrunken linear discriminant on pictures of 32 px that it has not seen."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    x, y = np.stack([small(image) for image in images]), np.array(labels)
    basis = np.linalg.svd(x[~held_out] - x[~held_out].mean(0), full_matrices=False)[2][:120]
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1)
    return model.fit(x[~held_out] @ basis.T, y[~held_out]).score(x[held_out] @ basis.T, y[held_out])


def test_scenes_repeat_and_follow_their_seed():
    assert np.array_equal(face(3, 5).image, face(3, 5).image)
    assert not np.array_equal(face(3, 5).image, face(3, 5, seed=1).image)
    assert np.array_equal(bird(3, 5)[0], bird(3, 5)[0])
    assert not np.array_equal(bird(3, 5)[0], bird(3, 5, seed=1)[0])
    assert np.array_equal(car("SUV", "red", 5)[0], car("SUV", "red", 5)[0])
    assert not np.array_equal(car("SUV", "red", 5)[0], car("SUV", "red", 5, seed=1)[0])
    assert identities(8, 0) != identities(8, 1)
    assert species_list(8, 0) != species_list(8, 1)


@pytest.mark.parametrize("number", range(12))
def test_outside_its_mask_a_face_leaves_the_picture_alone(number):
    """The picture without the person equals the picture with it wherever no face part lies."""
    scene, empty = face(number, number, bare_neck=False), face(None, number, bare_neck=False)
    mask = hole(scene)
    assert 0.12 < mask.mean() < 0.45
    assert np.array_equal(scene.image[~mask], empty.image[~mask])
    inside = (scene.image != empty.image).any(2)[mask].mean()
    hidden = hole_share_under_hair(scene)
    assert inside > 0.9 - hidden


def hole_share_under_hair(scene) -> float:
    """The share of the hole that hair, hat and ear rings cover."""
    mask = hole(scene)
    over = scene.parts["hair"] | scene.parts["hat"] | scene.parts["ear_r"]
    return float((over.repeat(SIZE // MASK, 0).repeat(SIZE // MASK, 1) & mask).sum() / mask.sum())


@pytest.mark.parametrize("number", range(6))
def test_another_person_changes_only_the_hole(number):
    first, second = face(number, number, bare_neck=False), face(59 - number, number, bare_neck=False)
    outside = ~(hole(first) | hole(second))
    assert np.array_equal(first.image[outside], second.image[outside])
    for name in set(PARTS) - set(FACE_PARTS):
        assert np.array_equal(first.parts[name], second.parts[name]), name


@pytest.mark.parametrize("number", range(12))
def test_outside_its_mask_an_object_leaves_the_backdrop_alone(number):
    for image, backdrop, mask in (bird(number, number), car(list(SHAPES)[number % 8], "red", number)):
        assert 0.08 < mask.mean() < 0.5
        assert np.array_equal(image[~mask], backdrop[~mask])
        assert (image != backdrop).any(2)[mask].mean() > 0.85


def test_factors_differ_within_the_mask_at_equal_pose():
    _, backdrop, _ = bird(0, 3)
    images = [bird(which, 3) for which in range(24)]
    assert all(np.array_equal(other, backdrop) for _, other, _ in images)
    assert len({image.tobytes() for image, _, _ in images}) == 24
    assert len({car(shape, "blue", 3)[2].tobytes() for shape in SHAPES}) == 8
    assert len({car("Sedan", colour, 3)[0].tobytes() for colour in COLOURS}) == 8


def test_parts_are_those_of_the_dataset():
    assert (PARTS, FACE_PARTS) == (READ_PARTS, READ_FACE_PARTS)
    scenes = [face(number % 60, number) for number in range(60)]
    assert {name for scene in scenes for name in PARTS if scene.parts[name].any()} == set(PARTS)
    always = {name for name in PARTS if all(scene.parts[name].any() for scene in scenes)}
    assert {"skin", "nose", "l_eye", "r_eye", "u_lip", "l_lip", "cloth"} <= always
    assert not always & {"hat", "eye_g", "ear_r", "neck", "neck_l", "mouth"}


def test_left_parts_lie_on_the_right_and_hair_overlaps_the_skin():
    """l_ is the subject's left, which is the picture's right; fringes lie over skin, as in the originals."""
    overlaps = []
    for number in range(12):
        parts = face(number, number, style="bob", hat=False).parts
        for kind in ("eye", "brow", "ear"):
            left, right = (np.nonzero(parts[f"{side}_{kind}"])[1].mean() for side in "lr")
            assert left > right, kind
        assert np.nonzero(parts["u_lip"])[0].mean() < np.nonzero(parts["l_lip"])[0].mean()
        overlaps.append((parts["hair"] & parts["skin"]).sum())
    assert min(overlaps) > 50


def test_light_falls_on_wall_and_face_from_the_same_side():
    for light in (-0.9, 0.9):
        for number in range(6):
            scene = face(number, number, light=light, hat=False, bare_neck=False)
            grey = scene.image.mean(2)
            wall = grey[:40, -40:].mean() - grey[:40, :40].mean()
            skin = scene.parts["skin"].repeat(2, 0).repeat(2, 1)
            columns = np.nonzero(skin.any(0))[0]
            middle = (columns[0] + columns[-1]) // 2
            face_light = grey[:, middle:][skin[:, middle:]].mean() - grey[:, :middle][skin[:, :middle]].mean()
            assert np.sign(wall) == np.sign(face_light) == np.sign(light)


def test_identity_shows_at_32_px_and_its_surroundings_do_not_tell_it():
    """30 people, 8 pictures each, the last two unseen: chance is 3.3 %."""
    labels, unseen = [number % 30 for number in range(240)], np.arange(240) >= 180
    assert told_apart([face(who, number).image for number, who in enumerate(labels)], labels, unseen) > 0.6
    assert told_apart([face(None, number).image for number in range(240)], labels, unseen) < 0.14


def test_species_show_at_32_px_and_the_backdrop_does_not_tell_them():
    """24 species, 20 pictures each, the last five unseen: chance is 4.2 %."""
    labels, unseen = [number % 24 for number in range(480)], np.arange(480) >= 360
    birds = [bird(which, number) for number, which in enumerate(labels)]
    assert told_apart([image for image, _, _ in birds], labels, unseen) > 0.8
    assert told_apart([backdrop for _, backdrop, _ in birds], labels, unseen) < 0.13


def test_shape_and_colour_show_at_32_px_and_the_backdrop_does_not_tell_them():
    """Chance is 12.5 %; a linear rule sees shapes half as well as a small network, since cars head both ways."""
    kinds, colours, unseen = list(SHAPES), list(COLOURS), np.arange(480) >= 360
    cars = [car(kinds[number % 8], colours[number // 8 % 8], number) for number in range(480)]
    for labels, least in (
        ([number % 8 for number in range(480)], 0.35),
        ([number // 8 % 8 for number in range(480)], 0.9),
    ):
        assert told_apart([image for image, _, _ in cars], labels, unseen) > least
        assert told_apart([backdrop for _, backdrop, _ in cars], labels, unseen) < 0.25


def test_pose_varies_within_a_species_and_is_drawn_without_it():
    poses = [bird_pose(generator(0, "pose", number)) for number in range(400)]
    flips = np.array([pose.flip for pose in poses])
    assert 0.4 < flips.mean() < 0.6
    for which in range(4):
        assert 0.25 < flips[which::4].mean() < 0.75
    assert {pose.posture for pose in poses[::24]} == {"perched", "standing", "flying"}


def test_mean_colour_of_a_car_is_nearest_to_its_own_base_colour():
    """What k-means finds later: pictures of one base colour lie together."""
    found = {}
    for number in range(64):
        colour = list(COLOURS)[number // 8]
        image, _, mask = car(list(SHAPES)[number % 8], colour, number)
        found.setdefault(colour, []).append(image[mask].mean(0))
    centres = {colour: np.mean(rows, 0) for colour, rows in found.items()}
    hits = [
        min(centres, key=lambda c: np.linalg.norm(centres[c] - row)) == own
        for own, rows in found.items()
        for row in rows
    ]
    assert np.mean(hits) > 0.9


def test_canvas_covers_what_it_paints_and_nothing_else():
    canvas = Canvas(np.full((8, 10, 3), 7, np.uint8))
    canvas.fill(np.array([[2, 2], [4, 2], [4, 5], [2, 5]]), (255, 255, 255), ("box",))
    image, mask = canvas.image(), canvas.mask("box")
    assert (image[2:5, 2:4] == 255).all()
    assert mask[2:5, 2:4].all()
    assert (image[~mask] == 7).all()
    canvas.fill(np.array([[-1, -1], [12, -1], [12, 12], [-1, 12]]), (0, 0, 0), ("front",), ("box",))
    assert not canvas.mask("box").any()
    assert canvas.mask("absent").shape == (8, 10)
    assert not canvas.mask("absent").any()


def test_outlines_by_hand():
    assert trace("0 1, -2.5 3").tolist() == [[0, 1], [-2.5, 3]]
    assert np.allclose(place(trace("1 0"), (10, 20), 4), [[14, 20]])
    assert np.allclose(place(trace("1 0"), (10, 20), 4, flip=True), [[6, 20]])
    assert np.allclose(place(trace("1 0"), (0, 0), 1, angle=np.pi / 2), [[0, 1]], atol=1e-12)
    assert np.allclose(
        place(trace("1 1"), (0, 0), 1, angle=0.3, flip=True)[0] * (-1, 1), place(trace("1 1"), (0, 0), 1, 0.3)
    )
    corners = trace("0 0, 4 0, 4 4, 0 4")
    assert np.allclose(smooth(corners, 5)[::5], corners)
    assert np.allclose(np.linalg.norm(ellipse((3, 4), 2, 2) - (3, 4), axis=1), 2)
    with pytest.raises(ValueError, match="read-only"):
        trace("0 1, -2.5 3")[0, 0] = 5


def test_spread_takes_far_points():
    assert spread(np.array([[0.0], [0.1], [1.0], [0.55]]), 3) == [0, 2, 3]
    with pytest.raises(ValueError, match="at least 5"):
        spread(np.zeros((4, 2)), 5)


def test_generators_depend_on_seed_and_names_alone():
    first = generator(0, "a", 1).random(4)
    assert np.array_equal(first, generator(0, "a", 1).random(4))
    for other in (generator(1, "a", 1), generator(0, "b", 1), generator(0, "a", 2), generator(0, "a1")):
        assert not np.array_equal(first, other.random(4))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_marks_describe_any_mask(height, width, seed):
    from pycocotools import mask as coco

    mask = np.random.default_rng(seed).random((height, width)) < 0.3
    code = run_lengths(mask)
    assert np.array_equal(coco.decode({**code, "counts": code["counts"].encode()}).astype(bool), mask)
    if not mask.any():
        with pytest.raises(ValueError, match="at least one pixel"):
            tight_box(mask)
        return
    ys, xs = zip(*[(y, x) for y in range(height) for x in range(width) if mask[y, x]], strict=True)
    assert tight_box(mask) == (min(xs), min(ys), max(xs), max(ys))


def test_mask_size_must_divide_the_image():
    with pytest.raises(ValueError, match="mask_px"):
        draw_face(PEOPLE[0], expression(generator(0, "l")), face_context(generator(0, "c")), 256, 100)
