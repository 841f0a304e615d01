"""What the report calls sets, runs and measures, and in which order they stand."""

# In the order of the text's figures.
SETS = {"city_scenes": "Cityscapes", "livingroom": "Livingroom", "kitchen": "Kitchen"}
STREETS = "city_scenes"

# A run is named by its scales and whether it has the contrastive task; the text's three names stand in the corners.
RUNS = {
    "s1_off": "StyleGAN2", "s1_on": "1 + contrast", "s1_8_off": "1-8", "s1_8_on": "1-8 + contrast",
    "s1_16_off": "MultiscaleD", "s1_16_on": "MsConD", "insgen": "InsGen", "projectedgan": "ProjectedGAN",
}  # fmt: skip
STYLEGAN, MULTISCALE, MSCOND = "s1_off", "s1_16_off", "s1_16_on"
# The four models of figures 4 to 6, as they stand there.
MODELS = (STYLEGAN, "projectedgan", "insgen", MSCOND)
BASELINES = MODELS[:3]
RUNS_OF = {name: tuple(RUNS) if name == STREETS else MODELS for name in SETS}
# Heights of feature maps in use -> the runs without and with the contrastive task.
LADDER = {"1": (STYLEGAN, "s1_on"), "1-8": ("s1_8_off", "s1_8_on"), "1-16": (MULTISCALE, MSCOND)}
RUNS_OF_LADDER = {STREETS: tuple(run for runs in LADDER.values() for run in runs)}
MODELS_OF = dict.fromkeys(SETS, MODELS)

REFERENCE = "reference"
# Rows of a set's own pictures, which no run made.
REAL = {"halves": "two halves of the real ones", "real": "real pictures"}
BETTER_LESS = " ↓"  # behind a measure whose smaller number is the better one
# Where the feature network is taught on drawn pictures, the method's name says so.
TAUGHT = ("demo", "smoke")
# Mean over the categories that can be compared.
MEAN = "mean"


def title_of(run: str, profile: str) -> str:
    """A run, or a row of real pictures, as readers see it."""
    if run == "projectedgan" and profile in TAUGHT:
        return "ProjectedGAN-demo (taught F)"
    return RUNS.get(run) or REAL[run]


def is_distance(metric: str) -> bool:
    """Whether a measure is the Fréchet distance of whole scenes, by whatever network."""
    return " " not in metric and metric.startswith(("FD", "FID"))
