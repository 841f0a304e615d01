"""What networks cost, counted from their modules: by hand at the paper's size, and the table with its reasons."""

import csv
import io
from pathlib import Path

import pytest
import torch
from torch import nn

from stages.nets.stylegan.equal import EqualConv
from stages.nets.stylegan.modconv import ModulatedConv
from stages.nets.stylegan.stylegan2 import Discriminator
from stages.papers.mscond.report import cost
from stages.papers.mscond.report.block import ReportBlock
from stages.papers.mscond.report.names import RUNS, STREETS
from stages.papers.mscond.work import multiply_adds
from stages.runner import layers, params
from tests.papers import mscond_store as store
from tests.papers.projectedgan_made import projector

# By method its layers, and what stands between them and the profile's.
METHODS = {
    "gan": ("common", "pair", "gan"),
    "insgen": ("common", "pair", "insgen"),
    "projectedgan": ("common", "projectedgan"),
}


def method_of(run: str) -> str:
    """The method of a run."""
    return run if run in METHODS else "gan"


def keys_of(run: str) -> dict:
    """The keys of a run of the demo."""
    names = METHODS[method_of(run)]
    held = [f"mscond.{name}.base" for name in names]
    held += ["mscond.gan.data.city_scenes", f"mscond.gan.variant.{run}"] if method_of(run) == "gan" else []
    values = params.load(store.ROOT)
    return layers.merge(values, [*held, *(f"mscond.{name}.profile.demo" for name in names)])


def models(folder: Path, ran: tuple[str, ...]) -> dict[str, Path]:
    """Inputs model_<streets>_<run>_0 of all runs, and projector."""
    found = {"projector": projector(folder / "projector")}
    for run in RUNS:
        place = folder / f"model_{STREETS}_{run}_0"
        if run in ran:
            content = {"paper": "mscond", "method": method_of(run), "seed": 0, "data": STREETS,
                       "block": keys_of(run)}  # fmt: skip
            found[place.name] = store.put(place, "model", content)
        else:
            found[place.name] = store.put_not_run(place)
    return found


def test_layers_by_hand():
    """3x3 from 2 channels to 5: at 8x8 a sum of 18 products for each number; one that doubles a side of 4 as at 4x4."""
    plain, down, dense = EqualConv(2, 5, 3), EqualConv(2, 5, 3, down=True), nn.Linear(7, 3)
    up = ModulatedConv(2, 5, 3, sample="up")
    image, small, style = torch.zeros(1, 2, 8, 8), torch.zeros(1, 2, 4, 4), torch.zeros(1, 2)
    assert multiply_adds(lambda: plain(image), [plain]) == 8 * 8 * 5 * 9 * 2
    assert multiply_adds(lambda: down(image), [down]) == 4 * 4 * 5 * 9 * 2
    assert multiply_adds(lambda: dense(torch.zeros(4, 7)), [dense]) == 4 * 7 * 3
    assert multiply_adds(lambda: up(small, style), [up]) == 4 * 4 * 5 * 9 * 2
    assert not any(part._forward_hooks for part in (plain, down, dense, up))


def test_the_discriminator_at_the_papers_size_as_the_specification_counts_it():
    """46.5 G multiply-adds and 28,864,129 parameters."""
    with torch.device("meta"):
        judge = Discriminator(3, 256, 32768, 512, 4)
        image = torch.empty(1, 3, 256, 256)
    widths = {256: 128, 128: 256, 64: 512, 32: 512, 16: 512, 8: 512, 4: 512}
    total = 256**2 * 3 * 128 + 16 * 9 * 513 * 512 + 8192 * 512 + 512
    for side in (256, 128, 64, 32, 16, 8):
        a, b = widths[side], widths[side // 2]
        total += side**2 * 9 * a * a + (side // 2) ** 2 * (9 * a * b + a * b)
    assert multiply_adds(lambda: judge(image), [judge]) == total
    assert total / 1e9 == pytest.approx(46.5, abs=0.1)
    assert sum(one.numel() for one in judge.parameters()) == 28_864_129


def test_the_table_has_every_run_or_its_reason(tmp_path):
    ran = ("s1_off", "s1_16_off", "s1_16_on", "insgen", "projectedgan")
    texts = cost.tabulate(ReportBlock(profile="demo"), models(tmp_path, ran))
    held = {(row["method"], row["metric"]): row for row in csv.DictReader(io.StringIO(texts["csv"]))}
    assert len(held) == len(RUNS) * len(cost.COUNTED)
    row = held["s1_8_on", "parameters_generator"]
    assert (row["ours"], row["protocol"], row["seeds"]) == ("n/a (profile)", store.OUT, "0")
    number = {place: int(row["ours"]) for place, row in held.items() if place[0] in ran}
    pairs = ("s1_off", "s1_16_off", "s1_16_on", "insgen")  # the same generator and discriminator
    for name in ("parameters_generator", "parameters_discriminator", "multiply_adds_generator"):
        assert len({number[run, name] for run in pairs}) == 1, name
    # Heads that watch StyleGAN2 are no part of it; MultiscaleD has heads without projections.
    assert number["s1_off", "parameters_heads"] == 0 < number["s1_16_off", "parameters_heads"]
    assert number["s1_16_off", "parameters_heads"] < number["s1_16_on", "parameters_heads"]
    assert number["s1_off", "multiply_adds_judging"] < number["s1_16_off", "multiply_adds_judging"]
    assert number["s1_16_on", "multiply_adds_judging"] == number["s1_16_off", "multiply_adds_judging"]
    assert number["s1_16_off", "multiply_adds_contrasting"] == 0 == number["projectedgan", "multiply_adds_contrasting"]
    for run in ("s1_16_on", "insgen"):  # query and key each pass the discriminator
        assert number[run, "multiply_adds_contrasting"] > 2 * number["s1_off", "multiply_adds_judging"]
    assert {run for run in ran if number[run, "parameters_frozen"]} == {"projectedgan"}
    assert number["projectedgan", "multiply_adds_judging"] > 0
    assert f"| {number['s1_off', 'parameters_generator']:,} |" in texts["md"]


def test_a_model_of_another_set_is_refused(tmp_path):
    inputs = models(tmp_path, ("s1_off",))
    store.change(inputs[f"model_{STREETS}_s1_off_0"], lambda facts: facts.update(data="kitchen"), "model")
    with pytest.raises(ValueError, match="whose data is city_scenes, got kitchen"):
        cost.tabulate(ReportBlock(profile="demo"), inputs)
