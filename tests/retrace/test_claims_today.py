"""`retrace claims`: a verdict counts where rules, printed values, parameters and code are those that it was made by."""

import contextlib
import subprocess

import pytest

from stages import graph
from stages.draw.verdict import Part, Verdict, verdicts_to_csv
from stages.retrace.claims.today import Today
from stages.retrace.evidence import waivers
from stages.retrace.evidence.receipts import Shelf
from tests.house.toy_graph import OWN, OWN_GRAPH
from tests.retrace.toy_paper import ToyPaper

CLAIMS, REPORTED = "stages/papers/toy/claims.yaml", "stages/papers/toy/reported.csv"
TABLE, DECIDES = "results/tables/table.csv", "results/tables/table.claims.csv"
VERDICT = verdicts_to_csv(
    [Verdict("C1", "holds", "demo", (Part("face", "ours > other", 2, "KFFA", "5", sign=">", against="4"),))],
    {"C1": {"rule": "ours above the other"}}, ("rule",),
)  # fmt: skip


@pytest.fixture(scope="module")
def decided(published, tmp_path_factory) -> ToyPaper:
    """The toy paper, whose table decides its first claim by the rules of claims.yaml; never altered."""
    paper = published.copy_to(tmp_path_factory.mktemp("decided") / "paper")
    paper.edit(OWN_GRAPH, "      reported: reported.csv\n", "      reported: reported.csv\n      claims: claims.yaml\n")
    paper.edit(OWN_GRAPH, "files: [csv]", "files: [csv, claims.csv]")
    written = f'\n    (job.out / f"{{job.name}}.claims.csv").write_text({VERDICT!r})\n\nif __name'
    paper.edit("stages/tabulate.py", "\nif __name", written)
    paper.make_graph()
    paper.commit()
    run(paper, "toy_table")
    return paper


@pytest.fixture()
def own(decided, tmp_path) -> ToyPaper:
    return decided.copy_to(tmp_path / "own")


def run(paper: ToyPaper, name: str) -> None:
    (stage,) = graph.find(graph.load(paper.folder), [name])
    done = paper.stage(stage.cmd)
    assert done.returncode == 0, done.stderr


def claim(paper: ToyPaper) -> tuple[int, dict]:
    code, answer = paper.answer("claims", "toy")
    return code, answer["claims"][0]


def test_a_verdict_of_today_is_trusted(decided):
    code, one = claim(decided)
    assert (code, one["verdict"], one["decided_by"], one["untrusted"]) == (0, "holds", DECIDES, [])
    assert (one["rule"], one["judged_by"]) == ("ours > other", "ours above the other")
    assert "ours above the other" in decided.say("claims")[1]


def test_an_edited_rule_is_not_shown_as_the_one_that_decided(own):
    own.edit(CLAIMS, "rule: ours > other", "rule: ours < other")
    code, one = claim(own)
    assert code == 1 and one["rule"] == "ours > other", "the verdict's own, from git's history"
    assert f"{CLAIMS} was edited since this verdict: rule is now: ours < other" in one["untrusted"]
    assert "rule is now: ours < other" in own.say("claims")[1]


def test_an_edited_text_is_marked_where_no_history_is(own):
    subprocess.run(["rm", "-rf", ".git"], cwd=own.folder, check=True)
    own.edit(CLAIMS, "Ours is larger.", "Ours is far larger.")
    code, one = claim(own)
    assert code == 1 and one["text"] == "Ours is far larger."
    assert any("claim and rule are today's, not those it is of" in text for text in one["untrusted"])


def test_a_claim_that_was_taken_out_is_still_there_with_its_verdict(own):
    text = (own.folder / CLAIMS).read_text()
    own.write(CLAIMS, "".join(line for line in text.splitlines(keepends=True) if "id: C1" not in line))
    code, answer = own.answer("claims")
    (lost,) = (one for one in answer["claims"] if one["id"] == "C1")
    assert code == 1 and lost["verdict"] == "holds"
    assert f"{CLAIMS} has no claim C1, which {DECIDES} decides" in lost["untrusted"]


def test_rules_that_no_receipt_pins_are_marked_until_they_are_committed(paper):
    """The toy's own table reads no claims.yaml."""
    assert claim(paper)[0] == 0
    paper.edit(CLAIMS, "rule: ours > other", "rule: ours < other")
    code, one = claim(paper)
    assert code == 1 and any("edited and not committed" in text for text in one["untrusted"])
    paper.commit()
    assert claim(paper)[0] == 0


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (REPORTED, "51.19", "91.19", f"{REPORTED} was edited"),
        (OWN, "digits: 3", "digits: 4", f"{OWN}: digits was 3 and is 4"),
        ("params.yaml", "count: 3", "count: 4", "params.yaml: count was 3 and is 4"),
        (OWN, "{steps: 2}", "{steps: 5}", f"{OWN}: steps was 2 and is 5"),
        ("stages/toy_loss.py", "return 2 * rate", "return 3 * rate", "stages/toy_loss.py was edited"),
        ("stages/tabulate.py", ".6g}", ".5g}", "stages/tabulate.py was edited"),
        ("envs/core.lock", "six==1.16.0", "six==1.17.0", "envs/core.lock was edited"),
        ("params.yaml", "profile: demo", "profile: smoke", "params.yaml: profile was demo and is smoke"),
    ],
)
def test_what_changed_since_is_named_to_the_key_or_file(own, file, old, new, said):
    own.edit(file, old, new)
    own.make_graph()
    code, one = claim(own)
    assert code == 1 and any(said in text for text in one["untrusted"]), one["untrusted"]
    if file == REPORTED:
        own.edit(file, new, old)
        own.make_graph()
        assert claim(own) == (0, {**one, "untrusted": []})


def test_a_comment_changes_nothing(own):
    own.edit("stages/toy_loss.py", "return 2 * rate", "return 2 * rate  # twice")
    assert claim(own)[0] == 0


def test_an_input_that_was_made_anew_or_altered_is_named(own):
    score = own.folder / "results/store/demo/score/toy/face_0/score.json"
    whole = score.read_text()
    score.write_text(whole.replace("7", "8"))
    code, one = claim(own)
    assert code == 1 and any("score/toy/face_0 has other bytes" in text for text in one["untrusted"])
    score.write_text(whole)
    assert claim(own)[0] == 0
    own.edit(OWN, "{steps: 2}", "{steps: 5}")
    own.make_graph()
    run(own, "toy_train@ours-0")
    code, one = claim(own)
    assert code == 1 and any("model/toy/ours_0 was made anew" in text for text in one["untrusted"])


def test_what_was_waived_is_of_today(own):
    own.edit("stages/tabulate.py", ".6g}", ".7g}")
    own.make_graph()
    code, _ = own.say("claims")
    assert code == 1

    with contextlib.chdir(own.folder):
        today = Today(shelf := Shelf())
        node = shelf.current["results/tables/table"]
        (stage,) = graph.find(graph.load("."), ["toy_table"])
        changes = today.sources.differences(stage, node.content)
        waivers.record(node.stage, node.digest, changes, "one digit more than is shown")
    assert claim(own)[0] == 0
