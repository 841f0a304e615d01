"""Whether a file is a receipt that a run may have left where it lies; what it says of others is an audit's work."""

from pathlib import Path

from stages.retrace.audit.units import Evidence, parse
from stages.runner import arguments, receipt
from stages.runner.exits import StageFailure

STORE = Path("results/store")
FINALS = (Path("results/tables"), Path("results/figures"))
HEX = frozenset("0123456789abcdef")


def is_digest(text: str, least: int = 64) -> bool:
    """Whether a text can be a sha256, or the first digits of one."""
    return least <= len(text) <= 64 and set(text) <= HEX


def raw(place: Path) -> bytes:
    """A file's bytes.

    Raises: ValueError for what is no file, since a pipe would keep its reader waiting; OSError where it cannot be read.
    """
    if not place.is_file():
        raise ValueError("a folder, a link to nothing or a special file, where a file must be")
    return place.read_bytes()


def read(place: Path) -> Evidence:
    """The receipt at a place.

    Raises: ValueError saying why it vouches for nothing: its form, or a place, name or fingerprint that do not follow
    from what it says; OSError where it cannot be read.
    """
    held = parse(raw(place), place.as_posix())
    content, stage = held.content, Path(held.content["stage"])
    if content["fingerprint"] != receipt.fingerprint(content):
        raise ValueError("its fingerprint does not follow from its content: it was edited")
    _check_command(held)
    home = FINALS if held.is_final else (STORE,)
    if not any(folder in stage.parents for folder in home) or (held.is_final and stage.parent not in home):
        raise ValueError(f"it speaks of {stage}, which no stage makes: expected a place under {home[0]}")
    if place.parent == receipt.RECEIPTS and is_digest(place.stem):
        if held.digest != place.stem:
            raise ValueError(f"its name is not the sha256 of its bytes, {held.digest}")
    elif place != receipt.location(stage, held.is_final):
        raise ValueError(f"it is the receipt of {stage} and lies in another place")
    return held


def _check_command(held: Evidence) -> None:
    """What a receipt says twice must agree, or it could speak of files that are another's."""
    content, words = held.content, held.content["command"]
    singles = (*arguments.LISTS, *arguments.SINGLES)
    choices = tuple(word[2:] for word in words if word.startswith("--") and word[2:] not in singles)
    try:
        given = arguments.parse(content["verb"], choices, [*words[1:], "--threads", "1"])
    except StageFailure as failure:
        raise ValueError(f"its command is none of a stage: {failure}") from None
    name = Path(content["stage"]).name
    finals = [f"{name}.{suffix}" for suffix in given.files]
    inside = all(not Path(path).is_absolute() and ".." not in Path(path).parts for path in content["outputs"])
    pairs = {
        "command": (list(given.canonical), words),
        "stage": (given.out.as_posix(), content["stage"]),
        "layers": (list(given.layers), content["layers"]),
        "inputs": (
            {key: path.as_posix() for key, path in given.inputs.items()},
            {key: entry["path"] for key, entry in content["inputs"].items()},
        ),
        "outputs": (sorted(finals), sorted(content["outputs"])) if held.is_final else (inside, True),
    }
    for what, (said, known) in pairs.items():
        if said != known:
            raise ValueError(f"its command and its {what} disagree: it was edited")
