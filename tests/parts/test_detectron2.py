"""The detectron2 adapter against a stand-in with the library's published interface, and its checkpoint reader."""

import collections
import hashlib
import importlib.util
import io
import os
import pickle
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from stages.data.detections import Detections, write_detections
from stages.teachers.detectors import arrays
from stages.teachers.detectors.detectron2_detector import Detectron2Detector, fill

ZOO = "COCO-InstanceSegmentation/mask_rcnn_X_101_32x8d_FPN_3x.yaml"


class Instances:
    """detectron2.structures.Instances as far as a caller sees it."""

    def __init__(self, height: int, width: int):
        masks = torch.zeros(3, height, width, dtype=torch.bool)
        masks[0, 10:30, 20:50] = masks[1, :5, :5] = masks[2, 0, 0] = True
        boxes = torch.tensor([[20.0, 10, 50, 30], [0, 0, 5, 5], [0, 0, 1, 1]])
        self.pred_boxes, self.pred_masks = SimpleNamespace(tensor=boxes), masks
        self.scores, self.pred_classes = torch.tensor([0.9, 0.6, 0.3]), torch.tensor([14, 7, 2])

    def to(self, device: str) -> "Instances":
        assert device == "cpu"
        return self


class Net(torch.nn.Module):
    """Takes and gives what a detectron2 model takes and gives: lists of dictionaries."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(2, 3))
        self.calls: list[list[dict]] = []

    def forward(self, inputs):
        assert not self.training and not torch.is_grad_enabled()
        self.calls.append(inputs)
        return [{"instances": Instances(item["height"], item["width"])} for item in inputs]


class Shortest:
    """ResizeShortestEdge: the shorter side to a length, unless the longer one would pass its limit."""

    def __init__(self, lengths, longest):
        self.length, self.longest = lengths[0], longest

    def get_transform(self, image):
        scale = min(self.length / min(image.shape[:2]), self.longest / max(image.shape[:2]))
        size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
        resized = lambda pixels: np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(size))  # noqa: E731
        return SimpleNamespace(apply_image=resized)


@pytest.fixture
def library(monkeypatch):
    """The stand-in under the library's module names; gives the configuration and the network it will build."""
    net, merged = Net(), []
    config = SimpleNamespace(
        MODEL=SimpleNamespace(ROI_HEADS=SimpleNamespace(SCORE_THRESH_TEST=0.05), DEVICE="cuda", WEIGHTS="some.pkl"),
        INPUT=SimpleNamespace(MIN_SIZE_TEST=80, MAX_SIZE_TEST=133, FORMAT="BGR"),
        DATASETS=SimpleNamespace(TRAIN=("coco_2017_train",), TEST=("coco_2017_val",)),
        merge_from_file=merged.append,
    )
    names = [f"class {place}" for place in range(80)]
    names[2], names[7], names[14] = "car", "truck", "bird"
    known = {"coco_2017_train": SimpleNamespace(thing_classes=names)}
    catalog = SimpleNamespace(get=known.__getitem__)
    contents = {
        "detectron2": {},
        "detectron2.model_zoo": {"get_config_file": lambda name: f"/zoo/{name}"},
        "detectron2.config": {"get_cfg": lambda: config},
        "detectron2.data": {"MetadataCatalog": catalog},
        "detectron2.data.transforms": {"ResizeShortestEdge": Shortest},
        "detectron2.modeling": {"build_model": lambda given: net if given is config else None},
    }
    for name, content in contents.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    sys.modules["detectron2"].model_zoo = sys.modules["detectron2.model_zoo"]
    return SimpleNamespace(net=net, config=config, merged=merged)


def checkpoint(path: Path, content: object) -> str:
    path.write_bytes(pickle.dumps(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def photo(height: int, width: int) -> bytes:
    stream, pixels = io.BytesIO(), np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = 200  # red
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def opened(library, tmp_path, batch: int = 2) -> Detectron2Detector:
    weights = {"weight": np.arange(6, dtype=np.float32).reshape(2, 3), "beside": np.zeros(1)}
    digest = checkpoint(tmp_path / "model.pkl", {"model": weights, "__author__": "someone"})
    return Detectron2Detector(ZOO, tmp_path / "model.pkl", digest, 0.5, batch, "cpu")


def test_configuration_comes_from_the_zoo_and_weights_from_the_file(library, tmp_path):
    detector = opened(library, tmp_path)
    assert library.merged == [f"/zoo/{ZOO}"]
    assert (library.config.MODEL.ROI_HEADS.SCORE_THRESH_TEST, library.config.MODEL.DEVICE) == (0.5, "cpu")
    assert library.config.MODEL.WEIGHTS == "", "the library must fetch nothing"
    assert library.net.weight.flatten().tolist() == [0, 1, 2, 3, 4, 5]
    assert detector.facts["source"] == "detectron2" and detector.facts["model"] == ZOO


def test_instances_carry_names_scores_boxes_and_masks(library, tmp_path):
    [(key, found)] = opened(library, tmp_path).find([("a", photo(90, 120))])
    assert (key, found.width, found.height) == ("a", 120, 90)
    assert [(i.class_name, round(i.score, 3)) for i in found.instances] == [("bird", 0.9), ("truck", 0.6)]
    assert found.instances[0].box == (20, 10, 50, 30) and found.instances[0].area == 20 * 30
    assert found.instances[0].mask[10:30, 20:50].all()


def test_inputs_are_resized_reversed_and_batched(library, tmp_path):
    files = [(name, photo(100, 200) if name == "c" else photo(100, 150)) for name in "abc"]
    assert [key for key, _ in opened(library, tmp_path).find(files)] == ["a", "b", "c"]
    assert [len(call) for call in library.net.calls] == [2, 1]
    first, last = library.net.calls[0][0], library.net.calls[1][0]
    assert first["image"].shape == (3, 80, 120) and first["image"].dtype == torch.float32
    assert last["image"].shape == (3, 66, 133), "the longer side ends at its limit"
    assert (first["height"], first["width"]) == (100, 150)
    assert first["image"][2].mean() == 200 and first["image"][0].mean() == 0, "BGR: red comes last"


def test_only_inputs_of_one_size_go_in_together_and_the_order_stays(library, tmp_path):
    sizes = [(90, 120), (120, 90), (180, 240), (100, 200), (240, 180), (90, 120)]
    files = [(str(place), photo(*size)) for place, size in enumerate(sizes)]
    found = list(opened(library, tmp_path).find(files))
    assert [key for key, _ in found] == list("012345")
    assert [(one.height, one.width) for _, one in found] == sizes
    shapes = [[tuple(item["image"].shape[1:]) for item in call] for call in library.net.calls]
    assert shapes == [[(80, 107)] * 2, [(80, 107)], [(107, 80)] * 2, [(66, 133)]]


def real_detector(tmp_path, batch: int = 2) -> Detectron2Detector:
    """The library's own network with fresh weights, where it is installed."""
    from detectron2 import model_zoo  # pyright: ignore[reportMissingImports]
    from detectron2.modeling import build_model  # pyright: ignore[reportMissingImports]
    from safetensors.torch import save_file

    small = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml"
    # Not model_zoo.get(trained=False), which fetches the backbone's weights.
    config = model_zoo.get_config(small, trained=False)
    config.MODEL.WEIGHTS, config.MODEL.DEVICE = "", "cpu"
    net = build_model(config)
    path = tmp_path / "fresh.safetensors"
    save_file({name: value.contiguous() for name, value in net.state_dict().items()}, path)
    return Detectron2Detector(small, path, hashlib.sha256(path.read_bytes()).hexdigest(), 0.0, batch, "cpu")


@pytest.mark.skipif(
    importlib.util.find_spec("detectron2") is None, reason="detectron2 is not installed (envs/detectron2.yaml)"
)
def test_what_is_found_in_a_photo_does_not_depend_on_its_neighbours(tmp_path):
    """The real library with fresh weights: photos of two sizes, in batches and one by one."""
    files = [(str(place), photo(*size)) for place, size in enumerate([(90, 120), (120, 90), (90, 120)])]
    together, alone = (dict(real_detector(tmp_path, batch).find(files)) for batch in (3, 1))
    for key, found in alone.items():
        assert [one.score for one in together[key].instances] == pytest.approx([one.score for one in found.instances])


@pytest.mark.parametrize("kind", ["stand_in", "detectron2"])
def test_what_any_detector_behind_the_adapter_gives(kind, request, tmp_path):
    """Names, scores, boxes and masks of the photo's size, in the order of the photos, through the table and back."""
    if kind == "stand_in":
        detector = opened(request.getfixturevalue("library"), tmp_path)
    elif importlib.util.find_spec("detectron2") is None:
        pytest.skip("detectron2 is not installed (envs/detectron2.yaml)")
    else:
        detector = real_detector(tmp_path)
    assert [detector.classes[place] for place in (2, 7, 14)] == ["car", "truck", "bird"] and len(detector.classes) == 80
    assert set(detector.facts) == {"source", "model", "digest", "threshold"}
    sizes = {"a": (90, 120), "b": (120, 90), "c": (100, 160)}
    (tmp_path / "table").mkdir()
    found = dict(detector.find((name, photo(*size)) for name, size in sizes.items()))
    assert list(found) == list(sizes)
    write_detections(tmp_path / "table", found.items(), detector.facts)
    table = Detections(tmp_path / "table")
    assert kind != "stand_in" or all(len(entry.instances) == 2 for entry in found.values())
    for name, (height, width) in sizes.items():
        assert (table[name].width, table[name].height) == (width, height)
        scores = [instance.score for instance in table[name].instances]
        assert scores == sorted(scores, reverse=True) and len(scores) == len(found[name].instances)
        for instance in table[name].instances:
            assert instance.class_name in detector.classes and detector.threshold <= instance.score <= 1
            assert instance.mask.shape == (height, width) and instance.mask.sum() == instance.area > 0
            x1, y1, x2, y2 = instance.box
            assert 0 <= x1 <= x2 <= width and 0 <= y1 <= y2 <= height


def test_without_the_library_the_message_names_its_environment(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "detectron2", None)
    with pytest.raises(ModuleNotFoundError, match=r"envs/detectron2\.yaml"):
        Detectron2Detector(ZOO, tmp_path / "none.pkl", "", 0.5, 2, "cpu")


def test_weights_must_be_there_the_same_and_whole(tmp_path):
    with pytest.raises(FileNotFoundError, match="detectron2_file"):
        fill(Net(), "r50", tmp_path / "none.pkl", "")
    checkpoint(tmp_path / "model.pkl", {"model": {"weight": np.zeros((2, 3))}})
    with pytest.raises(ValueError, match="into the parameters under detectron2_sha256"):
        fill(Net(), "r50", tmp_path / "model.pkl", "0" * 64)
    for name, told in (("bias", "all 1 names missing"), ("weight", "1 of another shape")):
        digest = checkpoint(tmp_path / "model.pkl", {"model": {name: np.zeros((3, 2))}})
        with pytest.raises(ValueError, match=rf"key detectron2_file: .* does not fit detectron2's r50: .*{told}"):
            fill(Net(), "r50", tmp_path / "model.pkl", digest)


def test_safetensors_are_read_too(tmp_path):
    from safetensors.numpy import save_file

    save_file({"weight": np.ones((2, 3), np.float32), "more": np.ones(1)}, tmp_path / "model.pkl")
    digest = hashlib.sha256((tmp_path / "model.pkl").read_bytes()).hexdigest()
    net = Net()
    assert fill(net, "r50", tmp_path / "model.pkl", digest.upper()) == digest and net.weight.sum() == 6


def test_checkpoints_of_arrays_are_read_exactly(tmp_path):
    arrays_in = collections.OrderedDict(a=np.arange(4.0), b=np.ones((2, 2), np.float32))
    for protocol in (0, 2, 4):
        (tmp_path / "model.pkl").write_bytes(pickle.dumps({"model": arrays_in, "__author__": "x"}, protocol))
        found = arrays.read_arrays(tmp_path / "model.pkl")
        assert list(found) == ["a", "b"] and all(np.array_equal(found[name], arrays_in[name]) for name in found)


class Hostile:
    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_checkpoint_that_asks_for_code_is_refused_unrun(tmp_path):
    checkpoint(tmp_path / "model.pkl", {"model": {"weight": Hostile(tmp_path / "made")}})
    with pytest.raises(ValueError, match="mkdir"):
        arrays.read_arrays(tmp_path / "model.pkl")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("content", [{"state": {}}, [1, 2], {"model": {"a": "text"}}, {"model": [np.zeros(1)]}])
def test_a_checkpoint_of_another_form_is_refused(tmp_path, content):
    checkpoint(tmp_path / "model.pkl", content)
    with pytest.raises(ValueError, match="model"):
        arrays.read_arrays(tmp_path / "model.pkl")


def test_a_cut_checkpoint_is_refused(tmp_path):
    checkpoint(tmp_path / "model.pkl", {"model": {"a": np.zeros(100)}})
    (tmp_path / "model.pkl").write_bytes((tmp_path / "model.pkl").read_bytes()[:60])
    with pytest.raises(ValueError, match="refused"):
        arrays.read_arrays(tmp_path / "model.pkl")
