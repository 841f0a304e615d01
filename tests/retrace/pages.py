"""The pages of a report as a strict reader takes them: their tags, ids and links, and where links lead."""

from collections import deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

VOID = {"meta", "link", "img", "br", "input", "hr", "wbr"}
# What a page may load from its own folder; everything else that could load is refused.
LOADS = {("img", "src"), ("link", "href"), ("script", "src")}


@dataclass
class Page(HTMLParser):
    """One page: what is wrong with its form, its ids, and its links as (address, text, tag)."""

    wrong: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    links: list[tuple[str, str, str]] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[str] = []
        self._scripts = 0

    def handle_starttag(self, tag, attrs):
        held = dict(attrs)
        if tag not in VOID:
            self._open.append(tag)
        self.ids += [held["id"]] if "id" in held else []
        self.wrong += [f"{tag} has {name}" for name, _ in attrs if name == "style" or name.startswith("on")]
        if len(held) != len(attrs):
            self.wrong.append(f"{tag} has an attribute twice")
        if (tag == "img" and "alt" not in held) or (tag == "th" and held.get("scope") is None and "thead" not in
                                                    self._open and "tbody" not in self._open):  # fmt: skip
            self.wrong.append(f"{tag} without what a screen reader says")
        if tag == "script" and not held.get("src"):
            self.wrong.append("a script that stands in the page")
        for name in ("href", "src", "action", "data", "srcset", "poster"):
            if name in held:
                self.links.append((held[name], "", tag))

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self._open or self._open.pop() != tag:
            self.wrong.append(f"</{tag}> closes another tag")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_data(self, data):
        self.text += data
        if self.links and self._open[-1:] != ["script"] and "a" in self._open:
            address, text, tag = self.links[-1]
            self.links[-1] = address, text + data, tag

    def close(self):
        super().close()
        self.wrong += [f"<{tag}> is never closed" for tag in self._open]


class Report:
    """All pages of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.raw = {path.relative_to(folder).as_posix(): path.read_bytes()
                    for path in sorted(folder.rglob("*")) if path.is_file()}  # fmt: skip
        self.pages: dict[str, Page] = {}
        for name, content in self.raw.items():
            if name.endswith(".html"):
                page = self.pages[name] = Page()
                page.feed(content.decode())
                page.close()

    def wrong(self) -> list[str]:
        """What is not well formed, doubled ids, links that lead nowhere or out of the folder."""
        found = [f"{name}: {text}" for name, page in self.pages.items() for text in page.wrong]
        for name, page in self.pages.items():
            found += [f"{name}: two have the id {one}" for one in set(page.ids) if page.ids.count(one) > 1]
            for address, _, _ in page.links:
                place, part = self.target(name, address)
                if place not in self.raw:
                    found.append(f"{name}: {address} leads nowhere")
                elif part and part not in self.pages[place].ids:
                    found.append(f"{name}: {address} leads to no place on that page")
        return found

    def target(self, name: str, address: str) -> tuple[str, str]:
        """(file, place in it) of an address on a page; an address of elsewhere is no file."""
        split = urlsplit(address)
        if split.scheme or split.netloc or address.startswith("/"):
            return address, ""
        path = Path(name).parent / unquote(split.path) if split.path else Path(name)
        parts: list[str] = []
        for part in path.parts:
            parts = parts[:-1] if part == ".." else [*parts, part]
        return "/".join(parts), split.fragment

    def links(self, name: str, tag: str = "a") -> list[tuple[str, str, str]]:
        """(file, place, text) of the links of a page."""
        return [(*self.target(name, address), text) for address, text, kind in self.pages[name].links if kind == tag]

    def clicks(self, start: str, text: str) -> int:
        """How many links lead from a page to the nearest file that holds a text, menus and searches left aside."""
        aside = {"index.html", "claims.html", "gaps.html", "errata.html", "data.html", "audit.html", "models.html",
                 "codecheck.html", "graph.html", "search.html"}  # fmt: skip
        seen, waiting = {start}, deque([(start, 0)])
        while waiting:
            name, count = waiting.popleft()
            if text.encode() in self.raw[name].replace(b"<wbr>", b""):
                return count
            for place, _, _ in self.links(name) if name in self.pages else ():
                if place in self.raw and place not in seen | aside:
                    seen.add(place)
                    waiting.append((place, count + 1))
        raise AssertionError(f"no page behind {start} holds {text}")
