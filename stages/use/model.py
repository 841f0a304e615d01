"""A trained model as a thing to use: opened by its folder alone, it says what it can do and does it."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from stages import homes
from stages.data.files import read_json
from stages.runner import inputs, project
from stages.use.folder import Vouched, vouched
from stages.use.given import Given, given_photos
from stages.use.written import write

if TYPE_CHECKING:
    from stages.data.own.kind import Kind, Made

Asked = Mapping[str, int | float]


def open_model(folder: str | Path, gpus: int = 0) -> "TrainedModel":
    """The trained model of a folder that a training left, after every byte of it agreed with its receipt.

    Works in the project's folder. Networks are built when something is asked of them, on a GPU where `gpus` says so
    and one is there. Raises: FileNotFoundError and ValueError as `vouched`, and for a method that has no use outside
    of the graph.
    """
    project.refuse_elsewhere("stages/train.py")
    before = inputs.look_at({"model": Path(folder)})
    return TrainedModel(vouched(Path(folder), "train", "a trained model"), before, gpus)


class TrainedModel:
    """What a training left, and what it can be used for (`kind`)."""

    def __init__(self, source: Vouched, before: dict[str, inputs.Looks], gpus: int) -> None:
        """`before` is how the folder looked before its bytes were compared."""
        self.source, self._before, self.gpus = source, before, gpus
        self.facts: dict[str, Any] = read_json(source.folder / "model.json")
        self.paper, self.method = (str(self.facts.get(name)) for name in ("paper", "method"))
        self.using: ModuleType = _using(self.paper, source.folder)
        kinds: dict[str, Kind] = self.using.KINDS
        if self.method not in kinds:
            raise ValueError(
                f"{source.folder}: expected a model of {self.paper} that can be used by itself ({', '.join(kinds)}), "
                f"came {self.method}"
            )
        self.kind = kinds[self.method]
        self.frame: str = self.using.frame_of(self.facts)
        self.side: int = self.facts["block"]["size_px"]

    @property
    def named(self) -> str:
        """Which model it is, in a few words."""
        return f"{self.paper} {self.method} on {self.facts['data']}, seed {self.facts['seed']}"

    def asked(self, options: Mapping[str, int | float | None]) -> dict[str, int | float]:
        """The model's options with their usual values where none are given.

        Raises: ValueError for an option of another kind of model, or a number that cannot be.
        """
        given = {name: value for name, value in options.items() if value is not None}
        for name, value in given.items():
            if name not in self.kind.options:
                knows = ", ".join(f"--{one}" for one in self.kind.options) or "no option of its own"
                raise ValueError(f"--{name}: {self.named} {self.kind.does}; it knows {knows}")
            if not value > 0:
                raise ValueError(f"--{name}: expected a number above 0, came {value}")
        return {**self.kind.options, **given}

    def given(self, photos: str | Path | None, mask: str | Path | None) -> Given:
        """The photos and masks that are to be used, read, checked and framed.

        Raises: FileNotFoundError and ValueError naming the file, what was expected, what came and what to do.
        """
        if not self.frame:
            if photos is not None or mask is not None:
                raise ValueError(f"{self.named} {self.kind.does} and takes no photos: leave {photos or mask} out")
            return Given({}, {}, None, [])
        if photos is None:
            raise ValueError(f"{self.named} {self.kind.does}: expected a photo or a folder of photos, came none")
        if mask is not None and not self.kind.masked:
            raise ValueError(f"{self.named} {self.kind.does} and takes no mask: leave {mask} out")
        if mask is None and self.kind.masked:
            raise ValueError(f"{self.named} {self.kind.does}: expected --mask, a mask or a folder of masks, came none")
        places = Path(photos), None if mask is None else Path(mask)
        return given_photos(*places, self.frame, self.side, self.facts["data"])

    def pictures(
        self, photos: str | Path | None = None, mask: str | Path | None = None, seed: int = 0,
        **options: int | float | None,
    ) -> "Iterator[tuple[str, Any]]":  # fmt: skip
        """Everything that the model makes of these photos: names, and pictures as arrays.

        Shapes: uint8 [S S 3], or [S S] for masks and maps of numbers. Raises: as `asked`, `given` and the method.
        """
        asked = self.asked(options)
        yield from ((one.name, one.image) for one in self.make(self.given(photos, mask), seed, asked))

    def make(self, given: Given, seed: int, asked: Asked) -> "Iterator[Made]":
        """The same with what is to be said of each picture."""
        from stages.engine.weights import opened
        from stages.engine.world import joined

        module = import_module(f"stages.papers.{self.paper}.methods.{self.method}.method")
        with joined(self.gpus) as world:
            try:
                method = opened(module, self.facts["block"], self.source.folder, world)
            except ValidationError as error:
                keys = ", ".join(".".join(map(str, one["loc"])) for one in error.errors(include_url=False))
                raise ValueError(
                    f"{self.source.folder}: expected a model of this version's {self.method}, came one whose keys do "
                    f"not fit ({keys}); use the version that trained it, or train it again"
                ) from None
            inputs.refuse_if_changed({"model": self.source.folder}, self._before)
            yield from self.using.make(method, self.facts, given.own, seed, asked, world)

    def write(
        self, out: str | Path, photos: str | Path | None = None, mask: str | Path | None = None, seed: int = 0,
        **options: int | float | None,
    ) -> dict[str, Any]:  # fmt: skip
        """The same as files of a new folder, with use.json and a receipt that names the model's; gives the receipt.

        Raises: FileExistsError where something is there already, and as `pictures`.
        """
        return write(self, Path(out), photos, mask, seed, options)


def _using(paper: str, folder: Path) -> ModuleType:
    if paper not in homes.papers():
        raise ValueError(f"{folder}: expected a model of {', '.join(homes.papers())}, came one of {paper!r}")
    return import_module(f"stages.papers.{paper}.using")
