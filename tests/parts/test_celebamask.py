"""CelebAMask-HQ (spec I18, I19): the 12 parts, merges, lists, splits, and the prepared faces."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.data import celeba_lists as lists
from stages.data.celebamask import (
    FACE_PARTS,
    PARTS,
    CelebAMaskHQ,
    face_labels,
    face_of_labels,
    merge_parts,
    union_of_parts,
)
from stages.data.files import read_table
from stages.data.image import ImageError
from stages.data.prepared.packed import Packed
from stages.data.raw import RawFolder
from stages.data.sets import face
from tests.parts.raw_fixtures import block_of, encode, faces, file_list, flat, jpeg, put, rectangle

OUTSIDE = {"hair", "hat", "ear_r", "neck_l", "neck", "cloth"}
parts_of_a_face = st.dictionaries(
    st.sampled_from(PARTS),
    st.integers(0, 2**36 - 1).map(lambda bits: np.array([bits >> i & 1 for i in range(36)], bool).reshape(6, 6)),
)


def test_face_is_exactly_twelve_parts_in_both_orders():
    assert len(PARTS) == 18 and len(FACE_PARTS) == 12 and set(PARTS) - set(FACE_PARTS) == OUTSIDE
    assert face_labels("celebamask") == tuple(range(1, 13))
    assert face_labels("bisenet") == (1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13)  # 9 is the ear ring there
    every = np.arange(19, dtype=np.uint8).reshape(1, 19)
    for order in ("celebamask", "bisenet"):
        assert face_of_labels(every, order).sum() == 12 and not face_of_labels(every, order)[0, 0]
    with pytest.raises(ImageError, match="label_value"):
        face_of_labels(every + 1, "bisenet")


@settings(max_examples=100)
@given(parts_of_a_face)
def test_merged_union_is_a_subset_of_the_parts_union(parts):
    if not set(parts) & set(FACE_PARTS):
        with pytest.raises(ImageError, match="no_face_part"):
            union_of_parts(parts)
        return
    union, labels = union_of_parts(parts), merge_parts(parts, False)
    merged = face_of_labels(labels, "celebamask")
    assert not (merged & ~union).any()
    by_hand = np.zeros((6, 6), int)  # the last part in official order that covers a pixel
    for y in range(6):
        for x in range(6):
            by_hand[y, x] = max((PARTS.index(name) + 1 for name, mask in parts.items() if mask[y, x]), default=0)
    assert np.array_equal(labels, by_hand)


def test_overlap_separates_the_two_unions():
    parts = {
        "skin": rectangle(4, 4, 0, 0, 3, 3),
        "hair": rectangle(4, 4, 0, 0, 3, 1),
        "ear_r": rectangle(4, 4, 3, 3, 3, 3),
    }
    assert union_of_parts(parts).sum() == 16
    assert face_of_labels(merge_parts(parts, False), "celebamask").sum() == 7


def test_masks_of_two_sizes_are_refused():
    parts = {"skin": rectangle(4, 4, 0, 0, 3, 3), "nose": rectangle(8, 8, 0, 0, 3, 3)}
    for act in (union_of_parts, partial(merge_parts, glasses_on_top=True)):
        with pytest.raises(ImageError, match="nose 8 x 8"):
            act(parts)


@pytest.mark.parametrize(("index", "folder"), [(0, 0), (1999, 0), (2000, 1), (29999, 14)])
def test_two_thousand_ids_share_a_folder(tmp_path, index, folder):
    put(tmp_path / f"CelebA-HQ-img/{index}.jpg", jpeg(flat(8, 8)))
    put(tmp_path / f"CelebAMask-HQ-mask-anno/{folder}/{index:05d}_skin.png", encode(np.eye(8, dtype=np.uint8), "PNG"))
    reader = CelebAMaskHQ.open(RawFolder.open(tmp_path))
    assert list(reader.parts(index)) == ["skin"]
    assert np.array_equal(reader.face_mask(index, "parts", "celebamask"), np.eye(8, dtype=bool))


def test_layout_is_named_where_images_are_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"CelebA-HQ-img/<i>\.jpg"):
        CelebAMaskHQ.open(RawFolder.open(tmp_path))


def test_mapping_skips_the_header_and_goes_by_column_names(tmp_path):
    put(
        tmp_path / "CelebA-HQ-to-CelebA-mapping.txt",
        "orig_file idx orig_idx\n000120.jpg 0 119\n  199615.jpg  1   199614 \n\n",
    )
    mapping = lists.read_mapping(RawFolder.open(tmp_path), "")
    assert mapping == {0: lists.Mapping(119, "000120.jpg"), 1: lists.Mapping(199614, "199615.jpg")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 119 000120.jpg\n", "header"),
        ("", "header"),
        ("idx orig_idx orig_file\n0 119 000119.jpg\n", r"line 2: expected orig_file 000120\.jpg"),
        ("idx orig_idx orig_file\n0 119 000120.jpg\n0 119 000120.jpg\n", "line 3: expected each idx once"),
        ("idx orig_idx orig_file\n0 119\n", "line 2: expected numbers"),
        ("idx orig_idx orig_file\nzero 119 000120.jpg\n", "line 2: expected numbers"),
    ],
)
def test_broken_mapping_names_the_line(tmp_path, text, message):
    put(tmp_path / "CelebA-HQ-to-CelebA-mapping.txt", text)
    with pytest.raises(ValueError, match=message):
        lists.read_mapping(RawFolder.open(tmp_path), "")


def test_partition_and_identity_lists(tmp_path):
    raw = RawFolder.open(faces(tmp_path, 6))
    assert lists.read_partition(raw, "CelebAMask-HQ/")["000001.jpg"] == "train"
    assert set(lists.read_partition(raw, "CelebAMask-HQ/").values()) == {"train", "val", "test"}
    assert lists.read_identities(raw, "CelebAMask-HQ/")["000014.jpg"] == 101
    put(tmp_path / "list_eval_partition.txt", "000001.jpg 3\n")
    with pytest.raises(ValueError, match="0, 1 or 2"):
        lists.read_partition(raw, "CelebAMask-HQ/")
    put(tmp_path / "identity_CelebA.txt", "000001.jpg\n")
    with pytest.raises(ValueError, match="line 1"):
        lists.read_identities(raw, "CelebAMask-HQ/")


def prepare(root, out, **changes) -> Packed:
    out.mkdir()
    values = {"size_px": 16, "minimum_kept": 4, "decode_error_limit": 0.3} | changes
    face.prepare(block_of(face, "face", **values), {"raw": root}, out)
    return Packed.open(out)


def rejects(packed: Packed) -> dict[str, str]:
    table = read_table(packed.folder / "rejects.parquet")
    assert all(table["detail"])
    return dict(zip(table["key"], table["reason"], strict=True))


def test_prepared_faces(tmp_path):
    packed = prepare(faces(tmp_path / "raw", 9), tmp_path / "out")
    assert packed.keys == [f"{i:05d}" for i in range(9)] and packed.images.shape == (9, 16, 16, 3)
    expected = np.zeros((16, 16), np.uint8)
    expected[4:12, 4:12] = 1  # skin 8..23 of 32 px; the ear ring lies outside
    assert (np.asarray(packed.masks) == expected).all()
    assert [packed.column(f"box_{corner}")[0] for corner in ("x1", "y1", "x2", "y2")] == [4, 4, 11, 11]
    assert packed.column("split").tolist() == ["train", "val", "test"] * 3
    assert packed.positions("evaluation").tolist() == [2, 5, 8]
    # orig_file of i is number 7 i + 1, of identity 100 + (7 i + 1) // 14: two images each
    assert packed.column("identity").tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4]
    assert packed.card["labels"]["identity"] == ["100", "101", "102", "103", "104"]
    assert packed.card["facts"]["identities_with_two"] == 4 and packed.card["facts"]["images_with_two"] == 8
    assert packed.card["splits"] == {"test": 3, "train": 3, "val": 3}
    wider = prepare(tmp_path / "raw", tmp_path / "wider", evaluation_splits=["val", "test"])
    assert wider.positions("evaluation").tolist() == [1, 2, 4, 5, 7, 8]


def test_prepared_faces_without_lists_use_the_hash_and_no_identity(tmp_path):
    root = faces(tmp_path / "raw", 9, lists=False)
    packed = prepare(root, tmp_path / "out", split="hash", evaluation_count=3)
    assert packed.card["splits"] == {"test": 3, "train": 6}
    assert packed.column("identity").tolist() == [-1] * 9 and packed.card["labels"]["identity"] == []
    with pytest.raises(FileNotFoundError, match=r"list_eval_partition\.txt"):
        prepare(root, tmp_path / "other")


def test_every_bad_face_is_listed_with_its_reason(tmp_path):
    root = faces(tmp_path / "raw", 14)
    image, mask = root / "CelebAMask-HQ/CelebA-HQ-img", root / "CelebAMask-HQ/CelebAMask-HQ-mask-anno/0"
    put(image / "0.jpg", b"")
    put(image / "1.jpg", (image / "1.jpg").read_bytes()[:400])
    put(mask / "00002_skin.png", encode(rectangle(16, 16, 1, 1, 9, 9).astype(np.uint8), "PNG"))
    for part in ("skin", "nose"):
        (mask / f"00003_{part}.png").unlink()
    put(mask / "00004_nose.png", b"\x89PNG\r\n")
    put(image / "5.jpg", jpeg(flat(64, 48)))
    (image / "6.jpg").unlink()
    (image / "7.jpg").rename(image / "007.jpg")
    for part in ("skin", "nose"):
        put(mask / f"00008_{part}.png", encode(np.zeros((32, 32), np.uint8), "PNG"))
    listed = root / "list_eval_partition.txt"
    put(listed, listed.read_text().replace("000064.jpg 0\n", ""))  # 7 * 9 + 1
    mapping = root / "CelebAMask-HQ/CelebA-HQ-to-CelebA-mapping.txt"
    put(mapping, "\n".join(line for line in mapping.read_text().splitlines() if not line.strip().startswith("10 ")))
    (mask / "00011_nose.png").unlink()  # a missing part is no fault
    packed = prepare(root, tmp_path / "out", minimum_kept=3)
    assert packed.keys == ["00011", "00012", "00013"]
    assert rejects(packed) == {
        "00000": "empty", "00001": "truncated", "00002": "mask_size", "00003": "no_face_part", "00004": "truncated",
        "00005": "mask_size", "00006": "no_image", "00007": "no_image",
        "CelebAMask-HQ/CelebA-HQ-img/007.jpg": "file_name",
        "00008": "empty_mask", "00009": "no_partition", "00010": "no_mapping",
    }  # fmt: skip
    assert packed.card["funnel"] == [["found", 15, 12], ["decode", 12, 10], ["mask", 10, 5], ["partition", 5, 3]]


def test_floor_and_ceiling_stop_with_reasons(tmp_path):
    root = faces(tmp_path / "raw", 6)
    put(root / "CelebAMask-HQ/CelebA-HQ-img/0.jpg", b"")
    with pytest.raises(ValueError, match=r"at least 6 kept items.*came 5 of 6.*empty 1"):
        prepare(root, tmp_path / "a", minimum_kept=6)
    with pytest.raises(ValueError, match="1 of 6 images do not decode"):
        prepare(root, tmp_path / "b", decode_error_limit=0.1)


def test_a_users_folder_gives_the_same_bytes_and_a_changed_file_stops(tmp_path):
    root = faces(tmp_path / "user", 9)
    listed = file_list(root, tmp_path / "listed")
    drawn, user = prepare(root, tmp_path / "a"), prepare(listed, tmp_path / "b")
    for path in drawn.folder.iterdir():
        assert path.read_bytes() == (user.folder / path.name).read_bytes()
    put(root / "CelebAMask-HQ/CelebA-HQ-img/4.jpg", jpeg(flat(64, 64)))
    with pytest.raises(ValueError, match=r"4\.jpg: expected \d+ bytes with sha256"):
        prepare(listed, tmp_path / "c")


def test_merged_and_labels_unions(tmp_path):
    root = faces(tmp_path / "raw", 6)
    for i in range(6):
        hair = rectangle(32, 32, 8, 8, 23, 15).astype(np.uint8)
        put(root / f"CelebAMask-HQ/CelebAMask-HQ-mask-anno/0/{i:05d}_hair.png", encode(hair, "PNG"))
        if i:
            labels = rectangle(32, 32, 0, 0, 15, 15) * 10 + rectangle(32, 32, 16, 16, 31, 31) * 9
            put(root / f"labels/{i}.png", encode(labels.astype(np.uint8), "PNG"))
    area = {union: prepare(root, tmp_path / union, face_union=union).masks[1].sum() for union in ("parts", "merged")}
    assert area == {"parts": 64, "merged": 32}
    packed = prepare(root, tmp_path / "labels", face_union="labels", label_order="bisenet")
    assert packed.masks[0].sum() == 64 and packed.masks[0, 0, 0] == 1  # nose is 10, the ear ring 9
    assert rejects(packed) == {"00000": "no_labels"}
    official = prepare(root, tmp_path / "official", face_union="labels")
    assert official.masks[0].sum() == 128
