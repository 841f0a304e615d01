"""A preparation that loses too much says what it looked for and where, and leaves all rejects to be read."""

import csv
import shutil
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from stages import prepare as verb
from stages.data.prepared.ledger import Ledger, TooManyRejects
from tests.parts import layouts
from tests.parts.test_preflight_reader import LOOSE, READERS, block_of

# What is lost of each set, and the path that the message must name.
LOST = {
    "celebamask_hq": (
        "mv CelebAMask-HQ/CelebAMask-HQ-mask-anno masks", "CelebAMask-HQ/CelebAMask-HQ-mask-anno/0/00000_skin.png"
    ),
    "stanford_cars": ("rm cars_train/00001.jpg", "cars_train/00001.jpg"),
    "cub": ("rm CUB_200_2011/images/001.A/0.jpg", "CUB_200_2011/images/001.A/0.jpg"),
    "cub_masks": ("rm CUB_200_2011/segmentations/001.A/2.png", "CUB_200_2011/segmentations/001.A/2.png"),
    "celeba_wild": ("rm img_celeba/000003.jpg", "img_celeba/000003.jpg"),
    "flowers": ("rm segmim/segmim_00002.jpg", "segmim/segmim_00002.jpg"),
    "taichi": ("rm train/v/1.png, put train/v/1.png", "train/v/1.png"),
    "bird_boxes": ("rm CUB_200_2011/images/001.A/0.jpg", "CUB_200_2011/images/001.A/0.jpg"),
    "dog_boxes": ("rm Images/n0-A/n0_0.jpg", "Images/n0-A/n0_0.jpg"),
    "car_boxes": ("rm cars_train/00001.jpg", "cars_train/00001.jpg"),
}  # fmt: skip


@pytest.mark.parametrize("name", LOST)
def test_a_stop_names_the_paths_and_keeps_the_rejects(tmp_path, name):
    from stages.data.detections import write_detections

    getattr(layouts, name)(tmp_path / "set")
    for line in LOST[name][0].split(", "):
        layouts.change(tmp_path, line)
    module, group, changes = READERS[name]
    (tmp_path / "detections").mkdir()
    write_detections(tmp_path / "detections", [], {})
    (tmp_path / "out").mkdir()
    block = block_of(module, group, **(LOOSE | {"decode_error_limit": 1.0} | changes))
    inputs = {"raw": tmp_path / "set", "detections": tmp_path / "detections"}
    target = module.__name__.rsplit(".", 1)[1]
    job = SimpleNamespace(
        choices={"set": target}, block=block, inputs=inputs, out=tmp_path / "out", resume=tmp_path / "resume",
        advance=lambda *words: None, deferred_stop=nullcontext,
    )  # fmt: skip
    with pytest.raises(
        ValueError, match=r"at least 4 kept items \(minimum_kept\).*; for example .*; all rejects"
    ) as stop:
        verb.prepare(job)
    shutil.rmtree(job.out)  # as the runner does
    place = str(stop.value).split("all rejects: ")[1]
    assert f"looked for {tmp_path / 'set' / LOST[name][1]})" in str(stop.value) and place.startswith(str(job.resume))
    with open(place, newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["key", "reason", "detail", "looked for"]
    assert LOST[name][1] in [row[3] for row in rows[1:]] and all(len(row) == 4 and row[1] and row[2] for row in rows)


def test_examples_show_each_reason_before_one_twice(tmp_path):
    ledger = Ledger(("found", "size"), total=9, root=tmp_path)
    for key, reason in (("a", "small"), ("b", "small"), ("c", "small"), ("d", "no_image"), ("e", "dark")):
        ledger.reject(key, "found" if reason == "no_image" else "size", reason, f"said of {key}", f"{key}.jpg")
    with pytest.raises(TooManyRejects) as stop:
        ledger.check("toy", 5, 0.0)
    text, at = str(stop.value), tmp_path
    assert (
        f"a (small: said of a; looked for {at}/a.jpg); d (no_image: said of d; looked for {at}/d.jpg); e (dark" in text
    )
    assert text.count("looked for") == 3
    assert stop.value.rejects[1] == ("b", "small", "said of b", "b.jpg") and len(stop.value.rejects) == 5


def test_a_stop_without_rejects_says_so():
    with pytest.raises(TooManyRejects, match=r"came 2 of 2; rejects: no rejects; for example none; check the raw data"):
        Ledger(("found",), total=2).check("toy", 3, 0.0)
