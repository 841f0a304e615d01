"""The layout of figure 1: a graph of layers in columns by part and lines by resolution."""

from collections.abc import Mapping

from stages.draw import style
from stages.draw.board import FOOT, Board, Point, board
from stages.papers.contrasfill.report.wiring import Node

ROW = 0.98  # inches, one resolution
HEAD = 0.8
WIDTH = 10.6
# Inches from the left.
COLUMN = {"encoder": 1.9, "lateral": 3.6, "top": 5.0, "decoder": 7.0, "rgb": 8.8, "sum": 9.85}
TITLES = {"encoder": "Encoder", "top": "Top-down path", "decoder": "Decoder", "rgb": "Images"}
# Which column a layer of the trunk stands in, and how far above the middle of its line.
LAYERS = {
    "from_image": ("encoder", 0.24), "encode_down": ("encoder", 0.24), "encode_same": ("encoder", -0.2),
    "lateral": ("lateral", -0.2), "top": ("top", 0.2), "decode_first": ("decoder", -0.2),
    "decode_second": ("decoder", 0.24), "to_rgb": ("rgb", 0.24),
}  # fmt: skip
# The same for what has no name of its own, by the column that it falls into.
SIGNS = {
    ("input", "encoder"): 0.71, ("output", "sum"): 0.71, ("up", "top"): -0.46, ("add", "top"): -0.2,
    ("up", "sum"): -0.26, ("add", "sum"): 0.24, ("add", "decoder"): 0.02,
}  # fmt: skip
FILL = {"modulated": "#f3d9cc", "plain": "#dfe7ee", "to_rgb": "#e6ecdf", "up": "#ffffff"}
GREY = "#eeeeee"


def group_of(node: Node) -> str:
    """`encode_same.3` → `encode_same`."""
    return node.name.partition(".")[0]


def column_of(node: Node, known: Mapping[str, str]) -> str:
    """A layer's own column; doublings and sums stand where they lead: to the top-down path or among the images."""
    if group_of(node) in LAYERS:
        return LAYERS[group_of(node)][0]
    if node.kind == "input":
        return "encoder"
    came_from = {known[source] for source in node.sources}
    if came_from & {"rgb", "sum"} or node.kind == "output":
        return "sum"
    return "decoder" if "decoder" in came_from else "top"


def nodes_to_places(nodes: list[Node], middle: Mapping[int, float]) -> dict[str, Point]:
    """The centre of every node; `middle` is the height of each resolution's line."""
    columns: dict[str, str] = {}
    places: dict[str, Point] = {}
    for node in nodes:
        column = columns[node.name] = column_of(node, columns)
        shift = LAYERS[group_of(node)][1] if group_of(node) in LAYERS else SIGNS[node.kind, column]
        places[node.name] = (COLUMN[column], middle[node.shape[1]] + shift)
    return places


def size_of(node: Node) -> Point:
    """Width and height of a node's mark, in inches."""
    by_group = {"lateral": (0.9, 0.25), "to_rgb": (1.05, 0.25)}
    by_kind = {"add": (0.16, 0.16), "up": (0.62, 0.18), "input": (1.4, 0.25), "output": (0.7, 0.25)}
    return by_kind.get(node.kind) or by_group.get(group_of(node)) or (1.85, 0.25)


def diagram(nodes: list[Node]) -> Board:
    """All nodes and the arrows between them."""
    sides = sorted({node.shape[1] for node in nodes}, reverse=True)
    held = board(WIDTH, len(sides) * ROW + HEAD + FOOT)
    middle = {side: held.height - HEAD - (row + 0.5) * ROW for row, side in enumerate(sides)}
    for side, height in middle.items():
        held.text((0.45, height), f"{side} × {side}", fontsize=style.LABEL_POINTS, color=style.SOFT)
        if side != sides[-1]:
            held.line(
                [(0.2, height - ROW / 2), (WIDTH - 0.2, height - ROW / 2)], color="#e5e7eb", linewidth=0.6, zorder=0.2
            )
    for column, words in TITLES.items():
        held.text((COLUMN[column], held.height - 0.22), words, fontsize=10, weight="bold")
    places, by_name = nodes_to_places(nodes, middle), {node.name: node for node in nodes}
    for node in nodes:
        for source in node.sources:
            connect(held, by_name[source], node, places)
    for node in nodes:
        mark(held, node, places[node.name])
    return held


def connect(held: Board, source: Node, node: Node, places: Mapping[str, Point]) -> None:
    """An arrow from mark to mark: straight within a column or line, else with corners."""
    (x, y), (to_x, to_y) = places[source.name], places[node.name]
    half, to_half = size_of(source), size_of(node)
    lateral = "lateral" in (group_of(source), group_of(node)) or (node.kind == "add" and "encode" in source.name)
    upwards = 1 if to_y > y else -1
    across = 1 if to_x > x else -1
    out, into = (x + across * half[0] / 2, y), (to_x - across * to_half[0] / 2, to_y)
    if abs(x - to_x) < 0.01:
        points = [(x, y + upwards * half[1] / 2), (to_x, to_y - upwards * to_half[1] / 2)]
    elif abs(y - to_y) < 0.01:
        points = [out, into]
    elif node.kind == "up":
        points = [out, (to_x, y), (to_x, to_y - upwards * to_half[1] / 2)]
    else:
        turn = (out[0] + into[0]) / 2
        points = [out, (turn, y), (turn, to_y), into]
    held.arrow(points, style.ACCENT if lateral else style.INK, 0.8)


def mark(held: Board, node: Node, at: Point) -> None:
    """One node: its sign, its words, and the shape that leaves it."""
    size = size_of(node)
    if node.kind == "add":
        held.disc(at, size[0] / 2, facecolor="white", edgecolor=style.INK, linewidth=0.7)
        held.text(at, "+", fontsize=7)
        return
    fill = FILL.get(group_of(node)) or FILL.get(node.kind, GREY)
    held.box(at, size, facecolor=fill, edgecolor=style.INK, linewidth=0.6, rounded=0.04)
    held.text(at, words_of(node), fontsize=6.2)
    if node.kind != "up":
        channels, side = node.shape
        below = (at[0] + 0.1, at[1] - size[1] / 2 - 0.068)
        held.text(below, f"{channels} × {side} × {side}", ha="left", fontsize=5.4, color=style.SOFT)


def words_of(node: Node) -> str:
    """A layer's name in the code, its kernel, its channels where there is room, and what it does to the side."""
    if node.kind in ("up", "input", "output"):
        return {"up": "up2", "input": "mask, masked image", "output": "image"}[node.kind]
    words = f"{node.name}   {node.kernel}×{node.kernel}"
    if group_of(node) not in ("lateral", "to_rgb"):
        words += f"  {node.inputs}→{node.shape[0]}"
    return words + {"up": "  ↑2", "down": "  ↓2", "same": ""}[node.sample]


def legend(held: Board, modulated: str) -> None:
    """What the colours of the boxes mean."""
    x = 3.0
    for kind, words in (("modulated", modulated), ("plain", "plain convolution"), ("to_rgb", "to_rgb, modulated")):
        held.box((x, FOOT + 0.02), (0.2, 0.13), facecolor=FILL[kind], edgecolor=style.INK, linewidth=0.6)
        held.text((x + 0.17, FOOT + 0.02), words, ha="left", fontsize=6.5)
        x += 0.6 + 0.07 * len(words)
