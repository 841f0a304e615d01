"""The text lists that join CelebAMask-HQ with CelebA: mapping, partition, identity."""

from dataclasses import dataclass
from pathlib import Path

from stages.data.celebamask import LAYOUT
from stages.data.layout import NotLaidOut, beside
from stages.data.raw import RawFolder

MAPPING = "CelebA-HQ-to-CelebA-mapping.txt"
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Mapping:
    """Where a CelebA-HQ image comes from: CelebA's 0-based index and its file name, numbered from 1."""

    original_index: int
    original_file: str


def read_mapping(raw: RawFolder, base: str) -> dict[int, Mapping]:
    """{CelebA-HQ index: Mapping}; columns are found by the header's names.

    Raises: FileNotFoundError, ValueError where a row is broken or its file's number is not its index plus one.
    """
    name = _find(raw, base, MAPPING)
    lines = raw.text(name).splitlines()
    header = lines[0].split() if lines else []
    if not {"idx", "orig_idx", "orig_file"} <= set(header):
        raise ValueError(f"{raw.root / name}: expected a header with idx, orig_idx and orig_file, came {header}")
    mapping = {}
    for number, line in enumerate(lines[1:], 2):
        row = dict(zip(header, line.split(), strict=False))
        if not row:
            continue
        place = f"{raw.root / name}, line {number}"
        try:
            index, original, file = int(row["idx"]), int(row["orig_idx"]), row["orig_file"]
        except (KeyError, ValueError) as error:
            raise ValueError(
                f"{place}: expected numbers idx and orig_idx and a name orig_file, came {line!r}"
            ) from error
        if file != f"{original + 1:06d}.jpg":
            raise ValueError(f"{place}: expected orig_file {original + 1:06d}.jpg for orig_idx {original}, came {file}")
        if index in mapping:
            raise ValueError(f"{place}: expected each idx once, came {index} again")
        mapping[index] = Mapping(original, file)
    return mapping


def read_partition(raw: RawFolder, base: str) -> dict[str, str]:
    """{CelebA file name: train, val or test}. Raises: FileNotFoundError, ValueError."""
    name = _find(raw, base, "list_eval_partition.txt")
    pairs = _pairs(raw.text(name), raw.root / name)
    wrong = sorted({value for value in pairs.values() if value not in ("0", "1", "2")})
    if wrong:
        raise ValueError(f"{raw.root / name}: expected 0, 1 or 2 after each file name, came {wrong[:5]}")
    return {file: SPLITS[int(value)] for file, value in pairs.items()}


def read_identities(raw: RawFolder, base: str) -> dict[str, int] | None:
    """{CelebA file name: identity number}; None where the dataset has no such list. Raises: ValueError."""
    name = beside(raw, base, "identity_CelebA.txt")
    if name is None:
        return None
    try:
        return {file: int(value) for file, value in _pairs(raw.text(name), raw.root / name).items()}
    except ValueError as error:
        raise ValueError(f"{raw.root / name}: expected lines of a file name and a number ({error})") from error


def probe(raw: RawFolder, base: str) -> None:
    """Reads the lists that are there. Raises: as the readers; FileNotFoundError for identities without the mapping."""
    if beside(raw, base, "list_eval_partition.txt"):
        read_partition(raw, base)
    if read_identities(raw, base) is not None or beside(raw, base, MAPPING):
        read_mapping(raw, base)


def _pairs(text: str, path: Path) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        if len(words) != 2 or words[0] in pairs:
            raise ValueError(f"{path}, line {number}: expected one new file name and one number, came {line!r}")
        pairs[words[0]] = words[1]
    return pairs


def _find(raw: RawFolder, base: str, name: str) -> str:
    found = beside(raw, base, name)
    if found is None:
        raise NotLaidOut(raw, f"{name} in CelebAMask-HQ", LAYOUT, f"no {name}")
    return found
