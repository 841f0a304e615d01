"""The unconditional StyleGAN2: published shapes and counts, and published weights by name."""

import hashlib
import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from stages.engine.world import World
from stages.nets.psp import PSP
from stages.nets.stylegan.generator import Generator
from stages.nets.stylegan.stylegan2 import Discriminator
from stages.papers.contrasfill.identity import generator as stage
from stages.papers.contrasfill.methods.stylegan import method as stylegan
from stages.teachers import stylegan_weights
from stages.teachers.weights import Given
from tests.contract.prepared import block_of
from tests.papers.contrasfill_toys import count, stir

SMOKE = ("contrasfill.stylegan.base", "contrasfill.stylegan.profile.smoke")


def small_generator(seed: int = 0) -> Generator:
    torch.manual_seed(seed)
    return stir(Generator(16, 64, 8, 6, mapping_layers=2, mapping_rate=0.01)).eval()


# --- shapes and counts -----------------------------------------------------------------------------------------------


def test_the_official_networks_have_their_published_sizes():
    """Config F at 1024 px: 30,370,060 in the generator, of which 2,101,248 map; 29,012,513 in the discriminator."""
    with torch.device("meta"):
        discriminator = Discriminator(3, 1024, 32768, 512, 4)
        generator = Generator(1024, 32768, 512, 512, mapping_layers=8, mapping_rate=0.01)
    assert (count(generator), count(generator.mapping), generator.styles) == (30_370_060, 2_101_248, 18)
    assert generator.noise.size == 16 + 2 * sum(4**k for k in range(3, 11))
    assert count(discriminator) == 29_012_513


def test_psp_has_its_published_shape_and_size():
    """Trunk of IR-SE50 and 18 heads: 3 of 4, 4 of 5 and 11 of 6 convolutions of 512 channels, a linear layer each."""
    with torch.device("meta"):
        net = PSP(18).eval()
        assert net(torch.empty(2, 3, 256, 256)).shape == (2, 18, 512)
    convolution, linear = 512 * 512 * 9 + 512, 512 * 512 + 512
    assert count(net.styles) == (3 * 4 + 4 * 5 + 11 * 6) * convolution + 18 * linear
    assert count(net.latlayer1) + count(net.latlayer2) == (256 + 1 + 128 + 1) * 512
    assert count(net) == 267_136_704
    names = net.state_dict()
    trunk = {"input_layer.2.weight", "body.23.res_layer.5.fc2.weight", "body.3.shortcut_layer.1.running_var"}
    heads = {"styles.0.convs.6.bias", "styles.17.convs.10.weight", "styles.17.linear.bias", "latlayer2.bias"}
    assert trunk | heads <= names.keys()
    assert "styles.0.convs.8.weight" not in names and "output_layer.3.weight" not in names


def test_psp_reads_the_published_maps():
    with torch.device("meta"):
        net, shapes = PSP(18).eval(), {}
        for place in (6, 20, 23):
            net.body[place].register_forward_hook(
                lambda m, i, o, place=place: shapes.update({place: tuple(o.shape[1:])})
            )
        net(torch.empty(1, 3, 256, 256))
        with pytest.raises(ValueError, match=r"256 px, came \(128, 128\)"):
            net(torch.empty(1, 3, 128, 128))
    assert shapes == {6: (128, 64, 64), 20: (256, 32, 32), 23: (512, 16, 16)}


def test_each_style_steers_its_own_layers_and_those_above():
    """W+ order: changing code s leaves every smaller image of the skip sum as it was."""
    generator = small_generator()
    assert generator.styles == 6
    codes = torch.randn(2, 6, 6, generator=torch.Generator().manual_seed(1))
    sizes: list[dict[int, torch.Tensor]] = []

    def images(codes):
        held: dict[int, torch.Tensor] = {}
        hooks = [
            layer.register_forward_hook(lambda m, i, o: held.update({o.shape[-1]: o})) for layer in generator.to_rgb
        ]
        whole = generator(codes, None)
        for hook in hooks:
            hook.remove()
        sizes.append(held)
        return whole

    plain = images(codes)
    assert plain.shape == (2, 3, 16, 16)
    # to_rgb of sides 4, 8, 16 reads styles 1, 3, 5; convolutions read 0; 1, 2; 3, 4.
    touched = {0: (4, 8, 16), 1: (4, 8, 16), 2: (8, 16), 3: (8, 16), 4: (16,), 5: (16,)}
    for style, sides in touched.items():
        moved = codes.clone()
        moved[:, style] += 1
        images(moved)
        for side in (4, 8, 16):
            assert torch.equal(sizes[0][side], sizes[-1][side]) == (side not in sides), (style, side)
    with pytest.raises(ValueError, match="codes of 6 layers"):
        generator(codes[:, :5], None)


# --- weights by name -------------------------------------------------------------------------------------------------


def rosinality_names() -> dict[str, tuple[int, ...]]:
    """Names and shapes of the PyTorch port for 16 px, 8 channels, 6-d codes, 2 mapping layers, written by hand."""
    found = {"input.input": (1, 8, 4, 4)}
    for layer in (1, 2):
        found |= {f"style.{layer}.weight": (6, 6), f"style.{layer}.bias": (6,)}
    widths = {4: 8, 8: 8, 16: 4}

    def conv(name: str, inputs: int, outputs: int) -> None:
        found.update({f"{name}.conv.weight": (1, outputs, inputs, 3, 3), f"{name}.conv.modulation.weight": (inputs, 6),
                      f"{name}.conv.modulation.bias": (inputs,), f"{name}.noise.weight": (1,),
                      f"{name}.activate.bias": (outputs,)})  # fmt: skip

    def rgb(name: str, inputs: int) -> None:
        found.update({f"{name}.conv.weight": (1, 3, inputs, 1, 1), f"{name}.conv.modulation.weight": (inputs, 6),
                      f"{name}.conv.modulation.bias": (inputs,), f"{name}.bias": (1, 3, 1, 1)})  # fmt: skip

    conv("conv1", 8, 8)
    rgb("to_rgb1", 8)
    for number, (inputs, side) in enumerate(((8, 8), (8, 16))):
        conv(f"convs.{2 * number}", inputs, widths[side])
        conv(f"convs.{2 * number + 1}", widths[side], widths[side])
        rgb(f"to_rgbs.{number}", widths[side])
        found |= {f"convs.{2 * number}.conv.blur.kernel": (4, 4), f"to_rgbs.{number}.upsample.kernel": (4, 4)}
    found |= {f"noises.noise_{n}": (1, 1, side, side) for n, side in enumerate((4, 8, 8, 16, 16))}
    return found


def random_state(names: dict[str, tuple[int, ...]], seed: int = 5) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=generator) for name, shape in names.items()}


def given(state: dict[str, torch.Tensor]) -> Given:
    """As if read from a file."""
    return Given("generator_file", Path("g.pt"), "0" * 64, state, {"kind": "PyTorch"})


def filled(state: dict[str, torch.Tensor]) -> Generator:
    generator = small_generator()
    beside = {name for name, _ in stylegan_weights.plane_names(generator.sides, "rosinality")}
    names = stylegan_weights.generator_names(generator.sides, 2, "rosinality")
    stylegan_weights.fill(generator, given(state), names, beside, "the generator")
    stage.fill_planes(generator.planes, state, stylegan_weights.plane_names(generator.sides, "rosinality"), "g.pt")
    return generator


def port(state: dict[str, torch.Tensor], code: torch.Tensor) -> torch.Tensor:
    """The PyTorch port's generator at 16 px, written from its formulas: a kernel per sample, blur after transposing."""
    taps = torch.tensor([1.0, 3, 3, 1])
    kernel = torch.outer(taps, taps) / 64 * 4

    def blur(x, before, after):
        channels = x.shape[1]
        return F.conv2d(F.pad(x, (before, after, before, after)), kernel.expand(channels, 1, 4, 4), groups=channels)

    def modulated(name, x, w, demodulate):
        weight = state[f"{name}.conv.weight"][0]
        style = w @ state[f"{name}.conv.modulation.weight"].t() / math.sqrt(6) + state[f"{name}.conv.modulation.bias"]
        weight = weight / math.sqrt(weight[0].numel()) * style[None, :, None, None]
        return weight * (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).rsqrt() if demodulate else weight

    def layer(name, x, w, noise, up=False):
        weight = modulated(name, x, w, True)
        x = (
            blur(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2), 1, 1)
            if up
            else F.conv2d(x, weight, padding=1)
        )
        x = x + state[f"{name}.noise.weight"] * state[f"noises.noise_{noise}"]
        return F.leaky_relu(x + state[f"{name}.activate.bias"][None, :, None, None], 0.2) * math.sqrt(2)

    def rgb(name, x, w):
        return F.conv2d(x, modulated(name, x, w, False)) + state[f"{name}.bias"]

    def doubled(x):
        zeros = torch.zeros(1, 3, 2 * x.shape[2], 2 * x.shape[3])
        zeros[:, :, ::2, ::2] = x
        return blur(zeros, 2, 1)

    x = layer("conv1", state["input.input"], code[0], 0)
    image = rgb("to_rgb1", x, code[1])
    for number in range(2):
        x = layer(f"convs.{2 * number}", x, code[2 * number + 1], 2 * number + 1, up=True)
        x = layer(f"convs.{2 * number + 1}", x, code[2 * number + 2], 2 * number + 2)
        image = doubled(image) + rgb(f"to_rgbs.{number}", x, code[2 * number + 3])
    return image


def test_published_weights_give_the_published_image():
    """Oracle: the port's own formulas on the same file; a kernel that is not mirrored would give another image."""
    state = random_state(rosinality_names())
    generator, codes = filled(state), torch.randn(1, 6, 6, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        torch.testing.assert_close(generator(codes, generator.planes), port(state, codes[0]), rtol=1e-4, atol=1e-4)
        wrong = {name: t.flip(3, 4) if name == "convs.0.conv.weight" else t for name, t in state.items()}
        assert not torch.allclose(filled(wrong)(codes, generator.planes), port(state, codes[0]), atol=1e-2)
        z = torch.randn(3, 6)
        mapped = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        for layer in (1, 2):
            weight, bias = state[f"style.{layer}.weight"] * 0.01 / math.sqrt(6), state[f"style.{layer}.bias"] * 0.01
            mapped = F.leaky_relu(F.linear(mapped, weight, bias), 0.2) * math.sqrt(2)
        torch.testing.assert_close(generator.mapping(z), mapped)


@pytest.mark.parametrize("layout", stylegan_weights.LAYOUTS)
def test_names_go_there_and_back(layout):
    """Ours → theirs → ours to the bit, every tensor once."""
    net = small_generator(3)
    discriminator = Discriminator(3, 16, 64, 8, 2)
    for made, names in (
        (net, stylegan_weights.generator_names(net.sides, 2, layout)),
        (discriminator, stylegan_weights.discriminator_names(net.sides, layout)),
    ):
        own = {name: value for name, value in made.state_dict().items() if name != "planes"}
        assert sorted(name.ours for name in names) == sorted(own)
        assert len({name.theirs for name in names}) == len(names)
        state = {n.theirs: own[n.ours].flip(2, 3).clone() if n.mirrored else own[n.ours].clone() for n in names}
        other = small_generator(4) if made is net else Discriminator(3, 16, 64, 8, 2)
        stylegan_weights.fill(other, given(state), names, set(), "the generator")
        for name, value in own.items():
            assert torch.equal(value, other.state_dict()[name]), name
    mirrored = {name.ours for name in stylegan_weights.generator_names(net.sides, 2, layout) if name.mirrored}
    assert mirrored == {"up.0.weight", "up.1.weight"}


def test_nvlabs_names_are_those_of_the_published_networks():
    named = {n.ours: n.theirs for n in stylegan_weights.generator_names([4, 8], 1, "nvlabs")}
    assert named["constant"] == "synthesis.b4.const" and named["mapping.layers.0.bias"] == "mapping.fc0.bias"
    assert named["first.strength"] == "synthesis.b4.conv1.noise_strength"
    assert named["up_affine.0.weight"] == "synthesis.b8.conv0.affine.weight"
    assert named["to_rgb.1.weight"] == "synthesis.b8.torgb.weight"
    judged = {n.ours: n.theirs for n in stylegan_weights.discriminator_names([4, 8, 16], "nvlabs")}
    assert judged["from_image.weight"] == "b16.fromrgb.weight" and judged["blocks.1.skip.weight"] == "b8.skip.weight"
    assert judged["last.bias"] == "b4.conv.bias" and judged["logit.weight"] == "b4.out.weight"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("convs.1.activate.bias"), r"1 names missing \['convs.1.activate.bias'\]"),
        (lambda s: s.update({"convs.9.conv.weight": torch.zeros(2)}), r"1 left over \['convs.9.conv.weight'\]"),
        (
            lambda s: s.update({"input.input": torch.zeros(1, 8, 4, 5)}),
            r"input.input: \(8, 4, 4\) expected, \(1, 8, 4, 5\)",
        ),
        (lambda s: s.update({"style.1.weight": torch.zeros(6, 7)}), r"style.1.weight: \(6, 6\) expected"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name_and_nothing_is_copied(change, message):
    state = random_state(rosinality_names())
    change(state)
    net = small_generator()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    names = stylegan_weights.generator_names(net.sides, 2, "rosinality")
    beside = {name for name, _ in stylegan_weights.plane_names(net.sides, "rosinality")}
    with pytest.raises(ValueError, match=message):
        stylegan_weights.fill(net, given(state), names, beside, "the generator")
    assert all(torch.equal(value, net.state_dict()[name]) for name, value in before.items())


def test_noise_planes_come_whole_or_not_at_all():
    state, names = random_state(rosinality_names()), stylegan_weights.plane_names([4, 8, 16], "rosinality")
    planes = torch.zeros(1, 16 + 2 * 64 + 2 * 256)
    stage.fill_planes(planes, {}, names, "g.pt")
    assert not planes.any()
    del state["noises.noise_3"]
    with pytest.raises(ValueError, match=r"of 5 noise planes 1 are missing or not square: \['noises.noise_3'\]"):
        stage.fill_planes(planes, state, names, "g.pt")


class Evil:
    """What a hostile checkpoint holds: reading it must not run this."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('a pickle was run')",))


def test_files_are_read_without_running_code(tmp_path):
    def read(path, prefix=""):
        return stylegan_weights.open_named(
            "k", str(path), hashlib.sha256(path.read_bytes()).hexdigest(), prefix
        ).tensors

    nested, plain, evil = tmp_path / "a.pt", tmp_path / "b.safetensors", tmp_path / "c.pt"
    torch.save({"state_dict": {"decoder.x": torch.ones(2)}, "latent_avg": torch.zeros(3), "opts": {"lr": 1}}, nested)
    save_file({"decoder.x": torch.ones(2)}, plain)
    assert set(read(nested)) == {"state_dict.decoder.x", "latent_avg"}
    assert set(read(nested, "state_dict.decoder.")) == set(read(plain, "decoder.")) == {"x"}
    assert set(read(nested, "decoder.")) == {"x"}, "what stands before the prefix is found where it is one"
    twice = tmp_path / "d.pt"
    torch.save({"ema": {"decoder.x": torch.ones(2)}, "raw": {"decoder.x": torch.ones(2)}}, twice)
    with pytest.raises(ValueError, match=r"it stands there 2 times, after \['ema.', 'raw.'\]"):
        read(twice, "decoder.")
    torch.save({"x": Evil()}, evil)
    with pytest.raises(ValueError, match=r"key k: .*c.pt does not read as named tensors without running code"):
        read(evil)
    with pytest.raises(ValueError, match=r"holds no tensor under 'g_ema\.'"):
        read(plain, "g_ema.")
    with pytest.raises(ValueError, match=r"expected .* to have the sha256"):
        stylegan_weights.open_named("k", str(plain), "0" * 64, "")
    with pytest.raises(FileNotFoundError, match="key k names the weight file"):
        stylegan_weights.open_named("k", str(tmp_path / "none.pt"), "0" * 64, "")


def test_a_users_files_become_a_model(tmp_path):
    """The conversion stage end to end on small files in the layout of pSp's checkpoint."""
    state, torch_seed = random_state(rosinality_names()), torch.manual_seed(1)
    judge = Discriminator(3, 16, 64, 8, 2)
    names = stylegan_weights.discriminator_names([4, 8, 16], "rosinality")
    files = {"generator": tmp_path / "psp.pt", "discriminator": tmp_path / "d.safetensors"}
    averages = torch.arange(6.0).expand(6, 6).clone()
    held = {f"decoder.{name}": tensor for name, tensor in state.items()}
    torch.save({"state_dict": held, "latent_avg": averages, "opts": {}}, files["generator"])
    save_file({f"d.{n.theirs}": judge.state_dict()[n.ours].clone() for n in names}, files["discriminator"])
    changes = {"source": "file", "size_px": 16, "channel_base": 64, "channel_limit": 8, "latent": 6, "noise": "random"}
    for name, file in files.items():
        changes |= {f"{name}_file": str(file), f"{name}_sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    block = block_of("stages.papers.contrasfill.methods.stylegan.method", *SMOKE).model_copy(update=changes)
    stage.convert(block, World.single(), tmp_path)
    made = stylegan.for_sampling(block, World.single())
    from stages.engine.weights import load_weights

    load_weights(made, tmp_path)
    assert torch.equal(made.memory["latent_average"], averages[0]) and torch_seed is not None
    codes = torch.randn(1, 6, 6)
    with torch.no_grad():
        torch.testing.assert_close(made.synthesise(codes), port(state, codes[0]), rtol=1e-4, atol=1e-4)
    assert torch.equal(made.nets["discriminator"].logit.weight, judge.logit.weight)
