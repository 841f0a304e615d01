"""The detections of all three sources: what they find, what they refuse, and that each comes out in one form."""

import base64
import hashlib
import importlib
import io
import json
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from stages import detect as verb
from stages.data.detection_records import read_records
from stages.data.detections import Detections, read_facts
from stages.data.instances import encode_mask
from stages.data.raw import RawFolder
from stages.draw.scenes import lsun_bird, lsun_car
from stages.engine.session import Session
from stages.engine.world import World
from stages.runner import params
from stages.runner.exits import BAD_PARAMS, StageFailure
from stages.runner.layers import layer, merge, validate
from stages.teachers import detector as teacher
from stages.teachers.detectors import network, precomputed
from stages.teachers.detectors.found import Block, in_batches, to_detections
from stages.teachers.detectors.torchvision_detector import TorchvisionDetector
from tests.conftest import ROOT


def layers(name: str, profile: str) -> dict:
    found = layer(params.load(ROOT), name)
    return found["base"] | found["profile"][profile]


def block_of(profile: str = "smoke", **changes) -> Block:
    return Block.model_validate_json(json.dumps(layers("detect", profile) | changes))


def teacher_of(profile: str = "smoke", **changes) -> teacher.Block:
    return teacher.Block.model_validate_json(json.dumps(layers("teacher.detector", profile) | changes))


def draw(folder, images: int):
    for name, module in (("lsun_bird", lsun_bird), ("lsun_car", lsun_car)):
        (folder / name).mkdir()
        keys = layers(f"supply.{name}", "demo") | layers(f"raw.{name}", "demo") | {"images": images}
        module.draw(module.Block.model_validate_json(json.dumps(keys)), folder / name)
    return folder


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("drawn"), 8)


def png(value: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(value).save(stream, "PNG")
    return stream.getvalue()


def run(tmp_path, block: Block, name: str, **inputs):
    fields = {"block": block, "inputs": inputs, "out": tmp_path, "gpus": 0, "resume": tmp_path / "resume"}
    job = SimpleNamespace(choices={"set": name}, advance=lambda *_: None, deferred_stop=nullcontext, **fields)
    verb.detect(job)
    return Detections(tmp_path), read_facts(tmp_path)


# Precomputed


@pytest.fixture
def listed(tmp_path):
    """A raw folder of three photos: one with an rle and a png instance, one with none, one too small."""
    raw, mask = tmp_path / "raw", np.zeros((450, 600), bool)
    raw.mkdir()
    mask[100:200, 50:80] = True
    counts, height, width = encode_mask(mask)
    masked = base64.b64encode(png(mask.astype(np.uint8) * 255)).decode()
    code, box = {"size": [height, width], "counts": counts}, [50, 100, 80, 200]
    whole = {"class": "bird", "score": 0.9, "box": box, "rle": code}
    weak = {"class": "person", "score": 0.4, "box": box, "png": masked}
    records = [("a" * 40, [whole, weak]), ("b" * 40, []), ("c" * 40, [])]
    lines = [json.dumps({"key": key, "width": 600, "height": 450, "instances": found}) for key, found in records]
    (raw / "detections.jsonl").write_text("\n".join(lines) + "\n")
    for key, size in (("a" * 40, (600, 450)), ("b" * 40, (600, 450)), ("c" * 40, (500, 400))):
        (raw / f"{key}.png").write_bytes(png(np.zeros((size[1], size[0], 3), np.uint8)))
    return raw


def test_precomputed_records_pass_by_threshold_and_size(listed, tmp_path):
    found, facts = run(tmp_path, block_of(), "lsun_bird", raw=listed)
    assert sorted(found) == ["a" * 40, "b" * 40], "the small photo is left out unseen"
    assert [i.class_name for i in found["a" * 40].instances] == ["bird"] and not found["b" * 40].instances
    assert found["a" * 40].instances[0].mask.sum() == 100 * 30
    digest = hashlib.sha256((listed / "detections.jsonl").read_bytes()).hexdigest()
    assert facts["digest"] == digest and facts["source"] == "precomputed" and facts["threshold"] == 0.5
    assert facts["counts"] == {"images": 2, "instances": {"bird": 1}, "without_instance": 1}


def test_precomputed_png_masks_equal_rle_masks(listed, tmp_path):
    found, _ = run(tmp_path, block_of(threshold=0.3), "lsun_bird", raw=listed)
    first, second = found["a" * 40].instances
    assert second.class_name == "person" and np.array_equal(first.mask, second.mask)


def test_precomputed_refuses_a_key_that_comes_twice(listed):
    line = (listed / "detections.jsonl").read_text().splitlines()[0]
    (listed / "detections.jsonl").write_text(line + "\n" + line + "\n")
    source = precomputed.open_detector(block_of(), RawFolder.open(listed), None, "cpu")
    with pytest.raises(ValueError, match="two for key"):
        list(source.find([("a" * 40, b"")]))


def test_precomputed_without_its_file_says_so(listed, tmp_path):
    (listed / "detections.jsonl").unlink()
    with pytest.raises(FileNotFoundError, match=r"detections\.jsonl"):
        run(tmp_path, block_of(), "lsun_bird", raw=listed)


def test_an_unknown_source_is_refused_by_name(listed, tmp_path):
    with pytest.raises(ValueError, match=r"source.*precomputed.*'guess'"):
        run(tmp_path, block_of(source="guess"), "lsun_bird", raw=listed)


def test_drawn_records_come_through_whole(drawn, tmp_path):
    found, facts = run(tmp_path, block_of(), "lsun_car", raw=drawn / "lsun_car")
    exact = dict(read_records(drawn / "lsun_car" / "detections.jsonl"))
    assert 8 <= len(found) < len(exact) and facts["counts"]["images"] == len(found)
    for key, image in found.items():
        assert (image.width, image.height) == (exact[key].width, exact[key].height)
        assert {i.rle for i in image.instances} == {i.rle for i in exact[key].instances}


# What all sources share


def test_batches_skip_what_does_not_decode():
    good = png(np.full((4, 5, 3), 7, np.uint8))
    files = [("a", good), ("b", b""), ("c", good[:30]), ("d", good), ("e", good)]
    batches = list(in_batches(iter(files), 2))
    assert [[key for key, _ in batch] for batch in batches] == [["a", "d"], ["e"]]
    assert batches[0][0][1].shape == (4, 5, 3)


def test_weak_and_empty_instances_are_left_out():
    masks = np.zeros((3, 4, 5), bool)
    masks[0, 1, 1] = masks[1, 2, 2] = True
    scores = np.array([0.5, 0.49, 0.9])
    found = to_detections(np.zeros((4, 5, 3)), ["bird", "car", "truck"], scores, np.zeros((3, 4)), masks, 0.5)
    assert [i.class_name for i in found.instances] == ["bird"] and (found.width, found.height) == (5, 4)


# torchvision


@pytest.fixture(scope="module")
def taught(drawn, tmp_path_factory):
    out = tmp_path_factory.mktemp("detector")
    teach(teacher_of(), drawn, out, tmp_path_factory.mktemp("resume"))
    return out


def teach(block, drawn, out, resume):
    inputs = {name: drawn / name for name in ("lsun_bird", "lsun_car")}
    teacher.teach(block, inputs, Session(World.single(), out, resume, lambda: False, lambda *_: None))


def test_teaching_twice_gives_the_same_bytes(drawn, taught, tmp_path):
    for name in ("again", "resume"):
        (tmp_path / name).mkdir()
    teach(teacher_of(), drawn, tmp_path / "again", tmp_path / "resume")
    for name in ("detector.json", "weights.safetensors", "curve.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (taught / name).read_bytes(), name


def test_a_stopped_teaching_goes_on_to_the_same_bytes(drawn, taught, tmp_path):
    from stages.engine.state import Interrupted

    for name in ("again", "resume"):
        (tmp_path / name).mkdir()
    inputs, calls = {name: drawn / name for name in ("lsun_bird", "lsun_car")}, iter((False, True))
    with pytest.raises(Interrupted):
        session = Session(World.single(), tmp_path / "again", tmp_path / "resume", lambda: next(calls), print)
        teacher.teach(teacher_of(), inputs, session)
    teach(teacher_of(), drawn, tmp_path / "again", tmp_path / "resume")
    assert (tmp_path / "again" / "weights.safetensors").read_bytes() == (taught / "weights.safetensors").read_bytes()


def test_examples_hold_the_exact_instances_shrunk(drawn):
    block = teacher_of()
    for image, target in teacher.read_examples(block, drawn / "lsun_bird"):
        assert min(image.shape[1:]) == block.min_side_px or max(image.shape[1:]) == block.max_side_px
        assert image.min() >= 0 and image.max() <= 1
        assert len(target["labels"]) and target["masks"].shape[1:] == image.shape[1:]
        for box, mask in zip(target["boxes"].int().tolist(), target["masks"], strict=True):
            outside = mask.clone()
            outside[box[1] : box[3], box[0] : box[2]] = 0
            inside = mask[box[1] : box[3], box[0] : box[2]]
            assert not outside.any()
            assert all(edge.any() for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1])), "the box is tight"


def test_a_class_that_the_detector_does_not_know_is_refused(drawn):
    with pytest.raises(ValueError, match="key classes"):
        list(teacher.read_examples(teacher_of(classes=["__background__", "boat"]), drawn / "lsun_car"))


def test_norms_are_plain_and_learn():
    sizes = {"classes": 3, "width": 8, "anchors_px": [16, 40, 80], "proposals": 8, "side_px": [96, 160]}
    net = network.build(network.NARROW, sizes)
    norms = [module for module in net.modules() if type(module).__name__.endswith("Norm2d")]
    assert norms and all(type(norm) is torch.nn.BatchNorm2d and norm.weight.requires_grad for norm in norms)


def test_shrink_keeps_the_shape_within_both_limits():
    assert network.shrink(np.zeros((400, 600, 3), np.uint8), (100, 200)).shape == (100, 150, 3)
    assert network.shrink(np.zeros((600, 200, 3), np.uint8), (100, 150)).shape == (150, 50, 3)


def test_found_instances_lie_in_the_image_and_not_in_the_batch(taught):
    net, facts = network.load(taught)
    net.roi_heads.score_thresh = 0.0
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, size, np.uint8) for size in ((120, 180, 3), (200, 100, 3))]
    together = network.detect(net, images)
    for image, found in zip(images, together, strict=True):
        height, width = image.shape[:2]
        assert found["masks"].shape[2:] == (height, width) and len(found["boxes"])
        assert (found["boxes"] >= 0).all() and (found["boxes"] <= torch.tensor([width, height] * 2) + 1e-3).all()
    assert facts["classes"] == ["__background__", "person", "bird", "car", "truck"]


def test_what_is_found_in_a_photo_does_not_depend_on_its_neighbours(taught):
    """Photos of four sizes in one batch, and each alone, with every box that the network proposes."""
    random = np.random.default_rng(0)
    sizes = ((120, 180, 3), (200, 100, 3), (60, 90, 3), (128, 128, 3), (100, 200, 3), (120, 180, 3))
    images = [random.integers(0, 256, size, np.uint8) for size in sizes]
    files = [(str(place), png(image)) for place, image in enumerate(images)]
    found = {
        batch: list(TorchvisionDetector(taught, 0.0, batch, "cpu").find(iter(files))) for batch in (1, 2, len(images))
    }
    for batch, them in found.items():
        assert [key for key, _ in them] == [key for key, _ in files]
        for (_, one), (_, alone) in zip(them, found[1], strict=True):
            assert [i.class_name for i in one.instances] == [i.class_name for i in alone.instances], batch
            scores = [i.score for i in alone.instances]
            assert scores and [i.score for i in one.instances] == pytest.approx(scores, abs=1e-5)


def test_the_taught_detector_serves_the_verb(drawn, taught, tmp_path):
    block = block_of(source="torchvision", threshold=0.2)
    found, facts = run(tmp_path, block, "lsun_bird", raw=drawn / "lsun_bird", detector=taught)
    digest = hashlib.sha256((taught / "weights.safetensors").read_bytes()).hexdigest()
    assert facts["digest"] == digest and (facts["source"], facts["model"]) == ("torchvision", "narrow")
    assert found and all(i.score >= 0.2 for image in found.values() for i in image.instances)


def test_a_source_without_its_folder_is_refused(drawn, tmp_path):
    with pytest.raises(ValueError, match="--in detector"):
        run(tmp_path, block_of(source="torchvision"), "lsun_bird", raw=drawn / "lsun_bird")
    with pytest.raises(FileNotFoundError, match=r"detector\.json"):
        run(tmp_path, block_of(source="torchvision"), "lsun_bird", raw=drawn / "lsun_bird", detector=tmp_path)


def test_a_profile_without_a_detector_leaves_a_note(tmp_path):
    teacher.teach(teacher_of("paper"), {}, Session(World.single(), tmp_path, tmp_path, lambda: False, print))
    assert [path.name for path in tmp_path.iterdir()] == ["not_run.json"]


@pytest.mark.slow
def test_torchvisions_published_form_is_converted_from_a_file(tmp_path):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        state = network.build(network.PUBLISHED, {}).state_dict()
    torch.save(state, tmp_path / "weights.pth")
    digest = hashlib.sha256((tmp_path / "weights.pth").read_bytes()).hexdigest()
    (tmp_path / "out").mkdir()
    block = teacher_of("lite", file=str(tmp_path / "weights.pth"), sha256=digest)
    teacher.teach(block, {}, Session(World.single(), tmp_path / "out", tmp_path, lambda: False, print))
    net, facts = network.load(tmp_path / "out")
    assert [facts["classes"][place] for place in (3, 8, 16)] == ["car", "truck", "bird"]
    assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())
    with pytest.raises(ValueError, match="sha256"):
        teacher.teach(
            teacher_of("lite", file=block.file), {}, Session(World.single(), tmp_path / "out", tmp_path, bool, print)
        )


@pytest.mark.parametrize("name", ["lsun_bird", "lsun_car", "stanford_cars"])
def test_masks_of_ones_own_are_refused_before_a_set_that_takes_none_is_read(name):
    names = ("detect.base", f"detect.data.{name}")
    merged = merge(params.load(ROOT), names) | {"source": "masks"}
    block = importlib.import_module(verb.module_of({"set": name})).Block
    with pytest.raises(StageFailure, match="expected detectron2, torchvision or precomputed") as caught:
        validate(block, merged, names)
    assert caught.value.code == BAD_PARAMS and all(word in str(caught.value) for word in (names[1], "source:"))
    assert validate(block, merged | {"source": "torchvision"}, names)
    boxed = importlib.import_module(verb.module_of({"set": "dog_boxes"})).Block
    assert validate(boxed, merged, names)
