"""Moving averages: the paper's half-life in closed form, buffers copied."""

import pytest
import torch
from torch import nn

from stages.engine.average import Averages, keep_share


def test_half_life_of_10k_images_at_batch_16_keeps_0_99889158():
    assert keep_share(16, 0, 10_000, 0) == pytest.approx(0.99889158, abs=5e-9)


def test_half_life_halves_the_weight_of_the_start():
    assert keep_share(16, 0, 320, 0) ** 20 == pytest.approx(0.5)


@pytest.mark.parametrize(("seen", "half_life"), [(100, 5.0), (4_000, 200.0), (1_000_000, 300.0)])
def test_ramp_shortens_the_half_life_to_a_share_of_the_images_seen(seen, half_life):
    # min(300, seen * 0.05), as in stylegan2
    assert keep_share(16, seen, 300, 0.05) == pytest.approx(2 ** (-16 / half_life))


def test_ramp_copies_at_the_first_step():
    assert keep_share(16, 0, 300, 0.05) == 0.0


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3))
        self.register_buffer("running", torch.zeros(3))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))


def test_parameters_are_averaged_and_buffers_copied():
    net = Counting()
    averages = Averages({"G": net}, ("G",))
    for value in (1.0, 3.0):
        net.weight.data.fill_(value)
        net.running.fill_(value)
        net.count += 7
        averages.update(0.75)
    copy = averages.copies["G"]
    # 0.75 * (0.25 * 1) + 0.25 * 3 = 0.9375
    assert copy.weight.tolist() == [0.9375] * 3
    assert copy.running.tolist() == [3.0] * 3 and copy.count == 14
    assert net.weight.tolist() == [3.0] * 3


def test_a_copy_neither_learns_nor_trains_and_shares_no_memory():
    net = Counting().train()
    copy = Averages({"G": net}, ("G",)).copies["G"]
    assert not copy.training and not any(p.requires_grad for p in copy.parameters())
    net.weight.data.fill_(5.0)
    assert copy.weight.tolist() == [0.0] * 3


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match=r"\['H'\].*\['G'\]"):
        Averages({"G": Counting()}, ("H",))
