"""Results of every image that are as real as its base result, drawn one after another (supp §4.1)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from stages.data.image import from_tensor
from stages.papers.contrasfill.directions.calibrate import accepted, collect
from stages.papers.contrasfill.directions.results import write_results
from stages.papers.contrasfill.directions.walker import Walker, common_facts
from stages.papers.contrasfill.discovering import Study

Drawn = Callable[[np.ndarray, np.ndarray], Iterator[tuple[np.ndarray, Tensor, np.ndarray]]]


def keep(
    study: Study,
    walker: Walker,
    drawn: Drawn,
    step: Callable[[int, int], float],
    kind: str,
    facts: dict[str, Any],
) -> None:
    """Writes the first `samples` accepted draws of every image, of at most `draws`; short images are named.

    `drawn` makes draws by image and number, as `Walker.varied`; `step` is how far one of them walked. A direction's
    steps and known codes are judged alike.

    Source: supp §4.1; the limit, and that known codes are judged too, are ours (gap G26).
    """
    block, count = study.block, len(walker.keys)
    pictures: dict[tuple[int, int], np.ndarray] = {}
    realness: dict[tuple[int, int], float] = {}
    rounds = 0

    def judge(pairs: Sequence[tuple[int, int]]) -> np.ndarray:
        nonlocal rounds
        rounds += 1
        which, numbers = np.array(pairs, np.int64).T

        def some(part: range) -> dict[str, np.ndarray]:
            made, judged = [], []
            for _, images, real in drawn(which[part.start : part.stop], numbers[part.start : part.stop]):
                made.append(from_tensor(images))
                judged.append(real)
                study.advance(len(pictures), count * block.samples, "results")
            return {"pictures": np.concatenate(made), "realness": np.concatenate(judged)}

        good, done = np.zeros(len(pairs), bool), 0
        for found in study.kept(f"round {rounds}").over(len(pairs), block.batch, some):
            for picture, score in zip(found["pictures"], found["realness"], strict=True):
                good[done] = accepted(score, walker.realness[which[done]], block.bound_drop)
                if good[done]:
                    pictures[pairs[done]], realness[pairs[done]] = picture, float(score)
                done += 1
        return good

    found = collect(judge, count, block.samples, block.draws)
    several = np.zeros((count, block.samples, *walker.pictures.shape[1:]), np.uint8)
    rows = []
    for image, kept in enumerate(found.kept):
        for place, number in enumerate(kept):
            several[image, place] = pictures[image, number]
            score = realness[image, number]
            rows.append({"image": image, "number": number, "step": step(image, number), "realness": score})
    short = found.short(block.samples)
    facts |= {"walk": {"draws": sum(found.draws), "miss": found.miss, "short": [walker.keys[image] for image in short]},
              "free_images": int((walker.realness <= block.bound_drop).sum())}  # fmt: skip
    write_results(study.session.out, facts | common_facts(study, walker, kind), walker, several, rows)
