"""What writing needs of a model, so that the two need not know each other."""

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from stages.data.own.kind import Kind, Made
    from stages.use.folder import Vouched
    from stages.use.given import Given


class Maker(Protocol):
    """A trained model: where it is from, what it is, what it understands, and what it makes."""

    source: "Vouched"
    facts: dict[str, Any]
    paper: str
    method: str
    using: ModuleType
    kind: "Kind"
    frame: str
    side: int
    gpus: int

    def asked(self, options: Mapping[str, int | float | None]) -> dict[str, int | float]: ...

    def given(self, photos: Any, mask: Any) -> "Given": ...

    def make(self, given: "Given", seed: int, asked: Mapping[str, int | float]) -> "Iterator[Made]": ...
