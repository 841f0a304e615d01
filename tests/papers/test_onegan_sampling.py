"""What figures 1 to 3 show: rows that share z, choices by hand, arrays as documented, and the same bytes again."""

import json

import numpy as np
import pytest
import torch

from stages.data.image import from_tensor
from stages.engine.world import World
from stages.metrics.overlap import masks_to_overlap
from stages.papers.onegan import picking, sampling
from stages.papers.onegan.methods.gan.method import OneGAN
from stages.papers.onegan.passes import Encoded, encoded, poses, rebuilt
from tests.papers.onegan_made import SIDE, gan_block
from tests.papers.onegan_scored import TEST, pack
from tests.papers.sessions import session_in

KEYS = {"profile": "demo", "batch": 3, "columns": 4, "rows": 3, "sources": 2, "targets": 3, "ids": ()}
K, R, T, P = 4, 2, 3, 3


def method(**changes) -> OneGAN:
    made = OneGAN(gan_block(**changes), World.single(), 0)
    for net in made.nets.values():
        net.eval().requires_grad_(False)
    return made


def sampled(out, data, made, **changes) -> dict:
    out.mkdir(parents=True)
    block = sampling.Block(**(KEYS | changes))
    facts = sampling.sample(block, made, data, 0, session_in(out))
    return json.loads(json.dumps(facts, allow_nan=False))


def array(folder, name: str) -> np.ndarray:
    return np.load(folder / f"{name}.npy")


def test_arrays_are_as_documented_and_the_same_again(tmp_path):
    data, made = pack(tmp_path / "data", detected=True), method()
    facts = sampled(tmp_path / "one", data, made)
    assert sampled(tmp_path / "two", data, made) == facts
    shapes = {path.stem: np.load(path).shape for path in (tmp_path / "one").iterdir()}
    flat, cell = (SIDE, SIDE), (SIDE, SIDE, 3)
    assert shapes == {
        "fig1_reference": (K, *cell), "fig1": (P, K, *cell), "fig3_target": (T, *cell), "fig3_source": (R, *cell),
        "fig3": (R, T, *cell), "fig3_frozen": (R, T, *cell), "predicted_mask": (TEST, *flat),
        **{f"fig2_{name}": (K, *cell) for name in ("image", "made", "foreground", "background")},
        **{f"fig2_{name}": (K, *flat) for name in ("truth", "mask")},
    }  # fmt: skip
    for name in shapes:
        one, two = ((tmp_path / folder / f"{name}.npy").read_bytes() for folder in ("one", "two"))
        assert one == two and array(tmp_path / "one", name).dtype == np.uint8
    assert facts["predicted_keys"] == [f"test/{number:02d}.png" for number in range(TEST)]
    columns = facts["fig2"]["keys"]
    places = [data.keys.index(key) for key in columns]
    assert "test/00.png" not in columns and set(array(tmp_path / "one", "fig2_truth").ravel()) == {0, 255}
    assert np.array_equal(array(tmp_path / "one", "fig2_mask"), array(tmp_path / "one", "predicted_mask")[places])
    masks = array(tmp_path / "one", "fig2_mask") > 127
    truth, exact = data.needed_masks()[places], data.array("exact")[places]
    for name, pair in (("iou", (masks, truth)), ("iou_exact", (masks, exact)), ("detection_iou", (truth, exact))):
        assert facts["fig2"][name] == pytest.approx(masks_to_overlap(*pair).iou.tolist())
    ground = next(rebuilt(made.model, data.images[places[:R]], R, "cpu")).background.numpy()
    for name, kept in (("fig3", None), ("fig3_frozen", ground)):
        cells = next(rebuilt(made.model, data.images[places[:R]], R, "cpu", facts["fig3"]["target_child"][1], kept))
        assert np.array_equal(array(tmp_path / "one", name)[:, 1], from_tensor(cells.image))
    assert not np.array_equal(array(tmp_path / "one", "fig3"), array(tmp_path / "one", "fig3_frozen"))
    assert facts["fig3"]["source_keys"] == columns[:R] and len(set(facts["fig3"]["target_child"])) == T
    assert array(tmp_path / "one", "fig3_target").shape[0] == len(facts["fig3"]["target_keys"])


def test_references_of_equal_codes_have_equal_cells_in_a_row(tmp_path, monkeypatch):
    """All cells of a row share z: where codes are equal too, nothing differs; another z, another picture."""
    from stages.papers.onegan import passes

    data, made = pack(tmp_path / "data"), method()
    real = encoded(made.model, data.images[:TEST], 3, "cpu")
    child = np.array([3, 3, 3, 3, 7, 7, 7, 7])
    monkeypatch.setattr(passes, "encoded", lambda *words: real._replace(child=child, parent=child // 3))
    facts = sampled(tmp_path / "out", data, made, batch=TEST)["fig1"]
    cells = array(tmp_path / "out", "fig1")
    alike = np.array(facts["child"])
    assert set(facts["child"]) <= {3, 7} and len(facts["keys"]) == K
    for row in range(P):
        for code in set(facts["child"]):
            column = cells[row, alike == code]
            assert (column == column[:1]).all()
    assert not np.array_equal(cells[0], cells[1]) and facts["z_ratio"] > 0


def test_poses_belong_to_their_names():
    both, one = poses(0, ["row/0", "row/1"], 16), poses(0, ["row/1"], 16)
    assert (
        torch.equal(both[1:], one)
        and not torch.equal(both[0], both[1])
        and not torch.equal(poses(1, ["row/1"], 16), one)
    )


def test_batches_change_at_most_a_level(tmp_path):
    data, made = pack(tmp_path / "data"), method()
    for name, batch in (("one", 1), ("eight", 8)):
        sampled(tmp_path / name, data, made, batch=batch)
    for name in ("fig1", "fig2_made", "fig3_frozen", "predicted_mask"):
        one, eight = (array(tmp_path / folder, name).astype(int) for folder in ("one", "eight"))
        assert np.abs(one - eight).max() <= 1


def test_swapping_in_the_own_class_shows_the_reconstruction_where_codes_are_classes(tmp_path, monkeypatch):
    """Where the target is the class that a source has, its cell is the reconstruction, with either ground."""
    from stages.papers.onegan import shown

    data, made = pack(tmp_path / "data"), method(recon_code="class")
    own = int(encoded(made.model, data.images[:TEST], 8, "cpu").child[1])
    chosen = picking.Targets(np.array([own, (own + 1) % 12]), np.array([1, 2]), np.array([0.5, 0.5]))
    monkeypatch.setattr(shown, "targets", lambda *words: chosen)
    sampled(tmp_path / "out", data, made, ids=("test/01.png", "test/02.png"))
    plain = next(rebuilt(made.model, data.images[1:2], 1, "cpu")).image
    whole = np.rint((plain[0].permute(1, 2, 0).numpy() + 1) * 127.5).clip(0, 255).astype(int)
    for name in ("fig3", "fig3_frozen"):
        cells = array(tmp_path / "out", name).astype(int)
        assert np.abs(cells[0, 0] - whole).max() <= 1 and np.abs(cells[0, 1] - whole).max() > 1


def test_photos_by_name_and_names_that_are_refused(tmp_path):
    data, made = pack(tmp_path / "data"), method()
    facts = sampled(tmp_path / "out", data, made, ids=("test/05.png", "test/02.png"))
    assert facts["fig2"]["keys"] == facts["fig3"]["source_keys"] == ["test/05.png", "test/02.png"]
    assert np.array_equal(array(tmp_path / "out", "fig2_image"), data.images[[5, 2]])
    with pytest.raises(ValueError, match="key ids"):
        sampled(tmp_path / "bad", data, made, ids=("test/00.png",))
    with pytest.raises(ValueError, match="key columns: expected at most 8"):
        sampled(tmp_path / "many", data, made, columns=9, ids=("test/05.png",))


def test_farthest_points_and_near_neighbours_by_hand():
    line = np.array([[0.0], [1], [2], [10], [11], [20], [21], [22]])
    # from 0: 22 is farthest; then 10 (10 from 0) against 11 (11 from both): 11
    assert picking.farthest(line, 0, 3).tolist() == [0, 7, 4]
    found = picking.references(line, np.array([0, 1, 3, 5, 2, 4, 6, 7]), 8 - 1)
    # four spread: 0, 22, 11, then 20 is 2 from 22, 2 is 2 from 0, 10 is 1: the first of equals, place 2;
    # three left: one group, from place 1 (the next free in the order): itself and the nearest free ones, 3 and 5
    assert found.places.tolist() == [0, 7, 4, 2, 1, 3, 5] and found.groups.tolist() == [0, 0, 0, 0, 1, 1, 1]
    eight = picking.references(line, np.arange(8), 8)
    assert sorted(eight.places.tolist()) == list(range(8)) and eight.groups.tolist() == [0] * 4 + [1, 1, 2, 2]
    assert picking.references(line, np.arange(8), 1).groups.tolist() == [0]
    with pytest.raises(ValueError, match="1 to 8 items"):
        picking.farthest(line, 0, 9)


def test_targets_are_sure_and_of_different_colours():
    shares = np.array([[0.9, 0.05, 0.05, 0.0], [0.1, 0.8, 0.1, 0.0], [0.1, 0.1, 0.7, 0.1]])
    colours = np.array([[1.0, 0, 0], [1.0, 0, 0.1], [0, 1.0, 0]])
    found = picking.targets(shares, colours, 2)
    # surest is class 0 (photo 0); of the others class 2 (photo 2) differs most in colour
    assert found.children.tolist() == [0, 2] and found.places.tolist() == [0, 2]
    assert found.shares == pytest.approx([0.9, 0.7])
    assert picking.targets(shares, colours, 12).children.tolist() == [0, 1, 2, 3]
    image = np.zeros((1, 2, 2, 3), np.uint8)
    image[0, 0, 0], image[0, 1, 1] = (255, 0, 0), (0, 255, 0)
    mask = np.array([[[1.0, 0], [0, 0.5]]])
    assert picking.object_colours(image, mask)[0] == pytest.approx([2 / 3, 1 / 3, 0])


def test_encoded_shares_are_of_the_classes(tmp_path):
    data, made = pack(tmp_path / "data"), method()
    found = encoded(made.model, data.images[:5], 2, "cpu")
    assert isinstance(found, Encoded) and found.shares.shape == (5, 12) and np.allclose(found.shares.sum(1), 1)
    assert np.array_equal(found.child, found.shares.argmax(1)) and found.parent.max() < 4 and len(found.features) == 5


def test_a_pass_under_way_leaves_gradients_to_its_caller(tmp_path):
    from stages.papers.onegan.passes import generated, rebuilt

    data, made = pack(tmp_path / "data"), method()
    classes, noise = np.zeros(2, np.int64), poses(0, ["a", "b"], made.block.pose)
    ways = generated(made.model, classes, classes, noise, 1, "cpu"), rebuilt(made.model, data.images[:2], 1, "cpu")
    for way in ways:
        assert not next(way).image.requires_grad and torch.is_grad_enabled()


def test_a_picture_that_is_not_finite_is_named_by_its_number_in_the_whole_work():
    from stages.papers.onegan.passes import generated

    made = method()
    with torch.no_grad():
        for parameter in made.model.generator.parameters():
            parameter.fill_(float("nan"))
    classes, noise = np.zeros(2, np.int64), poses(0, ["a", "b"], made.block.pose)
    with pytest.raises(FloatingPointError, match=r"^generation 32, or another item of its batch, is not finite"):
        next(generated(made.model, classes, classes, noise, 2, "cpu", 32))
