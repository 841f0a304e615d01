"""What a unit of the generator sees: MoNCE supp §2 in gradients, in closed form, and by hand."""

import pytest
import torch
from torch import nn

from stages.nets.blur import BlurUp
from stages.nets.receptive import box_side, closed_form, positive, supports
from stages.nets.resnet_generator import ResnetGenerator

TAPS = (0, 4, 8, 12, 16)


def made(blur: bool, layer0: str = "padded") -> ResnetGenerator:
    return ResnetGenerator(2, 5, 0.02, layer0, blur)


@pytest.mark.parametrize(("blur", "expected"), [(True, [1, 9, 15, 35, 99]), (False, [1, 9, 13, 29, 93])])
def test_gradients_and_closed_form_give_the_papers_numbers(blur, expected):
    net = made(blur)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    assert supports(net, TAPS, 256) == expected
    assert closed_form(net.layers, TAPS) == expected
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())


def test_closed_form_by_hand():
    """r + (k - 1) j, j s: conv7; conv3; blur3 of stride 2; conv3; blur3 of stride 2; two conv3 a block."""
    reach, jump, found = 1, 1, {}
    steps = [(7, 1), (3, 1), (3, 2), (3, 1), (3, 2), *[(3, 1)] * 10]
    for number, (kernel, stride) in enumerate(steps):
        reach, jump = reach + (kernel - 1) * jump, jump * stride
        found[number] = reach
    assert [found[at] for at in (1, 3, 6, 14)] == [9, 15, 35, 99]
    assert closed_form(made(True).layers, (1, 7, 11, 13)) == [7, 11, 19, 51]
    dilated = [nn.Conv2d(1, 1, 3, 2, dilation=2), nn.Conv2d(1, 1, 3)]
    assert closed_form(dilated, (0, 1)) == [5, 9]
    assert closed_form(dilated, ()) == []


def test_norms_rectifiers_and_signs_are_gone_from_the_linear_copy():
    linear = positive(made(True))
    x = torch.randn(1, 3, 24, 24, dtype=torch.float64)
    one, two, both = (linear(y)[0] for y in (x, 2 * x, 3 * x))
    torch.testing.assert_close(one + two, both)
    assert all((p > 0).all() for name, p in linear.named_parameters() if name.endswith("weight"))
    assert not [m for m in linear.modules() if isinstance(m, nn.InstanceNorm2d | nn.ReLU | nn.Tanh)]


def test_what_cannot_be_told_is_refused():
    with pytest.raises(ValueError, match="layer 16 reaches the border of 96 px"):
        supports(made(True), TAPS, 96)
    with pytest.raises(ValueError, match=r"2 x 3 px, expected a square"):
        touched = torch.zeros(9, 9, dtype=torch.bool)
        touched[3:5, 3:6] = True
        box_side(touched, 1)
    with pytest.raises(ValueError, match="BlurUp"):
        closed_form([BlurUp()], (0,))
    with pytest.raises(ValueError, match="ConvTranspose2d"):
        closed_form(made(False).layers, (19,))
