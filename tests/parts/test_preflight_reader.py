"""Preflight and reader take the same folders: each set in the layouts in which it is handed on, and in wrong ones."""

from pathlib import Path

import pytest
import yaml
from PIL import Image

from stages.data import needs
from stages.data.detections import write_detections
from stages.data.image import ImageError, decode_upright
from stages.data.lsun import LsunImages
from stages.data.prepared.growing import Growing
from stages.data.prepared.ledger import Ledger
from stages.data.prepared.packed import Packed
from stages.data.prepared.walk import Walk
from stages.data.raw import RawFolder
from stages.data.sets import (
    bird_boxes,
    car_boxes,
    cars,
    celeba_wild,
    city_scenes,
    cub,
    cub_masks,
    dog_boxes,
    face,
    flowers,
    horses,
    kitchen,
    livingroom,
    people,
    rooms,
    seasons,
    street,
    taichi,
)
from stages.data.sets import faces as joined
from stages.data.sets import folder as one_s_own
from stages.draw.scenes.supply import list_user_files
from tests.parts import layouts
from tests.parts.raw_fixtures import block_of

LOOSE = {"size_px": 16, "minimum_kept": layouts.COUNT, "decode_error_limit": 0.0}
READERS = {
    "celebamask_hq": (face, "face", {"split": "hash", "evaluation_count": 1}),
    "stanford_cars": (cars, "cars", {"colours": 2, "colour_restarts": 1}),
    "cub": (cub, "cub", {}),
    "cub_masks": (cub_masks, "cub_masks", {"expected_counts": {}}),
    "celeba_wild": (celeba_wild, "celeba_wild", {"expected_counts": {}}),
    "flowers": (flowers, "flowers", {"expected_counts": {}}),
    "taichi": (taichi, "taichi", {"expected_counts": {}}),
    "cityscapes": (street, "street", {"wide_px": 18}),
    "city_scenes": (city_scenes, "city_scenes", {"expected_counts": {}}),
    "livingroom": (livingroom, "livingroom", {"expected_counts": {}}),
    "kitchen": (kitchen, "kitchen", {"expected_counts": {}}),
    "horse2zebra": (horses, "horses", {"wide_px": 18}),
    "summer2winter": (seasons, "seasons", {"wide_px": 18}),
    "folder": (one_s_own, "folder", {"held_out": 1}),
    "ade20k": (rooms, "rooms", {"wide_px": 18}),
    "deepfashion": (people, "people", {"wide_px": 18}),
    "bird_boxes": (bird_boxes, "bird_boxes", {"expected_counts": {}, "colours": 1}),
    "dog_boxes": (dog_boxes, "dog_boxes", {"expected_counts": {}}),
    "car_boxes": (car_boxes, "car_boxes", {"expected_counts": {}}),
}
TABLE = yaml.safe_load((Path(__file__).parent / "layouts.yaml").read_text(encoding="utf-8"))
CASES = [
    pytest.param(name, lines, table == "right", id=f"{name}: {title}")
    for table, sets in TABLE.items()
    for name, rows in sets.items()
    for title, lines in rows.items()
]


def made(name: str, lines: list[str], folder: Path) -> Path:
    """The set as published, then changed."""
    getattr(layouts, name)(folder / "set")
    root = folder / "set"
    for line in lines:
        root = layouts.change(folder, line)
    return root


def kept_by_reader(name: str, folder: Path) -> int:
    """How many photos `render` and the reader take. Raises: what a stage raises."""
    listed = folder / "listed"
    listed.mkdir()
    list_user_files(f"data/{name}", name, "", listed)
    if name.startswith("lsun"):
        return sum(
            decode_upright(content).size > 0
            for _, _, content in LsunImages(RawFolder.open(listed))
            if content != layouts.STRAY.encode()
        )
    (folder / "out").mkdir()
    inputs = {"raw": listed, "ffhq": listed, "detections": folder / "detections"}
    inputs["detections"].mkdir()
    write_detections(inputs["detections"], [], {})
    if name == "ffhq":
        raw = RawFolder.open(listed)
        ledger = Ledger(joined.STEPS, root=raw.root)
        items, row = joined._extra(block_of(joined, "faces", **LOOSE, use_ffhq=True), raw, ledger)
        growing = Growing(folder / "out", LOOSE["size_px"], True, {}, False)
        Walk(items, len(items), lambda key, photo, place: row(key, photo), "photos").run(growing, ledger, None)
        ledger.check(name, layouts.COUNT, 0.0)
        return len(growing.keys)
    module, group, changes = READERS[name]
    module.prepare(block_of(module, group, **LOOSE | changes), inputs, folder / "out")
    return len(Packed.open(folder / "out"))


def test_the_table_is_long_enough():
    assert len(CASES) >= 40 and {case.values[0] for case in CASES} == {file.stem for file in needs.CARDS.glob("*.yaml")}


@pytest.mark.parametrize(("name", "lines", "good"), CASES)
def test_preflight_and_reader_agree(tmp_path, monkeypatch, name, lines, good):
    root = made(name, lines, tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).symlink_to(root)
    monkeypatch.chdir(tmp_path)
    problems = needs.missing({f"supply.{name}.base": {"supply": "user", "root": f"data/{name}"}})
    if good:
        assert problems == []
        assert kept_by_reader(name, tmp_path) == layouts.COUNT
        return
    assert len(problems) == 1 and f"data/{name}" in problems[0], problems
    with pytest.raises((ValueError, FileNotFoundError)) as stop:
        kept_by_reader(name, tmp_path)
    assert f"data/{name}" in str(stop.value) or isinstance(stop.value, ImageError)


PLAIN = {
    "city_scenes",
    "folder",
    "livingroom",
    "kitchen",
    "horse2zebra",
    "summer2winter",
    "lsun_bird",
    "lsun_car",
}  # nothing is marked in their photos


@pytest.mark.parametrize("name", sorted(file.stem for file in needs.CARDS.glob("*.yaml")))
def test_photos_that_exif_data_turn_are_turned_in_plain_sets_and_refused_in_all_others(tmp_path, monkeypatch, name):
    save, exif = Image.Image.save, Image.Exif()
    exif[0x0112] = 3
    with monkeypatch.context() as patched:
        patched.setattr(Image.Image, "save", lambda self, *names, **options: save(self, *names, exif=exif, **options))
        getattr(layouts, name)(tmp_path / "data" / name)
    monkeypatch.chdir(tmp_path)
    problems = needs.missing({f"supply.{name}.base": {"supply": "user", "root": f"data/{name}"}})
    if name in PLAIN:
        assert problems == [] and kept_by_reader(name, tmp_path) == layouts.COUNT
        return
    with pytest.raises(ValueError, match="turned") as stop:
        kept_by_reader(name, tmp_path)
    for text in (*problems, str(stop.value)):
        assert "EXIF orientation 3, expected 1 or none" in text and "store it the way its marks see it" in text
    assert len(problems) == 1 and f"data/{name}" in problems[0]
