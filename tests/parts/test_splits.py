"""Splits by key, the ledger, tables, and raw folders."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.data.files import read_json, read_table, write_json, write_table
from stages.data.prepared.ledger import Ledger
from stages.data.raw import RawFolder, unlisted
from stages.data.splits import by_hash
from tests.parts.raw_fixtures import put


@given(st.lists(st.text(min_size=1, max_size=5), unique=True, min_size=2, max_size=30), st.randoms())
def test_hold_out_depends_on_keys_alone(keys, random):
    count = random.randint(1, len(keys) // 2)
    split = dict(zip(keys, by_hash(keys, count, "evaluation"), strict=True))
    held = sorted(keys, key=lambda key: hashlib.sha256(key.encode()).hexdigest())[:count]
    assert {key for key, name in split.items() if name == "evaluation"} == set(held)
    shuffled = random.sample(keys, len(keys))
    assert dict(zip(shuffled, by_hash(shuffled, count, "evaluation"), strict=True)) == split


@given(st.integers(4, 40))
def test_a_new_key_moves_at_most_one_held_out_key(count):
    keys = [f"key{i}" for i in range(count)]
    before = {key for key, name in zip(keys, by_hash(keys, 2, "test"), strict=True) if name == "test"}
    more = [*keys, "newcomer"]
    after = {key for key, name in zip(more, by_hash(more, 2, "test"), strict=True) if name == "test"}
    assert len(before - after) <= 1


@pytest.mark.parametrize("count", [0, 3, 99])
def test_hold_out_of_more_than_half_is_an_error(count):
    with pytest.raises(ValueError, match="evaluation_count"):
        by_hash(["a", "b", "c", "d", "e"], count, "test")


def test_repeated_keys_are_an_error():
    with pytest.raises(ValueError, match="distinct"):
        by_hash(["a", "a"], 1, "test")


def test_ledger_funnel_adds_up_and_floor_and_ceiling_stop():
    ledger = Ledger(("decode", "size", "class"), total=10)
    ledger.reject("a", "size", "small", "1 x 1")
    ledger.reject("b", "decode", "empty", "zero bytes")
    ledger.reject("c", "class", "other_class", "cat")
    ledger.reject("d", "class", "other_class", "dog")
    assert ledger.funnel() == [["decode", 10, 9], ["size", 9, 8], ["class", 8, 6]]
    assert ledger.kept == 6 and ledger.reasons() == {"empty": 1, "other_class": 2, "small": 1}
    ledger.check("toy", 6, 0.1)
    with pytest.raises(ValueError, match=r"at least 7 kept.*came 6 of 10.*empty 1, other_class 2, small 1"):
        ledger.check("toy", 7, 0.1)
    with pytest.raises(ValueError, match=r"1 of 10 images do not decode.*zero bytes"):
        ledger.check("toy", 6, 0.05)
    with pytest.raises(ValueError, match="one of the steps"):
        ledger.reject("e", "colour", "grey", "")


def test_tables_round_trip_with_equal_bytes(tmp_path):
    columns = {"key": ["a", "b"], "n": np.array([1, -1]), "x": [0.5, 2.0], "on": np.array([True, False])}
    for name in ("one", "two"):
        write_table(tmp_path / name, columns)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    table = read_table(tmp_path / "one")
    assert list(table) == ["key", "n", "x", "on"] and table["key"] == ["a", "b"]
    assert table["n"].dtype == np.int64 and table["n"].tolist() == [1, -1] and table["on"].tolist() == [True, False]
    import pyarrow.parquet

    assert pyarrow.parquet.read_schema(tmp_path / "one").metadata is None


def test_table_faults_name_the_file(tmp_path):
    with pytest.raises(ValueError, match="one length"):
        write_table(tmp_path / "t", {"a": [1], "b": []})
    with pytest.raises(ValueError, match="column 'a' has no known type"):
        write_table(tmp_path / "t", {"a": []})
    write_table(tmp_path / "t", {"a": []}, {"a": "str"})
    assert read_table(tmp_path / "t") == {"a": []}
    put(tmp_path / "u", (tmp_path / "t").read_bytes()[:-9])
    with pytest.raises(ValueError, match="does not parse"):
        read_table(tmp_path / "u")
    with pytest.raises(FileNotFoundError):
        read_table(tmp_path / "v")


def test_a_column_of_another_kind_than_its_first_value_is_refused(tmp_path):
    for column in ([1, 2.5], [True, 2], [0.5, "1"]):
        with pytest.raises(ValueError, match="column 'a' is of"):
            write_table(tmp_path / "t", {"a": column})


def test_tables_are_as_arrow_makes_them_of_lists_without_its_pandas(tmp_path):
    """pyarrow imports pandas, for a third of a second in every stage, for whatever its own `array` is given."""
    columns: dict[str, list] = {"a": ["", "ü", "bc"] * 3, "b": [3, -1, 2**40] * 3}
    columns |= {"c": [0.5, 1, float("nan")] * 3, "d": [True, False, False] * 3}
    code = (
        "import sys, json, pathlib; from stages.data.files import write_table;"
        "write_table(pathlib.Path(sys.argv[1]), json.loads(sys.argv[2])); print('pandas' in sys.modules)"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "ours"), json.dumps(columns)]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip() == "False"
    pq.write_table(pa.table(columns), tmp_path / "theirs", compression="zstd", store_schema=False)
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


def test_json_is_sorted_and_refuses_nan(tmp_path):
    write_json(tmp_path / "j", {"b": 1, "a": [0.1]})
    assert list(json.loads((tmp_path / "j").read_text())) == ["a", "b"] and read_json(tmp_path / "j")["a"] == [0.1]
    with pytest.raises(ValueError):
        write_json(tmp_path / "j", {"a": float("nan")})
    with pytest.raises(ValueError, match="does not parse"):
        read_json(put(tmp_path / "k", "{"))


def listed(tmp_path, content: bytes = b"0123"):
    """A raw folder that points into a user's folder with one file."""
    put(tmp_path / "user/sub/a.bin", content)
    put(tmp_path / "user/b.bin", b"")
    names = ["b.bin", "sub/a.bin"]
    digests = [hashlib.sha256((tmp_path / "user" / name).read_bytes()).hexdigest() for name in names]
    (tmp_path / "raw").mkdir()
    write_table(tmp_path / "raw/files.parquet", {"path": names, "size": [0, len(content)], "sha256": digests})
    write_json(tmp_path / "raw/root.json", {"root": str(tmp_path / "user")})
    return tmp_path / "raw"


def test_listed_raw_folder_reads_and_notices_every_change(tmp_path):
    folder = listed(tmp_path)
    raw = RawFolder.open(folder)
    assert raw.files() == ["b.bin", "sub/a.bin"] and raw.files("sub/") == ["sub/a.bin"]
    assert raw.read("sub/a.bin") == b"0123" and raw.path("sub/a.bin").read_bytes() == b"0123"
    put(tmp_path / "user/sub/a.bin", b"0124")  # same size
    for act in (raw.read, RawFolder.open(folder).path):
        with pytest.raises(ValueError, match=r"sub/a\.bin: expected 4 bytes"):
            act("sub/a.bin")
    put(tmp_path / "user/new.bin", b"1")
    assert not raw.exists("new.bin")
    with pytest.raises(FileNotFoundError):
        raw.read("new.bin")
    (tmp_path / "user/b.bin").unlink()
    with pytest.raises(FileNotFoundError, match=r"b\.bin"):
        raw.read("b.bin")


def test_drawn_raw_folder_ignores_what_engines_leave(tmp_path):
    for name in ("x/receipt.json", "receipt.json", ".gitignore", ".snakemake_timestamp", "b.txt", ".hidden/c"):
        put(tmp_path / name, "t")
    raw = RawFolder.open(tmp_path)
    assert raw.files() == ["b.txt", "x/receipt.json"]
    assert raw.text("b.txt") == "t" and raw.find("b.TXT") == "b.txt" and raw.find("a.txt") is None
    assert unlisted(raw, ["x/other"]) == ["x/receipt.json"]


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "x/../../secret"])
def test_paths_outside_the_dataset_are_refused(tmp_path, name):
    put(tmp_path / "secret", "s")
    put(tmp_path / "raw/a", "a")
    with pytest.raises(ValueError, match="inside"):
        RawFolder.open(tmp_path / "raw").read(name)


def test_missing_raw_folder_and_root(tmp_path):
    with pytest.raises(FileNotFoundError, match="render"):
        RawFolder.open(tmp_path / "none")
    folder = listed(tmp_path)
    write_json(folder / "root.json", {"root": str(tmp_path / "gone")})
    with pytest.raises(FileNotFoundError, match="gone"):
        RawFolder.open(folder)
