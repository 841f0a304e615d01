"""Pages in Markdown from templates; what somebody named or wrote in them stays text and steers nothing."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from stages.runner.terminal import safe


def written(template: str, **content: Any) -> str:
    """A page; empty lines stand alone."""
    return re.sub(r"\n{3,}", "\n\n", _TEMPLATES.get_template(template).render(**content)).strip() + "\n"


def _plain(text: Any) -> str:
    """A text in a line of Markdown: no tag, link, code or cell."""
    found = " ".join(safe(str(text)).split())
    return re.sub(r"([\\|*\[\]`])", r"\\\1", found).replace("<", "&lt;")


def _code(text: Any) -> str:
    """A name or digest as code."""
    return f"`{' '.join(safe(str(text)).split()).replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def _settings(params: Mapping[str, Any]) -> str:
    """A block of parameters as YAML."""
    return yaml.safe_dump(dict(params), sort_keys=True, allow_unicode=True, width=100, default_flow_style=None).strip()


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")), undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True, keep_trailing_newline=True,
)  # fmt: skip
_TEMPLATES.filters.update(plain=_plain, code=_code, settings=_settings)
