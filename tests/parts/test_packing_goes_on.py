"""A preparation that is stopped or killed at any moment goes on behind its last shard and ends with the same bytes."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from stages.data.detections import write_detections
from stages.data.prepared import walk
from stages.data.prepared.ledger import Ledger, Refused
from stages.data.prepared.packed import Extra, Index, Row, pack
from stages.data.prepared.walk import Walk, Watch
from tests.parts import layouts
from tests.parts.interrupted import Ended, Ending, ended_often, files_of, killed_often
from tests.parts.raw_fixtures import block_of
from tests.parts.test_preflight_reader import LOOSE, READERS
from tests.parts.test_stops import LOST

COUNT, SHARD, SIDE = 23, 4, 8


def made(key: str, place: str, number: int, ledger: Ledger, seen: list[int]) -> Row:
    """A row; every fifth item is refused, every fourth noted."""
    seen.append(number)
    if number % 5 == 2:
        raise Refused("found", "odd", f"number {number}")
    if number % 4 == 0:
        ledger.note("a fourth")
    rng = np.random.default_rng(number)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[number % SIDE, 2:5] = 1
    further = {"points": rng.random((2, 2), np.float32)}
    told = {"share": float(rng.random()), "colour": [float("nan"), 0.1 * number]}
    return Row(key, rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8), mask, place, f"digest {number}", further, told)


def packed(out: Path, resume: Path, progress, seen: list[int], heard: list[str] | None = None) -> None:
    """Packs COUNT items into a fresh folder, as a stage's next run does."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    ledger = Ledger(("found",), total=COUNT)
    items = [(f"{number:03d}", f"{number}.jpg", number) for number in range(COUNT)]
    passing = Walk(items, COUNT, lambda key, place, number: made(key, place, number, ledger, seen), "items")
    if heard is not None:
        passing.heard = lambda key, refusal: heard.append(f"{key} {refusal.detail}")

    def complete(keys: list[str]) -> Index:
        assert np.isnan(np.array(passing.told["colour"])[:, 0]).all()
        tenths = [round(10 * colour[1]) for colour in passing.told["colour"]]
        splits = ["test" if number % 2 else "train" for number in range(len(keys))]
        facts = {"tenths": tenths}
        return Index(splits, ("test",), facts=facts, measures={"share": np.array(passing.told["share"])})

    watch = Watch(resume, progress)
    pack(out, "toy", SIDE, True, passing, complete, ledger, {"points": Extra((2, 2), "<f4")}, watch=watch)


@pytest.fixture
def whole(tmp_path, monkeypatch) -> dict[str, bytes]:
    monkeypatch.setattr(walk, "SHARD_ITEMS", SHARD)
    packed(tmp_path / "whole", tmp_path / "unused", Ending(None), [])
    return files_of(tmp_path / "whole")


@pytest.mark.parametrize("trial", range(6))
def test_stops_between_items_change_no_byte_and_cost_less_than_a_shard_each(tmp_path, whole, trial):
    seen: list[int] = []
    calls = ended_often(
        lambda ending: packed(tmp_path / "out", tmp_path / "resume", ending, seen), f"items {trial}", 2 * SHARD
    )
    assert files_of(tmp_path / "out") == whole and len(calls) > 1
    assert len(seen) <= COUNT + SHARD * (len(calls) - 1)


def test_kills_at_any_moment_change_no_byte(tmp_path, whole):
    for trial in range(2):
        run = tmp_path / f"run {trial}"
        run.mkdir()

        def work(run: Path = run) -> None:
            packed(run / "out", run / "resume", Ending(None), [])

        assert killed_often(work, f"kills {trial}", 2e-2) > 0
        assert files_of(run / "out") == whole


def test_refusals_of_an_earlier_run_are_heard_again(tmp_path, whole):
    heard: list[str] = []
    with pytest.raises(Ended):
        packed(tmp_path / "out", tmp_path / "resume", Ending(2 * SHARD + 1), [], [])
    packed(tmp_path / "out", tmp_path / "resume", Ending(None), [], heard)
    assert heard == [f"{number:03d} number {number}" for number in range(2, COUNT, 5)]


@pytest.mark.parametrize("damage", ["an array's bytes", "a cut array", "a shard's file", "no array"])
def test_what_was_damaged_meanwhile_is_made_anew(tmp_path, whole, damage, capsys):
    with pytest.raises(Ended):
        packed(tmp_path / "out", tmp_path / "resume", Ending(3 * SHARD + 1), [])
    arrays, shard = tmp_path / "resume/arrays/images.npy", tmp_path / "resume/shard-000000000001"
    content = arrays.read_bytes()
    if damage == "an array's bytes":
        arrays.write_bytes(content[:1000] + bytes([content[1000] ^ 1]) + content[1001:])
    elif damage == "a cut array":
        arrays.write_bytes(content[:700])
    elif damage == "a shard's file":
        shard.write_bytes(shard.read_bytes()[:-1])
    else:
        arrays.unlink()
    seen: list[int] = []
    packed(tmp_path / "out", tmp_path / "resume", Ending(None), seen)
    assert files_of(tmp_path / "out") == whole
    assert seen[0] == (0 if damage in ("a cut array", "no array") else SHARD)
    said = capsys.readouterr().out
    assert ("do not match" if damage == "a shard's file" else "of 3 shards") in said and "made anew" in said


@pytest.mark.parametrize("name", READERS)
def test_every_set_goes_on_with_the_same_bytes(tmp_path, monkeypatch, name):
    monkeypatch.setattr(walk, "SHARD_ITEMS", 1)
    getattr(layouts, name)(tmp_path / "set")
    # Of some sets there would be too few photos without that one.
    lost = "" if name in ("celebamask_hq", "stanford_cars") else LOST.get(name, [""])[0]
    for line in filter(None, lost.split(", ")):
        layouts.change(tmp_path, line)
    module, group, changes = READERS[name]
    (tmp_path / "detections").mkdir()
    write_detections(tmp_path / "detections", [], {})
    block = block_of(module, group, **(LOOSE | {"decode_error_limit": 1.0} | changes | {"minimum_kept": 1}))
    inputs = {"raw": tmp_path / "set", "detections": tmp_path / "detections"}

    def prepared(out: Path, ending: Ending) -> None:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        module.prepare(block, inputs, out, Watch(tmp_path / f"{out.name} resume", ending))

    prepared(tmp_path / "whole", Ending(None))
    calls = ended_often(lambda ending: prepared(tmp_path / "out", ending), f"set {name}", 3)
    assert files_of(tmp_path / "out") == files_of(tmp_path / "whole") and len(calls) > 1
