"""Long lists of files in a report: the user's own photos by sha256, and outputs of which the page shows the first."""

import contextlib
import hashlib
from pathlib import Path

import pytest

from stages.data.files import write_table
from stages.retrace.evidence.receipts import Receipt
from stages.retrace.report import stage_pages
from stages.retrace.report.shown import Shown
from stages.retrace.report.site import Site
from stages.retrace.report.texts import Texts


@pytest.fixture
def site() -> Site:
    return Site(Texts(()), "paper", "")


def raw(folder: Path, photos: int, supply: str = "user") -> Receipt:
    """The receipt of a raw set with a list of the user's photos."""
    sums = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(photos)]
    (folder / "raw").mkdir()
    write_table(folder / "raw/files.parquet", {"path": [f"{n:03}.jpg" for n in range(photos)], "sha256": sums})
    sha256 = hashlib.sha256((folder / "raw/files.parquet").read_bytes()).hexdigest()
    content = {"stage": "raw", "verb": "render", "command": ["render"], "params": {"supply": supply},
               "outputs": {"files.parquet": {"sha256": sha256, "size": 1}}}  # fmt: skip
    return Receipt("0" * 64, Path("raw/receipt.json"), content)


def test_the_users_photos_stand_there_with_their_sha256(tmp_path, site):
    with contextlib.chdir(tmp_path):
        found = stage_pages._supplied(raw(tmp_path, 3), "stage/a.html", Shown(), site)
    assert found and found.count == 3 and not found.place
    assert found.first[0] == ("000.jpg", "", hashlib.sha256(b"0").hexdigest())


def test_of_many_the_first_are_shown_and_all_lie_beside_the_page(tmp_path, site):
    with contextlib.chdir(tmp_path):
        found = stage_pages._supplied(raw(tmp_path, 250), "stage/a.html", Shown(), site)
    assert found and len(found.first) == stage_pages.LISTED and found.place == "stage/a.supplied.csv"
    lines = site.files[found.place].decode().splitlines()
    assert len(lines) == 251 and lines[250] == f"249.jpg,,{hashlib.sha256(b'249').hexdigest()}"


def test_drawn_data_and_an_altered_list_have_none(tmp_path, site):
    node = raw(tmp_path, 3)
    (tmp_path / "raw/files.parquet").write_bytes(b"altered")
    with contextlib.chdir(tmp_path):
        shown = Shown()
        assert stage_pages._supplied(node, "stage/a.html", shown, site) is None
        assert "was altered and is not shown" in shown.wrong(node)[0] and shown.wrong(node, {"raw/files.parquet"}) == []
        (tmp_path / "raw/files.parquet").unlink()
        gone = Shown()
        assert gone.content(node, "files.parquet") is None and "is missing" in gone.wrong(node)[0]
        drawn = Receipt("0" * 64, node.place, node.content | {"params": {"supply": "drawn"}})
        assert stage_pages._supplied(drawn, "stage/a.html", Shown(), site) is None
