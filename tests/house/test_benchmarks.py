"""What the benchmarks say of trainings without the graph is what the graph says."""

import pytest

from benchmarks.trainings import TRAININGS
from stages import graph
from tests.house.resolved import stages_here

STAGES = {
    "contrasfill": "contrasfill_train_face@0", "contrasfill1": "contrasfill_one_code_face@0",
    "context_free": "contrasfill_box_face@context_free-0", "comodgan": "contrasfill_baseline_face@comodgan-0",
    "collagegan": "contrasfill_baseline_face@collagegan-0", "batfill": "contrasfill_batfill_face@0",
    "stylegan": "contrasfill_stylegan@0", "gan": "ganseg_gan@celeba_wild-main",
    "ae_points": "ganseg_autoencoder@points-celeba_wild", "ae_masks": "ganseg_autoencoder@masks-celeba_wild",
    "segmenter": "ganseg_segmenter@celeba_wild-main", "monce": "monce_contrast@horses-monce",
    "cycle": "monce_cycle@horses", "lsesim": "monce_lsesim@horses", "learned": "monce_learned",
    "spade_monce": "monce_spade@rooms-monce", "spade_perceptual": "monce_spade@people-perceptual",
    "onegan": "onegan_gan@bird_boxes-0", "prior": "onegan_prior_real@bird_boxes",
    "probed": "mscond_gan@s1_off-0", "mscond": "mscond_gan@s1_16_on-0",
    "insgen": "mscond_insgen@0", "projectedgan": "mscond_projectedgan@0",
}  # fmt: skip


@pytest.mark.parametrize("name", TRAININGS)
def test_layers_are_the_graphs(name):
    (stage,) = graph.find(stages_here(), [STAGES[name]])
    words = stage.cmd.split()
    listed = words[words.index("--block") + 1 : words.index("--in")]
    profile = next(word for word in listed if ".profile." in word).rpartition(".")[2]
    assert list(TRAININGS[name].layers(profile)) == listed


def test_every_trained_method_is_among_them():
    trained = {stage.cmd.split("--method ")[1].split()[0] for stage in stages_here() if "stages.train " in stage.cmd}
    assert trained <= {one.module.split(".")[-2] for one in TRAININGS.values()}
