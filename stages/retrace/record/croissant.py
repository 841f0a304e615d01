"""A description of each prepared dataset in Croissant 1.0 (JSON-LD), from receipt, block and data cards.

A receipt holds no day and no version, so the description has none; its identifier is the digest of all files.
"""

import json
from pathlib import Path
from typing import Any

from stages.retrace.evidence.receipts import Receipt
from stages.retrace.record import scope as of
from stages.retrace.record import works
from stages.retrace.record.model_card import ADDRESS
from stages.retrace.record.scope import Scope, Source
from stages.runner.digest import listing_digest

FORMS = ("http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0")
SPDX = "https://spdx.org/licenses/"
INDEX = "index.parquet"
# The words of the published context, so that a reader needs nothing from the web.
TERMS = (
    "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet", "format",
    "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex",
    "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip
CONTEXT = {
    "@language": "en", "@vocab": "https://schema.org/", "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/", "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/", "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"}, "examples": {"@id": "cr:examples", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, **{name: f"cr:{name}" for name in TERMS},
}  # fmt: skip
FORMATS = {".npy": "application/x-npy", ".parquet": "application/x-parquet", ".json": "application/json"}
PLAIN = "application/octet-stream"


def description(node: Receipt, scope: Scope) -> dict[str, Any]:
    """One prepared dataset; files are named as they lie in its folder."""
    sources, outputs = scope.sources(node), node.content["outputs"]
    said = {
        "@context": CONTEXT, "@type": "sc:Dataset", "conformsTo": list(FORMS), "name": Path(node.stage).name,
        "description": _told(node, sources, scope), "license": _licences(sources), "url": _address(sources),
        "creator": _creators(sources), "citeAs": _citation(), "isLiveDataset": False,
        "identifier": f"sha256:{listing_digest(outputs)}", "keywords": [f"profile {of.profile(node)}", "retrace"],
        "rai:personalSensitiveInformation": [_people(one) for one in sources],
        "rai:dataPreprocessingProtocol": [_block(node)],
        "distribution": [_file(name, entry) for name, entry in sorted(outputs.items())],
        "recordSet": _records(node, scope),
    }  # fmt: skip
    return {key: value for key, value in said.items() if value not in ("", [], None)}


def encode(document: dict[str, Any]) -> bytes:
    """The one byte form of a description."""
    return (json.dumps(document, indent=1) + "\n").encode()


def _told(node: Receipt, sources: list[Source], scope: Scope) -> str:
    counts = scope.content(node, "card.json").get("counts", {})
    kept = (
        f" {counts['kept']} were kept, {counts['rejected']} rejected." if counts.keys() >= {"kept", "rejected"} else ""
    )
    whose = " ".join(_whose(one) for one in sources)
    made = f"Prepared by {node.content['verb']} in a run whose receipt is {node.digest}."
    return f"{made}{kept} {of.stamp(of.profile(node))} {whose}".strip()


def _whose(source: Source) -> str:
    card = source.card
    if not source.is_users:
        return f"Drawn in the layout of {card.title}; it holds none of that data."
    kept = "" if card.redistribution else " May not be passed on; get it from its source."
    return f"From {card.title}, which the user supplied: {card.licence.id}, {card.licence.terms}.{kept}"


def _licences(sources: list[Source]) -> list[str]:
    """The owner's of the user's data, the project's of drawn data."""
    project = works.project()
    own = f"{SPDX}{project.licence}" if project and project.licence else ""
    found = [f"{one.card.licence.id}: {one.card.licence.terms}" if one.is_users else own for one in sources]
    return [one for one in dict.fromkeys(found) if one]


def _address(sources: list[Source]) -> str:
    """Where the user's data come from; drawn data have no page."""
    found = [held[0] for one in sources if one.is_users and (held := ADDRESS.search(one.card.source))]
    return found[0] if found else ""


def _creators(sources: list[Source]) -> list[dict[str, str]]:
    """Who made drawn data; of the user's data no card names a person."""
    project = works.project()
    if not project or any(one.is_users for one in sources):
        return []
    return [{"@type": "sc:Organization" if one.name else "sc:Person", "name": one.full} for one in project.authors]


def _citation() -> str:
    project = works.project()
    return project.line if project else ""


def _people(source: Source) -> str:
    if not source.is_users:
        return f"{source.card.title}: drawn, nobody is shown."
    return f"{source.card.title}: {'people are shown. ' if source.card.people.shown else ''}{source.card.people.note}"


def _block(node: Receipt) -> str:
    return json.dumps(node.content["params"], sort_keys=True, ensure_ascii=False)


def _file(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject", "@id": name, "name": name, "contentUrl": name, "sha256": entry["sha256"],
        "contentSize": f"{entry['size']} B", "encodingFormat": FORMATS.get(Path(name).suffix, PLAIN),
    }  # fmt: skip


def _records(node: Receipt, scope: Scope) -> list[dict[str, Any]]:
    """The rows of the index, a field for each column of plain values; none where its bytes are not here."""
    place = scope.held.file(node, INDEX) if INDEX in node.content["outputs"] else None
    if place is None:
        return []
    from pyarrow import parquet

    fields = [
        {
            "@type": "cr:Field", "@id": f"index/{column.name}", "name": column.name, "dataType": kind,
            "source": {"fileObject": {"@id": INDEX}, "extract": {"column": column.name}},
        }
        for column in parquet.read_schema(place)
        if (kind := _kind(column.type))
    ]  # fmt: skip
    return [{"@type": "cr:RecordSet", "@id": "index", "name": "index", "field": fields}] if fields else []


def _kind(column: Any) -> str:
    """A column's type in Croissant's words; empty for lists and the like."""
    from pyarrow import types

    kinds = (
        (types.is_boolean, "sc:Boolean"), (types.is_integer, "sc:Integer"), (types.is_floating, "sc:Float"),
        (types.is_string, "sc:Text"), (types.is_large_string, "sc:Text"), (types.is_dictionary, "sc:Text"),
    )  # fmt: skip
    return next((name for test, name in kinds if test(column)), "")
