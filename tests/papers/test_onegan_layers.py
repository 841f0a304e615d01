"""Tables 2 to 9: the printed lines against the text, and the built ones against the networks."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from stages.papers.onegan.common import NetsBlock
from stages.papers.onegan.drawn import Drawing, words_of
from stages.papers.onegan.report import layers
from tests.contract.prepared import block_of
from tests.papers.onegan_made import gan_block

PRINTED = Path(layers.__file__).parents[1] / "printed.yaml"
GIVEN = yaml.safe_load(PRINTED.read_text(encoding="utf-8"))
TABLES = range(2, 10)
# Source: spec 3.4, with the tables' V.
TOTALS = {3: 16_936_291, 4: 17_000_644, 5: 29_115_976, 6: 39_861_308, 7: 3_022_144, 8: 667_074, 9: 37_473_801}
NOTED = {4: ["A4"], 5: ["B"], 6: ["B", "A5", "A6", "A6", "A6"], 7: ["A7", "A7", "B", "A5"]}


def layers_block(which: int, profile: str = "demo", **changes: Any) -> layers.Block:
    names = [f"onegan.{group}.base" for group in ("common", "nets", "layers")] + [f"onegan.layers.variant.table{which}"]
    names += [f"onegan.{group}.profile.{profile}" for group in ("common", "nets")]
    block = block_of("stages.papers.onegan.report.layers", *names)
    return layers.Block.model_validate(block.model_dump() | changes, strict=False)


def table(which: int, profile: str = "demo", **changes: Any) -> tuple[dict[str, str], list[dict[str, str]]]:
    texts = layers.tabulate(layers_block(which, profile, **changes), {"printed": PRINTED})
    return texts, list(csv.DictReader(io.StringIO(texts["csv"])))


def nets_block(block: NetsBlock) -> NetsBlock:
    return NetsBlock.model_validate({name: getattr(block, name) for name in NetsBlock.model_fields})


@pytest.mark.parametrize("which", TABLES)
def test_printed_lines_stand_in_the_text(which):
    """Every printed layer is one of the source's table, in its order, and none is left out."""
    source = Path(__file__).resolve().parents[2].parent / "shared/papers/onegan.txt"
    if not source.is_file():
        pytest.skip("needs the text in ../shared/papers, which this checkout does not have")
    text = source.read_text(encoding="utf-8").split(f"Table {which}. ")[1].split("\nTable ")[0]
    lines = [line.split("\t")[1] for line in text.splitlines()[2:] if line.count("\t") == 3]
    bare = [re.sub(r"[\s${}\\]|_", "", line).lower() for line in lines if line != "layers"]
    ours = [re.sub(r"[\s_]", "", row["layers"]).lower() for row in GIVEN["tables"][which]["rows"] if row["layers"]]
    assert ours == bare


@pytest.mark.parametrize("which", TOTALS)
def test_lines_together_have_all_parameters_of_their_networks(which):
    _, rows = table(which)
    assert sum(int(row["paper_parameters"]) for row in rows) == TOTALS[which]
    assert [row["note"] for row in rows if row["note"]] == NOTED.get(which, [])


def test_every_parameter_stands_in_one_line_of_tables_3_to_9():
    """Of the networks in this profile, by identity."""
    drawing = Drawing(nets_block(layers_block(3)))
    places = [row["at"] for which in TOTALS for row in GIVEN["tables"][which]["rows"]
              if row.get("as") not in ("reshape", "resize")]  # fmt: skip
    seen: list[int] = []
    for place in places:
        module: Any = drawing.nets
        for part in place.split("."):
            module = module[int(part)] if part.lstrip("-").isdigit() else module.get_submodule(part)
        seen += [id(parameter) for parameter in module.parameters()]
    assert sorted(seen) == sorted(id(parameter) for parameter in drawing.nets.parameters())
    assert sum(parameter.numel() for parameter in drawing.nets.parameters()) == 1_547_834


def test_without_the_stem_norm_table_7_has_no_line_of_ours():
    _, rows = table(7, stem_norm=False)
    assert all(row["printed"] for row in rows) and [row["note"] for row in rows if row["note"]] == ["B", "A5"]
    assert sum(int(row["paper_parameters"]) for row in rows) == TOTALS[7] - 128


@pytest.mark.parametrize(("which", "printed", "paper", "here"), [
    (3, "Linear(d_bg + d_z, 32768)", ("Linear(132, 32768)", "32768", "4358144"), ("Linear(48, 256)", "256", "12544")),
    (4, "UPBlk(64,3,128)", ("UPBlk(64, 64, 128)", "64 x 128 x 128", "73984"),
     ("UPBlk(8, 8, 32)", "8 x 32 x 32", "1184")),
    (8, "DownSample2d(128, 126)", ("DownSample2d(128, 126)", "3 x 126 x 126", "0"),
     ("UpSample2d(32, 62)", "3 x 62 x 62", "0")),
    (8, "K4S4P0Conv2d(128, 256)", ("K4S4P0Conv2d(128, 256)", "256 x 7 x 7", "524544"),
     ("K4S1P0Conv2d(16, 32)", "32 x 11 x 11", "8224")),
    (9, "Linear(512, N_C)", ("Linear(512, 200)", "200", "102600"), ("Linear(64, 12)", "12", "780")),
])  # fmt: skip
def test_a_line_is_printed_at_paper_size_and_here(which, printed, paper, here):
    (row,) = (row for row in table(which)[1] if row["printed"] == printed)
    assert tuple(row[f"paper_{name}"] for name in ("layer", "shape", "parameters")) == paper
    assert tuple(row[name] for name in ("layer", "shape", "parameters")) == here


@pytest.mark.parametrize("which", TABLES)
def test_at_paper_size_both_builds_are_one(which):
    texts, rows = table(which, "paper")
    for row in rows:
        assert all(row[name] == row[f"paper_{name}"] for name in ("layer", "shape", "parameters"))
    assert set(texts) == {"csv", "md", "tex"} and texts["md"].startswith(f"# Table {which}, ")
    body = [line for line in texts["tex"].splitlines() if not line.startswith("%")]
    assert sum(line.endswith(r"\\") for line in body) == len(rows) + 1
    assert not re.search(r"(?<!\\)_", "\n".join(body))
    for note in {row["note"] for row in rows if row["note"]}:
        assert f"[{note}] " in texts["md"] and f"[{note}]" in texts["tex"]


def test_a_difference_without_a_note_is_refused_and_a_note_without_a_difference(tmp_path):
    text = PRINTED.read_text(encoding="utf-8")
    for old, new, said in (
        ("generator.foreground.ascent.2, note: A4", "generator.foreground.ascent.2", "expected a note, came ''"),
        ("generator.foreground.ascent.1}", "generator.foreground.ascent.1, note: A4}", "expected no note, came 'A4'"),
    ):
        assert text.count(old) == 1
        (tmp_path / "printed.yaml").write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(ValueError, match=said):
            layers.tabulate(layers_block(4), {"printed": tmp_path / "printed.yaml"})


@pytest.mark.parametrize(("words", "expected"), [
    ("K3P1Conv2d(c_i + d, 2c_i)", "K3P1Conv2d(80,128)"), ("Upsample2d(S/2, S)", "Upsample2d(8,16)"),
    ("UPBlk(64,3,128)", "UPBlk(64,3,128)"), ("K3P1Conv2d(16,3) + tanh", "K3P1Conv2d(16,3)+tanh"),
    ("lReLU(0.2)", "lReLU(0.2)"), ("K3P1Conv2d((256, 512)", "K3P1Conv2d((256,512)"), ("LayerNorm", "LayerNorm"),
    ("Linear(N_X, 3)", "Linear(N_X,3)"),
])  # fmt: skip
def test_symbols_become_numbers(words, expected):
    assert layers.plain(words, {"c_i": 64, "d": 16, "S": 16}) == expected


def test_a_drawing_follows_the_block_and_a_strange_layer_is_refused():
    drawing = Drawing(nets_block(gan_block(profile="demo", size_px=64, d_bg_side=64, norm_affine="full")))
    assert drawing.layer("background_judge", "resize").words == ""
    assert drawing.layer("generator.background.start", "reshape").shape == (256, 2, 2)
    assert drawing.layer("child_encoder.stem.0.1", "").parameters == 2 * 8 * 32 * 32
    with pytest.raises(TypeError, match="came Dropout"):
        words_of(torch.nn.Dropout())
