"""What changes along the identity direction of an unconditional StyleGAN. Source: supp §4.2, Fig. 7; spec §7.2."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from stages.block import Block as Base
from stages.papers.contrasfill.report.comparing import Comparison, Measured, Side
from stages.papers.contrasfill.report.study import Column, Line, Study, read_group, study_to_texts

GROUP, METHOD, DATASET = "identity", "stylegan", "face"
ATTRIBUTES = {"eyes_open": "eyes", "mouth_open": "mouth", "lip_saturation": "lips' saturation"}
NAMED = ("eyes_open", "lip_saturation")  # what §4.2 sees change: eyes, and makeup
WORDS = (
    "Angles in degrees of the identity encoder's features. At the ends: a face moved to the largest offset at which "
    "both sides keep realness within 0.1, against the unmoved one. Within and between: photos of one person and of "
    "different people. Photo to inversion: what the inversion alone loses. Drift: mean change of an attribute at the "
    "ends, whatever its sign; trend: from the left end to the right one; spread: its deviation over the unmoved "
    "faces. Eyes and mouth: share of their window that is not of skin colour."
)


class Block(Base):
    """Decimals of shares, and how much of its deviation over faces an attribute must drift to count as changed."""

    decimals: int = Field(ge=0)
    drift_share: float = Field(gt=0)


def study_of(decimals: int) -> Study:
    """The table's shape: one line."""
    columns = [
        Column("angle at the ends", "identity_angle_end", 2),
        Column("within a person", "identity_angle_within", 2),
        Column("between people", "identity_angle_between", 2),
        Column("photo to inversion", "identity_angle_inversion", 2),
        Column("offset of the ends", "extreme_offset", 2),
    ]
    for name, label in ATTRIBUTES.items():
        columns += [Column(f"{label}, {kind}", f"{kind}_{name}", decimals) for kind in ("drift", "trend", "spread")]
    title = "The identity direction of an unconditional StyleGAN2"
    return Study(GROUP, title, WORDS, (Line("StyleGAN2, faces", METHOD, DATASET),), tuple(columns))


def identity_direction_is_entangled(measured: Measured, tolerances: Mapping[str, float]) -> list[Comparison]:
    """C11: at the ends a face is farther than one person's photos, nearer than another's; eyes and lips have drifted.

    Drift above 0 would say nothing, since every walk moves some pixel of a window: it has to be a share of the
    attribute's own deviation over faces.
    """

    def side(words: str, name: str) -> Side:
        return measured.side(words, GROUP, METHOD, DATASET, name)

    within, ends, between = (
        side(words, f"identity_angle_{name}")
        for words, name in (("within a person", "within"), ("at the ends", "end"), ("between people", "between"))
    )
    made = [Comparison("Face", "identity angle", *sides) for sides in ((within, "<", ends), (ends, "<", between))]
    for name in NAMED:
        spread = side("deviation over faces", f"spread_{name}").times(tolerances["drift_share"])
        made.append(
            Comparison("Face", f"drift of {ATTRIBUTES[name]}", side("at the ends", f"drift_{name}"), ">", spread)
        )
    return made


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex from `score…` folders, one for each seed."""
    study, cells = study_of(block.decimals), read_group(inputs, "score")
    tolerances = {"drift_share": block.drift_share}
    return study_to_texts(study, cells, {"C11": identity_direction_is_entangled(Measured({GROUP: cells}), tolerances)})
