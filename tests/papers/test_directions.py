"""The direction study: planted directions are found, ranges miss as often as wanted, realness stands on its own."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from stages.engine.session import Session
from stages.engine.world import World, settle
from stages.nets.stylegan.stylegan2 import Discriminator, beside_mask
from stages.papers.contrasfill.directions import regressor
from stages.papers.contrasfill.directions.calibrate import accepted, calibrate, collect
from stages.papers.contrasfill.directions.groups import cluster, group, nearest_members
from stages.papers.contrasfill.directions.realness import Judge
from stages.papers.contrasfill.directions.regressor import (
    GroupSource,
    RegressorBlock,
    find,
    fisher_ratio,
    rows_by_group,
    similarities,
)
from tests.contract.prepared import block_of

WORLD = World.single()
LAYERS = ("contrasfill.regressor.base", "contrasfill.regressor.profile.demo")


def regressor_block(**changes) -> RegressorBlock:
    from stages.runner import layers
    from tests.contract.prepared import PARAMS

    block = layers.validate(RegressorBlock, layers.merge(PARAMS, LAYERS), LAYERS)
    return block.model_copy(update={"iterations": 400, "learning_rate": 0.01} | changes)


def planted(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """w ~ N(0, I_64), labels from clusters of its second coordinate alone."""
    codes = np.random.default_rng(seed).standard_normal((1500, 64)).astype(np.float32)
    labels = KMeans(20, n_init=1, random_state=0).fit(codes[:, 1:2]).labels_
    return codes, labels.astype(np.int64)


def found(tmp_path, block: RegressorBlock, seed: int = 0):
    settle(torch.device("cpu"))
    codes, labels = planted()
    out = tmp_path / f"out{seed}{block.similarity}"
    out.mkdir()
    return find(codes, labels, block, seed, Session(WORLD, out, tmp_path / "resume", lambda: False, lambda *_: None))


def test_a_planted_direction_is_recovered(tmp_path):
    """I25: labels depend on one coordinate; |cos(d, e)| > 0.95, and held-out groups are told apart."""
    direction = found(tmp_path, regressor_block())
    assert abs(direction.vector[1]) > 0.95
    assert np.linalg.norm(direction.vector) == pytest.approx(1)
    assert direction.fisher > 10 * max(direction.fisher_random)
    assert (direction.groups, direction.held_out) == (20, 2)


def test_the_cosine_of_scalars_finds_nothing(tmp_path):
    """The literal reading is degenerate: the cosine of two numbers is their signs' product and has no slope."""
    assert abs(found(tmp_path, regressor_block(similarity="cosine")).vector[1]) < 0.5
    output = torch.tensor([0.3, -2.0, 5.0], requires_grad=True)
    similarity = similarities(output, "cosine")
    assert torch.allclose(similarity.detach(), torch.tensor([[1.0, -1, 1], [-1, 1, -1], [1, -1, 1]]))
    (slope,) = torch.autograd.grad(similarity.sum(), output)
    assert slope.abs().max() < 1e-6


def test_the_same_seed_gives_the_same_bits_and_another_seed_another_start(tmp_path):
    block = regressor_block(iterations=5)
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    one, same = (found(tmp_path / name, block) for name in "ab")
    assert np.array_equal(one.vector, same.vector) and one.fisher_random == same.fisher_random
    assert not np.array_equal(one.vector, found(tmp_path, block, seed=1).vector)


def test_similarity_of_scalars_by_hand():
    """Outputs 1 and 3 standardise to -1 and 1, so their similarity is -4; shift and scale do not matter."""
    for output in (torch.tensor([1.0, 3.0]), torch.tensor([-70.0, 130.0])):
        assert torch.allclose(similarities(output, "squared"), torch.tensor([[0.0, -4], [-4, 0]]), atol=1e-5)


def test_held_out_groups_are_never_learned_from():
    codes, labels = np.arange(12, dtype=np.float32)[:, None], np.repeat([3, 5, 9], 4)
    block = regressor_block(groups_per_batch=2)
    source = GroupSource(codes[labels != 5], labels[labels != 5], block, 0, WORLD)
    seen = {float(code) for step in range(30) for code in source.batch(step)["code"][:, 0]}
    assert seen == {float(code) for code in codes[labels != 5][:, 0]}
    batch = source.batch(0)
    assert batch["group"].tolist().count(batch["group"][0]) == 2 and len(batch["code"]) == 4
    assert torch.equal(batch["code"], source.batch(0)["code"])


def test_the_direction_is_learned_from_all_groups_but_those_it_is_judged_by(tmp_path, monkeypatch):
    """Nothing is trained here: the vector is the start, and what is looked at is who was given which groups."""
    given = []

    def noted(codes, labels, *_):
        given.append((codes, labels))

    monkeypatch.setattr(regressor, "GroupSource", noted)
    monkeypatch.setattr(regressor, "train", lambda *_: None)
    direction = found(tmp_path, regressor_block())
    codes, labels = planted()
    ((learned, groups),) = given
    judged = ~np.isin(labels, groups)
    assert len(np.unique(groups)) == 18 and len(np.unique(labels[judged])) == direction.held_out == 2
    assert np.array_equal(learned, codes[~judged])
    assert direction.fisher == pytest.approx(fisher_ratio(codes[judged] @ direction.vector, labels[judged]), rel=1e-5)


def test_a_batch_that_no_groups_fill_is_refused():
    with pytest.raises(ValueError, match=r"500 groups of 2, only 1 groups.*groups_per_batch"):
        GroupSource(np.zeros((3, 2), np.float32), np.array([0, 0, 1]), regressor_block(groups_per_batch=500), 0, WORLD)


def test_fisher_ratio_by_hand():
    """Groups (0, 2) and (10, 12): between 25, within 1; scale and sign do not matter."""
    output, labels = np.array([0.0, 2, 10, 12]), np.array([4, 4, 7, 7])
    assert fisher_ratio(output, labels) == pytest.approx(25)
    assert fisher_ratio(-3 * output + 8, labels) == pytest.approx(25)
    assert [rows.tolist() for rows in rows_by_group(np.array([2, 0, 2, 1]))] == [[1], [3], [0, 2]]


# --- groups ---------------------------------------------------------------------------------------------------------


def test_the_nearest_members_of_each_cluster_are_kept():
    features = np.array([[0.0], [3], [1], [2], [10], [13]])
    centres, labels = np.array([[0.0], [10.0]]), np.array([0, 0, 0, 0, 1, 1])
    kept = nearest_members(features, centres, labels, 3)
    assert kept.members.tolist() == [0, 2, 3, 4, 5] and kept.labels.tolist() == [0, 0, 0, 1, 1]
    assert kept.small == 1 and kept.inertia == pytest.approx(0 + 9 + 1 + 4 + 0 + 9)


def test_grouping_looks_at_directions_of_features_alone():
    draw = np.random.default_rng(0)
    centres = np.eye(4)[draw.integers(4, size=200)]
    features = (centres + 0.05 * draw.standard_normal((200, 4))).astype(np.float32)
    kept = group(features, 4, 10, 300, 0)
    scaled = group(features * draw.uniform(0.1, 9, (200, 1)).astype(np.float32), 4, 10, 300, 0)
    assert len(kept.members) == 40 and kept.small == 0
    pure = [len(set(centres[kept.members[kept.labels == label]].argmax(1))) for label in range(4)]
    assert pure == [1, 1, 1, 1]
    assert set(kept.members) == set(scaled.members)
    again = group(features, 4, 10, 300, 0)
    assert np.array_equal(kept.members, again.members)


def test_grouping_refuses_what_it_cannot_group():
    with pytest.raises(ValueError, match="9 clusters need as many features, came 3"):
        cluster(np.ones((3, 2)), 9, 10, 0)
    with pytest.raises(ValueError, match="feature 1 is zero"):
        group(np.array([[1.0, 0], [0, 0], [0, 1]]), 2, 1, 10, 0)


# --- calibration and acceptance ---------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.floats(0.01, 500))
def test_bisection_finds_the_range_of_a_known_curve(scale):
    """I24: miss(R) = 1 - exp(-R / R0) is 0.1 at R = -R0 ln 0.9 = 0.105361 R0."""
    result = calibrate(lambda size: 1 - math.exp(-size / scale), 0.1, 1e-7, 1.0, 1e4, 60)
    assert result.reached and result.range == pytest.approx(0.105361 * scale, rel=1e-5)
    assert result.bracket[0] <= result.range <= result.bracket[1]
    assert result.curve[-1] == (result.range, result.miss)


def test_a_range_within_the_tolerance_ends_the_search():
    result = calibrate(lambda size: min(1.0, size / 100), 0.1, 0.005, 1.0, 1e4, 30)
    assert [size for size, _ in result.curve] == [1, 2, 4, 8, 16, 12, 10] and result.range == 10


def test_a_range_that_cannot_miss_often_enough_says_so():
    flat = calibrate(lambda size: 0.02, 0.1, 0.005, 1.0, 50.0, 30)
    assert not flat.reached and flat.range == 50 and flat.miss == 0.02 and [s for s, _ in flat.curve][-1] == 50
    jump = calibrate(lambda size: 0.0 if size < 3 else 1.0, 0.1, 0.005, 1.0, 1e4, 12)
    assert not jump.reached and jump.miss == 0 and len(jump.curve) == 3 + 12
    assert jump.bracket[0] < 3 <= jump.bracket[1] and jump.bracket[1] - jump.bracket[0] < 1e-3


def test_only_realness_strictly_above_the_bound_is_accepted():
    """r = 0.75 and a drop of 0.25 leave a bound of exactly 0.5."""
    realness = np.array([0.5, np.nextafter(0.5, 1), np.nextafter(0.5, 0), 0.9])
    assert accepted(realness, np.full(4, 0.75), 0.25).tolist() == [False, True, False, True]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.booleans(), min_size=12, max_size=12), min_size=1, max_size=5), st.integers(1, 6))
def test_collecting_in_rounds_equals_drawing_one_at_a_time(good, wanted):
    asked = []

    def judge(pairs):
        asked.extend(pairs)
        return np.array([good[image][number] for image, number in pairs])

    result = collect(judge, len(good), wanted, 12)
    for image, row in enumerate(good):
        kept, spent = [], 0
        while len(kept) < wanted and spent < 12:
            kept += [spent] if row[spent] else []
            spent += 1
        assert result.kept[image] == tuple(kept) and result.draws[image] == spent
        assert [number for i, number in asked if i == image] == list(range(spent))
    assert result.short(wanted) == [image for image, row in enumerate(good) if sum(row) < wanted]
    assert result.miss == pytest.approx(1 - sum(map(len, result.kept)) / sum(result.draws))


# --- realness ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def critic() -> Discriminator:
    torch.manual_seed(0)
    return Discriminator(4, 16, 64, 8, 4).eval()


def seen_of(count: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(count, 3, 16, 16, generator=generator) * 2 - 1
    return beside_mask(images, (torch.rand(count, 1, 16, 16, generator=generator) > 0.5).float())


def test_realness_is_the_discriminators_own_in_a_group_with_the_companions(critic):
    """Oracle: the whole discriminator on [result, next three bases], whose first logit is the result's."""
    base, results = seen_of(5, 1), seen_of(3, 2)
    judge = Judge(critic, base, 3, 2)
    which = torch.tensor([4, 0, 2])
    realness = judge.realness(results, which)
    for row, image in enumerate(which.tolist()):
        together = torch.cat([results[row : row + 1], base[[(image + k) % 5 for k in (1, 2, 3)]]])
        logit = critic(together)[0, 0]
        torch.testing.assert_close(realness[row], logit.sigmoid())
    assert ((realness > 0) & (realness < 1)).all()


def test_realness_does_not_depend_on_what_is_judged_with_it(critic):
    base, results = seen_of(4, 1), seen_of(6, 2)
    judge, which = Judge(critic, base, 3, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    together = judge.realness(results, which)
    alone = torch.cat([judge.realness(results[row : row + 1], which[row : row + 1]) for row in range(6)])
    torch.testing.assert_close(together, alone)


def test_a_result_judged_alone_has_no_spread_beside_it(critic):
    base = seen_of(2, 1)
    logit = critic(base, parts=2)[:, 0]
    torch.testing.assert_close(Judge(critic, base, 0, 2).realness(base, torch.arange(2)), logit.sigmoid())


def test_too_few_images_for_the_companions_are_refused(critic):
    with pytest.raises(ValueError, match="3 companions need 4 images, came 3"):
        Judge(critic, seen_of(3, 1), 3, 2)


def test_blocks_of_the_paper_hold_the_papers_numbers():
    """supp §4.1: 100k samples, 1k clusters, top 10, 1k images, 10 results, r - 0.1, 10 % misses."""
    groups = ("discover", "regressor", "directions")
    names = tuple(f"contrasfill.{name}.{kind}" for kind in ("base", "profile.paper") for name in groups)
    block = block_of("stages.papers.contrasfill.directions.walk", *names)
    assert (block.codes, block.clusters, block.nearest) == (100_000, 1000, 10)
    assert (block.images, block.samples, block.bound_drop, block.miss, block.hole) == (1000, 10, 0.1, 0.1, "box")
