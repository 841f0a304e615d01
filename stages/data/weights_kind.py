"""What a file that should hold weights is, by its content alone: names of files say nothing."""

import io
import json
import pickle
import pickletools
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from stages.data import sizes

PYTORCH, LEGACY, SAFETENSORS, PICKLE = "PyTorch", "PyTorch before 1.6", "safetensors", "pickle"
TORCHSCRIPT, TAR = "TorchScript", "PyTorch before 0.2"
MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
HEAD = 4096
EXPECTED = "expected named tensors (a state dict) as PyTorch or safetensors write them"
AGAIN = "get it again from where it came"
CONVERT = "python -m stages.data.convert.weights"

# First bytes: what it is, and what to do.
STARTS = (
    (b"version https://git-lfs", "a pointer of git-lfs, not the file itself", "fetch the file with `git lfs pull`"),
    (b"/annex/objects/", "a pointer of git-annex, not the file itself", "fetch the file with `git annex get`"),
    (b"\x1f\x8b", "an archive that gzip wrote", "unpack it and name the file inside"),
    (b"BZh", "an archive that bzip2 wrote", "unpack it and name the file inside"),
    (b"\xfd7zXZ", "an archive that xz wrote", "unpack it and name the file inside"),
    (b"(\xb5/\xfd", "an archive that zstd wrote", "unpack it and name the file inside"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it and name the file inside"),
    (b"Rar!", "a rar archive", "unpack it and name the file inside"),
    (b"\x89HDF", "an HDF5 file, as Keras writes", "name the PyTorch or safetensors form of these weights"),
    (b"\x93NUMPY", "one numpy array", "name the PyTorch or safetensors form of these weights"),
    (b"%PDF", "a PDF document", AGAIN),
    (b"\x89PNG", "a PNG image", AGAIN),
    (b"\xff\xd8\xff", "a JPEG image", AGAIN),
)
# What no file of weights needs, but one that wants to run something does. Nothing would run here; it is said.
HOSTILE = {
    "os", "posix", "nt", "subprocess", "sys", "builtins", "__builtin__", "importlib", "runpy", "shutil", "socket",
    "pty", "ctypes", "commands", "webbrowser",
}  # fmt: skip
HARMLESS = {
    "set", "frozenset", "slice", "complex", "int", "float", "str", "bool", "bytes", "bytearray", "list", "dict",
    "tuple", "object", "range", "type",
}  # fmt: skip
PAGES = ("<!doctype", "<html", "<?xml", "<head", "<!--")


@dataclass(frozen=True)
class Kind:
    """`name` is one of the kinds above, or empty for what holds no weights; `says` goes behind "is"."""

    name: str
    says: str
    remedy: str = ""
    lost: bool = False  # what a download or a copy leaves that went wrong, of no use to any reader


def kind_of(path: Path) -> Kind:
    """The kind of a file. Nothing in it is run. Raises: OSError where it cannot be read."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    if not size:
        return Kind("", "an empty file", AGAIN, True)
    if not head.strip(b"\0"):
        return Kind("", "a file of zeros, as a download that broke off leaves", AGAIN, True)
    for start, says, remedy in STARTS:
        if head.startswith(start):
            return Kind("", says, remedy, remedy.startswith("fetch"))
    if head.startswith(b"PK"):
        return _zip(path)
    if head[257:262] == b"ustar":
        return _tar(path)
    if head[8:9] == b"{":
        if 2 <= int.from_bytes(head[:8], "little") <= size - 8:
            return Kind(SAFETENSORS, "a safetensors file")
        if int.from_bytes(head[:8], "little") < 1 << 32:
            return Kind("", "a safetensors file that was cut short", AGAIN, True)
    if head[:1] == b"\x80":
        return _pickle(head)
    return _text(head)


def hostile(name: str) -> bool:
    """Whether a class or function that a file names is there to run something; one without a module is built in."""
    module, _, own = name.rpartition(".")
    return (module.partition(".")[0] or "builtins") in HOSTILE and own not in HARMLESS


def _zip(path: Path) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            names, entries = archive.namelist(), archive.infolist()
    # What a damaged directory raises has no end.
    except Exception:
        return Kind("", "a zip archive that was cut short or damaged", AGAIN, True)
    try:
        # Whole networks are larger than a picture, but never than the file that holds them.
        sizes.judge_members(entries, path.stat().st_size, sizes.MOST_RATIO * path.stat().st_size)
    except ValueError as error:
        return Kind("", f"a zip archive that cannot be what it says ({error})", AGAIN)
    folders = [name.removesuffix("data.pkl") for name in names if name.split("/")[1:] == ["data.pkl"]]
    if folders and f"{folders[0]}constants.pkl" in names:
        return Kind(TORCHSCRIPT, "a TorchScript archive, which holds a program beside its tensors")
    if folders:
        return Kind(PYTORCH, "a file of torch.save")
    if any(name.endswith(".npy") for name in names):
        return Kind("", "an npz file of numpy arrays", "name the PyTorch or safetensors form of these weights")
    inside = f"; it holds {', '.join(names[:3])}" if names else ""
    return Kind("", f"a zip archive that PyTorch did not write{inside}", "unpack it and name the file inside")


def _tar(path: Path) -> Kind:
    try:
        with tarfile.open(path) as archive:
            names = {name.removeprefix("./") for name in archive.getnames()}
    # A damaged head raises anything; a long name that it declares may find no room.
    except Exception:
        names = set()
    if {"pickle", "storages", "tensors"} <= names:
        return Kind(
            TAR, "a tar file of a PyTorch before 0.2", "save its tensors as safetensors with a PyTorch that reads it"
        )
    return Kind("", "a tar archive", "unpack it and name the file inside")


def _pickle(head: bytes) -> Kind:
    try:
        stream = io.BytesIO(head)
        constants = [value for code, value, _ in pickletools.genops(stream) if code.name.startswith("LONG")]
    except (ValueError, pickle.UnpicklingError, EOFError, UnicodeDecodeError):
        constants = []
    if MAGIC_NUMBER in constants:
        return Kind(LEGACY, "a file of torch.save of a PyTorch before 1.6")
    return Kind(PICKLE, "a pickle that PyTorch did not write")


def _text(head: bytes) -> Kind:
    try:
        text = head.decode("utf-8", "strict" if len(head) < HEAD else "ignore").lstrip("\ufeff \t\r\n")
    except UnicodeDecodeError:
        text = "\0"
    if text.lower().startswith(PAGES):
        return Kind("", "a web page, as a login or a used-up quota gives in place of a download", AGAIN, True)
    if "\0" in text:
        return Kind("", f"of no kind that is known here (it begins with the bytes {head[:8].hex(' ')})", AGAIN)
    if text.startswith("{"):
        try:
            is_index = "weight_map" in json.loads(text)
        except ValueError:
            is_index = '"weight_map"' in text
        if is_index:
            return Kind("", "the index of weights in several files", "join the files to one safetensors file")
    line = text.splitlines()[0][:40] if text else ""
    return Kind("", f"a text that begins with {line!r}", AGAIN)
