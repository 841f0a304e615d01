"""Figures 1, 2 and 4 are drawn from the network itself: other parameters, other pictures."""

import pytest

from stages.papers.ganseg.report import fig01, fig02, fig04
from stages.papers.ganseg.report.diagram import observed, shape_text
from tests.contract.prepared import block_of


def block(name: str, *more: str, **changes):
    """A figure's block in the smoke profile, with some keys replaced."""
    parts = ("common", "generator", *more)
    layers = [f"ganseg.{part}.base" for part in parts] + [f"ganseg.{part}.profile.smoke" for part in parts]
    made = block_of(f"stages.papers.ganseg.report.{name}", *layers)
    return type(made).model_validate(made.model_dump() | changes, strict=False)


def texts(drawn) -> str:
    return "\n".join(text.get_text() for axes in drawn.figure.axes for text in axes.texts)


def test_figure_1_shows_the_tensors_of_the_network_that_is_built():
    """Sides (8, 8, 16, 32) with margins of 10: 28, 28, 36, 52, and 32 in the end; 3 parts and the background."""
    said = texts(fig01.illustrate(block("fig01", parts=3, points_per_part=5), {}))
    assert "points x_k^i\n3 × 5 × 2" in said and "SPADE ResBlock\n4 × 52 × 52" in said
    assert "M\n4 × 32 × 32" in said and "16 × 28 × 28" in said and said.count("8 × 36 × 36") == 3
    assert said.count("×2, crop") == 2 * 3 and "image 3 × 32 × 32" in said


def test_figure_1_follows_another_depth():
    deeper = {"feature_sizes": (8, 8, 16, 16, 32), "channels": (16, 8, 8, 8, 8)}
    said = texts(fig01.illustrate(block("fig01", **deeper), {}))
    assert said.count("AdaIN ConvBlock") == 5 and said.count("×2, crop") == 2 * 3


@pytest.mark.parametrize(("channels", "spades"), [((16, 8, 8, 8), 3), ((8, 8, 8, 8), 2)], ids=["shortcut", "identity"])
def test_figure_2_has_a_shortcut_only_where_the_width_changes(channels, spades):
    said = texts(fig02.illustrate(block("fig02", channels=channels), {}))
    assert sum(line.startswith("SPADE") for line in said.splitlines()) == spades + 2  # and two headings
    assert f"each {channels[0]} × 28 × 28" in said and f"each {channels[0]}\n" in said


def test_figure_4_states_the_errors_that_it_shows():
    drawn = fig04.illustrate(block("fig04", "equivariance", parts=2), {})
    with_margin, without = (float(word) for word in drawn.caption.split() if "e-" in word)
    assert with_margin < 1e-12 and without > 1e-3
    assert len(drawn.figure.axes) == 3 + 1 + 4 + 4 + 1


def test_observed_sees_each_submodule_and_leaves_no_hook():
    import torch
    from torch import nn

    net = nn.Sequential(nn.Linear(3, 5), nn.ReLU())
    assert observed(net, lambda: net(torch.zeros(2, 3))) == {"0": (2, 5), "1": (2, 5)}
    assert not net[0]._forward_hooks and shape_text((1, 64, 52, 52)) == "64 × 52 × 52"
