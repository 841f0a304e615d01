"""The pages of a report, made from templates and held until all of them are there.

Whatever a template prints is escaped, and what would steer a terminal or turn the direction of writing is shown by its
number: only what this package marked as HTML stands as HTML.
"""

import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from stages.retrace.audit.findings import KINDS
from stages.retrace.record.scope import stamp
from stages.retrace.report import names
from stages.retrace.report.texts import Texts
from stages.runner.terminal import safe

TEMPLATES = Path(__file__).with_name("templates")
SUMS = "SHA256SUMS"


class Site:
    """Files by their places in the report."""

    def __init__(self, texts: Texts, profile: str, root_digest: str) -> None:
        """Profile and root stand at the foot of every page."""
        self.files: dict[str, bytes] = {}
        self._pages = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, finalize=_shown,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        self._pages.globals.update(
            stamp=stamp(profile), root_digest=root_digest, plain=names.plain, anchor=names.anchor, cells=names.cells,
            kinds=KINDS,
        )  # fmt: skip
        self._pages.filters.update(
            linked=texts.linked, caption=texts.caption, markdown=texts.markdown, size=size, mono=mono
        )
        for name in ("style.css", "search.js"):
            self.files[name] = TEMPLATES.joinpath(name).read_bytes()

    def page(self, place: str, template: str, **content: Any) -> None:
        """Makes one page; addresses in it begin with `root`, which leads to the report's top."""
        root = "../" * place.count("/")
        text = self._pages.get_template(template).render(root=root, place=place, **content)
        self.files[place] = text.encode(errors="backslashreplace")

    def write(self, folder: Path) -> None:
        """Writes all files, and their digests as sha256sum reads them."""
        lines = [f"{hashlib.sha256(content).hexdigest()}  {place}\n" for place, content in sorted(self.files.items())]
        self.files[SUMS] = "".join(lines).encode()
        for place, content in sorted(self.files.items()):
            path = folder / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _shown(value: Any) -> Any:
    return value if isinstance(value, Markup) else safe(str(value))


def size(count: int) -> str:
    """Bytes for people."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"


def mono(text: str) -> Markup:
    """A path or digest that may fold anywhere behind a slash or underscore."""
    found = Markup.escape(safe(str(text))).replace("/", Markup("/<wbr>")).replace("_", Markup("_<wbr>"))
    return Markup("<code>{}</code>").format(found)
