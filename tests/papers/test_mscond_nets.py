"""MsConD's discriminator: counts and shapes of the paper, its heads by hand, Table 1 off the modules."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stages.nets.stylegan.equal import EqualConv
from stages.nets.stylegan.stylegan2 import Discriminator
from stages.papers.mscond.drawn import layers_of
from stages.papers.mscond.methods.gan.nets import (
    Branches,
    LocalHead,
    SharedBlock,
    SharedChain,
    TableDiscriminator,
    branches_of,
)
from stages.papers.mscond.pair import generator_of
from stages.papers.mscond.report import layers
from stages.papers.mscond.scales import heights_to_label, label_to_heights
from tests.contract.prepared import block_of
from tests.papers.contrasfill_toys import count
from tests.papers.mscond_made import gan_block, paper_block, photos
from tests.papers.mscond_made import layers_of as names_of

PRINTED = """table,method,dataset,metric,value,location
table1,-,1,Image,256x256x3,x
table1,backbone,2,ResBlk,256x256x128,x
table1,backbone,3,ResBlk,128x128x256,x
table1,backbone,4,ResBlk,64x64x512,x
table1,backbone,5,ResBlk,32x32x512,x
table1,backbone,6,ResBlk,16x16x512,x
table1,branch: shared,7,1x1 ResBlk,16x16x512,x
table1,branch: disc,8,1x1 Conv,16x16x1,x
table1,branch: proj,9,1x1 Conv,16x16x256,x
table1,backbone,10,ResBlk,8x8x512,x
table1,branch: shared,11,1x1 ResBlk,8x8x512,x
table1,branch: disc,12,1x1 Conv,8x8x1,x
table1,branch: proj,13,1x1 Conv,8x8x256,x
table1,backbone,14,ResBlk,4x4x512,x
table1,backbone,15,Flatten,8192,x
table1,backbone,16,Linear,512,x
table1,branch: disc,17,Linear,1,x
table1,branch: proj,18,Linear,256,x
"""


def judges(run: str, **changes) -> tuple[Discriminator, dict]:
    block = paper_block(run, **({"probe": ()} | changes))
    kind = TableDiscriminator if block.epilogue == "table1" else Discriminator
    with torch.device("meta"):
        judge = kind(3, block.size_px, block.channel_base, block.channel_limit, block.deviation_group)
        return judge, branches_of(block, 0)


# --- counts and shapes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run", "changes", "expected"),
    [
        ("s1_off", {}, 28_864_129), ("s1_on", {}, 29_258_113), ("s1_8_off", {}, 29_652_098),
        ("s1_8_on", {}, 30_440_066), ("s1_16_off", {}, 30_440_067), ("s1_16_on", {}, 31_622_019),
        ("s1_16_off", {"scales": "1-32"}, 31_228_036), ("s1_16_on", {"scales": "1-32"}, 32_803_972),
        ("one_layer", {}, 31_359_363), ("chain", {}, 31_623_043), ("chain", {"global_layers": 1}, 31_360_387),
        ("table1", {}, 31_622_019 - 2_364_416),
    ],
)  # fmt: skip
def test_configurations_have_their_parameters(run, changes, expected):
    judge, beside = judges(run, **changes)
    assert count(judge) + sum(map(count, beside.values())) == expected


def test_the_generator_and_parts_of_the_branches_have_their_parameters():
    with torch.device("meta"):
        made = generator_of(paper_block("s1_off"), 0)
    assert (count(made), count(made.mapping), made.styles) == (30_034_338, 2_101_248, 14)
    head = judges("s1_16_on")[1]["branches"].local["16"]
    assert [count(part) for part in (head.shared, head.logit, head.projection)] == [787_456, 513, 393_984]
    assert count(judges("chain")[1]["branches"].local["8"].shared) == 787_968


def test_maps_logits_and_projections_have_the_printed_shapes():
    judge, beside = judges("s1_16_on")
    seen = judge(torch.empty(4, 3, 256, 256, device="meta"), whole=True)
    widths = {256: 128, 128: 256, 64: 512, 32: 512, 16: 512, 8: 512, 4: 512}
    assert {side: tuple(each.shape) for side, each in seen.maps.items()} == {
        side: (4, width, side, side) for side, width in widths.items()
    }
    branches = beside["branches"]
    logits, projections = branches(seen.maps, seen.dense), branches(seen.maps, seen.dense, projecting=True)
    assert seen.logit.shape == (4, 1) and {h: tuple(each.shape) for h, each in logits.items()} == {
        height: (4, 1, height, height) for height in (8, 16)
    }
    assert {h: tuple(each.shape) for h, each in projections.items()} == {
        height: (4, 256, height, height) for height in (1, 8, 16)
    }


def test_stylegan2_has_no_branch_and_its_discriminator_is_the_house_s():
    judge, beside = judges("s1_off")
    assert beside == {} and type(judge) is Discriminator
    assert set(judges("s1_off", probe=(8, 16))[1]) == {"probe"}


# --- names of scales -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "heights"), [("1", (1,)), ("1-8", (1, 8)), ("1-16", (1, 8, 16)), ("1-32", (1, 8, 16, 32))]
)
def test_names_of_scales_go_there_and_back(label, heights):
    assert label_to_heights(label, 64) == heights and heights_to_label(heights) == label


@pytest.mark.parametrize("label", ["1-4", "1-64", "1-12", "2-8", "8", "1-", "", "1-8-16", "1-x", "1-08"])
def test_other_names_of_scales_are_refused(label):
    with pytest.raises(ValueError, match="scales: expected 1, or 1-H"):
        label_to_heights(label, 64)


def test_heads_where_there_is_no_map_are_refused():
    with pytest.raises(ValueError, match=r"probe: expected heights of \(8, 16\) at 32 px, came \[32\]"):
        gan_block("s1_off", probe=(8, 32))
    with pytest.raises(ValueError, match="scales: expected 1"):
        gan_block(scales="1-32")
    with pytest.raises(ValueError, match="expected a multiple of batch 4, came 6"):
        gan_block(dynamics_every_images=6)


# --- heads by hand ---------------------------------------------------------------------------------------------------


def unit(module: torch.nn.Module) -> torch.nn.Module:
    """All convolutions the identity, but for their gains."""
    with torch.no_grad():
        for conv in module.modules():
            if isinstance(conv, EqualConv):
                size = conv.weight.shape[1]
                conv.weight.copy_(torch.eye(size)[:, :, None, None] * size**0.5)
    return module


@given(st.floats(-4, 4))
def test_shared_blocks_of_identities_by_hand(value):
    x = torch.full((1, 3, 2, 2), value)
    factor = 2.1213203 if value >= 0 else 0.7071068
    torch.testing.assert_close(unit(SharedBlock(3))(x), factor * x)
    torch.testing.assert_close(unit(SharedChain(3))(x), (3.8284271 if value >= 0 else 1.0) * x)


@pytest.mark.parametrize("run", ["s1_16_on", "chain"])
def test_a_head_looks_at_one_cell_at_a_time(run):
    torch.manual_seed(0)
    head, x = LocalHead(4, gan_block(run), True), torch.randn(2, 4, 8, 8)
    order = torch.randperm(64)
    for made in (head, head.project):
        turned = made(x.flatten(2)[:, :, order].view_as(x))
        torch.testing.assert_close(turned.flatten(2), made(x).flatten(2)[:, :, order])
        changed = x.clone()
        changed[0, :, 3, 5] += 1
        moved = (made(changed) != made(x)).any(1)
        assert moved[0, 3, 5] and moved.sum() == 1


def test_branches_leave_the_global_logit_alone():
    torch.manual_seed(0)
    block, images = gan_block(), photos()
    judge = Discriminator(3, 32, block.channel_base, block.channel_limit, 4)
    alone = judge(images)
    seen = judge(images, whole=True)
    Branches(block, (8, 16), True)(seen.maps, seen.dense)
    assert torch.equal(seen.logit, alone)


# --- Table 1 ---------------------------------------------------------------------------------------------------------


def table_block(profile: str, run: str = "s1_16_on") -> layers.Block:
    module = "stages.papers.mscond.report.layers"
    return block_of(module, *names_of(run, profile, "livingroom"), "mscond.layers.base")


@pytest.fixture
def reported(tmp_path) -> Path:
    path = tmp_path / "reported.csv"
    path.write_text(PRINTED)
    return path


def test_table_1_is_what_is_built(reported):
    lines = layers.lines_of(table_block("demo"), reported)
    assert [line.number for line in lines if line.number] == list(range(1, 19))
    assert {(line.number, line.note) for line in lines if line.note} == {
        (2, "a"), (9, "b"), (13, "b"), (18, "b"), (0, "c")
    }  # fmt: skip
    assert sum(line.paper.parameters for line in lines) == 31_622_019
    by_place = {line.paper.place: line.here for line in lines}
    assert by_place["block to 64"] is None and by_place["shared 16"].output == (16, 16, 32)
    texts = layers.tabulate(table_block("demo"), {"reported": reported})
    assert "31,622,019" in texts["md"] and texts["csv"].count("\n") == 21 and "[c] Ours" in texts["md"]


def test_table_1_follows_the_widths(reported):
    with pytest.raises(ValueError, match="line 2: expected backbone with output 256x256x64, which is built, came"):
        layers.lines_of(table_block("demo").model_copy(update={"paper_channel_base": 16384}), reported)
    with pytest.raises(ValueError, match="expected 15 lines of Table 1, which are built, came 18"):
        layers.lines_of(table_block("demo", "s1_16_off"), reported)
    reported.write_text(PRINTED.replace("1x1 ResBlk", "1x1 Conv"))
    assert {line.note for line in layers.lines_of(table_block("smoke"), reported)} == {"", "a", "b", "c", "d"}


def test_the_literal_table_has_no_epilogue_of_ours():
    found = layers_of(paper_block("table1"))
    assert not any(layer.ours for layer in found) and [layer.words for layer in found][-4:-1] == [
        "Flatten", "Linear", "Linear"
    ]  # fmt: skip
