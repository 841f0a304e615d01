"""Sets of whole scenes by hand: squares, which pictures are taken, what is held out, and what must be refused."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.data import lmdb_file
from stages.data.files import read_table
from stages.data.lsun import LsunImages
from stages.data.prepared.ledger import TooManyRejects
from stages.data.prepared.packed import Packed
from stages.data.raw import RawFolder
from stages.data.sets import city_scenes, livingroom
from stages.data.sets.scenes import chosen, framed
from tests.parts import layouts
from tests.parts.raw_fixtures import block_of, encode, flat, jpeg, lmdb_folder, put

LOOSE = {"size_px": 16, "expected_counts": {}, "minimum_kept": 1, "decode_error_limit": 0.5}


def prepare(module, group, tmp_path, name="out", **changes) -> tuple[Packed, dict[str, str]]:
    (tmp_path / name).mkdir()
    module.prepare(block_of(module, group, **(LOOSE | changes)), {"raw": tmp_path / "raw"}, tmp_path / name)
    table = read_table(tmp_path / name / "rejects.parquet")
    return Packed.open(tmp_path / name), dict(zip(table["key"], table["reason"], strict=True))


def numbered(height: int, width: int) -> np.ndarray:
    """Each column has a value of its own, each row too."""
    rows, columns = np.indices((height, width))
    return np.stack([rows, columns, rows + columns], 2).astype(np.uint8)


def test_the_middle_square_is_cut_at_the_floor_of_half_the_rest():
    assert np.array_equal(framed(numbered(4, 9), 4, "center", "lanczos"), numbered(4, 9)[:, 2:6])
    assert np.array_equal(framed(numbered(9, 4), 4, "center", "box"), numbered(9, 4)[2:6])


def test_box_is_the_mean_over_areas_and_lanczos_is_not():
    image = np.random.default_rng(0).integers(0, 256, (8, 16, 3)).astype(np.uint8)
    squashed = image.reshape(4, 2, 4, 4, 3).mean((1, 3))
    middle = image[:, 4:12].reshape(4, 2, 4, 2, 3).mean((1, 3))
    for crop, means in (("squash", squashed), ("center", middle)):
        assert np.abs(framed(image, 4, crop, "box") - means).max() <= 1
        assert np.abs(framed(image, 4, crop, "lanczos") - means).max() > 3


def test_letterbox_keeps_the_shape_between_black_bars():
    image = np.full((8, 16, 3), 200, np.uint8)
    square = framed(image, 8, "letterbox", "box")
    assert (square[2:6] == 200).all() and not square[:2].any() and not square[6:].any()
    upright = framed(image.transpose(1, 0, 2), 8, "letterbox", "box")
    assert np.array_equal(upright, square.transpose(1, 0, 2))
    odd = framed(np.full((5, 8, 3), 9, np.uint8), 8, "letterbox", "lanczos")
    assert odd[:, 0, 0].tolist() == [0, 9, 9, 9, 9, 9, 0, 0]
    assert framed(np.full((1, 90, 3), 9, np.uint8), 8, "letterbox", "box").any(), "a strip is one row, not none"


@given(keys=st.lists(st.text("abcdef0123456789", min_size=1), unique=True, max_size=30), count=st.integers(1, 30))
def test_which_pictures_are_taken_depends_on_their_keys_alone(keys, count):
    taken = set(chosen(keys, count))
    assert taken == set(chosen(keys[::-1], count)) and len(taken) == min(count, len(keys))
    assert taken <= set(chosen(keys, count + 1))
    assert set(chosen(keys, 0)) == set(keys)
    left = set(keys) - taken
    rank = {key: hashlib.sha256(key.encode()).hexdigest() for key in keys}
    assert not left or not taken or max(rank[key] for key in taken) < min(rank[key] for key in left)
    with pytest.raises(ValueError, match="max_images"):
        chosen(keys, -1)


def test_streets_of_all_splits_are_packed_and_others_listed(tmp_path, capsys):
    layouts.city_scenes(tmp_path / "raw")
    folder = tmp_path / "raw/leftImg8bit/train_extra/troisdorf"
    put(folder / "troisdorf_000000_000073_leftImg8bit.png", encode(np.zeros((8, 16, 3), np.uint8), "PNG"))
    put(folder / "troisdorf_000000_000074_leftImg8bit.png", b"no png")
    put(folder / "preview.png", encode(layouts.shaded(8, 16), "PNG"))
    counts = {"train": 1, "val": 1, "test": 1, "train_extra": 3}
    packed, reasons = prepare(city_scenes, "city_scenes", tmp_path, expected_counts=counts)
    wanted = [("test", "berlin"), ("train", "aachen"), ("train_extra", "troisdorf"), ("val", "lindau")]
    assert packed.keys == [f"{split}/{city}/{city}_000000_000019" for split, city in wanted]
    stem = "train_extra/troisdorf/troisdorf_000000_00007"
    odd = "leftImg8bit/train_extra/troisdorf/preview.png"
    assert reasons == {f"{stem}3": "blank", f"{stem}4": "unknown_format", odd: "file_name"}
    assert packed.card["splits"] == {"train": 4} and packed.card["evaluation"] == [] and packed.masks is None
    assert packed.card["facts"]["count_differences"] == {"train_extra": [3, 1]} and packed.card["facts"]["found"] == 7
    assert (packed.column("kind") == -1).all() and packed.images.shape == (4, 16, 16, 3)
    source = tmp_path / "raw" / str(packed.column("source")[0])
    assert packed.column("digest")[0] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert np.array_equal(packed.images[0], framed(layouts.shaded(8, 16), 16, "center", "lanczos"))
    assert "NOT comparable with published numbers" in capsys.readouterr().out


def test_a_set_that_lacks_one_known_bad_photo_is_the_published_one(tmp_path, capsys):
    layouts.city_scenes(tmp_path / "raw")
    for number in range(100, 299):
        path = tmp_path / f"raw/leftImg8bit/train/ulm/ulm_{number:06d}_000019_leftImg8bit.png"
        put(path, encode(layouts.shaded(4, 8), "PNG"))
    prepare(city_scenes, "city_scenes", tmp_path, "near", expected_counts={"train": 201})
    assert "NOT comparable" not in capsys.readouterr().out
    prepare(city_scenes, "city_scenes", tmp_path, "far", expected_counts={"train": 203})
    assert "train: 203 expected, 200 came" in capsys.readouterr().out
    prepare(city_scenes, "city_scenes", tmp_path, "few", max_images=9)
    assert "max_images 9" in capsys.readouterr().out


def rooms(tmp_path, count: int = 10) -> dict[str, bytes]:
    values = {hashlib.sha1(str(i).encode()).hexdigest(): jpeg(layouts.shaded(12, 16, 20 * i)) for i in range(count)}
    lmdb_folder(tmp_path / "raw/lsun/living_room_train_lmdb", values)
    other = {hashlib.sha1(b"other").hexdigest(): jpeg(layouts.shaded(12, 16))}
    lmdb_folder(tmp_path / "raw/lsun/living_room_val_lmdb", other)
    return values


def test_rooms_come_from_the_database_to_train_on_in_key_order(tmp_path):
    values = rooms(tmp_path)
    packed, reasons = prepare(livingroom, "livingroom", tmp_path, held_out=3)
    assert packed.keys == sorted(values) and reasons == {}
    assert packed.card["splits"] == {"held_out": 3, "train": 7} and packed.card["evaluation"] == ["held_out"]
    held = {packed.keys[place] for place in packed.positions("held_out")}
    assert held == set(sorted(values, key=lambda key: hashlib.sha256(key.encode()).digest())[:3])
    digests = dict(zip(packed.keys, packed.column("digest"), strict=True))
    assert digests == {key: hashlib.sha256(content).hexdigest() for key, content in values.items()}


def test_max_images_takes_the_same_rooms_from_every_form(tmp_path):
    values = rooms(tmp_path)
    packed, _ = prepare(livingroom, "livingroom", tmp_path, max_images=4)
    assert set(packed.keys) == set(chosen(sorted(values), 4)) and packed.card["facts"]["found"] == 4
    for key, content in values.items():
        put(tmp_path / f"tree/raw/{key}.jpg", content)
    again, _ = prepare(livingroom, "livingroom", tmp_path / "tree", max_images=4)
    assert again.keys == packed.keys and np.array_equal(again.images, packed.images)


def test_only_wanted_values_are_read(tmp_path):
    values = rooms(tmp_path)
    path = tmp_path / "raw/lsun/living_room_train_lmdb/data.mdb"
    assert [key.decode() for key in lmdb_file.keys(path)] == sorted(values)
    images = LsunImages(RawFolder.open(tmp_path / "raw"), "living_room_train_lmdb")
    assert images.keys() == sorted(values) and len(images) == len(values)
    two = set(sorted(values)[2:4])
    assert {key: content for key, _, content in images.contents(two)} == {key: values[key] for key in two}
    with pytest.raises(ValueError, match="one LMDB"):
        LsunImages(RawFolder.open(tmp_path / "raw"))


def test_what_is_too_little_names_its_key(tmp_path):
    rooms(tmp_path)
    with pytest.raises(ValueError, match="held_out: expected 1 to 5 of 10"):
        prepare(livingroom, "livingroom", tmp_path, held_out=6)
    with pytest.raises(TooManyRejects, match="minimum_kept"):
        prepare(livingroom, "livingroom", tmp_path, "few", minimum_kept=11)
    lmdb_folder(tmp_path / "flat/raw", {"a": jpeg(flat(8, 8)), "b": jpeg(layouts.shaded(8, 8)), "c": b""})
    packed, reasons = prepare(livingroom, "livingroom", tmp_path / "flat")
    assert packed.keys == ["b"] and reasons == {"a": "blank", "c": "empty"}
