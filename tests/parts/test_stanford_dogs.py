"""Stanford Dogs in its official layout, made by hand: lists, boxes, and annotations that are none."""

import numpy as np
import pytest
from scipy.io import savemat

from stages.data.boxed import READERS, box_of
from stages.data.raw import RawFolder
from stages.data.stanford_dogs import read_box, read_dogs
from tests.parts.raw_fixtures import flat, jpeg, put

CHIHUAHUA, SALUKI = "n02085620-Chihuahua", "n02091831-Saluki"
FILES = {"train": [(CHIHUAHUA, 5927, 1), (SALUKI, 10, 2)], "test": [(CHIHUAHUA, 7, 1)]}
XML = """<annotation>
	<folder>02085620</folder>
	<filename>%s</filename>
	<source>
		<database>ImageNet database</database>
	</source>
	<size>
		<width>30</width>
		<height>20</height>
		<depth>3</depth>
	</size>
	<segment>0</segment>
	<object>
		<name>Chihuahua</name>
		<pose>Unspecified</pose>
		<truncated>0</truncated>
		<bndbox>
			<xmin>25</xmin>
			<ymin>10</ymin>
			<xmax>28</xmax>
			<ymax>14</ymax>
		</bndbox>
	</object>
	<object>
		<name>Chihuahua</name>
		<bndbox>
			<xmin>3</xmin>
			<ymin>4</ymin>
			<xmax>20</xmax>
			<ymax>16</ymax>
		</bndbox>
	</object>
</annotation>
"""


def cells(texts):
    table = np.empty((len(texts), 1), object)
    table[:, 0] = texts
    return table


def dogs(root, lists="lists"):
    for split, rows in FILES.items():
        paths = [f"{folder}/{folder.split('-')[0]}_{number}" for folder, number, _ in rows]
        for path in paths:
            put(root / f"Images/{path}.jpg", jpeg(flat(20, 30)))
            put(root / f"Annotation/{path}", XML % path.split("/")[1])
        (root / lists).mkdir(exist_ok=True)
        content = {"file_list": cells([f"{path}.jpg" for path in paths]), "annotation_list": cells(paths)}
        labels = np.array([label for *_, label in rows], np.float64)[:, None]
        savemat(root / lists / f"{split}_list.mat", content | {"labels": labels})
    return root


@pytest.mark.parametrize("lists", ["lists", ""])
def test_lists_boxes_and_labels_from_zero(tmp_path, lists):
    raw = RawFolder.open(dogs(tmp_path, lists))
    classes, found = read_dogs(raw)
    assert classes == [CHIHUAHUA, SALUKI]
    assert [(dog.name, dog.class_id, dog.split) for dog in found] == [
        (f"Images/{CHIHUAHUA}/n02085620_5927.jpg", 0, "train"),
        (f"Images/{CHIHUAHUA}/n02085620_7.jpg", 0, "test"),
        (f"Images/{SALUKI}/n02091831_10.jpg", 1, "train"),
    ]
    assert read_box(raw, found[0].annotation) == (3, 4, 20, 16), "the largest, which is not the first"
    _, items = READERS["dog_boxes"](raw)
    assert items[0].key == f"{CHIHUAHUA}/n02085620_5927.jpg"
    assert box_of(raw, items[0]) == (3, 4, 20, 16)


def test_what_lies_beside_the_layout_is_not_read_as_the_set(tmp_path):
    root = dogs(tmp_path)
    put(root / f"masks/Images/{CHIHUAHUA}/n02085620_7.png", b"x")
    put(root / "backgrounds/Images/a/b.jpg", b"x")
    assert len(READERS["dog_boxes"](RawFolder.open(root))[1]) == 3


def test_a_missing_annotation_and_one_without_object(tmp_path):
    root = dogs(tmp_path)
    place = f"Annotation/{CHIHUAHUA}/n02085620_7"
    put(root / place, "<annotation><size><width>30</width></size></annotation>")
    assert read_box(RawFolder.open(root), place) is None
    (root / place).unlink()
    raw = RawFolder.open(root)
    item = next(item for item in READERS["dog_boxes"](raw)[1] if item.key.endswith("_7.jpg"))
    assert item.annotation == "" and box_of(raw, item) is None


BOMB = '<!DOCTYPE a [<!ENTITY b "1234567890"><!ENTITY c "&b;&b;&b;&b;">]>'


@pytest.mark.parametrize(
    ("content", "came"),
    [
        (BOMB + XML % "&c;", "a DOCTYPE"),
        ((BOMB + XML % "x").encode("utf-16"), "a DOCTYPE"),
        ((XML % "x")[:300], "no element found|unclosed"),
        ((XML % "x").replace("<xmin>3</xmin>", ""), "could not convert"),
        ((XML % "x").replace("<xmin>3<", "<xmin>30<"), "a box"),
        ((XML % "x").replace("<xmin>3<", "<xmin>nan<"), "not finite"),
        ("n02085620_7", "syntax error|not well-formed"),
        ("", "no element found"),
        ("<annotation>" + " " * (1 << 20) + "</annotation>", "bytes"),
    ],
)
def test_damaged_annotations_stop_with_their_name(tmp_path, content, came):
    place = put(tmp_path / "Annotation/a/b", content)
    with pytest.raises(ValueError, match=f"{place}: expected XML without DOCTYPE.*({came})"):
        read_box(RawFolder.open(tmp_path), "Annotation/a/b")


def test_lists_that_contradict_each_other_stop(tmp_path):
    root = dogs(tmp_path)
    paths = [f"{CHIHUAHUA}/n02085620_5927"]
    for files, label, came in (
        (paths, 1, "no list has yet"),
        ([f"{SALUKI}/x"], 1, "one class"),
        (paths, 0, "labels from"),
    ):
        content = {"file_list": cells([f"{path}.jpg" for path in files]), "annotation_list": cells(files)}
        savemat(root / "lists/test_list.mat", content | {"labels": np.array([[float(label)]])})
        with pytest.raises(ValueError, match=rf"test_list\.mat.*{came}"):
            read_dogs(RawFolder.open(root))
    savemat(root / "lists/test_list.mat", {"labels": np.array([[1.0]])})
    with pytest.raises(ValueError, match=r"expected file_list, annotation_list, labels, came \['labels'\]"):
        read_dogs(RawFolder.open(root))


def test_labels_must_run_from_one(tmp_path):
    root = dogs(tmp_path)
    content = {"file_list": cells(["n03-C/x.jpg"]), "annotation_list": cells(["n03-C/x"])}
    savemat(root / "lists/test_list.mat", content | {"labels": np.array([[4.0]])})
    with pytest.raises(ValueError, match="expected labels 1 to N"):
        read_dogs(RawFolder.open(root))
