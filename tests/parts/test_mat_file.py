"""MATLAB files: whole ones as scipy reads them, others refused."""

import io

import numpy as np
import pytest

from stages.data import mat_file
from tests.parts.raw_fixtures import class_names, struct
from tests.parts.test_damaged_files import SETID, mat, read_flowers


def test_mat_files_are_read_as_scipy_reads_them():
    """Numbers of every type, texts, cells, structs within structs, three axes, complex ones; packed and plain."""
    from scipy.io import loadmat
    from scipy.sparse import eye_array

    variables = {
        "a": np.arange(6.0).reshape(2, 3), "s": "höllo", "e": np.zeros((0, 0)), "z": np.array([1 + 2j]),
        "c": class_names(["A b", "C"]), "t": struct({"x": [1, 2], "fname": ["a.jpg", "bé.jpg"]}),
        "m": np.array(["ab ", "cde"]), "n": np.arange(24).reshape(2, 3, 4), "b": np.array([True, False]),
        "nested": {"q": {"r": 1.5}}, "sparse": eye_array(3),
        **{kind: np.array([[0, 1, 100]], kind) for kind in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4")},
    }  # fmt: skip
    for compressed in (False, True):
        content = mat(variables, compressed)
        expected = loadmat(io.BytesIO(content))
        found = mat_file.read(content)
        assert set(found) == set(variables) - {"sparse"}, "a kind that no annotation needs is passed over"
        for name, values in found.items():
            assert_alike(values, expected[name])


@pytest.mark.parametrize("order", ["<", ">"])
def test_mat_files_of_version_4_are_read_too(tmp_path, order):
    """Written by scipy in this machine's order, and by hand in the other."""
    if order == "<":
        content = mat(SETID | {"text": "passed over"}, form="4")
    else:
        parts = [(1000, values.astype(">f8"), name.encode() + b"\0") for name, values in SETID.items()]
        heads = [np.array([kind, *values.shape, 0, len(name)], ">i4") for kind, values, name in parts]
        both = zip(heads, parts, strict=True)
        content = b"".join(head.tobytes() + name + values.tobytes() for head, (_, values, name) in both)
    found = mat_file.read(content)
    assert {name: values.tolist() for name, values in found.items()} == {
        name: values.tolist() for name, values in SETID.items()
    }
    for length in (0, 3, 30, len(content) - 1):
        with pytest.raises(ValueError, match=r"setid\.mat: expected a MATLAB file"):
            read_flowers(tmp_path, content[:length])


def assert_alike(ours: np.ndarray, theirs: np.ndarray) -> None:
    assert ours.shape == theirs.shape and ours.dtype.names == theirs.dtype.names
    if ours.dtype.names:
        for name in ours.dtype.names:
            assert_alike(ours[name], theirs[name])
    elif ours.dtype == object:
        for one, other in zip(ours.ravel(), theirs.ravel(), strict=True):
            assert_alike(one, other)
    else:
        assert ours.tolist() == theirs.tolist()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\0" * 200, b"# Created by Octave\n# name: trnid\n", b"\x89HDF\r\n\x1a\n" + b"\0" * 500,
        mat(SETID)[:127], mat({"trnid": [1]}), mat(SETID | {"tstid": "seven"}), mat(SETID | {"tstid": np.nan}),
        mat(SETID | {"tstid": np.array([[1j]])}), mat(SETID | {"tstid": {"a": 1}}), mat(SETID | {"tstid": [[1, 1]]}),
    ],
)  # fmt: skip
def test_files_that_are_no_split_of_flowers_are_refused(tmp_path, content):
    """scipy raises MatReadError over an empty file, and dies of SIGSEGV over some damaged ones."""
    with pytest.raises(ValueError, match=r"setid\.mat: expected"):
        read_flowers(tmp_path, content)
