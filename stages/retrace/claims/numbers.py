"""Our numbers for a claim, from the table that measures it."""

import re
from collections.abc import Iterable, Mapping

from stages.retrace.claims.verdicts import Number
from stages.retrace.evidence.papers import ClaimEntry
from stages.retrace.trace.cell import names

STANDS_FOR = re.compile(r"printed=([^,;]+)")


def measured(entry: ClaimEntry, rows: Iterable[Mapping[str, str]]) -> Iterable[Number]:
    """The numbers of a table for a claim: those of the measures that it names, or all with a printed value."""
    printed = [row for row in rows if row.get("printed")]
    named = [row for row in printed if re.search(rf"\b{re.escape(_printed_name(row))}\b", entry.evidence)]
    for row in named or printed:
        what = " ".join(names(row).values())
        printed_text = f"{_printed_name(row)} {row['printed']}"
        yield Number(what, row.get("ours", ""), row.get("spread", ""), printed_text, row.get("profile", ""),
                     row.get("protocol", ""))  # fmt: skip


def _printed_name(row: Mapping[str, str]) -> str:
    """What the paper calls the measure in whose place the row's one stands."""
    match = STANDS_FOR.search(row.get("protocol", ""))
    return match[1].strip() if match else row.get("metric", "")
