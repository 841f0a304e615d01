"""LMDB files read without mapping them: as the library reads whole ones, and refused where it would die."""

import random
import struct

import lmdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.data import lmdb_file
from stages.data.lsun import LsunImages
from stages.data.raw import RawFolder
from tests.parts.raw_fixtures import lmdb_folder, put

# A page's header, and where a meta page keeps what is changed below.
ROOT, ENTRIES, DEPTH, FLAGS, LAST, TRANSACTION = 128, 120, 94, 92, 136, 144


def written(folder, seed: int, count: int, largest: int, removed: float = 0.0):
    """A database in several transactions, some keys removed or written anew; and what the library reads of it."""
    draw = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    with lmdb.open(str(folder), map_size=1 << 28) as environment:
        for _ in range(3):
            with environment.begin(write=True) as transaction:
                for _ in range(count // 3):
                    key = f"{draw.getrandbits(4 * draw.choice([3, 20])):x}".encode()
                    transaction.put(key, draw.randbytes(draw.randint(0, largest)))
                    if draw.random() < removed:
                        transaction.delete(f"{draw.getrandbits(12):x}".encode())
        with environment.begin() as transaction:
            return folder / "data.mdb", [(bytes(key), bytes(value)) for key, value in transaction.cursor()]


@pytest.mark.parametrize(("count", "largest", "removed"), [(0, 0, 0), (3, 5, 0), (3000, 30, 0.3), (900, 9000, 0.2)])
def test_whole_databases_are_read_as_the_library_reads_them(tmp_path, count, largest, removed):
    """Empty, one leaf, several levels, and values with pages of their own."""
    path, expected = written(tmp_path, count, count, largest, removed)
    assert list(lmdb_file.values(path)) == expected
    assert lmdb_file.check(path) == lmdb_file.count(path) == len(expected)


def page_bytes(content: bytes) -> int:
    return struct.unpack_from("<I", content, 40)[0]


def metas(content: bytes) -> list[int]:
    """Where the meta pages lie, the one that counts first."""
    places = [0, page_bytes(content)]
    return sorted(places, key=lambda place: -struct.unpack_from("<Q", content, place + TRANSACTION)[0])


def test_a_file_that_was_cut_is_refused_with_both_lengths(tmp_path):
    """The library opens it, says how many values it has, and dies of SIGBUS when it is read."""
    path, _ = written(tmp_path, 0, 300, 3000)
    content = path.read_bytes()
    needed = (struct.unpack_from("<Q", content, metas(content)[0] + LAST)[0] + 1) * page_bytes(content)
    for length in (len(content) * 8 // 10, needed - 1, page_bytes(content) * 2, 5000, 4096, 100, 0):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"data\.mdb, (length|meta pages): expected .*; copy data\.mdb anew"):
            lmdb_file.check(path)
        with pytest.raises(ValueError, match=r"data\.mdb"):
            list(LsunImages(RawFolder.open(tmp_path)))
    path.write_bytes(content[:needed])
    assert lmdb_file.check(path), "what lies behind the last page is of no use"


CHANGES = {
    "mark": (16, "<I", 7, "a 64-bit machine's LMDB data file"),
    "format": (20, "<I", 2, "data format 1"),
    "page size": (40, "<I", 1000, "pages of 512"),
    "several values a key": (FLAGS, "<H", 4, "keys in byte order, one value each"),
    "depth": (DEPTH, "<H", 33, "0 to 32 levels"),
    "no depth": (DEPTH, "<H", 0, "0 to 32 levels"),
    "entries": (ENTRIES, "<Q", 7, "7 values"),
    "root": (ROOT, "<Q", 1 << 40, "page numbers 2 to"),
    "root in a meta page": (ROOT, "<Q", 1, "page numbers 2 to"),
    "a shallower tree": (DEPTH, "<H", 1, "a leaf page"),
    "a deeper tree": (DEPTH, "<H", 9, "a branch page"),
    "more pages": (LAST, "<Q", 1 << 33, "at least"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_meta_pages_that_say_something_else_are_refused(tmp_path, change):
    place, form, value, message = CHANGES[change]
    path, _ = written(tmp_path, 0, 3000, 30)
    content = bytearray(path.read_bytes())
    for meta in metas(content)[: 1 if place >= FLAGS else 2]:
        struct.pack_into(form, content, meta + place, value)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        lmdb_file.check(path)


def leaf(content: bytes) -> int:
    """Where the root lies, which is a leaf here."""
    return struct.unpack_from("<Q", content, metas(content)[0] + ROOT)[0] * page_bytes(content)


NODES = {
    "a named database": (4, "<H", 2, "a named database"),
    "a value beyond the page": (0, "<H", 60000, "a node within"),
    "a key beyond the page": (6, "<H", 60000, "a node within"),
    "a value in pages that are not there": (4, "<H", 1, "a value within the"),
    "a key that does not rise": (8, "<B", 0, "keys that rise"),
}


@pytest.mark.parametrize("change", NODES)
def test_nodes_that_say_something_else_are_refused(tmp_path, change):
    place, form, value, message = NODES[change]
    path = lmdb_folder(tmp_path, {f"{number:040x}": b"x" * 20 for number in range(1, 9)}) / "data.mdb"
    content = bytearray(path.read_bytes())
    root = leaf(content)
    node = root + struct.unpack_from("<H", content, root + 18)[0]
    struct.pack_into(form, content, node + place, value)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        lmdb_file.check(path)


@pytest.mark.parametrize("place", [0, 10, 12, 14, 16])
def test_pages_that_say_something_else_are_refused(tmp_path, place):
    """Number, flags, both limits, the first node's place."""
    path = lmdb_folder(tmp_path, {f"{number:040x}": b"x" * 20 for number in range(1, 9)}) / "data.mdb"
    content = bytearray(path.read_bytes())
    struct.pack_into("<H", content, leaf(content) + place, 5001)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"data\.mdb, page \d+: expected"):
        lmdb_file.check(path)


def test_a_page_that_is_reached_twice_ends_the_walk(tmp_path):
    """A circle would never end, and a tree whose branches meet would take as long as the product of their widths."""
    path, _ = written(tmp_path, 0, 3000, 30)
    content = bytearray(path.read_bytes())
    root = leaf(content)
    first, second = (struct.unpack_from("<H", content, root + 16 + 2 * number)[0] for number in (0, 1))
    content[root + second : root + second + 6] = content[root + first : root + first + 6]
    path.write_bytes(content)
    with pytest.raises(ValueError, match="each page once"):
        lmdb_file.check(path)


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> bytes:
    """Values in leaves and in pages of their own, under one branch page."""
    return written(tmp_path_factory.mktemp("small"), 1, 240, 6000)[0].read_bytes()


@settings(max_examples=300, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_random_bytes_in_headers_and_pages_are_read_or_refused(small, tmp_path_factory, seed):
    """Flipped bytes, whole pages of noise, cuts: pixels may differ, the process lives, an error names the file."""
    draw = np.random.default_rng(seed)
    content, size = bytearray(small), page_bytes(small)
    for _ in range(int(draw.integers(1, 12))):
        # Mostly in the first bytes of a page, where its tables are.
        place = int(draw.integers(0, len(content) // size)) * size + int(
            draw.choice([16, 64, 200, size]) * draw.random()
        )
        content[place] = int(draw.integers(0, 256))
    if draw.random() < 0.2:
        page = int(draw.integers(0, len(content) // size)) * size
        content[page : page + size] = draw.bytes(size)
    if draw.random() < 0.2:
        content = content[: int(draw.integers(0, len(content)))]
    path = put(tmp_path_factory.getbasetemp() / "flipped/data.mdb", bytes(content))
    try:
        keys = [key for key, _ in lmdb_file.values(path)]
    except ValueError as error:
        assert str(error).startswith(f"{path}, ") and "expected" in str(error)
        with pytest.raises(ValueError, match=r"data\.mdb"):
            lmdb_file.check(path)
    else:
        assert keys == sorted(set(keys)) and lmdb_file.check(path) == len(keys)


def test_a_file_that_is_cut_while_it_is_read_is_refused(tmp_path):
    """The library would die of SIGBUS."""
    path, expected = written(tmp_path, 0, 300, 9000)
    read = lmdb_file.values(path)
    assert next(read) == expected[0]
    with path.open("r+b") as stream:
        stream.truncate(20000)
    with pytest.raises(ValueError, match=r"data\.mdb, length: expected"):
        list(read)
