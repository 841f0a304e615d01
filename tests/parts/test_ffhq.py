"""FFHQ: folders, categories, label maps in both orders, and the set that joins it with the faces (spec §2.3; I18)."""

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.data.celebamask import BISENET_PARTS, FACE_PARTS, PARTS
from stages.data.ffhq import FFHQ, image_name, label_name
from stages.data.files import read_table
from stages.data.prepared.packed import Index, Packed, Row, write_packed
from stages.data.raw import RawFolder
from stages.data.sets import faces
from stages.draw.scenes import ffhq as drawing
from stages.draw.scenes.faults import planted_faults
from stages.draw.scenes.supply import note_absence
from stages.runner import layers, params

PARAMS = params.load(Path(__file__).resolve().parents[2])
SIDE = 32


def drawn(folder: Path, **changes) -> drawing.Block:
    names = ("supply.ffhq.base", "raw.ffhq.base", "supply.ffhq.profile.smoke", "raw.ffhq.profile.smoke")
    made = layers.validate(drawing.Block, layers.merge(PARAMS, names) | changes, names)
    folder.mkdir()
    drawing.draw(made, folder)
    return made


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ffhq") / "raw"
    drawn(folder)
    return folder


@pytest.fixture
def face(tmp_path) -> Path:
    """Four prepared faces of two people, one of them held out."""
    rows = []
    for n in range(4):
        mask = np.zeros((SIDE, SIDE), np.uint8)
        mask[8:24, 8:24] = 1
        rows.append(Row(f"{n:05d}", np.full((SIDE, SIDE, 3), 40 * n, np.uint8), mask, f"{n}.jpg", f"{n:064d}"))
    index = Index(
        ["train", "test", "train", "val"], ("test",), {"identity": np.array([0, 1, -1, 0])}, {"identity": ["7", "9"]}
    )
    (tmp_path / "face").mkdir()
    write_packed(tmp_path / "face", "face", SIDE, True, rows, lambda keys: index)
    return tmp_path / "face"


def block(**changes) -> faces.Block:
    names = ("faces.base", "faces.profile.smoke")
    return layers.validate(faces.Block, layers.merge(PARAMS, names) | changes, names)


def joined(face: Path, raw: Path, out: Path, **changes) -> Packed:
    out.mkdir()
    faces.prepare(block(**changes), {"face": face, "ffhq": raw}, out)
    return Packed.open(out)


@pytest.mark.parametrize(("index", "folder"), [(0, "00000"), (999, "00000"), (1000, "01000"), (69999, "69000")])
def test_a_thousand_photos_share_a_folder(index, folder):
    assert image_name(index) == f"images1024x1024/{folder}/{index:05d}.png"
    assert label_name(index) == f"labels/{index:05d}.png"


@pytest.mark.parametrize("order", ["celebamask", "bisenet"])
def test_a_label_map_means_its_own_order(order, tmp_path):
    """One pixel a part: exactly the twelve face parts are face; ear rings are not, whatever their number."""
    listed = {"celebamask": PARTS, "bisenet": BISENET_PARTS}[order]
    labels = np.arange(19, dtype=np.uint8)[None].repeat(19, 0)
    root = tmp_path / "raw"
    for name, content in ((image_name(3), labels), (label_name(3), labels)):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(content).save(root / name)
    (root / "ffhq-dataset-v2.json").write_text('{"3": {"category": "training"}}')
    reader = FFHQ.open(RawFolder.open(root))
    found = reader.face_mask(3, order)[0]
    assert {listed[label - 1] for label in np.flatnonzero(found)} == set(FACE_PARTS)
    other = reader.face_mask(3, "bisenet" if order == "celebamask" else "celebamask")[0]
    assert not np.array_equal(found, other), "the orders cannot be taken for each other"
    assert (reader.image_names(), reader.categories()) == (({3: image_name(3)}, []), {3: "training"})


def test_both_orders_of_one_drawing_give_one_face(tmp_path, face, raw):
    drawn(tmp_path / "official", label_order="celebamask")
    one = joined(face, raw, tmp_path / "one")
    other = joined(face, tmp_path / "official", tmp_path / "other", label_order="celebamask")
    assert one.keys == other.keys and np.array_equal(one.masks, other.masks)
    wrong = joined(face, raw, tmp_path / "wrong", label_order="celebamask")
    both = (
        [wrong.keys.index(key) for key in one.keys if key in wrong.keys],
        [one.keys.index(k) for k in one.keys if k in wrong.keys],
    )
    assert not np.array_equal(wrong.masks[both[0]], one.masks[both[1]])


def test_the_joined_set_keeps_the_faces_and_adds_training_items(face, raw, tmp_path):
    before, after = Packed.open(face), joined(face, raw, tmp_path / "joined")
    assert after.card["name"] == "face" and after.keys[:4] == before.keys
    assert np.array_equal(after.images[:4], before.images) and np.array_equal(after.masks[:4], before.masks)
    assert after.positions("evaluation").tolist() == before.positions("evaluation").tolist() == [1]
    assert after.column("split").tolist() == ["train", "test", "train", "val", *["train"] * (len(after) - 4)]
    assert after.column("identity").tolist() == [0, 1, -1, 0, *[-1] * (len(after) - 4)]
    assert all(key.startswith("ffhq_") for key in after.keys[4:]) and after.card["facts"]["ffhq"] == len(after) - 4
    digest = hashlib.sha256((raw / after.column("source")[4]).read_bytes()).hexdigest()
    assert after.column("digest")[4] == digest


def test_every_bad_photo_is_listed_with_its_reason(face, raw, tmp_path):
    made = drawn(tmp_path / "again")
    after = joined(face, raw, tmp_path / "joined")
    rejects = read_table(tmp_path / "joined" / "rejects.parquet")
    reasons = dict(zip(rejects["key"], rejects["reason"], strict=True))
    places = drawing.indices(made)
    for number, index in enumerate(places):
        fault = planted_faults("ffhq", made.images, made.faults).get(number)
        key = f"ffhq_{index:05d}"
        if fault is not None and fault.kind == "strange_name":
            key = image_name(index).replace(f"{index:05d}.png", f"{index}.png")
        expected = "category" if number < made.validation else fault.reason if fault else ""
        assert reasons.get(key, "") == expected, (key, fault)
        assert (key in after.keys) == (not expected)


def test_validation_photos_join_where_they_are_asked_for(face, raw, tmp_path):
    fewer, more = (
        joined(face, raw, tmp_path / "a"),
        joined(face, raw, tmp_path / "b", categories=["training", "validation"]),
    )
    assert len(more) - len(fewer) == 2 and "ffhq_60000" in more.keys


def test_without_ffhq_the_set_is_the_faces(face, tmp_path):
    absent = tmp_path / "absent"
    absent.mkdir()
    note_absence("ffhq", absent)
    alone = joined(face, absent, tmp_path / "alone", use_ffhq=False)
    assert alone.keys == Packed.open(face).keys and alone.card["facts"]["ffhq"] == 0
    with pytest.raises(FileNotFoundError, match=r"use_ffhq is true, but supply\.ffhq"):
        joined(face, absent, tmp_path / "wanted")


def test_a_folder_of_another_form_is_refused_with_the_layout(tmp_path, face):
    (tmp_path / "raw" / "images1024x1024" / "00000").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="labels/<i"):
        FFHQ.open(RawFolder.open(tmp_path / "raw"))
    (tmp_path / "raw" / "images1024x1024" / "00000" / "00000.png").write_bytes(b"x")
    (tmp_path / "raw" / "ffhq-dataset-v2.json").write_text(json.dumps([1]))
    with pytest.raises(ValueError, match="category"):
        FFHQ.open(RawFolder.open(tmp_path / "raw")).categories()


def test_faces_of_another_side_and_too_few_photos_stop(face, raw, tmp_path):
    with pytest.raises(ValueError, match=r"faces\.size_px"):
        joined(face, raw, tmp_path / "a", size_px=64)
    with pytest.raises(ValueError, match=r"faces \(ffhq\): expected at least 1000"):
        joined(face, raw, tmp_path / "b", minimum_kept=1000)


def test_drawing_is_a_function_of_its_seed(raw, tmp_path):
    drawn(tmp_path / "again")
    drawn(tmp_path / "other", seed=2)
    names = sorted(path.relative_to(raw) for path in raw.rglob("*.png"))
    assert all((raw / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in names)
    assert any((raw / name).read_bytes() != (tmp_path / "other" / name).read_bytes() for name in names)
    with Image.open(io.BytesIO((raw / names[0]).read_bytes())) as image:
        assert image.mode == "RGB" and image.size == (256, 256)
