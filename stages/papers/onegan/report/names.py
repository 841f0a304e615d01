"""What the report calls sets, methods and measures, and in which order they stand."""

# In the order of the text's figures.
SETS = {"bird_boxes": "Birds", "dog_boxes": "Dogs", "car_boxes": "Cars"}
BIRDS, DOGS, CARS = SETS

METHODS = {
    "onegan": "OneGAN", "onegan_real": "OneGAN, real mask", "onegan_predicted": "OneGAN, predicted mask",
    "dip_real": "DIP, real mask", "dip_predicted": "DIP, predicted mask", "mean_colour_real": "mean colour, real mask",
    "mean_colour_predicted": "mean colour, predicted mask", "all_ones": "all ones", "box": "centred box",
    "kmeans": "k-means", "detection": "detection", "permuted": "permuted", "halves": "two halves of the real photos",
    "real": "real photos", "tiles": "background tiles",
    "original": "photo as it is", "hole_real": "real mask", "hole_predicted": "predicted mask",
}  # fmt: skip

LOWER = ("FD", "FID", "WCFD", "BCFD", "WCFID", "BCFID", "L1", "residual_object", "macs", "empty_clusters",
         "L1_inside", "L1_outside", "L1_outside_composited", "swap_outside", "photos_without_tile")  # fmt: skip
HIGHER = ("IS", "WCIS", "BCIS", "ACC", "NMI", "NMI_max", "NMI_parent", "purity_parent", "IoU", "Dice",
          "pixel_accuracy", "IoU_both", "IoU_best_polarity", "better_than_detection", "decided", "PSNR", "PSNR_inside",
          "object_covered", "class_agreement", "probe_accuracy", "swap_inside", "swap_ratio", "swap_cosine",
          "z_ratio")  # fmt: skip


def family(metric: str) -> str:
    """A measure without the network that stands behind it: `FD-demo background` is FD."""
    return metric.partition(" ")[0].partition("-")[0]


def arrow(metric: str) -> str:
    """The side that is better, as a mark; empty where a measure has none."""
    name = family(metric)
    return " ↓" if name in LOWER else " ↑" if name in HIGHER else ""
