"""Which receipts vouch for a file: those that a run may have left where they lie, by name, fingerprint and place."""

import json
import os
import shutil
from pathlib import Path

import pytest

from stages.retrace.crate.command import Draft
from stages.retrace.evidence.receipts import Shelf
from stages.runner import receipt
from stages.runner.digest import file_digest
from tests.retrace.test_trace import MODEL, PICTURE, TABLE

KEPT = "results/receipts"


def content_of(paper, place: str = f"{KEPT}/table.json") -> dict:
    return json.loads((paper.folder / place).read_bytes())


def signed(content: dict) -> dict:
    """The content with the fingerprint that follows from it."""
    return {**content, "fingerprint": receipt.fingerprint(content)}


def listing(paper, content: dict, stray: Path) -> dict:
    """A receipt that lists a stray file's bytes as its only output."""
    name = next(iter(content["outputs"]))
    entry = {"sha256": file_digest(stray), "size": stray.stat().st_size}
    return {**content, "outputs": content["outputs"] | {name: entry}}


@pytest.fixture()
def stray(paper) -> Path:
    path = paper.folder / "stray.csv"
    path.write_text("ours,1\n")
    return path


def test_a_kept_receipt_is_called_as_its_bytes(paper, stray):
    forged = receipt.encode(signed(listing(paper, content_of(paper), stray)))
    (paper.folder / KEPT / f"{'0' * 64}.json").write_bytes(forged)
    code, answer = paper.answer("trace", str(stray))
    assert code == 1 and "no receipt here lists these bytes" in answer["problem"]


def test_a_kept_receipt_s_fingerprint_follows_from_it(paper, stray):
    forged = listing(paper, content_of(paper), stray) | {"fingerprint": "f" * 64}
    (paper.folder / KEPT / f"{receipt.digest(forged)}.json").write_bytes(receipt.encode(forged))
    assert paper.answer("trace", str(stray))[0] == 1
    assert paper.answer("trace", "f" * 64)[0] == 1


@pytest.mark.parametrize(
    "place", [f"{KEPT}/stray.json", f"{KEPT}/other.name.json", "results/store/demo/x/receipt.json"]
)
def test_a_receipt_counts_where_its_stage_leaves_it(paper, stray, place):
    forged = signed(listing(paper, content_of(paper), stray))
    (paper.folder / place).parent.mkdir(exist_ok=True)
    (paper.folder / place).write_bytes(receipt.encode(forged))
    assert paper.answer("trace", str(stray))[0] == 1
    code, answer = paper.answer("trace", place)
    assert code == 1 and "lies in another place" in answer["problem"]


@pytest.mark.parametrize("stage", ["stray", "results/stray", "results/tables/a/stray", "results/store/stray", "data/x"])
def test_a_stage_makes_only_what_stages_make(paper, stray, stage):
    """A receipt may not speak of files outside of the places where its kind of stage writes."""
    made = content_of(paper)
    command = [stage if word == made["stage"] else word for word in made["command"]]
    outputs = {f"{Path(stage).name}.csv": {"sha256": file_digest(stray), "size": 7}}
    forged = signed({**made, "stage": stage, "command": command, "outputs": outputs})
    (paper.folder / KEPT / f"{receipt.digest(forged)}.json").write_bytes(receipt.encode(forged))
    code, answer = paper.answer("trace", str(stray))
    assert code == 1 and "problem" in answer
    if stage.startswith("results/"):
        (paper.folder / KEPT / "stray.json").write_bytes(receipt.encode(forged))
        assert paper.answer("trace", str(stray))[0] == 1


def test_a_receipt_lists_no_file_of_another_stage(paper):
    """By its own command it makes other.csv alone, so what it says of table.csv is nothing."""
    table = paper.folder / TABLE
    table.write_text(table.read_text().replace("demo", "omed"))
    made = content_of(paper)
    stage = "results/tables/other"
    command = [stage if word == made["stage"] else word for word in made["command"]]
    outputs = {"table.csv": {"sha256": file_digest(table), "size": table.stat().st_size}}
    forged = signed({**made, "stage": stage, "command": command, "outputs": outputs})
    (paper.folder / KEPT / "other.json").write_bytes(receipt.encode(forged))
    code, answer = paper.answer("trace", TABLE)
    assert code == 1 and "altered" in answer["warning"]


def test_a_receipt_inside_an_output_is_a_file_of_it(paper):
    """The outermost receipt speaks of all below it: a folder laid into an output brings no word of its own."""
    inner = paper.folder / MODEL / "inner"
    inner.mkdir()
    (inner / "weights.txt").write_text("9 9")
    made = content_of(paper, f"{MODEL}/receipt.json")
    command = [f"{MODEL}/inner" if word == MODEL else word for word in made["command"]]
    forged = {**listing(paper, made, inner / "weights.txt"), "stage": f"{MODEL}/inner", "command": command}
    (inner / "receipt.json").write_bytes(receipt.encode(signed(forged)))
    code, answer = paper.answer("trace", f"{MODEL}/inner/weights.txt")
    assert code == 1 and "did not make it" in answer["warning"]


def test_an_edited_receipt_in_place_vouches_for_nothing(paper):
    """Though the kept copy knows the bytes, what lies in the place is named."""
    made = content_of(paper, f"{KEPT}/figure.json")
    made["params"]["grey"] = 1
    (paper.folder / KEPT / "figure.json").write_bytes(receipt.encode(made))
    code, answer = paper.answer("trace", PICTURE)
    assert code == 1 and "figure.json is no receipt of a run: its fingerprint does not follow" in answer["warning"]
    code, answer = paper.answer("explain")
    assert code == 1 and list(answer["direct"]) == ["toy_figure"]


DEEP = {"a": None}
for _ in range(900):
    DEEP = {"a": DEEP}
SHAPES = {
    "empty": b"", "list": b"[]", "number": b"3", "latin": b'{"stage": "\xe9"}', "nul": b"\0" * 40, "cut": None,
    "10,000 deep": b"[" * 10_000, "900 deep": "params", "no command": "command", "no outputs": "outputs",
    "inputs that are a list": "inputs",
}  # fmt: skip


@pytest.mark.parametrize("harm", SHAPES)
def test_what_is_no_receipt_stops_nothing(paper, harm):
    place, what = paper.folder / KEPT / "table.json", SHAPES[harm]
    made = content_of(paper)
    if isinstance(what, str):
        other = {"params": {**made["params"], "x": DEEP}, "inputs": [], "command": "", "outputs": None}[what]
        what = json.dumps(signed(made | {what: other}), indent=1, sort_keys=True).encode() + b"\n"
    whole = place.read_bytes()
    place.write_bytes(whole[: len(whole) // 2] if what is None else what)
    (paper.folder / KEPT / f"{'1' * 64}.json").write_bytes(place.read_bytes())
    shutil.copy(place, paper.folder / MODEL / "receipt.json")
    for words in (("trace", TABLE), ("trace", f"{MODEL}/weights.txt"), ("explain",)):
        code, answer = paper.answer(*words)
        assert code == 1 and "no receipt" in json.dumps(answer), words
    assert paper.answer("claims")[0] == 1


def test_a_pipe_in_a_receipt_s_place_keeps_nobody_waiting(paper):
    for name in (f"{KEPT}/table.json", f"{KEPT}/{'1' * 64}.json", f"{MODEL}/receipt.json"):
        (paper.folder / name).unlink(missing_ok=True)
        os.mkfifo(paper.folder / name)
    for words in (("trace", TABLE), ("trace", MODEL), ("trace", f"{KEPT}/table.json"), ("explain",)):
        assert paper.answer(*words)[0] == 1


def test_a_crate_is_not_written_over_a_receipt_that_is_none(paper, monkeypatch):
    """It would lack the picture, and not say so."""
    (paper.folder / KEPT / "figure.json").write_text("[]")
    monkeypatch.chdir(paper.folder)
    (problem,) = Draft().problems
    assert problem.startswith(f"{KEPT}/figure.json is no receipt of a run: ")
    (paper.folder / KEPT / "table.json").write_text("[]")
    with pytest.raises(FileNotFoundError, match=r"found no receipt of one.*table\.json is no receipt"):
        Draft()


def test_a_folder_that_may_not_be_read_is_not_passed_over(paper, monkeypatch):
    """As if nothing were built in it."""
    real = os.scandir

    def scandir(place="."):
        if str(place).endswith("demo/model"):
            raise PermissionError(13, "Permission denied", str(place))
        return real(place)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(PermissionError):
        monkeypatch.chdir(paper.folder)
        _ = Shelf().in_place
