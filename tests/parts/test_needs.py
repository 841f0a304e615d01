"""What the user must supply: the cards, the checks, and one message for all that is missing."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from stages.data import needed_set, needed_weights, needs
from stages.runner.params import load
from tests.parts.raw_fixtures import flat, jpeg

ROOT = Path(__file__).resolve().parents[2]
SETS = (
    "celebamask_hq",
    "ffhq",
    "lsun_bird",
    "lsun_car",
    "stanford_cars",
    "cub",
    "celeba_wild",
    "cub_masks",
    "flowers",
    "taichi",
    "cityscapes",
    "horse2zebra",
    "summer2winter",
    "ade20k",
    "deepfashion",
    "bird_boxes",
    "dog_boxes",
    "car_boxes",
    "city_scenes",
    "livingroom",
    "kitchen",
    "folder",
)
SHARED = {"city_scenes": "cityscapes"}  # which lies in the folder of another
OPTIONAL = ("ffhq", "livingroom", "kitchen")  # of which there is no small pack

KEYS = {
    *("name", "title", "source", "licence", "redistribution", "people", "used_by", "size", "layout"),
    *("expected", "checksums"),
}


def layers(name: str, supply: str, root: Path) -> dict:
    return {
        f"supply.{name}.base": {"supply": "drawn", "root": str(root)},
        f"supply.{name}.profile.x": {"supply": supply},
    }


def weights(path: Path, sha256: str, source: str = "file") -> dict:
    return {"teacher.face.base": {"source": source, "file": str(path), "sha256": sha256, "width": 3}}


def put(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def photos(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(jpeg(flat(8, 8)))
    return folder


@pytest.mark.parametrize("name", SETS)
def test_card_is_complete(name):
    card = yaml.safe_load(needs.card_of(name).read_text(encoding="utf-8"))
    assert set(card) == KEYS and card["name"] == name
    assert set(card["licence"]) == {"id", "terms"} and card["redistribution"] is False
    assert set(card["people"]) == {"shown", "note"} and isinstance(card["people"]["shown"], bool)
    assert all(len(value) == 64 and int(value, 16) >= 0 for value in card["checksums"].values())


def test_each_raw_set_has_a_card_and_two_keys():
    params = load(ROOT)["supply"]
    assert set(params) == {file.stem for file in needs.CARDS.glob("*.yaml")} == set(SETS)
    for name, entry in params.items():
        assert set(entry["base"]) == {"supply", "root"} and entry["base"]["root"] == f"data/{SHARED.get(name, name)}"
        optional = "none" if name in OPTIONAL else None
        assert {profile: values.get("supply") for profile, values in entry["profile"].items()} == {
            "smoke": "drawn", "demo": "drawn", "lite": optional, "paper": None
        }  # fmt: skip


def test_what_a_preflight_checks_is_in_layers_that_it_reads():
    """The detectors' preflight stands for all three sets."""
    detect = load(ROOT)["detect"]
    overridden = {key for layer in detect["data"].values() for key in layer}
    assert not {key for key in overridden if key == "source" or key.endswith(("file", "sha256"))}


def test_drawn_sets_and_taught_helpers_need_nothing(tmp_path):
    assert needs.missing(layers("cub", "drawn", tmp_path / "nowhere")) == []
    assert needs.missing(layers("ffhq", "none", tmp_path / "nowhere")) == []
    assert needs.missing(weights(tmp_path / "nowhere", "", source="taught")) == []
    needs.stop_if_missing([layers("cub", "drawn", tmp_path / "nowhere")], str)


def test_a_set_lacks_exactly_what_is_not_there(tmp_path):
    wanted = layers("cub", "user", tmp_path / "cub")
    (text,) = needs.missing(wanted)
    assert f"missing in {tmp_path / 'cub'}: the folder itself\n" in text and "images/<class>/<file>.jpg" in text
    photos(tmp_path / "cub", "images/1/a.jpg")
    (text,) = needs.missing(wanted)
    assert f"missing in {tmp_path / 'cub'}: no images.txt; the folder holds images/1/a.jpg\n" in text
    put(tmp_path / "cub", "images.txt")
    (text,) = needs.missing(wanted)
    assert f"missing in {tmp_path / 'cub'}: {tmp_path / 'cub/images.txt'}, line 1: expected a new id" in text
    lines = {"images": "1 1/a.jpg", "image_class_labels": "1 1", "train_test_split": "1 1"}
    for name, line in lines.items():
        (tmp_path / f"cub/{name}.txt").write_text(f"{line}\n")
    (text,) = needs.missing(wanted)
    assert f"missing in {tmp_path / 'cub'}: no classes.txt\n" in text
    (tmp_path / "cub/classes.txt").write_text("1 1\n")
    assert needs.missing(wanted) == []


@pytest.mark.parametrize("name", ["0/1/2/3/4/5/012345.webp", "a.webp", "a/b/c.png", "A.JPG"])
def test_lsun_may_come_as_a_tree(tmp_path, name):
    (text,) = needs.missing(layers("lsun_bird", "user", put(tmp_path, "README.txt")))
    assert "missing in" in text and "no image; the folder holds README.txt\n" in text
    assert needs.missing(layers("lsun_bird", "user", photos(tmp_path, name))) == []


def test_a_linked_folder_is_as_good_as_a_folder(tmp_path):
    photos(tmp_path / "real", "a.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert needs.missing(layers("lsun_car", "user", tmp_path / "link")) == []


def test_a_link_that_leads_too_deep_is_told_which_to_link(tmp_path):
    photos(tmp_path / "CUB_200_2011", "images/1/a.jpg")
    put(tmp_path / "CUB_200_2011", "images.txt")
    (tmp_path / "link").symlink_to(tmp_path / "CUB_200_2011/images/1")
    (text,) = needs.missing(layers("cub", "user", tmp_path / "link"))
    assert f"; {tmp_path / 'CUB_200_2011'} seems to hold it: link that folder instead" in text


def test_what_a_walk_refuses_a_preflight_refuses(tmp_path):
    photos(tmp_path / "set", "a.jpg")
    (tmp_path / "set/self").symlink_to("../set")
    (text,) = needs.missing(layers("lsun_car", "user", tmp_path / "set"))
    assert f"{tmp_path / 'set/self'}: expected a link to a folder of its own" in text


def test_probes_import_no_torch_and_few_modules():
    """Snakemake asks them before every run that reads a user's data."""
    names = [f"stages.data.probes.{name}" for name in SETS]
    program = "import sys; from importlib import import_module; from stages.data import needs, needed_set\n"
    program += f"for name in {names}: import_module(name)\n"
    program += "print(len(sys.modules), sorted({'torch', 'scipy', 'lmdb', 'pyarrow', 'pandas'} & set(sys.modules)))"
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120, cwd=ROOT)
    count, heavy = done.stdout.split(" ", 1)
    assert heavy.strip() == "[]" and int(count) < 600, done.stdout


def test_weights_must_be_the_named_file(tmp_path):
    path = put(tmp_path, "w.pt") / "w.pt"
    digest = hashlib.sha256(b"x").hexdigest()
    assert needs.missing(weights(path, digest)) == []
    wrong = digest[:-1] + ("0" if digest[-1] != "0" else "1")
    (text,) = needs.missing(weights(path, wrong))
    assert wrong in text and f"found: its sha256 is {digest}" in text
    for spelt in (digest.upper(), f" {digest}\n", f"\t{digest.upper()} "):
        assert needs.missing(weights(path, spelt)) == []
        wanted = needed_weights.Block.model_validate(next(iter(weights(path, spelt).values())))
        assert needed_weights.state(wanted) == {"files": {"file": {"file": str(path), "sha256": digest}}}
    assert "state no sha256" in needs.missing(weights(path, ""))[0]
    assert "there is no such file" in needs.missing(weights(tmp_path / "v.pt", digest))[0]
    unnamed = {"teacher.face.base": {"source": "file", "file": "", "sha256": ""}}
    assert "(no file named)" in needs.missing(unnamed)[0]


@pytest.mark.parametrize(
    ("values", "keys"),
    [
        ({"source": "taught", "file": "a", "sha256": "", "trunk_file": "b", "trunk_sha256": ""}, ["trunk_file"]),
        ({"source": "file", "file": "a", "sha256": "", "alexnet_file": "", "alexnet_sha256": ""}, ["file"]),
        ({"source": "torchvision", "detectron2_file": "a", "detectron2_sha256": ""}, []),
        ({"source": "detectron2", "detectron2_file": "a", "detectron2_sha256": ""}, ["detectron2_file"]),
        ({"vgg_file": "a", "vgg_sha256": "", "precomputed_file": "detections.jsonl"}, ["vgg_file"]),
    ],
)
def test_every_weights_file_in_use_is_asked_for(values, keys):
    texts = needs.missing({"group.thing.base": values})
    assert [text.split("key ")[1].split(" of its")[0] for text in texts] == keys


def test_everything_missing_is_told_at_once_with_exit_code_69(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        needs.stop_if_missing(
            [layers(name, "user", tmp_path / name) for name in SETS] + 2 * [weights(tmp_path / "arcface.pt", "")], str
        )
    assert stop.value.code == 69
    text = capsys.readouterr().err
    assert all(f"missing in {tmp_path / name}: the folder itself" in text for name in SETS)
    assert text.count("arcface.pt") == 1, "two stages that need one file are one problem"
    assert text.rstrip().endswith(needs.HINT)


def test_module_is_chosen_by_card():
    assert needs.module_of("cub") == needed_set.__name__
    assert needs.module_of("face") == needed_weights.__name__


@pytest.mark.parametrize("name", ["celebamask_hq", "stanford_cars", "cub"])
def test_the_real_photos_packs_pass(tmp_path, shared_data, name):
    with zipfile.ZipFile(shared_data / f"{name}.zip") as pack:
        pack.extractall(tmp_path)
    assert needs.missing(layers(name, "user", tmp_path)) == []
