"""What the paper's report calls things, and which of our measures stands where a printed one stood."""

METHODS = {
    "comodgan": "CoModGAN",
    "collagegan": "CollageGAN",
    "batfill": "BAT-Fill",
    "contrasfill": "ContrasFill (Ours)",
}
# With box holes ContrasFill-1 is measured too; the paper's own numbers for boxes are not in its supplementary.
BOX_METHODS = {
    "comodgan": "CoModGAN",
    "collagegan": "CollageGAN",
    "batfill": "BAT-Fill",
    "contrasfill1": "ContrasFill-1",
    "contrasfill": "ContrasFill (Ours)",
}
DATASETS = {"face": "Face", "bird": "Bird", "car": "Car"}
# Partial holes in the order of figure 10's rows.
PARTIAL = {
    "both_eyes": "Both eyes",
    "one_eye": "One eye",
    "car_front": "Lamps and grill",
    "bird_part": "Part of the bird",
}
PRINTED = ("FID", "LPIPS", "KFFA")
DECIMALS = {"FID": 2, "LPIPS": 3, "KFFA": 2}
LOWER_IS_BETTER = {"FID"}
# Endings of Fréchet distances that the paper does not have: of training images, of halves, of halves of real images.
FURTHER_FRECHET = ("_train", "_halves", "_halves_floor")


def printed_for(metric: str) -> str | None:
    """The printed metric in whose place a measure stands: FD-… for FID, PD-… for LPIPS; None where there is none."""
    if metric in PRINTED:
        return metric
    if metric.endswith(("_hole", "_indep", *FURTHER_FRECHET)):
        return None
    return {"FD": "FID", "PD": "LPIPS"}.get(metric.split("-")[0])
