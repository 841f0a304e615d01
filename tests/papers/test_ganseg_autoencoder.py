"""How the auto-encoder substitutes are put together: places, centroids, codes, and what they are taught by."""

import math

import pytest
import torch

from stages.engine.world import World
from stages.papers.ganseg.grid import grid
from stages.papers.ganseg.methods.autoencoder.method import Substitute
from stages.papers.ganseg.methods.autoencoder.nets import centroids, expected_places
from tests.contract.prepared import block_of
from tests.papers.contrasfill_toys import chance


def substitute(kind: str) -> Substitute:
    layers = [f"ganseg.{part}.base" for part in ("common", "generator", "autoencoder")]
    own = [f"ganseg.{part}.profile.smoke" for part in ("common", "generator", "autoencoder")]
    block = block_of("stages.papers.ganseg.methods.autoencoder.block", *layers, f"ganseg.autoencoder.variant.{kind}",
                     *own)  # fmt: skip
    made = Substitute(block, World.single(), 0)
    made.net.eval()
    return made


def test_a_heat_maps_place_is_its_mean_under_a_softmax_over_pixels():
    """On a grid of 2 x 2 at -1/2 and 1/2, one pixel with weight 3 of 6; a second map without preference."""
    places = grid(2, 0, "pixel_center", torch.zeros(1))
    maps = torch.zeros(1, 2, 2, 2)
    maps[0, 0, 0, 1] = math.log(3)
    found = expected_places(maps, places)
    # Row: 4/6 above, 2/6 below; column: 2/6 left, 4/6 right.
    assert found.flatten().tolist() == pytest.approx([-1 / 6, 1 / 6, 0.0, 0.0], abs=1e-6)


def test_a_masks_place_is_its_centroid():
    """Weights 1/2 and 1/4 in the upper right and lower right pixel; a part that is nowhere is at the origin."""
    places = grid(2, 0, "pixel_center", torch.zeros(1))
    parts = torch.zeros(1, 2, 2, 2)
    parts[0, 0, 0, 1], parts[0, 0, 1, 1] = 0.5, 0.25
    assert centroids(parts, places).flatten().tolist() == pytest.approx([-1 / 6, 0.5, 0.0, 0.0], abs=1e-5)


@pytest.mark.parametrize("kind", ["points", "masks"])
def test_it_is_taught_by_the_mean_squared_error_alone(kind):
    made, side = substitute(kind), substitute(kind).block.size_px
    image = torch.full((2, 3, side, side), 0.25)
    answer = torch.full_like(image, 0.75)
    answer[1] = -0.75
    mask = torch.full((2, 4, side, side), 0.1)
    mask[:, -1] = 0.7
    made.net.forward = lambda batch: (answer, mask, None, None)  # pyright: ignore[reportAttributeAccessIssue]
    (phase,) = made.phases(0)
    terms = made.losses(phase, {"image": image}, {}, chance(), 0)
    # Half the rows are off by 1/2, the others by 1.
    assert {name: term.item() for name, term in terms.items()} == {
        "A/reconstruction": pytest.approx((0.25 + 1) / 2), "stat/foreground": pytest.approx(0.3)
    }  # fmt: skip
    descent, block = made.descents["autoencoder"], made.block
    assert (descent.kind, descent.learning_rate, descent.betas) == ("adam", block.learning_rate, block.betas)


@pytest.mark.parametrize("kind", ["points", "masks"])
def test_what_the_generators_levels_are_given(kind):
    """Embeddings are w_const * w_dynamic; the background's position is a tanh of the last two of its answer."""
    made = substitute(kind)
    net, block, given = made.net, made.block, {}
    behind = torch.linspace(-2.0, 3.0, block.embedding + 2).expand(2, -1)
    dynamic = torch.linspace(1.0, 2.0, block.embedding).expand(2, -1)
    net.to_background.forward = lambda image: behind  # pyright: ignore
    net.to_appearance.forward = lambda image: dynamic  # pyright: ignore

    def background(position, embedding):
        given["position"], given["look"] = position, embedding
        return torch.zeros(2, block.embedding, block.size_px, block.size_px)

    def foreground(mask, positions, embeddings):
        given["mask"], given["embeddings"] = mask, embeddings
        return torch.zeros(2, block.embedding, block.size_px, block.size_px)

    net.background_generator.forward, net.foreground_generator.forward = background, foreground  # pyright: ignore
    with torch.no_grad():
        net(torch.rand(2, 3, block.size_px, block.size_px) * 2 - 1)
    assert torch.equal(given["position"], behind[:, -2:].tanh()) and torch.equal(given["look"], behind[:, :-2])
    assert torch.equal(given["embeddings"], net.constants.weight * dynamic[:, None])
    assert torch.allclose(given["mask"].sum(1), torch.ones(2, block.size_px, block.size_px), atol=1e-5)
