"""Which receipt speaks of a file: by its place, by its bytes, or by the fingerprint in a picture's metadata."""

import os
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from stages.retrace.evidence import used
from stages.retrace.evidence.receipts import Receipt, Shelf, file_sha256, outputs
from stages.retrace.evidence.sound import is_digest

MARK = b"retrace:fingerprint"
PNG_START = b"\x89PNG\r\n\x1a\n"
# What a person may type from a picture's footer.
SHORT = 12


class Unvouched(Exception):
    """No receipt speaks of a file."""


@dataclass(frozen=True)
class Identity:
    """A file and the receipt that speaks of it, with how that was found; `trusted` where its bytes are those made."""

    node: Receipt
    file: str
    sha256: str
    how: str
    trusted: bool
    warning: str = ""


def identify(target: str, shelf: Shelf) -> Identity:
    """The receipt behind a file, a folder, a stage, or the digits of a fingerprint or digest.

    Raises: ValueError where there is no such thing, Unvouched where no receipt speaks of it.
    """
    path = Path(target)
    if not os.path.lexists(path):
        return _by_digits(target, shelf)
    inside = path.relative_to(Path.cwd()) if path.is_absolute() and path.is_relative_to(Path.cwd()) else path
    owner = shelf.owner(inside)
    if owner is None and (folder := used.folder_of(path)) is not None:
        return _of_used(path, folder)
    if path.is_dir():
        if owner is None:
            said = shelf.problem(inside) or "no receipt lies in this folder or above it, so no stage vouches for it"
            raise Unvouched(f"{target}: {said}")
        return _of_folder(inside, owner)
    if not path.is_file():
        raise Unvouched(f"{target}: no plain file lies here, but a pipe, a device or a link that leads nowhere")
    return _of_file(path, inside, owner, shelf)


def fingerprint_in(path: Path) -> str:
    """The fingerprint in a PNG's text or a PDF's Keywords; empty where there is none."""
    content = path.read_bytes()
    try:
        found = (
            _png_texts(content) if content.startswith(PNG_START) else content if content.startswith(b"%PDF") else b""
        )
    except zlib.error:
        return ""
    match = re.search(MARK + rb"[\x00 ]+([0-9a-f]{64})", found)
    return match[1].decode() if match else ""


def _png_texts(content: bytes) -> bytes:
    """The chunks tEXt, zTXt and iTXt of a PNG, unpacked, one a line."""
    texts, at = [], len(PNG_START)
    while at + 8 <= len(content):
        size, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        body = content[at + 8 : at + 8 + size]
        if kind == b"zTXt":
            name, _, packed = body.partition(b"\0")
            body = name + b"\0" + zlib.decompress(packed[1:])
        elif kind == b"iTXt":
            name, _, rest = body.partition(b"\0")
            text = rest[2:].split(b"\0", 2)[-1]
            body = name + b"\0" + (zlib.decompress(text) if rest[:1] == b"\1" else text)
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            texts.append(body)
        at += size + 12
    return b"\n".join(texts)


def _of_folder(path: Path, owner: Receipt) -> Identity:
    """Names and sizes only: reading all bytes of a store is an audit's work."""
    if not path.is_relative_to(owner.folder):
        raise Unvouched(f"{path}: the receipt above it speaks of {owner.stage}: the folder was copied or renamed")
    sizes = {name: entry["size"] for name, entry in outputs(owner).items()}
    wrong = [name for name, size in sizes.items() if not Path(name).is_file() or Path(name).stat().st_size != size]
    warning = f"{wrong[0]} is missing or has another size than the receipt says" if wrong else ""
    return Identity(
        owner, path.as_posix(), "", "by its receipt; names and sizes checked, bytes not", not wrong, warning
    )


def _of_used(path: Path, folder: Path) -> Identity:
    """What `retrace use` made, as a whole or one file of it. Raises: Unvouched for an edited receipt, or links."""
    try:
        node = used.read(folder)
        others = used.differences(folder, node)
    except ValueError as problem:
        raise Unvouched(str(problem)) from None
    how, sha256 = "by its receipt, which names its model; every byte checked", ""
    if path.is_file():
        sha256, name = file_sha256(path), path.absolute().relative_to(folder.absolute()).as_posix()
        others = {name} & others.keys()
    wrong = next(iter(others), "")
    warning = f"{wrong} is not as the receipt lists it: altered, added or taken away" if wrong else ""
    return Identity(node, path.as_posix(), sha256, how, not wrong, warning)


def _of_file(path: Path, inside: Path, owner: Receipt | None, shelf: Shelf) -> Identity:
    sha256 = file_sha256(path)
    name = inside.as_posix()
    if owner and (inside == owner.place or sha256 == outputs(owner).get(name, {}).get("sha256")):
        return Identity(owner, name, sha256, "by its place; its bytes are those that the receipt lists", True)
    same = [node for node in shelf.holding(sha256) if sha256 in _sums(node)]
    same.sort(key=lambda node: (not shelf.is_current(node), _name_of(node, sha256) != path.name))
    fingerprint = fingerprint_in(path)
    named = next((node for node in same if node.fingerprint == fingerprint), None)
    spoiled = shelf.problem(inside)
    if same:
        node = named or same[0]
        how = f"by its bytes: it is {_path_of(node, sha256)}"
        wrong = spoiled
        if owner and owner.digest != node.digest:
            wrong = f"at this place the receipt lists other bytes: it was put there instead of {owner.stage}'s own"
        late = "" if shelf.is_current(node) else "it comes from an earlier run; the stage has made others since"
        return Identity(node, name, sha256, how, not wrong, wrong or late)
    marked = [node for node in shelf.holding(fingerprint) if node.fingerprint == fingerprint] if fingerprint else []
    if marked:
        warning = (
            "its metadata name this stage, but these are not the bytes that the stage wrote: the picture was altered"
        )
        return Identity(marked[0], name, sha256, "by the fingerprint in its metadata", False, warning)
    if owner:
        listed = name in outputs(owner)
        warning = (
            "its bytes are not those that the receipt lists: it was altered" if listed else "its stage did not make it"
        )
        return Identity(owner, name, sha256, "by its place", False, warning)
    hint = f"its metadata name the fingerprint {fingerprint}, of another project or a lost run" if fingerprint else (
        "no receipt here lists these bytes, and the file carries no fingerprint")  # fmt: skip
    raise Unvouched(f"{path}: {spoiled or hint} (sha256 {sha256})")


def _by_digits(target: str, shelf: Shelf) -> Identity:
    if target in shelf.current:
        node = shelf.current[target]
        return Identity(node, target, "", "by the name of what it made; no bytes checked", True)
    if not is_digest(target, SHORT):
        raise ValueError(f"{target}: expected a file, a folder, or at least {SHORT} digits of a fingerprint or sha256")
    for node in shelf.holding(f'"fingerprint": "{target}'):
        return Identity(node, node.stage, "", f"by its fingerprint {node.fingerprint[:16]}; no bytes checked", True)
    for node in shelf.holding(target):
        for sha256 in _sums(node):
            if sha256.startswith(target):
                return Identity(node, _path_of(node, sha256), sha256, "by the sha256 of an output", True)
    for place in [*shelf.in_place, *shelf.kept]:
        if (node := shelf.read(place)) and node.digest.startswith(target):
            return Identity(node, node.stage, "", f"by the digest of its receipt, {node.digest[:16]}", True)
    raise Unvouched(f"{target}: no receipt here has this fingerprint or digest, or lists such an output")


def _sums(node: Receipt) -> list[str]:
    return [entry["sha256"] for entry in node.content["outputs"].values()]


def _path_of(node: Receipt, sha256: str) -> str:
    return next(path for path, entry in outputs(node).items() if entry["sha256"] == sha256)


def _name_of(node: Receipt, sha256: str) -> str:
    return Path(_path_of(node, sha256)).name
