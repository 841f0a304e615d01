"""The command line that every verb shares."""

from dataclasses import dataclass
from pathlib import Path

from stages.runner.exits import BAD_PARAMS, StageFailure

LISTS = ("block", "in", "files", "spare")
SINGLES = ("out", "threads", "gpu", "some")
# How many threads or devices a stage is given does not change what it computes, so these stay out of its fingerprint.
UNHASHED = ("threads", "gpu")


@dataclass(frozen=True)
class Arguments:
    """A parsed command line; `canonical` is the part of it that defines the result."""

    verb: str
    choices: dict[str, str]
    layers: tuple[str, ...]
    inputs: dict[str, Path]
    out: Path
    files: tuple[str, ...]
    some: str
    spare: tuple[str, ...]
    threads: int
    gpus: int
    canonical: tuple[str, ...]


def parse(verb: str, allowed: tuple[str, ...], words: list[str]) -> Arguments:
    """Reads `--name value …` words: block, in (name=path), files, spare, out, threads, gpu, some, and its choices.

    Raises: StageFailure 78 for an unknown, repeated, missing or malformed argument.
    """
    given = _group(verb, allowed, words)
    missing = [f"--{name}" for name in ("out", "threads", *allowed) if name not in given]
    if missing:
        raise StageFailure(BAD_PARAMS, f"{verb}: expected {', '.join(missing)}, which the command leaves out")
    for name in (*SINGLES, *allowed):
        if name in given and len(given[name]) != 1:
            raise StageFailure(BAD_PARAMS, f"{verb}: --{name} takes one value, found {given[name]}")
    inputs: dict[str, Path] = {}
    for item in given.get("in", []):
        name, separator, path = item.partition("=")
        if not separator or not name or not path or name in inputs:
            raise StageFailure(BAD_PARAMS, f"{verb}: --in takes distinct name=path pairs, found {item!r}")
        inputs[name] = _relative(verb, f"--in {name}", path)
    some = given.get("some", [""])[0]
    if some and not any(name.startswith(some) for name in inputs):
        raise StageFailure(BAD_PARAMS, f"{verb}: --some {some}: expected inputs named {some}…, found {sorted(inputs)}")
    spare = tuple(given.get("spare", ()))
    if strange := sorted(set(spare) - set(inputs)):
        raise StageFailure(BAD_PARAMS, f"{verb}: --spare {strange[0]}: expected some of the inputs {sorted(inputs)}")
    canonical = [verb]
    for name in sorted(given):
        if name not in UNHASHED:
            canonical += [f"--{name}", *given[name]]
    return Arguments(
        verb=verb,
        choices={name: given[name][0] for name in allowed},
        layers=tuple(given.get("block", ())),
        inputs=inputs,
        out=_relative(verb, "--out", given["out"][0]),
        files=tuple(given.get("files", ())),
        some=some,
        spare=spare,
        threads=_count(verb, "threads", given["threads"][0], 1),
        gpus=_count(verb, "gpu", given.get("gpu", ["0"])[0], 0),
        canonical=tuple(canonical),
    )


def _group(verb: str, allowed: tuple[str, ...], words: list[str]) -> dict[str, list[str]]:
    given: dict[str, list[str]] = {}
    current: list[str] | None = None
    for word in words:
        if word.startswith("--"):
            name = word[2:]
            if name not in (*LISTS, *SINGLES, *allowed) or name in given:
                known = ", ".join(f"--{n}" for n in (*LISTS, *SINGLES, *allowed))
                raise StageFailure(BAD_PARAMS, f"{verb}: unknown or repeated argument {word}; known: {known}")
            current = given[name] = []
        elif current is None:
            raise StageFailure(BAD_PARAMS, f"{verb}: expected an argument such as --out, found {word!r}")
        else:
            current.append(word)
    return given


def _relative(verb: str, name: str, path: str) -> Path:
    """Paths go into receipts, which must not depend on where the checkout lies."""
    if Path(path).is_absolute() or ".." in Path(path).parts:
        raise StageFailure(BAD_PARAMS, f"{verb}: {name} must be relative to the project root, found {path!r}")
    return Path(path)


def _count(verb: str, name: str, text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise StageFailure(BAD_PARAMS, f"{verb}: --{name} takes a whole number of at least {least}, found {text!r}")
    return int(text)
