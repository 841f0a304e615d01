"""`retrace claims`: printed values beside ours, a verdict only where one was computed."""

import json

import pytest

from stages.draw.verdict import Part, Verdict, verdicts_to_csv


def test_numbers_of_the_measure_that_the_evidence_names(published):
    code, answer = published.answer("claims", "toy")
    first, second = answer["claims"]
    assert code == 0 and (first["id"], first["verdict"], first["gaps"]) == ("C1", "not decided", ["G1", "G2"])
    assert [(one["what"], one["printed"]) for one in first["numbers"]] == [
        ("other face KFFA", "KFFA 51.19"), ("ours face KFFA", "KFFA 83.39"),
    ]  # fmt: skip
    assert first["missing"] == [["results/tables/toy_claims.csv", False]], "no stage makes it"
    assert (second["verdict"], second["numbers"]) == ("not run", []) and second["missing"][0][
        0
    ] == "results/figures/x.png"
    said = published.say("claims")[1]
    assert "not decided" in said and "not run" in said and "no stage makes it yet" in said


def test_verdicts_come_from_the_paper_s_own_table(paper):
    """A table of claims as a paper's report writes it, one line a comparison."""
    compared = Part("face", "ours > other", 0, "KFFA", "5", sign=">", against="6", printed="83.39 > 51.19")
    text = verdicts_to_csv([Verdict("C1", "fails", "demo", (compared,))], {"C1": {"gaps": "G1"}}, ("gaps",))
    (paper.folder / "results/tables/toy_claims.csv").write_text(text)
    code, answer = paper.answer("claims", "toy")
    claim = answer["claims"][0]
    assert (claim["verdict"], claim["worth"], claim["gaps"]) == ("fails", "not evidence (demo profile)", ["G1"])
    assert claim["numbers"][0]["ours"] == "ours > other: 5 > 6"
    assert claim["numbers"][0]["printed"] == "83.39 > 51.19" and claim["numbers"][0]["met"] == "0 of 1 seeds"
    assert code == 1 and "no receipt" in claim["untrusted"][0], "a table that no stage wrote is no verdict to trust"


def test_verdicts_of_a_paper_that_writes_json(paper):
    values = {"face FID": {"ours": 7.5, "printed": 5.95, "spread": 0.5}, "bird": {"printed_fid": 3.0, "ours": 4}}
    claims = {"C1": Verdict("C1", "not decided", "demo", why="half of it").entry() | {"rule": "r", "values": values}}
    (paper.folder / "results/tables/toy_claims.json").write_text(json.dumps({"profile": "demo", "claims": claims}))
    _, answer = paper.answer("claims", "toy")
    claim = answer["claims"][0]
    assert (claim["verdict"], claim["why"]) == ("not decided", "half of it")
    assert claim["worth"] == "not evidence (demo profile)" and claim["decided_by"] == "results/tables/toy_claims.json"
    found = [(one["what"], one["ours"], one["spread"], one["printed"]) for one in claim["numbers"][:2]]
    assert found == [("face FID", "7.5", "0.5", "5.95"), ("bird", "4", "", "3.0")]
    assert claim["missing"] == [] and claim["gaps"] == ["G1", "G2"]


@pytest.mark.parametrize(
    "text", ["a,b\n1,2\n", verdicts_to_csv([Verdict("C1", "holds", "demo")]).replace("holds", "yes")]
)
def test_what_is_no_file_of_verdicts_is_named(paper, text):
    (paper.folder / "results/tables/toy_claims.csv").write_text(text)
    code, answer = paper.answer("claims", "toy")
    claim = answer["claims"][0]
    assert code == 1 and claim["verdict"] == "not decided"
    assert "results/tables/toy_claims.csv: expected the verdicts" in claim["untrusted"][0]


def test_an_altered_table_is_not_quoted_as_ours(paper):
    paper.edit("results/tables/table.csv", "83.39", "38.39")
    code, answer = paper.answer("claims")
    assert code == 1 and "altered" in answer["claims"][0]["untrusted"][0]


def test_unknown_paper(published):
    code, said = published.say("claims", "tyo")
    assert code == 2 and "papers here are toy" in said
