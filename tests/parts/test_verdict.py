"""The vocabulary of verdicts: each rule's word by hand, its worth by profile and seeds, its lines."""

import csv
import io

import pytest

from stages.draw.verdict import COLUMNS, WORDS, Part, Verdict, verdicts_to_csv, word_of, word_of_halves, worth


def test_there_are_four_words_and_no_other():
    assert WORDS == ("holds", "fails", "not decided", "not run")
    with pytest.raises(ValueError, match=r"C1: expected a verdict of holds.*'yes'"):
        Verdict("C1", "yes", "demo")


@pytest.mark.parametrize(
    ("held", "word"), [([], "not run"), ([True], "holds"), ([True, False], "fails"), ([False], "fails")]
)
def test_a_rule_holds_where_every_part_that_ran_does(held, word):
    assert word_of(held) == word


@pytest.mark.parametrize(
    ("halves", "word"),
    [
        (("holds", "holds"), "holds"),
        (("holds", "fails"), "fails"),
        (("not run", "fails"), "fails"),
        (("not run", "not run"), "not run"),
        (("holds", "not run"), "not decided"),
        (("not decided", "holds"), "not decided"),
    ],
)
def test_a_claim_of_two_halves(halves, word):
    assert word_of_halves(halves) == word


def test_what_a_verdict_is_worth():
    assert worth("demo", 3) == "not evidence (demo profile)"
    assert worth("paper", 3) == "evidence" and worth("paper", 1) == "1 of the 3 seeds of an ordering"
    assert worth("smoke", 0) == worth("paper", 0) == "exact: nothing is measured"


def test_a_cell_carries_the_stamp_unless_nothing_was_measured():
    assert Verdict("C1", "holds", "demo").marked() == "holds (demo: no evidence)"
    assert Verdict("C1", "not run", "smoke", why="left out").marked() == "not run: left out (smoke: no evidence)"
    assert Verdict("C1", "holds", "paper").marked() == Verdict("C1", "holds", "demo", seeds=0).marked() == "holds"


def test_lines_say_the_whole_claim_each_time_and_at_least_once():
    parts = (Part("Face", "ours > other", 1, ours="3", against="2"), Part("Bird", "ours > other", 0))
    text = verdicts_to_csv(
        [Verdict("C1", "fails", "demo", parts), Verdict("C2", "not run", "demo", why="left out")],
        {"C1": {"rule": "r"}},
        ("rule",),
    )
    first, second, third = csv.DictReader(io.StringIO(text))
    assert tuple(first) == (*COLUMNS, "rule")
    assert (first["verdict"], first["met"], first["seeds"], first["rule"]) == ("fails", "1", "1", "r")
    assert (second["claim"], second["where"], second["met"]) == ("C1", "Bird", "0")
    assert (third["claim"], third["why"], third["comparison"], third["met"], third["rule"]) == (
        "C2",
        "left out",
        "",
        "",
        "",
    )
