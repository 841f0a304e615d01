"""`retrace report`: equal bytes, whole links, numbers with what is behind them, and only what is as it was made."""

import contextlib
import hashlib
import json
import re
import shutil
import socket
from pathlib import Path

import pytest

from stages.retrace.evidence import cards
from stages.retrace.evidence.cosmetic import old_text
from stages.retrace.report import command
from stages.retrace.report.command import Written
from tests.retrace.pages import Report
from tests.retrace.toy_paper import ToyPaper

TABLE, FIGURE = "results/tables/table.csv", "results/figures/figure.png"
RAW = "results/store/demo/raw/cub"
MODEL = "results/store/demo/model/toy/ours_0"


def write(paper: ToyPaper, out: Path, *targets: str, against: str | None = None, start: Path | None = None) -> Written:
    old_text.cache_clear()
    with contextlib.chdir(paper.folder):
        return command.run(out.as_posix(), targets, against, start or out.parent, progress=False)


HELD: dict[Path, Report] = {}


@pytest.fixture
def made(published, tmp_path_factory) -> Report:
    """The report of the toy, made once and never altered; of a test each, since its verbs are the toy's own there."""
    if published.folder not in HELD:
        out = tmp_path_factory.mktemp("made") / "report"
        assert write(published, out).code == 0
        HELD[published.folder] = Report(out)
    return HELD[published.folder]


def test_equal_trees_give_equal_bytes_wherever_they_lie(made, paper, tmp_path):
    write(paper, tmp_path / "other name")
    other = Report(tmp_path / "other name")
    assert made.raw == other.raw
    for name, content in other.raw.items():
        for word in (paper.folder.as_posix(), tmp_path.as_posix(), socket.gethostname()):
            assert word.encode() not in content, name


def test_pages_are_well_formed_and_every_link_leads_somewhere_inside(made):
    assert made.wrong() == []
    first = len(made.raw["index.html"]) + len(made.raw["style.css"])
    assert first < 200_000


def test_the_sums_name_every_file(made):
    lines = made.raw["SHA256SUMS"].decode().splitlines()
    assert {line[66:]: line[:64] for line in lines} == {
        name: hashlib.sha256(content).hexdigest() for name, content in made.raw.items() if name != "SHA256SUMS"
    }


def test_from_a_cell_to_its_model_in_two_clicks(made):
    text = {row.split(",")[2]: row for row in made.raw["files/tables/table.csv"].decode().splitlines()}
    assert "KFFA" in text
    cells = [link for link in made.links("result/table.html") if link[0] == "cells/table.html"]
    assert len(cells) == 4, "each number of ours leads to what is behind it"
    for place, part, _ in cells:
        section = made.raw[place].decode().partition(f'id="{part}"')[2].partition("</section>")[0]
        models = section.count("<li>model:")
        assert models == 2, "a model for each seed"
        assert section.count("stage/") >= 2 * 3
    assert made.clicks("result/table.html", "model/toy/ours_0/weights.txt") <= 2


def test_from_a_figure_to_a_raw_files_digest_in_six_clicks(made, published):
    digest = hashlib.sha256((published.folder / RAW / "raw/0.txt").read_bytes()).hexdigest()
    assert made.clicks("result/figure.html", digest) <= 6
    stage = next(name for name, page in made.pages.items() if name.startswith("stage/") and digest in page.text)
    assert "sample" in made.pages["result/figure.html"].text
    assert any(place.startswith("stage/") for place, _, _ in made.links(stage)), "its users are linked too"


def test_from_a_claim_to_its_numbers_in_one_click(made):
    page = made.raw["claims.html"].decode()
    claim = page.partition('id="toy-C1"')[2].partition("</article>")[0]
    assert claim.count('href="cells/table.html#r') == 2, "the two angles that its evidence names"
    assert 'href="gaps.html#toy-G1"' in claim and "C1" in made.pages["gaps.html"].text
    assert ("claims.html", "toy-C1", "C1") in made.links("gaps.html") and 'id="show-not-run"' in page


def test_what_is_printed_stands_beside_ours(made):
    table = made.pages["result/table.html"].text
    assert "83.39" in table and "51.19" in table and "demo" in table
    assert "no evidence about the papers" in made.pages["index.html"].text


def test_a_stage_page_says_what_a_receipt_says(made, published):
    receipt = json.loads((published.folder / MODEL / "receipt.json").read_bytes())
    name = f"stage/{hashlib.sha256((published.folder / MODEL / 'receipt.json').read_bytes()).hexdigest()[:16]}.html"
    text = made.pages[name].text
    for word in (
        receipt["fingerprint"],
        receipt["outputs"]["weights.txt"]["sha256"],
        "main §2",
        "toy.train.profile.demo",
        "ours (gap G1), read by nobody",
        "--method ours",
        "1 files" if len(receipt["code"]) == 1 else "files",
    ):
        assert word in text, word
    assert ("gaps.html", "toy-G1", "G1") in made.links(name)
    code = next(place for place, _, _ in made.links(name) if place.startswith("code/"))
    assert all(f"{path}" in made.pages[code].text and sha256 in made.pages[code].text
               for path, sha256 in receipt["code"].items())  # fmt: skip


def test_search_finds_all_that_has_a_page_or_an_entry_of_its_own(made):
    text = made.raw["index.js"].decode()
    entries = json.loads(text.removeprefix("window.retraceIndex = ").rstrip().removesuffix(";"))
    assert {kind for kind, *_ in entries} == {"result", "claim", "gap", "model", "data", "stage", "key"}
    found = {address for _, _, address, _ in entries}
    assert found >= {name for name in made.pages if name.startswith(("card/", "result/", "stage/"))}
    for page in ("claims.html", "gaps.html", "data.html"):
        held = re.findall(r'<article[^>]* id="(.*?)"', made.raw[page].decode())
        assert held and found >= {f"{page}#{part}" for part in held}
    for _, title, address, _ in entries:
        place, _, part = address.partition("#")
        assert place in made.pages and (not part or part in made.pages[place].ids), title


@pytest.mark.parametrize(("name", "shown"), [(TABLE, "files/tables/table.csv"), (FIGURE, "files/figures/figure.png")])
def test_an_altered_file_stands_in_red_and_is_not_shown(paper, tmp_path, name, shown):
    (paper.folder / name).write_bytes((paper.folder / name).read_bytes().replace(b"\n", b" \n", 1))
    report = write(paper, tmp_path / "out")
    pages = Report(tmp_path / "out")
    page = pages.pages[f"result/{Path(name).stem}.html"]
    assert report.code == 1 and name in " ".join(report.problems)
    assert shown not in pages.raw and pages.wrong() == []
    assert "is not shown" in page.text and b'class="wrong"' in pages.raw["index.html"]


def test_what_rests_on_an_altered_file_says_so(paper, tmp_path):
    (paper.folder / MODEL / "weights.txt").write_text("9 9")
    report = write(paper, tmp_path / "out")
    pages = Report(tmp_path / "out")
    assert report.code == 1 and "rests on what is not as it was made" in pages.pages["result/table.html"].text
    assert "weights.txt" in pages.pages["audit.html"].text and "broken link" in pages.pages["audit.html"].text


def test_a_score_that_was_altered_reddens_its_numbers(paper, tmp_path):
    score = paper.folder / "results/store/demo/score/toy/face_0/score.json"
    score.write_text(score.read_text().replace('"value": ', '"value": 1'))
    report = write(paper, tmp_path / "out")
    text = Report(tmp_path / "out").pages["cells/table.html"].text
    assert report.code == 1 and "has other bytes than its receipt says" in text


def test_what_is_not_of_today_is_told(paper, tmp_path):
    paper.edit("params.yaml", "count: 3", "count: 4")
    report = write(paper, tmp_path / "out")
    assert report.code == 1 and any("count" in problem for problem in report.problems)
    assert "now 4" in " ".join(page.text for page in Report(tmp_path / "out").pages.values())


def test_what_is_not_built_is_greyed_with_its_line(paper, tmp_path):
    for path in paper.folder.glob("results/figures/figure.*"):
        path.unlink()
    (paper.folder / "results/receipts/figure.json").unlink()
    (paper.folder / "results/receipts/current/results~figures~figure").unlink()
    write(paper, tmp_path / "out")
    pages = Report(tmp_path / "out")
    assert f"make {FIGURE}" in pages.pages["index.html"].text and "result/figure.html" not in pages.pages
    assert pages.wrong() == []


def test_targets_choose_what_it_is_about(published, tmp_path):
    report = write(published, tmp_path / "out", FIGURE)
    pages = Report(tmp_path / "out")
    assert (report.results, report.code) == (1, 0) and "result/table.html" not in pages.pages
    assert 0 < report.stages < 8 and pages.wrong() == []
    with pytest.raises(ValueError, match="no stage, group or output"):
        write(published, tmp_path / "out", "results/figures/nothing.png")


def test_pictures_of_data_that_may_not_be_passed_on_say_so(published, tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "is_users", lambda node: node.content["verb"] == "render")
    write(published, tmp_path / "out")
    pages = Report(tmp_path / "out")
    assert "Not to be passed on" in pages.pages["result/figure.html"].text
    assert "the user's own" in pages.pages["data.html"].text


def test_it_is_written_over_nothing_but_an_earlier_report(published, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").touch()
    with pytest.raises(ValueError, match="new, empty or an earlier report"):
        write(published, out)
    (out / "thesis.tex").unlink()
    write(published, out)
    (out / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"found notes\.txt too"):
        write(published, out)
    (out / "notes.txt").unlink()
    (out / "more").symlink_to(tmp_path)
    with pytest.raises(ValueError, match="found more too"):
        write(published, out)
    (out / "more").unlink()
    (out / "stage").rename(tmp_path / "aside")
    write(published, out)
    assert (out / "stage").is_dir() and [path.name for path in tmp_path.iterdir()] != ["out"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["aside", "out"], "nothing is left beside it"
    with pytest.raises(ValueError, match="belongs to the stages"):
        write(published, published.folder / "results" / "pages")


def test_the_command_answers_for_people_and_programs(published, tmp_path):
    code, answer = published.answer("report", str(tmp_path / "out"))
    assert code == 0 and answer["results"] == 2 and answer["root"] == published.answer("audit")[1]["root"]
    code, said = published.say("report", str(tmp_path / "out"))
    assert code == 0 and "2 results" in said and answer["root"] in said
    shutil.rmtree(tmp_path / "out")
