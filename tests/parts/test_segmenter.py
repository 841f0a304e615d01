"""Segmenters taught on drawn scenes and converted from files under the published names."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from stages.data.image import to_tensor
from stages.data.prepared.packed import Extra, Index, Packed, Row, write_packed
from stages.engine.session import Session
from stages.engine.world import World
from stages.losses.segmentation import labelled_cross_entropy
from stages.nets import drn, upernet
from stages.nets.drn import DRN
from stages.nets.segmenter import VOID, build, load_segmenter
from stages.nets.upernet import UPerNet
from stages.teach import module_of
from stages.teachers import segmenter
from stages.teachers.labelled import LabelledSource

BLOCK = {
    "iterations": 40, "ema_half_life_images": 1.0, "ema_ramp": 0.0, "precision": "fp32", "channels_last": False,
    "tick_every": 10, "keep_every": 20, "source": "taught", "architecture": "deeplab", "file": "", "sha256": "",
    "decoder_file": "", "decoder_sha256": "", "classes": 3, "seed": 0, "batch": 8, "learning_rate": 0.01,
    "betas": (0.9, 0.99), "eps": 1e-8, "weight_decay": 0.0, "flip": True, "enabled": True,
    "labels": "labels", "splits": ("teachA", "teachB"), "held_out": ("testA", "testB"),
    "trunk": "resnet10", "trunk_width": 8, "stem": "small", "rates": (1, 2, 3), "hidden": 16, "dropout": 0.0,
}  # fmt: skip


def block_of(**changes) -> segmenter.Block:
    return segmenter.Block(**(BLOCK | changes))


def packed(folder: Path, count: int = 40, name: str = "labels") -> Path:
    """Red or blue squares (classes 1 and 2) on grey ground, with a void column at the left; two domains by turns."""
    folder.mkdir()
    draw = np.random.default_rng(0)

    def rows():
        for number in range(count):
            image = draw.integers(90, 160, (24, 24, 3)).astype(np.uint8)
            labels = np.zeros((24, 24), np.uint8)
            y, x = draw.integers(2, 12, 2)
            kind = number % 2
            image[y : y + 10, x : x + 10] = ((220, 30, 30), (30, 30, 220))[kind]
            labels[y : y + 10, x : x + 10] = kind + 1
            labels[:, :2] = VOID
            digest = hashlib.sha256(image.tobytes()).hexdigest()
            yield Row(f"{number:04d}", image, None, "made", digest, {name: labels})

    splits = [f"{'test' if number % 5 == 0 else 'teach'}{'AB'[number % 2]}" for number in range(count)]
    index = Index(splits, ("testA", "testB"))
    write_packed(folder, folder.name, 24, False, rows(), lambda keys: index, extras={name: Extra((24, 24), "|u1")})
    return folder


def taught(block, inputs: dict, out: Path, stop=lambda: False, resume: Path | None = None) -> dict:
    out.mkdir(exist_ok=True)
    places = (World.single(), out, resume or out.parent / f"resume_{out.name}")
    segmenter.teach(block, inputs, Session(*places, stop, lambda *_: None))
    return json.loads((out / "encoder.json").read_text())


def test_it_is_a_kind_of_teach():
    assert module_of({"what": "segmenter"}) == "stages.teachers.segmenter"


def test_drawn_squares_are_found_and_a_stop_changes_no_byte(tmp_path):
    data, block = packed(tmp_path / "scenes"), block_of(dropout=0.1)
    facts = taught(block, {"data": data}, tmp_path / "one")
    assert facts["held_out"]["images"] == 8 and facts["held_out"]["splits"] == ["testA", "testB"]
    taught_on = {"set": "scenes", "labels": "labels", "splits": ["teachA", "teachB"], "images": 32}
    assert facts["taught_on"] == taught_on
    assert facts["held_out"]["pixel_accuracy"] > 0.9 and facts["held_out"]["mean_iou"] > 0.6
    assert len(facts["held_out"]["iou"]) == 3
    judge = load_segmenter(tmp_path / "one")
    images = to_tensor(Packed.open(data).images[:2])
    assert judge(images).shape == (2, 3, 24, 24) and judge.labels(images).dtype == torch.uint8
    torch.testing.assert_close(judge(images).exp().sum(1), torch.ones(2, 24, 24))
    assert judge(torch.zeros(1, 3, 17, 30)).shape == (1, 3, 17, 30)
    assert not judge.train().training and not any(p.requires_grad for p in judge.parameters())

    stops = iter([False] * 23 + [True])
    with pytest.raises(Exception, match="stopped at step 23"):
        taught(block, {"data": data}, tmp_path / "two", lambda: next(stops), tmp_path / "resume")
    taught(block, {"data": data}, tmp_path / "two", resume=tmp_path / "resume")
    for name in ("encoder.json", "weights.safetensors", "curve.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_measures_by_hand(tmp_path):
    """Everything called 1: right in the squares of class 1; void does not count."""
    data = Packed.open(packed(tmp_path / "scenes"))
    facts = {"arguments": {"classes": 4}, "mean": [0.5] * 3, "std": [0.5] * 3}

    class One(torch.nn.Module):
        def forward(self, x):
            scores = torch.zeros(len(x), 4, *x.shape[2:])
            scores[:, 1] = 5
            return scores

    judge = segmenter.Segmenter(One(), "one", "", facts)
    positions = data.positions("evaluation")
    found = segmenter.held_out(judge, data, "labels", positions, World.single())
    labels = data.array("labels")[positions]
    known = (labels != VOID).sum()
    share = round(float((labels == 1).sum() / known), 6)
    assert found["pixel_accuracy"] == share
    assert found["iou"] == [0.0, share, 0.0, None]
    assert found["mean_iou"] == pytest.approx(share / 3, abs=1e-6)


def test_batches_turn_image_and_labels_together_and_ranks_share_them(tmp_path):
    data = Packed.open(packed(tmp_path / "scenes"))
    positions = np.flatnonzero(data.column("split") != "testA")

    def source(flip, rank=0, size=1):
        world = World(rank, size, torch.device("cpu"))
        return LabelledSource(data, "labels", positions, 8, 3, flip, 3, world)

    plain, turned = source(False).batch(2), source(True).batch(2)
    which = [not torch.equal(a, b) for a, b in zip(plain["image"], turned["image"], strict=True)]
    assert 0 < sum(which) < 8
    for row, flipped in enumerate(which):
        for name in ("image", "labels"):
            expected = plain[name][row].flip(-1) if flipped else plain[name][row]
            assert torch.equal(turned[name][row], expected)
        red = turned["image"][row, 0] - turned["image"][row, 2]
        assert (turned["labels"][row][red > 0.8] == 1).all()
    shares = [source(True, rank, 2).batch(2) for rank in (0, 1)]
    for name in ("image", "labels"):
        together = torch.stack([share[name] for share in shares], 1).flatten(0, 1)
        assert torch.equal(together, turned[name])


def test_the_splits_and_the_array_named_are_taught_on_and_measured(tmp_path):
    """One domain's squares are of one class, so that what was learned of and looked at shows in classes and counts."""
    data = packed(tmp_path / "scenes", name="truth")
    block = block_of(labels="truth", splits=("teachA",), held_out=("testB",), iterations=2)
    facts = taught(block, {"data": data}, tmp_path / "out")
    assert facts["taught_on"] == {"set": "scenes", "labels": "truth", "splits": ["teachA"], "images": 16}
    assert facts["held_out"]["images"] == 4 and facts["held_out"]["splits"] == ["testB"]
    assert facts["held_out"]["iou"][1] is None and facts["held_out"]["iou"][2] is not None, "blue squares alone"
    with pytest.raises(FileNotFoundError, match=r"labels\.npy"):
        taught(block_of(iterations=2), {"data": data}, tmp_path / "other")
    with pytest.raises(ValueError, match=r"expected items of the split 'teachC', came the splits \{'teachA': 16"):
        taught(block_of(labels="truth", splits=("teachA", "teachC")), {"data": data}, tmp_path / "third")
    with pytest.raises(ValueError, match=r"key held_out: expected splits that nothing was taught on, got \['teachA'\]"):
        taught(block_of(labels="truth", held_out=("teachA", "testB")), {"data": data}, tmp_path / "fourth")


@pytest.mark.parametrize("name", ["labels", "truth"])
def test_wrong_labels_are_refused(tmp_path, name):
    folder = packed(tmp_path / "scenes", name=name)
    data, positions = Packed.open(folder), np.arange(40)
    told = rf"{name}\.npy: expected labels below 2 or 255, came 2"
    with pytest.raises(ValueError, match=told):
        LabelledSource(data, name, positions, 40, 0, False, 2, World.single()).batch(0)
    facts = {"arguments": {"classes": 2}, "mean": [0.5] * 3, "std": [0.5] * 3}
    judge = segmenter.Segmenter(torch.nn.Conv2d(3, 2, 1), "one", "", facts)
    with pytest.raises(ValueError, match=told):
        segmenter.held_out(judge, data, name, positions, World.single())
    np.save(folder / f"{name}.npy", np.zeros((40, 12, 12), np.uint8))
    with pytest.raises(ValueError, match=rf"{name}\.npy: expected the shape \(40, 24, 24\)"):
        LabelledSource(data, name, positions, 8, 0, False, 3, World.single())


def test_void_pixels_bear_no_loss_and_no_gradient():
    logits = torch.randn(2, 3, 4, 5, requires_grad=True)
    labels = torch.randint(0, 3, (2, 4, 5), dtype=torch.uint8)
    labels[0, :2], labels[1, :, 3] = VOID, VOID
    total, count = labelled_cross_entropy(logits, labels, VOID)
    expected = torch.nn.functional.cross_entropy(logits, labels.long(), ignore_index=VOID, reduction="sum")
    torch.testing.assert_close(total, expected)
    assert count == (labels != VOID).sum()
    total.backward()
    assert (logits.grad.abs().sum(1)[labels == VOID] == 0).all()
    nothing, none = labelled_cross_entropy(logits, torch.full_like(labels, VOID), VOID)
    assert nothing == 0 and none == 0


def test_processes_with_unlike_numbers_of_labels_weigh_pixels_alike(monkeypatch):
    """The engine takes the mean over processes; that mean is the loss per labelled pixel of the whole batch."""
    net = build("deeplab", {name: BLOCK[key] for name, key in (("depth", "trunk"), ("width", "trunk_width"),
                ("stem", "stem"), ("rates", "rates"), ("hidden", "hidden"), ("dropout", "dropout"),
                ("classes", "classes"))}).eval()  # fmt: skip
    images = torch.randn(4, 3, 24, 24)
    labels = torch.randint(0, 3, (4, 24, 24), dtype=torch.uint8)
    labels[0], labels[2, :9] = VOID, VOID
    whole = (labels != VOID).sum().float()
    monkeypatch.setattr(World, "total", lambda self, value: value if self.size == 1 else whole)

    def loss(rows, size):
        method = segmenter.SegmenterMethod(block_of(), net, World(0, size, torch.device("cpu")))
        batch = {"image": images[rows], "labels": labels[rows]}
        return method.losses(method.phases(0)[0], batch, {}, None, 0)["net/class"].detach()

    alone = loss(slice(None), 1)
    torch.testing.assert_close((loss(slice(0, None, 2), 2) + loss(slice(1, None, 2), 2)) / 2, alone)
    expected = torch.nn.functional.cross_entropy(net(images), labels.long(), ignore_index=VOID)
    torch.testing.assert_close(alone, expected.detach())


def saved(path: Path, state: dict) -> str:
    torch.save(state, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def aged(state: dict) -> dict:
    """As the files of 2018: without counters, with what home-made batch norms kept."""
    old = {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}
    first = next(name for name in old if name.endswith("running_mean"))
    return old | {
        first.replace("running_mean", "_tmp_running_mean"): torch.zeros(1),
        "bn1._running_iter": torch.ones(1),
    }


def test_published_files_become_segmenters(tmp_path):
    torch.manual_seed(0)
    judge, scenes = DRN(4, 1).eval(), UPerNet(5, 1).eval()
    single = {"architecture": "drn_d_105", "file": str(tmp_path / "drn.pth"), "classes": 4, "source": "file"}
    single["sha256"] = saved(tmp_path / "drn.pth", aged(judge.state_dict()))
    double = {"architecture": "upernet101", "file": str(tmp_path / "encoder.pth"), "classes": 5, "source": "file"}
    double["sha256"] = saved(tmp_path / "encoder.pth", aged(scenes.encoder.state_dict()))
    double["decoder_file"] = str(tmp_path / "decoder.pth")
    double["decoder_sha256"] = saved(tmp_path / "decoder.pth", scenes.decoder.state_dict())
    x = torch.rand(1, 3, 33, 40) * 2 - 1
    for net, keys, constants in ((judge, single, drn), (scenes, double, upernet)):
        facts = taught(block_of(**keys), {}, tmp_path / keys["architecture"])
        assert facts["source"] == "file" and facts["file_sha256"] == keys["sha256"]
        assert facts["file"] == Path(keys["file"]).name and facts["file_reading"]["counters_begun"] > 100
        loaded = load_segmenter(tmp_path / keys["architecture"])
        mean, std = (torch.tensor(value).view(1, 3, 1, 1) for value in (constants.MEAN, constants.STD))
        torch.testing.assert_close(loaded(x), net(((x + 1) / 2 - mean) / std), rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match=r"seg.weight: \(3, 32, 1, 1\) expected, \(4, 32, 1, 1\) found"):
        taught(block_of(**(single | {"classes": 3})), {}, tmp_path / "other")
    swapped = {"file": double["decoder_file"], "sha256": double["decoder_sha256"]}
    with pytest.raises(ValueError, match=r"key file: .*decoder.pth .*the encoder of upernet101.*another architecture"):
        taught(block_of(**(double | swapped)), {}, tmp_path / "mixed")
    with pytest.raises(ValueError, match=r"key decoder_file: .*does not fit the decoder of upernet101"):
        same = {"decoder_file": double["file"], "decoder_sha256": double["sha256"]}
        taught(block_of(**(double | same)), {}, tmp_path / "twice")
    with pytest.raises(ValueError, match=r"key decoder_file: expected .* under decoder_sha256"):
        taught(block_of(**(double | {"decoder_sha256": "0" * 64})), {}, tmp_path / "wrong")


def test_wrapped_files_are_read_and_said(tmp_path):
    """As a training script saves them: under state_dict, with `module.` before every name."""
    torch.manual_seed(0)
    judge = DRN(4, 2).eval()
    wrapped = {"state_dict": {f"module.{name}": value for name, value in aged(judge.state_dict()).items()}, "epoch": 3}
    keys = {"architecture": "drn_d_105", "file": str(tmp_path / "drn.pth"), "classes": 4, "source": "file"}
    facts = taught(block_of(**keys, sha256=saved(tmp_path / "drn.pth", wrapped)), {}, tmp_path / "out")
    assert facts["arguments"] == {"classes": 4, "width": 2}
    assert facts["file_reading"]["under"] == "state_dict.module."
    x = torch.rand(1, 3, 16, 24) * 2 - 1
    mean, std = (torch.tensor(value).view(1, 3, 1, 1) for value in (drn.MEAN, drn.STD))
    torch.testing.assert_close(load_segmenter(tmp_path / "out")(x), judge(((x + 1) / 2 - mean) / std))


@pytest.mark.parametrize("architecture", ["drn_d_105", "upernet101"])
def test_files_without_the_first_convolution_are_refused_by_name(tmp_path, architecture):
    state = (DRN(4, 1) if architecture == "drn_d_105" else UPerNet(4, 1).encoder).state_dict()
    first = next(iter(state))
    for what, changed in (("none", {}), ("scalar", {first: torch.ones(())})):
        digest = saved(tmp_path / f"{what}.pth", {key: value for key, value in state.items() if key != first} | changed)
        keys = {"architecture": architecture, "classes": 4, "source": "file", "sha256": digest}
        keys |= {"file": str(tmp_path / f"{what}.pth"), "decoder_file": str(tmp_path / f"{what}.pth")}
        with pytest.raises(ValueError, match=rf"{what}\.pth has no {first}, so it is not .*{architecture}"):
            taught(block_of(**keys, decoder_sha256=digest), {}, tmp_path / f"out_{what}")


def test_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(ValueError, match="only deeplab is taught"):
        taught(block_of(architecture="upernet101"), {}, tmp_path / "a")
    keys = {
        "source": "file",
        "file": str(tmp_path / "w.pth"),
        "sha256": saved(tmp_path / "w.pth", {"a": torch.ones(1)}),
    }
    with pytest.raises(ValueError, match="come from files, got 'deeplab'"):
        taught(block_of(**keys), {}, tmp_path / "b")
    with pytest.raises(ValueError, match="unknown architecture 'lenet'"):
        build("lenet", {})
    with pytest.raises(ValueError, match="does not take"):
        build("drn_d_105", {"depth": 3})
    with pytest.raises(FileNotFoundError, match=r"encoder\.json"):
        load_segmenter(tmp_path)
    for wrong in ({"classes": 1}, {"labels": "wide_labels"}, {"splits": ()}, {"held_out": ()}):
        with pytest.raises(ValidationError, match=next(iter(wrong))):
            block_of(**wrong)
