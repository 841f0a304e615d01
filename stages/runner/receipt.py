"""What a stage did, so that anyone can check it: deterministic, and chained to the receipts of its inputs."""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

from stages.durable import complete
from stages.runner.digest import file_digest, listing, listing_digest, path_digest
from stages.runner.exits import BAD_INPUT, BAD_OUTPUT, StageFailure

RECEIPTS = Path("results/receipts")
SCHEMA = 3
# Known only at the end of a run.
AFTERWARDS = ("outputs", "device", "packages", "fingerprint")


def encode(content: dict[str, Any]) -> bytes:
    """The one byte form of a receipt."""
    return (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def digest(content: dict[str, Any]) -> str:
    """sha256 of a receipt's byte form."""
    return hashlib.sha256(encode(content)).hexdigest()


def location(out: Path, is_final: bool) -> Path:
    """Where a stage's receipt lies: inside its folder, or for final files under results/receipts by name."""
    return RECEIPTS / f"{out.name}.json" if is_final else out / "receipt.json"


def of_input(path: Path) -> dict[str, Any]:
    """An input's entry: its bytes, and the receipt of the stage that made it (None for a source or user file)."""
    receipt = path / "receipt.json"
    made_by = file_digest(receipt) if receipt.is_file() else None
    return {"path": path.as_posix(), "sha256": path_digest(path, cached=True), "receipt": made_by}


def of_sound_input(path: Path) -> dict[str, Any]:
    """The entry of an input that a stage is about to read.

    Raises: StageFailure 65 for a folder without receipt, or whose bytes are not those of its receipt.
    """
    entry = of_input(path)
    if not path.is_dir():
        return entry
    if entry["receipt"] is None:
        raise StageFailure(BAD_INPUT, f"{path} has no receipt: incomplete or foreign; rebuild it")
    made = read(path / "receipt.json")["outputs"]
    if entry["sha256"] != listing_digest(made):
        # Read again without the hash cache, which may be what is damaged.
        found = listing(path)
        if problems := _differences(path, made, found):
            raise StageFailure(BAD_INPUT, f"{problems[0]}: altered or damaged since it was made; rebuild it")
        entry["sha256"] = listing_digest(found)
    return entry


def fingerprint(content: dict[str, Any]) -> str:
    """Names an execution before it runs: command, params, inputs, code and lock, without what only its end tells."""
    return digest({key: value for key, value in content.items() if key not in AFTERWARDS})


def write(path: Path, content: bytes) -> None:
    """Writes a small file so that it is complete or absent, and takes away what killed writers left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name}.{os.getpid()}.tmp"
    left = re.compile(rf"\.{re.escape(path.name)}\.\d+\.tmp")
    for leftover in [one for one in path.parent.iterdir() if left.fullmatch(one.name)]:
        leftover.unlink(missing_ok=True)
    with complete(path, temporary) as stream:
        stream.write(content)


def keep(content: dict[str, Any]) -> None:
    """Keeps a receipt by content, never overwritten, and points its stage to it."""
    value = digest(content)
    kept = RECEIPTS / f"{value}.json"
    if not kept.exists():
        write(kept, encode(content))
    write(RECEIPTS / "current" / content["stage"].replace("/", "~"), f"{value}\n".encode())


def read(path: Path) -> dict[str, Any]:
    """Reads a receipt.

    Raises: FileNotFoundError if it is absent, ValueError if it is not a receipt of this schema.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(f"expected a receipt at {path}; its stage has not run to its end") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not a receipt: {error}; rebuild its stage") from None
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        raise ValueError(f"{path}: expected a receipt of schema {SCHEMA}; rebuild its stage")
    return content


def verify_output(receipt_path: Path) -> list[str]:
    """What disagrees between a receipt and the bytes it speaks of; an empty list when all agree. Reads every byte."""
    content = read(receipt_path)
    out = Path(content["stage"])
    problems = []
    if content["fingerprint"] != fingerprint(content):
        problems.append(f"{receipt_path}: its fingerprint does not follow from its content")
    found = listing(out) if receipt_path.name == "receipt.json" else _final_listing(out, content["outputs"])
    return problems + _differences(out, content["outputs"], found)


def _differences(out: Path, made: dict[str, Any], found: dict[str, Any]) -> list[str]:
    problems = []
    for name in sorted(made.keys() | found.keys()):
        expected, actual = made.get(name), found.get(name)
        if actual is None:
            problems.append(f"{out}: {name} is missing")
        elif expected is None:
            problems.append(f"{out}: {name} is not in its receipt")
        elif expected["sha256"] != actual["sha256"]:
            problems.append(f"{out}: {name} has other bytes than its receipt says")
    return problems


def _final_listing(out: Path, names: dict[str, Any]) -> dict[str, dict[str, Any]]:
    present = {name: out.parent / name for name in names if (out.parent / name).is_file()}
    return {name: {"sha256": file_digest(path), "size": path.stat().st_size} for name, path in present.items()}


def check_outputs(folder: Path, wanted: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Lists what a stage wrote; for final files exactly the wanted names.

    Raises: StageFailure 70 if nothing was written, a file is empty, or names differ from those declared.
    """
    found = listing(folder)
    if not found:
        raise StageFailure(BAD_OUTPUT, "the stage ended without writing anything")
    empty = [name for name, entry in found.items() if entry["size"] == 0 and Path(name).name != "lock.mdb"]
    if empty:
        raise StageFailure(BAD_OUTPUT, f"the stage wrote empty files: {', '.join(empty)}")
    if wanted and set(wanted) != set(found):
        raise StageFailure(BAD_OUTPUT, f"expected the files {sorted(wanted)}, the stage wrote {sorted(found)}")
    return found
