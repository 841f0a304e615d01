"""Weights that users hand in: what a careful person could use is used and said, the rest is refused by what it is."""

import argparse
import gzip
import io
import json
import pickle
import tarfile
import warnings
import zipfile
from collections import OrderedDict
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save
from torch import nn

from stages.data import needed_weights
from stages.data.convert import weights as command
from stages.engine.weights import write_files
from stages.nets.encoders.load import build
from stages.runner.exits import code_of
from stages.teachers.weights import open_file
from tests.parts.test_teachers import block_of, scorer, taught

ARGUMENTS = {"width": 4, "stem": "imagenet", "classes": 5}
# What torch says of files that it will not open asks the user to let them run code.
UNSAFE = ("weights_only", "trusted source", "arbitrary code")


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return dict(build("resnet18", ARGUMENTS).state_dict())


def saved(content, **options) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream, **options)
    return stream.getvalue()


def opened(path: Path, content: bytes):
    path.write_bytes(content)
    return open_file("file", str(path), sha256(content).hexdigest())


def filled(path: Path, content: bytes, state) -> dict:
    """Fills a fresh network and compares it with what was put into the file."""
    net = build("resnet18", ARGUMENTS)
    said = opened(path, content).fill(net, "resnet18")
    made = net.state_dict()
    assert all(torch.equal(made[name], value.to(made[name].dtype)) for name, value in state.items()), said
    return said


def refusal(path: Path, content: bytes) -> str:
    with pytest.raises(ValueError) as caught:
        opened(path, content).fill(build("resnet18", ARGUMENTS), "resnet18 of width 4")
    told = str(caught.value)
    assert code_of(caught.value) == 65 and str(path) in told and "key file" in told and len(told) < 900, told
    assert not any(word in told for word in UNSAFE) and "Traceback" not in told, told
    return told


def prefixed(state: dict, prefix: str) -> dict:
    return {f"{prefix}{name}": value for name, value in state.items()}


def without_counters(state: dict) -> dict:
    return {name: value for name, value in state.items() if not name.endswith("num_batches_tracked")}


# What is taken: from the network's tensors to the file's bytes, and what is said beyond the kind of the file.
TAKEN = {
    "plain": (lambda s: saved(s), {}),
    "ordered": (lambda s: saved(OrderedDict(s)), {}),
    "no counters, as before PyTorch 0.4.1": (lambda s: saved(without_counters(s)), {"counters_begun": 20}),
    "some counters": (lambda s: saved({n: v for n, v in s.items() if n != "bn1.num_batches_tracked"}),
                      {"counters_begun": 1}),
    "DataParallel": (lambda s: saved(prefixed(s, "module.")), {"under": "module."}),
    "compiled": (lambda s: saved(prefixed(s, "_orig_mod.")), {"names_without": ["_orig_mod"]}),
    "compiled in parts": (lambda s: saved({n.replace("layer1.", "layer1._orig_mod."): v for n, v in s.items()}),
                          {"names_without": ["_orig_mod"]}),
    "both": (lambda s: saved({"state_dict": prefixed(s, "module._orig_mod.")}),
             {"under": "state_dict.module.", "names_without": ["_orig_mod"]}),
    **{name: (lambda s, name=name: saved({name: s}), {"under": f"{name}."})
       for name in ("model", "state_dict", "params_ema", "net", "generator", "network_weights_v3")},
    "a checkpoint": (
        lambda s: saved({"epoch": 3, "model": prefixed(s, "backbone."), "optimizer": {"state": {0: torch.ones(2)}}}),
        {"under": "model.backbone.", "left_out": ["optimizer"]}),
    "a larger network": (lambda s: saved({**prefixed(s, "encoder."), "decoder.weight": torch.ones(2)}),
                         {"under": "encoder.", "left_out": ["decoder"]}),
    "half": (lambda s: saved({n: v.half() if v.is_floating_point() else v for n, v in s.items()}),
             {"converted_from": {"float16": 102}}),
    "double": (lambda s: saved({n: v.double() for n, v in s.items()}), {"converted_from": {"float64": 122}}),
    "parameters": (lambda s: saved({n: nn.Parameter(v) if v.is_floating_point() else v for n, v in s.items()}), {}),
    "before 1.6": (lambda s: saved(s, _use_new_zipfile_serialization=False), {}),
    "safetensors": (lambda s: save(s), {}),
    "safetensors with a prefix": (lambda s: save(prefixed(s, "model.")), {"under": "model."}),
    "arrays in a pickle": (lambda s: pickle.dumps({"model": {n: v.numpy() for n, v in s.items()}}),
                           {"under": "model."}),
}  # fmt: skip
KINDS = {"before 1.6": "PyTorch before 1.6", "arrays in a pickle": "pickle"}


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors", "w"])
@pytest.mark.parametrize("case", TAKEN)
def test_what_a_careful_person_could_use_is_used_and_said(tmp_path, state, case, name, capsys):
    make, facts = TAKEN[case]
    rounded = case == "half"
    held = {n: v.half().float() if rounded and v.is_floating_point() else v for n, v in state.items()}
    content = make(state)
    said = filled(tmp_path / name, content, held)
    kind = KINDS.get(case, "safetensors" if case.startswith("safetensors") else "PyTorch")
    assert said == {"file": name, "sha256": sha256(content).hexdigest(), "kind": kind, **facts}
    log = capsys.readouterr().out
    assert bool(log) == bool(facts) and all(key in log for key in facts)


def test_what_was_read_stands_in_the_card_and_beside_a_training_s_weights(tmp_path, state):
    content = saved({"state_dict": prefixed(state, "module.")})
    (tmp_path / "w.pth").write_bytes(content)
    settings_of = {"source": "file", "file": str(tmp_path / "w.pth"), "sha256": sha256(content).hexdigest()}
    facts = taught(scorer, block_of("scorer", "demo", architecture="resnet18", **settings_of), {}, tmp_path / "out")
    assert facts["file_reading"]["under"] == "state_dict.module." and facts["arguments"] == ARGUMENTS
    net = nn.Sequential(build("resnet18", ARGUMENTS), nn.Linear(1, 1))
    opened(tmp_path / "w.pth", content).fill(net[0], "resnet18")
    write_files([net], tmp_path)
    assert json.loads((tmp_path / "user_files.json").read_text())["file"]["under"] == "state_dict.module."
    (tmp_path / "none").mkdir()
    write_files([net[1]], tmp_path / "none")
    assert not list((tmp_path / "none").iterdir())


def scripted(state) -> bytes:
    net, stream = build("resnet18", ARGUMENTS), io.BytesIO()
    net.load_state_dict(state)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(net.eval(), torch.zeros(1, 3, 32, 32)), stream)
    return stream.getvalue()


def zipped(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def tarred(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def changed(state, name: str, value) -> bytes:
    return saved({**state, name: value})


COMMAND = "python -m stages.data.convert.weights"
REFUSED = {
    "empty": (lambda s: b"", ["an empty file", "get it again"]),
    "zeros": (lambda s: bytes(9000), ["a file of zeros", "get it again"]),
    "web page": (lambda s: b"\n <!DOCTYPE html>\n<html><title>Quota exceeded</title></html>", ["a web page"]),
    "git-lfs": (lambda s: b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", ["git lfs pull"]),
    "git-annex": (lambda s: b"/annex/objects/SHA256E-s12--4d7a.pth\n", ["git annex get"]),
    "text": (lambda s: b"404: Not Found\n", ["a text that begins with '404: Not Found'"]),
    "index": (lambda s: json.dumps({"weight_map": {"a": "model-1.safetensors"}}).encode(), ["several files"]),
    "gzip": (lambda s: gzip.compress(saved(s)), ["gzip", "unpack it"]),
    "zip of a file": (lambda s: zipped(**{"w.pth": saved(s)}), ["PyTorch did not write", "w.pth", "unpack it"]),
    "npz": (lambda s: zipped(**{"a.npy": b"1"}), ["an npz file"]),
    "empty zip": (lambda s: zipped(), ["PyTorch did not write"]),
    "tar": (lambda s: tarred(**{"w.pth": saved(s)}), ["a tar archive", "unpack it"]),
    "tar of PyTorch 0.1": (lambda s: tarred(sys_info=b"1", pickle=b"1", tensors=b"1", storages=b"1"), ["before 0.2"]),
    "HDF5": (lambda s: b"\x89HDF\r\n\x1a\n" + bytes(99), ["HDF5"]),
    "bytes": (lambda s: bytes(range(255, 0, -1)), ["of no kind that is known", "ff fe fd"]),
    "cut": (lambda s: saved(s)[:-2000], ["cut short", "get it again"]),
    "cut before 1.6": (lambda s: saved(s, _use_new_zipfile_serialization=False)[:-50], ["cut short or damaged"]),
    "cut safetensors": (lambda s: save(s)[:-50], ["cut short"]),
    "cut in its header": (lambda s: save(s)[:500], ["cut short"]),
    "Namespace": (lambda s: saved({"model": s, "args": argparse.Namespace(rate=1)}), ["argparse.Namespace", COMMAND]),
    "Namespace before 1.6": (
        lambda s: saved({"model": s, "args": argparse.Namespace(rate=1)}, _use_new_zipfile_serialization=False),
        ["argparse.Namespace", COMMAND]),
    "a whole network": (lambda s: saved(build("resnet18", ARGUMENTS)), ["stages.nets.trunks.resnet.ResNet", COMMAND]),
    "TorchScript": (scripted, ["TorchScript", COMMAND]),
    "a list": (lambda s: saved([1, 2]), ["found a list"]),
    "one tensor": (lambda s: saved(torch.ones(2)), ["found a Tensor"]),
    "no tensor": (lambda s: saved({"epoch": 3}), ["found a dict with the keys ['epoch']"]),
    "nothing": (lambda s: saved({}), ["an empty dict"]),
    "a pickle of others": (lambda s: pickle.dumps({"model": argparse.Namespace()}), ["argparse.Namespace"]),
    "twice": (lambda s: saved({"net": s, "ema": s}), ["2 times, under 'ema.' and 'net.'", "--under net."]),
    "twice, once bare": (lambda s: saved({**s, **prefixed(s, "ema.")}), ["2 times, under '' and 'ema.'"]),
    "compiled twice": (lambda s: saved({**s, **prefixed(s, "_orig_mod.")}), ["conv1.weight twice"]),
    "missing": (lambda s: saved({n: v for n, v in s.items() if n != "fc.bias"}),
                ["does not fit resnet18 of width 4", "1 names missing ['fc.bias'] of shape (5,)"]),
    "missing, wrapped": (lambda s: saved({"m": {n: v for n, v in s.items() if n != "fc.bias"}}),
                         ["under 'm.'", "1 names missing ['fc.bias']"]),
    "left over": (lambda s: changed(s, "extra", torch.ones(7)), ["1 left over ['extra'] of shape (7,)"]),
    "shape": (lambda s: changed(s, "fc.bias", torch.ones(7)), ["fc.bias: (5,) expected, (7,) found"]),
    "another network": (lambda s: saved(build("squeezenet1_0", {"classes": 2}).state_dict()), ["all 122 names"]),
    "integers": (lambda s: changed(s, "fc.bias", torch.ones(5, dtype=torch.int64)),
                 ["fc.bias: expected float32, found int64"]),
    "complex": (lambda s: changed(s, "fc.bias", torch.ones(5, dtype=torch.complex64)), ["found complex64"]),
    "truths": (lambda s: changed(s, "bn1.num_batches_tracked", torch.tensor(True)), ["found bool"]),
    "a part of a batch": (lambda s: changed(s, "bn1.num_batches_tracked", torch.tensor(0.5)), ["found float32"]),
    "sparse": (lambda s: changed(s, "fc.bias", torch.ones(5).to_sparse()), ["fc.bias: expected plain numbers"]),
    "not a number": (lambda s: changed(s, "fc.bias", torch.tensor([0, 1, float("nan"), 3, float("inf")])),
                     ["fc.bias: 2 of its 5 values are not finite"]),
    "too large": (lambda s: changed(s, "fc.bias", torch.full((5,), 1e300, dtype=torch.float64)), ["not finite"]),
}  # fmt: skip


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_used_is_refused_by_what_it_is(tmp_path, state, case, name):
    make, words = REFUSED[case]
    told = refusal(tmp_path / name, make(state))
    assert all(word in told for word in words), told


@pytest.mark.parametrize("case", ["empty", "zeros", "web page", "git-lfs", "git-annex", "cut"])
def test_the_preflight_says_what_a_lost_download_is(tmp_path, state, case):
    make, words = REFUSED[case]
    (tmp_path / "w.pth").write_bytes(make(state))
    wanted = needed_weights.Block.model_validate(
        {"source": "file", "file": str(tmp_path / "w.pth"), "sha256": "0" * 64}
    )
    [told] = needed_weights.missing("teacher_face", wanted)
    assert words[0] in told and "key file" in told


def test_places_and_digests_are_told_apart(tmp_path, state):
    content = saved(state)
    digest = sha256(content).hexdigest()
    (tmp_path / "w.pth").write_bytes(content)
    (tmp_path / "link.pth").symlink_to("nothing.pth")
    for name, told in (("no.pth", "not there"), ("", "a folder"), ("link.pth", "a link to nothing")):
        with pytest.raises(FileNotFoundError, match=told) as caught:
            open_file("file", str(tmp_path / name), digest)
        assert code_of(caught.value) == 69
    with pytest.raises(ValueError, match="write its sha256 into the parameters under trunk_sha256"):
        open_file("trunk_file", str(tmp_path / "w.pth"), "")
    (tmp_path / "w.html").write_bytes(b"<html>")
    with pytest.raises(ValueError, match="it is a web page"):
        open_file("file", str(tmp_path / "w.html"), digest)
    assert open_file("file", str(tmp_path / "w.pth"), f" {digest.upper()} ").sha256 == digest


class Hostile:
    """What a hostile file holds: reading it must not run this."""

    def __reduce__(self):
        return exec, ("raise SystemExit('a pickle was run')",)


CONVERTED = {
    "Namespace": (lambda s: saved({"m": s, "args": argparse.Namespace(rate=1)}), "m.", "args (int)"),
    "Namespace before 1.6": (
        lambda s: saved({"m": s, "args": argparse.Namespace()}, _use_new_zipfile_serialization=False), "m.", "args"),
    "a path and arrays": (lambda s: saved({"m": s, "a": Path("x"), "b": np.ones(2)}), "m.", "a (pathlib.PosixPath)"),
    "a whole network": (lambda s: saved(network(s)), "", ""),
    "a network before 1.6": (lambda s: saved({"g": network(s)}, _use_new_zipfile_serialization=False), "g.", ""),
    "TorchScript": (scripted, "", "training (bool)"),
    "twice": (lambda s: saved({"m": s, "ema": {n: v * 0 for n, v in s.items()}}), "m.", "ema (tensor)"),
    "safetensors": (lambda s: save(prefixed(s, "m.")), "m.", ""),
}  # fmt: skip


def network(state) -> nn.Module:
    net = build("resnet18", ARGUMENTS)
    net.load_state_dict(state)
    return net


@pytest.mark.filterwarnings("ignore:Couldn't retrieve source code")
@pytest.mark.parametrize("case", CONVERTED)
def test_the_command_takes_out_tensors_alone(tmp_path, state, case, capsys):
    make, under, left = CONVERTED[case]
    (tmp_path / "w.pth").write_bytes(make(state))
    words = [str(tmp_path / "w.pth"), str(tmp_path / "o.safetensors")]
    assert command.main([*words, "--under", under]) == 0
    said = capsys.readouterr().out
    content = (tmp_path / "o.safetensors").read_bytes()
    assert sha256(content).hexdigest() in said and left in said
    found = load_file(tmp_path / "o.safetensors")
    assert found.keys() == state.keys() and all(torch.equal(found[name], state[name]) for name in state)
    filled(tmp_path / "again.pth", content, state)


@pytest.mark.parametrize("legacy", [False, True])
def test_the_command_runs_nothing_and_refuses_what_wants_to(tmp_path, state, legacy, capsys):
    for content in ({"m": state, "x": Hostile()}, Hostile()):
        (tmp_path / "w.pth").write_bytes(saved(content, _use_new_zipfile_serialization=not legacy))
        assert command.main([str(tmp_path / "w.pth"), str(tmp_path / "o.safetensors")]) == 65
        told = capsys.readouterr().err
        assert ".exec, which no weights need" in told and "do not use it" in told
        assert not (tmp_path / "o.safetensors").exists()
        told = refusal(tmp_path / "v.pth", (tmp_path / "w.pth").read_bytes())
        assert "it asks to run" in told and "exec" in told and COMMAND not in told


def test_the_command_says_what_is_wrong(tmp_path, state, capsys):
    words = [str(tmp_path / "w.pth"), str(tmp_path / "o.safetensors")]
    assert command.main(words) == 69 and "there is no" in capsys.readouterr().err
    for content, told in (
        (b"<html>", "a web page"),
        (saved({"a": 1}), "holds no tensor"),
        (saved(state)[:-9], "cut short"),
    ):
        (tmp_path / "w.pth").write_bytes(content)
        assert command.main(words) == 65 and told in capsys.readouterr().err
    (tmp_path / "w.pth").write_bytes(saved(state))
    assert command.main([*words, "--under", "ema."]) == 65 and "no tensor's name begins with" in capsys.readouterr().err
