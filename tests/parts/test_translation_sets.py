"""MoNCE's packs by hand: what is packed from what, splits, labels, joints, truth, and what must be refused."""

from dataclasses import replace

import numpy as np
import pytest

from stages.data import ade20k as parsing
from stages.data import cityscapes as streets
from stages.data import deepfashion as fashion
from stages.data.celebamask import PARTS, merge_parts
from stages.data.cityscapes_labels import PALETTE, VOID
from stages.data.files import read_table
from stages.data.image import ImageError
from stages.data.prepared.packed import Packed
from stages.data.raw import RawFolder
from stages.data.sets import face_parts, horses, people, rooms, street
from stages.data.sets.rooms import table_of
from stages.data.sets.wide import UNKNOWN
from stages.data.truth import map_name, read_kinds
from tests.parts import layouts
from tests.parts.raw_fixtures import block_of, encode, faces, jpeg, put, rectangle

LOOSE = {"size_px": 16, "wide_px": 18, "expected_counts": {}, "minimum_kept": 1, "decode_error_limit": 0.5}


def prepare(module, group, tmp_path, **changes) -> tuple[Packed, dict[str, str]]:
    (tmp_path / "out").mkdir()
    module.prepare(block_of(module, group, **(LOOSE | changes)), {"raw": tmp_path / "raw"}, tmp_path / "out")
    table = read_table(tmp_path / "out/rejects.parquet")
    return Packed.open(tmp_path / "out"), dict(zip(table["key"], table["reason"], strict=True))


def labelled(tmp_path, ids: np.ndarray) -> None:
    """The two frames of the small Cityscapes; the one to train on with these ids, in colours as RGBA."""
    layouts.cityscapes(tmp_path / "raw")
    stem = tmp_path / "raw/gtFine/train/aachen/aachen_000000_000019_gtFine"
    put(stem.with_name(f"{stem.name}_labelIds.png"), encode(ids, "PNG"))


def test_a_street_is_packed_twice_with_train_ids_as_truth(tmp_path):
    ids = np.full((8, 16), 7, np.uint8)
    ids[:, 8:], ids[0, 0] = 26, 1
    labelled(tmp_path, ids)
    packed, reasons = prepare(street, "street", tmp_path, label_resample="nearest")
    assert packed.keys == [f"{split}/{city}/{city}_000000_000019" for split, city in
                           (("testA", "lindau"), ("testB", "lindau"), ("trainA", "aachen"),
                            ("trainB", "aachen"))]  # fmt: skip
    assert reasons == {} and packed.card["evaluation"] == ["testA", "testB"]
    photo, colours = packed.positions("trainA")[0], packed.positions("trainB")[0]
    truth = packed.array("truth")
    assert np.array_equal(truth[photo], truth[colours]) and truth[photo, 0, 0] == VOID == UNKNOWN
    assert truth[photo, 5, 5] == 0 and truth[photo, 5, 12] == 13
    assert packed.column("domain").tolist() == [0, 1, 0, 1] and (packed.column("kind") == -1).all()
    assert packed.column("source")[photo].endswith("_leftImg8bit.png")
    assert packed.column("source")[colours].endswith("_gtFine_color.png")
    # Colours come from the file of colours, which here is all road.
    assert (packed.images[colours] == (128, 64, 128)).all() and packed.array("wide").shape[1:] == (18, 18, 3)
    stretched = layouts.shaded(8, 16)
    assert abs(int(packed.images[photo, 8, 8, 1]) - int(stretched[4, 8, 1])) <= 9


def test_colours_and_ids_stand_in_for_each_other(tmp_path):
    layouts.cityscapes(tmp_path / "raw")
    raw = RawFolder.open(tmp_path / "raw")
    frames, strange = streets.read_frames(raw)
    assert strange == [] and [frame.split for frame in frames] == ["train", "val"]
    whole = streets.read_labels(raw, frames[0])
    for changes in ({"labels": ""}, {"colours": ""}):
        train_ids, colours = streets.read_labels(raw, replace(frames[0], **changes))
        assert np.array_equal(train_ids, whole[0]) and np.array_equal(colours, whole[1])
    with pytest.raises(ImageError, match="came neither"):
        streets.read_labels(raw, replace(frames[0], labels="", colours=""))
    assert tuple(PALETTE[0]) == (128, 64, 128)


def test_a_frame_without_a_photo_is_in_neither_domain(tmp_path):
    layouts.cityscapes(tmp_path / "raw")
    for city, content in (("aachen", b"no png"), ("bremen", None)):
        if content:
            put(tmp_path / f"raw/leftImg8bit/train/{city}/{city}_000001_000019_leftImg8bit.png", content)
        for end in ("labelIds", "color"):
            path = tmp_path / f"raw/gtFine/train/{city}/{city}_000001_000019_gtFine_{end}.png"
            put(path, encode(np.full((8, 16), 7, np.uint8), "PNG"))
    packed, reasons = prepare(street, "street", tmp_path)
    assert len(packed) == 4
    assert reasons == {f"train{domain}/{city}/{city}_000001_000019": reason for domain in "AB" for city, reason in
                       (("aachen", "unknown_format"), ("bremen", "no_image"))}  # fmt: skip


def test_truth_comes_from_drawn_sets_alone(tmp_path):
    layouts.horse2zebra(tmp_path / "raw")
    packed, _ = prepare(horses, "horses", tmp_path)
    assert (packed.array("truth") == UNKNOWN).all() and (packed.column("kind") == -1).all()
    assert packed.card["labels"]["kind"] == [] and packed.keys[0] == "testA/n0_testA.jpg"
    put(tmp_path / "raw" / map_name("trainA/n0_trainA.jpg"), encode(np.eye(16, dtype=np.uint8), "PNG"))
    put(tmp_path / "raw/demo_truth/kinds.jsonl", '{"picture": "trainA/n0_trainA.jpg", "kind": "horse"}\n')
    (tmp_path / "again").mkdir()
    (tmp_path / "again/raw").symlink_to(tmp_path / "raw")
    packed, _ = prepare(horses, "horses", tmp_path / "again")
    place = packed.positions("trainA")[0]
    assert np.array_equal(packed.array("truth")[place], np.eye(16, dtype=np.uint8))
    assert packed.column("kind").tolist().count(0) == 1 and packed.column("kind")[place] == 0
    put(tmp_path / "raw/demo_truth/kinds.jsonl", '{"picture": 3')
    with pytest.raises(ValueError, match="line 1: expected JSON"):
        read_kinds(RawFolder.open(tmp_path / "raw"))


def test_rooms_number_their_classes_and_count_the_rest_as_unknown(tmp_path):
    layouts.ade20k(tmp_path / "raw")
    labels = np.zeros((12, 16), np.uint8)
    labels[:4], labels[4:8] = 3, 150
    put(tmp_path / "raw/ADEChallengeData2016/annotations/training/ADE_train_00000001.png", encode(labels, "PNG"))
    packed, reasons = prepare(rooms, "rooms", tmp_path)
    assert packed.card["splits"] == {"test": 2, "train": 2} and reasons == {}
    found = packed.array("labels")[packed.keys.index("train/ADE_train_00000001")]
    assert found[1, 0] == 2 and found[8, 0] == 149 and found[15, 0] == 150
    assert packed.array("wide_labels").shape == (4, 18, 18)
    table = table_of((5, 1))
    assert table[4] == 0 and table[0] == 1 and (np.delete(table, [0, 4]) == 2).all()
    for wrong in ((0,), (151,), (3, 3)):
        with pytest.raises(ValueError, match="each once"):
            table_of(wrong)


def test_a_label_above_150_is_refused(tmp_path):
    layouts.ade20k(tmp_path / "raw")
    path = tmp_path / "raw/ADEChallengeData2016/annotations/training/ADE_train_00000002.png"
    put(path, encode(np.full((12, 16), 151, np.uint8), "PNG"))
    raw = RawFolder.open(tmp_path / "raw")
    photos, _ = parsing.read_photos(raw)
    with pytest.raises(ImageError, match="came 151"):
        parsing.read_numbers(raw, photos[1])


def test_joints_of_the_person_with_most_of_them(tmp_path):
    layouts.deepfashion(tmp_path / "raw")
    base = tmp_path / "raw/DeepFashion/pose/WOMEN/Dresses/id_00000001"
    put(base / "01_1_front_candidate.txt", "4 5 0.9 0\n6,7,0.8,1\n8 12 0.7 2\n")
    first = ["0", *["-1"] * 17, "0.9", "1"]
    second = ["-1", "1", "2", *["-1"] * 15, "1.5", "2"]
    put(base / "01_1_front_subset.txt", f"{' '.join(first)}\n{' '.join(second)}\n")
    packed, reasons = prepare(people, "people", tmp_path)
    joints = packed.array("joints")[packed.keys.index("train/WOMEN/Dresses/id_00000001/01_1_front.jpg")]
    assert reasons == {} and np.isnan(joints[[0, *range(3, 18)]]).all()
    assert joints[1].tolist() == [6 / 16, 7 / 16] and joints[2].tolist() == [8 / 16, 12 / 16]


@pytest.mark.parametrize(
    ("table", "content", "reason"),
    [("subset", "", "no_person"), ("subset", "1 2 3\n", "pose_value"), ("subset", "5 " * 20, "pose_value"),
     ("subset", "zero\n", "pose_value"), ("candidate", "nan 1 1 0\n3 4 1 1\n", "pose_value"),
     ("candidate", None, "no_pose")],
)  # fmt: skip
def test_damaged_joints_are_refused_for_their_reason(tmp_path, table, content, reason):
    layouts.deepfashion(tmp_path / "raw")
    path = tmp_path / f"raw/DeepFashion/pose/WOMEN/Dresses/id_00000001/01_1_front_{table}.txt"
    path.unlink()
    if content is not None:
        put(path, content)
    packed, reasons = prepare(people, "people", tmp_path)
    assert reasons == {"train/WOMEN/Dresses/id_00000001/01_1_front.jpg": reason} and len(packed) == 3


@pytest.mark.parametrize("line", ["img/{}", "{}", "./img/{}", "img\\{}"])
def test_lists_name_photos_with_or_without_img(tmp_path, line):
    layouts.deepfashion(tmp_path / "raw")
    name = "WOMEN/Dresses/id_00000001/01_1_front.jpg"
    put(tmp_path / "raw/DeepFashion/train.txt", line.format(name) + "\r\n")
    listed = fashion.read_listed(RawFolder.open(tmp_path / "raw"))
    assert [row.name for row in listed if row.split == "train"] == [name]
    assert listed[0].photo == f"DeepFashion/img/{name}"


@pytest.mark.parametrize("line", ["/etc/passwd", "../x.jpg", "img/../../x.jpg"])
def test_lists_never_leave_the_folder(tmp_path, line):
    layouts.deepfashion(tmp_path / "raw")
    put(tmp_path / "raw/DeepFashion/train.txt", line)
    with pytest.raises(ValueError, match="line 1: expected a path below img/"):
        fashion.read_listed(RawFolder.open(tmp_path / "raw"))


def test_a_photo_in_both_lists_is_refused(tmp_path):
    layouts.deepfashion(tmp_path / "raw")
    put(tmp_path / "raw/DeepFashion/val.txt", "WOMEN/Dresses/id_00000001/01_1_front.jpg\n")
    with pytest.raises(ValueError, match=r"no photo of val\.txt in train\.txt"):
        fashion.read_listed(RawFolder.open(tmp_path / "raw"))


def test_glasses_lie_on_top_and_some_parts_below_all():
    parts = {
        "skin": rectangle(4, 4, 0, 0, 3, 3),
        "eye_g": rectangle(4, 4, 0, 0, 3, 0),
        "hair": rectangle(4, 4, 0, 0, 0, 3),
    }
    number = {name: PARTS.index(name) + 1 for name in parts}
    official, above, below = (merge_parts(parts, *how) for how in ((False,), (True,), (True, ["hair"])))
    assert official[0].tolist() == [number["hair"], *[number["eye_g"]] * 3] and official[1, 0] == number["hair"]
    assert above[0].tolist() == [number["eye_g"]] * 4 and above[1, 0] == number["hair"]
    assert below[0].tolist() == [number["eye_g"]] * 4 and (below[1:] == number["skin"]).all()
    assert number == {"skin": 1, "eye_g": 3, "hair": 13}


def paint(tmp_path, count: int) -> None:
    faces(tmp_path / "raw", count)
    for i in range(count):
        put(tmp_path / f"raw/CelebAMask-HQ/CelebA-HQ-img/{i}.jpg", jpeg(layouts.shaded(64, 64, 5 * i)))
    glasses = rectangle(32, 32, 8, 12, 23, 13).astype(np.uint8) * 255
    put(tmp_path / "raw/CelebAMask-HQ/CelebAMask-HQ-mask-anno/0/00001_eye_g.png", encode(glasses, "PNG"))


def test_faces_are_split_by_hash_and_know_their_glasses(tmp_path):
    paint(tmp_path, 12)
    packed, reasons = prepare(face_parts, "face_parts", tmp_path, test_count=3, teach_count=2)
    assert packed.card["splits"] == {"teach": 2, "test": 3, "train": 7} and reasons == {}
    assert packed.column("kind").tolist() == [0, 1, *[0] * 10]
    labels = packed.array("labels")
    assert (labels[1] == 3).any() and not (labels[0] == 3).any() and set(np.unique(labels[0])) <= {0, 1, 2, 15, 18}
    block = block_of(face_parts, "face_parts", painted_first=["beard"])
    with pytest.raises(ValueError, match="painted_first"):
        face_parts.prepare(block, {"raw": tmp_path / "raw"}, tmp_path)


def test_lists_split_faces_where_they_are_there(tmp_path):
    paint(tmp_path, 4)
    put(tmp_path / "raw/CelebAMask-HQ/train.txt", "0\n2\n")
    with pytest.raises(ValueError, match="came one of them"):
        face_parts.read_lists(RawFolder.open(tmp_path / "raw"), "CelebAMask-HQ/")
    put(tmp_path / "raw/CelebAMask-HQ/val.txt", "3\n")
    packed, reasons = prepare(face_parts, "face_parts", tmp_path)
    assert dict(zip(packed.keys, packed.column("split"), strict=True)) == {
        "00000": "train",
        "00002": "train",
        "00003": "test",
    }
    assert reasons == {"00001": "not_listed"}
    put(tmp_path / "raw/CelebAMask-HQ/val.txt", "2\n")
    with pytest.raises(ValueError, match="entry 1: expected a new number"):
        face_parts.read_lists(RawFolder.open(tmp_path / "raw"), "CelebAMask-HQ/")
