"""Measures of two sets of pictures, by the code of the verb measure, each number with its protocol."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages.runner import project
from stages.use.folder import Vouched, vouched
from stages.use.sides import Side, read_side

if TYPE_CHECKING:
    from stages.metrics.rows import Rows
    from stages.metrics.scorer import Scorer

BATCH = 32
LEAST = 4  # halves with a covariance each
DRAWS = 0  # seed of the sliced distance's pieces and directions
NO_PAIRS = "no picture of one side has the name of one of the other"
NOT_ENOUGH = f"fewer than {LEAST} pictures to be compared with"


def score(
    folder: str | Path, against: str | Path, extractor: str | Path, size: int | None = None,
    split: str = "evaluation", gpus: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """Fréchet and sliced Wasserstein distance of two sets, and the perceptual distance of pictures of one name.

    FID and LPIPS are said only of the published networks; another extractor names its own (FD-…, PD-…).
    Raises: FileNotFoundError and ValueError naming what cannot be compared, and why.
    """
    project.refuse_elsewhere("stages/measure.py")
    network = vouched(Path(extractor), "teach", "an extractor")
    first, second = (read_side(Path(place), size, split) for place in (folder, against))
    if first.images.shape[1:] != second.images.shape[1:]:
        raise ValueError(
            f"{folder} holds pictures of {first.images.shape[1]} px, {against} of {second.images.shape[1]} px: "
            "name one side for both with --size"
        )
    for place, side in ((folder, first), (against, second)):
        if len(side.images) < 2:
            raise ValueError(f"{place}: expected at least two pictures, since a distance of sets needs how they vary, "
                             f"came {len(side.images)}")  # fmt: skip
    return _measured(network, first, second, gpus)


def _measured(network: Vouched, first: Side, second: Side, gpus: int) -> dict[str, Any]:
    from stages.engine.world import joined
    from stages.metrics.rows import Rows
    from stages.metrics.scorer import load_scorer

    rows, absent = Rows("own"), dict[str, str]()
    with joined(gpus) as world:
        device = str(world.device)
        scorer = load_scorer(network.folder, device)
        _frechet(scorer, first, second, rows, absent, device)
        _sliced(first, second, rows, absent)
        _pairs(scorer, first, second, rows, absent, device)
    return {
        "folder": first.said, "against": second.said, "absent": absent, "values": rows.values,
        "extractor": {"receipt": network.digest, "path": network.content["stage"], "profile": network.profile},
    }  # fmt: skip


def _frechet(scorer: "Scorer", first: Side, second: Side, rows: "Rows", absent: dict[str, str], device: str) -> None:
    """The plain distance, and that of two halves of the second set, which it is to be read beside."""
    from stages.metrics.features import images_to_features
    from stages.metrics.frechet import features_to_statistics, statistics_to_distance, statistics_to_warning

    features = [images_to_features(scorer.encode, side.images, BATCH, device) for side in (first, second)]
    left, right = (features_to_statistics(one) for one in features)
    protocol = scorer.fidelity_protocol | {
        "dimension": len(right.mean), "against": right.count, "dtype": "float64, torch-fidelity",
    } | _warned(statistics_to_warning(left, right))  # fmt: skip
    name, distance = scorer.fidelity_name, statistics_to_distance(left, right)
    rows.add("folder", 0, name, "1", distance, left.count, protocol)
    if right.count < LEAST:
        absent[f"{name} of halves"] = NOT_ENOUGH
        return
    halves = [features_to_statistics(features[1][start::2]) for start in (0, 1)]
    said = scorer.fidelity_protocol | {
        "dimension": len(right.mean), "against": halves[1].count, "dtype": "float64, torch-fidelity",
        "halves": "of the second set, by even and odd places",
    } | _warned(statistics_to_warning(*halves))  # fmt: skip
    rows.add("halves", 0, name, "1", statistics_to_distance(*halves), halves[0].count, said)


def _warned(warning: str) -> dict[str, str]:
    return {"warning": warning} if warning else {}


def _sliced(first: Side, second: Side, rows: "Rows", absent: dict[str, str]) -> None:
    """SWD x 1000 of equally many of both, evenly spaced where one set is larger."""
    import numpy as np

    from stages.metrics.wasserstein import SMALLEST_PX, images_to_wasserstein

    if first.images.shape[1] < SMALLEST_PX:
        absent["SWD"] = f"pictures below {SMALLEST_PX} px"
        return
    count = min(len(first.images), len(second.images))
    one, other = (side.images[np.arange(count) * len(side.images) // count] for side in (first, second))
    found = images_to_wasserstein(one, other, DRAWS)
    said = {"draws": DRAWS, "pieces": "128 of 7 x 7 px a level", "levels_px": list(found.sides_px), "against": count}
    rows.add("folder", 0, "SWD", "1/1000", found.mean, count, said)


def _pairs(scorer: "Scorer", first: Side, second: Side, rows: "Rows", absent: dict[str, str], device: str) -> None:
    """The perceptual distance of pictures of one name, over the whole picture, then the mean."""
    import numpy as np
    import torch

    from stages.data.image import to_tensor
    from stages.metrics.perceptual import samples_to_pair_distances

    name, places = scorer.diversity_name, {key: place for place, key in enumerate(second.names)}
    both = [(place, places[key]) for place, key in enumerate(first.names) if key in places]
    if not both:
        absent[name] = NO_PAIRS
        return
    side = first.images.shape[1]
    everywhere = torch.ones(side, side, device=device)
    found = [
        float(samples_to_pair_distances(
            scorer.perceptor, to_tensor(np.stack([first.images[one], second.images[other]])).to(device), everywhere
        ).whole[0])
        for one, other in both
    ]  # fmt: skip
    said = scorer.diversity_protocol | {"pairs": "pictures of one name", "mean": "over pairs"}
    rows.add("folder", 0, name, "1", float(np.mean(found)), len(found), said)
