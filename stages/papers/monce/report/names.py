"""What the report calls sets, methods and measures, and in which order they stand."""

# In the order of the text's figures.
UNPAIRED = {"street": "Cityscapes", "horses": "Horse→Zebra", "seasons": "Winter→Summer"}
PAIRED = {"rooms": "ADE20K", "face_parts": "CelebA-HQ", "people": "DeepFashion"}
SETS = UNPAIRED | PAIRED

METHODS = {
    "cycle": "CycleLoss", "perceptual": "Perceptual", "contextual": "Contextual", "patch": "PatchNCE",
    "lsesim": "F/LSeSim", "learned": "LSeSim (learned)", "weight": "WeightNCE", "monce": "MoNCE",
}  # fmt: skip
UNPAIRED_METHODS = ("cycle", "patch", "lsesim", "weight", "monce")
PAIRED_METHODS = ("perceptual", "patch", "weight", "monce")
# Rows of a score that no method made.
REFERENCES = {"source": "source as it is", "halves": "two halves of the target", "real": "real photo",
              "real_native": "real photo, own size"}  # fmt: skip

# MoNCE with a weight Q of the negative term; its default is 1.
SWEPT = {"q01": 0.1, "q05": 0.5, "monce": 1.0, "q2": 2.0, "q5": 5.0}
TITLES = METHODS | REFERENCES | {
    "q01": "Q = 0.1", "q05": "Q = 0.5", "q2": "Q = 2", "q5": "Q = 5", "b05": "beta = 0.5", "b1": "beta = 1",
    "b5": "beta = 5", "easy": "MoNCE, easy", "hard": "MoNCE, hard", "slow": "MoNCE, a tenth of the rate",
    "top4": "MoNCE, 1/4 re-weighted",
}  # fmt: skip

LOWER = ("FD", "FID", "SWD", "self_similarity", "structure", "LPIPS", "PD", "background_l1")
HIGHER = ("mask_iou", "mAP", "mIoU", "pixAcc", "classAcc", "Acc")
# Which of two numbers is content kept better; the drawn truth decides where there is one.
CONTENT = ("mask_iou", "self_similarity")


def sense(metric: str) -> int:
    """1 where less is better, -1 where more is, 0 where a measure has no side; `FD-demo` counts as FD."""
    name = metric.partition("-")[0]
    if name in LOWER:
        return 1
    return -1 if any(name == known or name.startswith(f"{known}_") for known in HIGHER) else 0


def arrow(metric: str) -> str:
    """The side that is better, as a mark."""
    return {1: " ↓", -1: " ↑", 0: ""}[sense(metric)]


def is_distance(metric: str) -> bool:
    """Whether a measure is the Fréchet distance, by whatever network."""
    return metric == "FID" or metric.startswith("FD")
