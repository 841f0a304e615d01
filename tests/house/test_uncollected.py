"""Whether the graph is loaded without collecting, and what is left behind."""

import gc

import pytest

from stages import graph
from stages.graph import resolved, written
from stages.graph.uncollected import uncollected
from tests.conftest import ROOT


def test_the_graph_is_loaded_and_compared_without_collecting(monkeypatch):
    seen = []
    for module, name in ((resolved, "_load"), (written, "groups")):
        inner = getattr(module, name)
        monkeypatch.setattr(module, name, lambda root, inner=inner: (seen.append(gc.isenabled()), inner(root))[1])
    graph.load(ROOT)
    written.refuse_stale(ROOT)
    assert seen == [False, False] and gc.isenabled()


def test_what_was_switched_off_stays_off_and_a_failure_switches_on_again():
    with pytest.raises(ZeroDivisionError), uncollected():
        raise ZeroDivisionError
    assert gc.isenabled()
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
