"""What a model made, as a folder: pictures, use.json, and a receipt in the form of all receipts, complete or absent."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages.data.files import write_json
from stages.durable import flush_folder
from stages.runner import packages, project, publish, receipt
from stages.runner.code import Code
from stages.runner.digest import file_digest, listing
from stages.runner.plan import LOCK
from stages.use.given import Given
from stages.use.workshop import workshop

if TYPE_CHECKING:
    from stages.data.own.kind import Made
    from stages.use.maker import Maker

VERB = "use"
FACTS = "use.json"
GIVEN, MASKS, MADE = "given", "masks", "made"  # what the model saw, photos and masks, and what it made


def refuse_taken(out: Path) -> None:
    """Raises: FileExistsError for a place where something lies, ValueError for one among the stages' own."""
    if os.path.lexists(out):
        raise FileExistsError(f"{out}: expected a place where nothing lies, found something; choose another folder")
    if out.resolve().is_relative_to(Path("results").resolve()):
        raise ValueError(f"{out} lies in results/, which belongs to the stages; choose another folder")


def write(
    model: "Maker", out: Path, photos: str | Path | None, mask: str | Path | None, seed: int,
    options: Mapping[str, int | float | None],
) -> dict[str, Any]:  # fmt: skip
    """Makes everything into a folder beside `out`, and renames it when it is whole; gives its receipt."""
    refuse_taken(out)
    asked = model.asked(options)
    given = model.given(photos, mask)
    content = _receipt(model, out, given, seed, asked)
    with workshop(out) as made:
        _pictures(model, made, given, seed, asked, content["fingerprint"])
        content |= {"device": _device(model), "packages": packages.loaded(LOCK), "outputs": listing(made)}
        receipt.write(made / "receipt.json", receipt.encode(content))
        publish.flush(made)
        refuse_taken(out)
        made.rename(out)
    flush_folder(out.parent)
    return content


def _receipt(model: "Maker", out: Path, given: Given, seed: int, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What is known before anything is made, as a stage's receipt has it: the fingerprint stands in each picture."""
    code = Code(project.OWN)
    files = code.digests(("stages.use.written", "stages.use.model", model.using.__name__,
                          f"stages.papers.{model.paper}.methods.{model.method}.method"))  # fmt: skip
    words = [word for name, value in sorted(asked.items()) for word in (f"--{name}", str(value))]
    content = {
        "schema": receipt.SCHEMA, "stage": out.name, "verb": VERB,
        "command": [VERB, model.source.content["stage"], "--paper", model.paper, "--method", model.method,
                    "--seed", str(seed), *words, "--out", out.name],
        "layers": [], "params": {"seed": seed, **asked}, "gaps": [],
        "inputs": {"model": model.source.entry(), **given.entries()},
        "code": files, "code_digest": code.digest(files),
        "environment": {"lock": LOCK.as_posix(), "sha256": file_digest(LOCK)},
    }  # fmt: skip
    return {**content, "fingerprint": receipt.fingerprint(content)}


def _pictures(model: "Maker", made: Path, given: Given, seed: int, asked: Mapping[str, Any], fingerprint: str) -> None:
    from stages.data.own.kind import Made

    own, rows = given.own, []
    if own is not None:
        for place, key in enumerate(own.keys):
            _save(Made(f"{GIVEN}/{key}", own.images[place], {}), made, fingerprint)
            if own.masks is not None:
                _save(Made(f"{MASKS}/{key}", own.masks[place] * 255, {}), made, fingerprint)
    for one in model.make(given, seed, asked):
        rows.append({"file": _save(one._replace(name=f"{MADE}/{one.name}"), made, fingerprint), **one.said})
    source = model.source
    write_json(made / FACTS, {
        "model": {**source.entry(), "profile": source.profile}
        | {name: model.facts[name] for name in ("paper", "method", "seed", "data")},
        "does": model.kind.does, "seed": seed, "options": dict(asked), "size_px": model.side,
        "frame": _frame(model.frame), "photos": given.framed, "made": rows,
    })  # fmt: skip


def _frame(frame: str) -> str | None:
    from stages.data.own.framing import FRAMES

    return FRAMES.get(frame)


def _save(one: "Made", folder: Path, fingerprint: str) -> str:
    """One PNG with the fingerprint in its text. Raises: ValueError for two pictures of one name."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    from stages.data.own.pictures import palette_image

    path = folder / f"{one.name}.png"
    if path.exists():
        raise ValueError(f"two pictures would be called {one.name}.png; rename one of the photos")
    path.parent.mkdir(parents=True, exist_ok=True)
    said = PngInfo()
    said.add_text("retrace:fingerprint", fingerprint)
    image = Image.fromarray(one.image) if one.palette is None else palette_image(one.image, one.palette)
    image.save(path, format="PNG", pnginfo=said)
    return path.relative_to(folder).as_posix()


def _device(model: "Maker") -> str:
    import torch

    return "cuda" if model.gpus and torch.cuda.is_available() else "cpu"
