"""The loop knows phases: what learns, what is summed, what is written."""

import copy
import math
import subprocess
import sys

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file
from torch import Tensor, nn

from stages.engine.chance import Chance
from stages.engine.loop import Run, train
from stages.engine.plan import Descent, Phase
from stages.engine.record import Record
from stages.engine.session import Session
from stages.engine.weights import load_weights, write_weights
from stages.engine.world import World
from tests.engine.toy import Toy, ToySource, block, ignore, run


def started(tmp_path, make=Toy, **changes) -> tuple[Run, ToySource]:
    numbers, world = block(**changes), World.single()
    return Run(make(numbers, 7, world), ToySource(numbers, 7, world), numbers, 7, world, tmp_path), ToySource(
        numbers, 7, world
    )


def parameters(method) -> dict[str, Tensor]:
    nets = {**method.nets, **method.frozen}
    return {f"{net}.{name}": p.detach().clone() for net in nets for name, p in nets[net].named_parameters()}


def test_each_phase_moves_what_it_learns_and_nothing_else(tmp_path):
    seen: list[tuple[str, dict]] = []

    class Watched(Toy):
        def losses(self, phase, *rest):
            requiring = {net for net, module in self.nets.items() for p in module.parameters() if p.requires_grad}
            assert requiring == set(phase.learns)
            assert not any(p.requires_grad for p in self.frozen["E"].parameters())
            assert all(p.grad is None for net in self.nets.values() for p in net.parameters())
            seen.append((phase.learns[0], parameters(self)))
            return super().losses(phase, *rest)

    training, source = started(tmp_path, Watched)
    training.step(source.batch(0))
    states = [state for _, state in seen] + [parameters(training.method)]
    assert [net for net, _ in seen] == ["D", "F", "G"]
    for (learns, before), after in zip(seen, states[1:], strict=True):
        changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
        assert changed == {learns}


class Plain:
    """One weight, one loss; methods without a shared forward are methods too."""

    def __init__(self, terms) -> None:
        self.nets, self.frozen, self.memory, self.average = {"G": nn.Linear(1, 1, bias=False)}, {}, {}, ()
        nn.init.constant_(self.nets["G"].weight, 2.0)
        self.descents = {"G": Descent("sgd", ("G",), 0.1)}
        self.terms, self.learns = terms, ("G",)

    def phases(self, step: int) -> list[Phase]:
        return [Phase("G", "G", self.learns)]

    def losses(self, phase, batch, shared, chance, step) -> dict[str, Tensor]:
        return self.terms(self.nets["G"].weight, step)


def plain(tmp_path, terms, **changes) -> Plain:
    method, numbers, world = Plain(terms), block(**{"iterations": 2, **changes}), World.single()
    (tmp_path / "out").mkdir(parents=True)
    train(
        method, ToySource(numbers, 0, world), numbers, 0, Session(world, tmp_path / "out", tmp_path / "r", bool, ignore)
    )
    return method


def curve(tmp_path) -> list[str]:
    head, *lines = (tmp_path / "out" / "curve.csv").read_text().splitlines()
    assert head == "step,images,term,value"
    return lines


def test_losses_are_summed_once_and_statistics_are_not(tmp_path):
    method = plain(tmp_path, lambda w, step: {"a": w.sum(), "b": 2 * w.sum(), "stat/c": 100 * w.sum()})
    # the slope is 3, the rate 0.1, two steps: 2 - 0.6
    assert method.nets["G"].weight.item() == pytest.approx(1.4)
    assert curve(tmp_path) == ["2,16,a,1.85", "2,16,b,3.7", "2,16,stat/c,185.0"]


def test_a_phase_without_a_loss_moves_nothing(tmp_path):
    method = plain(tmp_path, lambda w, step: {"stat/c": w.sum()} if step else {})
    assert method.nets["G"].weight.item() == 2.0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("step", [0, 1, 4, 6, 7])
def test_a_loss_that_is_no_number_names_its_term_and_step_and_nothing_is_saved_after_it(tmp_path, bad, step):
    def terms(w, now):
        return {"G/good": w.sum(), "G/bad": w.sum() * (bad if now == step else 1.0)}

    # ticks after steps 5 and 8, states after 3 and 6
    numbers, world = block(iterations=8, tick_every=5, keep_every=3), World.single()
    session = Session(world, tmp_path, tmp_path / "r", bool, ignore)
    with pytest.raises(FloatingPointError, match=f"G/bad is {bad} at step {step};"):
        train(Plain(terms), ToySource(numbers, 0, world), numbers, 0, session)
    assert not (tmp_path / "weights.safetensors").exists()
    saved = sorted(int(path.name[6:]) for path in (tmp_path / "r").glob("state-*"))
    assert saved == [done for done in (3, 6) if done <= step]


def test_a_stop_after_a_loss_that_is_no_number_saves_nothing(tmp_path):
    numbers, world = block(), World.single()
    asked = iter([False, False, True])
    session = Session(world, tmp_path, tmp_path / "r", lambda: next(asked), ignore)
    method = Plain(lambda w, step: {"G/bad": w.sum() * (math.nan if step else 1.0)})
    with pytest.raises(FloatingPointError, match="G/bad is nan at step 1;"):
        train(method, ToySource(numbers, 0, world), numbers, 0, session)
    assert not list((tmp_path / "r").glob("state-*"))


def test_what_fails_because_a_loss_was_no_number_tells_of_the_loss(tmp_path):
    def terms(w, step):
        if not torch.isfinite(w).all():
            raise IndexError("a row that is none")
        return {"G/bad": w.sum() * (math.nan if step == 1 else 1.0)}

    with pytest.raises(FloatingPointError, match="G/bad is nan at step 1;") as told:
        plain(tmp_path, terms, iterations=4)
    assert isinstance(told.value.__context__, IndexError)
    with pytest.raises(IndexError, match="out of range"):
        plain(tmp_path / "other", lambda w, step: {"G/good": w.sum()} if step == 0 else ["a row"][step])


def test_a_step_without_values_is_a_step_of_the_curve(tmp_path):
    plain(tmp_path, lambda w, step: {} if step else {"a": w.sum()})
    assert curve(tmp_path) == ["2,16,a,2.0"]


def test_a_statistic_of_nothing_has_no_line_and_stops_nothing(tmp_path):
    plain(tmp_path, lambda w, step: {"a": w.sum(), "stat/empty": torch.zeros(0).mean()})
    assert curve(tmp_path) == ["2,16,a,1.95"]


def test_weights_that_the_last_step_spoils_are_not_written(tmp_path):
    # the loss is finite, its slope is not
    with pytest.raises(FloatingPointError, match=r"G\.weight"):
        plain(tmp_path, lambda w, step: {"a": (w - 2).abs().sqrt().sum() if step == 0 else 0 * w.detach().sum() + 1.0}
              if step == 0 else {})  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: setattr(m, "terms", lambda w, step: {"a": w}), r"loss a of phase G must be a scalar.*\(1, 1\)"),
        (lambda m: setattr(m, "learns", ("G", "D")), r"phase G learns \['D'\]"),
        (lambda m: setattr(m, "phases", lambda step: [Phase("G", "G", ("G",))] * 2), r"repeats the loss names \['a'\]"),
        (lambda m: setattr(m, "average", ("H",)), r"\['H'\]"),
    ],
)
def test_a_method_that_does_not_fit_together_is_refused(tmp_path, change, message):
    method, numbers, world = Plain(lambda w, step: {"a": w.sum()}), block(), World.single()
    change(method)
    with pytest.raises(ValueError, match=message):
        train(method, ToySource(numbers, 0, world), numbers, 0, Session(world, tmp_path, tmp_path / "r", bool, ignore))


def test_the_average_is_written_where_a_net_is_averaged(tmp_path):
    made = []

    def make(*arguments):
        made.append(Toy(*arguments))
        return made[0]

    run(tmp_path, block(), make=make)
    written = load_file(tmp_path / "out" / "weights.safetensors")
    method = made[0]
    assert torch.equal(written["D.first.weight"], method.nets["D"].first.weight)
    assert not torch.equal(written["G.last.weight"], method.nets["G"].last.weight)
    assert torch.equal(written["G.norm.running_mean"], method.nets["G"].norm.running_mean)
    assert written["memory.written"] == 12 * 8 and torch.equal(written["memory.queue"], method.memory["queue"])
    assert not any(name.startswith("E.") for name in written)


def test_the_average_follows_the_half_life_and_ramp(tmp_path):
    training, source = started(tmp_path)
    expected = None
    for step in range(4):
        training.step(source.batch(step))
        now = training.method.nets["G"].last.weight.detach()
        half_life = min(40.0, step * 8 * 0.5)
        keep = 0.5 ** (8 / half_life) if half_life else 0.0
        expected = now.clone() if expected is None else keep * expected + (1 - keep) * now
    torch.testing.assert_close(training.averages.copies["G"].last.weight, expected)


def test_curve_lines_are_means_since_the_last_line_at_each_tick_and_at_the_end():
    record = Record(2, 16)
    for done, values in enumerate([{"a": 1.0, "lazy": 8.0}, {"a": 2.0}, {"a": 4.0}], 1):
        record.add(done, 3, values)
    assert record.lines == ["2,32,a,1.5", "2,32,lazy,8.0", "3,48,a,4.0"]


def test_progress_hears_of_every_step_and_the_last_scalars(tmp_path):
    heard = []
    numbers, world = block(), World.single()
    method, source = Toy(numbers, 7, world), ToySource(numbers, 7, world)
    session = Session(world, tmp_path, tmp_path / "r", bool, lambda *facts: heard.append(facts))
    train(method, source, numbers, 7, session)
    assert [(done, total) for done, total, _ in heard] == [(step, 12) for step in range(1, 13)]
    assert heard[0][2] == "" and heard[-1][2].startswith("D/fake 0.")


def test_weights_come_back_into_a_fresh_method(tmp_path):
    run(tmp_path, block())
    numbers, world = block(), World.single()
    fresh = Toy(numbers, 99, world)
    del fresh.nets["D"], fresh.nets["F"]
    queue = fresh.memory["queue"]
    load_weights(fresh, tmp_path / "out")
    written = load_file(tmp_path / "out" / "weights.safetensors")
    assert torch.equal(fresh.nets["G"].last.weight, written["G.last.weight"])
    assert fresh.memory["queue"] is queue and torch.equal(queue, written["memory.queue"])


def test_weights_that_do_not_fit_are_refused(tmp_path):
    method = Plain(None)
    with pytest.raises(FileNotFoundError, match=r"weights\.safetensors is missing"):
        load_weights(method, tmp_path)
    write_weights({"G": nn.Linear(1, 2, bias=False)}, {}, tmp_path)
    with pytest.raises(ValueError, match=r"G\.weight should have shape \(1, 1\), found \(2, 1\)"):
        load_weights(method, tmp_path)
    write_weights({"G": nn.Linear(1, 1)}, {}, tmp_path)
    with pytest.raises(ValueError, match=r"G\.bias should have shape None, found \(1,\)"):
        load_weights(method, tmp_path)
    write_weights({"D": nn.Linear(1, 1)}, {}, tmp_path)
    with pytest.raises(ValueError, match=r"G\.weight should have shape \(1, 1\), found None"):
        load_weights(method, tmp_path)
    with pytest.raises(ValueError, match="memory"):
        write_weights({"memory": nn.Linear(1, 1)}, {}, tmp_path)


def test_channels_last_changes_the_layout_and_not_the_numbers(tmp_path):
    layouts = set()

    class Watched(Toy):
        def losses(self, phase, batch, *rest):
            if self.numbers.channels_last:
                layouts.add(batch["image"].is_contiguous(memory_format=torch.channels_last))
                layouts.add(self.nets["D"].first.weight.is_contiguous(memory_format=torch.channels_last))
            return super().losses(phase, batch, *rest)

    for flag in (False, True):
        run(tmp_path / str(flag), block(channels_last=flag, iterations=4), make=Watched)
    assert layouts == {True}
    first, last = (load_file(tmp_path / str(flag) / "out" / "weights.safetensors") for flag in (False, True))
    for name, tensor in first.items():
        torch.testing.assert_close(tensor, last[name], rtol=1e-4, atol=1e-5, msg=name)


def test_bf16_computes_in_half_the_bits_and_keeps_weights_and_losses_in_32(tmp_path):
    kinds = set()

    class Watched(Toy):
        def losses(self, *arguments):
            kinds.add(self.nets["D"](torch.zeros(2, 3, 8, 8)).dtype)
            return super().losses(*arguments)

    run(tmp_path, block(precision="bf16", iterations=4), make=Watched)
    assert kinds == {torch.bfloat16}
    assert load_file(tmp_path / "out" / "weights.safetensors")["G.first.weight"].dtype == torch.float32


def test_produce_gives_the_same_rows_in_a_batch_and_alone():
    method = Toy(block(), 7, World.single())
    method.nets["G"].eval()
    batch = {"image": torch.zeros(4, 3, 8, 8)}
    whole = method.produce(batch, Chance(0, 0, World.single()))["image"]
    for row in range(4):
        world = World(row, 4, torch.device("cpu"))
        alone = method.produce({"image": batch["image"][:1]}, Chance(0, 0, world))["image"]
        torch.testing.assert_close(alone[0], whole[row])


@pytest.mark.parametrize(
    "change", [{"iterations": 0}, {"precision": "fp16"}, {"ema_ramp": -0.1}, {"tick_every": 1.5}, {"unknown": 1}]
)
def test_a_block_refuses_wrong_numbers(change):
    with pytest.raises(ValidationError, match=next(iter(change))):
        block(**change)


def test_a_snapshot_brings_back_every_bit(tmp_path):
    first, source = started(tmp_path / "a")
    for step in range(3):
        first.step(source.batch(step))
    first.save()
    kept = copy.deepcopy((parameters(first.method), first.method.memory, first.record.state()))
    second, _ = started(tmp_path / "a")
    assert second.done == 3
    assert all(torch.equal(kept[0][name], tensor) for name, tensor in parameters(second.method).items())
    assert all(torch.equal(kept[1][name], tensor) for name, tensor in second.method.memory.items())
    assert second.record.state() == kept[2] and kept[2]["window"]["D/penalty"][1] == 1
    for name, optimiser in first.optimisers.items():
        for parameter, moments in optimiser.state_dict().items():
            other = second.optimisers[name].state_dict()[parameter]
            assert all(torch.equal(tensor, other[moment]) for moment, tensor in moments.items())


def test_training_and_resuming_import_neither_the_compiler_nor_torchvision(tmp_path):
    script = (
        "import sys; from pathlib import Path; from tests.engine import toy; from stages.engine.world import joined\n"
        "with joined(0) as world:\n"
        "    try: toy.run(Path(sys.argv[1]), toy.block(), stop=iter([0, 0, 1]).__next__, world=world)\n"
        "    except Exception as stop: assert 'step 2' in str(stop)\n"
        "    toy.run(Path(sys.argv[1]), toy.block(), world=world)\n"
        "print(*sorted({'torch._dynamo', 'torch._inductor', 'torchvision', 'sympy', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["torch"]
