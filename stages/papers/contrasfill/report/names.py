"""What the paper's report calls things, and which of our measures stands where a printed one stood."""

METHODS = {
    "comodgan": "CoModGAN",
    "collagegan": "CollageGAN",
    "batfill": "BAT-Fill",
    "contrasfill": "ContrasFill (Ours)",
}
DATASETS = {"face": "Face", "bird": "Bird", "car": "Car"}
PRINTED = ("FID", "LPIPS", "KFFA")
DECIMALS = {"FID": 2, "LPIPS": 3, "KFFA": 2}
LOWER_IS_BETTER = {"FID"}


def printed_for(metric: str) -> str | None:
    """The printed metric in whose place a measure stands: FD-… for FID, PD-… for LPIPS; None where there is none."""
    if metric in PRINTED:
        return metric
    if metric.endswith(("_hole", "_floor", "_indep")):
        return None
    return {"FD": "FID", "PD": "LPIPS"}.get(metric.split("-")[0])
