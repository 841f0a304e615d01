"""A detection works in shards: a killed one goes on with the same bytes, and no more than a shard is in memory."""

import io
import random
import shutil
import threading
import weakref
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image

from stages import detect
from stages.data import detections
from stages.data.detection_records import Records
from stages.data.detections import Detections, shard_of, write_shards
from stages.data.instances import ImageDetections, Instance, encode_mask
from stages.engine.ahead import ahead
from stages.teachers.detectors.found import in_batches
from tests.parts.interrupted import Ended, Ending, ended_often, files_of, killed_often

COUNT, SHARD = 41, 6


def photo(number: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((4, 5 + number % 3, 3), number % 256, np.uint8)).save(stream, "PNG")
    return b"no picture" if number % 10 == 7 else stream.getvalue()


class Counted:
    """A detector that finds up to two instances, and counts the records that are alive and the photos it looked at."""

    def __init__(self) -> None:
        self.facts = {"source": "made up"}
        self.records, self.most, self.seen = list[weakref.ref[ImageDetections]](), 0, 0

    def find(self, files: Any) -> Iterator[tuple[str, ImageDetections]]:
        for batch in in_batches(files, 4):
            for key, image in batch:
                self.seen += 1
                rng = random.Random(key)
                mask = encode_mask(image[..., 0] >= 0)
                found = [Instance("bird", rng.random(), (0.0, 0.0, 1.0, rng.random()), mask)] * rng.randrange(3)
                record = ImageDetections(image.shape[1], 4, tuple(found))
                self.records.append(weakref.ref(record))
                self.most = max(self.most, alive(self.records))
                yield key, record


def alive(records: list[weakref.ref[ImageDetections]]) -> int:
    return sum(record() is not None for record in records)


def detected(out: Path, resume: Path, ending: Any, count: int = COUNT, shard: int = SHARD) -> Counted:
    """What the verb does behind the opening of set and detector, into a fresh folder."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    block = SimpleNamespace(shard=shard, batch=4, minimum_side_px=0, minimum_long_side_px=0)
    job: Any = SimpleNamespace(block=block, choices={"set": "made_up"}, resume=resume, advance=ending)
    found = Counted()
    write_shards(out, detect.shards(job, count, listed(count), found), found.facts)
    return found


def listed(count: int) -> Iterator[detect.Photo]:
    return ((f"{number:05d}", lambda number=number: photo(number)) for number in range(count))


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    detected(folder / "out", folder / "resume", Ending(None))
    return files_of(folder / "out")


@pytest.mark.parametrize("trial", range(5))
def test_stops_between_photos_change_no_byte_and_cost_less_than_a_shard_each(tmp_path, whole, trial):
    calls = ended_often(
        lambda ending: void(detected(tmp_path / "out", tmp_path / "resume", ending)), f"photos {trial}", 2 * SHARD
    )
    assert files_of(tmp_path / "out") == whole and len(calls) > 1
    assert sum(calls) <= COUNT + SHARD * (len(calls) - 1)


def test_kills_at_any_moment_change_no_byte(tmp_path, whole):
    killed = killed_often(lambda: void(detected(tmp_path / "out", tmp_path / "resume", Ending(None))), "any", 2e-2)
    assert killed > 0 and files_of(tmp_path / "out") == whole


def void(_: object) -> None:
    """Nothing: a forked child returns nothing."""


def test_a_table_of_shards_says_what_one_of_all_photos_says(tmp_path, whole):
    detected(tmp_path / "parts", tmp_path / "a", Ending(None))
    detected(tmp_path / "one", tmp_path / "b", Ending(None), shard=COUNT)
    parts, one = Detections(tmp_path / "parts"), Detections(tmp_path / "one")
    assert dict(parts) == dict(one) and len(parts) == COUNT - 4
    groups = pyarrow.parquet.ParquetFile(tmp_path / "parts" / "detections.parquet").num_row_groups
    assert groups == -(-COUNT // SHARD)
    assert (tmp_path / "parts" / "detect.json").read_bytes() == (tmp_path / "one" / "detect.json").read_bytes()
    assert "00007" not in parts and "99999" not in parts and parts["00040"] == one["00040"]


def test_no_more_than_a_shard_is_in_memory_while_it_is_found_and_while_it_is_read(tmp_path, monkeypatch):
    found = detected(tmp_path / "out", tmp_path / "resume", Ending(None), count=30 * SHARD)
    assert SHARD - 2 <= found.most <= SHARD, "all of a shard and none of another"
    records, most = list[weakref.ref[ImageDetections]](), 0
    made = detections._images

    def counted(table: Any) -> dict[str, ImageDetections]:
        images = made(table)
        records.extend(weakref.ref(image) for image in images.values())
        return images

    monkeypatch.setattr(detections, "_images", counted)
    table = Detections(tmp_path / "out")
    for number in range(30 * SHARD):
        table.get(f"{number:05d}")
        most = max(most, alive(records))
    assert SHARD - 2 <= most <= SHARD


def test_keys_that_do_not_rise_from_shard_to_shard_are_refused(tmp_path):
    record = ImageDetections(1, 1, ())
    with pytest.raises(ValueError, match="key 'a' behind 'b'"):
        write_shards(tmp_path, [shard_of([("b", record)]), shard_of([("a", record)])], {})


def test_what_is_kept_is_not_made_again_and_a_damaged_shard_is(tmp_path, whole, capsys):
    with pytest.raises(Ended):
        detected(tmp_path / "out", tmp_path / "resume", Ending(5 * SHARD))
    names = sorted(path.name for path in (tmp_path / "resume").iterdir())
    assert names == [f"shard-{number:012d}" for number in range(5)][: len(names)] and len(names) >= 4
    path = tmp_path / "resume" / names[1]
    path.write_bytes(path.read_bytes()[:-3] + b"xyz")
    found = detected(tmp_path / "out", tmp_path / "resume", Ending(None))
    assert files_of(tmp_path / "out") == whole and "made anew" in capsys.readouterr().out
    assert found.seen <= COUNT - SHARD * (len(names) - 1)


def test_so_many_items_are_worked_on_ahead_and_all_come_in_order():
    gate = threading.Barrier(3, timeout=20)
    started: list[int] = []

    def work(item: int) -> int:
        started.append(item)
        if item < 3:
            gate.wait()
        return item * item

    results = ahead(range(20), work, threads=3, most=5)
    assert next(results) == 0 and max(started) <= 5
    assert list(results) == [number * number for number in range(1, 20)] and not gate.broken


def test_what_fails_ahead_fails_where_it_is_taken():
    results = ahead(iter((4, 2, 0, 1)), lambda item: 8 // item, threads=2, most=4)
    assert [next(results), next(results)] == [2, 4]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_records_in_any_order_are_read_where_they_lie(tmp_path):
    lines = [f'{{"key": "{number}", "width": {number + 1}, "height": 2, "instances": []}}\n' for number in (5, 1, 9, 3)]
    path = tmp_path / "detections.jsonl"
    path.write_text("".join(lines))
    records = Records(path)
    assert (
        {key: records.get(key) for key in "1359"}
        == {key: ImageDetections(int(key) + 1, 2, ()) for key in "1359"}
        == dict(records)
    )
    assert records.get("2") is None
    path.write_text("".join([*lines, lines[0]]))
    with pytest.raises(ValueError, match="came two for key '5'"):
        Records(path)


def test_the_verb_hands_on_the_set_and_stops_where_it_is_asked(tmp_path, monkeypatch):
    """A stop is asked for at the first photo; what it raises leaves the verb, whose output is not finished."""
    (tmp_path / "raw").mkdir()
    Image.new("RGB", (9, 9), "red").save(tmp_path / "raw" / "a.png")
    monkeypatch.setattr(detect, "photos", lambda name, raw: (COUNT, listed(COUNT)))
    from stages.data.raw import RawFolder
    from stages.teachers.detectors import precomputed

    monkeypatch.setattr(RawFolder, "open", staticmethod(RawFolder.of_user))
    monkeypatch.setattr(precomputed, "open_detector", lambda *_: Counted())
    block = SimpleNamespace(source="precomputed", shard=SHARD, batch=4, minimum_side_px=0, minimum_long_side_px=0)
    deferred: list[int] = []
    job: Any = SimpleNamespace(
        block=block, choices={"set": "made_up"}, inputs={"raw": tmp_path / "raw"}, out=tmp_path, gpus=0,
        resume=tmp_path / "resume", advance=Ending(2 * SHARD + 2),
        deferred_stop=lambda: deferred.append(1) or nullcontext(),
    )  # fmt: skip
    with pytest.raises(Ended):
        detect.detect(job)
    assert deferred and len(list((tmp_path / "resume").iterdir())) == 2
