"""What the text claims, decided by the rules of claims.yaml. Source: supp §D; spec §1; the sets are all three."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from stages.draw.ruled import Judged, Ruled, together
from stages.papers.onegan.report.names import BIRDS, CARS, DOGS, SETS
from stages.papers.onegan.report.rules import judge, no_baseline
from stages.papers.onegan.report.runs import Score, open_scores, open_tiles

LEAST_PSNR = 15.0  # dB, of a reconstruction
GREY_LEVEL = 1 / 255
O1 = "class agreement above chance, and the mask varies less within a row (one z) than within a column, on every set"
O2 = f"PSNR of the reconstruction above {LEAST_PSNR:g} dB and the mask's IoU above an all-ones mask's, on every set"
O3 = "none without FineGAN's own masks; IoU stands beside all ones, a box and k-means"
O4 = "some test photo's mask is nearer to the exact one than the detection is, on dogs and on cars, in all three seeds"
O5 = "cars have the fewest background tiles"
O6 = "the swap changes colour inside the mask more than outside, and alike over photos (cosine above 0), on every set"
O7 = "the change of colour inside the mask is smaller on dogs than on birds and than on cars, in all three seeds"
O8 = "from the real to the predicted mask DIP loses more than OneGAN, on every set, in all three seeds"
O9 = "outside the mask OneGAN changes more than one grey level, DIP pasted into the photo less than half of one"
O10 = "one pass of OneGAN takes fewer multiply-accumulates than DIP's steps"
O11 = "on cars, clusters share more information with colour groups than with the models, in all three seeds"
O12 = "none without FineGAN's own images"


def pair(values: list[float]) -> list[float]:
    """The two sides as they are."""
    return values


def less(values: list[float]) -> bool:
    """Whether the first side is the smaller one."""
    return values[0] < values[1]


def more(values: list[float]) -> bool:
    """Whether the first side is the larger one."""
    return values[0] > values[1]


def against(bound: float) -> Callable[[list[float]], list[float]]:
    """The one side that there is, beside a bound."""
    return lambda values: [values[0], bound]


def with_chance(score: Score) -> Score:
    """A score in which the method `chance` has what its seed's class agreement is by chance, as its protocol says.

    Raises: KeyError for a protocol without it.
    """
    found = {}
    for seed, facts in score.by_seed.items():
        agreed = [value for value in facts["values"] if value["metric"] == "class_agreement"]
        chances = [value | {"method": "chance", "value": value["protocol"]["chance"]} for value in agreed]
        found[seed] = {**facts, "values": [*facts["values"], *chances]}
    return replace(score, by_seed=found)


def o1(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """O1, both halves."""
    scores, places = open_scores(inputs, "score", profile), []
    for name, score in scores.items():
        sides = [(with_chance(score), method, "class_agreement") for method in ("onegan", "chance")]
        places.append(judge(f"{SETS[name]}, class", sides, pair, more, "agreement over chance", ">"))
        sides = [(score, "onegan", f"mask_variance_{way}") for way in ("row", "column")]
        places.append(judge(f"{SETS[name]}, pose", sides, pair, less, "variance in rows and columns", "<"))
    return together("O1", O1, profile, places)


def o2(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """O2, both halves."""
    scores, places = open_scores(inputs, "score", profile), []
    for name, score in scores.items():
        places.append(judge(f"{SETS[name]}, image", [(score, "onegan", "PSNR")], against(LEAST_PSNR),
                            more, "PSNR", ">"))  # fmt: skip
        sides = [(score, method, "IoU") for method in ("onegan", "all_ones")]
        places.append(judge(f"{SETS[name]}, mask", sides, pair, more, "IoU over all ones", ">"))
    return together("O2", O2, profile, places)


def o3(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """O3 compares with FineGAN, which is not built."""
    return no_baseline("O3", O3, profile)


def o4(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """O4, on the two sets whose masks a network makes."""
    scores = open_scores(inputs, "score", profile)
    return together("O4", O4, profile, [
        judge(SETS[name], [(scores[name], "onegan", "better_than_detection")], against(0.0), more,
              "share of photos", ">", ordering=True)
        for name in (DOGS, CARS)
    ])  # fmt: skip


def o5(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """O5 counts; distances of backgrounds stand beside it, since those of different sets do not compare."""
    tiles = open_tiles(inputs)
    return together("O5", O5, profile, [
        judge(f"Cars and {SETS[name]}", [(tiles[one], "tiles", "count") for one in (CARS, name)], pair, less,
              "tiles", "<", digits=".0f")
        for name in (BIRDS, DOGS)
    ])  # fmt: skip


def o6(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """O6, both halves."""
    scores, places = open_scores(inputs, "score", profile), []
    for name, score in scores.items():
        for metric, bound, said in (("swap_ratio", 1.0, "inside over outside"), ("swap_cosine", 0.0, "cosine")):
            places.append(judge(SETS[name], [(score, "onegan", metric)], against(bound), more, said, ">"))
    return together("O6", O6, profile, places)


def o7(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """O7 compares sets, seed by seed."""
    scores = open_scores(inputs, "score", profile)
    return together("O7", O7, profile, [
        judge(f"Dogs and {SETS[name]}", [(scores[one], "onegan", "swap_inside") for one in (DOGS, name)], pair, less,
              "change inside", "<", ordering=True)
        for name in (BIRDS, CARS)
    ])  # fmt: skip


def o8(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """O8 by the true background where it is known, else by how much of the object a judge of masks finds again."""
    return together("O8", O8, profile, [
        loss_by_the_mask(name, score) for name, score in open_scores(inputs, "inpainting", profile).items()
    ])  # fmt: skip


def loss_by_the_mask(name: str, score: Score) -> Judged:
    """What the predicted mask costs DIP, beside what it costs OneGAN."""
    known = bool(score.numbers("dip_real", "PSNR_inside")) or bool(score.reason)
    metric, sign = ("PSNR_inside", 1) if known else ("residual_object", -1)
    sides = [(score, f"{who}_{mask}", metric) for who in ("dip", "onegan") for mask in ("real", "predicted")]

    def losses(held: list[float]) -> list[float]:
        return [sign * (held[0] - held[1]), sign * (held[2] - held[3])]

    return judge(SETS[name], sides, losses, more, f"{metric} lost by DIP, OneGAN", ">", ordering=True)


def o9(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """O9, both halves."""
    scores, places = open_scores(inputs, "inpainting", profile), []
    for name, score in scores.items():
        places.append(judge(f"{SETS[name]}, OneGAN", [(score, "onegan_predicted", "L1_outside")], against(GREY_LEVEL),
                            more, "L1 outside", ">"))  # fmt: skip
        places.append(judge(f"{SETS[name]}, DIP", [(score, "dip_predicted", "L1_outside_composited")],
                            against(GREY_LEVEL / 2), less, "L1 outside", "<"))  # fmt: skip
    return together("O9", O9, profile, places)


def o10(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """O10 counts multiply-accumulates: no clock."""
    scores = open_scores(inputs, "inpainting", profile)
    return together("O10", O10, profile, [
        judge(SETS[name], [(score, method, "macs") for method in ("onegan_predicted", "dip_predicted")], pair, less,
              "multiply-accumulates", "<")
        for name, score in scores.items()
    ], exact=True)  # fmt: skip


def o11(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """O11, on cars."""
    score = open_scores(inputs, "score", profile)[CARS]
    sides = [(score, "onegan", metric) for metric in ("NMI_colour", "NMI_label")]
    return together(
        "O11", O11, profile, [judge("Cars", sides, pair, more, "NMI with colour, label", ">", ordering=True)]
    )


def o12(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """O12 compares with FineGAN, which is not built."""
    return no_baseline("O12", O12, profile)
