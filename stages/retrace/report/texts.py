"""Texts that people and stages wrote, as HTML: captions, pages in Markdown, and the claims and gaps that they name."""

import re
from collections.abc import Container

from jinja2 import pass_context
from jinja2.runtime import Context
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup

from stages.retrace.report import names
from stages.runner.terminal import safe

# G12 is a gap, E3 an erratum; other names of one or more letters with a number may be claims.
NAMED = re.compile(r"\b[A-Z]{1,3}\d+[a-z]?\b")
KINDS = ("claims", "gaps", "errata")
CODE = re.compile(r"``(.+?)``")
BREAK = "<br>"
SCROLLED = '<div class="scroll" tabindex="0" role="region" aria-label="Table {}"><table>'


class Texts:
    """Knows which claims, gaps and errata have an entry to lead to, as addresses of `names.entry`."""

    def __init__(self, entries: Container[str]) -> None:
        self._entries = entries
        self._markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
        # Their targets would lie outside of the report.
        self._markdown.disable(["link", "image", "autolink", "reference"])
        self._markdown.inline.ruler.before("html_inline", "break", _line_break)
        self._markdown.core.ruler.push("house", _in_our_form)
        self._markdown.add_render_rule("table_open", _table_open)
        self._markdown.add_render_rule("table_close", lambda *_: "</table></div>")

    @property
    def linked(self):
        """A filter: a text in which what it names of a paper's claims, gaps and errata leads to them."""

        @pass_context
        def linked(context: Context, text: str, paper: str) -> Markup:
            def link(found: re.Match[str]) -> str:
                places = (names.entry(kind, paper, found[0]) for kind in KINDS)
                place = next((one for one in places if one in self._entries), "")
                made = Markup('<a href="{}{}">{}</a>').format(context["root"], place, found[0])
                return made if place else found[0]

            return Markup(NAMED.sub(link, str(Markup.escape(safe(text)))))

        return linked

    def caption(self, text: str) -> Markup:
        """A caption's text; what stands between two pairs of ` is code."""
        return Markup(CODE.sub(r"<code>\1</code>", str(Markup.escape(safe(text)))))

    def markdown(self, text: str) -> Markup:
        """A page in Markdown without HTML, links or pictures; its headings stand one level lower."""
        return Markup(self._markdown.render(safe(text)))


def _line_break(state: StateInline, silent: bool) -> bool:
    """The one tag that tables use, inside of cells."""
    if not state.src.startswith(BREAK, state.pos):
        return False
    if not silent:
        state.push("hardbreak", "br", 0)
    state.pos += len(BREAK)
    return True


def _in_our_form(state: StateCore) -> None:
    """Headings one level lower; cells without style, which the pages forbid; an empty head is a cell like others."""
    for at, token in enumerate(state.tokens):
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
        elif token.type in ("th_open", "td_open"):
            token.attrs.pop("style", None)
            if token.tag == "th" and not state.tokens[at + 1].content:
                token.tag = state.tokens[at + 2].tag = "td"


def _table_open(renderer: RendererHTML, tokens: list[Token], at: int, options: object, env: object) -> str:
    number = sum(token.type == "table_open" for token in tokens[: at + 1])
    return SCROLLED.format(number)
