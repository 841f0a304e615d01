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


def dumped(value: Any) -> str:
    """Mappings, lists and values as YAML, in their order; what would steer a terminal is shown by its number."""
    return yaml.safe_dump(_safe(value), sort_keys=False, allow_unicode=True, width=120)


def _safe(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_safe(key): _safe(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_safe(one) for one in value]
    return safe(value) if isinstance(value, str) else value


def _plain(text: Any) -> str:
    """A text in a line of Markdown: no tag, link, code or cell."""
    found = " ".join(safe(str(text)).split())
    return re.sub(r"([\\|*\[\]`])", r"\\\1", found).replace("<", "&lt;")


def _code(text: Any) -> str:
    """A name or digest as code."""
    return f"`{' '.join(safe(str(text)).split()).replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def _settings(params: Mapping[str, Any]) -> str:
    """A block of parameters as YAML, a line for each key."""
    held = _safe(params)
    # None keeps inner lists in their lines; without any it would put the whole block into one.
    style = None if any(isinstance(value, (list, dict)) for value in held.values()) else False
    return yaml.safe_dump(held, sort_keys=True, allow_unicode=True, width=100, default_flow_style=style).strip()


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")), undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True, keep_trailing_newline=True,
)  # fmt: skip
_TEMPLATES.filters.update(plain=_plain, code=_code, settings=_settings)
