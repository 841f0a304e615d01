"""Networks of ContrasFill and its two GAN baselines: counts, shapes, leakage, independence (I9 to I12, I28)."""

import pytest
import torch

from stages.nets.stylegan.modconv import ModulatedConv
from stages.nets.stylegan.resample import up2
from stages.papers.contrasfill.holes import alone, composite, holes
from stages.papers.contrasfill.methods.collagegan.nets import Generator as Collage
from stages.papers.contrasfill.methods.comodgan.nets import Generator as CoMod
from stages.papers.contrasfill.methods.contrasfill.nets import Generator, UnknownEncoder
from stages.papers.contrasfill.trunk import start_side
from tests.papers.contrasfill_toys import batch_of, count, stir

PROFILES = {256: (32768, 512, 512, 8), 64: (4096, 128, 128, 4), 32: (1024, 64, 64, 2)}
TINY = {"mapping_layers": 2, "mapping_rate": 0.01}


def full(size: int, codes: int = 2, combination: str = "product", skips: bool = False) -> Generator:
    base, limit, latent, layers = PROFILES[size]
    return Generator(
        size,
        base,
        limit,
        latent,
        codes=codes,
        mapping_layers=layers,
        mapping_rate=0.01,
        combination=combination,
        decoder_skips=skips,
    )


def tiny(size: int = 32, codes: int = 2, combination: str = "product", skips: bool = False) -> Generator:
    torch.manual_seed(0)
    return stir(Generator(size, 256, 16, 8, codes=codes, combination=combination, decoder_skips=skips, **TINY))


def codes_of(rows: int, number: int = 2, seed: int = 5) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(rows, 8, generator=generator) for _ in range(number)]


@pytest.mark.parametrize(
    ("size", "codes", "total"),
    [
        (256, 2, 62_146_713),
        (256, 1, 53_610_393),
        (64, 2, 2_900_943),
        (64, 1, 2_537_679),
        (32, 2, 570_991),
        (32, 1, 500_271),
    ],
)
def test_generator_has_the_number_of_parameters_of_the_spec(size, codes, total):
    with torch.device("meta"):
        assert count(full(size, codes)) == total


def test_generator_parts_have_the_counts_of_the_spec_at_256():
    with torch.device("meta"):
        net = full(256)
    trunk, affine = net.trunk, 2 * (512 + 1)

    def with_styles(*groups):
        layers = [layer for group in groups for layer in group]
        return sum(count(layer) + affine * getattr(layer, "inputs", 0) for layer in layers)

    assert count(net.mapping) == 4_202_496
    assert with_styles([trunk.from_image], trunk.encode_same, trunk.encode_down) == 28_967_680
    assert with_styles(trunk.lateral, trunk.top) == 6_295_552
    assert with_styles(trunk.decode_first, trunk.decode_second, trunk.to_rgb) == 22_680_985


def test_layers_at_256_follow_the_table_of_the_spec():
    with torch.device("meta"):
        trunk = full(256).trunk
    shape = [tuple(layer.weight.shape[:2]) for layer in trunk.encode_same]
    assert shape == [(128, 128), (256, 256)] + [(512, 512)] * 5
    assert [tuple(layer.weight.shape[:2]) for layer in trunk.encode_down] == [(256, 128), (512, 256)] + [(512, 512)] * 4
    assert trunk.top_sides == [8, 16] and trunk.decoder_sides == [16, 32, 64, 128, 256]
    shape = [tuple(layer.weight.shape[:2]) for layer in trunk.decode_first]
    assert shape == [(512, 512)] * 3 + [(256, 512), (128, 256)]
    assert all(layer.strength is not None for layer in [*trunk.decode_first, *trunk.decode_second])
    assert all(layer.strength is None for layer in [*trunk.encode_same, *trunk.encode_down, *trunk.to_rgb])
    assert not any(layer.demodulate for layer in trunk.to_rgb)


SHAPES = [(32, 8, [8]), (64, 16, [8, 16]), (128, 16, [8, 16]), (256, 16, [8, 16])]


@pytest.mark.parametrize(("size", "start", "top"), SHAPES)
def test_every_size_starts_its_decoder_as_the_spec_says(size, start, top):
    assert start_side(size) == start
    with torch.device("meta"):
        trunk = tiny_meta(size).trunk
    assert trunk.top_sides == top and trunk.decoder_sides[0] == start and trunk.decoder_sides[-1] == size


def tiny_meta(size: int) -> Generator:
    return Generator(size, 256, 16, 8, codes=2, combination="product", decoder_skips=False, **TINY)


@pytest.mark.parametrize("size", [32, 64, 128, 256])
def test_outputs_have_the_side_of_the_input(size):
    net, data = tiny(size), batch_of(1, size)
    assert net(data["image"], data["mask"], codes_of(1), net.trunk.noise.fixed).shape == (1, 3, size, size)
    torch.manual_seed(0)
    comod = CoMod(size, 256, 16, 8, **TINY)
    out = comod(data["image"], data["mask"], codes_of(1)[0], torch.ones(1, 32), comod.noise.fixed)
    assert out.shape == (1, 3, size, size)
    assert UnknownEncoder(size, 1024, 16, 12).eval()(data["image"]).shape == (1, 12)


def test_comodgan_has_the_styles_and_widths_of_the_official_code():
    with torch.device("meta"):
        net = CoMod(256, 32768, 512, 512, mapping_layers=8, mapping_rate=0.01)
    assert net.bank.affine[0].weight.shape[1] == 1536 and net.width == 1024
    assert net.styles == 14  # 2 log2(256) - 2
    assert net.squeeze.weight.shape == (1024, 8192) and net.unsqueeze.weight.shape == (8192, 1024)
    index = net.style_of_column
    assert index.shape == (sum(net.bank.layer_widths),)
    made = CoMod(32, 256, 16, 8, **TINY)
    starts = torch.tensor([0, *made.bank.layer_widths]).cumsum(0)[:-1]
    assert made.style_of_column[starts].tolist() == [0, 1, 1, 2, 3, 3, 4, 5, 5, 6, 7]  # convs 2l-5, 2l-4; to_rgb 2l-3


def test_collagegan_modulates_its_decoder_only():
    torch.manual_seed(0)
    net = Collage(32, 256, 16, 8, decoder_skips=False, **TINY)
    modulated = [layer for layer in net.trunk.layers() if isinstance(layer, ModulatedConv)]
    assert len(modulated) == 9 and len(net.bank.affine) == 1
    shape = {name: p.shape for name, p in net.trunk.named_parameters()}
    assert shape == {name: p.shape for name, p in tiny(codes=1).trunk.named_parameters()}  # the same convolutions


def generators():
    ours, torch_seed = tiny(), torch.manual_seed(0)
    comod = stir(CoMod(32, 256, 16, 8, **TINY))
    collage = stir(Collage(32, 256, 16, 8, decoder_skips=False, **TINY))
    assert torch_seed is not None
    return {
        "contrasfill": lambda i, m, w: ours(i, m, w, ours.trunk.noise.fixed),
        "comodgan": lambda i, m, w: comod(i, m, w[0], torch.full((len(i), 32), 2.0), comod.noise.fixed),
        "collagegan": lambda i, m, w: collage(i, m, w[0], collage.trunk.noise.fixed),
    }


@pytest.mark.parametrize("method", ["contrasfill", "comodgan", "collagegan"])
def test_pixels_inside_the_hole_never_reach_the_output(method):
    generate, data, w = generators()[method], batch_of(2), codes_of(2)
    changed = data["image"] + 0.5 * data["mask"]
    assert torch.equal(generate(data["image"], data["mask"], w), generate(changed, data["mask"], w))
    outside = data["image"] + 0.5 * (1 - data["mask"])
    assert not torch.allclose(generate(data["image"], data["mask"], w), generate(outside, data["mask"], w))


@pytest.mark.parametrize("method", ["contrasfill", "comodgan", "collagegan"])
def test_each_image_depends_on_its_own_inputs_and_codes(method):
    generate, data, w = generators()[method], batch_of(2), codes_of(2)
    both = generate(data["image"], data["mask"], w)
    one = generate(data["image"][1:], data["mask"][1:], [code[1:] for code in w])
    assert torch.allclose(both[1:], one, atol=1e-4)
    other = [torch.cat([code[:1] + 1, code[1:]]) for code in w]
    assert torch.allclose(generate(data["image"], data["mask"], other)[1:], both[1:], atol=1e-4)


@pytest.mark.parametrize("combination", ["product", "sum", "concat"])
@pytest.mark.parametrize("number", [0, 1])
def test_each_code_steers_the_output_in_every_combination(combination, number):
    net, data, w = tiny(combination=combination), batch_of(1), codes_of(1)
    base = net(data["image"], data["mask"], w, None)
    w[number] = w[number] + 1
    assert not torch.allclose(base, net(data["image"], data["mask"], w, None), atol=1e-3)


def test_decoder_skips_change_the_output_but_add_no_parameters():
    plain, skips, data, w = tiny(), tiny(skips=True), batch_of(1), codes_of(1)
    assert count(plain) == count(skips)
    assert not torch.allclose(plain(data["image"], data["mask"], w, None), skips(data["image"], data["mask"], w, None))


def outputs_of(layers, outputs: list) -> None:
    """Notes what layers answer, in order."""
    for layer in layers:
        layer.register_forward_hook(lambda module, given, answer: outputs.append(answer.clone()))


def test_skips_join_above_the_start_alone():
    """Sides 32, 16, 8, 4; the decoder starts at 8, so it doubles to 16 and 32, where features of that side join."""
    made, data, w = tiny(skips=True), batch_of(1), codes_of(1)
    trunk, features, doubled, plain = made.trunk, [], [], []
    outputs_of(trunk.encode_same[:-1], features)
    outputs_of(trunk.decode_first, doubled)
    for layer in trunk.decode_second:
        layer.register_forward_pre_hook(lambda module, given: plain.append(given[0].clone()))
    made(data["image"], data["mask"], w, None)
    assert [x.shape[-1] for x in features] == [32, 16, 8] and [x.shape[-1] for x in doubled] == [8, 16, 32]
    assert torch.equal(plain[0], doubled[0])
    for place, feature in ((1, features[1]), (2, features[0])):
        assert torch.equal(plain[place], doubled[place] + feature)


def test_the_way_down_reaches_the_decoder_at_every_side_below_its_start():
    """With a bottom of zeros the laterals alone carry the image: 1x1 convolutions, added to the doubled map."""
    made, data, w, given = tiny(), batch_of(2), codes_of(2), []
    trunk, features, laterals = made.trunk, [], []
    with torch.no_grad():
        for parameter in trunk.encode_same[-1].parameters():
            parameter.zero_()
    outputs_of(trunk.encode_same[:-1], features)
    outputs_of(trunk.lateral, laterals)
    trunk.top[0].register_forward_pre_hook(lambda module, values: given.append(values[0]))
    made(data["image"], data["mask"], w, None)
    assert trunk.top_sides == [8] and given[0].abs().max() > 0
    assert torch.equal(given[0], laterals[0])
    weight, bias = trunk.lateral[0].weight * trunk.lateral[0].weight_scale, trunk.lateral[0].bias
    expected = torch.nn.functional.conv2d(features[2], weight, bias)
    assert torch.allclose(laterals[0], expected, atol=1e-6)


def test_the_picture_is_the_sum_of_all_sides_doubled():
    made, data, w, parts = tiny(), batch_of(1), codes_of(1), []
    outputs_of(made.trunk.to_rgb, parts)
    found = made(data["image"], data["mask"], w, None)
    assert [part.shape[-1] for part in parts] == [8, 16, 32]
    assert torch.allclose(found, up2(up2(parts[0]) + parts[1]) + parts[2], atol=1e-6)


def test_comodgans_decoder_takes_the_encoders_maps_and_sums_its_pictures():
    """Its start is the dense layer's answer, as 4 x 4, and E_4; E_8, E_16 and E_32 join behind each doubling."""
    torch.manual_seed(0)
    made, data = stir(CoMod(32, 256, 16, 8, **TINY)), batch_of(2)
    noted = {name: [] for name in ("encoded", "started", "doubled", "taken", "parts", "dense")}
    outputs_of(made.encode_same, noted["encoded"])
    outputs_of(made.up, noted["doubled"])
    outputs_of([made.first_rgb, *made.to_rgb], noted["parts"])
    outputs_of([made.unsqueeze], noted["dense"])
    made.first.register_forward_pre_hook(lambda module, given: noted["started"].append(given[0].clone()))
    for layer in made.same:
        layer.register_forward_pre_hook(lambda module, given: noted["taken"].append(given[0].clone()))
    found = made(data["image"], data["mask"], codes_of(2)[0], torch.ones(2, made.width), None)
    *features, last = noted["encoded"]
    assert torch.equal(noted["started"][0], noted["dense"][0].view_as(last) + last)
    for taken, doubled, feature in zip(noted["taken"], noted["doubled"], reversed(features), strict=True):
        assert torch.equal(taken, doubled + feature)
    picture = noted["parts"][0]
    for part in noted["parts"][1:]:
        picture = up2(picture) + part
    assert torch.allclose(found, picture, atol=1e-6)


def test_composite_is_exact_on_both_sides_of_the_mask():
    data, colours = batch_of(3), 7 * torch.randn(3, 3, 32, 32)
    out = composite(colours, data["image"], data["mask"])
    inside = data["mask"].bool().expand_as(out)
    assert torch.equal(out[~inside], data["image"][~inside]) and torch.equal(out[inside], colours[inside])
    assert torch.equal(composite(colours, data["image"], torch.zeros(3, 1, 32, 32)), data["image"])
    assert torch.equal(composite(colours, data["image"], torch.ones(3, 1, 32, 32)), colours)


def test_a_hole_alone_is_its_pixels_on_black():
    image, mask = torch.tensor([[[[0.5, -0.25]]]]).expand(1, 3, 1, 2), torch.tensor([[[[0.0, 1.0]]]])
    assert alone(image, mask).tolist() == [[[[-1.0, -0.25]]] * 3]


def test_box_hole_is_the_tight_box_with_its_limits():
    mask = torch.zeros(2, 1, 8, 8)
    mask[0, 0, 2, 3] = mask[0, 0, 5, 1] = 1
    mask[1, 0, 7, 7] = 1
    box = holes(mask, "box")
    expected = torch.zeros(2, 1, 8, 8)
    expected[0, 0, 2:6, 1:4] = 1
    expected[1, 0, 7, 7] = 1
    assert torch.equal(box, expected) and torch.equal(holes(box, "box"), box)
    assert torch.equal(holes(mask, "object"), mask)
    assert torch.equal(holes(torch.zeros(1, 1, 8, 8), "box"), torch.zeros(1, 1, 8, 8))


def test_unknown_encoder_ignores_the_rest_of_the_batch_once_it_has_learned():
    torch.manual_seed(0)
    net, images = UnknownEncoder(32, 256, 16, 12), batch_of(3)["image"]
    net(images)
    net.eval()
    assert torch.allclose(net(images)[1:2], net(images[1:2]), atol=1e-5)


def test_what_all_images_share_is_taken_from_unknown_features():
    torch.manual_seed(0)
    net, images = UnknownEncoder(32, 256, 16, 12), batch_of(6)["image"]
    features = net(images)
    assert torch.allclose(features.mean(0), torch.zeros(12), atol=1e-5)
    assert torch.allclose(features.var(0, unbiased=False), torch.ones(12), atol=0.1)
    assert net.own(images).std(0).max() < 0.5, "without it they are alike"
    assert net.feature.bias is None


def test_unknown_encoder_has_half_the_discriminators_widths():
    with torch.device("meta"):
        widths = [block.first.weight.shape[0] for block in UnknownEncoder(256, 32768, 512, 128).blocks]
    assert widths == [64, 128, 256, 256, 256, 256]
