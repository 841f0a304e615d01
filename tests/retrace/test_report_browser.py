"""A report in a headless browser, from a disk: search, the way from a cell to its model, width, colours, rules."""

import shutil
from pathlib import Path

import pytest

from tests.retrace.browser import Browser, browser, found
from tests.retrace.test_report import write

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / ".work/axe.min.js"
PAGES = ("index.html", "claims.html", "gaps.html", "data.html", "models.html", "audit.html", "codecheck.html",
         "graph.html", "result/table.html", "cells/table.html")  # fmt: skip
pytestmark = pytest.mark.skipif(not found(), reason="no Chromium is on this machine")
HELD: dict[Path, Path] = {}


def pages(report: Path) -> list[str]:
    """Those of fixed names, and one of the models' cards."""
    return [*PAGES, min(path.relative_to(report).as_posix() for path in report.glob("card/*.html"))]


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("profile")) as held:
        yield held


@pytest.fixture
def elsewhere(published, tmp_path_factory) -> Path:
    """A report that was zipped, and unpacked in a folder with a space in its name."""
    if published.folder not in HELD:
        folder = tmp_path_factory.mktemp("mailed")
        write(published, folder / "made" / "report")
        packed = shutil.make_archive(str(folder / "report"), "zip", folder / "made")
        shutil.rmtree(folder / "made")
        shutil.unpack_archive(packed, folder / "else where")
        HELD[published.folder] = folder / "else where" / "report"
    return HELD[published.folder]


def test_it_searches_and_leads_from_a_cell_to_its_model_and_asks_no_network(tab: Browser, elsewhere):
    tab.look(1600)
    tab.asked.clear()
    tab.open(f"{elsewhere.as_uri()}/search.html?q=toy%20table")
    assert "found for toy table" in tab.run("document.getElementById('count').textContent")
    tab.open(f"{elsewhere.as_uri()}/search.html?q=read%20by%20nobody")
    assert "toy.train.base.width" in tab.run("document.getElementById('found').textContent")
    tab.open(f"{elsewhere.as_uri()}/result/table.html")
    assert tab.run("getComputedStyle(document.querySelector('td a')).color") != "rgb(0, 0, 238)", "the style is read"
    tab.click("td.number a")
    tab.click(f"{tab.run('location.hash')} li a")
    assert tab.run("document.querySelector('h1').textContent").startswith("toy_train@")
    tab.open(f"{elsewhere.as_uri()}/result/figure.html")
    assert tab.run("document.querySelector('figure img').naturalWidth") == 1
    assert {address.partition(":")[0] for address in tab.asked} == {"file"}


def test_it_works_with_scripts_off(tab: Browser, elsewhere):
    tab.look(1600, scripts=False)
    tab.open(f"{elsewhere.as_uri()}/claims.html")
    shown = "[...document.querySelectorAll('.claim')].filter(one => one.offsetParent).length"
    assert tab.run(shown) == 2
    tab.run("document.getElementById('show-not-run').checked = true")
    assert tab.run(shown) == 1, "the filter is the style's"
    tab.open(f"{elsewhere.as_uri()}/search.html?q=toy")
    assert "needs scripts" in tab.run("document.querySelector('noscript').innerText")


def test_it_is_as_wide_as_the_window_and_light_or_dark_as_one_likes(tab: Browser, elsewhere):
    grounds = set()
    for width, dark in ((380, False), (1600, True)):
        tab.look(width, dark=dark)
        for page in pages(elsewhere):
            tab.open(f"{elsewhere.as_uri()}/{page}")
            assert tab.run("document.documentElement.scrollWidth") <= width, page
        grounds.add(tab.run("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2


@pytest.mark.skipif(not AXE.is_file(), reason=f"axe-core's axe.min.js is not at {AXE.relative_to(ROOT)}")
def test_the_rules_of_accessibility_find_nothing_serious(tab: Browser, elsewhere):
    script = AXE.read_text(encoding="utf-8")
    for dark in (False, True):
        tab.look(1600, dark=dark)
        for page in pages(elsewhere):
            tab.open(f"{elsewhere.as_uri()}/{page}")
            tab.run(f"{script};0")
            broken = tab.run(
                "axe.run().then(all => all.violations.map(one => [one.impact, one.id, one.nodes[0].html]))"
            )
            assert not [one for one in broken if one[0] in ("serious", "critical")], page
