"""Every link of every committed page leads to something that a clone has, to its heading where it names one."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import PurePosixPath
from posixpath import normpath
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.conftest import ROOT
from tests.pipeline.checkout import tracked

FILES = set(tracked())
FOLDERS = {parent.as_posix() for name in FILES for parent in PurePosixPath(name).parents}
PAGES = sorted(name for name in FILES if name.endswith(".md"))
READ = MarkdownIt("commonmark").enable("table")


def tokens(page: str) -> Iterator[Token]:
    for token in READ.parse((ROOT / page).read_text(encoding="utf-8")):
        yield token
        yield from token.children or ()


def links(page: str) -> Iterator[str]:
    """Of links and pictures, those in HTML too."""
    for token in tokens(page):
        for name in ("href", "src"):
            if (found := token.attrGet(name)) is not None:
                yield str(found)
        if token.type in ("html_block", "html_inline"):
            yield from re.findall(r'(?:href|src)="([^"]*)"', token.content)


def anchors(page: str) -> set[str]:
    """A heading's own: lower case, without punctuation, spaces as hyphens, as the platform makes them."""
    parsed = READ.parse((ROOT / page).read_text(encoding="utf-8"))
    titles = [after.content for token, after in pairwise(parsed) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def wrong(page: str) -> Iterator[str]:
    """Links that lead nowhere; those to the web are not followed."""
    for link in links(page):
        if link.startswith(("https://", "mailto:")):
            continue
        place, _, anchor = link.partition("#")
        target = normpath((PurePosixPath(page).parent / unquote(place)).as_posix()) if place else page
        if target not in FILES | FOLDERS:
            yield f"{link}: no such file or folder in a clone"
        elif anchor and (not target.endswith(".md") or anchor not in anchors(target)):
            yield f"{link}: {target} has no such heading"


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    assert list(wrong(page)) == []


def test_the_first_page_leads_to_the_others():
    """Each further page that is for people who come new."""
    named = {link.partition("#")[0] for link in links("README.md")}
    papers = {name for name in PAGES if re.fullmatch(r"stages/papers/\w+/README\.md", name)}
    assert len(papers) == 5 and papers | {"docs/audit.md", "stages/README.md"} <= named


def test_what_leads_nowhere_is_found(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    found = "[a](none.md) [b](#a-heading-with-code) [c](#none) ![d](results/x.png)"
    more = '<img src="gone.png">\n\n[e](https://example.org) `[f](code.md)`'
    page.write_text(f"# A heading, with `code`\n\n{found}\n\n{more}\n")
    monkeypatch.setattr("tests.readme.test_links.ROOT", tmp_path)
    monkeypatch.setattr("tests.readme.test_links.FILES", {"page.md"})
    assert [line.partition(":")[0] for line in wrong("page.md")] == ["none.md", "#none", "results/x.png", "gone.png"]
