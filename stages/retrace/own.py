"""The commands on files of one's own, which need no built graph: what their words mean."""

from typing import Annotated

import typer

from stages.retrace import here
from stages.retrace.answering import answer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Gpu = Annotated[bool, typer.Option("--gpu", help="Compute on a GPU, where there is one.")]
Threads = Annotated[int, typer.Option(min=1, help="Of the CPU; one, as the graph's stages have.")]


def use(
    model: Annotated[str, typer.Argument(help="The folder that a training left, with its receipt.")],
    out: Annotated[str, typer.Option(help="A folder that is not there yet.")],
    photos: Annotated[str | None, typer.Argument(help="A photo, or a folder of photos.")] = None,
    mask: Annotated[str | None, typer.Option(help="What to fill: a mask, or a folder of masks named alike.")] = None,
    codes: Annotated[int | None, typer.Option(help="Fillings of each photo (4).")] = None,
    count: Annotated[int | None, typer.Option(help="Pictures to make without a photo (16).")] = None,
    psi: Annotated[float | None, typer.Option(help="Truncation of these (1: none).")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of all that is drawn.")] = 0,
    gpu: Gpu = False,
    threads: Threads = 1,
    as_json: Json = False,
) -> None:
    """Use a trained model on photos of your own: fill, find parts or objects, translate; or make pictures."""
    files = {"photos": here.named(photos), "mask": here.named(mask)}
    options = {"codes": codes, "count": count, "psi": psi}
    answer("use", as_json, model=here.path(model), out=here.out(out), seed=seed, gpu=gpu, threads=threads,
            options=options, **files)  # fmt: skip


def score(
    folder: Annotated[str, typer.Argument(help="A folder of pictures.")],
    against: Annotated[str, typer.Option(help="A folder of pictures, or a prepared set.")],
    extractor: Annotated[str, typer.Option(help="The network that looks: the folder of a teach stage.")],
    size: Annotated[int | None, typer.Option(min=8, help="Bring all to this side, by the middle square.")] = None,
    split: Annotated[str, typer.Option(help="Which part of a prepared set.")] = "evaluation",
    gpu: Gpu = False,
    threads: Threads = 1,
    as_json: Json = False,
) -> None:
    """Measure how near two folders of pictures are, and print the protocol."""
    answer("score", as_json, folder=here.path(folder), against=here.path(against), extractor=here.path(extractor),
            size=size, split=split, gpu=gpu, threads=threads)  # fmt: skip
