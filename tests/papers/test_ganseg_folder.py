"""Photos of one's own: the set as drawn and read, its three sizes, and the figure."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.data.files import read_table
from stages.data.prepared.ledger import TooManyRejects
from stages.data.prepared.packed import Packed
from stages.data.sets import folder as reading
from stages.draw.scenes import folder as drawing
from stages.draw.scenes.faults import FAULTS
from stages.papers.ganseg.common import contamination_depth
from stages.papers.ganseg.methods.gan.block import Block as GanBlock
from stages.papers.ganseg.methods.gan.nets import Discriminator
from stages.papers.ganseg.report import folder as report
from stages.runner import layers
from tests.contract.prepared import PARAMS, block_of
from tests.house.resolved import PROFILES, stages_in
from tests.papers.ganseg_blocks import gan_block
from tests.papers.ganseg_store import put, put_not_run
from tests.parts.raw_fixtures import encode, flat, jpeg
from tests.parts.raw_fixtures import put as put_file

SIDES = (64, 128, 256)


def prepared(raw: Path, out: Path, **changes) -> tuple[Packed, dict[str, str]]:
    names = ("folder.base", "folder.px.px64", "folder.profile.smoke")
    out.mkdir()
    block = layers.validate(reading.Block, layers.merge(PARAMS, names) | changes, names)
    reading.prepare(block, {"raw": raw}, out)
    table = read_table(out / "rejects.parquet")
    return Packed.open(out), dict(zip(table["key"], table["reason"], strict=True))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> tuple[drawing.Block, Path]:
    names = ("supply.folder.base", "raw.folder.base", "supply.folder.profile.smoke", "raw.folder.profile.smoke")
    block = layers.validate(drawing.Block, layers.merge(PARAMS, names), names)
    raw = tmp_path_factory.mktemp("folder") / "raw"
    drawing.draw(block, raw)
    return block, raw


def test_drawn_photos_lie_in_albums_and_their_faults_are_found(drawn, tmp_path):
    block, raw = drawn
    places = {place: kind for _, place, kind in drawing.listing(block)}
    assert {place for place in places if (raw / place).is_file()} == set(places) and len(places) == 32 + 5
    assert {Path(place).suffix for place in places} == {".jpg", ".JPG", ".png", ".jpeg"}
    pack, reasons = prepared(raw, tmp_path / "out")
    expected = {fault.kind: fault for fault in FAULTS["folder"]}
    assert sorted(kind for kind in places.values() if kind) == sorted(expected)
    assert reasons == {
        place: expected[kind].reason for place, kind in places.items() if kind and not expected[kind].kept
    }
    assert set(pack.keys) | set(reasons) == set(places)
    assert pack.card["name"] == "folder" and pack.masks is None and pack.images.shape[1:] == (64, 64, 3)
    assert pack.card["splits"] == {"test": 8, "train": len(pack) - 8}


def test_equal_seeds_give_equal_bytes(drawn, tmp_path):
    block, raw = drawn
    drawing.draw(block, tmp_path / "again")
    drawing.draw(block.model_copy(update={"seed": 9}), tmp_path / "other")
    for path in raw.rglob("*.*"):
        name = path.relative_to(raw)
        assert path.read_bytes() == (tmp_path / "again" / name).read_bytes()
    name = drawing.listing(block)[0][1]
    assert (raw / name).read_bytes() != (tmp_path / "other" / name).read_bytes()


def test_the_middle_square_or_the_whole_photo_is_taken(tmp_path):
    """40 x 120 px, green in the middle third: of the middle square all, of the squashed photo a third."""
    image = flat(40, 120, (200, 0, 0))
    image[:, 40:80] = (0, 200, 0)
    for number in range(4):
        put_file(tmp_path / f"raw/{number}.png", encode(image, "PNG"))
    few = {"held_out": 1, "minimum_kept": 4}
    whole, _ = prepared(tmp_path / "raw", tmp_path / "center", **few)
    assert (whole.images[0] == (0, 200, 0)).all()
    squashed, _ = prepared(tmp_path / "raw", tmp_path / "squash", crop="squash", **few)
    assert 0.3 < (squashed.images[0, ..., 1] > 100).mean() < 0.36


def test_a_photo_is_turned_and_too_few_stop(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = flat(32, 32, (0, 0, 250))
    upright[:16] = (250, 0, 0)
    for number in range(4):
        put_file(tmp_path / f"raw/trip/{number}.png", encode(np.rot90(upright, 1).copy(), "PNG", exif=exif))
    pack, _ = prepared(tmp_path / "raw", tmp_path / "out", held_out=1, minimum_kept=4)
    assert (pack.images[:, :30, :, 0] > 200).all() and (pack.images[:, -30:, :, 2] > 200).all()
    put_file(tmp_path / "raw/note.txt", "no photo")
    with pytest.raises(TooManyRejects, match=r"folder: expected at least 5 kept items \(minimum_kept\), came 4 of 4"):
        prepared(tmp_path / "raw", tmp_path / "few", held_out=1, minimum_kept=5)
    with pytest.raises(ValueError, match=r"held_out: expected 1 to 2 of 4 kept keys, came 3"):
        prepared(tmp_path / "raw", tmp_path / "all", held_out=3, minimum_kept=4)


def net_of(profile: str, side: int) -> GanBlock:
    base = [f"ganseg.{part}.base" for part in ("common", "generator", "gan")]
    own = [f"ganseg.{part}.profile.{profile}" for part in ("common", "generator", "gan")]
    last = [f"ganseg.folder.side.px{side}", f"ganseg.folder.net.{profile}.px{side}"]
    middle = [f"ganseg.common.main_parts.{profile}.folder", "ganseg.common.variant.main"]
    return block_of("stages.papers.ganseg.methods.gan.block", *base, *middle, *own, *last)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("side", SIDES)
def test_every_size_has_a_net_that_fits_it(profile, side):
    block = net_of(profile, side)
    assert block.size_px == block.feature_sizes[-1] == side
    assert contamination_depth(block.feature_sizes, block.margin)[-1] <= block.margin
    Discriminator(side, tuple(2 for _ in block.discriminator_channels), 0.2)  # refuses another number of widths
    assert block.enabled == (profile in ("paper", "lite") or side == 64)


def test_at_128_px_it_is_the_papers_main_run_and_at_64_lites():
    assert net_of("paper", 128).model_dump() == gan_block("celeba_wild", "paper").model_dump()
    assert net_of("lite", 64).model_dump() == gan_block("celeba_wild", "lite").model_dump()


@pytest.mark.parametrize("profile", PROFILES)
def test_stages_lead_from_the_photos_to_the_figure(profile):
    by_out = {out: stage for stage in stages_in(profile) for out in stage.outs}
    store = f"results/store/{profile}"
    for side in SIDES:
        deps = by_out[f"results/figures/ganseg_folder_px{side}.png"].deps
        for place in (f"data/folder_px{side}", f"model/ganseg/segmenter_folder_px{side}",
                      f"sample/ganseg/folder_px{side}"):  # fmt: skip
            assert any(dep.startswith(f"{store}/{place}") for dep in deps), place
        assert any(dep.startswith(f"{store}/raw/folder") for dep in by_out[f"{store}/data/folder_px{side}"].deps)
        assert "--set folder" in by_out[f"{store}/data/folder_px{side}"].cmd


@pytest.fixture
def inputs(tmp_path):
    for number in range(8):
        put_file(tmp_path / f"raw/{number}.jpg", jpeg(flat(64, 64, (30 * number, 90, 90))))
    pack, _ = prepared(tmp_path / "raw", tmp_path / "data", held_out=3, minimum_kept=8)
    score = put(tmp_path / "score", "score", {"data": "folder", "parts": 2})
    labels = np.zeros((3, 64, 64), np.uint8)
    labels[:, 20:40, 20:40] = 1
    np.save(score / "labels.npy", labels)
    facts = {"data": "folder", "parts": 2, "points_per_part": 4, "grid": "pixel_center", "seed": 0, "generations": 16}
    sample = put(tmp_path / "sample", "sample", facts)
    np.save(sample / "images.npy", np.full((4, 64, 64, 3), 128, np.uint8))
    np.save(sample / "labels.npy", np.ones((4, 64, 64), np.uint8))
    np.save(sample / "points.npy", np.zeros((4, 2, 4, 2), np.float32))
    return {"data": pack.folder, "score": score, "sample": sample}


def test_the_figure_shows_masks_and_generations_and_says_so(inputs, tmp_path):
    drawn = report.illustrate(report.Block(profile="demo", photos=12, across=2), inputs)
    assert "at 64 px: all 3 test photos (of 12 asked for)" in drawn.caption
    assert "Below: 4 random generations of photos of one's own, none chosen" in drawn.caption
    stream = io.BytesIO()
    drawn.figure.savefig(stream)
    assert np.ptp(np.asarray(Image.open(stream).convert("L"))) > 100
    for name in ("score", "sample"):
        inputs[name] = put_not_run(tmp_path / f"no_{name}")
    absent = report.illustrate(report.Block(profile="demo", photos=12, across=2), inputs)
    assert absent.caption.endswith("Below: photos of one's own: not run.")
    inputs["data"] = put_not_run(tmp_path / "no_data")
    bare = report.illustrate(report.Block(profile="demo", photos=12, across=2), inputs)
    assert bare.caption == "Masks found on photos of one's own: there is no such set."
