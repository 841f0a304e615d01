"""Landmark, joint and overlap measures against hand-computed numbers and independent oracles."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import StandardScaler

from stages.metrics.centroids import maps_to_centroids
from stages.metrics.eight_bits import truncate_images
from stages.metrics.frechet import features_to_distance, features_to_statistics, statistics_to_warning
from stages.metrics.joints import summed_joint_error
from stages.metrics.landmarks import landmark_error
from stages.metrics.overlap import best_disc, disc_mask, masks_to_iou
from stages.metrics.regression import least_squares
from stages.metrics.separation import neighbour_purity, silhouette


def test_centroid_of_one_pixel_is_x_then_y_on_a_grid_with_both_ends():
    maps = np.zeros((1, 2, 8, 8))
    maps[0, 0, 2, 5] = 1.0  # row 2, column 5
    maps[0, 1, 7, 0] = 0.25
    found = maps_to_centroids(maps)
    assert np.allclose(found[0], [[5 * 8 / 7, 2 * 8 / 7], [0.0, 8.0]], atol=1e-4)
    assert np.allclose(maps_to_centroids(np.zeros((1, 1, 8, 8))), 0.0)
    assert np.allclose(maps_to_centroids(np.ones((1, 1, 8, 8))), 4.0, atol=1e-6)
    with pytest.raises(ValueError, match="N K S S"):
        maps_to_centroids(np.zeros((1, 1, 8, 7)))
    with pytest.raises(ValueError, match="finite"):
        maps_to_centroids(np.full((1, 1, 8, 8), np.nan))


def test_least_squares_by_hand_and_where_it_is_singular():
    # X = (1, 2, 2), Y = (2, 3, 5): (2 + 6 + 10) / 9 = 2
    assert least_squares(np.array([[1.0], [2.0], [2.0]]), np.array([[2.0], [3.0], [5.0]])).item() == pytest.approx(2.0)
    # two equal columns of (1, 1): X'X = [[2, 2], [2, 2]] + 1 = [[3, 2], [2, 3]], X'Y = (4, 4) -> 4 / 5 each
    assert np.allclose(least_squares(np.ones((2, 2)), np.array([[2.0], [2.0]])), 0.8)
    with pytest.raises(ValueError, match="missing rows out"):
        least_squares(np.ones((2, 1)), np.array([[1.0], [np.nan]]))
    with pytest.raises(ValueError, match="expected features"):
        least_squares(np.ones((2, 1)), np.ones((3, 1)))


def exact(seed, count=40, parts=4):
    """Points, and landmarks that are an exact linear map of them."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 64, (count, parts, 2))
    beta = rng.normal(size=(2 * parts, 10))
    return points, (points.reshape(count, -1) @ beta).reshape(count, 5, 2)


def test_an_exact_linear_map_is_recovered_by_both_protocols():
    points, landmarks = exact(0)
    for protocol in ("ganseg", "scops"):
        assert landmark_error(points[:30], landmarks[:30], points[30:], landmarks[30:], protocol) < 1e-6


def test_a_shift_is_free_with_a_bias_and_costs_without():
    """Landmarks = map + (3, -2) for all: the scops protocol has a bias and sees through it, ganseg does not."""
    points, landmarks = exact(1)
    shifted = landmarks + np.array([3.0, -2.0])
    sides = (points[:30], shifted[:30], points[30:], shifted[30:])
    assert landmark_error(*sides, "scops") < 1e-6
    assert landmark_error(*sides, "ganseg") > 1e-4


def test_error_by_hand_over_the_distance_of_the_eyes():
    """One part at (1, 0) or (0, 1), so that β holds the two training photos' landmarks and predicts them again."""
    points = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    train = np.array([[[0, 0], [4, 0], [2, 3], [1, 5], [3, 5]], [[10, 0], [10, 5], [8, 2], [6, 1], [6, 4]]], float)
    truth = train.copy()
    truth[0, 2] += (3, 4)  # 5 px off at an eye distance of 4
    truth[1, 4] += (0, 1)  # 1 px off at an eye distance of 5
    expected = (5 / 4 + 1 / 5) / 10
    assert landmark_error(points, train, points, truth, "ganseg") == pytest.approx(expected)
    truth[0, 1] = truth[0, 0]  # eyes that coincide: that photo is left out
    assert landmark_error(points, train, points, truth, "ganseg") == pytest.approx(1 / 5 / 5)
    truth[1, 1] = truth[1, 0]
    with pytest.raises(ValueError, match="two eyes apart"):
        landmark_error(points, train, points, truth, "ganseg")
    with pytest.raises(ValueError, match="missing"):
        landmark_error(points, train, points, train * np.nan, "ganseg")
    with pytest.raises(ValueError, match="protocol"):
        landmark_error(points, train, points, train, "mafl")


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_both_protocols_agree_with_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 64, (40, 3, 2)), rng.uniform(0, 64, (40, 5, 2))
    flat, target = x.reshape(40, -1), y.reshape(40, -1)
    plain = LinearRegression(fit_intercept=False).fit(flat[:30], target[:30]).predict(flat[30:])
    scale_x, scale_y = StandardScaler().fit(flat[:30]), StandardScaler().fit(target[:30])
    model = LinearRegression(fit_intercept=False).fit(scale_x.transform(flat[:30]), scale_y.transform(target[:30]))
    standard = scale_y.inverse_transform(model.predict(scale_x.transform(flat[30:])))
    eyes = np.linalg.norm(y[30:, 0] - y[30:, 1], axis=1)[:, None]
    for protocol, found in (("ganseg", plain), ("scops", standard)):
        expected = (np.linalg.norm(found.reshape(10, 5, 2) - y[30:], axis=2) / eyes).mean()
        assert landmark_error(x[:30], y[:30], x[30:], y[30:], protocol) == pytest.approx(expected, rel=1e-8)


def test_scops_rounds_at_256_px():
    points, landmarks = exact(2)
    sides = (points[:30], landmarks[:30], points[30:], landmarks[30:])
    rounded = landmark_error(*sides, "scops", frame_px=64)
    assert 0 < rounded < 0.05 and landmark_error(*sides, "ganseg", frame_px=64) < 1e-6


@pytest.mark.parametrize("side", [0, 2], ids=["to fit", "to test"])
def test_scops_leaves_out_photos_whose_eyes_round_to_one_pixel(side):
    """Apart in the photo's own pixels, one after rounding; the value is that of the other photos."""
    points, landmarks = exact(2)
    near = landmarks[:1].copy()
    near[:, 1] = near[:, 0] = np.rint(near[:, 0] * 4) / 4
    near[:, 1, 0] += 0.1
    sides = [points[:30], landmarks[:30], points[30:], landmarks[30:]]
    expected = landmark_error(*sides, "scops", frame_px=64)
    sides[side], sides[side + 1] = np.concatenate([points[:1], sides[side]]), np.concatenate([near, sides[side + 1]])
    assert landmark_error(*sides, "scops", frame_px=64) == expected < 0.05


def joints(seed=0, count=60, parts=3):
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 128, (count, parts, 2))
    truth = rng.uniform(0, 255, (count, 18, 2))
    truth[rng.random((count, 18)) < 0.07] = np.nan
    return points, truth


def test_joint_error_sums_36_fits_with_intercept():
    points, truth = joints()
    expected = []
    for joint in range(18):
        for axis in range(2):
            y = truth[:, joint, axis]
            seen, asked = np.isfinite(y[:45]), np.isfinite(y[45:])
            model = LinearRegression().fit(points[:45].reshape(45, -1)[seen], y[:45][seen])
            expected.append(np.abs(model.predict(points[45:].reshape(15, -1)[asked]) - y[45:][asked]).mean())
    assert len(expected) == 36
    assert summed_joint_error(points[:45], truth[:45], points[45:], truth[45:]) == pytest.approx(sum(expected))


def test_a_constant_error_of_one_counts_36_times_and_missing_joints_count_nothing():
    points, _ = joints()
    truth = np.broadcast_to(np.full((18, 2), 100.0), (60, 18, 2)).copy()
    test = truth[45:] + 1.0
    assert summed_joint_error(points[:45], truth[:45], points[45:], test) == pytest.approx(36.0)
    truth[::7, 3], test[::4, 5] = np.nan, np.nan
    assert summed_joint_error(points[:45], truth[:45], points[45:], test) == pytest.approx(36.0)
    test[:, 5] = np.nan
    with pytest.raises(ValueError, match=r"joint 5, axis x.*45 and 0"):
        summed_joint_error(points[:45], truth[:45], points[45:], test)


def test_missing_marks_that_slip_through_would_show():
    """-1 instead of NaN changes the score, hence the packs hold NaN."""
    points, truth = joints()
    marked = np.where(np.isfinite(truth), truth, -1.0)
    clean = summed_joint_error(points[:45], truth[:45], points[45:], truth[45:])
    assert abs(summed_joint_error(points[:45], marked[:45], points[45:], marked[45:]) / clean - 1) > 0.01


def test_overlap_of_corner_cases():
    empty, full = np.zeros((1, 4, 4), bool), np.ones((1, 4, 4), bool)
    assert masks_to_iou(empty, empty).tolist() == [0.0]
    assert masks_to_iou(full, full)[0] == pytest.approx(16 / (16 + 1e-6), abs=1e-12)
    assert masks_to_iou(full, empty).tolist() == [0.0]
    left = full.copy()
    left[:, :, 2:] = False
    assert masks_to_iou(left, full)[0] == pytest.approx(8 / 16, abs=1e-6)
    border = np.zeros((1, 4, 4), np.uint8)
    border[:, :, 3] = 1
    assert masks_to_iou(left, full, border)[0] == pytest.approx(8 / 12, abs=1e-6)
    with pytest.raises(ValueError, match="one shape"):
        masks_to_iou(full, np.ones((1, 4, 5), bool))


def test_mean_over_images_is_not_the_pooled_overlap():
    """A large image at 1 and a one-pixel image at 0: 0.5 on average, 15/17 pooled."""
    predicted, target = np.zeros((2, 4, 4), bool), np.zeros((2, 4, 4), bool)
    predicted[0], target[0] = True, True
    predicted[1, 0, 0], target[1, 3, 3] = True, True
    assert masks_to_iou(predicted, target).mean() == pytest.approx(0.5, abs=1e-6)
    assert (predicted & target).sum() / (predicted | target).sum() == pytest.approx(16 / 18)


def test_best_disc_finds_the_radius_that_was_drawn_and_beats_all_others():
    masks = np.stack([disc_mask(32, 9.0)] * 3)
    found = best_disc(masks)
    assert np.array_equal(disc_mask(32, found.radius_px), masks[0]) and found.iou == pytest.approx(1.0, abs=1e-6)
    rng = np.random.default_rng(0)
    masks = rng.random((5, 12, 12)) < np.exp(-(np.hypot(*np.mgrid[-5.5:6, -5.5:6]) ** 2) / 20)
    unlabelled = (rng.random((5, 12, 12)) < 0.2).astype(np.uint8)
    for left_out in (None, unlabelled):
        best = best_disc(masks, left_out)
        tried = []
        for radius in np.linspace(0.1, 9, 400):
            disc = np.broadcast_to(disc_mask(12, radius), masks.shape)
            tried.append(masks_to_iou(disc, masks, left_out).mean())
        assert best.iou == pytest.approx(max(tried), abs=1e-9)
        disc = np.broadcast_to(disc_mask(12, best.radius_px), masks.shape)
        assert masks_to_iou(disc, masks, left_out).mean() == pytest.approx(best.iou, abs=1e-9)
    with pytest.raises(ValueError, match="at least one"):
        best_disc(np.zeros((0, 4, 4)))


def test_disc_counts_pixel_centres():
    assert disc_mask(4, 0.7).sum() == 0 and disc_mask(4, np.sqrt(0.5)).sum() == 4
    assert disc_mask(5, 0.0).sum() == 1 and disc_mask(5, 1.0).sum() == 5 and disc_mask(4, 9.0).all()


def test_purity_and_silhouette_by_hand():
    # on a line: a a b b at 0, 1, 3, 5 with one neighbour each: 0->1, 1->0, 3->(1 or 5, both 2 away), 5->3
    vectors, labels = np.array([[0.0], [1.0], [3.1], [5.0]]), np.array([0, 0, 1, 1])
    assert neighbour_purity(vectors, labels, 1) == 1.0
    assert neighbour_purity(np.array([[0.0], [1.0], [2.9], [5.0]]), labels, 1) == 0.75
    # silhouette of 0, 1 | 10, 11: (10.5 - 1) / 10.5 and (9.5 - 1) / 9.5, twice
    expected = ((10.5 - 1) / 10.5 + (9.5 - 1) / 9.5) / 2
    assert silhouette(np.array([[0.0], [1.0], [10.0], [11.0]]), labels) == pytest.approx(expected)
    with pytest.raises(ValueError, match="more than 4"):
        neighbour_purity(vectors, labels, 4)


def test_equal_vectors_are_neighbours_but_nobody_is_their_own():
    """Three equal vectors of three groups: the one nearest neighbour is another one, never itself."""
    assert neighbour_purity(np.zeros((3, 2)), np.array([0, 1, 2]), 1) == 0.0


def test_chance_level_of_purity():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 100)
    assert abs(neighbour_purity(rng.normal(size=(400, 5)), labels, 10) - 0.25) < 0.03


def test_images_are_cut_not_rounded():
    values = torch.tensor([-1.0, 1.0, -3.0, 2.0, 2 * 200.99 / 255 - 1, 2 * 0.999 / 255 - 1])
    image = torch.zeros(1, 3, 1, 6)
    image[0, 1, 0] = values
    found = truncate_images(image)
    assert found.shape == (1, 1, 6, 3) and found.dtype == np.uint8
    assert found[0, 0, :, 1].tolist() == [0, 255, 0, 255, 200, 0]
    assert found[0, 0, :, 0].tolist() == [127] * 6  # 0 -> 127.5 -> 127


def test_frechet_distance_of_the_protocol():
    """A set against itself, symmetry, and a shift of the mean by v: |v|²."""
    features = torch.from_numpy(np.random.default_rng(0).normal(size=(400, 8)))
    shift = torch.tensor([3.0, 0, 0, 4.0, 0, 0, 0, 0], dtype=torch.float64)
    assert abs(features_to_distance(features, features)) < 1e-3
    assert features_to_distance(features, features + shift) == pytest.approx(25.0, abs=1e-3)
    other = torch.from_numpy(np.random.default_rng(1).normal(size=(300, 8)) * 2)
    assert features_to_distance(features, other) == pytest.approx(features_to_distance(other, features), rel=1e-6)
    few = features_to_statistics(features[:6])
    assert "singular" in statistics_to_warning(few, features_to_statistics(features))
