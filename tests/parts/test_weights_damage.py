"""Weights files cut, altered, wrapped and prefixed at random: refused in words, or taken whole."""

from pathlib import Path

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save
from torch import nn

from stages.data.convert import weights as command
from tests.parts.test_weights_files import UNSAFE, opened, prefixed, saved


class Small(nn.Module):
    """A network whose files take no time."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 3)


SMALL = Small().state_dict()
WRITERS = {
    "new": saved, "old": lambda content: saved(content, _use_new_zipfile_serialization=False),
    "safetensors": lambda content: save(content),
}  # fmt: skip
prefixes = st.lists(st.sampled_from(["module", "_orig_mod", "state_dict", "net", "ema", "0", "é"]), max_size=3)


def attempt(path: Path, content: bytes):
    """The network, filled, or the refusal."""
    net = Small()
    try:
        opened(path, content).fill(net, "a small network")
    except ValueError as error:
        assert not any(word in str(error) for word in UNSAFE) and str(path) in str(error)
        return str(error)
    assert all(torch.isfinite(value).all() for value in net.state_dict().values())
    return net


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(writer=st.sampled_from(sorted(WRITERS)), data=st.data())
def test_a_damaged_file_is_refused_or_harmless(tmp_path, writer, data):
    """Cut, altered or lengthened anywhere: refused by name, or the numbers are finite and of the right shape."""
    content = bytearray(WRITERS[writer](dict(SMALL)))
    way = data.draw(st.sampled_from(["cut", "flip", "insert", "fill"]))
    place = data.draw(st.integers(0, len(content) - 1))
    if way == "cut":
        content = content[:place]
    elif way == "flip":
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    elif way == "insert":
        content[place:place] = data.draw(st.binary(min_size=1, max_size=9))
    else:
        content[place : place + 64] = data.draw(st.binary(min_size=64, max_size=64))
    found = attempt(tmp_path / "w.pth", bytes(content))
    if way == "cut":
        assert isinstance(found, str)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    prefix=prefixes, writer=st.sampled_from(sorted(WRITERS)), nested=st.booleans(), counters=st.booleans(),
    beside=st.dictionaries(st.text(st.characters(codec="ascii", categories=["Ll"]), min_size=1, max_size=4),
                           st.integers(0, 3), max_size=2),
)  # fmt: skip
def test_a_wrapped_or_prefixed_file_is_taken_whole(tmp_path, prefix, writer, nested, counters, beside):
    held = {name: value + 1 for name, value in SMALL.items() if counters or not name.endswith("num_batches_tracked")}
    others = (
        {f"beside_{name}": torch.ones(size) for name, size in beside.items()}
        if prefix and prefix != ["_orig_mod"] * len(prefix)
        else {}
    )
    if nested and writer != "safetensors":
        content = dict(held)
        for word in reversed(prefix):
            content = {word: content}
        content = content | others
    else:
        content = prefixed(held, "".join(f"{word}." for word in prefix)) | others
    found = attempt(tmp_path / "w.pth", WRITERS[writer](content))
    assert isinstance(found, Small), found
    assert all(torch.equal(found.state_dict()[name], value) for name, value in held.items())


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(content=st.one_of(st.binary(max_size=64), st.text(max_size=40).map(str.encode),
       st.sampled_from([b"PK\3\4", b"\x80\2", b"\x80\4", b"\x1f\x8b", b"\x10\0\0\0\0\0\0\0{", b"<", b"{"]).flatmap(
           lambda start: st.binary(max_size=40).map(lambda rest: start + rest))))  # fmt: skip
def test_any_bytes_are_refused_in_words(tmp_path, content):
    assert isinstance(attempt(tmp_path / "w.pth", content), str)
    (tmp_path / "w.pth").write_bytes(content)
    assert command.main([str(tmp_path / "w.pth"), str(tmp_path / "o.safetensors")]) == 65
