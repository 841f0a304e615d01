"""Car colours (spec I21): stable labels, closest centroids, foreground rules."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.data.colour import box_iou, cluster_colours, foreground, mean_colour, nearest_colour
from stages.data.instances import ImageDetections, Instance, encode_mask
from tests.parts.raw_fixtures import flat, rectangle

CENTRES = np.array(
    [
        [0.05, 0.05, 0.05],
        [0.1, 0.1, 0.6],
        [0.6, 0.1, 0.1],
        [0.1, 0.5, 0.1],
        [0.5, 0.5, 0.5],
        [0.7, 0.7, 0.1],
        [0.75, 0.75, 0.75],
        [0.95, 0.95, 0.95],
    ]
)


def sample(seed: int, each: int = 12, spread: float = 0.02) -> np.ndarray:
    return np.concatenate(
        [centre + np.random.default_rng(seed).uniform(-spread, spread, (each, 3)) for centre in CENTRES]
    )


def test_clusters_are_found_and_numbered_by_luminance():
    clusters = cluster_colours(sample(0), 8, 10, 0)
    luminance = CENTRES @ [0.2126, 0.7152, 0.0722]
    assert np.abs(clusters.centroids - CENTRES[np.argsort(luminance)]).max() < 0.02
    assert clusters.sizes.tolist() == [12] * 8
    assert (np.diff(clusters.centroids @ [0.2126, 0.7152, 0.0722]) > 0).all()


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 5))
def test_labels_do_not_depend_on_the_order_of_rows(random, seed):
    colours = sample(seed, each=5, spread=0.25)  # overlapping groups: the hard case
    order = np.array(random.sample(range(len(colours)), len(colours)))
    straight, shuffled = cluster_colours(colours, 8, 3, 0), cluster_colours(colours[order], 8, 3, 0)
    assert np.array_equal(straight.centroids, shuffled.centroids)
    assert np.array_equal(straight.labels[order], shuffled.labels)


def test_each_colour_is_closest_to_its_own_centroid_and_sizes_sum():
    colours = sample(3, spread=0.3)
    clusters = cluster_colours(colours, 8, 10, 0)
    distance = np.linalg.norm(colours[:, None] - clusters.centroids, axis=2)
    assert (distance[np.arange(len(colours)), clusters.labels] <= distance.min(axis=1) + 1e-12).all()
    assert clusters.sizes.sum() == len(colours) and (clusters.sizes > 0).all()
    assert np.array_equal(nearest_colour(colours, clusters.centroids), clusters.labels)


def test_fewer_colours_than_groups_is_an_error():
    with pytest.raises(ValueError, match="at least 8 distinct colours"):
        cluster_colours(np.tile(CENTRES[:7], (4, 1)), 8, 10, 0)


def test_mean_colour_is_over_the_mask_alone():
    image = flat(4, 4, (0, 255, 51))
    image[0] = (255, 0, 0)
    assert mean_colour(image, rectangle(4, 4, 0, 1, 3, 3)).tolist() == pytest.approx([0, 1, 0.2])
    assert mean_colour(image, rectangle(4, 4, 0, 0, 0, 1)).tolist() == pytest.approx([0.5, 0.5, 0.1])
    with pytest.raises(ValueError, match="empty mask"):
        mean_colour(image, np.zeros((4, 4), bool))


def test_overlap_of_boxes():
    assert box_iou((0, 0, 2, 2), (0, 0, 2, 2)) == 1
    assert box_iou((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert box_iou((0, 0, 2, 2), (2, 0, 4, 2)) == 0
    assert box_iou((0, 0, 1, 1), (5, 5, 6, 6)) == 0


def found(*entries) -> ImageDetections:
    code = encode_mask(rectangle(20, 40, 10, 5, 19, 14))
    return ImageDetections(40, 20, tuple(Instance(name, score, box, code) for name, score, box in entries))


RULES = (("car", "truck"), 0.5, 0.1)
BOX = (10, 5, 29, 14)  # edges 10, 5, 30, 15


def test_foreground_takes_the_best_overlapping_car_or_the_shrunk_box():
    mask, origin = foreground(
        found(("car", 0.9, (0.0, 0.0, 5.0, 5.0)), ("truck", 0.5, (11.0, 5.0, 30.0, 15.0))), BOX, 20, 40, *RULES
    )
    assert origin == "mask" and np.array_equal(mask, rectangle(20, 40, 10, 5, 19, 14))
    shrunk = rectangle(20, 40, 12, 6, 27, 13)
    for instances in (
        found(),
        None,
        found(("bus", 0.9, (10.0, 5.0, 30.0, 15.0))),
        found(("car", 0.9, (10.0, 5.0, 20.0, 15.0))),
    ):
        mask, origin = foreground(
            instances, BOX, 20, 40, *RULES
        )  # the last overlaps by exactly one half: not above the limit
        assert origin == "box" and np.array_equal(mask, shrunk)


def test_detections_of_another_size_are_not_used():
    _, origin = foreground(found(("car", 0.9, (10.0, 5.0, 30.0, 15.0))), BOX, 21, 40, *RULES)
    assert origin == "box"


def test_smallest_box_keeps_a_pixel():
    mask, _ = foreground(None, (3, 3, 3, 3), 20, 40, *RULES)
    assert mask.sum() == 1 and mask[3, 3]
