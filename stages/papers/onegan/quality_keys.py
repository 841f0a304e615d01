"""The keys of the measure of a training. No torch here."""

from pydantic import Field

from stages.papers.onegan.measured import MeasureBlock


class QualityBlock(MeasureBlock):
    """How much is generated, and how it is looked at.

    `batch` pictures go through the networks together, `seed` draws poses and permutations. `images_per_child` are
    generated of every child class for the Fréchet distance and the inception score, which is a mean over `splits` of
    them; `images_per_reference` of the codes of every real picture for their conditional forms. O1 is judged on
    `references` test pictures with `poses` poses, and k-means' masks on as many. The judge is a logistic regression
    with the squared weights times `probe_penalty` / 2, found in at most `probe_iterations` steps. Chance clusters are a
    mean over `permutations`; k-means starts `restarts` times. `swap_sources` pictures get the codes of `swap_targets`
    classes; `lowest` pictures of lowest IoU are listed.
    """

    batch: int = Field(gt=0)
    seed: int
    images_per_child: int = Field(gt=0)
    images_per_reference: int = Field(gt=0)
    splits: int = Field(gt=0)
    references: int = Field(gt=1)
    poses: int = Field(gt=1)
    probe_penalty: float = Field(gt=0)
    probe_iterations: int = Field(gt=0)
    permutations: int = Field(gt=0)
    restarts: int = Field(gt=0)
    swap_sources: int = Field(gt=1)
    swap_targets: int = Field(gt=1)
    lowest: int = Field(gt=0)
