"""The lists fit the code as it is, and the tool tells the four ends of a run apart."""

import subprocess
import sys
from collections import Counter

import pytest

from tests.mutants.__main__ import summary
from tests.mutants.fault import ROOT, Fault, Outdated, spread
from tests.mutants.lists import LISTS, PAPERS
from tests.mutants.nursery import BROKEN, KILLED, SURVIVED, Outcome


@pytest.mark.parametrize("name", LISTS)
def test_every_text_stands_once_and_every_test_is_there(name):
    for fault in LISTS[name]:
        fault.check()
    changes = Counter((fault.file, fault.old, fault.new) for fault in LISTS[name])
    assert max(changes.values()) == 1, changes.most_common(1)


def test_the_lists_are_long_enough():
    assert sum(len(LISTS[name]) for name in PAPERS) >= 150
    assert min(len(LISTS[name]) for name in PAPERS) >= 75
    assert {name: len(LISTS[name]) for name in ("onegan", "nce")} == {"onegan": 48, "nce": 40}
    assert len(LISTS["mscond"]) >= 40


def fault(**changes: object) -> Fault:
    made = {"paper": "toy", "file": "stages/losses/precision.py", "what": "half precision", "old": "x.float()",
            "new": "x.half()", "tests": ("tests/mutants/test_lists.py::test_the_lists_are_long_enough",)}  # fmt: skip
    return Fault(**(made | changes))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(("changes", "said"), [
    ({"old": "x.double()"}, r"stages/losses/precision\.py: expected this text once, found it 0 times: 'x\.double\(\)'"),
    ({"old": "x: Tensor"}, "found it 2 times"),
    ({"file": "stages/losses/none.py"}, "no such file"),
    ({"new": "x.float()"}, "nothing is changed"),
    ({"tests": ("tests/none.py",)}, "no test file tests/none.py"),
    ({"tests": ("tests/mutants/test_lists.py::test_none",)}, "has no test test_none"),
])  # fmt: skip
def test_an_outdated_entry_is_named(changes, said):
    fault().check()
    with pytest.raises(Outdated, match=said):
        fault(**changes).check()


def test_a_sample_is_spread_over_each_list():
    listed = [fault(paper=paper, what=str(number)) for paper in "ab" for number in range(10)]
    assert [(one.paper, one.what) for one in spread(listed, 3)] == [
        ("a", "0"), ("a", "3"), ("a", "6"), ("b", "0"), ("b", "3"), ("b", "6"),
    ]  # fmt: skip
    assert spread(listed, 99) == listed


def test_a_survivor_needs_an_explanation_and_what_is_broken_is_not_killed(capsys):
    killed = [(fault(), Outcome(KILLED, "by a test", 1.0))] * 19
    explained = fault(what="is equal", survives="both are the same")
    assert summary([*killed, (explained, Outcome(SURVIVED, "", 1.0))]) == 0
    assert "toy: 20 planted, 19 killed (95.0%), 1 survived, 0 broken" in capsys.readouterr().out
    assert summary([*killed, (fault(), Outcome(SURVIVED, "", 1.0))]) == 1
    assert "NOT EXPLAINED" in capsys.readouterr().out
    assert summary([*killed, (fault(), Outcome(BROKEN, "NameError", 1.0))]) == 0
    assert summary([*killed[1:], *[(fault(), Outcome(BROKEN, "NameError", 1.0))] * 2]) == 1
    assert summary([*killed[1:], (explained, Outcome(SURVIVED, "", 1.0)), killed[0]]) == 0
    assert summary([*killed[1:], *[(explained, Outcome(SURVIVED, "", 1.0))] * 2]) == 1


TOY = """
import time
from stages.losses.precision import full_precision
import torch

def test_it():
    assert full_precision(torch.ones(1)).dtype == torch.float32

def test_nothing():
    assert full_precision

def test_forever():
    time.sleep(600)
"""


# In a process of its own, since a fork shares the threads' locks of what it was forked from.
RUNS = """
import sys
from tests.mutants import nursery
from tests.mutants.test_lists import fault

nursery.prepare()
runs = [nursery.Run((f"{sys.argv[1]}::{name}",), one) for name, one in (
    ("test_it", None), ("test_it", fault()), ("test_nothing", fault()), ("test_it", fault(new="y.float()")),
    ("test_forever", None),
)]
for outcome in nursery.outcomes(runs, 2, 20.0, lambda *_: None):
    print(outcome.word, outcome.why)
"""


def test_the_four_ends_of_a_run(tmp_path):
    toy = tmp_path / "test_toy.py"
    toy.write_text(TOY)
    done = subprocess.run([sys.executable, "-c", RUNS, str(toy)], cwd=ROOT, capture_output=True, text=True, timeout=600)
    said = done.stdout.splitlines()
    assert [line.split()[0] for line in said] == [SURVIVED, KILLED, SURVIVED, BROKEN, BROKEN], done.stderr
    assert "test_it: AssertionError" in said[1] and "NameError" in said[3] and said[4] == "broken not done after 20 s"
    assert "x.half()" not in (ROOT / "stages/losses/precision.py").read_text(encoding="utf-8")
