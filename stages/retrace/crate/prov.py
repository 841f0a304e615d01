"""The same provenance in W3C PROV-JSON: entities, activities, agents, and who used and made what."""

from typing import Any

from stages.retrace.crate.actions import OPERATOR, RUN
from stages.retrace.crate.graph import Graph
from stages.retrace.crate.plan import WORKFLOW

PLACE = "prov.json"
NAMESPACE = "urn:retrace:"
FORM = "https://www.w3.org/submissions/prov-json/"


def document(graph: Graph) -> dict[str, Any]:
    """PROV-JSON of the stages' actions of a crate's graph."""
    actions = [key for key in graph.keys("CreateAction") if key != RUN]
    made = {result: action for action in actions for result in graph.linked(action, "result")}
    content: dict[str, Any] = {
        "prefix": {"retrace": NAMESPACE},
        "entity": {_name(WORKFLOW): {"prov:type": {"$": "prov:Plan", "type": "prov:QUALIFIED_NAME"}}},
        "activity": {},
        "agent": {_name(OPERATOR): {"prov:label": graph[OPERATOR]["name"]}},
    }
    for action in actions:
        entity, name = graph[action], _name(action)
        content["activity"][name] = _known(entity, **{"prov:startTime": "startTime", "prov:endTime": "endTime"})
        (tool,) = graph.linked(action, "instrument")
        content["agent"][_name(tool)] = {
            "prov:type": {"$": "prov:SoftwareAgent", "type": "prov:QUALIFIED_NAME"},
            **_known(graph[tool], **{"retrace:version": "softwareVersion"}),
        }
        for agent, more in ((tool, {"prov:plan": _name(WORKFLOW)}), (OPERATOR, {})):
            _relate(content, "wasAssociatedWith", {"prov:activity": name, "prov:agent": _name(agent), **more})
        used, results = graph.linked(action, "object"), graph.linked(action, "result")
        for key in [*used, *results]:
            content["entity"][_name(key)] = _known(graph[key], **{"prov:value": "value", "retrace:sha256": "sha256"})
            for mark in graph.linked(key, "identifier"):
                content["entity"][_name(key)]["retrace:listing"] = graph[mark]["value"]
        for key in used:
            _relate(content, "used", {"prov:activity": name, "prov:entity": _name(key)})
        for key in results:
            _relate(content, "wasGeneratedBy", {"prov:activity": name, "prov:entity": _name(key)})
        for before in sorted({made[key] for key in used if key in made}):
            _relate(content, "wasInformedBy", {"prov:informed": name, "prov:informant": _name(before)})
    return content


def _name(key: str) -> str:
    """An identifier of the crate as a qualified name."""
    return f"retrace:{key.removeprefix('#')}"


def _known(entity: dict[str, Any], **names: str) -> dict[str, Any]:
    """An entity's label, and those of the named values that it has."""
    label = {"prov:label": entity["name"]} if "name" in entity else {}
    return label | {theirs: entity[ours] for theirs, ours in names.items() if ours in entity}


def _relate(content: dict[str, Any], relation: str, ends: dict[str, str]) -> None:
    held = content.setdefault(relation, {})
    held[f"_:{relation}{len(held) + 1}"] = ends
