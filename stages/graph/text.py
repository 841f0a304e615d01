"""dvc.yaml as text: one group after the other, each line as people would write it."""

import json
import re
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any

from stages.graph.group import Group
from stages.graph.names import CHECKED, CODE, GUARD
from stages.graph.shown import shown
from stages.homes import SHARED as PARAMS

HEAD = f"""\
# Written by `make graph` from stages/graph.yaml and stages/papers/*/graph.yaml; edits here are refused.
# Every command is one plain program call: `exec` makes the stage, not a shell, the engine's child.
stages:

  {GUARD}:
    desc: this file and {CODE} are what their sources say
    cmd: exec python -m stages.graph --check
    deps: [{PARAMS}, stages]
    outs: [{CHECKED}]
"""
WIDTH = 120


def graph_text(made: Sequence[Group]) -> str:
    """dvc.yaml. Raises: ValueError as `shown`."""
    sections = "".join(f"\n{name}:\n" + "".join(f"  {line}\n" for line in lines)
                       for name, lines in shown(made).items() if lines)  # fmt: skip
    return HEAD + "".join(f"\n{_entry(group)}" for group in made) + sections


def _entry(group: Group) -> str:
    return "\n".join(_lines(group)) + "\n"


def _lines(group: Group) -> Iterator[str]:
    yield f"  {group.name}:"
    yield f"    desc: {_scalar(group.entry.desc)}"
    if group.axes:
        axes = ", ".join(f"{axis}: [{', '.join(map(str, values))}]" for axis, values in group.axes.items())
        yield f"    matrix: {{{axes}}}"
    yield "    cmd: >-"
    for words in group.words:
        yield from wrap(" ".join(words), WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6,
                        break_long_words=False, break_on_hyphens=False)  # fmt: skip
    yield "    deps:"
    yield from (f"      - {dep}" for dep in group.deps)
    yield "    params:"
    for file, names in group.layers.items():
        indent = "      - " if file == PARAMS else "          - "
        if file != PARAMS:
            yield f"      - {file}:"
        yield from (f"{indent}{name}" for name in names)
    yield f'      - {CODE}: ["{group.code_key}"]'
    yield "    outs:"
    yield from (f"      - {out}" for out in group.outs)
    yield f"    meta: {{{', '.join(f'{key}: {_plain(value)}' for key, value in group.meta.items())}}}"


def _scalar(text: str) -> str:
    """Plain where YAML reads it back as it is; quoted where a sign means something to YAML."""
    plain = re.fullmatch(r"[A-Za-z][^#&*!|>%@`\"'{}\[\]]*", text) and not re.search(r":(\s|$)", text)
    return text if plain else json.dumps(text, ensure_ascii=False)


def _plain(value: Any) -> str:
    """Within a mapping in one line, where a comma or a brace means something too."""
    if isinstance(value, str):
        return value if re.fullmatch(r"[A-Za-z][\w./-]*", value) else json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else str(value)
