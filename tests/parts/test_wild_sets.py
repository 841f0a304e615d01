"""GANSeg's four sets: filters at their limits, splits, masks, points as (x, y), and what must be refused."""

import io

import numpy as np
import pytest
from PIL import Image

from stages.data import celeba_wild as faces
from stages.data import flowers as blossoms
from stages.data import taichi as bodies
from stages.data.cub_masks import mask_name, read_split
from stages.data.files import read_table
from stages.data.prepared.ledger import TooManyRejects
from stages.data.prepared.packed import Packed
from stages.data.raw import RawFolder
from stages.data.sets import celeba_wild, cub_masks, flowers, taichi
from tests.parts import wild_fixtures as fixtures
from tests.parts.raw_fixtures import block_of, encode, flat, jpeg, put

LOOSE = {"minimum_kept": 1, "decode_error_limit": 0.5, "expected_counts": {}}
POINTS = (10, 5, 30, 5, 20, 12, 12, 18, 28, 18)


def prepare(module, group, tmp_path, **changes):
    (tmp_path / "out").mkdir()
    block = block_of(module, group, **(LOOSE | changes))
    module.prepare(block, {"raw": tmp_path / "raw"}, tmp_path / "out")
    table = read_table(tmp_path / "out/rejects.parquet")
    return Packed.open(tmp_path / "out"), dict(zip(table["key"], table["reason"], strict=True))


@pytest.mark.parametrize(
    ("box", "kept"),
    [((2999, 1), False), ((3000, 1), True), ((3001, 1), True), ((60, 50), True), ((0, 0), False), ((0, 9000), False)],
)
def test_the_face_share_at_its_limit(box, kept):
    """0.2999, 0.3 and 0.3001 of 100 x 100 px: the last two pass; an empty box never does."""
    assert faces.passes_face_share(*box, 100, 100, 0.3) is kept


def test_three_tenths_are_exact_for_every_photo_size():
    """0.3 is no binary fraction: a box of exactly three tenths must pass whatever the size."""
    for width in range(10, 700, 10):
        for height in range(7, 97):
            area = 3 * width * height // 10
            assert faces.passes_face_share(area, 1, width, height, 0.3)
            assert not faces.passes_face_share(area - 1, 1, width, height, 0.3)


def wild(tmp_path, **more):
    photos = {
        "000001.jpg": (100, 50, (0, 0, 60, 25), POINTS),
        "000002.jpg": (100, 50, (0, 0, 59, 25), POINTS),
        "000003.jpg": (40, 80, (0, 0, 40, 80), POINTS),
        "000004.jpg": (40, 80, (0, 0, 40, 80), POINTS),
        "000009.jpg": (40, 80, (0, 0, 0, 0), POINTS),
        **more,
    }
    lists = {
        "celebA_training": ["000001.jpg", "000002.jpg"],
        "training": ["000002.jpg", "000003.jpg", "000001.jpg"],
        "testing": ["000004.jpg", "000009.jpg"],
    }
    return photos, lists


def test_faces_are_filtered_in_all_three_lists_and_points_scaled_by_axis(tmp_path):
    fixtures.wild_faces(tmp_path / "raw", *wild(tmp_path))
    packed, rejected = prepare(celeba_wild, "celeba_wild", tmp_path, size_px=20)
    assert packed.keys == ["reg_train/000001.jpg", "reg_train/000003.jpg", "test/000004.jpg", "train/000001.jpg"]
    assert rejected == dict.fromkeys(["reg_train/000002.jpg", "train/000002.jpg", "test/000009.jpg"], "small_face")
    assert packed.positions("evaluation").tolist() == [2] and packed.masks is None
    points = packed.array("landmarks")
    assert points.dtype == np.float32 and points.shape == (4, 5, 2)
    # (30, 5) of 100 x 50 px -> (30 * 20 / 100, 5 * 20 / 50) = (6, 2); of 40 x 80 px -> (15, 1.25)
    assert points[0, 1].tolist() == [6.0, 2.0] and points[1, 1].tolist() == [15.0, 1.25]
    assert packed.card["facts"]["count_differences"] == {}


def test_counts_that_differ_from_the_known_ones_are_noted(tmp_path):
    fixtures.wild_faces(tmp_path / "raw", *wild(tmp_path), anno="Anno")
    packed, _ = prepare(celeba_wild, "celeba_wild", tmp_path, size_px=8, expected_counts={"train": 5, "test": 1})
    assert packed.card["facts"]["count_differences"] == {"train": [5, 1]}


def test_photos_without_a_row_or_a_file_are_listed(tmp_path):
    photos, lists = wild(tmp_path, **{"000010.jpg": (40, 80, (0, 0, 40, 80), POINTS)})
    lists["testing"] += ["000010.jpg", "000011.jpg"]
    fixtures.wild_faces(tmp_path / "raw", photos, lists)
    put(tmp_path / "raw/img_celeba/000011.jpg", jpeg(flat(10, 10)))
    (tmp_path / "raw/img_celeba/000003.jpg").unlink()
    put(tmp_path / "raw/img_celeba/000004.jpg", b"no image")
    with pytest.raises(ValueError, match="do not decode"):
        prepare(celeba_wild, "celeba_wild", tmp_path, size_px=8, decode_error_limit=0.01)
    (tmp_path / "out").rename(tmp_path / "first")
    packed, rejected = prepare(celeba_wild, "celeba_wild", tmp_path, size_px=8)
    assert rejected["test/000011.jpg"] == "no_box" and rejected["reg_train/000003.jpg"] == "no_image"
    assert rejected["test/000004.jpg"] == "unknown_format" and len(packed) == 3


def test_a_set_that_lost_every_test_photo_is_not_made(tmp_path):
    """Or a whole training would run before anybody finds that there is nothing to measure it on."""
    fixtures.wild_faces(tmp_path / "raw", *wild(tmp_path))
    put(tmp_path / "raw/img_celeba/000004.jpg", b"no image")
    with pytest.raises(TooManyRejects, match=r"celeba_wild: expected items of the split test, came none; of 7 items 3"):
        prepare(celeba_wild, "celeba_wild", tmp_path, size_px=8)
    assert not (tmp_path / "out/card.json").exists()


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("list_bbox_celeba.txt", "2\nimage_id x_1 y_1 width height\n000001.jpg 1 2 3 4\n", "expected 2 rows"),
        ("list_bbox_celeba.txt", "1\nimage_id x_1 y_1 height width\n000001.jpg 1 2 3 4\n", "columns x_1 y_1 width"),
        ("list_bbox_celeba.txt", "1\nimage_id x_1 y_1 width height\n000001.jpg 1 2 3\n", "line 3: expected a new name"),
        ("list_landmarks_celeba.txt", "1\n" + fixtures.POINT_NAMES + "\n000001.jpg 1 2 3 4 5 6 7 8 9 x\n", "line 3"),
        ("MAFL/training.txt", "000001.jpg\n000001.jpg\n", "each once"),
        ("MAFL/training.txt", "000004.jpg\n", "no photo of testing.txt in training.txt"),
    ],
)
def test_broken_lists_of_faces_name_file_and_line(tmp_path, file, text, message):
    put(fixtures.wild_faces(tmp_path, *wild(tmp_path)) / file, text)
    with pytest.raises(ValueError, match=message):
        faces.read_faces(RawFolder.open(tmp_path))


def test_missing_lists_of_faces_show_the_layout(tmp_path):
    fixtures.wild_faces(tmp_path, *wild(tmp_path))
    (tmp_path / "MAFL/testing.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"(?s)MAFL/testing\.txt.*img_celeba"):
        faces.read_faces(RawFolder.open(tmp_path))


def test_birds_follow_the_split_file_and_code_1_is_unused(tmp_path):
    codes = {"001.A/a.jpg": "0", "001.A/b.jpg": "2", "002.B/c.jpg": "1", "002.B/d.jpg": "0"}
    fixtures.masked_birds(tmp_path / "raw/CUB_200_2011", codes)
    packed, rejected = prepare(cub_masks, "cub_masks", tmp_path, size_px=10)
    assert packed.keys == ["test/001.A/b.jpg", "train/001.A/a.jpg", "train/002.B/d.jpg"] and not rejected
    assert packed.card["facts"]["unused"] == 1 and packed.column("masked").tolist() == [1, 1, 1]
    assert packed.column("species").tolist() == [0, 0, 1] and packed.card["labels"]["species"] == ["001.A", "002.B"]
    assert (packed.masks[:, :, :5] == 1).all() and (packed.masks[:, :, 5:] == 0).all()


def test_bird_masks_are_cut_above_the_middle_level_of_channel_0(tmp_path):
    levels = np.array([[127, 128], [0, 255]], np.uint8)
    assert cub_masks.stretched_mask(levels, 2).tolist() == [[0, 1], [0, 1]]
    fixtures.masked_birds(tmp_path / "raw", {"1.A/a.jpg": "2", "1.A/b.jpg": "2", "1.A/c.jpg": "0", "1.A/d.jpg": "2"})
    first = np.zeros((20, 30, 4), np.uint8)
    first[..., 1:] = 255
    first[:10, :, 0] = 255
    put(tmp_path / "raw/segmentations/1.A/a.png", encode(first, "PNG"))
    put(tmp_path / "raw/segmentations/1.A/b.png", encode(np.zeros((5, 5), np.uint8), "PNG"))
    for name in ("c", "d"):
        (tmp_path / f"raw/segmentations/1.A/{name}.png").unlink()
    put(tmp_path / "raw/images/1.A/a.jpg", encode(np.full((20, 30), 77, np.uint8), "JPEG", quality=95))
    packed, rejected = prepare(cub_masks, "cub_masks", tmp_path, size_px=10)
    assert rejected == {"test/1.A/b.jpg": "mask_size", "test/1.A/d.jpg": "no_mask"}
    assert packed.column("masked").tolist() == [1, 0]  # a training bird needs none
    assert packed.masks[0].tolist() == [[1] * 10] * 5 + [[0] * 10] * 5 and not packed.masks[1].any()
    assert packed.column("box_x1").tolist() == [0, -1]
    assert packed.images.shape[-1] == 3 and len(np.unique(packed.images[0])) == 1


@pytest.mark.parametrize(("code", "message"), [("3", "codes 0, 1 and 2"), ("0 1", "line 1"), (None, "ids of images")])
def test_broken_bird_splits_name_the_file(tmp_path, code, message):
    fixtures.masked_birds(tmp_path, {"1.A/a.jpg": "0", "1.A/b.jpg": "2"})
    put(tmp_path / "train_val_test_split.txt", "1 0\n" if code is None else f"1 {code}\n2 2\n")
    with pytest.raises(ValueError, match=message):
        read_split(RawFolder.open(tmp_path))
    (tmp_path / "train_val_test_split.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"(?s)came no train_val_test_split\.txt"):
        read_split(RawFolder.open(tmp_path))
    assert mask_name("x/", "1.A/a.b.jpg") == "x/segmentations/1.A/a.b.png"


@pytest.mark.parametrize(
    ("colour", "background"),
    [
        ((0, 0, 254), True), ((0, 200, 200), True), ((200, 0, 200), True), ((200, 200, 254), True),
        ((1, 1, 253), False), ((1, 1, 255), False), ((255, 255, 255), False), ((0, 1, 1), True), ((1, 0, 1), True),
        ((1, 1, 254), True), ((0, 0, 0), True), ((1, 1, 0), False),
    ],
)  # fmt: skip
def test_truth_table_of_the_flowers_background(colour, background):
    assert blossoms.equals_background(np.array([[colour]], np.uint8)).item() is background


def test_the_two_mask_rules_differ_at_the_edge_and_agree_inside():
    colours = flat(40, 40, blossoms.BLUE)
    colours[:, 20:] = (250, 120, 60)
    loose, tight = (blossoms.foreground(colours, 10, rule) for rule in ("resize_then_equal", "equal_then_resize"))
    assert (tight == np.array([0] * 5 + [1] * 5)).all()
    assert (loose[:, 4] == 1).all() and (loose[:, :4] == 0).all()  # a blend of both colours counts as flower
    with pytest.raises(ValueError, match="mask_rule"):
        blossoms.foreground(colours, 10, "equal")


def test_flowers_on_blue_are_read_back_from_jpeg():
    image = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    mask = np.zeros((48, 48), bool)
    mask[16:32, 16:40] = True
    stream = io.BytesIO()
    Image.fromarray(blossoms.on_blue(image, mask)).save(stream, "JPEG", quality=100, subsampling=0)
    read = ~blossoms.equals_background(np.asarray(Image.open(io.BytesIO(stream.getvalue()))))
    assert np.array_equal(read, mask)  # edges on 8-px blocks: nothing leaks
    assert not blossoms.equals_background(blossoms.on_blue(image, np.ones((48, 48), bool))).any()


def test_flowers_train_on_tstid_and_test_on_trnid(tmp_path):
    fixtures.flowers(tmp_path / "raw", {"trnid": [3, 1], "valid": [2], "tstid": [6, 4, 5]})
    packed, rejected = prepare(flowers, "flowers", tmp_path, size_px=20, mask_rule="equal_then_resize")
    assert packed.keys == ["test/00001", "test/00003", "train/00004", "train/00005", "train/00006"] and not rejected
    assert packed.card["facts"]["unused"] == 1 and not packed.array("unlabelled").any()
    assert 95 <= packed.masks[0].sum() <= 140 and packed.masks[0, 10, 10] == 1 and packed.masks[0, 1, 1] == 0


def test_flowers_that_lack_something_and_pixels_without_label(tmp_path):
    fixtures.flowers(tmp_path / "raw", {"trnid": [1, 2, 3], "valid": [9], "tstid": [4, 5]})
    (tmp_path / "raw/jpg/image_00001.jpg").unlink()
    (tmp_path / "raw/segmim/segmim_00002.jpg").unlink()
    (tmp_path / "raw/segmim/segmim_00004.jpg").unlink()
    put(tmp_path / "raw/segmim/segmim_00005.jpg", jpeg(flat(8, 8)))
    border = np.zeros((40, 40), np.uint8)
    border[:, :10] = 255
    put(tmp_path / "raw/unlabelled/unlabelled_00003.png", encode(border, "PNG"))
    packed, rejected = prepare(flowers, "flowers", tmp_path, size_px=20)
    assert rejected == {"test/00001": "no_image", "test/00002": "no_mask", "train/00005": "mask_size"}
    assert packed.keys == ["test/00003", "train/00004"] and packed.column("masked").tolist() == [1, 0]
    unlabelled = packed.array("unlabelled")
    assert unlabelled[0, :, :5].all() and not unlabelled[0, :, 6:].any() and not unlabelled[1].any()


def test_broken_flower_splits(tmp_path):
    fixtures.flowers(tmp_path, {"trnid": [1], "valid": [2], "tstid": [1]})
    with pytest.raises(ValueError, match="share no id"):
        blossoms.read_ids(RawFolder.open(tmp_path))
    put(tmp_path / "setid.mat", b"MATLAB 5.0 MAT-file, cut")
    with pytest.raises(ValueError, match=r"setid\.mat: expected a MATLAB file"):
        blossoms.read_ids(RawFolder.open(tmp_path))
    (tmp_path / "setid.mat").unlink()
    with pytest.raises(FileNotFoundError, match=r"came no setid\.mat"):
        blossoms.read_ids(RawFolder.open(tmp_path))


def body(seed):
    joints = np.random.default_rng(seed).integers(0, 256, (18, 2)).astype(np.float32)
    joints[4] = -1
    joints[5] = (0, 7)
    return joints


def test_taichi_joins_frames_with_joints_and_masks(tmp_path):
    train, test = {"00002.png": body(2), "00001.png": body(1)}, {"00009.png": body(9)}
    fixtures.taichi(tmp_path / "raw/taichi", ["v/1.png", "a/2.png"], train, test)
    put(tmp_path / "raw/taichi/train/stray.png", b"")
    packed, rejected = prepare(taichi, "taichi", tmp_path, size_px=16)
    assert packed.keys == [
        "reg_train/00001.png", "reg_train/00002.png", "test/00009.png", "train/a/2.png", "train/v/1.png"
    ] and not rejected  # fmt: skip
    points = packed.array("landmarks")
    for place, seed in enumerate((1, 2, 9)):
        expected = np.where(body(seed) == -1, np.nan, body(seed))
        assert np.array_equal(points[place], expected, equal_nan=True)  # (x, y), 256-px units, whatever the size
    assert np.isnan(points[3:]).all() and points[0, 5].tolist() == [0.0, 7.0]
    assert packed.column("masked").tolist() == [0, 0, 1, 0, 0]
    assert packed.masks[2].sum() == 6 * 2  # of 8 x 4: the rule `truncate` loses a blended rim
    assert not packed.masks[[0, 1, 3, 4]].any()


def test_taichi_mask_rules():
    levels = np.array([[255, 254], [128, 127]], np.uint8)
    assert bodies.foreground(levels, 2, "truncate").tolist() == [[1, 0], [0, 0]]
    assert bodies.foreground(levels, 2, "half").tolist() == [[1, 1], [1, 0]]
    with pytest.raises(ValueError, match="mask_binarise"):
        bodies.foreground(levels, 2, "round")


def test_a_test_frame_without_mask_or_photo_is_refused(tmp_path):
    train, test = ({name: body(1) for name in names} for names in (("0.png", "1.png"), ("2.png", "3.png")))
    fixtures.taichi(tmp_path / "raw", ["v/1.png"], train, test)
    (tmp_path / "raw/taichi-test-masks/2.png").unlink()
    (tmp_path / "raw/eval_images/taichi-256/train/1.png").unlink()
    packed, rejected = prepare(taichi, "taichi", tmp_path, size_px=16)
    assert rejected == {"test/2.png": "no_mask", "reg_train/1.png": "no_image"} and len(packed) == 3


@pytest.mark.parametrize(
    "arrays",
    [
        {"file_name": np.array(["a"]), "value": np.zeros((1, 17, 2), np.float32)},
        {"file_name": np.array(["a", "a"]), "value": np.zeros((2, 18, 2), np.float32)},
        {"file_name": np.array(["a"]), "value": np.zeros((1, 18, 2), bool)},
        {"file_name": np.array(["a"]), "value": np.zeros((1, 18, 2), complex)},
        {"file_name": np.array(["a"]), "value": np.full((1, 18, 2), "3")},
        {"file_name": np.array(["a"]), "value": np.full((1, 18, 2), np.inf)},
        {"file_name": np.array(["a"], object), "value": np.zeros((1, 18, 2), np.float32)},
        {"file_name": np.array(["a"])},
    ],
)
def test_joints_in_another_form_are_refused(tmp_path, arrays):
    fixtures.taichi(tmp_path, ["v/1.png"], {"1.png": body(0)}, {"2.png": body(1)})
    np.savez(tmp_path / "landmark/taichi_test_gt.npz", **arrays)
    with pytest.raises(ValueError, match=r"taichi_test_gt\.npz: expected"):
        bodies.read_joints(RawFolder.open(tmp_path), "", "test")


def test_a_pickle_is_never_read_in_place_of_npz(tmp_path):
    fixtures.taichi(tmp_path, ["v/1.png"], {"1.png": body(0)}, {"2.png": body(1)})
    (tmp_path / "landmark/taichi_test_gt.npz").rename(tmp_path / "landmark/taichi_test_gt.pkl")
    with pytest.raises(FileNotFoundError, match="taichi_pickle"):
        bodies.read_joints(RawFolder.open(tmp_path), "", "test")
