"""MsConD's streets on real files, where ../shared/data is at hand; of its rooms there is no pack."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.data.cityscapes import read_photos
from stages.data.convert import camvid
from stages.data.convert.command import opened
from stages.data.prepared.packed import Packed
from stages.data.probes import city_scenes as probes
from stages.data.raw import RawFolder
from stages.data.sets import city_scenes
from tests.parts.raw_fixtures import block_of

LOOSE = {"size_px": 64, "expected_counts": {}, "minimum_kept": 1, "decode_error_limit": 0.0}


def pack(shared_data: Path, name: str) -> Path:
    if not (shared_data / f"{name}.zip").is_file():
        pytest.skip(f"needs {name}.zip in ../shared/data")
    return shared_data / f"{name}.zip"


def prepare(raw: Path, out: Path, **changes) -> Packed:
    out.mkdir()
    city_scenes.prepare(block_of(city_scenes, "city_scenes", **LOOSE | changes), {"raw": raw}, out)
    packed = Packed.open(out)
    assert packed.card["counts"]["rejected"] == 0
    return packed


def test_cityscapes_frames_without_labels(shared_data, tmp_path):
    with zipfile.ZipFile(pack(shared_data, "cityscapes_mini")) as archive:
        archive.extractall(tmp_path / "raw")
    raw = RawFolder.of_user(tmp_path / "raw")
    probes.probe(raw)
    photos, strange = read_photos(raw)
    assert [photo.split for photo in photos] == ["train"] * 3 and strange == []
    packed = prepare(tmp_path / "raw", tmp_path / "out")
    assert packed.card["splits"] == {"train": 3} and (packed.column("kind") == -1).all()
    photo = Image.open(tmp_path / "raw" / str(packed.column("source")[1])).convert("RGB")
    assert photo.size == (1024, 512)
    middle = photo.crop((256, 0, 768, 512)).resize((64, 64), Image.Resampling.LANCZOS)
    assert np.array_equal(packed.images[1], np.asarray(middle))
    bars = prepare(tmp_path / "raw", tmp_path / "bars", crop="letterbox", filter="box")
    assert not bars.images[:, :16].any() and not bars.images[:, 48:].any() and bars.images[:, 16:48].std() > 20


def test_camvid_is_a_set_for_lite(shared_data, tmp_path):
    names, read = opened(pack(shared_data, "camvid"), "photos")
    some = [name for name in names if name.rpartition(".")[0].endswith(("0", "1"))]
    frames = camvid.convert(some, read, tmp_path / "raw")
    probes.probe(RawFolder.of_user(tmp_path / "raw"))
    packed = prepare(tmp_path / "raw", tmp_path / "out", held_out=24)
    assert len(packed) == frames and packed.card["splits"] == {"held_out": 24, "train": frames - 24}
    # Sky over road: the top of a street is brighter than its lower middle.
    assert packed.images[:, :12].mean() > 1.2 * packed.images[:, 36:52].mean()
