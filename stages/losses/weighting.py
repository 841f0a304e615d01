"""How negatives are weighted: every choice of the weights of losses/transport.py, checked once."""

from dataclasses import dataclass
from typing import Literal, get_args

Mode = Literal["uniform", "weight", "monce"]
Direction = Literal["hard", "easy"]
Domain = Literal["auto", "plain", "log"]
Gradient = Literal["unroll", "implicit", "detach"]
Cost = Literal["linear", "exp"]
Compat = Literal["exact", "released"]
Selection = Literal["none", "threshold", "topk", "hard_topk"]


@dataclass(frozen=True)
class Weighting:
    """The choices, in the order in which they take effect.

    mode:       uniform (PatchNCE), weight (each anchor on its own: WeightNCE), monce (coupled by transport)
    direction:  hard (similar negatives weigh more) or easy (unlike ones do)
    beta:       temperature of the kernel e^{±s/beta}
    iterations: of Sinkhorn's algorithm, each ending with the columns (monce)
    gradient:   of the weights: through all iterations, by implicit differentiation of the plan, or none
    domain:     of the iterations; auto takes plain from 0.05 up (of beta, or of ot_eps with cost exp)
    ot_cost:    linear (cost ∓s, entropy beta) or exp (cost e^{∓s/beta} over its maximum, entropy ot_eps) (monce)
    compat:     released puts back three habits of the public code (monce): a kernel diagonal of e^{-10/beta}, N - 1 of
                the option `patches` in place of the positions given, and 1e-8 added to every weight
    selection:  which negatives are re-weighted: all, or those of losses/topk.py by threshold, share (k / (N - 1)), eta

    Source: MoNCE supp §2, §3 and code (spec 4.3 to 4.5); selection is beyond the paper,
    the future work of its supp §4 (spec 9.3).
    Raises: ValueError naming the field that is out of range, or the pair that has no meaning.
    """

    mode: Mode
    direction: Direction
    beta: float
    iterations: int
    gradient: Gradient = "unroll"
    domain: Domain = "auto"
    ot_cost: Cost = "linear"
    ot_eps: float = 0.05
    compat: Compat = "exact"
    patches: int = 256
    selection: Selection = "none"
    threshold: float = 0.0
    share: float = 1.0
    eta: float = 0.1

    def __post_init__(self):
        choices = {
            "mode": Mode, "direction": Direction, "gradient": Gradient, "domain": Domain, "ot_cost": Cost,
            "compat": Compat, "selection": Selection,
        }  # fmt: skip
        for name, kind in choices.items():
            if getattr(self, name) not in get_args(kind):
                raise ValueError(f"{name}: expected one of {', '.join(get_args(kind))}, came {getattr(self, name)!r}")
        for name, least in {"beta": 0, "ot_eps": 0, "eta": 0, "iterations": 0, "patches": 1}.items():
            if not getattr(self, name) > least:
                raise ValueError(f"{name}: expected more than {least}, came {getattr(self, name)}")
        if self.ot_cost == "exp" and (self.compat, self.selection) != ("exact", "none"):
            raise ValueError("ot_cost: exp is defined with compat exact and selection none only; change one of them")
        if self.compat == "released" and self.selection != "none":
            raise ValueError("compat: the public code selects nothing; with selection it has to be exact")
