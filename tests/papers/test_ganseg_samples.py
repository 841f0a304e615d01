"""What is drawn from GANSeg's models, and what is measured on it, with small untrained networks."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from stages.data.prepared.packed import Packed
from stages.engine.weights import write_weights
from stages.engine.world import World
from stages.papers.ganseg import collapse, encoded, evaluation, sampling
from stages.papers.ganseg.grid import flipped
from stages.papers.ganseg.methods.gan.method import for_sampling
from tests.papers.ganseg_blocks import gan_block
from tests.papers.sessions import session_in

WORLD = World.single()
SMALL = {
    "size_px": 32, "feature_sizes": (8, 8, 16, 32), "channels": (16, 8, 8, 8), "parts": 3, "latent": 16, "embedding": 8,
    "hidden": 16, "discriminator_channels": (8, 8, 8, 8),
}  # fmt: skip


def silent(*_: object) -> None:
    """Progress that nobody sees."""


def draw(folder: Path, batch: int, generations: int = 7, pictures: int = 5) -> dict:
    method = for_sampling(gan_block(**SMALL), WORLD)
    with torch.no_grad():  # another network than the untrained control
        method.generator.constants.weight.add_(1.0)
    method.generator.eval()
    block = sampling.Block(profile="demo", generations=generations, pictures=pictures, batch=batch)
    folder.mkdir()
    return sampling.sample(block, method, None, 0, session_in(folder))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn") / "a"
    return folder, draw(folder, 3)


def test_everything_is_written_in_its_shape(drawn):
    folder, facts = drawn
    shapes = {path.stem: np.load(path).shape for path in folder.iterdir()}
    assert shapes == {
        "images": (5, 32, 32, 3), "labels": (5, 32, 32), "points": (5, 3, 4, 2), "noise": (5, 50),
        "embeddings": (7, 4, 8), "untrained": (7, 4, 8), "scales": (7, 3),
    }  # fmt: skip
    assert (facts["generations"], facts["pictures"], facts["parts"], facts["grid"]) == (7, 5, 3, "pixel_center")


def test_generations_do_not_depend_on_the_batch(tmp_path, drawn):
    draw(tmp_path / "b", 7)
    for path in drawn[0].iterdir():
        first, second = np.load(path), np.load(tmp_path / "b" / path.name)
        if first.dtype == np.uint8:
            assert np.abs(first.astype(int) - second).max() <= 1
        else:
            np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-6, err_msg=path.stem)


def test_fewer_pictures_than_a_batch_and_more_than_generations(tmp_path):
    assert draw(tmp_path / "few", 4, generations=4, pictures=2)["pictures"] == 2
    assert draw(tmp_path / "many", 4, generations=3, pictures=9)["pictures"] == 3
    assert len(np.load(tmp_path / "many" / "images.npy")) == 3


def test_points_are_written_as_x_y_and_can_be_made_from_the_noise(drawn):
    """The kept noise gives the kept points, columns first, through the network itself."""
    folder, _ = drawn
    method = for_sampling(gan_block(**SMALL), WORLD)
    noise = torch.from_numpy(np.load(folder / "noise.npy"))
    placed = method.generator.place(noise[:, :16]).detach()
    np.testing.assert_allclose(np.load(folder / "points.npy"), flipped(placed).numpy(), rtol=1e-4, atol=1e-6)
    assert not np.allclose(np.load(folder / "points.npy"), placed.numpy(), atol=1e-3)


def test_the_control_has_the_same_noise_and_other_weights(drawn):
    """Constants raised by one: w_k grows by w_dynamic, which is the same vector for all parts of an image."""
    folder, _ = drawn
    trained, untrained = np.load(folder / "embeddings.npy"), np.load(folder / "untrained.npy")
    change = trained[:, :3] - untrained[:, :3]
    np.testing.assert_allclose(change, np.repeat(change[:, :1], 3, axis=1), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(trained[:, 3], untrained[:, 3], rtol=1e-5)
    assert np.abs(change).max() > 1e-3


def model(folder: Path, **changes) -> Path:
    """A GAN folder with fresh weights."""
    folder.mkdir()
    block = gan_block(**(SMALL | changes))
    method = for_sampling(block, WORLD)
    write_weights(method.nets, {}, folder)
    facts = {
        "paper": "ganseg",
        "method": "gan",
        "seed": 0,
        "data": "celeba_wild",
        "block": block.model_dump(mode="json"),
    }
    (folder / "model.json").write_text(json.dumps(facts), encoding="utf-8")
    return folder


def collapsed(folder: Path, **changes) -> dict:
    block = collapse.Block(profile="demo", images=6, batch=4, heat=0.01)
    inputs = {"model": model(folder / "model", **changes)}
    collapse.measure(block, inputs, folder, "cpu", silent)
    return json.loads((folder / "score.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("points", [1, 2])
def test_the_mechanism_of_collapse_with_few_points(tmp_path, points):
    found = collapsed(tmp_path, points_per_part=points)
    assert found["mechanism"]["scale_largest"] < 1e-12 and found["mechanism"]["heat_pixels"] < 2
    assert set(found["values"]) == {"foreground", "empty_samples", "image_deviation"}


def test_four_points_keep_their_heat_maps(tmp_path):
    found = collapsed(tmp_path, points_per_part=4, point_divisor=2.0)
    assert found["mechanism"]["scale_median"] > 1e-6 and found["mechanism"]["heat_pixels"] > 1
    assert (found["points_per_part"], found["images"], found["profile"]) == (4, 6, "demo")


class Pack:
    """A prepared set in memory: photos whose red channel says which part a pixel belongs to."""

    def __init__(self, name: str, labels: np.ndarray, splits: list[str], **arrays: np.ndarray) -> None:
        self.card, self.splits, self.arrays = {"name": name}, np.array(splits), arrays
        self.images = np.repeat(labels[..., None], 3, axis=3).astype(np.uint8)
        self.masks = (labels > 0).astype(np.uint8) if name != "celeba_wild" else None
        self.folder = "memory"
        self.keys = [f"{number:03d}" for number in range(len(labels))]

    needed_masks = Packed.needed_masks

    def positions(self, split: str) -> np.ndarray:
        return np.flatnonzero(self.splits == split)

    def column(self, name: str) -> np.ndarray:
        assert name == "masked"
        return np.ones(len(self.images), np.int64)

    def array(self, name: str) -> np.ndarray:
        if name not in self.arrays:
            raise FileNotFoundError(name)
        return self.arrays[name]


FACTS = {
    "backbone_init": "random", "scale": "radius_var", "kernel": "gaussian", "grid": "pixel_center", "arch": "4_level",
    "size_px": 16, "variant": "main", "profile": "demo", "parts": 2,
}  # fmt: skip


def seen(images: np.ndarray) -> np.ndarray:
    """A perfect segmenter of such photos: one-hot maps, background first."""
    return np.eye(3, dtype=np.float32)[images[..., 0]].transpose(0, 3, 1, 2)


def scene(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Two squares, one a part, whose corners move; and their corners (x, y) as pixel positions."""
    random = np.random.default_rng(1)
    corners = random.integers(0, 6, (count, 2, 2)) + np.array([[0, 0], [8, 8]])
    labels = np.zeros((count, 16, 16), np.uint8)
    for picture, pair in zip(labels, corners, strict=True):
        for part, (x, y) in enumerate(pair, start=1):
            picture[y : y + 2, x : x + 2] = part
    return labels, corners.astype(np.float32)


def evaluated(pack: Pack, folder: Path, predict=seen) -> dict:
    evaluation.evaluate(predict, pack, FACTS, folder, 4, silent)
    held = json.loads((folder / "score.json").read_text(encoding="utf-8"))
    return {value["metric"]: value for value in held["values"]} | {"facts": held}


def test_a_perfect_segmenter_of_foreground(tmp_path):
    labels, _ = scene(9)
    found = evaluated(Pack("cub_masks", labels, ["train"] * 4 + ["test"] * 5), tmp_path)
    assert found["iou"]["value"] == pytest.approx(1.0, abs=1e-5) and found["iou"]["n"] == 5
    assert found["iou_all"]["value"] == pytest.approx(8 / 256, abs=1e-5)
    assert found["iou_disc"]["value"] < 0.5 and "best on 4 training masks" in found["iou_disc"]["protocol"]["predicted"]
    np.testing.assert_array_equal(np.load(tmp_path / "labels.npy"), labels[4:])
    trivial = found["facts"]["triviality"]
    assert trivial["fired"] == [] and trivial["values"]["background"] == pytest.approx(1 - 8 / 256)
    assert trivial["values"]["iou"] == pytest.approx(1.0, abs=1e-5) and found["parts_used"]["value"] == 1.0
    assert found["facts"]["data"] == "cub_masks" and "landmark_error" not in found


def test_a_part_of_less_than_a_hundredth_is_not_used():
    """1,000 pixels of foreground: 990 of one part, 10 of the second, 0 of the third; then 9 of the second."""
    labels = np.repeat([0, 1, 2], [10, 990, 10]).astype(np.uint8)[None]
    assert evaluation.parts_used(labels, 3) == pytest.approx(2 / 3)
    labels = np.repeat([0, 1, 2], [10, 991, 9]).astype(np.uint8)[None]
    assert evaluation.parts_used(labels, 3) == pytest.approx(1 / 3)
    assert evaluation.parts_used(np.zeros((2, 4, 4), np.uint8), 3) == 0


def test_pixels_without_a_label_are_left_out(tmp_path):
    labels, _ = scene(4)
    left_out = np.zeros_like(labels)
    left_out[:, :8] = 1  # the first square, where the segmenter will find nothing

    def half(images: np.ndarray) -> np.ndarray:
        maps = seen(images)
        maps[:, :, :8] = np.array([1, 0, 0], np.float32)[None, :, None, None]
        return maps

    whole = evaluated(Pack("flowers", labels, ["train", "test", "test", "test"]), _new(tmp_path / "a"), half)
    pack = Pack("flowers", labels, ["train", "test", "test", "test"], unlabelled=left_out)
    kept = evaluated(pack, _new(tmp_path / "b"), half)
    assert whole["iou"]["value"] == pytest.approx(0.5, abs=1e-5) and kept["iou"]["value"] == pytest.approx(
        1.0, abs=1e-5
    )


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_landmarks_that_follow_the_parts_are_recovered(tmp_path):
    """Five landmarks that are a linear map of the two parts' centroids: no error without bias."""
    labels, corners = scene(30)
    middle = (corners + 0.5) * 16 / 15  # the protocol's grid runs from 0 to S over S places
    mix = np.random.default_rng(2).uniform(0.2, 1.0, (5, 2))
    landmarks = np.einsum("lk,nkc->nlc", mix, middle).astype(np.float32)
    landmarks[:, 1] += landmarks[:, 0]
    pack = Pack("celeba_wild", labels, ["reg_train"] * 20 + ["test"] * 10, landmarks=landmarks)
    found = evaluated(pack, tmp_path)
    assert found["landmark_error"]["value"] < 1e-2 and found["landmark_error"]["unit"] == "%"
    assert found["landmark_error_scops"]["value"] != found["landmark_error"]["value"]
    assert found["landmark_error"]["protocol"]["fitted_on"] == "20 of reg_train" and "iou" not in found


def test_joints_are_summed_and_missing_ones_left_out(tmp_path):
    labels, corners = scene(30)
    joints = np.repeat((corners[:, :1] + 0.5) * 16, 18, axis=1).astype(np.float32)
    joints[::7, 3] = np.nan
    pack = Pack("taichi", labels, ["reg_train"] * 20 + ["test"] * 10, landmarks=joints)
    found = evaluated(pack, tmp_path)
    assert found["mae"]["value"] < 1e-2 and found["iou"]["value"] == pytest.approx(1.0, abs=1e-5)
    joints[20:, 5, 0] += 3.0  # one coordinate of one joint is off by 3 in every test photo
    assert evaluated(pack, _new(tmp_path / "b"))["mae"]["value"] == pytest.approx(3.0, abs=0.02)


def test_an_unknown_set_is_refused(tmp_path):
    """A set without a measure must not end in a score without one."""
    labels, _ = scene(3)
    with pytest.raises(ValueError, match=r"expected one of the sets celeba_wild, .*came 'landmarks'"):
        evaluated(Pack("landmarks", labels, ["test"] * 3), tmp_path)


def test_a_prediction_that_is_not_finite_is_named(tmp_path):
    labels, _ = scene(3)
    with pytest.raises(FloatingPointError, match="000"):
        evaluated(Pack("cub_masks", labels, ["test"] * 3), tmp_path, lambda images: seen(images) * np.nan)


def test_auto_encoders_labels_have_the_background_first():
    """The network's masks have the background last; labels.npy has it as 0."""

    class Method:
        block = gan_block(**SMALL)

        def produce(self, batch: dict, _: object) -> dict:
            mask = torch.zeros(len(batch["image"]), 3, 4, 4)
            mask[:, 2], mask[:, 0, 0], mask[:, 1, 1] = 0.5, 1.0, 1.0
            return {
                "image": batch["image"],
                "mask": mask,
                "points": torch.tensor([[[[0.25, -0.5]]]]).expand(3, 1, 1, 2),
            }

    pack = Pack("cub_masks", np.zeros((3, 4, 4), np.uint8), ["test"] * 3)
    found = encoded.encode(Method(), pack, np.arange(3), 3, "cpu", silent)
    labels = encoded.to_labels(found["mask"])
    assert labels[0].tolist() == [[1] * 4, [2] * 4, [0] * 4, [0] * 4]
    assert found["points"][0, 0, 0].tolist() == [-0.5, 0.25] and found["error"].max() == 0
