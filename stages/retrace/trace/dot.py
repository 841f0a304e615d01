"""A trace as a graph in Graphviz's language."""

import json

from stages.retrace.looks import SHORT
from stages.retrace.trace.command import Trace


def dot(trace: Trace) -> str:
    """The tree as a graph: boxes are stages, ellipses are files of the project."""
    lines = ["digraph trace {", '  rankdir="LR"; node [shape=box, fontname="monospace", fontsize=9];']
    nodes = {node.digest: node for node in trace.nodes()}
    for digest, node in nodes.items():
        label = json.dumps(f"{node.content['verb']}\n{node.stage}")
        lines.append(f"  {json.dumps(digest[:SHORT])} [label={label}];")
        for name, entry, by in trace.shelf.inputs(node):
            if by and by.digest in nodes:
                lines.append(
                    f"  {json.dumps(by.digest[:SHORT])} -> {json.dumps(digest[:SHORT])} [label={json.dumps(name)}];"
                )
            elif by is None:
                lines.append(f"  {json.dumps(entry['path'])} [shape=ellipse];")
                lines.append(f"  {json.dumps(entry['path'])} -> {json.dumps(digest[:SHORT])};")
    return "\n".join([*lines, "}"])
