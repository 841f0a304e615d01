"""What people write beside a paper's code: its claims with their rules, and the gaps in its text."""

from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from stages import yaml_text
from stages.retrace.answer import Spoiled

PAPERS = Path("stages/papers")
Form = TypeVar("Form")
# YAML takes words such as no and 12 for values; here they are texts.
Text = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, (bool, int, float)) else value)]


class GapEntry(BaseModel):
    """A decision that the text leaves open; `keys` are those that it decides, `targets` what a change makes anew."""

    model_config = ConfigDict(frozen=True)
    id: str = Field(pattern=r"^G[0-9]{1,6}$")
    question: Text
    default: Text
    keys: tuple[Text, ...]
    alternatives: tuple[Text, ...] = ()
    targets: tuple[Text, ...] = ()
    claims: tuple[Text, ...] = ()


class Erratum(BaseModel):
    """An error of a paper's text: where, what stands there, what is right, and what is done here."""

    model_config = ConfigDict(frozen=True)
    id: Text
    place: Text
    says: Text
    right: Text
    handled: Text


class ClaimEntry(BaseModel):
    """A claim as the paper prints it, the rule that decides it, and the file under results/ that measures it."""

    model_config = ConfigDict(frozen=True)
    id: Text
    claim: Text
    evidence: Text
    rule: Text
    measured_by: Text


GAPS, CLAIMS = TypeAdapter(list[GapEntry]), TypeAdapter(list[ClaimEntry])
ERRATA = TypeAdapter(list[Erratum])


def files(name: str) -> list[Path]:
    """The files of a name that papers have."""
    return sorted(PAPERS.glob(f"*/{name}"))


def title(paper: str) -> str:
    """A paper's name as its README begins with it; the folder's name where it has none."""
    readme = PAPERS / paper / "README.md"
    text = readme.read_text(encoding="utf-8", errors="replace") if paper and readme.is_file() else ""
    return text.partition("\n")[0].removeprefix("#").strip() or paper


def gaps(path: Path) -> list[GapEntry]:
    """Raises: Spoiled naming file, entry and key."""
    return checked(path, load_yaml(path), GAPS)


def errata(path: Path) -> list[Erratum]:
    """Raises: Spoiled naming file, entry and key."""
    return checked(path, load_yaml(path), ERRATA)


def claims(path: Path) -> list[ClaimEntry]:
    """Raises: Spoiled naming file, entry and key, and for a claim that is there twice."""
    return _distinct(checked(path, load_yaml(path), CLAIMS), path)


def claims_of(text: bytes, path: Path) -> list[ClaimEntry]:
    """An earlier text of a file of claims. Raises: as `claims`."""
    return _distinct(checked(path, parse_yaml(text, path), CLAIMS), path)


def _distinct(found: list[ClaimEntry], path: Path) -> list[ClaimEntry]:
    known = [entry.id for entry in found]
    if twice := sorted({name for name in known if known.count(name) > 1}):
        raise Spoiled(f"{path}: the claim {twice[0]} is there twice; give one another id")
    return found


def checked(path: Path, content: Any, kind: TypeAdapter[Form]) -> Form:
    """The content of a file in its form.    Raises: Spoiled naming file, entry and key."""
    try:
        return kind.validate_python(content)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(map(str, problem["loc"])) or "all of it"
        raise Spoiled(f"{path}: {where}: {problem['msg']}; {_remedy(path)}") from None


def load_yaml(path: Path) -> Any:
    """A YAML file of people's. Raises: Spoiled for what is no file or no YAML."""
    if not path.is_file():
        raise Spoiled(f"{path}: expected a file, found a folder, a pipe or a link that leads nowhere; {_remedy(path)}")
    return parse_yaml(path.read_bytes(), path)


def parse_yaml(text: bytes, path: Path) -> Any:
    """The content of a YAML file's bytes. Raises: Spoiled naming the file, for no YAML and as `yaml_text.judge`."""
    try:
        return yaml_text.loads(text, path)
    except ValueError as error:
        raise Spoiled(f"{' '.join(str(error).split())}; {_remedy(path)}") from None


def _remedy(path: Path) -> str:
    return f"mend it, or take it from git (git checkout {path})"
