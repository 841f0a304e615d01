"""Figure 1: the traced graph is the generator's own, its shapes are those that a forward pass has."""

import json
from pathlib import Path

import pytest
import torch

from stages import graph
from stages.nets.stylegan.equal import EqualConv
from stages.nets.stylegan.modconv import ModulatedConv
from stages.papers.contrasfill.report import diagram, fig01
from stages.papers.contrasfill.report.wiring import trunk_to_nodes
from stages.papers.contrasfill.trunk import Trunk
from tests.house.resolved import stages_here
from tests.papers.contrasfill_toys import GROUPS

ROOT = Path(__file__).resolve().parents[2]


def trunk(size=32, modulated=True, skips=False) -> Trunk:
    return Trunk(size, 256, 16, modulated_encoder=modulated, decoder_skips=skips)


def block(profile: str, **changes) -> fig01.Block:
    layers = [GROUPS[group][part] for part in ("base",) for group in ("common", "contrasfill", "fig01")]
    layers += [GROUPS[group]["profile"][profile] for group in ("common", "contrasfill")]
    keys = {key: value for layer in layers for key, value in layer.items()}
    return fig01.Block.model_validate_json(json.dumps(keys | changes))


def forward_shapes(net: Trunk) -> dict[str, tuple[int, int]]:
    """(channels, side) of what leaves every convolution, from hooks in a real forward pass."""
    seen = {}
    for name, module in net.named_modules():
        if isinstance(module, EqualConv | ModulatedConv):
            module.register_forward_hook(lambda m, i, out, name=name: seen.update({name: tuple(out.shape[1:3])}))
    styles = [torch.ones(1, width) for width in net.style_widths]
    with torch.no_grad():
        net(torch.zeros(1, 4, net.size, net.size), styles, None)
    return seen


@pytest.mark.parametrize(("size", "modulated", "skips"), [(32, True, False), (64, True, True), (32, False, False)])
def test_shapes_are_those_of_a_forward_pass(size, modulated, skips):
    net = trunk(size, modulated, skips)
    drawn = {node.name: node.shape for node in trunk_to_nodes(net) if node.kernel}
    assert drawn == forward_shapes(net)


def test_the_wiring_at_32_pixels_by_hand():
    nodes = {node.name: node for node in trunk_to_nodes(trunk())}
    assert [node.kind for node in nodes.values()].count("add") == 1 + 2  # one lateral sum, two image sums
    assert nodes["lateral.0"].sources == ("encode_same.2",) and nodes["encode_same.2"].shape[1] == 8
    (join,) = (node for node in nodes.values() if node.kind == "add" and "lateral.0" in node.sources)
    assert nodes["top.0"].sources == (join.name,)
    (up,) = set(join.sources) - {"lateral.0"}
    assert nodes[up].kind == "up" and nodes[up].sources == ("encode_same.3",) and nodes["encode_same.3"].shape[1] == 4
    assert nodes["decode_first.0"].sources == ("top.0",) and nodes["output"].shape == (3, 32)
    assert [nodes[f"to_rgb.{i}"].sources for i in range(3)] == [(f"decode_second.{i}",) for i in range(3)]


def test_the_paper_profile_is_the_table_of_the_specification():
    """256 px: 512 channels at 64 px and below, 30 bi-modulated layers, laterals at 8 and 16 px."""
    made = fig01.illustrate(block("paper"), {})
    assert "62,146,713 parameters in all, 30 bi-modulated convolutions" in made.caption
    with torch.device("meta"):
        nodes = {node.name: node for node in trunk_to_nodes(Trunk(256, 32768, 512, True, False))}
    assert nodes["encode_down.0"].shape == (256, 128) and nodes["encode_down.1"].shape == (512, 64)
    assert {nodes[f"lateral.{i}"].shape for i in range(2)} == {(512, 8), (512, 16)}
    assert nodes["decode_second.4"].shape == (128, 256) and nodes["to_rgb.4"].shape == (3, 256)


def test_every_node_has_a_place_of_its_own_inside_the_sheet():
    nodes = trunk_to_nodes(trunk(64, skips=True))
    held = diagram.diagram(nodes)
    sides = sorted({node.shape[1] for node in nodes}, reverse=True)
    middle = {side: held.height - diagram.HEAD - (row + 0.5) * diagram.ROW for row, side in enumerate(sides)}
    places = diagram.nodes_to_places(nodes, middle)
    assert len(set(places.values())) == len(nodes)
    for node in nodes:
        (x, y), (wide, tall) = places[node.name], diagram.size_of(node)
        assert (
            x - wide / 2 > 0
            and x + wide / 2 < held.width
            and y - tall / 2 > diagram.FOOT
            and y + tall / 2 < held.height
        )
    boxes = [(places[node.name], diagram.size_of(node)) for node in nodes]
    for place, ((x, y), (wide, tall)) in enumerate(boxes):
        for (other_x, other_y), (other_wide, other_tall) in boxes[place + 1 :]:
            apart = abs(x - other_x) >= (wide + other_wide) / 2 or abs(y - other_y) >= (tall + other_tall) / 2
            assert apart, "two boxes overlap"


def test_one_code_is_drawn_as_modulated():
    made = fig01.illustrate(block("smoke", codes=1), {})
    words = [text.get_text() for text in made.figure.axes[0].texts]
    assert "modulated convolution" in words and "bi-modulated convolution" not in words


def test_a_pass_that_the_diagram_has_no_sign_for_is_refused():
    class Odd(Trunk):
        def forward(self, x, styles, flat):
            return super().forward(torch.sin(x), styles, flat)

    with pytest.raises(ValueError, match="no sign for"):
        trunk_to_nodes(Odd(32, 256, 16, modulated_encoder=True, decoder_skips=False))


def test_the_stage_reads_the_papers_own_layers():
    (stage,) = graph.find(stages_here(), ["contrasfill_fig01"])
    assert {"contrasfill.common.profile.paper", "contrasfill.contrasfill.profile.paper"} <= set(stage.params)
