"""What the sources of the graph may not say: every refusal, by file, stage and key."""

from pathlib import Path

import pytest

from stages.graph import written
from stages.graph.source import SHARED

OWN, PARAMS, OWN_PARAMS = "stages/papers/toy/graph.yaml", "params.yaml", "stages/papers/toy/params.yaml"
FILES = {
    SHARED: """
axes:
  sets: [cub, car]
costs:
  prepare: {mem_mb: 10}
stages:
  prepare:
    desc: packed sets
    matrix: {set: sets}
    prepare: ${item.set}
    layers: ["${item.set}"]
    in: {card: "cards/${item.set}.yaml"}
    out: data/${item.set}
""",
    OWN: """
axes:
  seeds: [0, 1]
  names: {first: cub, second: car}
costs:
  train: {torch: 1}
inputs:
  models:
    model_${name}: {each: {name: names}, from: "model/${name}_0"}
stages:
  train:
    desc: models
    matrix: {set: sets, seed: seeds}
    train: plain
    seed: ${item.seed}
    layers: [common, train]
    in:
      data: data/${item.set}
    out: model/${item.set}_${item.seed}
  table:
    desc: a table
    tabulate: table
    layers: [table]
    in: [models, {reported: reported.csv}]
    out: tables/toy_table
    costs: {mem_mb: 20}
""",
    PARAMS: """
profile: demo
cub: {base: {x: 1}, profile: {smoke: {}, demo: {}, lite: {}, paper: {}}}
car: {base: {x: 2}, profile: {smoke: {}, demo: {}, lite: {}, paper: {}}}
""",
    OWN_PARAMS: """
toy:
  common: {base: {}, data: {cub: {}, car: {}}, variant: {wide: {}}}
  train: {base: {}, profile: {smoke: {}, demo: {}, lite: {}, paper: {}}}
  table: {base: {}}
""",
    "envs/core.lock": "",
    "stages/cards/cub.yaml": "",
    "stages/cards/car.yaml": "",
    "stages/papers/toy/reported.csv": "",
    "stages/papers/toy/captions/table.rst": "",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project whose sources are right, without any code."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def edited(root: Path, file: str, old: str, new: str) -> None:
    text = (root / file).read_text()
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
    (root / file).write_text(text.replace(old, new))


def refused(root: Path) -> str:
    with pytest.raises(ValueError) as caught:
        written.groups(root)
    return str(caught.value)


def test_the_good_one_gives_these_stages(root):
    """The control of all others, and what an entry says in full."""
    prepare, train, table = written.groups(root)
    assert [group.name for group in (prepare, train, table)] == ["prepare", "toy_train", "toy_table"]
    said = {words[0]: words[1:] for words in train.words}
    assert said["--block"] == (
        *("toy.common.base", "toy.train.base", "toy.common.data.${item.set}", "toy.train.profile.${profile}"),
    )
    assert (said["--paper"], said["--method"], said["--seed"]) == (("toy",), ("plain",), ("${item.seed}",))
    assert said["--out"] == ("results/store/${profile}/model/toy/${item.set}_${item.seed}",) == train.outs
    assert train.layers == {OWN_PARAMS: list(said["--block"])} and prepare.layers.keys() == {PARAMS}
    assert table.deps == (
        "envs/core.lock", "results/store/${profile}/model/toy/cub_0", "results/store/${profile}/model/toy/car_0",
        "stages/papers/toy/reported.csv",
    )  # fmt: skip
    assert {words[0]: words[1:] for words in table.words}["--in"][0].startswith("model_first=")
    assert prepare.deps == ("envs/core.lock", "results/graph.json", "stages/cards/${item.set}.yaml")
    assert train.meta == {"threads": 1, "torch": 1} and prepare.meta == {"threads": 1, "mem_mb": 10}
    assert table.meta == {"threads": 1, "mem_mb": 20, "final": True, "paper": "toy",
                          "caption": "stages/papers/toy/captions/table.rst"}  # fmt: skip
    assert table.outs == (*(f"results/tables/toy_table.{end}" for end in ("csv", "md", "tex")),
                          "results/receipts/toy_table.json")  # fmt: skip


TRAIN, TABLE = f"{OWN}: stage train: ", f"{OWN}: stage table: "
OUT, TABLE_OUT = "    out: model/${item.set}_${item.seed}\n", "    out: tables/toy_table\n"
LAYERS = "    layers: [common, train]\n"

# what -> (file, old, new, message)
SHAPE = {
    "an unknown key": (OWN, LAYERS, "    layres: [common]\n",
        TRAIN + "layres is not known here; the closest is layers"),
    "an unknown key at the top": (OWN, "inputs:\n", "input:\n",
        f"{OWN}: input is not known here; the closest is inputs"),
    "an unknown cost": (OWN, "costs: {mem_mb", "costs: {mem_md",
        TABLE + "costs.mem_md is not known here; the closest is mem"),
    "an unknown cost of a verb": (SHARED, "{mem_mb: 10}", "{mem: 10}",
        f"{SHARED}: costs.prepare.mem is not known here"),
    "a word beside each": (OWN, 'from: "model/${name}_0"', 'form: "x"',
                           f"{OWN}: inputs.models.model_${{name}}.form is not known here; the closest is from"),
    "a key that is missing": (OWN, OUT, "", TRAIN + "out is missing"),
    "no description": (OWN, "    desc: models\n", "", TRAIN + "desc is missing"),
    "a description of two lines": (OWN, "desc: models", 'desc: "two\\nlines"', TRAIN + "desc: String should match"),
    "no stages": (SHARED, "stages:\n", "axis:\n", f"{SHARED}: stages is missing"),
    "a number for a text": (OWN, "train: plain", "train: 3", TRAIN + "train: Input should be a valid string, found 3"),
    "a text for a number": (OWN, "{torch: 1}", '{torch: "1"}',
        f"{OWN}: costs.train.torch: Input should be a valid int"),
    "a key written twice": (OWN, "    train: plain\n", "    train: plain\n    train: other\n",
                            f"{OWN} line 15: the key 'train' is written twice"),
    "a stage written twice": (OWN, "  table:\n", "  train:\n", f"{OWN} line 20: the key 'train' is written twice"),
    "no YAML": (OWN, "axes:\n", "axes: [\n", f"{OWN} is not valid YAML"),
    "two verbs": (OWN, "    train: plain\n", "    train: plain\n    sample: plain\n",
                  f"{OWN}: stage train: expected one verb of preflight, render, "),
    "which two": (OWN, "    train: plain\n", "    train: plain\n    sample: plain\n", "found train and sample"),
    "no verb": (OWN, "    train: plain\n", "", "stage train: expected one verb of preflight, render, "),
    "a paper's verb in the shared file": (SHARED, "prepare: ${item.set}", "measure: ${item.set}",
                                          f"{SHARED}: stage prepare: measure: belongs into a paper's graph.yaml"),
    "no seed": (OWN, "    seed: ${item.seed}\n", "", TRAIN + "seed: train needs one"),
    "a seed too many": (OWN, "    tabulate: table\n", "    tabulate: table\n    seed: 0\n",
        TABLE + "seed: tabulate takes none"),
    "a method too many": (OWN, "    train: plain\n", "    train: plain\n    method: plain\n",
        TRAIN + "method: train takes none"),
    "no method": (OWN, "    train: plain\n", "    discover: plain\n", TRAIN + "method: discover needs one"),
    "files of a folder": (OWN, OUT, OUT + "    files: [csv]\n", TRAIN + "files: train writes a folder; only tables"),
    "the usual files": (OWN, TABLE_OUT, TABLE_OUT + "    files: [csv, md, tex]\n",
        TABLE + "files: is what tabulate writes anyway"),
    "spare inputs of what follows none": (OWN, TABLE_OUT, TABLE_OUT + "    spare: [reported]\n",
        TABLE + "spare: tabulate is not left out with its inputs"),
    "some inputs of what follows none": (OWN, TABLE_OUT, TABLE_OUT + "    some: model\n",
        TABLE + "some: tabulate is not left out with its inputs"),
    "the matrix's own set": (OWN, LAYERS, LAYERS + "    set: ${item.set}\n",
        TRAIN + "set: is what the matrix says anyway"),
}  # fmt: skip
MEANING = {
    "a spare input that is none": (OWN, OUT, OUT + "    spare: [dta]\n",
        TRAIN + "spare: dta is no input; the closest is data"),
    "some inputs that are none": (OWN, OUT, OUT + "    some: model\n",
        TRAIN + "some: no input's name begins with model"),
    "an unknown axis": (OWN, "set: sets", "set: stes",
        TRAIN + "matrix.set: there is no axis stes; the closest is sets"),
    "an unknown axis of inputs": (OWN, "{name: names}", "{name: nemes}",
                                  TABLE + "in.model_${name}.each.name: there is no axis nemes; the closest is names"),
    "a mapping as a matrix": (OWN, "set: sets", "set: names",
        TRAIN + "matrix.set: names is a mapping, which only inputs"),
    "an axis that nothing uses": (OWN, "  seeds: [0, 1]\n", "  seeds: [0, 1]\n  more: [a]\n",
        f"{OWN}: axes: nothing uses more"),
    "a paper's axis over a shared one": (OWN, "  seeds: [0, 1]\n", "  seeds: [0, 1]\n  sets: [cub]\n",
                                         f"{OWN}: axes: sets is an axis of {SHARED} already"),
    "inputs that nothing uses": (OWN, "inputs:\n", "inputs:\n  more: {data: data/cub}\n",
        f"{OWN}: inputs: nothing uses more"),
    "unknown inputs": (OWN, "in: [models,", "in: [modles,",
        TABLE + "in: there is no group of inputs modles; the closest is models"),
    "an axis that out leaves out": (OWN, OUT, "    out: model/${item.set}\n",
        TRAIN + "out: does not hold ${item.seed}, so all"),
    "a name that does not change with its axis": (OWN, "model_${name}:", "model:",
                                                  TABLE + "in.model: does not hold ${name}, so names would repeat"),
    "an axis without a point": (OWN, "seeds: [0, 1]", "seeds: []",
        f"{OWN}: stage toy_train: matrix: an axis has no point"),
    "a point twice": (OWN, "seeds: [0, 1]", "seeds: [0, 0]",
        f"{OWN}: stage toy_train: matrix: an axis has no point, or one twice"),
    "a point that is no name": (OWN, "seeds: [0, 1]", "seeds: [0, a-b]",
                                f"stage toy_train in {OWN}: matrix.seed holds a-b"),
    "an input twice": (OWN, "{reported: reported.csv}]", "{model_first: reported.csv}]",
        TABLE + "in: model_first is given twice"),
    "an input that nothing makes": (OWN, "data: data/${item.set}", "data: date/${item.set}",
        f"stage toy_train@cub-0 in {OWN}: in: results/store/${{profile}}/date/cub is neither"),
    "a file that is not there": (OWN, "reported.csv", "reportd.csv",
        f"stage toy_table in {OWN}: in: stages/papers/toy/reportd.csv"),
    "an input that is no place": (OWN, "data: data/${item.set}", "data: cub",
        TRAIN + "in.data: expected noun/name, such as data/face"),
    "an output that is no place": (OWN, OUT, "    out: m${item.set}${item.seed}\n", TRAIN + "out: expected noun/name"),
    "a table elsewhere": (OWN, "tables/toy_table", "table/toy",
        TABLE + "out: expected tables/… or figures/…, found table/toy"),
    "no caption": (OWN, "tables/toy_table", "tables/toy_tabel",
                   TABLE + "out: expected its caption in stages/papers/toy/captions/tabel.rst"),
    "one name of two stages": (SHARED, "  prepare:\n", "  toy_train:\n",
        f"{OWN}: stage toy_train: two stages have this name, the other is {SHARED}: stage toy_train"),
    "the name of DVC's own stage": (SHARED, "  prepare:\n", "  graph:\n",
        f"{SHARED}: stage graph: two stages have this name"),
    "one place of two stages": (OWN, OUT, "    out: data/${item.set}_${item.seed}\n    costs: {mem_mb: 1}\n"
        "  again:\n    desc: again\n    tabulate: table\n    layers: [table]\n    in: [models]\n" + TABLE_OUT,
        f"results/tables/toy_table.csv is an output of toy_again in {OWN} and of toy_table in {OWN}"),
    "a circle": (SHARED, 'in: {card: "cards/${item.set}.yaml"}', 'in: {model: "model/toy/${item.set}_0"}',
                 "stages in a circle: "),
    "an unknown name": (OWN, "train: plain", "train: ${item.kind}", TRAIN + "train: ${item.kind} is nothing here"),
    "a name with a slip": (OWN, "seed: ${item.seed}", "seed: ${item.sed}",
                           TRAIN + "seed: ${item.sed} is nothing here; the closest is item.seed"),
    "a name in the description": (OWN, "desc: models", "desc: of ${set}", TRAIN + "desc: ${set} is nothing here"),
    "a name in a layer": (OWN, LAYERS, '    layers: ["${item.sort}"]\n',
        TRAIN + "layers: ${item.sort} is nothing here"),
    "a name in an input": (OWN, "data: data/${item.set}", "data: data/${set}",
        TRAIN + "in.data: ${set} is nothing here"),
    "the profile in an input": (OWN, "data: data/${item.set}", "data: data/${profile}",
                                TRAIN + "in.data: ${profile} is nothing here"),
    "costs of no verb": (OWN, "costs:\n  train", "costs:\n  trian",
        f"{OWN}: costs: trian is no verb; the closest is train"),
    "costs that the verb has anyway": (OWN, OUT, OUT + "    costs: {torch: 1}\n",
                                       f"{OWN}: stage train: costs: torch is 1 anyway; leave it out"),
    "nothing where there was nothing": (OWN, OUT, OUT + "    costs: {gpu: 0}\n",
        f"{OWN}: stage train: costs: gpu is 0 anyway"),
    "a paper's costs that are the shared ones": (OWN, "costs:\n", "costs:\n  prepare: {mem_mb: 10}\n",
                                                 f"{OWN}: costs: prepare: mem_mb is 10 anyway; leave it out"),
}  # fmt: skip
PARAMETERS = {
    "an unknown layer": (OWN, LAYERS, "    layers: [comon, train]\n",
                         TRAIN + "layers: the parameters have no layer toy.comon.base; the closest is common"),
    "an unknown layer between": (OWN, LAYERS, LAYERS + "    with: [common.variant.wild]\n",
        TRAIN + "layers: the parameters have no layer toy.common.variant.wild; the closest is wide"),
    "an unknown layer at the end": (OWN, LAYERS, LAYERS + '    last: ["common.form.${profile}"]\n',
                                    TRAIN + "layers: the parameters have no layer toy.common.form.smoke"),
    "a value that is no layer": (PARAMS, "cub: {base: {x: 1},", "cub: {base: 1,",
                                 f"{SHARED}: stage prepare: layers: the parameters have no layer cub.base"),
    "a layer twice": (OWN, LAYERS, LAYERS + "    last: [common.base]\n", TRAIN + "layers: toy.common.base comes twice"),
    "a layer that one profile lacks": (
        OWN_PARAMS, "lite: {}, ", "",
        TRAIN + "layers: the parameters have toy.train.profile.smoke and no toy.train.profile.lite; write {}"),
    "a layer that one point lacks": (
        OWN_PARAMS, "data: {cub: {}, car: {}}", "data: {cub: {}}",
        TRAIN + "layers: the parameters have toy.common.data.cub and no toy.common.data.car; write {} if it is empty"),
    "a profile that one point lacks": (
        PARAMS, "car: {base: {x: 2}, profile: {smoke: {}, demo: {}, lite: {}, paper: {}}}", "car: {base: {x: 2}}",
        f"{SHARED}: stage prepare: layers: the parameters have cub.profile.smoke and no car.profile.smoke"),
    "a layer of two homes": (SHARED, "sets: [cub, car]", "sets: [cub, toy]",
        f"{SHARED}: stage prepare: layers: ${{item.set}}.base would lie in {PARAMS} and in {OWN_PARAMS}"),
    "parameters that are none": (OWN_PARAMS, "toy:\n", "toy: [\n", f"{OWN_PARAMS} is not valid YAML"),
    "a key of another file": (PARAMS, "profile: demo\n", "profile: demo\ntoy: {}\n",
        f"params.yaml: toy may not stand here, its place is {OWN_PARAMS}"),
}  # fmt: skip


@pytest.mark.parametrize("case", SHAPE)
def test_what_an_entry_may_not_be(root, case):
    file, old, new, message = SHAPE[case]
    edited(root, file, old, new)
    assert message in refused(root)


@pytest.mark.parametrize("case", MEANING)
def test_what_entries_may_not_mean(root, case):
    file, old, new, message = MEANING[case]
    edited(root, file, old, new)
    said = refused(root)
    assert message in said and file in said


@pytest.mark.parametrize("case", PARAMETERS)
def test_layers_are_there_in_every_profile_and_at_every_point(root, case):
    file, old, new, message = PARAMETERS[case]
    edited(root, file, old, new)
    if case == "a layer of two homes":
        edited(root, OWN_PARAMS, "toy:\n", "toy:\n  base: {}\n")
        edited(
            root,
            OWN_PARAMS,
            "table: {base: {}}",
            "table: {base: {}}\n  profile: {smoke: {}, demo: {}, lite: {}, paper: {}}",
        )
    assert message in refused(root)


def test_a_point_of_a_final_stage_without_caption(root):
    """A caption is looked for at every point, and the place stays a template that both engines fill."""
    axes = "    matrix: {set: sets}\n    tabulate: table\n"
    edited(root, OWN, "    tabulate: table\n", axes)
    edited(root, OWN, TABLE_OUT, "    out: tables/${item.set}\n")
    (root / "stages/papers/toy/captions/cub.rst").write_text("")
    assert TABLE + "out: expected its caption in stages/papers/toy/captions/car.rst" in refused(root)
    (root / "stages/papers/toy/captions/car.rst").write_text("")
    assert written.groups(root)[-1].meta["caption"] == "stages/papers/toy/captions/${item.set}.rst"


def test_all_that_is_wrong_with_the_shape_is_said_at_once(root):
    edited(root, OWN, OUT, "    outs: model/x\n")
    edited(root, OWN, "costs: {mem_mb", "costs: {mem_md")
    lines = refused(root).splitlines()
    assert lines == sorted(lines) and len(lines) == 3
    assert all(line.startswith(f"{OWN}: stage ") for line in lines)


def test_a_choice_that_names_no_module(root):
    """Found with the code, which needs no module but the verbs to be imported."""
    made = written.groups(root)
    with pytest.raises(ValueError) as caught:
        written.code_text(root, made)
    assert str(caught.value).startswith(f"{SHARED}: stage prepare: prepare: expected a module stages.prepare, found no")
    edited(root, SHARED, "    prepare: ${item.set}\n", "    teach: ${item.set}\n")
    edited(root, SHARED, "costs:\n  prepare:", "costs:\n  teach:")
    with pytest.raises(ValueError, match=r"--what cub is nothing that can be taught; expected one of identity"):
        written.code_text(root, written.groups(root))
