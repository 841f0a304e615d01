"""`retrace explain`: every reason to the key, file or line, and each stage either direct or downstream."""

import shutil

import pytest

from tests.house.toy_graph import OWN, OWN_GRAPH

LATER = {  # what follows a stage of the toy, by group without the paper
    "preflight": {"render", "train", "sample", "measure", "table", "figure"},
    "render": {"train", "sample", "measure", "table", "figure"},
    "train": {"sample", "measure", "table", "figure"},
    "measure": {"table"},
    "figure": set(),
}


def groups(names) -> set[str]:
    return {name.partition("@")[0].removeprefix("toy_") for name in names}


def reasons(answer: dict, stage: str) -> list[tuple]:
    return [(one["kind"], one["name"], one["old"], one["new"]) for one in answer["direct"][stage]]


def test_nothing_to_explain_after_a_run(published):
    code, answer = published.answer("explain")
    assert code == 0 and answer["direct"] == answer["downstream"] == {} and len(answer["current"]) == 14
    assert "up to date" in published.say("explain")[1]


@pytest.mark.parametrize(
    ("file", "old", "new", "group", "expected"),
    [
        ("params.yaml", "count: 3", "count: 4", "render", ("parameter", "raw.cub.base.count", 3, 4)),
        (OWN, "{steps: 2}", "{steps: 5}", "train", ("parameter", "toy.train.profile.demo.steps", 2, 5)),
        (OWN, "rate: 0.5 ", "rate: 0.25 ", "train", ("parameter", "toy.train.base.rate", 0.5, 0.25)),
        (OWN, "{steps: 2}", "{}", "train", ("parameter", "toy.train.base.steps", 2, 10)),
        (OWN, "width: 4 ", "width: 4\n      depth: 1 ", "train",
         ("parameter", "toy.train.base.depth", "(absent)", 1)),
        (OWN_GRAPH, "illustrate: figure", "illustrate: drawing", "figure", ("command", "command")),
    ],
)  # fmt: skip
def test_a_change_of_params_or_command(paper, file, old, new, group, expected):
    paper.edit(file, old, new)
    paper.make_graph()
    code, answer = paper.answer("explain")
    assert code == 1 and groups(answer["direct"]) == {group}
    assert groups(answer["downstream"]) == LATER[group]
    for stage in answer["direct"]:
        assert [reason[: len(expected)] for reason in reasons(answer, stage)] == [expected]
    assert len(answer["direct"]) + len(answer["downstream"]) + len(answer["current"]) == 14


def test_code_and_environment_are_named_with_their_lines(paper):
    paper.edit("stages/toy_loss.py", "return 2 * rate", "return 3 * rate")
    paper.make_graph()
    _, answer = paper.answer("explain")
    assert groups(answer["direct"]) == {"train"} and len(answer["direct"]) == 4
    assert reasons(answer, "toy_train@ours-0")[0][:2] == ("code", "stages/toy_loss.py")
    said = paper.say("explain")[1]
    assert "- return 2 * rate" in " ".join(said.split()) and "+ return 3 * rate" in " ".join(said.split())
    paper.edit("envs/core.lock", "six==1.16.0", "six==1.17.0")
    _, answer = paper.answer("explain")
    assert len(answer["direct"]) == 14 and answer["downstream"] == {}
    said = paper.say("explain")[1]
    assert "- six==1.16.0" in said and "+ six==1.17.0" in said and "attrs" not in said
    shutil.rmtree(paper.folder / ".git")
    assert "the line is not known" in paper.say("explain")[1]


def test_a_comment_is_no_reason(paper):
    paper.edit("stages/toy_loss.py", "return 2 * rate", "return 2 * rate  # twice")
    code, answer = paper.answer("explain")
    assert code == 0 and answer["direct"] == {}


def test_a_data_file_of_the_project(paper):
    paper.edit("stages/papers/toy/reported.csv", "5.95", "5.96")
    _, answer = paper.answer("explain")
    assert list(answer["direct"]) == ["toy_table"]
    assert reasons(answer, "toy_table")[0][:2] == ("source", "stages/papers/toy/reported.csv")


def test_edited_outputs_are_named_where_they_are_read(paper):
    model = "results/store/demo/model/toy/ours_0"
    (paper.folder / model / "weights.txt").write_text("9 9")
    _, answer = paper.answer("explain")
    assert set(answer["direct"]) == {"toy_train@ours-0", "toy_sample@ours-0"}
    assert reasons(answer, "toy_train@ours-0")[0][:2] == ("output", f"{model}/weights.txt")
    assert reasons(answer, "toy_sample@ours-0")[0][:2] == ("input", model)
    assert groups(answer["downstream"]) == {"measure", "table", "figure"}
    assert answer["downstream"]["toy_figure"] == ["toy_sample@ours-0", "toy_train@ours-0"]


def test_a_stage_that_ran_alone_makes_its_readers_stale_only_if_its_bytes_changed(paper):
    paper.edit(OWN, "rate: 0.5 ", "rate: 0.25 ")
    for seed in (0, 1):
        for method in ("ours", "other"):
            stage = f"--method {method} --seed {seed}"
            done = paper.stage(
                f"exec python -m stages.train --paper toy {stage} --block toy.train.base toy.train.profile.demo "
                f"--in data=results/store/demo/raw/cub --out results/store/demo/model/toy/{method}_{seed} --threads 1"
            )
            assert done.returncode == 0, done.stderr
    _, answer = paper.answer("explain")
    assert groups(answer["direct"]) == {"sample"} and groups(answer["downstream"]) == {"measure", "table", "figure"}
    paper.edit("stages/illustrate.py", "bytes([0, job", "bytes([1, job")
    paper.make_graph()
    _, answer = paper.answer("explain", "toy_table")
    assert "toy_figure" not in {**answer["direct"], **answer["downstream"]}, "only what the target needs"


def test_missing_and_foreign_outputs(paper):
    shutil.rmtree(paper.folder / "results/store/demo/score/toy/face_1")
    (paper.folder / "results/figures/figure.pdf").unlink()
    (paper.folder / "results/receipts/table.json").write_text("no receipt")
    _, answer = paper.answer("explain")
    assert {name: one[0]["kind"] for name, one in answer["direct"].items()} == {
        "toy_measure@1": "missing", "toy_figure": "missing", "toy_table": "receipt",
    }  # fmt: skip


def test_usage(published):
    code, said = published.say("explain", "toy_tabel")
    assert code == 2 and "the closest is toy_table" in said
