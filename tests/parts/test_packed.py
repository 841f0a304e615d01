"""The packed form: round trip, streaming, equal bytes, faults."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.data.prepared.ledger import Ledger
from stages.data.prepared.packed import Index, Packed, Row, write_packed


def rows(count, size=6, seed=0, masks=True):
    rng = np.random.default_rng(seed)
    for i in range(count):
        mask = np.zeros((size, size), np.uint8)
        mask[i % size :, 1:3] = 1
        yield Row(
            f"{i:04d}", rng.integers(0, 256, (size, size, 3), dtype=np.uint8), mask if masks else None, f"{i}.jpg", "d"
        )


def index(keys):
    splits = ["test" if i % 3 == 0 else "train" for i in range(len(keys))]
    return Index(splits, ("test",), {"species": np.arange(len(keys)) % 2}, {"species": ["a", "b"]}, {"note": 1})


@settings(max_examples=12, deadline=None)
@given(count=st.integers(1, 40), masks=st.booleans())
def test_round_trip(tmp_path_factory, count, masks):
    folder = tmp_path_factory.mktemp("packed")
    write_packed(folder, "toy", 6, masks, rows(count, masks=masks), index)
    packed, expected = Packed.open(folder), list(rows(count, masks=masks))
    assert len(packed) == count and packed.keys == [row.key for row in expected]
    assert np.array_equal(packed.images, np.stack([row.image for row in expected]))
    assert isinstance(packed.images, np.memmap)
    assert np.array_equal(np.load(folder / "images.npy"), packed.images)
    assert packed.column("species").dtype == np.int64 and packed.column("species").tolist() == [
        i % 2 for i in range(count)
    ]
    assert packed.positions("test").tolist() == list(range(0, count, 3)) == packed.positions("evaluation").tolist()
    if masks:
        assert np.array_equal(packed.masks, np.stack([row.mask for row in expected]))
        assert packed.column("box_y1").tolist() == [i % 6 for i in range(count)]
        assert (
            set(packed.column("box_x1")) == {1}
            and set(packed.column("box_x2")) == {2}
            and set(packed.column("box_y2")) == {5}
        )
    else:
        assert packed.masks is None and not (folder / "masks.npy").exists()


def test_equal_content_gives_equal_bytes(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        ledger = Ledger(("decode",), total=8)
        for key in ("y", "x") if name == "a" else ("x", "y"):
            ledger.reject(key, "decode", "empty", "zero bytes")
        write_packed(tmp_path / name, "toy", 6, True, rows(6), index, ledger)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_complete_is_called_after_the_last_row(tmp_path):
    seen = []

    def stream():
        for row in rows(3):
            seen.append(row.key)
            yield row

    def complete(keys):
        assert seen == keys == ["0000", "0001", "0002"]
        return index(keys)

    write_packed(tmp_path, "toy", 6, True, stream(), complete)
    assert Packed.open(tmp_path).card["facts"] == {"note": 1}


def test_faults_while_writing(tmp_path):
    unsorted = list(rows(3))[::-1]
    with pytest.raises(ValueError, match="key order, came '0001' after '0002'"):
        write_packed(tmp_path, "toy", 6, True, unsorted, index)
    twice = [next(rows(1)), next(rows(1))]
    with pytest.raises(ValueError, match="key order"):
        write_packed(tmp_path, "toy", 6, True, twice, index)
    with pytest.raises(ValueError, match="uint8 rows of shape"):
        write_packed(tmp_path, "toy", 7, True, rows(1), index)
    empty = Row("a", np.zeros((6, 6, 3), np.uint8), np.zeros((6, 6), np.uint8), "s", "d")
    with pytest.raises(ValueError, match="at least one pixel for key 'a'"):
        write_packed(tmp_path, "toy", 6, True, [empty], index)
    with pytest.raises(ValueError, match="one length"):
        write_packed(tmp_path, "toy", 6, True, rows(3), lambda keys: Index(["train"], ("test",)))


def test_faults_while_reading(tmp_path):
    write_packed(tmp_path, "toy", 6, True, rows(4), index)
    packed = Packed.open(tmp_path)
    with pytest.raises(ValueError, match=r"columns.*species"):
        packed.column("identity")
    with pytest.raises(ValueError, match="items of the split 'val'"):
        packed.positions("val")
    content = (tmp_path / "images.npy").read_bytes()
    for damaged in (content[:-1], content[:40], b""):
        (tmp_path / "images.npy").write_bytes(damaged)
        with pytest.raises(ValueError, match=r"images\.npy"):
            Packed.open(tmp_path)
    np.save(tmp_path / "images.npy", np.zeros((3, 6, 6, 3), np.uint8))
    with pytest.raises(ValueError, match="equally many"):
        Packed.open(tmp_path)
    (tmp_path / "images.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"images\.npy"):
        Packed.open(tmp_path)
    with pytest.raises(FileNotFoundError, match="run prepare"):
        Packed.open(tmp_path / "none")
