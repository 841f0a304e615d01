"""What InsGen's updates must be: terms recomputed from the networks, who learns from what, queues and slow copies."""

import math
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from stages.engine.chance import Chance
from stages.engine.descent import Optimiser
from stages.engine.plan import Phase
from stages.engine.world import World
from stages.losses.adversarial import logistic_discriminator, logistic_generator
from stages.losses.penalty import r1
from stages.nets.stylegan.codes import mixed
from stages.papers.mscond.methods.insgen.ada import augmented
from tests.papers.checks_mscond_contrast import close
from tests.papers.insgen_made import made_block, photos

ALONE = World.single()
CHANCE = Chance(0, 3, ALONE)
PHASES = {
    "Gmain": Phase("Gmain", "G", ("generator",)),
    "Dmain": Phase("Dmain", "D", ("discriminator", "heads")),
    "Dreg": Phase("Dreg", "D", ("discriminator",)),
}


def method_of(m: SimpleNamespace, p: float = 0.6, **changes: Any):
    """A method whose slow copies are of another start, under augmentation of strength p."""
    method, other = (m.InsGen(made_block(**changes), ALONE, seed) for seed in (0, 1))
    for name, tensor in method.memory.items():
        if name.startswith("keys/"):
            tensor.copy_(other.memory[name])
    method.memory["ada/strength"].fill_(p)
    method.strength.p = p
    return method


def terms(method, phase: str, step: int = 0) -> dict[str, Tensor]:
    for name, net in method.nets.items():
        net.requires_grad_(name in PHASES[phase].learns)
    return method.losses(PHASES[phase], {"image": photos()}, {}, CHANCE, step)


def features_of(net, images: Tensor) -> Tensor:
    """The mean of the map at 4x4, layer by layer."""
    return net.blocks(net.from_image(images)).mean((2, 3))


def projected(heads, domain: str, features: Tensor) -> Tensor:
    first, _, last = getattr(heads, domain)
    out = F.relu(features @ first.weight.t() + first.bias) @ last.weight.t() + last.bias
    return out / out.norm(dim=1, keepdim=True)


def slow_nets(m: SimpleNamespace):
    """Networks with the numbers that `method_of` has in its slow copies."""
    other = m.InsGen(made_block(), ALONE, 1)
    return other.nets["discriminator"], other.nets["heads"]


def against(query: Tensor, key: Tensor, queue: Tensor, temperature: float = 0.2) -> Tensor:
    """Mean of -log softmax of the key among itself and the queue, written out."""
    scores = torch.cat([(query * key).sum(1, keepdim=True), query @ queue.t()], 1) / temperature
    return -scores.log_softmax(1)[:, 0].mean()


def seen(method, images: Tensor, name: str) -> Tensor:
    return augmented(images, method.strength.p, method.block, CHANCE, f"{name}/augment")


def fakes(method, name: str, aside: float = 0.0) -> tuple[Tensor, Tensor]:
    """Codes and images drawn under a name, the codes moved a little aside."""
    block, generator = method.block, method.nets["generator"]
    normal = CHANCE.normal(f"{name}/code", 4, block.latent)
    normal = normal + aside * CHANCE.normal(f"{name}/aside", 4, block.latent)
    codes = mixed(generator, generator.mapping(normal), block.style_mixing, name, CHANCE)
    return normal, generator(codes, CHANCE.normal(f"{name}/noise", 4, generator.noise.size))


def check_parts(m: SimpleNamespace) -> None:
    method = m.InsGen(made_block(), ALONE, 0)
    assert set(method.nets) == {"generator", "discriminator", "heads"} and method.average == ("generator",)
    assert {name for name in method.memory if not name.startswith("keys/")} == {
        "latent_average", "path_average", "queue/real", "queue/fake", "ada/strength", "ada/signs"}  # fmt: skip
    for net in ("discriminator", "heads"):
        for name, parameter in method.nets[net].named_parameters():
            assert torch.equal(method.memory[f"keys/{net}.{name}"], parameter)
            assert method.memory[f"keys/{net}.{name}"].data_ptr() != parameter.data_ptr()
    assert not torch.equal(method.memory["queue/real"], method.memory["queue/fake"])
    assert method.memory["queue/real"].shape == (6, 3)
    shapes = [tuple(parameter.shape) for parameter in method.nets["heads"].fake.parameters()]
    assert shapes == [(5, 6), (5,), (3, 5), (3,)]
    assert sum(p.numel() for p in m.Heads(512, 512, 128).parameters()) == 2 * (512 * 512 + 512 + 512 * 128 + 128)


def check_phases(m: SimpleNamespace) -> None:
    method = m.InsGen(made_block(path_every=4, penalty_every=16), ALONE, 0)
    found = {step: [phase.name for phase in method.phases(step)] for step in (0, 1, 4, 16)}
    both, lazy = ["Gmain", "Dmain"], ["Gmain", "Greg", "Dmain"]
    assert found == {0: [*lazy, "Dreg"], 1: both, 4: lazy, 16: [*lazy, "Dreg"]}
    learns = {phase.name: (phase.descent, phase.learns) for phase in method.phases(0)}
    assert learns == {"Gmain": ("G", ("generator",)), "Greg": ("G", ("generator",)), "Dreg": ("D", ("discriminator",)),
                      "Dmain": ("D", ("discriminator", "heads"))}  # fmt: skip
    none = m.InsGen(made_block(path_weight=0.0, penalty_gamma=0.0), ALONE, 0)
    assert [phase.name for phase in none.phases(0)] == both


def check_rates(m: SimpleNamespace) -> None:
    """The head of fakes moves as fast as the generator: 4/5 of the rate, all else of the judges' 16/17."""
    method = m.InsGen(made_block(path_every=4, penalty_every=16, learning_rate=0.002), ALONE, 0)
    rates = {}
    for descent in method.descents.values():
        optimiser = Optimiser(descent, method.nets)
        for scale, names in optimiser.groups.items():
            rates |= {".".join(name.split(".")[:2]): optimiser.rate * scale for name in names}
    close(rates["heads.fake"], 0.0016)
    close(rates["generator.mapping"], 0.0016)
    close(rates["heads.real"], 0.00188235)
    close(rates["discriminator.blocks"], 0.00188235)


def check_the_discriminators_terms(m: SimpleNamespace) -> None:
    method = method_of(m)
    queues = {domain: method.memory[f"queue/{domain}"].clone() for domain in ("real", "fake")}
    found = terms(method, "Dmain")
    judge, heads = method.nets["discriminator"], method.nets["heads"]
    slow_judge, slow_heads = slow_nets(m)
    real, (_, fake) = photos(), fakes(method, "Dmain")
    beside = fakes(method, "Dmain", 0.15)[1]
    on_real, on_fake = judge(seen(method, real, "Dmain/real")), judge(seen(method, fake, "Dmain/fake"))
    close(found["D/adversarial"], logistic_discriminator(on_real, on_fake), 1e-5)
    close(found["D/stat/strength"], 0.6)
    close(found["D/stat/sign_real"], on_real.sign().mean())
    for domain, images, others in (("real", real, real), ("fake", fake, beside)):
        features = features_of(judge, seen(method, images, f"contrast/{domain}/query"))
        query = projected(heads, domain, features)
        key = projected(slow_heads, domain, features_of(slow_judge, seen(method, others, f"contrast/{domain}/key")))
        close(found[f"D/contrast_{domain}"], against(query, key, queues[domain]), 1e-5)
        kept = key if domain == "real" else projected(slow_heads, domain, features)
        close(method.memory[f"queue/{domain}"], torch.cat([queues[domain][4:], kept]), 1e-5)
    assert len(found) == 5
    assert all(not tensor.requires_grad for tensor in method.memory.values())
    heavier = method_of(m, weight_contrast=3.0, temperature=0.5)
    for domain in ("real", "fake"):
        heavier.memory[f"queue/{domain}"].copy_(queues[domain])
    again = terms(heavier, "Dmain")
    assert not torch.allclose(again["D/contrast_real"], 3 * found["D/contrast_real"])
    close(again["D/adversarial"], found["D/adversarial"])


def check_weights_and_cadence(m: SimpleNamespace) -> None:
    base, heavy = terms(method_of(m), "Dmain"), terms(method_of(m, weight_contrast=3.0), "Dmain")
    for domain in ("real", "fake"):
        close(heavy[f"D/contrast_{domain}"], 3 * base[f"D/contrast_{domain}"], 1e-5)
    heavy = terms(method_of(m, weight_contrast_generator=0.2), "Gmain")
    close(heavy["G/contrast"], 2 * terms(method_of(m), "Gmain")["G/contrast"], 1e-6)
    assert set(terms(method_of(m, weight_contrast_generator=0.0), "Gmain")) == {"G/adversarial"}
    assert "D/contrast_real" not in terms(method_of(m, weight_contrast=0.0), "Dmain")
    rare = method_of(m, contrast_every=3)
    for step in (1, 2):
        queue = rare.memory["queue/fake"].clone()
        assert set(terms(rare, "Gmain", step)) == {"G/adversarial"}
        assert set(terms(rare, "Dmain", step)) == {"D/adversarial", "D/stat/strength", "D/stat/sign_real"}
        assert torch.equal(queue, rare.memory["queue/fake"])
    assert "D/contrast_fake" in terms(rare, "Dmain", 3) and "G/contrast" in terms(rare, "Gmain", 3)


def check_the_generators_terms(m: SimpleNamespace) -> None:
    method = method_of(m)
    queue = method.memory["queue/fake"].clone()
    found = terms(method, "Gmain")
    judge, heads = method.nets["discriminator"], method.nets["heads"]
    slow_judge, slow_heads = slow_nets(m)
    fake = fakes(method, "Gmain")[1]
    one, two = seen(method, fake, "Gmain/one"), seen(method, fake.detach(), "Gmain/two")
    close(found["G/adversarial"], logistic_generator(judge(one)), 1e-5)
    query = projected(heads, "fake", features_of(judge, one))
    key = projected(slow_heads, "fake", features_of(slow_judge, two)).detach()
    expected = 0.1 * against(query, key, queue)
    close(found["G/contrast"], expected, 1e-5)
    assert torch.equal(queue, method.memory["queue/fake"])
    weight = method.nets["generator"].constant
    slope, own = (torch.autograd.grad(term, weight)[0] for term in (found["G/contrast"], expected))
    close(slope, own, 1e-6)
    assert slope.abs().max() > 1e-6


def check_who_learns_from_what(m: SimpleNamespace) -> None:
    method = method_of(m)
    found = terms(method, "Dmain")
    touched = {}
    for name in ("D/adversarial", "D/contrast_real", "D/contrast_fake"):
        for net in method.nets.values():
            net.zero_grad()
        found[name].backward(retain_graph=True)
        touched[name] = {
            ".".join((net, *parameter.split(".")[:1])) for net, module in method.nets.items()
            for parameter, value in module.named_parameters() if value.grad is not None and value.grad.any()
        }  # fmt: skip
    trunk = {"discriminator.from_image", "discriminator.blocks"}
    ends = {"discriminator.last", "discriminator.dense", "discriminator.logit"}
    assert touched["D/adversarial"] == trunk | ends
    assert touched["D/contrast_real"] == trunk | {"heads.real"}
    assert touched["D/contrast_fake"] == trunk | {"heads.fake"}


def check_codes_aside_move_nothing_but_the_code(m: SimpleNamespace) -> None:
    still, moved = method_of(m, perturbation=0.0), method_of(m)
    for method in (still, moved):
        for name, parameter in method.nets["generator"].named_parameters():
            if name.endswith("strength"):
                parameter.data.fill_(0.5)
    with torch.no_grad():
        normal = still.maker.code("Dmain", 4, CHANCE)
        fake = still.maker.synthesise(normal, "Dmain", CHANCE)
        average = still.memory["latent_average"].clone()
        close(still.beside(normal, CHANCE), fake, 1e-5)
        aside = moved.beside(normal, CHANCE)
    assert torch.equal(average, still.memory["latent_average"])
    assert 1e-4 < float((aside - fake).abs().mean()) < float((fake - fake.flip(0)).abs().mean())
    assert not aside.requires_grad


def check_the_penalty_goes_through_the_pipe(m: SimpleNamespace) -> None:
    method = method_of(m, penalty_gamma=2.0, penalty_every=4)
    found = terms(method, "Dreg")
    judge = method.nets["discriminator"]
    expected = 4 * r1(lambda x: judge(seen(method, x, "Dreg")), photos(), 2.0)
    close(found["D/r1"], expected, 1e-4 * float(expected.detach()))
    assert set(found) == {"D/r1"}
    found["D/r1"].backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in judge.blocks.parameters())


def check_slow_copies_and_strength_follow_before_the_phases(m: SimpleNamespace) -> None:
    method = method_of(m, momentum=0.75)
    before = {name: value.clone() for name, value in method.memory.items() if name.startswith("keys/")}
    method.memory["ada/signs"].copy_(torch.tensor([8.0, 8.0]))
    assert method.forward({}, Chance(0, 1, ALONE)) == {}
    for name, value in before.items():
        _, net, parameter = (*name.partition("/")[:1], *name.partition("/")[2].split(".", 1))
        close(method.memory[name], 0.75 * value + 0.25 * method.nets[net].get_parameter(parameter), 1e-6)
    close(method.strength.p, 0.6)
    method.forward({}, Chance(0, 2, ALONE))
    close(method.strength.p, 0.6 + 4 * 2 / 40)


def check_signs_of_reals_are_counted_once_a_step(m: SimpleNamespace) -> None:
    """Where zero lies between the logits of reals and of fakes."""
    method = method_of(m)
    judge = method.nets["discriminator"]
    with torch.no_grad():
        on_real = judge(seen(method, photos(), "Dmain/real"))
        on_fake = judge(seen(method, fakes(method, "Dmain")[1], "Dmain/fake"))
        judge.logit.bias -= (on_real.mean() + on_fake.mean()) / 2
    for count in (1, 2):
        found = terms(method, "Dmain")
        terms(method, "Gmain")
        terms(method, "Dreg")
        assert float(method.memory["ada/signs"][1]) == 4 * count
    middle = (on_real.mean() + on_fake.mean()) / 2
    expected = (on_real - middle).sign().sum()
    assert expected != (on_fake - middle).sign().sum()
    close(method.memory["ada/signs"][0], 2 * expected)
    close(found["D/stat/sign_real"], expected / 4)


def check_instance_loss_in_closed_form(m: SimpleNamespace) -> None:
    method = m.InsGen(made_block(queue=63), ALONE, 0)
    one = torch.tensor([[1.0, 0, 0]]).expand(4, 3)
    method.memory["queue/real"].copy_(torch.tensor([0.0, 1, 0]).expand(63, 3))
    close(method.against(one, one, "real"), 0.3538143, 1e-6)
    method.memory["queue/real"].copy_(torch.tensor([1.0, 0, 0]).expand(63, 3))
    close(method.against(one, one, "real"), math.log(64), 1e-6)


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
