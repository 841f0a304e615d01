"""What every receipt holds and nothing else, so that whoever reads one may rely on it without asking."""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from stages.runner import receipt


def _inside(path: str) -> str:
    """A path in its one plain form, of a file below the folder from which it counts."""
    if not {"", ".", ".."}.isdisjoint(path.split("/")):
        raise ValueError("expected a plain relative path that leads nowhere else")
    if not path.isprintable():
        raise ValueError("expected the path of a file, in letters that can be printed")
    return path


DEEPEST = 60
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Place = Annotated[str, AfterValidator(_inside)]


class _Closed(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class _Output(_Closed):
    sha256: Digest
    size: Annotated[int, Field(ge=0)]


class _Input(_Closed):
    path: Place
    sha256: Digest
    receipt: Digest | None


class _Environment(_Closed):
    lock: Place
    sha256: Digest


class _Packages(_Closed):
    others: dict[str, str]
    altered: list[str]


class _Shape(_Closed):
    schema_: Annotated[int, Field(alias="schema")]
    stage: Place
    verb: str
    command: list[str]
    layers: list[str]
    params: dict[str, Any]
    gaps: list[str]
    inputs: dict[str, _Input]
    code: dict[Place, Digest]
    code_digest: Digest
    environment: _Environment
    packages: _Packages
    device: Literal["cpu", "cuda"]
    outputs: dict[Place, _Output]
    fingerprint: Digest


def read(raw: bytes) -> dict[str, Any]:
    """The content of a receipt's bytes.

    Raises: ValueError saying why they are no receipt that the runner wrote.
    """
    try:
        content = json.loads(raw)
        _check_version(content)
        _Shape.model_validate(content)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"no JSON: {error}") from None
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, problem['loc'])) or 'it'}: {problem['msg']}") from None
    except RecursionError:
        raise ValueError("no receipt: it is nested too deep") from None
    # The runner's form has a space a level; what is deeper would end in the recursion of whoever shows it.
    if b"\n" + b" " * DEEPEST in raw:
        raise ValueError(f"nested more than {DEEPEST} levels deep")
    if receipt.encode(content) != raw:
        raise ValueError("not in the form that the runner writes: it was edited")
    return content


def _check_version(content: Any) -> None:
    """Before what is missing besides, which follows from it."""
    version = content.get("schema") if isinstance(content, dict) else None
    if isinstance(version, int) and version != receipt.SCHEMA:
        raise ValueError(f"schema {version}, which another version of Retrace wrote, instead of {receipt.SCHEMA}")
