"""The rules of claims.yaml as comparisons of measured quantities; C10 and C11 stand with their own tables.

Source: spec §1.
"""

from collections.abc import Callable, Mapping

from stages.papers.contrasfill.report.comparing import Comparison, Measured, Side, greatest, least
from stages.papers.contrasfill.report.names import DATASETS

Rule = Callable[[Measured, Mapping[str, float]], list[Comparison]]
RIVALS = ("comodgan", "collagegan")
NAMES = {"comodgan": "CoModGAN", "collagegan": "CollageGAN", "batfill": "BAT-Fill", "contrasfill": "ContrasFill",
         "contrasfill1": "ContrasFill-1", "context_free": "context-free"}  # fmt: skip
BOTH = "CoModGAN or CollageGAN"


class Place:
    """Quantities of one dataset in one group of scores, as sides of comparisons."""

    def __init__(self, measured: Measured, group: str, dataset: str) -> None:
        self.measured, self.group, self.dataset = measured, group, dataset

    def side(self, method: str, name: str) -> Side:
        """A method's value of a measure."""
        return self.measured.side(NAMES[method], self.group, method, self.dataset, name)

    def rivals(self, name: str, methods: tuple[str, ...] = RIVALS) -> list[Side]:
        """The values of several methods."""
        return [self.side(method, name) for method in methods]

    def compare(self, name: str, left: Side, sign: str, right: Side) -> Comparison:
        """Both sides are values of the measure `name`."""
        metric = self.measured.cell(self.group, "contrasfill", self.dataset, name).metric
        return Comparison(DATASETS[self.dataset], metric, left, sign, right)


def places(measured: Measured, group: str, datasets: tuple[str, ...] = tuple(DATASETS)) -> list[Place]:
    """One for each dataset."""
    return [Place(measured, group, dataset) for dataset in datasets]


def fidelity_is_on_par(measured: Measured, tolerances: Mapping[str, float]) -> list[Comparison]:
    """C1: our Fréchet distance is within the tolerance of the better of CoModGAN and CollageGAN."""
    factor = tolerances["fidelity_tolerance"]
    return [
        place.compare("FID", place.side("contrasfill", "FID"), "<=", least(BOTH, place.rivals("FID")).times(factor))
        for place in places(measured, "table1")
    ]


def is_more_diverse(measured: Measured, _: Mapping[str, float]) -> list[Comparison]:
    """C2: our perceptual diversity is above both."""
    return [
        place.compare("LPIPS", place.side("contrasfill", "LPIPS"), ">", greatest(BOTH, place.rivals("LPIPS")))
        for place in places(measured, "table1")
    ]


def known_factor_is_most_diverse(measured: Measured, _: Mapping[str, float]) -> list[Comparison]:
    """C3: our known factor angle is above all three."""
    return [
        place.compare("KFFA", place.side("contrasfill", "KFFA"), ">", place.side(other, "KFFA"))
        for place in places(measured, "table1")
        for other in (*RIVALS, "batfill")
    ]


def batfill_is_diverse_but_poor(measured: Measured, _: Mapping[str, float]) -> list[Comparison]:
    """C4: BAT-Fill's Fréchet distance is the worst, its diversity above CoModGAN's and CollageGAN's."""
    made = []
    for place in places(measured, "table1"):
        others = greatest("the others", place.rivals("FID", (*RIVALS, "contrasfill")))
        made.append(place.compare("FID", place.side("batfill", "FID"), ">", others))
        made.append(place.compare("LPIPS", place.side("batfill", "LPIPS"), ">", greatest(BOTH, place.rivals("LPIPS"))))
    return made


def works_in_object_masks(measured: Measured, tolerances: Mapping[str, float]) -> list[Comparison]:
    """C5: C1, C2 and C3 together."""
    return [
        *fidelity_is_on_par(measured, tolerances),
        *is_more_diverse(measured, tolerances),
        *known_factor_is_most_diverse(measured, tolerances),
    ]


def angle(measured: Measured, dataset: str, feature: str, along: str, words: str) -> Side:
    """An angle of a grid of codes."""
    name = f"angle_{feature}_between_{along}"
    return measured.side(words, "disentanglement", "contrasfill", dataset, name)


def colour_follows_columns(measured: Measured, _: Mapping[str, float]) -> list[Comparison]:
    """C6: within a column (same known code) colours agree more than between columns; unknown features so by row."""
    dataset = "car_colour"
    known = [angle(measured, dataset, "known", along, words) for along, words in
             (("rows", "within a column"), ("columns", "between columns"))]  # fmt: skip
    unknown = [angle(measured, dataset, "unknown", along, words) for along, words in
               (("columns", "within a row"), ("rows", "between rows"))]  # fmt: skip
    return [
        Comparison("Car", "colour angle", known[0], "<", known[1]),
        Comparison("Car", "unknown angle", unknown[0], "<", unknown[1]),
    ]


def codes_are_disentangled(measured: Measured, _: Mapping[str, float]) -> list[Comparison]:
    """C7: both scores are above zero on every dataset."""
    made = []
    for dataset, label in DATASETS.items():
        for feature in ("known", "unknown"):
            score = measured.side("ContrasFill", "disentanglement", "contrasfill", dataset, f"score_{feature}")
            made.append(Comparison(label, f"score_{feature}", score, ">", Side("0", dict.fromkeys(score.by_seed, 0.0))))
    return made


def loose_holes_are_diverse(measured: Measured, tolerances: Mapping[str, float]) -> list[Comparison]:
    """C8: the median distance in a loosely tied hole is above a multiple of that in a strongly tied one."""
    made = []
    for where, loose, tied, words in (
        ("Face", "both_eyes", "one_eye", ("both eyes", "one eye")),
        ("Car, bird", "car_front", "bird_part", ("lamps and grill", "part of a bird")),
    ):
        sides = [
            measured.side(said, "partial", "contrasfill", hole, "LPIPS_hole_median")
            for said, hole in zip(words, (loose, tied), strict=True)
        ]
        metric = measured.cell("partial", "contrasfill", loose, "LPIPS_hole_median").metric
        made.append(Comparison(where, metric, sides[0], ">", sides[1].times(tolerances["ratio"])))
    return made


def context_matters(measured: Measured, _: Mapping[str, float]) -> list[Comparison]:
    """C9: the context-free baseline is worse in fidelity, seams and ring colours."""
    return [
        place.compare(name, place.side("context_free", name), ">", place.side("contrasfill", name))
        for place in places(measured, "context")
        for name in ("FID", "seam", "ring_colour")
    ]


def loss_alone_and_two_spaces(measured: Measured, _: Mapping[str, float]) -> list[Comparison]:
    """C12, an expectation: ContrasFill-1 is more diverse than CoModGAN, ContrasFill's known factor than its."""
    made = []
    for place in places(measured, "box"):
        one, two = (place.side(method, "KFFA") for method in ("contrasfill1", "contrasfill"))
        made.append(place.compare("LPIPS", place.side("contrasfill1", "LPIPS"), ">", place.side("comodgan", "LPIPS")))
        made.append(place.compare("KFFA", two, ">", one))
    return made


def rivals_keep_the_shape(measured: Measured, _: Mapping[str, float]) -> list[Comparison]:
    """C13: inside box holes of birds and cars both baselines are less diverse than ours."""
    return [
        place.compare("LPIPS", greatest(BOTH, place.rivals("LPIPS")), "<", place.side("contrasfill", "LPIPS"))
        for place in places(measured, "box", ("bird", "car"))
    ]


RULES: dict[str, Rule] = {
    "C1": fidelity_is_on_par,
    "C2": is_more_diverse,
    "C3": known_factor_is_most_diverse,
    "C4": batfill_is_diverse_but_poor,
    "C5": works_in_object_masks,
    "C6": colour_follows_columns,
    "C7": codes_are_disentangled,
    "C8": loose_holes_are_diverse,
    "C9": context_matters,
    "C12": loss_alone_and_two_spaces,
    "C13": rivals_keep_the_shape,
}


def code_that_moved(measured: Measured) -> str:
    """Which code moves the known factor more on each dataset, by the means over seeds of the angles in E_k.

    Empty where no grid was measured: printed values have none, nor have scores of box holes.
    """
    names = {code: f"angle_known_between_{along}" for code, along in (("known", "columns"), ("unknown", "rows"))}
    if not any(cell.metric in names.values() for cell in measured.groups.get("table1", ())):
        return ""
    said: dict[str, list[str]] = {code: [] for code in names}
    for dataset, label in DATASETS.items():
        moved = {code: measured.cell("table1", "contrasfill", dataset, name).ours for code, name in names.items()}
        most, other = sorted(moved, key=lambda code: -moved[code])
        said[most].append(f"{label} ({moved[most]:.0f}° against {moved[other]:.0f}°)")
    return "; ".join(f"the {code} code moved E_k most on {', '.join(where)}" for code, where in said.items() if where)


# What a verdict says beside its word.
REMARKS: dict[str, Callable[[Measured], str]] = {"C3": code_that_moved}


def remark(claim: str, measured: Measured) -> str:
    """What the numbers say beside a claim's verdict; empty for most claims."""
    return REMARKS[claim](measured) if claim in REMARKS else ""
